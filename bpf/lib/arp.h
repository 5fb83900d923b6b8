/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ARP, and RARP, whose layout is the same. */
#ifndef GONA_ARP_H
#define GONA_ARP_H

#define GONA_ARP_REQUEST 1
#define GONA_ARP_ETHERNET 1 /* hardware types; Linux takes both for Ethernet (net/ipv4/arp.c) */
#define GONA_ARP_IEEE802 6

/* <linux/if_arp.h> draws in the C library's headers. */
struct gona_arp {
	__be16 hardware;
	__be16 network;
	__u8 hardware_length;
	__u8 network_length;
	__be16 op;
	__u8 sender[ETH_ALEN];
	__u8 from[4];
	__u8 target[ETH_ALEN];
	__u8 to[4];
};

static __always_inline bool gona_parse_arp(struct __sk_buff *skb, struct gona_packet *packet)
{
	struct gona_arp *arp;

	if (!gona_linear(skb, packet->l3 + sizeof(*arp)))
		return false;
	arp = gona_l3(skb, packet);
	if ((void *)(arp + 1) > gona_end(skb))
		return false;
	if (arp->hardware != bpf_htons(GONA_ARP_ETHERNET) && arp->hardware != bpf_htons(GONA_ARP_IEEE802))
		return true;
	if (arp->network != bpf_htons(ETH_P_IP) || arp->hardware_length != ETH_ALEN || arp->network_length != 4)
		return true;
	packet->kind = GONA_ARP;
	packet->arp_op = bpf_ntohs(arp->op);
	packet->arp_sender = gona_mac_load(arp->sender);
	packet->arp_target = gona_mac_load(arp->target);
	packet->from[3] = *(gona_u32 *)arp->from;
	packet->to[3] = *(gona_u32 *)arp->to;
	return true;
}

#endif
