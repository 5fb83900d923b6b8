/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The Ethernet header and the VLAN tag. */
#ifndef GONA_ETHERNET_H
#define GONA_ETHERNET_H

#define GONA_VLAN_ID 0x0fff
#define GONA_VLAN_TAG 4 /* bytes */

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

#endif
