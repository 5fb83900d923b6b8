/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The link-layer addresses in neighbour discovery: options 1 (source) and 2 (target). */
#ifndef GONA_ND_H
#define GONA_ND_H

#define GONA_ND_MAX_OPTIONS 12
#define GONA_ND_SOURCE 1
#define GONA_ND_TARGET 2

struct gona_nd_option {
	__u8 type;
	__u8 length; /* of 8 bytes */
	__u8 mac[ETH_ALEN];
} __attribute__((aligned(8)));

/* Where the options of an ND message begin, from the start of its ICMPv6 header. */
static __always_inline __u32 gona_nd_options_at(__u8 type)
{
	switch (type) {
	case GONA_ND_FIRST:
		return 8;
	case GONA_ND_FIRST + 1: /* router advertisement */
		return 16;
	case GONA_ND_LAST:
		return 40;
	}
	return 24;
}

/*
 * Looks at every link-layer address option. With `mac` alone: is each of them that MAC? With
 * `instead` too: where one is, it becomes `instead`, and the checksum follows. A packet that holds
 * more options than are looked at, or one of length 0, is refused: nothing may hide behind it.
 * Redirects name the MACs of others by right, so they are not checked.
 */
GONA_APART int gona_nd_options(struct __sk_buff *skb, struct gona_packet *packet, __u64 mac, __u64 instead)
{
	struct gona_nd_option option, changed;
	__be16 payload;
	__u32 at, end;
	__s64 sum;
	int i;

	if (!packet || bpf_skb_load_bytes(skb, packet->l3 + 4, &payload, sizeof(payload)))
		return GONA_V_DROP_MALFORMED;
	at = packet->l4 + gona_nd_options_at(packet->nd_type);
	end = packet->l3 + sizeof(struct ipv6hdr) + bpf_ntohs(payload);

	for (i = 0; i < GONA_ND_MAX_OPTIONS; i++) {
		if (at + sizeof(option) > end)
			return GONA_V_NONE;
		if (bpf_skb_load_bytes(skb, at, &option, sizeof(option)) || !option.length)
			return GONA_V_DROP_MALFORMED;
		if (option.type == GONA_ND_SOURCE || option.type == GONA_ND_TARGET) {
			bool own = gona_mac_load(option.mac) == mac;

			if (!instead && !own && packet->nd_type != GONA_ND_LAST)
				return GONA_V_DROP_SPOOFED_MAC;
			if (instead && own) {
				changed = option;
				gona_mac_store(changed.mac, instead);
				sum = bpf_csum_diff((__be32 *)&option, sizeof(option), (__be32 *)&changed,
						    sizeof(changed), 0);
				/* Offset 2 of every ICMPv6 message. Right also where the NIC sums. */
				if (sum < 0 || bpf_l4_csum_replace(skb, packet->l4 + 2, 0, sum, 0) ||
				    bpf_skb_store_bytes(skb, at, &changed, sizeof(changed), 0))
					return GONA_V_DROP_NO_MEMORY;
			}
		}
		at += option.length * 8;
	}
	return GONA_V_DROP_MALFORMED;
}

#endif
