/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv4 with options, IPv6 with extension headers, fragments of both. */
#ifndef GONA_IP_H
#define GONA_IP_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#define GONA_MAX_EXTENSIONS 6 /* IPv6 extension headers; more than anyone honest sends */
#define GONA_IP_FRAGMENT 0x3fff /* more fragments, or an offset */
#define GONA_IP6_FRAGMENT 0xfff9 /* the same in IPv6's fragment header */
#define GONA_AH 51

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

#endif
