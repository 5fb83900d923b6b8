/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who answers to a MAC, who owns an address, who hears a broadcast. */
#ifndef GONA_STATION_H
#define GONA_STATION_H

static __always_inline struct gona_station *gona_station_of(__u32 fabric, __u16 vlan, __u64 mac)
{
	struct gona_station_key key = { .fabric = fabric, .vlan = vlan };

	gona_mac_store(key.mac, mac);
	return bpf_map_lookup_elem(&gona_stations, &key);
}

/* Slot of the vif that owns an address; NULL: none here. `kind`: of the packet the address is from. */
static __always_inline __u32 *gona_owner_of(__u32 fabric, __u16 vlan, __u8 kind, const __be32 address[4])
{
	struct gona_address_key key = { .fabric = fabric, .vlan = vlan };
	__be32 *words = (__be32 *)key.address;

	words[0] = address[0];
	words[1] = address[1];
	words[2] = kind == GONA_IPV6 ? address[2] : bpf_htonl(0xffff);
	words[3] = address[3];
	return bpf_map_lookup_elem(&gona_addresses, &key);
}

static __always_inline struct gona_segment *gona_segment_of(__u32 fabric, __u16 vlan)
{
	struct gona_segment_key key = { .fabric = fabric, .vlan = vlan };

	return bpf_map_lookup_elem(&gona_segments, &key);
}

/*
 * The owner of the address that a broadcast ARP request or multicast neighbour solicitation asks
 * for. Not for gratuitous ones, which tell rather than ask: everyone must hear them.
 */
static __always_inline __u32 *gona_asked_for(__u32 fabric, const struct gona_packet *packet)
{
	if (packet->kind == GONA_ARP && packet->ethertype == ETH_P_ARP && packet->arp_op == GONA_ARP_REQUEST &&
	    packet->from[3] != packet->to[3])
		return gona_owner_of(fabric, packet->vlan, GONA_ARP, packet->to);
	if (packet->nd_type == GONA_ND_SOLICIT)
		return gona_owner_of(fabric, packet->vlan, GONA_IPV6, packet->nd_target);
	return NULL;
}

#endif
