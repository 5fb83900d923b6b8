/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* To a guest. */
#ifndef GONA_DELIVER_H
#define GONA_DELIVER_H

#define GONA_PACKET_HOST 0 /* PACKET_HOST of linux/if_packet.h */
#define GONA_PACKET_OTHERHOST 3

/*
 * Into the guest at once where its end lies in another namespace. Linux before 6.16 keeps the
 * packet type there: a unicast frame was somebody else's when it came in, and would be dropped.
 */
static __always_inline int gona_deliver(struct __sk_buff *skb, const struct gona_vif *vif)
{
	if ((vif->flags & (GONA_VIF_PEER | GONA_VIF_QUEUED)) != GONA_VIF_PEER)
		return bpf_redirect(vif->ifindex, 0);
	if (skb->pkt_type == GONA_PACKET_OTHERHOST)
		bpf_skb_change_type(skb, GONA_PACKET_HOST);
	return bpf_redirect_peer(vif->ifindex, 0);
}

/* Guest to guest. */
static __always_inline int gona_deliver_local(struct __sk_buff *skb, __u32 sender, const struct gona_vif *vif,
					      const struct gona_station *station, struct gona_packet *packet)
{
	if (station->vif == sender)
		return gona_verdict(skb, GONA_V_DROP_REFLECTION, TC_ACT_SHOT);
	if (station->slice != GONA_OWN_MAC && !gona_rewrite_in(skb, vif, packet))
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (!gona_set_tag(skb, packet, gona_tag_at(vif, packet->vlan)))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	return gona_verdict(skb, GONA_V_LOCAL, gona_deliver(skb, vif));
}

/* Into the spine LOCAL, whose classes have a vif's parts too; nothing is marked anew, no queue reckoned with. */
GONA_APART int gona_into_local(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
			       struct gona_packet *packet, __u32 spine)
{
	struct gona_waiting waiting = {};

	if (!vif || !packet)
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (vif->flags & GONA_VIF_PARTS)
		gona_classify(skb, vif, slot, packet, &waiting);
	return gona_into_spine(skb, spine, slot, GONA_SPINE_LOCAL, waiting.part);
}

/* The number of the slice on this NIC, GONA_NO_SLICE: none. */
static __always_inline int gona_slice_on(const struct gona_aggregate *aggregate, __u32 nic)
{
	int i;

	for (i = 0; i < GONA_MAX_SLICES; i++)
		if (aggregate->slices[i].in_use && aggregate->slices[i].nic == nic)
			return i;
	return GONA_NO_SLICE;
}

/*
 * The slice that a unicast frame came in by; GONA_NO_SLICE: it is a copy that the switch flooded,
 * and comes in by another NIC too. A slice's MAC is heard on the slice's NIC, and on the home NIC
 * while that NIC is dead; the vif's own MAC on the home NIC. A bundle sends no copies; of a vif whose
 * NICs changed a moment ago, frames are still under way to where its MACs were, and switches know these.
 */
static __always_inline int gona_slice_in(const struct gona_aggregate *aggregate, const struct gona_nic *nic,
					 const struct gona_vif *vif, __u32 nic_slot, __u32 number)
{
	bool anywhere = (nic->flags & GONA_NIC_LAG) || (vif->flags & GONA_VIF_MOVING);
	int home;

	/* The common case of a guest with one slice: its first, and alive. */
	if (number == GONA_OWN_MAC && aggregate->slices[0].in_use && aggregate->slices[0].nic == nic_slot &&
	    gona_living_nic(nic_slot))
		return 0;
	if (number < GONA_MAX_SLICES && aggregate->slices[number].in_use) {
		if (aggregate->slices[number].nic == nic_slot)
			return number;
		if (!anywhere && gona_nic_lives(aggregate->slices[number].nic))
			return GONA_NO_SLICE;
	}
	/* To a switch without LACP a bundle's NICs are any NICs: one alone hears for the guests. */
	if (nic->flags & GONA_NIC_APART)
		return GONA_NO_SLICE;
	if (anywhere) {
		home = gona_slice_on(aggregate, nic_slot);
		return home < 0 ? gona_home_slice(aggregate) : home;
	}
	home = gona_home_slice(aggregate);
	if (home < 0 || aggregate->slices[home & (GONA_MAX_SLICES - 1)].nic != nic_slot)
		return GONA_NO_SLICE;
	return home;
}

/*
 * All that parts ask of a frame on its way in by slice `number`, with the tag that the wire gave it:
 * its class, its place in the virtual queue. Returns the part, or - the reason of its drop.
 */
GONA_APART int gona_part_in(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot, struct gona_packet *packet,
			    __u32 number)
{
	struct gona_waiting waiting = {};
	struct gona_aggregate *aggregate;
	struct gona_wire wire;

	if (!vif || !packet)
		return -GONA_V_DROP_MALFORMED;
	gona_classify_in(skb, vif, slot, packet, &waiting);
	aggregate = gona_aggregate_of((struct gona_vif *)vif);
	if (!aggregate || !(waiting.goal_us | waiting.vif_goal_us))
		return waiting.part;

	gona_measure(skb, packet, &wire);
	waiting.rate = aggregate->slices[number & (GONA_MAX_SLICES - 1)].rx_bytes_per_s;
	waiting.number = number;
	waiting.hash = gona_flow_hash(vif, packet);
	waiting.direction = GONA_RX;
	waiting.packets = wire.packets;
	waiting.bytes = wire.bytes;
	if (waiting.lanes)
		gona_look_at_lanes(&waiting);
	return gona_wait(skb, packet, &waiting) ? -GONA_V_DROP_QUEUE : (int)waiting.part;
}

/*
 * A unicast frame from the wire for a vif of ours. Its source is not looked at: what one guest of
 * ours sends to another never leaves the host, so a frame of our own cannot come back this way.
 */
static __always_inline int gona_deliver_from_wire(struct __sk_buff *skb, const struct gona_nic *nic, __u32 nic_slot,
						  const struct gona_station *station, struct gona_packet *packet)
{
	__u32 slot = station->vif;
	struct gona_vif *vif = gona_vif_at(slot);
	struct gona_aggregate *aggregate;
	struct gona_wire wire;
	/* What came by a trunk that shapes has waited there, and stood in the virtual queue. */
	bool waited = (nic->flags & (GONA_NIC_PEER | GONA_NIC_SHAPE_IN)) == (GONA_NIC_PEER | GONA_NIC_SHAPE_IN);
	__u32 spine = 0;
	int number, part = 0;

	if (!vif)
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);
	if (vif->flags & GONA_VIF_STOPPED)
		return gona_verdict(skb, GONA_V_DROP_STOPPED, TC_ACT_SHOT);
	aggregate = gona_aggregate_of(vif);
	if (!aggregate)
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	number = gona_slice_in(aggregate, nic, vif, nic_slot, station->slice);
	if (number < 0)
		return gona_verdict(skb, GONA_V_DROP_WRONG_NIC, TC_ACT_SHOT);

	gona_measure(skb, packet, &wire);
	if (station->slice != GONA_OWN_MAC && !gona_rewrite_in(skb, vif, packet))
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if ((nic->flags & GONA_NIC_SHAPE_IN) && !waited)
		spine = gona_spine_at(skb, nic->in_ifindex);
	/* The queue on the vif's own link has no parts, but a length. */
	if ((vif->flags & GONA_VIF_PARTS) && !waited && (spine || (vif->flags & GONA_VIF_QUEUED))) {
		part = gona_part_in(skb, vif, slot, packet, number);
		if (part < 0)
			return gona_verdict(skb, -part, TC_ACT_SHOT);
	}
	if (!gona_set_tag(skb, packet, gona_tag_at(vif, packet->vlan)))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	gona_count_rx(slot, number, &wire);
	if (vif->flags & GONA_VIF_STEERED)
		gona_count_peer(slot, packet->vlan, packet->source, station->slice, wire.bytes);
	if (spine)
		return gona_into_spine(skb, spine, slot, GONA_SPINE_IN, part);
	return gona_verdict(skb, GONA_V_TO_GUEST, gona_deliver(skb, vif));
}

#endif
