/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sends to a vif, and which slice's MAC it is to learn. The controller spreads what comes in over
 * the slices by telling heavy peers another slice's MAC; ARP and ND answers must then agree.
 */
#ifndef GONA_PEER_H
#define GONA_PEER_H

#define GONA_PEER_AGED_NS 10000000000ULL
/* Of so many packets of a peer without a place one takes another's: who sends most keeps it longest. */
#define GONA_PEER_CHANCES 64
#define GONA_PEER_FRACTION 0x9e3779b97f4a7c15ULL /* 2^64 over the golden ratio */
#define GONA_PEER_OWN_MAC 0xff /* gona_peer.slice */

/* Compared in two words: gona_peer.vif to the last byte of .mac. */
struct gona_peer_name {
	__u64 head; /* vif, VLAN, two bytes of the MAC */
	__u32 tail;
};

typedef __u64 __attribute__((may_alias)) gona_u64;

static __always_inline bool gona_peer_is(const struct gona_peer *peer, const struct gona_peer_name *name)
{
	_Static_assert(offsetof(struct gona_peer, vif) == 16, "a word of 8 bytes begins there");
	return *(const gona_u64 *)&peer->vif == name->head && *(const gona_u32 *)&peer->mac[2] == name->tail;
}

/* The better of two places for a peer that has none; NULL: both are taken, and this packet had no luck. */
GONA_APART int gona_peer_place(struct gona_peer *first, struct gona_peer *second, __u64 now)
{
	struct gona_peer *older;

	if (!first || !second)
		return -1;
	older = second->seen_ns < first->seen_ns ? second : first;
	if (older->vif && now - older->seen_ns < GONA_PEER_AGED_NS && bpf_get_prandom_u32() % GONA_PEER_CHANCES)
		return -1;
	return older == second;
}

/* The first of a peer's two places. MACs differ most in their last bytes; the product's high bits have all of them. */
static __always_inline __u32 gona_peer_index(const struct gona_peer_name *name)
{
	__u64 product = (name->head ^ (__u64)name->tail << 24) * GONA_PEER_FRACTION;

	_Static_assert(GONA_PEERS == 1 << 14, "the shift below");
	return product >> 50 & ~1U;
}

/* `vlan` as on the wire; `slice`: whose MAC the peer sent to, or GONA_OWN_MAC. */
static __always_inline void gona_count_peer(__u32 slot, __u16 vlan, __u64 mac, __u16 slice, __u32 bytes)
{
	struct gona_peer_name name = {
		.head = (slot + 1) | (__u64)vlan << 32 | mac << 48,
		.tail = mac >> 16,
	};
	__u32 index = gona_peer_index(&name);
	__u32 next = index | 1;
	struct gona_peer *peer = bpf_map_lookup_elem(&gona_peers, &index), *other;
	__u64 now = bpf_ktime_get_coarse_ns();
	int place;

	gona_note_seen(slot, GONA_RX, now);
	if (!peer)
		return;
	if (!gona_peer_is(peer, &name)) {
		other = bpf_map_lookup_elem(&gona_peers, &next);
		if (!other)
			return;
		if (gona_peer_is(other, &name)) {
			peer = other;
		} else {
			place = gona_peer_place(peer, other, now);
			if (place < 0)
				return;
			if (place)
				peer = other;
			*(gona_u64 *)&peer->vif = name.head;
			*(gona_u32 *)&peer->mac[2] = name.tail;
			peer->rx_bytes = 0;
		}
	}
	/* The coarse clock stands for 1 to 10 ms: most packets write nothing here. */
	if (peer->seen_ns != now)
		peer->seen_ns = now;
	peer->slice = slice == GONA_OWN_MAC ? GONA_PEER_OWN_MAC : slice;
	/* No atomic addition, which costs more than all else here: what two CPUs lose when they meet is little. */
	peer->rx_bytes += bytes;
}

/* By which slice an ARP or ND packet to one peer leaves by the controller's word; GONA_NO_SLICE: by its hash. */
GONA_APART int gona_steered_slice(const struct gona_aggregate *aggregate, __u32 slot, const struct gona_packet *packet)
{
	struct gona_steer_key key = { .vif = slot };
	__u32 *number;

	if (!aggregate || !packet)
		return GONA_NO_SLICE;
	key.vlan = packet->vlan;
	gona_mac_store(key.mac, packet->destination);
	number = bpf_map_lookup_elem(&gona_steers, &key);
	if (!number || *number >= GONA_MAX_SLICES || !gona_slice_lives(aggregate, *number))
		return GONA_NO_SLICE;
	return *number & (GONA_MAX_SLICES - 1);
}

#endif
