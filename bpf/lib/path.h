/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * By which slice a flow of a balanced vif leaves. Its bucket says where it is to be; it is remembered where it
 * is, and when its last packet will be out at the latest, by the virtual queue of its slice. It may go elsewhere
 * when it cannot overtake itself there: FLOWLET, when its next packet would be out GONA_GAP_NS after the last one;
 * STRIPE, for each packet, GONA_STRIPE_NS before it at most, which is its bound on reordering.
 *
 * Two ends are known of a virtual queue (latency.h): the limit's, which a slice that was idle may be ahead of, and
 * the pacer's. A packet is out by the later of them, and not before the earlier.
 */
#ifndef GONA_PATH_H
#define GONA_PATH_H

#define GONA_GAP_NS 200000ULL /* none in DATAPATH's measurements: retransmissions; so much: none */
#define GONA_STRIPE_NS 1000000ULL
#define GONA_CLEARLY_NS 500000ULL /* a slice whose queue is shorter by less is not worth a move */
#define GONA_NO_WORSE_NS 250000ULL /* a queue that is longer by less keeps no flow from its bucket's slice */
#define GONA_HELD_NS 1000000000ULL /* a place is another's so long after its last packet is out */
/* What a leaf holds (planner, htb-shape.ts leafFor()); beyond that it drops, and the real queue grows no more. */
#define GONA_LEAF_NS 25000000ULL
#define GONA_LEAF_BYTES 150000ULL
/* Parts have leaves each, and their turns: what has come since may go first. */
#define GONA_PART_LEAVES 4
#define GONA_PART_TURNS 2

/* A packet on its way through a balanced vif. Times as of struct gona_path. */
struct gona_way {
	__u64 now; /* 0: the vif is not balanced */
	__u64 departs; /* when the flow's last packet is out */
	__u32 slot; /* of the vif */
	__u32 hash;
	__u32 home; /* the bucket's slice, or what stands for it while that is dead */
	__u32 present; /* slice of the flow's last packet; GONA_MAX_SLICES: none, or dead */
	__u32 number; /* of the slice that the packet leaves by */
	__u32 bytes;
	bool known; /* the flow has a place in gona_paths */
	bool queued; /* the packet stands in its slice's virtual queue already */
	bool stripe;
	bool parts;
};

static __always_inline bool gona_is_balanced(const struct gona_vif *vif, const struct gona_packet *packet)
{
	/* ARP and ND tell peers a slice's MAC: by their bucket, always. */
	return (vif->flags & (GONA_VIF_FLOWLET | GONA_VIF_STRIPE)) && packet->kind != GONA_ARP && !packet->nd_type;
}

static __always_inline struct gona_slice_clock *gona_tx_clock(__u32 slot, __u32 number)
{
	__u32 index = (slot * GONA_MAX_SLICES + number) * GONA_DIRECTIONS + GONA_TX;

	return bpf_map_lookup_elem(&gona_slice_clocks, &index);
}

/* At which a slice's queue drains, bytes/s. 0: not known. */
static __always_inline __u64 gona_drain_rate(const struct gona_slice *slice, __u32 slot, __u32 number)
{
	__u32 index = slot * GONA_MAX_SLICES + number;
	struct gona_drain *drain = bpf_map_lookup_elem(&gona_drains, &index);

	return drain && drain->tx_bytes_per_s ? drain->tx_bytes_per_s : slice->tx_bytes_per_s;
}

/* How long until all that waits is out, in ns. */
static __always_inline __u64 gona_queued(const struct gona_slice_clock *clock, __u64 now)
{
	__u64 limit = gona_left(clock->finish_ns[0], now);
	__u64 pacer = gona_left(clock->finish_ns[GONA_PACER], now);

	return limit > pacer ? limit : pacer;
}

/* Never 0, which means that a place is free. */
static __always_inline __u32 gona_path_check(__u32 hash, __u32 slot)
{
	__u32 check = hash ^ (slot + 1) * GONA_HASH_FRACTION;

	return check ? check : 1;
}

static __always_inline struct gona_path *gona_path_at(__u32 check)
{
	__u32 index = check & (GONA_PATHS - 1);

	return bpf_map_lookup_elem(&gona_paths, &index);
}

/* The slice that a flow is on, as far as is known; else its bucket's. */
static __always_inline __u32 gona_known_slice(__u32 hash, __u32 slot, __u32 bucket)
{
	__u32 check = gona_path_check(hash, slot);
	struct gona_path *path = gona_path_at(check);

	return (path && path->check == check ? path->slice : bucket) & (GONA_MAX_SLICES - 1);
}

/*
 * Whether a packet may go by a slice whose queue is that of `clock`: not so that it can be out before the flow's last
 * one. A slice that has saved up part of its limit may have no pacer; and in a slice of parts this packet's may be
 * empty. `out`: how long until it is out, as far as is known.
 */
static __always_inline bool gona_may_go(const struct gona_way *way, const struct gona_slice_clock *clock, __u64 out)
{
	if (way->stripe)
		return way->now + out + GONA_STRIPE_NS >= way->departs;
	if (way->parts)
		return way->now >= way->departs + GONA_GAP_NS;
	return way->now + gona_left(clock->finish_ns[0], way->now) >= way->departs + GONA_GAP_NS;
}

/*
 * The slice for a packet where its bucket's is not simply right: of those that it may take, its bucket's, unless
 * another lets it out clearly sooner; for STRIPE the one that lets it out first.
 */
GONA_APART int gona_pick_slice(struct gona_aggregate *aggregate, const struct gona_way *way)
{
	__u64 best_out = ~0ULL, home_out = ~0ULL, present_out = ~0ULL;
	__u32 best, number;

	if (!aggregate || !way)
		return 0;
	best = way->home;
	for (number = 0; number < GONA_MAX_SLICES; number++) {
		struct gona_slice *slice = &aggregate->slices[number];
		struct gona_slice_clock *clock;
		__u64 out, rate;

		if (!gona_slice_lives(aggregate, number))
			continue;
		clock = gona_tx_clock(way->slot, number);
		if (!clock)
			continue;
		out = gona_queued(clock, way->now);
		if (way->stripe) {
			rate = gona_drain_rate(slice, way->slot, number);
			if (rate)
				out += way->bytes * GONA_NSEC_PER_SEC / rate;
		}
		if (number != way->present && way->present < GONA_MAX_SLICES && !gona_may_go(way, clock, out))
			continue;
		if (number == way->home)
			home_out = out;
		if (number == way->present)
			present_out = out;
		if (out < best_out || (out == best_out && number == way->home)) {
			best_out = out;
			best = number;
		}
	}
	if (way->stripe || best_out == ~0ULL)
		return best;
	if (way->present >= GONA_MAX_SLICES || way->present == way->home)
		return home_out == ~0ULL || best_out + GONA_CLEARLY_NS < home_out ? best : way->home;
	if (home_out != ~0ULL && home_out <= present_out + GONA_NO_WORSE_NS)
		return way->home;
	return best_out + GONA_CLEARLY_NS < present_out ? best : way->present;
}

static __always_inline void gona_settle_path(struct gona_path *path, __u32 check, __u32 number, __u64 now)
{
	if (path->check != check) {
		path->check = check;
		path->departs_ns = 0;
		path->since_ns = now;
		path->moves = 0;
		path->slice = number;
		path->before = number;
	} else if (path->slice != number) {
		path->since_ns = now;
		if (path->moves != 0xffff)
			path->moves++;
		path->before = path->slice;
		path->slice = number;
	}
}

/*
 * The slice that a packet's flow is on or may go to, which is remembered. Of `way` it takes slot, hash, home and
 * bytes, and sets the rest. A flow whose place another one has keeps to its bucket's slice.
 */
GONA_APART int gona_take_path(const struct gona_vif *vif, struct gona_aggregate *aggregate,
			      const struct gona_packet *packet, struct gona_way *way)
{
	struct gona_slice_clock *clock;
	struct gona_path *path;
	__u32 check;
	bool known;

	if (!vif || !aggregate || !packet || !way)
		return 0;
	check = gona_path_check(way->hash, way->slot);
	path = gona_path_at(check);
	way->now = bpf_ktime_get_ns();
	way->number = way->home;
	if (!path)
		return way->number;
	known = path->check == check;
	if (!known && path->check && way->now < path->departs_ns + GONA_HELD_NS)
		return way->number;
	way->known = true;
	/* Fragments of a datagram that did not keep their order would take room to put together. */
	way->stripe = (vif->flags & GONA_VIF_STRIPE) && !packet->fragment;
	clock = gona_tx_clock(way->slot, way->home);
	if (way->stripe || (known && path->slice != way->home) ||
	    (clock && gona_queued(clock, way->now) > GONA_CLEARLY_NS)) {
		way->departs = path->departs_ns;
		way->parts = vif->flags & GONA_VIF_PARTS;
		way->present = GONA_MAX_SLICES;
		if (known && gona_slice_lives(aggregate, path->slice))
			way->present = path->slice & (GONA_MAX_SLICES - 1);
		way->number = gona_pick_slice(aggregate, way) & (GONA_MAX_SLICES - 1);
	}
	gona_settle_path(path, check, way->number, way->now);
	return way->number;
}

/* Puts a packet into the virtual queue of its slice, as far as the real one has room. */
static __always_inline void gona_queue_up(const struct gona_vif *vif, struct gona_slice_clock *clock,
					  const struct gona_slice *slice, const struct gona_way *way)
{
	__u64 rate = gona_drain_rate(slice, way->slot, way->number);
	__u64 left = gona_left(clock->finish_ns[0], way->now), room;

	if (!rate)
		return;
	if (left > GONA_LEAF_NS) {
		room = slice->tx_bytes_per_s * (GONA_LEAF_NS / 1000) / 1000000;
		room = (room > GONA_LEAF_BYTES ? room : GONA_LEAF_BYTES) * GONA_NSEC_PER_SEC / rate;
		if (vif->flags & GONA_VIF_PARTS)
			room *= GONA_PART_LEAVES;
		if (left > room)
			return;
	}
	gona_clock_take(clock, GONA_PART_REST, way->now, way->bytes, rate);
}

/*
 * A packet leaves by way->number: it stands in the slice's virtual queue, its flow may not be elsewhere before it
 * is out, and its bucket has sent more.
 */
GONA_APART int gona_leave_by(const struct gona_vif *vif, struct gona_aggregate *aggregate, const struct gona_way *way)
{
	struct gona_slice_clock *clock;
	struct gona_bucket_bytes *sent;
	struct gona_path *path = NULL;
	__u32 number, slot;
	__u64 left;

	if (!vif || !aggregate || !way)
		return 0;
	slot = way->slot;
	number = way->number & (GONA_MAX_SLICES - 1);
	clock = gona_tx_clock(slot, number);
	if (clock) {
		if (!way->queued)
			gona_queue_up(vif, clock, &aggregate->slices[number], way);
		left = gona_queued(clock, way->now);
		if (vif->flags & GONA_VIF_PARTS)
			left *= GONA_PART_TURNS;
		if (way->known)
			path = gona_path_at(gona_path_check(way->hash, slot));
		if (path && path->departs_ns < way->now + left)
			path->departs_ns = way->now + left;
	}
	gona_note_seen(slot, GONA_TX, way->now);
	if (!(vif->flags & GONA_VIF_FLOWLET))
		return 0;
	sent = bpf_map_lookup_elem(&gona_bucket_bytes, &slot);
	if (sent)
		__sync_fetch_and_add(&sent->bytes[way->hash & (GONA_BUCKETS - 1)], way->bytes);
	return 0;
}

/* A packet that comes out of the cap stood in the virtual queue of slice `number`, and leaves by another. */
GONA_APART int gona_leave_queue(struct gona_aggregate *aggregate, __u32 slot, __u32 number, __u32 bytes)
{
	struct gona_slice_clock *clock;
	__u64 rate;

	if (!aggregate || number >= GONA_MAX_SLICES)
		return 0;
	rate = gona_drain_rate(&aggregate->slices[number], slot, number);
	clock = gona_tx_clock(slot, number);
	if (clock && rate)
		gona_clock_return(clock, bytes, rate);
	return 0;
}

#endif
