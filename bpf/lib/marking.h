/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a frame says of its own importance: DSCP and ECN in the IP header, the priority in the VLAN tag. */
#ifndef GONA_MARKING_H
#define GONA_MARKING_H

#define GONA_NO_IP (-1)
#define GONA_ECN_MASK 3
#define GONA_ECN_CE 3 /* congestion experienced; 0: not ECN-capable */
#define GONA_PCP_SHIFT 13

/* IPv4's type of service, IPv6's traffic class: DSCP << 2 | ECN. GONA_NO_IP: neither. */
static __always_inline int gona_tos(struct __sk_buff *skb, const struct gona_packet *packet)
{
	__u8 *ip;

	if (packet->kind != GONA_IPV4 && packet->kind != GONA_IPV6)
		return GONA_NO_IP;
	if (!gona_linear(skb, packet->l3 + sizeof(struct iphdr)))
		return GONA_NO_IP;
	ip = gona_l3(skb, packet);
	if ((void *)ip + sizeof(struct iphdr) > gona_end(skb))
		return GONA_NO_IP;
	return packet->kind == GONA_IPV4 ? ip[1] : (ip[0] << 4 & 0xf0) | ip[1] >> 4;
}

/* RFC 1624, equation 3. */
static __always_inline __u16 gona_checksum_changed(__u16 sum, __u16 old, __u16 new)
{
	__u32 wide = (__u16)~sum + (__u32)(__u16)~old + new;

	wide = (wide & 0xffff) + (wide >> 16);
	return ~((wide & 0xffff) + (wide >> 16));
}

/* Of a frame whose gona_tos() is known. False: the kernel could not. */
static __always_inline bool gona_set_tos(struct __sk_buff *skb, const struct gona_packet *packet, __u8 tos)
{
	struct iphdr *ip;
	gona_u16 *word;
	__u16 old;
	__u8 six[2];

	if (!gona_linear(skb, packet->l3 + sizeof(*ip)))
		return false;
	ip = gona_l3(skb, packet);
	if ((void *)(ip + 1) > gona_end(skb))
		return false;
	if (packet->kind == GONA_IPV4) {
		/* The sum of the header stays what it was, so a checksum that the NIC made of all stays right. */
		word = (gona_u16 *)ip;
		old = *word;
		ip->tos = tos;
		ip->check = gona_checksum_changed(ip->check, old, *word);
		return true;
	}
	six[0] = 0x60 | tos >> 4;
	six[1] = (__u8)(tos << 4) | (((__u8 *)ip)[1] & 0xf);
	return !bpf_skb_store_bytes(skb, packet->l3, six, sizeof(six), BPF_F_RECOMPUTE_CSUM);
}

/*
 * Writes the VLAN priority, into the tag if there is one; else it is the priority of the tag that
 * gona_set_tag() may still push. False: no memory. Pointers into the packet are void after.
 */
static __always_inline bool gona_set_pcp(struct __sk_buff *skb, struct gona_packet *packet, __u8 pcp)
{
	__u16 tci = (packet->tci & ~(7 << GONA_PCP_SHIFT)) | pcp << GONA_PCP_SHIFT;
	bool tagged = packet->tagged;

	if (tagged && tci == packet->tci)
		return true;
	packet->tci = tci;
	if (!tagged)
		return true;
	/* Also a tag of VLAN 0, which gona_change_tag() would leave away. */
	if (!gona_change_tag(skb, packet, 0) || bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), tci))
		return false;
	packet->tagged = true;
	return true;
}

#endif
