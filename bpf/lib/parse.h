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
