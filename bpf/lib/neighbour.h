/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is there to be asked. The probe of a NIC's path asks machines on the wire for their own addresses;
 * their ARP and neighbour discovery tells which these are. Rare packets: no cost on the way of others.
 */
#ifndef GONA_NEIGHBOUR_H
#define GONA_NEIGHBOUR_H

#define GONA_ND_SOLICITATION 135

/* `packet`: from the wire, parsed. */
GONA_APART int gona_note_neighbour(__u32 fabric, const struct gona_packet *packet)
{
	struct gona_neighbour *neighbour;
	__u32 index;

	if (!packet)
		return 0;
	if (packet->kind == GONA_ARP ? packet->ethertype != ETH_P_ARP : packet->nd_type != GONA_ND_SOLICITATION)
		return 0;
	/* Nobody's address: a machine that looks whether one is free. */
	if (!(packet->from[0] | packet->from[1] | packet->from[2] | packet->from[3]))
		return 0;
	index = gona_hash_3(packet->from[3], packet->from[2] ^ packet->vlan, packet->source, fabric) &
		(GONA_NEIGHBOURS - 1);
	neighbour = bpf_map_lookup_elem(&gona_neighbours, &index);
	if (!neighbour)
		return 0;
	neighbour->seen_ns = bpf_ktime_get_ns();
	neighbour->fabric = fabric;
	neighbour->vlan = packet->vlan;
	gona_mac_store(neighbour->mac, packet->source);
	__builtin_memcpy(neighbour->address, packet->from, sizeof(neighbour->address));
	if (packet->kind == GONA_ARP)
		*(gona_u32 *)&neighbour->address[8] = bpf_htonl(0xffff);
	return 0;
}

#endif
