/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of a frame, and how its bytes are reached. */
#ifndef GONA_PACKET_H
#define GONA_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>

enum gona_kind {
	GONA_OTHER,
	GONA_IPV4,
	GONA_IPV6,
	GONA_ARP, /* and RARP, whose layout is the same */
};

struct gona_packet {
	__u64 source; /* MACs as of mac.h */
	__u64 destination;
	__u64 arp_sender; /* MAC inside the ARP packet */
	__u64 arp_target;
	__be32 from[4]; /* IP addresses, ARP's sender and target; IPv4 in [3] alone */
	__be32 to[4];
	__be32 nd_target[4]; /* of neighbour solicitations and advertisements */
	__u32 ports; /* source << 16 | destination; ESP's SPI, ICMP's echo id; 0 in every fragment */
	__u32 l3; /* offsets from the start of the frame */
	__u32 l4;
	__u16 ethertype; /* behind the outer tag, host order */
	__u16 arp_op;
	__u16 vlan; /* segment that the frame belongs to; from the tag at first, then by gona_admit() */
	__u16 tci; /* of the outer tag, host order */
	__u8 kind; /* enum gona_kind */
	__u8 protocol; /* of layer 4; what a fragment header names, in an IPv6 fragment */
	__u8 nd_type; /* ICMPv6 type 133..137; 0: not ND */
	bool tagged; /* an 802.1Q tag, in the skb's metadata or in the frame */
	bool in_frame; /* that tag is in the frame */
	bool foreign_tag; /* 802.1ad, or a second tag */
	bool fragment;
};

/*
 * Where the linear part begins and ends. Written out, because clang takes the two context fields
 * for numbers, cuts them to 32 bits and so loses what the verifier knows of them.
 */
static __always_inline void *gona_data(struct __sk_buff *skb)
{
	void *data;

	asm volatile("%[data] = *(u32 *)(%[skb] + %[at])"
		     : [data] "=r"(data)
		     : [skb] "r"(skb), [at] "i"(offsetof(struct __sk_buff, data)));
	return data;
}

static __always_inline void *gona_end(struct __sk_buff *skb)
{
	void *end;

	asm volatile("%[end] = *(u32 *)(%[skb] + %[at])"
		     : [end] "=r"(end)
		     : [skb] "r"(skb), [at] "i"(offsetof(struct __sk_buff, data_end)));
	return end;
}

/* Makes the first `length` bytes readable in place. Pointers into the packet are void afterwards. */
static __always_inline bool gona_linear(struct __sk_buff *skb, __u32 length)
{
	if (gona_data(skb) + length <= gona_end(skb))
		return true;
	return length <= skb->len && !bpf_skb_pull_data(skb, length);
}

/* The bounds checker forgets the range of a spilled offset; the mask tells it again. */
static __always_inline void *gona_l3(struct __sk_buff *skb, const struct gona_packet *packet)
{
	return gona_data(skb) + (packet->l3 & 0x1f);
}

#endif
