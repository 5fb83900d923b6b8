/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A guest with a macvtap: its frames go to their NIC by themselves, and need no more than a class. */
#ifndef GONA_MACVTAP_H
#define GONA_MACVTAP_H

/*
 * Macvlan hands a frame to its NIC with dev_queue_xmit() as it is, priority and all. Whatever the priority was is
 * replaced: it would name a class of any guest.
 */
static __always_inline int gona_by_macvtap(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
					   struct gona_packet *packet)
{
	struct gona_aggregate *aggregate = gona_aggregate_of((struct gona_vif *)vif);
	struct gona_choice choice = {};
	struct gona_wire wire;

	if (!aggregate)
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	/* Every bucket points to its one slice. */
	choice.number = aggregate->buckets[0] & (GONA_MAX_SLICES - 1);
	if (!aggregate->slices[choice.number].in_use)
		return gona_verdict(skb, GONA_V_DROP_NO_SLICE, TC_ACT_SHOT);
	skb->priority = gona_class_of(slot, 0);
	gona_measure(skb, packet, &wire);
	gona_count_tx(slot, &choice, &wire);
	return gona_verdict(skb, GONA_V_BY_MACVTAP, TC_ACT_UNSPEC);
}

#endif
