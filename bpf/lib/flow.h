/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which flows are sparse: those that send less than half of a fair part of their slice's limit, and
 * at most two frames, in each interval of one latency goal. They wait in a part of their own and
 * are never marked or dropped. All of them together send less than half of the limit, however many
 * flows a guest opens, because the fair part shrinks with their number.
 *
 * Flows stand in sets of four by their hash. One that is bulk keeps its place until its last packet
 * has certainly left, so that it cannot overtake itself when it becomes sparse again; one that is
 * sparse may lose its place, which costs nothing but a fresh allowance. A flow that finds a set
 * full of bulk flows shares the fate of one of them.
 */
#ifndef GONA_FLOW_H
#define GONA_FLOW_H

#define GONA_FAIR_SHARE 2 /* the sparse may have one in so many parts of the limit */
#define GONA_SPARSE_BYTES 3028 /* two frames */
#define GONA_PATIENCE 4 /* strikes until it is half as long */
#define GONA_STRIKES_MAX 28 /* 50 ms halved seven times is none */
#define GONA_HEED_MS 50 /* of 2^20 ns */
#define GONA_UNFAIR 4 /* times a fair part; a slow start sends two */
#define GONA_HASH_FRACTION 0x9e3779b1 /* 2^32 over the golden ratio */
#define GONA_NSEC_PER_SEC 1000000000ULL
/* A bulk flow stays one for so long at least: HTB may drain slower than the limit. */
#define GONA_BULK_NS 100000000ULL

static __always_inline struct gona_flow_set *gona_flow_set_of(__u32 check)
{
	__u32 index = check * GONA_HASH_FRACTION >> 18;

	_Static_assert(GONA_FLOW_SETS == 1 << 14, "the shift above");
	return bpf_map_lookup_elem(&gona_flows, &index);
}

/* A flow's place: its own, else that of one which may go, else any bulk flow's. */
static __always_inline struct gona_flow *gona_flow_of(struct gona_flow_set *set, __u32 check, __u64 now,
						      __u16 interval)
{
	struct gona_flow *place = &set->ways[0];
	int i;

	for (i = 0; i < GONA_FLOW_WAYS; i++) {
		struct gona_flow *flow = &set->ways[i];

		if (flow->check == check)
			return flow;
		if (flow->bulk_until_ns < place->bulk_until_ns ||
		    (flow->bulk_until_ns == place->bulk_until_ns && place->interval == interval))
			place = flow;
	}
	if (place->bulk_until_ns > now)
		return place;
	place->check = check;
	place->bulk_until_ns = 0;
	place->interval = interval - 1;
	place->bytes = 0;
	place->told_ms = 0;
	place->strikes = 0;
	return place;
}

/* Begins a new interval when the present one is over: what was seen in it sets the fair part. */
static __always_inline void gona_begin_interval(struct gona_slice_clock *clock, __u64 now, __u64 length_ns, __u64 rate)
{
	__u64 since = now - clock->interval_ns, fair;
	__u32 lane;

	if (since < length_ns)
		return;
	clock->flows_before = since < 2 * length_ns ? clock->flows : 0;
	clock->flows = 0;
	for (lane = 0; lane < GONA_LANES; lane++) {
		clock->lane_flows_before[lane] = clock->lane_flows[lane];
		clock->lane_flows[lane] = 0;
	}
	clock->interval_ns = now;
	clock->interval++;
	fair = rate * length_ns / GONA_NSEC_PER_SEC;
	if (clock->flows_before > 1)
		fair /= clock->flows_before;
	clock->fair = fair < 0xffffffff ? fair : 0xffffffff;
}

/* Counts a packet of the flow. True: the flow is sparse still, or again. */
static __always_inline bool gona_flow_is_sparse(struct gona_slice_clock *clock, struct gona_flow *flow, __u64 now,
						__u32 bytes)
{
	__u32 allowance = clock->fair / GONA_FAIR_SHARE;

	if (allowance > GONA_SPARSE_BYTES)
		allowance = GONA_SPARSE_BYTES;
	if (flow->interval != clock->interval) {
		flow->interval = clock->interval;
		flow->bytes = 0;
		clock->flows++;
	}
	if (flow->bytes + bytes >= flow->bytes)
		flow->bytes += bytes;
	return flow->bulk_until_ns <= now && flow->bytes <= allowance;
}

/*
 * A flow that was told needs a round trip to heed it: until then it is left alone, so that it does
 * not lose all of what it has under way. The longer it is told in vain, the shorter it is left
 * alone; and not at all if it sends so much more than a fair part that it cannot have heeded.
 */
static __always_inline bool gona_flow_may_heed(const struct gona_slice_clock *clock, const struct gona_flow *flow,
					       __u64 now)
{
	__u32 since = (__u32)(now >> 20) - flow->told_ms;

	return flow->strikes && since < GONA_HEED_MS >> (flow->strikes / GONA_PATIENCE & 7) &&
	       flow->bytes / GONA_UNFAIR <= clock->fair;
}

static __always_inline void gona_flow_told(struct gona_flow *flow, __u64 now)
{
	flow->told_ms = now >> 20;
	if (flow->strikes < GONA_STRIKES_MAX)
		flow->strikes++;
}

#endif
