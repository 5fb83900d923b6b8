/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* By which slice a packet leaves, and by which NIC a vif hears what all NICs of a fabric hear. */
#ifndef GONA_SLICE_H
#define GONA_SLICE_H

#define GONA_NO_SLICE (-1)
#define GONA_REHASHES 8

struct gona_choice {
	struct gona_nic *nic;
	struct gona_slice *slice;
	__u32 first; /* slice number that the bucket names */
	__u32 number; /* slice number that was taken */
	bool failed; /* the first is dead */
};

static __always_inline __u32 gona_bucket(const struct gona_aggregate *aggregate, __u32 hash)
{
	return aggregate->buckets[hash & (GONA_BUCKETS - 1)] & (GONA_MAX_SLICES - 1);
}

/* Who the peer of an ARP or ND packet is; one's own address where the packet tells it to all. */
static __always_inline void gona_peer_of(__u32 peer[4], const struct gona_packet *packet)
{
	if (packet->kind == GONA_ARP) {
		peer[0] = 0;
		peer[1] = 0;
		peer[2] = 0xffff;
		peer[3] = bpf_ntohl(packet->to[3]);
	} else if (packet->nd_type == GONA_ND_SOLICIT ||
		   (packet->nd_type == GONA_ND_ADVERT && gona_mac_is_group(packet->destination))) {
		gona_address_numbers(peer, packet->nd_target);
	} else {
		gona_address_numbers(peer, packet->to);
	}
}

GONA_APART int gona_neighbour_hash(const struct gona_vif *vif, const struct gona_packet *packet)
{
	__u32 peer[4];

	if (!vif || !packet)
		return 0;
	gona_peer_of(peer, packet);
	return gona_hash_peer(gona_mac_number(gona_mac_load(vif->mac)), peer);
}

static __always_inline __u32 gona_flow_hash(const struct gona_vif *vif, const struct gona_packet *packet)
{
	__u32 from[4], to[4];

	if (packet->kind == GONA_ARP || packet->nd_type)
		return gona_neighbour_hash(vif, packet);
	if (packet->kind == GONA_IPV4)
		return gona_hash_ipv4(bpf_ntohl(packet->from[3]), bpf_ntohl(packet->to[3]), packet->ports,
				      packet->protocol);
	if (packet->kind == GONA_IPV6) {
		gona_address_numbers(from, packet->from);
		gona_address_numbers(to, packet->to);
		return gona_hash_ipv6(from, to, packet->ports, packet->protocol);
	}
	return gona_hash_macs(gona_mac_number(packet->source), gona_mac_number(packet->destination),
			      packet->ethertype);
}

static __always_inline struct gona_nic *gona_living_slice(const struct gona_aggregate *aggregate, __u32 number)
{
	const struct gona_slice *slice = &aggregate->slices[number & (GONA_MAX_SLICES - 1)];

	return slice->in_use ? gona_living_nic(slice->nic) : NULL;
}

static __always_inline bool gona_slice_lives(const struct gona_aggregate *aggregate, __u32 number)
{
	const struct gona_slice *slice = &aggregate->slices[number & (GONA_MAX_SLICES - 1)];

	return slice->in_use && gona_nic_lives(slice->nic);
}

/*
 * The slice of a packet whose first choice is dead: further hashes, so that the living share the
 * flows by their weights, then whichever lives. Last, one whose gate is shut but that has a
 * carrier: the second NIC may die while the first waits out its failback time, and the controller
 * hears of it up to a second late.
 */
GONA_APART int gona_next_slice(struct gona_aggregate *aggregate, __u32 hash)
{
	__u32 number;
	int i;

	if (!aggregate)
		return GONA_NO_SLICE;
	for (i = 1; i <= GONA_REHASHES; i++) {
		number = gona_bucket(aggregate, gona_hash_again(hash, i));
		if (gona_slice_lives(aggregate, number))
			return number;
	}
	for (i = 0; i < GONA_MAX_SLICES; i++) {
		number = (hash + i) & (GONA_MAX_SLICES - 1);
		if (gona_slice_lives(aggregate, number))
			return number;
	}
	for (i = 0; i < GONA_MAX_SLICES; i++) {
		number = (hash + i) & (GONA_MAX_SLICES - 1);
		if (aggregate->slices[number].in_use && gona_nic_carries(aggregate->slices[number].nic))
			return number;
	}
	return GONA_NO_SLICE;
}

/* False: no slice lives; choice->first is set all the same. */
static __always_inline bool gona_choose(struct gona_aggregate *aggregate, __u32 hash, struct gona_choice *choice)
{
	__u32 number = gona_bucket(aggregate, hash);
	int next;

	choice->first = number;
	choice->nic = gona_living_slice(aggregate, number);
	if (!choice->nic) {
		next = gona_next_slice(aggregate, hash);
		if (next < 0)
			return false;
		number = next & (GONA_MAX_SLICES - 1);
		choice->nic = gona_nic_at(aggregate->slices[number].nic);
		if (!choice->nic)
			return false;
		/* Its gate may be shut and yet no other be better. */
		choice->failed = number != choice->first;
	}
	choice->number = number;
	choice->slice = &aggregate->slices[number];
	return true;
}

/* From what was chosen to the slice of this number. False: its NIC is not there. */
static __always_inline bool gona_change_choice(struct gona_aggregate *aggregate, __u32 number,
					       struct gona_choice *choice)
{
	number &= GONA_MAX_SLICES - 1;
	choice->number = number;
	choice->slice = &aggregate->slices[number];
	choice->nic = gona_nic_at(choice->slice->nic);
	return choice->nic != NULL;
}

/* The slice of this number, whatever any hash says. False: its NIC is not there. */
static __always_inline bool gona_choose_slice(struct gona_aggregate *aggregate, __u32 number, struct gona_choice *choice)
{
	choice->first = number & (GONA_MAX_SLICES - 1);
	return gona_change_choice(aggregate, number, choice);
}

/*
 * The slice whose NIC hears broadcasts and the vif's own MAC for it: the first that lives; where
 * none does, the first, so that a drained NIC's last frames still come in exactly once.
 */
GONA_APART int gona_home_slice(const struct gona_aggregate *aggregate)
{
	int first = GONA_NO_SLICE;
	int i;

	if (!aggregate)
		return GONA_NO_SLICE;
	for (i = 0; i < GONA_MAX_SLICES; i++) {
		if (!aggregate->slices[i].in_use)
			continue;
		if (gona_nic_lives(aggregate->slices[i].nic))
			return i;
		if (first < 0)
			first = i;
	}
	return first;
}

#endif
