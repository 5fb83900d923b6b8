/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Out by one of the guest's slices. */
#ifndef GONA_TO_WIRE_H
#define GONA_TO_WIRE_H

/* gona_part_out(): the packet stands in the virtual queue of its slice. Above any part. */
#define GONA_QUEUED 0x100
/* skb->mark in the cap: the same, and that slice's number. */
#define GONA_MARK_QUEUED 0x80000000U
#define GONA_MARK_NUMBER_SHIFT 28

/*
 * All that parts ask of a frame on its way to the wire by slice `number`: its class, its marking,
 * its tag, its place in the virtual queue. Returns the part, with GONA_QUEUED where there is a latency
 * goal, or - the reason of its drop.
 */
GONA_APART int gona_part_out(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
			     struct gona_packet *packet, __u32 number)
{
	struct gona_waiting waiting = {};
	struct gona_aggregate *aggregate;
	enum gona_verdict failed;
	struct gona_wire wire;

	if (!vif || !packet)
		return -GONA_V_DROP_MALFORMED;
	gona_classify(skb, vif, slot, packet, &waiting);
	if ((waiting.remark_dscp & waiting.remark_pcp) != GONA_KEEP_MARKING) {
		failed = gona_remark(skb, packet, &waiting);
		if (failed)
			return -(int)failed;
	}
	if (!gona_set_tag(skb, packet, packet->vlan))
		return -GONA_V_DROP_NO_MEMORY;
	aggregate = gona_aggregate_of((struct gona_vif *)vif);
	if (!aggregate || !(waiting.goal_us | waiting.vif_goal_us))
		return waiting.part;

	gona_measure(skb, packet, &wire);
	number &= GONA_MAX_SLICES - 1;
	waiting.rate = gona_is_balanced(vif, packet) ? gona_drain_rate(&aggregate->slices[number], slot, number)
						     : aggregate->slices[number].tx_bytes_per_s;
	waiting.number = number;
	waiting.hash = gona_flow_hash(vif, packet);
	waiting.direction = GONA_TX;
	waiting.packets = wire.packets;
	waiting.bytes = wire.bytes;
	if (waiting.lanes)
		gona_look_at_lanes(&waiting);
	failed = gona_wait(skb, packet, &waiting);
	return failed ? -(int)failed : (int)(waiting.part | GONA_QUEUED);
}

/*
 * `reason`: of a packet that leaves by its first choice. `waited`: the packet comes out of the cap,
 * and all that parts ask for was done before; `part`: the one that it waited in, with GONA_QUEUED
 * where it stands in the virtual queue of slice `number`.
 */
static __always_inline int gona_to_wire(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
					struct gona_packet *packet, enum gona_verdict reason, bool waited, __u32 part,
					__u32 number)
{
	struct gona_choice choice = {};
	struct gona_aggregate *aggregate;
	enum gona_verdict failed;
	struct gona_wire wire;
	__u32 hash, taken, way = 0;
	__u64 now = 0; /* of a balanced vif's */
	int found;

	if (vif->flags & GONA_VIF_STOPPED)
		return gona_verdict(skb, GONA_V_DROP_STOPPED, TC_ACT_SHOT);
	aggregate = gona_aggregate_of((struct gona_vif *)vif);
	if (!aggregate)
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	found = GONA_NO_SLICE;
	if ((vif->flags & GONA_VIF_STEERED) && (packet->kind == GONA_ARP || packet->nd_type))
		found = gona_steered_slice(aggregate, slot, packet);
	hash = gona_flow_hash(vif, packet);
	if (found >= 0 ? !gona_choose_slice(aggregate, found, &choice) : !gona_choose(aggregate, hash, &choice)) {
		gona_count_tx_drop(slot, choice.first);
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	}
	if (gona_is_balanced(vif, packet)) {
		now = bpf_ktime_get_ns();
		way = gona_way(slot, choice.number, packet->fragment ? GONA_WAY_FRAGMENT : 0);
		way = gona_take_path(vif, aggregate, way, now, hash | (__u64)skb->len << 32);
		if (way & GONA_WAY_PAUSE)
			return gona_verdict(skb, GONA_V_DROP_MOVE, TC_ACT_SHOT);
		taken = gona_way_number(way);
		if (taken != choice.number && !gona_change_choice(aggregate, taken, &choice)) {
			gona_count_tx_drop(slot, choice.first);
			return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
		}
	}

	if (!waited && (vif->flags & GONA_VIF_PARTS)) {
		found = gona_part_out(skb, vif, slot, packet, choice.number);
		if (found < 0)
			return gona_verdict(skb, -found, TC_ACT_SHOT);
		part = found;
		number = choice.number;
	}
	if (vif->flags & GONA_VIF_REWRITE_MAC) {
		failed = gona_rewrite_out(skb, vif, choice.slice, packet);
		if (failed)
			return gona_verdict(skb, failed, TC_ACT_SHOT);
	}
	if (!gona_set_tag(skb, packet, packet->vlan))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);

	gona_measure(skb, packet, &wire);
	if (choice.nic->flags & GONA_NIC_TIMED) {
		failed = gona_depart(skb, packet, choice.slice->tx_bytes_per_s, slot * GONA_MAX_SLICES + choice.number,
				     wire.bytes | (__u64)wire.packets << 32);
		if (failed)
			return gona_verdict(skb, failed, TC_ACT_SHOT);
	}
	gona_count_tx(slot, &choice, &wire);
	if (now) {
		if ((part & GONA_QUEUED) && number == choice.number)
			way |= GONA_WAY_QUEUED;
		else if (part & GONA_QUEUED)
			gona_leave_queue(aggregate, slot, number, wire.bytes);
		gona_leave_by(vif, aggregate, way, now, hash | (__u64)wire.bytes << 32);
	}
	if (choice.failed)
		reason = GONA_V_TO_WIRE_FAILOVER;
	/* To fq a priority is no class but a band, and one of them is not held back. */
	skb->priority = choice.nic->flags & GONA_NIC_TIMED
				? 0
				: gona_part_class(choice.slice->classid, slot, part & ~GONA_QUEUED);
	if (choice.nic->flags & GONA_NIC_PEER)
		return gona_verdict(skb, reason, bpf_redirect_peer(choice.nic->out_ifindex, 0));
	return gona_verdict(skb, reason, bpf_redirect(choice.nic->out_ifindex, 0));
}

/*
 * Into the cap over all NICs. A frame of a vif with parts is ready for the wire before: it is
 * classified once, by what the guest wrote, and waits in the same part here and at its NIC. It
 * stands in the virtual queue of the slice that its flow is on, whose rate is no more than the cap;
 * should it leave by another, in that one's.
 */
GONA_APART int gona_into_cap(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
			     struct gona_packet *packet, __u32 spine)
{
	struct gona_aggregate *aggregate;
	__u32 number = 0, hash;
	int part = 0, action;

	if (!vif || !packet)
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (vif->flags & GONA_VIF_PARTS) {
		aggregate = gona_aggregate_of((struct gona_vif *)vif);
		if (!aggregate)
			return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
		hash = gona_flow_hash(vif, packet);
		number = gona_bucket(aggregate, hash);
		if (gona_is_balanced(vif, packet))
			number = gona_known_slice(hash, slot, number);
		part = gona_part_out(skb, vif, slot, packet, number);
		if (part < 0)
			return gona_verdict(skb, -part, TC_ACT_SHOT);
	}
	action = gona_into_spine(skb, spine, slot, GONA_SPINE_CAP, part & GONA_SPINE_PART_MASK);
	if (part & GONA_QUEUED)
		skb->mark |= GONA_MARK_QUEUED | number << GONA_MARK_NUMBER_SHIFT;
	return action;
}

/* To the wire, by way of the cap over all NICs where the vif has one. */
static __always_inline int gona_leave(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
				      struct gona_packet *packet, enum gona_verdict reason)
{
	__u32 spine = 0;

	if (vif->flags & GONA_VIF_CAPPED)
		spine = gona_spine_of(skb, GONA_SPINE_CAP);
	if (spine)
		return gona_into_cap(skb, vif, slot, packet, spine);
	return gona_to_wire(skb, vif, slot, packet, reason, false, 0, 0);
}

#endif
