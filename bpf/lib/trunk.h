/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In the namespace of a driver domain, between a NIC and the trunk that leads to the hub. The hub's
 * programs decide all; here is what can be done only beside the NIC: queueing, and what is the switch's.
 */
#ifndef GONA_TRUNK_H
#define GONA_TRUNK_H

/* The hub has chosen the class: skb->priority survives bpf_redirect_peer. */
static __always_inline int gona_trunk_to_nic(struct __sk_buff *skb, const struct gona_nic *nic)
{
	return gona_verdict(skb, GONA_V_OVER_TRUNK, bpf_redirect(nic->ifindex, 0));
}

/*
 * The class in the trunk's tree of a unicast frame for a guest; 0, the default class, of all else, and
 * of what the hub will not deliver. - the reason where it is dropped.
 */
GONA_APART int gona_trunk_class(struct __sk_buff *skb, const struct gona_nic *nic, __u32 nic_slot,
				struct gona_packet *packet, __u32 *class)
{
	struct gona_aggregate *aggregate;
	struct gona_station *station;
	struct gona_vif *vif;
	int number, part = 0;

	if (!nic || !packet || !class)
		return -GONA_V_DROP_MALFORMED;
	*class = 0;
	if (gona_mac_is_group(packet->destination))
		return 0;
	station = gona_station_of(nic->fabric, packet->vlan, packet->destination);
	vif = station ? gona_vif_at(station->vif) : NULL;
	aggregate = vif ? gona_aggregate_of(vif) : NULL;
	if (!aggregate)
		return 0;
	number = gona_slice_on(aggregate, nic_slot);
	if (number < 0)
		return 0;
	if (vif->flags & GONA_VIF_PARTS) {
		part = gona_part_in(skb, vif, station->vif, packet, number);
		if (part < 0)
			return part;
	}
	*class = gona_class_of(station->vif, part);
	return 0;
}

/*
 * From the wire to the hub, by the trunk's tree where what comes in is shaped. What is between the
 * switch and the port (LACP, LLDP, pause) stays.
 */
static __always_inline int gona_trunk_from_nic(struct __sk_buff *skb, const struct gona_nic *nic, __u32 slot,
					       struct gona_packet *packet)
{
	__u32 class = 0;
	int failed;

	if (gona_mac_is_link_control(packet->destination))
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);
	if (!(nic->flags & GONA_NIC_SHAPE_IN))
		return gona_verdict(skb, GONA_V_OVER_TRUNK, bpf_redirect_peer(nic->in_ifindex, 0));
	failed = gona_trunk_class(skb, nic, slot, packet, &class);
	if (failed)
		return gona_verdict(skb, -failed, TC_ACT_SHOT);
	skb->priority = class;
	return gona_verdict(skb, GONA_V_OVER_TRUNK, bpf_redirect(nic->in_ifindex, 0));
}

#endif
