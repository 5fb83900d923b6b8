/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a frame that was admitted before does when it comes out of a spine. */
#ifndef GONA_FROM_SPINE_H
#define GONA_FROM_SPINE_H

/*
 * A guest's frame once more. It was admitted before it waited, and by then may have got the tag
 * that the wire wants: so its VLAN is what the tag says, else the vif's own.
 */
static __always_inline bool gona_parse_again(struct __sk_buff *skb, const struct gona_vif *vif,
					     struct gona_packet *packet)
{
	if (!gona_parse(skb, packet))
		return false;
	if (!packet->vlan)
		packet->vlan = vif->vlan;
	return true;
}

/* To the wire, now within the cap. */
GONA_APART int gona_from_cap(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot, __u32 mark)
{
	struct gona_packet packet = {};
	__u32 part = mark >> GONA_SPINE_PART_SHIFT & GONA_SPINE_PART_MASK;

	if (!vif || !gona_parse_again(skb, vif, &packet))
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (mark & GONA_MARK_QUEUED)
		part |= GONA_QUEUED;
	return gona_to_wire(skb, vif, slot, &packet,
			    gona_mac_is_group(packet.destination) ? GONA_V_FLOOD_FROM_GUEST : GONA_V_TO_WIRE,
			    true, part, mark >> GONA_MARK_NUMBER_SHIFT & (GONA_MAX_SLICES - 1));
}

/* To a guest of this host, now within the sender's limit for that. */
GONA_APART int gona_from_local(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot)
{
	struct gona_packet packet = {};
	struct gona_station *station;
	struct gona_vif *receiver;

	if (!vif || !gona_parse_again(skb, vif, &packet))
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (gona_mac_is_group(packet.destination))
		return gona_flood_local(skb, vif, slot, &packet);
	station = gona_station_of(vif->fabric, packet.vlan, packet.destination);
	receiver = station ? gona_vif_at(station->vif) : NULL;
	if (!receiver)
		return gona_verdict(skb, GONA_V_DROP_STRAY, TC_ACT_SHOT);
	return gona_deliver_local(skb, slot, receiver, station, &packet);
}

#endif
