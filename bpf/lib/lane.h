/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lanes: the bulk flows of a slice wait in classes of their own, between which HTB takes turns, so that
 * they have equal parts whatever each of them sends. A flow takes a lane when it turns bulk, one that
 * nobody has if there is one, else one with the fewest flows, and keeps it until it is no longer bulk: its
 * last packet has left by then, so it cannot overtake itself.
 *
 * What waits in each lane is reckoned from the slice's virtual queue: what has left that since the last
 * look, has left in equal parts by the lanes in which something waited.
 */
#ifndef GONA_LANE_H
#define GONA_LANE_H

#define GONA_LANE_PASSES 3
#define GONA_LANE_MOST 0xffffffffU /* reckoned with: 4 s */
#define GONA_LANE_HORIZON 0x10000 /* of 2^20 ns: a lane that is taken for longer is not, the clock has turned over */

/* Below 2^63. Without a branch: in a loop each would double what the verifier has to walk. */
static __always_inline __u64 gona_less(__u64 a, __u64 b)
{
	__s64 difference = a - b;

	asm volatile("" : "+r"(difference));
	return b + (difference & difference >> 63);
}

/* Brings the lanes up to date: together they hold no more than the slice, in ns. */
static __always_inline void gona_drain_lanes(struct gona_slice_clock *clock, __u64 slice)
{
	__u64 sum = 0, gone, active, part;
	__u32 pass, i;

	for (i = 0; i < GONA_LANES; i++)
		sum += clock->lane_ns[i];
	if (sum <= slice)
		return;
	gone = sum - slice;
	/* Unrolled: as a loop, clang enters it in the middle, which the verifier of 6.1 refuses (a back-edge that falls through). */
#pragma unroll
	for (pass = 0; pass < GONA_LANE_PASSES; pass++) {
		active = 0;
		for (i = 0; i < GONA_LANES; i++)
			active += (clock->lane_ns[i] + 0xffffffffULL) >> 32;
		if (!active)
			break;
		part = (gone + active - 1) / active;
		for (i = 0; i < GONA_LANES; i++) {
			__u64 less = gona_less(clock->lane_ns[i], gona_less(part, gone));

			clock->lane_ns[i] -= less;
			gone -= less;
		}
	}
}

/* How long what waits in a lane takes to leave, the other lanes having their turns; in ns. */
static __always_inline __u64 gona_lane_delay(const struct gona_slice_clock *clock, __u32 lane)
{
	__u64 own = clock->lane_ns[lane & (GONA_LANES - 1)], delay = 0;
	__u32 i;

	for (i = 0; i < GONA_LANES; i++)
		delay += gona_less(clock->lane_ns[i], own);
	return delay;
}

/* In 2^20 ns, for how long a lane is taken; beyond GONA_LANE_HORIZON: it is free. */
static __always_inline __u32 gona_lane_left(const struct gona_slice_clock *clock, __u32 lane, __u32 now_ms)
{
	return clock->lane_until[lane & (GONA_LANES - 1)] - now_ms - 1;
}

/* The lane for a flow that turns bulk; by turns among equals. */
static __always_inline __u32 gona_free_lane(const struct gona_slice_clock *clock, __u32 now_ms, __u32 check)
{
	__u64 best = ~0ULL >> 1;
	__u32 i;

	for (i = 0; i < GONA_LANES; i++) {
		__u32 lane = (check + i) & (GONA_LANES - 1);
		__u64 flows = clock->lane_flows[lane] + clock->lane_flows_before[lane];
		__u64 free = ((gona_lane_left(clock, lane, now_ms) / GONA_LANE_HORIZON) + 0xffffULL) >> 16;

		best = gona_less(best, (1 - free) << 32 | flows << 8 | i);
	}
	return (check + best) & (GONA_LANES - 1);
}

/* A packet goes into a lane. Returns until when its flow has the lane: it has left by then. */
static __always_inline __u64 gona_lane_fill(struct gona_slice_clock *clock, __u32 lane, __u64 now, __u64 ns)
{
	__u32 now_ms = now >> 20, until_ms, left;
	__u64 waits, until;

	lane &= GONA_LANES - 1;
	waits = clock->lane_ns[lane] + ns;
	if (waits > GONA_LANE_MOST)
		waits = GONA_LANE_MOST;
	clock->lane_ns[lane] = waits;
	until = now + (waits * GONA_LANES > GONA_BULK_NS ? waits * GONA_LANES : GONA_BULK_NS);
	until_ms = until >> 20;
	left = gona_lane_left(clock, lane, now_ms);
	if (left >= GONA_LANE_HORIZON || until_ms - now_ms - 1 > left)
		clock->lane_until[lane] = until_ms;
	return until;
}

#endif
