/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Out by one of the guest's slices. */
#ifndef GONA_TO_WIRE_H
#define GONA_TO_WIRE_H

/* `reason`: of a packet that leaves by its first choice. */
static __always_inline int gona_to_wire(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
					struct gona_packet *packet, enum gona_verdict reason)
{
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
	if (!gona_set_tag(skb, packet, packet->vlan))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);

	gona_measure(skb, packet, &wire);
	gona_count_tx(slot, &choice, &wire);
	if (choice.number != choice.first)
		reason = GONA_V_TO_WIRE_FAILOVER;
	skb->priority = choice.slice->classid;
	if (choice.nic->flags & GONA_NIC_PEER)
		return gona_verdict(skb, reason, bpf_redirect_peer(choice.nic->out_ifindex, 0));
	return gona_verdict(skb, reason, bpf_redirect(choice.nic->out_ifindex, 0));
}

/* To the wire, by way of the cap over all NICs where the vif has one. */
static __always_inline int gona_leave(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
				      struct gona_packet *packet, enum gona_verdict reason)
{
	__u32 ifindex = 0;

	if (vif->flags & GONA_VIF_CAPPED)
		ifindex = gona_spine_of(skb, GONA_SPINE_CAP);
	if (ifindex)
		return gona_into_spine(skb, ifindex, slot, GONA_SPINE_CAP, 0);
	return gona_to_wire(skb, vif, slot, packet, reason);
}

#endif
