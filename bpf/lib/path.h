/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * By which slice a flow of a balanced vif leaves. Its bucket says where it is to be; it is remembered where it
 * is, and when its last packet will be out at the latest, by the virtual queue of its slice. It may go elsewhere
 * when it cannot overtake itself there: FLOWLET, when the last one has been out for GONA_GAP_NS; STRIPE, for each
 * packet, when it would be out GONA_STRIPE_NS before the last one at most: its bound on reordering, as reckoned.
 *
 * A virtual queue is the real one's upper bound (latency.h): it drains slower, and does not see what the leaf drops. So
 * it tells when a packet is out at the latest. When one is out at the earliest it does not tell: that of two full queues
 * one is longer was off by 10 ms and more, and flows that went to the longer one overtook themselves
 * (15,000 packets of a million beside TCP at 2 x 60 Mbit/s). So for FLOWLET only the time since then counts.
 *
 * A flow that never pauses for as long as a full slice's queue could never leave it, and the slice would stay full of
 * such flows while another is idle. So one whose bucket was moved and that has waited in vain is made to pause: what it
 * sends is dropped until its last packet is out, for 25 ms at most (the leaf's length), once.
 */
#ifndef GONA_PATH_H
#define GONA_PATH_H

/*
 * The queue is reckoned with timers that are never late. Of a million packets so many were overtaken at moves (96 flows
 * in bursts beside TCP, 100 + 300 Mbit/s): 0.2 ms 1,400, 2 ms 47, 5 ms none.
 */
#define GONA_GAP_NS 5000000ULL
#define GONA_STRIPE_NS 1000000ULL
#define GONA_CLEARLY_NS 500000ULL /* a slice whose queue is shorter by less is not worth a move */
#define GONA_NO_WORSE_NS 250000ULL /* a queue that is longer by less keeps no flow from its bucket's slice */
#define GONA_HELD_NS 1000000000ULL /* a place is another's so long after its last packet is out */
#define GONA_IN_VAIN_MS 100 /* of 2^20 ns: a flow that pauses at all has done so */
#define GONA_FULL_NS 1000000ULL /* a queue this long is not waited for but filled */
#define GONA_BURST_BYTES 65536ULL /* a GSO packet */
/* What a leaf holds (planner, htb-shape.ts leafFor()); beyond that it drops, and the real queue grows no more. */
#define GONA_LEAF_NS 25000000ULL
#define GONA_LEAF_BYTES 150000ULL
/* Parts have leaves each, and their turns: what has come since may go first. */
#define GONA_PART_LEAVES 4
#define GONA_PART_TURNS 2

/* What a flow sent is added to its bucket so often, as that costs more than all the rest. */
#define GONA_COUNT_BYTES 4096

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
 * A packet for the functions that the verifier checks apart, which take five arguments and share 512 bytes of stack:
 * slot of the vif, slice number and flags in one, hash and length in another.
 */
#define GONA_WAY_SLOT 0xffff
#define GONA_WAY_NUMBER_SHIFT 16
#define GONA_WAY_STRIPE 0x100000
#define GONA_WAY_FRAGMENT 0x400000
#define GONA_WAY_QUEUED 0x800000 /* it stands in its slice's virtual queue already */
#define GONA_WAY_PLACE 0x1000000 /* its flow has a place in gona_paths */
#define GONA_WAY_PAUSE 0x2000000 /* it is to be dropped, so that its flow can move */

/* Longer than any queue; what is added to it here does not wrap. */
#define GONA_NEVER (1ULL << 62)

static __always_inline __u32 gona_way(__u32 slot, __u32 number, __u32 flags)
{
	return (slot & GONA_WAY_SLOT) | number << GONA_WAY_NUMBER_SHIFT | flags;
}

static __always_inline __u32 gona_way_number(__u32 way)
{
	return way >> GONA_WAY_NUMBER_SHIFT & (GONA_MAX_SLICES - 1);
}

/* Whether a packet may go by another slice. `out`: how long until it would be out there, as far as is known. */
static __always_inline bool gona_may_go(const struct gona_path *path, __u32 way, __u64 now, __u64 out)
{
	if (way & GONA_WAY_STRIPE)
		return now + out + GONA_STRIPE_NS >= path->departs_ns;
	return now >= path->departs_ns + GONA_GAP_NS;
}

/*
 * How long until a packet would be out by slice `number`; GONA_NEVER: it may not go there.
 * Apart from its caller, or the verifier would follow every way through eight slices.
 */
GONA_APART __u64 gona_time_by(struct gona_aggregate *aggregate, const struct gona_path *path, __u64 way_and_number,
			      __u64 now, __u32 bytes)
{
	__u32 way = way_and_number, number = way_and_number >> 32 & (GONA_MAX_SLICES - 1), slot = way & GONA_WAY_SLOT;
	struct gona_slice_clock *clock;
	__u64 out, rate;

	if (!aggregate || !path || !gona_slice_lives(aggregate, number))
		return GONA_NEVER;
	clock = gona_tx_clock(slot, number);
	if (!clock)
		return GONA_NEVER;
	out = gona_queued(clock, now);
	rate = gona_drain_rate(&aggregate->slices[number], slot, number);
	if (rate)
		out += bytes * GONA_NSEC_PER_SEC / rate;
	if (number != path->slice && !gona_may_go(path, way, now, out) &&
	    gona_slice_lives(aggregate, path->slice))
		return GONA_NEVER;
	return out;
}

/* How long a slice's queue is when only a GSO packet or two are in it, which says nothing about its load. */
static __always_inline __u64 gona_burst_time(const struct gona_slice *slice, __u32 slot, __u32 number)
{
	__u64 rate = gona_drain_rate(slice, slot, number);
	__u64 ns = rate ? GONA_BURST_BYTES * GONA_NSEC_PER_SEC / rate : 0;

	return ns < GONA_LEAF_NS / 4 ? ns : GONA_LEAF_NS / 4;
}

/*
 * The slice for a packet where the one that it is on is not simply right: of those that it may take, its bucket's,
 * unless that has a queue and another lets it out clearly sooner; for STRIPE the one that lets it out first. A slice
 * without a queue is not left for a faster one: what is shared out is the table's to say.
 */
GONA_APART int gona_pick_slice(struct gona_aggregate *aggregate, const struct gona_path *path, __u32 way, __u64 now,
			       __u32 bytes)
{
	__u64 best_out, home_out, present_out, out, queued, burst;
	__u32 home = gona_way_number(way), best = home, number;
	struct gona_slice_clock *clock;

	if (!aggregate || !path)
		return 0;
	home_out = gona_time_by(aggregate, path, way | (__u64)home << 32, now, bytes);
	best_out = home_out;
	for (number = 0; number < GONA_MAX_SLICES; number++) {
		if (number == home || !aggregate->slices[number].in_use)
			continue;
		out = gona_time_by(aggregate, path, way | (__u64)number << 32, now, bytes);
		if (out < best_out) {
			best_out = out;
			best = number;
		}
	}
	if (way & GONA_WAY_STRIPE || home_out == GONA_NEVER)
		return best;
	clock = gona_tx_clock(way & GONA_WAY_SLOT, home);
	queued = clock ? gona_queued(clock, now) : 0;
	burst = gona_burst_time(&aggregate->slices[home], way & GONA_WAY_SLOT, home);
	present_out = gona_time_by(aggregate, path, way | (__u64)path->slice << 32, now, bytes);
	if (path->slice == home || present_out == GONA_NEVER)
		return queued > GONA_CLEARLY_NS + 2 * burst && best_out + GONA_CLEARLY_NS < home_out ? best : home;
	if (queued <= GONA_NO_WORSE_NS + burst || home_out <= present_out + GONA_NO_WORSE_NS)
		return home;
	return best_out + GONA_CLEARLY_NS < present_out ? best : path->slice;
}

/* The place of a flow. NULL: it is another's, and this flow keeps to its bucket's slice. */
static __always_inline struct gona_path *gona_path_of(__u32 hash, __u32 slot, __u32 home, __u64 now)
{
	__u32 check = gona_path_check(hash, slot);
	struct gona_path *path = gona_path_at(check);

	if (!path || path->check == check)
		return path;
	if (path->check && now < path->departs_ns + GONA_HELD_NS)
		return NULL;
	path->check = check;
	path->departs_ns = 0;
	path->since_ns = now;
	path->bytes = 0;
	path->counted_ms = 0;
	path->moves = 0;
	path->strays_ms = 0;
	path->slice = home;
	path->before = home;
	return path;
}

/* Whether a flow that stays where it is must be made to pause: its bucket's slice has room, and its own has none. */
static __always_inline bool gona_must_pause(struct gona_aggregate *aggregate, struct gona_path *path, __u32 slot,
					    __u32 home, __u64 now)
{
	struct gona_slice_clock *here = gona_tx_clock(slot, path->slice), *there = gona_tx_clock(slot, home);
	__u32 ms = now >> 20;

	if (path->slice == home || !here || !there || !gona_slice_lives(aggregate, home) ||
	    gona_queued(here, now) < GONA_FULL_NS || gona_queued(there, now) >= GONA_FULL_NS) {
		path->strays_ms = 0;
		return false;
	}
	if (!path->strays_ms)
		path->strays_ms = ms ? ms : 1;
	return ms - path->strays_ms >= GONA_IN_VAIN_MS;
}

/*
 * The slice that a packet's flow is on or may go to, which is remembered; with GONA_WAY_PLACE as gona_way() has it.
 * The number in `way`: its bucket's, or what stands for that.
 */
GONA_APART int gona_take_path(const struct gona_vif *vif, struct gona_aggregate *aggregate, __u32 way, __u64 now,
			      __u64 hash_and_length)
{
	__u32 slot = way & GONA_WAY_SLOT, home = gona_way_number(way), number;
	struct gona_slice_clock *clock;
	struct gona_path *path;

	if (!vif || !aggregate)
		return gona_way(slot, home, 0);
	path = gona_path_of(hash_and_length, slot, home, now);
	if (!path)
		return gona_way(slot, home, 0);
	/* Fragments of a datagram that did not keep their order would take room to put together. */
	if ((vif->flags & GONA_VIF_STRIPE) && !(way & GONA_WAY_FRAGMENT))
		way |= GONA_WAY_STRIPE;
	clock = gona_tx_clock(slot, home);
	if (!(way & GONA_WAY_STRIPE) && path->slice == home && (!clock || gona_queued(clock, now) <= GONA_CLEARLY_NS))
		return gona_way(slot, home, GONA_WAY_PLACE);
	number = gona_pick_slice(aggregate, path, way, now, hash_and_length >> 32) & (GONA_MAX_SLICES - 1);
	if (number != path->slice) {
		/* One that has just become known has not moved. */
		path->before = path->departs_ns ? path->slice : number;
		if (path->departs_ns && path->moves != 0xffff)
			path->moves++;
		path->since_ns = now;
		path->slice = number;
		path->strays_ms = 0;
	} else if (!(way & GONA_WAY_STRIPE) && gona_must_pause(aggregate, path, slot, home, now)) {
		return gona_way(slot, number, GONA_WAY_PAUSE);
	}
	return gona_way(slot, number, GONA_WAY_PLACE);
}

/* Puts a packet into the virtual queue of its slice, as far as the real one has room. */
static __always_inline void gona_queue_up(const struct gona_vif *vif, struct gona_slice_clock *clock,
					  const struct gona_slice *slice, __u64 rate, __u64 now, __u32 bytes)
{
	__u64 left = gona_left(clock->finish_ns[0], now), room, ns;

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
	ns = gona_time_to_send(bytes, rate);
	gona_advance(&clock->finish_ns[0], now - GONA_SAVED_NS, ns);
	gona_advance(&clock->finish_ns[GONA_PACER], now, GONA_PACED(ns));
}

/* Adds to what a vif's bucket has sent. */
static __always_inline void gona_count_bucket(__u32 slot, __u32 hash, __u64 now, __u32 bytes)
{
	struct gona_bucket_bytes *sent = bpf_map_lookup_elem(&gona_bucket_bytes, &slot);

	gona_note_seen(slot, GONA_TX, now);
	if (sent)
		__sync_fetch_and_add(&sent->bytes[hash & (GONA_BUCKETS - 1)], bytes);
}

/*
 * A packet leaves by the slice in `way`: it stands in that one's virtual queue, its flow may not be elsewhere before it
 * is out, and its bucket has sent more.
 */
GONA_APART int gona_leave_by(const struct gona_vif *vif, struct gona_aggregate *aggregate, __u32 way, __u64 now,
			     __u64 hash_and_length)
{
	__u32 slot = way & GONA_WAY_SLOT, number = gona_way_number(way);
	__u32 hash = hash_and_length, bytes = hash_and_length >> 32, ms = now >> 20;
	struct gona_slice_clock *clock = gona_tx_clock(slot, number);
	struct gona_path *path = NULL;
	struct gona_slice *slice;
	__u64 left = 0;

	if (!vif || !aggregate)
		return 0;
	if (clock) {
		slice = &aggregate->slices[number];
		if (!(way & GONA_WAY_QUEUED))
			gona_queue_up(vif, clock, slice, gona_drain_rate(slice, slot, number), now, bytes);
		left = gona_queued(clock, now);
		if (vif->flags & GONA_VIF_PARTS)
			left *= GONA_PART_TURNS;
	}
	if (way & GONA_WAY_PLACE)
		path = gona_path_at(gona_path_check(hash, slot));
	if (path) {
		if (path->departs_ns < now + left)
			path->departs_ns = now + left;
		bytes += path->bytes;
		path->bytes = bytes;
		if (bytes < GONA_COUNT_BYTES && path->counted_ms == ms)
			return 0;
		path->bytes = 0;
		path->counted_ms = ms;
	}
	gona_count_bucket(slot, hash, now, bytes);
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
