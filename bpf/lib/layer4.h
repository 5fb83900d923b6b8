/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ports, and what stands for them. */
#ifndef GONA_LAYER4_H
#define GONA_LAYER4_H

#define GONA_ESP 50
#define GONA_ICMP6 58
#define GONA_UDPLITE 136
#define GONA_ICMP_ECHO_REPLY 0
#define GONA_ICMP_ECHO 8
#define GONA_ICMP6_ECHO 128
#define GONA_ICMP6_ECHO_REPLY 129
#define GONA_ND_FIRST 133 /* router solicitation */
#define GONA_ND_SOLICIT 135 /* neighbour solicitation */
#define GONA_ND_ADVERT 136 /* neighbour advertisement */
#define GONA_ND_LAST 137 /* redirect */

/* <linux/icmp.h> draws in the C library's headers. */
struct gona_icmp {
	__u8 type;
	__u8 code;
	__be16 sum;
	__be16 echo_id;
	__be16 sequence;
};

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
		/* Protocol 58 over IPv4 means nothing. */
		if (packet->kind == GONA_IPV6 && icmp.type >= GONA_ND_FIRST && icmp.type <= GONA_ND_LAST)
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

#endif
