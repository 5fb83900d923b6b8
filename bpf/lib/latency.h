/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Active queue management where a queue cannot be seen: a virtual one beside it, of which only its
 * end is known. Every packet moves that on by its bytes / the slice's limit, so what is left of it
 * is how long the next packet will wait. Beyond the latency goal bulk flows are told: marked where
 * they understand ECN, dropped where not.
 *
 * The real queue has two buckets (planner, pace.ts and htb-shape.ts): the limit's, which saves up 16 ms, and a pacer
 * that lets out 1.06 times the limit at most. The virtual queue has both.
 */
#ifndef GONA_LATENCY_H
#define GONA_LATENCY_H

/* A guest that was idle has so much of its limit at once, but for the pacer. */
#define GONA_SAVED_NS 16000000ULL
#define GONA_PACER GONA_PART_REST /* place in gona_slice_clock.finish_ns */
/* The pacer is 1/17 faster than the limit, by about 6 %. */
#define GONA_PACED(ns) ((ns) - (ns) / 17)
/* Certainty is reached at so many goals: of a drop, and of a drop although marks are understood. */
#define GONA_SURE_AT 2
#define GONA_HOPELESS_AT 4
/* A queue shorter than two frames is none. */
#define GONA_QUEUE_FLOOR 3028
#define GONA_CLOCK_TRIES 4
/* The virtual queue drains a thousandth slower, or what the real one falls short would add up unseen. */
#define GONA_SLOWER_SHIFT 10

static __always_inline struct gona_slice_clock *gona_clock_of(const struct gona_waiting *waiting)
{
	__u32 slice = waiting->slot * GONA_MAX_SLICES + waiting->number;
	__u32 index = slice * GONA_DIRECTIONS + waiting->direction;

	return bpf_map_lookup_elem(&gona_slice_clocks, &index);
}

/* Moves an end on by `ns`, from `floor` at least. Other CPUs do the same; who fails thrice lets be. */
static __always_inline void gona_advance(__u64 *finish, __u64 floor, __u64 ns)
{
	__u64 old, from;
	int i;

	for (i = 0; i < GONA_CLOCK_TRIES; i++) {
		old = *(volatile __u64 *)finish;
		from = old > floor ? old : floor;
		if (__sync_val_compare_and_swap(finish, old, from + ns) == old)
			return;
	}
}

static __always_inline __u64 gona_left(__u64 finish, __u64 now)
{
	return finish > now ? finish - now : 0;
}

/* How long the next packet of the part waits, in ns. */
static __always_inline __u64 gona_delay(struct gona_slice_clock *clock, __u32 part, __u64 now)
{
	__u64 limit, pacer;

	if (part < GONA_PART_SPARSE)
		return gona_left(clock->finish_ns[part & (GONA_MAX_PARTS - 1)], now);
	limit = gona_left(clock->finish_ns[0], now);
	pacer = gona_left(clock->finish_ns[GONA_PACER], now);
	return limit > pacer ? limit : pacer;
}

/* How long a packet takes to go out, in ns. */
static __always_inline __u64 gona_time_to_send(__u64 bytes, __u64 rate)
{
	__u64 ns = bytes * GONA_NSEC_PER_SEC / rate;

	return ns + (ns >> GONA_SLOWER_SHIFT);
}

/* Puts a packet into the virtual queue. Returns how long it takes to go out, in ns. */
static __always_inline __u64 gona_clock_take(struct gona_slice_clock *clock, __u32 part, __u64 now, __u64 bytes,
					     __u64 rate)
{
	__u64 ns = gona_time_to_send(bytes, rate);

	gona_advance(&clock->finish_ns[0], now - GONA_SAVED_NS, ns);
	gona_advance(&clock->finish_ns[GONA_PACER], now, GONA_PACED(ns));
	if (part < GONA_PART_SPARSE)
		gona_advance(&clock->finish_ns[part & (GONA_MAX_PARTS - 1)], now, ns);
	return ns;
}

/* Takes out again what gona_clock_take() put in, of no class's end: the packet leaves by another slice. */
static __always_inline void gona_clock_return(struct gona_slice_clock *clock, __u64 bytes, __u64 rate)
{
	__u64 ns = gona_time_to_send(bytes, rate);

	__sync_fetch_and_sub(&clock->finish_ns[0], ns);
	__sync_fetch_and_sub(&clock->finish_ns[GONA_PACER], GONA_PACED(ns));
}

/* Chance that a wait of `delay` comes to something, in 1/65536: none at the goal, sure at twice that. */
static __always_inline __u64 gona_chance(__u64 delay, __u64 goal)
{
	if (delay <= goal)
		return 0;
	if (delay >= GONA_SURE_AT * goal)
		return 0x10000;
	return ((delay - goal) << 16) / ((GONA_SURE_AT - 1) * goal);
}

/*
 * The same by what the flow sends (after AFD, Pan et al. 2003): who keeps within a fair part of the
 * interval is told one goal later, who takes twice as much four times as often. So one that heeds
 * nothing leaves the others their parts.
 */
static __always_inline __u64 gona_chance_of(const struct gona_slice_clock *clock, const struct gona_flow *flow,
					    __u64 delay, __u64 goal)
{
	__u32 much = clock->fair > GONA_SPARSE_BYTES ? clock->fair : GONA_SPARSE_BYTES;

	if (flow->bytes <= clock->fair)
		return delay > goal ? gona_chance(delay - goal, goal) : 0;
	if (flow->bytes / 2 > much)
		return gona_chance(delay, goal) * 4;
	return gona_chance(delay, goal);
}

/* What gona_tell() knows. */
struct gona_told {
	struct gona_slice_clock *clock;
	struct gona_flow *flow;
	__u64 now;
	__u64 delay;
	__u64 goal;
};

/* True: it understands, and is marked. */
static __always_inline bool gona_mark_congestion(struct __sk_buff *skb, const struct gona_packet *packet)
{
	int tos = gona_tos(skb, packet);

	if (tos == GONA_NO_IP || !(tos & GONA_ECN_MASK))
		return false;
	return (tos & GONA_ECN_MASK) == GONA_ECN_CE || gona_set_tos(skb, packet, tos | GONA_ECN_CE);
}

/*
 * A bulk packet before a queue beyond its goal. A GSO packet is marked as soon as one of its
 * segments would be, as the sender reacts once; and dropped as a frame is, so that the part of the
 * bytes that is lost is the same for both. GONA_V_DROP_QUEUE: drop it.
 */
static __always_inline int gona_tell(struct __sk_buff *skb, const struct gona_packet *packet,
				     const struct gona_waiting *waiting, const struct gona_told *told)
{
	bool hopeless = told->delay >= GONA_HOPELESS_AT * told->goal;
	__u64 chance = gona_chance_of(told->clock, told->flow, told->delay, told->goal);
	__u32 random;

	if (told->delay <= told->goal)
		told->flow->strikes = 0;
	if (!chance || gona_flow_may_heed(told->clock, told->flow, told->now))
		return GONA_V_NONE;
	random = bpf_get_prandom_u32() & 0xffff;
	if (random >= chance * waiting->packets)
		return GONA_V_NONE;
	if (!hopeless && gona_mark_congestion(skb, packet)) {
		gona_flow_told(told->flow, told->now);
		gona_count_told(waiting, true);
		return GONA_V_NONE;
	}
	if (random >= chance)
		return GONA_V_NONE;
	gona_flow_told(told->flow, told->now);
	gona_count_told(waiting, false);
	return GONA_V_DROP_QUEUE;
}

/*
 * Before gona_wait(), of a vif with lanes: brings them up to date and finds the one for a flow that
 * turns bulk. Apart from it for the sake of the stack, of which calls within calls have 512 bytes together.
 */
GONA_APART int gona_look_at_lanes(struct gona_waiting *waiting)
{
	struct gona_slice_clock *clock;
	__u64 now;

	if (!waiting)
		return 0;
	clock = gona_clock_of(waiting);
	if (!clock)
		return 0;
	now = bpf_ktime_get_ns();
	gona_drain_lanes(clock, gona_delay(clock, GONA_PART_REST, now));
	waiting->lane = gona_free_lane(clock, now >> 20, waiting->hash);
	return 0;
}

/* Settles the lane of a bulk flow. */
static __always_inline void gona_take_lane(struct gona_slice_clock *clock, struct gona_flow *flow,
					   struct gona_waiting *waiting, __u64 now, bool fresh)
{
	bool turns = flow->bulk_until_ns <= now;

	/* A flow without a place of its own has nothing to remember its lane by. */
	if (flow->check != waiting->hash)
		waiting->lane = waiting->hash & (GONA_LANES - 1);
	else if (turns)
		flow->lane = waiting->lane;
	else
		waiting->lane = flow->lane & (GONA_LANES - 1);
	if (fresh || turns)
		clock->lane_flows[waiting->lane & (GONA_LANES - 1)]++;
}

/*
 * Before a packet of a vif with a latency goal goes to wait: settles whether its flow is sparse,
 * which changes the part from REST to SPARSE, or else its lane, and what becomes of it. GONA_V_NONE,
 * or why it is dropped.
 */
GONA_APART int gona_wait(struct __sk_buff *skb, const struct gona_packet *packet, struct gona_waiting *waiting)
{
	struct gona_slice_clock *clock;
	struct gona_flow_set *set;
	struct gona_flow *flow;
	__u64 now, goal, delay, ns, floor;
	__u32 fresh;

	if (!packet || !waiting || !waiting->rate)
		return GONA_V_NONE;
	clock = gona_clock_of(waiting);
	waiting->hash ^= (waiting->slot + 1) * GONA_HASH_FRACTION;
	set = gona_flow_set_of(waiting->hash);
	if (!clock || !set)
		return GONA_V_NONE;

	now = bpf_ktime_get_ns();
	floor = GONA_QUEUE_FLOOR * GONA_NSEC_PER_SEC / waiting->rate;
	goal = (waiting->vif_goal_us ? waiting->vif_goal_us : waiting->goal_us) * 1000ULL;
	gona_begin_interval(clock, now, goal > floor ? goal : floor, waiting->rate);
	flow = gona_flow_of(set, waiting->hash, now, clock->interval);
	fresh = flow->interval ^ clock->interval;

	goal = waiting->goal_us * 1000ULL;
	if (goal && goal < floor)
		goal = floor;
	delay = gona_delay(clock, waiting->part, now);
	if (gona_flow_is_sparse(clock, flow, now, waiting->bytes)) {
		if (waiting->part == GONA_PART_REST && waiting->vif_goal_us)
			waiting->part = GONA_PART_SPARSE;
		gona_clock_take(clock, waiting->part, now, waiting->bytes, waiting->rate);
		return GONA_V_NONE;
	}
	if (waiting->lanes && waiting->part == GONA_PART_REST) {
		gona_take_lane(clock, flow, waiting, now, fresh);
		delay = gona_lane_delay(clock, waiting->lane);
		if (clock->lane_ns[waiting->lane & (GONA_LANES - 1)] <= 2 * floor)
			delay = 0;
		waiting->part = GONA_PART_REST + waiting->lane;
	}
	if (goal) {
		struct gona_told told = { .clock = clock, .flow = flow, .now = now, .delay = delay, .goal = goal };

		if (gona_tell(skb, packet, waiting, &told))
			return GONA_V_DROP_QUEUE;
	}
	ns = gona_clock_take(clock, waiting->part, now, waiting->bytes, waiting->rate);
	if (waiting->lanes && waiting->part >= GONA_PART_REST)
		flow->bulk_until_ns = gona_lane_fill(clock, waiting->lane, now, ns);
	else
		flow->bulk_until_ns = now + (delay + ns > GONA_BULK_NS ? delay + ns : GONA_BULK_NS);
	return GONA_V_NONE;
}

#endif
