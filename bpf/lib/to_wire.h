/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Out by one of the guest's slices. */
#ifndef GONA_TO_WIRE_H
#define GONA_TO_WIRE_H

/*
 * `reason`: of a packet that leaves by its first choice. `waited`: the packet comes out of the cap,
 * and all that parts ask for was done before; `part`: the one that it waited in.
 */
static __always_inline int gona_to_wire(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
					struct gona_packet *packet, enum gona_verdict reason, bool waited, __u32 part)
{
	bool parts = !waited && (vif->flags & GONA_VIF_PARTS);
	struct gona_choice choice = {};
	struct gona_aggregate *aggregate;
	enum gona_verdict failed;
	struct gona_wire wire;

	if (vif->flags & GONA_VIF_STOPPED)
		return gona_verdict(skb, GONA_V_DROP_STOPPED, TC_ACT_SHOT);
	aggregate = gona_aggregate_of((struct gona_vif *)vif);
	if (!aggregate)
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	if (!gona_choose(aggregate, gona_flow_hash(vif, packet), &choice)) {
		gona_count_tx_drop(slot, choice.first);
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	}

	if (vif->flags & GONA_VIF_REWRITE_MAC) {
		failed = gona_rewrite_out(skb, vif, choice.slice, packet);
		if (failed)
			return gona_verdict(skb, failed, TC_ACT_SHOT);
	}
	if (parts) {
		struct gona_waiting waiting = {};

		failed = gona_classify_out(skb, vif, slot, packet, &waiting);
		if (failed)
			return gona_verdict(skb, failed, TC_ACT_SHOT);
		part = waiting.part;
	}
	if (!gona_set_tag(skb, packet, packet->vlan))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);

	gona_measure(skb, packet, &wire);
	gona_count_tx(slot, &choice, &wire);
	if (choice.number != choice.first)
		reason = GONA_V_TO_WIRE_FAILOVER;
	skb->priority = choice.slice->classid + part;
	if (choice.nic->flags & GONA_NIC_PEER)
		return gona_verdict(skb, reason, bpf_redirect_peer(choice.nic->out_ifindex, 0));
	return gona_verdict(skb, reason, bpf_redirect(choice.nic->out_ifindex, 0));
}

/*
 * Into the cap over all NICs. A frame of a vif with parts is ready for the wire before: it is
 * classified once, by what the guest wrote, and waits in the same part here and at its NIC.
 */
GONA_APART int gona_into_cap(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
			     struct gona_packet *packet, __u32 spine)
{
	struct gona_waiting waiting = {};
	enum gona_verdict failed;

	if (!vif || !packet)
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (vif->flags & GONA_VIF_PARTS) {
		failed = gona_classify_out(skb, vif, slot, packet, &waiting);
		if (failed)
			return gona_verdict(skb, failed, TC_ACT_SHOT);
		if (!gona_set_tag(skb, packet, packet->vlan))
			return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	}
	return gona_into_spine(skb, spine, slot, GONA_SPINE_CAP, waiting.part);
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
	return gona_to_wire(skb, vif, slot, packet, reason, false, 0);
}

#endif
