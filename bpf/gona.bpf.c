// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The data path of GONA, in the hub and in the namespaces of driver domains. Seven programs:
 *
 *   gona_from_guest   tc ingress of a vif: admit, then to a guest of this host, to everyone, or to
 *                     the NIC that the flow's bucket names
 *   gona_from_wire    tc ingress of a NIC, or of the hub's end of its trunk: to the guest that the
 *                     destination MAC names, or pass
 *   gona_from_spine   tc ingress of a spine's far end: on to where the frame waited for
 *   gona_from_macvtap tc egress of a macvtap, which its guest sends by: admit, and choose the class
 *   gona_to_nic       tc ingress of a trunk's end in a domain: out of the NIC, in the class it came with
 *   gona_from_nic     tc ingress of a NIC in a domain: over the trunk to the hub
 *   gona_resolve_nic  run once per NIC by the controller: finds the NIC's net_device
 *
 * A filter's classid is its slot + 1, so a program knows its vif or NIC without a look-up.
 * Whatever GONA has no configuration for passes untouched (TC_ACT_UNSPEC: later filters still see
 * it); a known guest's packet with nowhere to go is dropped. Both are counted, by gona_verdict().
 * Floor: Linux 6.1, clang 14.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "gona_maps.h"
#include "lib/config.h"
#include "lib/verdict.h"
#include "lib/spine.h"
#include "lib/mac.h"
#include "lib/packet.h"
#include "lib/ethernet.h"
#include "lib/layer4.h"
#include "lib/ip.h"
#include "lib/arp.h"
#include "lib/parse.h"
#include "lib/nd.h"
#include "lib/hash.h"
#include "lib/station.h"
#include "lib/admit.h"
#include "lib/nic.h"
#include "lib/slice.h"
#include "lib/tag.h"
#include "lib/marking.h"
#include "lib/part.h"
#include "lib/account.h"
#include "lib/seen.h"
#include "lib/peer.h"
#include "lib/flow.h"
#include "lib/lane.h"
#include "lib/latency.h"
#include "lib/neighbour.h"
#include "lib/rewrite.h"
#include "lib/deliver.h"
#include "lib/path.h"
#include "lib/depart.h"
#include "lib/to_wire.h"
#include "lib/flood.h"
#include "lib/from_spine.h"
#include "lib/trunk.h"
#include "lib/macvtap.h"
#include "lib/resolve.h"

SEC("tc")
int gona_from_guest(struct __sk_buff *skb)
{
	struct gona_packet packet = {};
	enum gona_verdict refused;
	enum gona_verdict reason = GONA_V_TO_WIRE;
	struct gona_vif *vif, *receiver = NULL;
	struct gona_station *station = NULL;
	__u32 slot, spine;
	int action;

	vif = gona_vif_of(skb, &slot);
	if (!vif)
		return gona_verdict(skb, GONA_V_PASS_UNKNOWN_LINK, TC_ACT_UNSPEC);

	if (!gona_parse(skb, &packet))
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	refused = gona_admit(skb, vif, slot, &packet);
	if (refused)
		return gona_verdict(skb, refused, TC_ACT_SHOT);

	if (gona_mac_is_group(packet.destination)) {
		action = gona_flood_from_guest(skb, vif, slot, &packet);
		if (action != GONA_TO_WIRE_TOO)
			return action;
		reason = GONA_V_FLOOD_FROM_GUEST;
	} else {
		station = gona_station_of(vif->fabric, packet.vlan, packet.destination);
		receiver = station ? gona_vif_at(station->vif) : NULL;
	}
	if (receiver) {
		if (vif->flags & GONA_VIF_LOCAL_CAPPED) {
			spine = gona_spine_of(skb, GONA_SPINE_LOCAL);
			if (spine)
				return gona_into_local(skb, vif, slot, &packet, spine);
		}
		return gona_deliver_local(skb, slot, receiver, station, &packet);
	}

	return gona_leave(skb, vif, slot, &packet, reason);
}

SEC("tc")
int gona_from_wire(struct __sk_buff *skb)
{
	struct gona_packet packet = {};
	struct gona_station *station;
	struct gona_nic *nic;
	__u32 slot;

	nic = gona_nic_of(skb, &slot);
	if (!nic)
		return gona_verdict(skb, GONA_V_PASS_UNKNOWN_LINK, TC_ACT_UNSPEC);

	/* What is wrong with a frame for the host is the host's to judge. */
	if (!gona_parse_ethernet(skb, &packet) || packet.foreign_tag)
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);

	if (gona_mac_is_group(packet.destination))
		return gona_flood_from_wire(skb, nic, slot, &packet);

	station = gona_station_of(nic->fabric, packet.vlan, packet.destination);
	if (!station)
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);

	return gona_deliver_from_wire(skb, nic, slot, station, &packet);
}

/* Nothing but what the other programs sent into a spine belongs on it: the rest is dropped. */
SEC("tc")
int gona_from_spine(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	__u32 slot = (mark & GONA_SPINE_SLOT_MASK) - 1;
	struct gona_vif *vif = gona_vif_at(slot);

	if (!vif)
		return gona_verdict(skb, GONA_V_DROP_STRAY, TC_ACT_SHOT);
	skb->mark = 0;
	switch (mark >> GONA_SPINE_SHIFT & GONA_SPINE_KIND_MASK) {
	case GONA_SPINE_IN:
		return gona_verdict(skb, GONA_V_TO_GUEST, gona_deliver(skb, vif));
	case GONA_SPINE_CAP:
		return gona_from_cap(skb, vif, slot, mark);
	case GONA_SPINE_LOCAL:
		return gona_from_local(skb, vif, slot);
	}
	return gona_verdict(skb, GONA_V_DROP_STRAY, TC_ACT_SHOT);
}

/* A guest whose slot was cleared has lost its place on the NIC. */
SEC("tc")
int gona_from_macvtap(struct __sk_buff *skb)
{
	struct gona_packet packet = {};
	enum gona_verdict refused;
	struct gona_vif *vif;
	__u32 slot;

	vif = gona_vif_of(skb, &slot);
	if (!vif || !(vif->flags & GONA_VIF_MACVTAP))
		return gona_verdict(skb, GONA_V_DROP_STRAY, TC_ACT_SHOT);
	if (!gona_parse(skb, &packet))
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	refused = gona_admit(skb, vif, slot, &packet);
	if (refused)
		return gona_verdict(skb, refused, TC_ACT_SHOT);
	return gona_by_macvtap(skb, vif, slot, &packet);
}

/* A trunk whose NIC's slot was cleared carries nothing any more. */
SEC("tc")
int gona_to_nic(struct __sk_buff *skb)
{
	struct gona_nic *nic;
	__u32 slot;

	nic = gona_nic_of(skb, &slot);
	if (!nic)
		return gona_verdict(skb, GONA_V_DROP_STRAY, TC_ACT_SHOT);
	return gona_trunk_to_nic(skb, nic);
}

SEC("tc")
int gona_from_nic(struct __sk_buff *skb)
{
	struct gona_packet packet = {};
	struct gona_nic *nic;
	__u32 slot;

	nic = gona_nic_of(skb, &slot);
	if (!nic || !gona_parse_ethernet(skb, &packet))
		return gona_verdict(skb, GONA_V_PASS_UNKNOWN_LINK, TC_ACT_UNSPEC);
	return gona_trunk_from_nic(skb, nic, slot, &packet);
}

SEC("tc")
int gona_resolve_nic(struct __sk_buff *skb)
{
	return gona_resolve(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
