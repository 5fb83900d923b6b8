/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a frame says about itself. A frame that is too short for its own headers is malformed;
 * anything else that is not understood is of kind OTHER and handled by its MACs alone.
 *
 * Headers are read in place. Where they are not in the skb's linear part they are pulled, or (what
 * is rare: options, extension headers, ND) copied to the stack.
 */
#ifndef GONA_PARSE_H
#define GONA_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#define GONA_VLAN_ID 0x0fff
#define GONA_MAX_EXTENSIONS 6 /* IPv6 extension headers; more than anyone honest sends */
#define GONA_IP_FRAGMENT 0x3fff /* more fragments, or an offset */
#define GONA_IP6_FRAGMENT 0xfff9 /* the same in IPv6's fragment header */
#define GONA_ESP 50
#define GONA_AH 51
#define GONA_ICMP6 58
#define GONA_UDPLITE 136
#define GONA_ICMP_ECHO_REPLY 0
#define GONA_ICMP_ECHO 8
#define GONA_ICMP6_ECHO 128
#define GONA_ICMP6_ECHO_REPLY 129
#define GONA_ARP_REQUEST 1
#define GONA_ARP_ETHERNET 1 /* hardware types; Linux takes both for Ethernet (net/ipv4/arp.c) */
#define GONA_ARP_IEEE802 6
#define GONA_ND_FIRST 133 /* router solicitation */
#define GONA_ND_SOLICIT 135 /* neighbour solicitation */
#define GONA_ND_ADVERT 136 /* neighbour advertisement */
#define GONA_ND_LAST 137 /* redirect */

/* <linux/icmp.h> and <linux/if_arp.h> draw in the C library's headers. */
struct gona_icmp {
	__u8 type;
	__u8 code;
	__be16 sum;
	__be16 echo_id;
	__be16 sequence;
};

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

static __always_inline bool gona_is_tag(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

static __always_inline bool gona_parse_ethernet(struct __sk_buff *skb, struct gona_packet *packet)
{
	__u16 outer = 0;
	struct ethhdr *eth;
	void *data, *end;

	if (!gona_linear(skb, sizeof(*eth)))
		return false;
	data = gona_data(skb);
	end = gona_end(skb);
	eth = data;
	if (data + sizeof(*eth) > end)
		return false;
	packet->destination = gona_mac_load(eth->h_dest);
	packet->source = gona_mac_load(eth->h_source);
	packet->ethertype = bpf_ntohs(eth->h_proto);
	packet->l3 = sizeof(*eth);

	/* The kernel moves an outer tag to the metadata before tc ingress; a test run leaves it be. */
	if (skb->vlan_present) {
		outer = bpf_ntohs(skb->vlan_proto);
		packet->tci = skb->vlan_tci;
	} else if (gona_is_tag(packet->ethertype)) {
		struct {
			__be16 tci;
			__be16 ethertype;
		} *tag;

		if (!gona_linear(skb, sizeof(*eth) + sizeof(*tag)))
			return false;
		data = gona_data(skb);
		end = gona_end(skb);
		tag = data + sizeof(*eth);
		if ((void *)(tag + 1) > end)
			return false;
		outer = packet->ethertype;
		packet->tci = bpf_ntohs(tag->tci);
		packet->ethertype = bpf_ntohs(tag->ethertype);
		packet->l3 += sizeof(*tag);
		packet->in_frame = true;
	}
	packet->tagged = outer != 0;
	packet->vlan = packet->tci & GONA_VLAN_ID;
	packet->foreign_tag = outer == ETH_P_8021AD || gona_is_tag(packet->ethertype);
	return true;
}

/* The bounds checker forgets the range of a spilled offset; the mask tells it again. */
static __always_inline void *gona_l3(struct __sk_buff *skb, const struct gona_packet *packet)
{
	return gona_data(skb) + (packet->l3 & 0x1f);
}

static __always_inline bool gona_has_ports(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case GONA_UDPLITE:
	case GONA_ESP: /* its SPI lies where the ports of others do */
		return true;
	}
	return false;
}

/* Echo requests and replies of one ping keep to one path; errors go by addresses alone. */
GONA_APART int gona_parse_icmp(struct __sk_buff *skb, struct gona_packet *packet)
{
	struct gona_icmp icmp;
	bool echo;

	if (!packet || bpf_skb_load_bytes(skb, packet->l4, &icmp, sizeof(icmp)))
		return false;
	if (packet->protocol == IPPROTO_ICMP) {
		echo = icmp.type == GONA_ICMP_ECHO || icmp.type == GONA_ICMP_ECHO_REPLY;
	} else {
		echo = icmp.type == GONA_ICMP6_ECHO || icmp.type == GONA_ICMP6_ECHO_REPLY;
		if (icmp.type >= GONA_ND_FIRST && icmp.type <= GONA_ND_LAST)
			packet->nd_type = icmp.type;
	}
	if (echo)
		packet->ports = bpf_ntohs(icmp.echo_id);
	if (packet->nd_type == GONA_ND_SOLICIT || packet->nd_type == GONA_ND_ADVERT)
		return !bpf_skb_load_bytes(skb, packet->l4 + sizeof(icmp), packet->nd_target,
					   sizeof(packet->nd_target));
	return true;
}

/* Layer 4 at packet->l4, wherever that is. */
static __always_inline bool gona_parse_l4_far(struct __sk_buff *skb, struct gona_packet *packet)
{
	__be32 ports;

	if (packet->fragment)
		return true;
	if (gona_has_ports(packet->protocol)) {
		if (bpf_skb_load_bytes(skb, packet->l4, &ports, sizeof(ports)))
			return false;
		packet->ports = bpf_ntohl(ports);
	} else if (packet->protocol == IPPROTO_ICMP || packet->protocol == GONA_ICMP6) {
		return gona_parse_icmp(skb, packet);
	}
	return true;
}

/* IPv4 with options; they are skipped. */
GONA_APART int gona_parse_ipv4_options(struct __sk_buff *skb, struct gona_packet *packet)
{
	return packet && packet->l4 <= skb->len && gona_parse_l4_far(skb, packet);
}

static __always_inline bool gona_parse_ipv4(struct __sk_buff *skb, struct gona_packet *packet)
{
	struct iphdr *ip;
	__u32 header;

	if (!gona_linear(skb, packet->l3 + sizeof(*ip)))
		return false;
	ip = gona_l3(skb, packet);
	if ((void *)(ip + 1) > gona_end(skb))
		return false;
	header = ip->ihl * 4;
	if (ip->version != 4 || header < sizeof(*ip))
		return false;
	packet->kind = GONA_IPV4;
	packet->protocol = ip->protocol;
	packet->from[3] = ip->saddr;
	packet->to[3] = ip->daddr;
	packet->fragment = ip->frag_off & bpf_htons(GONA_IP_FRAGMENT);
	packet->l4 = packet->l3 + header;
	if (header != sizeof(*ip))
		return gona_parse_ipv4_options(skb, packet);
	if (packet->fragment)
		return true;
	if (gona_has_ports(packet->protocol)) {
		__be32 *ports;

		if (!gona_linear(skb, packet->l4 + sizeof(*ports)))
			return false;
		ports = gona_l3(skb, packet) + sizeof(*ip);
		if ((void *)(ports + 1) > gona_end(skb))
			return false;
		packet->ports = bpf_ntohl(*ports);
		return true;
	}
	return packet->protocol != IPPROTO_ICMP || gona_parse_icmp(skb, packet);
}

/*
 * Walks the extension headers from packet->protocol at packet->l4. A fragment ends the walk: what
 * its header names is the same in all fragments, what follows is not. Nothing may hide ND behind
 * more headers than are looked at, so a longer chain is malformed.
 */
GONA_APART int gona_parse_extensions(struct __sk_buff *skb, struct gona_packet *packet)
{
	struct {
		__u8 next;
		__u8 length;
		__be16 offset;
		__be32 id;
	} header;
	__u32 at;
	__u8 next;
	int i;

	if (!packet)
		return false;
	at = packet->l4;
	next = packet->protocol;
	for (i = 0; i <= GONA_MAX_EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT && next != GONA_AH && next != IPPROTO_MH) {
			packet->protocol = next;
			packet->l4 = at;
			return gona_parse_l4_far(skb, packet);
		}
		if (bpf_skb_load_bytes(skb, at, &header, sizeof(header)))
			return false;
		if (next == IPPROTO_FRAGMENT) {
			at += sizeof(header);
			if (header.offset & bpf_htons(GONA_IP6_FRAGMENT)) {
				packet->fragment = true;
				packet->protocol = header.next;
				packet->l4 = at;
				return true;
			}
		} else if (next == GONA_AH) {
			at += (header.length + 2) * 4;
		} else {
			at += (header.length + 1) * 8;
		}
		next = header.next;
	}
	return false;
}

static __always_inline bool gona_parse_ipv6(struct __sk_buff *skb, struct gona_packet *packet)
{
	struct ipv6hdr *ip;
	__be32 *ports;

	if (!gona_linear(skb, packet->l3 + sizeof(*ip)))
		return false;
	ip = gona_l3(skb, packet);
	if ((void *)(ip + 1) > gona_end(skb) || ip->version != 6)
		return false;
	packet->kind = GONA_IPV6;
	packet->protocol = ip->nexthdr;
	__builtin_memcpy(packet->from, &ip->saddr, sizeof(packet->from));
	__builtin_memcpy(packet->to, &ip->daddr, sizeof(packet->to));
	packet->l4 = packet->l3 + sizeof(*ip);
	if (!gona_has_ports(packet->protocol))
		return gona_parse_extensions(skb, packet);
	if (!gona_linear(skb, packet->l4 + sizeof(*ports)))
		return false;
	ports = gona_l3(skb, packet) + sizeof(*ip);
	if ((void *)(ports + 1) > gona_end(skb))
		return false;
	packet->ports = bpf_ntohl(*ports);
	return true;
}

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

/* Everything that forwarding needs. False: malformed. */
static __always_inline bool gona_parse_network(struct __sk_buff *skb, struct gona_packet *packet)
{
	switch (packet->ethertype) {
	case ETH_P_IP:
		return gona_parse_ipv4(skb, packet);
	case ETH_P_IPV6:
		return gona_parse_ipv6(skb, packet);
	case ETH_P_ARP:
	case ETH_P_RARP:
		return gona_parse_arp(skb, packet);
	}
	return true;
}

/* The same where it is not the hot path. */
GONA_APART int gona_parse_network_apart(struct __sk_buff *skb, struct gona_packet *packet)
{
	return packet && gona_parse_network(skb, packet);
}

static __always_inline bool gona_parse(struct __sk_buff *skb, struct gona_packet *packet)
{
	return gona_parse_ethernet(skb, packet) && gona_parse_network(skb, packet);
}

#endif
