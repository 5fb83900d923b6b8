/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast and multicast: one copy to each guest of the segment, and one to the wire or the host.
 * A question for one guest's address goes to that guest alone.
 */
#ifndef GONA_FLOOD_H
#define GONA_FLOOD_H

#define GONA_NOBODY 0xffffffff
#define GONA_TO_WIRE_TOO 256 /* no TC_ACT_* */

/* Bits: NIC slots. Each NIC is asked once per packet, not once per guest. */
struct gona_nics_seen {
	__u64 known;
	__u64 living;
};

struct gona_flood {
	struct __sk_buff *skb;
	struct gona_segment *segment;
	struct gona_nics_seen seen;
	__u32 sender; /* vif slot that gets no copy, or GONA_NOBODY */
	__u32 nic; /* slot that it came in by, or GONA_NOBODY */
	__u16 vlan;
	bool lag;
	bool tagged; /* the form that the frame has now */
	bool others; /* some guest wants it in the other form: with a tag, or without */
	__u32 spine; /* ifindex: the copies wait there, each as its receiver's; 0: none */
};

/* The NIC of gona_home_slice(); GONA_NOBODY: none. */
GONA_APART int gona_home_nic(const struct gona_aggregate *aggregate, struct gona_nics_seen *seen)
{
	__u32 first = GONA_NOBODY;
	int i;

	if (!aggregate || !seen)
		return GONA_NOBODY;
	for (i = 0; i < GONA_MAX_SLICES; i++) {
		__u32 nic = aggregate->slices[i].nic & (GONA_MAX_NICS - 1);
		__u64 bit = 1ULL << nic;

		if (!aggregate->slices[i].in_use)
			continue;
		if (!(seen->known & bit)) {
			seen->known |= bit;
			if (gona_nic_lives(nic))
				seen->living |= bit;
		}
		if (seen->living & bit)
			return nic;
		if (first == GONA_NOBODY)
			first = nic;
	}
	return first;
}

/* May this vif hear what came in by this NIC? */
static __always_inline bool gona_hears(struct gona_flood *flood, struct gona_vif *vif)
{
	struct gona_aggregate *aggregate;

	if (flood->nic == GONA_NOBODY)
		return true;
	if (vif->flags & GONA_VIF_STOPPED)
		return false;
	if (flood->lag)
		return true;
	aggregate = gona_aggregate_of(vif);
	return aggregate && (__u32)gona_home_nic(aggregate, &flood->seen) == flood->nic;
}

/* A copy is not looked into for each guest: it rides with what no traffic class claims. */
static __always_inline __u32 gona_part_of_copy(const struct gona_vif *vif)
{
	return vif->flags & GONA_VIF_PARTS ? GONA_PART_REST : 0;
}

static long gona_flood_one(__u32 index, struct gona_flood *flood)
{
	struct gona_vif *vif;
	__u32 slot;

	if (index >= GONA_MAX_VIFS)
		return 1;
	slot = flood->segment->vifs[index];
	if (slot == flood->sender)
		return 0;
	vif = gona_vif_at(slot);
	if (!vif || !gona_hears(flood, vif))
		return 0;
	if (flood->tagged != (gona_tag_at(vif, flood->vlan) != 0)) {
		flood->others = true;
		return 0;
	}
	if (flood->spine)
		gona_mark_for_spine(flood->skb, slot, GONA_SPINE_IN, gona_part_of_copy(vif));
	bpf_clone_redirect(flood->skb, flood->spine ? flood->spine : vif->ifindex, 0);
	return 0;
}

static __always_inline void gona_flood_form(struct gona_flood *flood)
{
	__u32 count = flood->segment->count;

	flood->others = false;
	bpf_loop(count < GONA_MAX_VIFS ? count : GONA_MAX_VIFS, gona_flood_one, flood, 0);
}

/*
 * Guests of access VLANs see no tag, trunk guests one: first the copies in the form the frame has,
 * then, where somebody wants it, those in the other. Leaves the frame tagged for the segment.
 */
static __always_inline bool gona_flood_segment(struct gona_flood *flood, struct gona_packet *packet)
{
	__u16 vlan = flood->vlan;

	/* VLAN 0 has one form; a priority tag may stay. */
	flood->tagged = vlan && packet->tagged && (packet->tci & GONA_VLAN_ID);
	if (flood->segment) {
		gona_flood_form(flood);
		if (flood->others) {
			flood->tagged = !flood->tagged;
			if (!gona_set_tag(flood->skb, packet, flood->tagged ? vlan : 0))
				return false;
			gona_flood_form(flood);
		}
	}
	return gona_set_tag(flood->skb, packet, vlan);
}

/* A question for the one vif that can answer. */
static __always_inline int gona_deliver_question(struct __sk_buff *skb, const struct gona_vif *vif,
						 struct gona_packet *packet)
{
	if (!gona_set_tag(skb, packet, gona_tag_at(vif, packet->vlan)))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	return gona_verdict(skb, GONA_V_DIRECTED_ARP, gona_deliver(skb, vif));
}

/* The guest that can answer a question of this guest; NULL: it is for all. */
static __always_inline struct gona_vif *gona_asked_by(const struct gona_vif *vif, __u32 slot,
						      const struct gona_packet *packet)
{
	__u32 *owner = gona_asked_for(vif->fabric, packet);

	return owner && *owner != slot ? gona_vif_at(*owner) : NULL;
}

/*
 * What a guest shouts, to the guests of this host alone: out of the spine LOCAL, where it waited
 * once, however many hear it.
 */
GONA_APART int gona_flood_local(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
				struct gona_packet *packet)
{
	struct gona_flood flood = {
		.skb = skb,
		.sender = slot,
		.nic = GONA_NOBODY,
	};
	struct gona_vif *asked;

	if (!vif || !packet)
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	asked = gona_asked_by(vif, slot, packet);
	if (asked)
		return gona_deliver_question(skb, asked, packet);
	flood.vlan = packet->vlan;
	flood.segment = gona_segment_of(vif->fabric, packet->vlan);
	if (!gona_flood_segment(&flood, packet))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	return gona_verdict(skb, GONA_V_FLOOD_LOCAL, TC_ACT_SHOT);
}

/*
 * The same for a vif with a limit for guests of this host: its copy for them waits in the spine
 * LOCAL, the wire's goes on.
 */
static __always_inline int gona_flood_capped(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
					     struct gona_packet *packet, __u32 spine)
{
	__u32 part = gona_part_of_copy(vif);

	if (gona_asked_by(vif, slot, packet))
		return gona_into_spine(skb, spine, slot, GONA_SPINE_LOCAL, part);
	if (gona_segment_of(vif->fabric, packet->vlan)) {
		gona_mark_for_spine(skb, slot, GONA_SPINE_LOCAL, part);
		bpf_clone_redirect(skb, spine, 0);
		skb->mark = 0;
	}
	return GONA_TO_WIRE_TOO;
}

/*
 * To the guests of this host. Returns the action, or GONA_TO_WIRE_TOO: the wire's copy is what is
 * left. It is the last, as it may be rewritten, and local guests want the guest's own MAC.
 */
GONA_APART int gona_flood_from_guest(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
				     struct gona_packet *packet)
{
	struct gona_flood flood = {
		.skb = skb,
		.sender = slot,
		.nic = GONA_NOBODY,
	};
	struct gona_vif *asked;
	__u32 spine;

	if (!vif || !packet)
		return gona_verdict(skb, GONA_V_DROP_MALFORMED, TC_ACT_SHOT);
	if (vif->flags & GONA_VIF_LOCAL_CAPPED) {
		spine = gona_spine_of(skb, GONA_SPINE_LOCAL);
		if (spine)
			return gona_flood_capped(skb, vif, slot, packet, spine);
	}
	flood.vlan = packet->vlan;
	asked = gona_asked_by(vif, slot, packet);
	if (asked)
		return gona_deliver_question(skb, asked, packet);
	flood.segment = gona_segment_of(vif->fabric, packet->vlan);
	if (!gona_flood_segment(&flood, packet))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	return GONA_TO_WIRE_TOO;
}

GONA_APART int gona_flood_from_wire(struct __sk_buff *skb, const struct gona_nic *nic, __u32 slot,
				    struct gona_packet *packet)
{
	struct gona_flood flood = {
		.skb = skb,
		.sender = GONA_NOBODY,
		.nic = slot,
	};
	struct gona_vif *asked;
	__u32 mark, priority;
	__u32 *owner;

	if (!nic || !packet)
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);
	flood.vlan = packet->vlan;
	flood.lag = nic->flags & GONA_NIC_LAG;
	if (gona_mac_is_link_control(packet->destination))
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);
	if (gona_station_of(nic->fabric, packet->vlan, packet->source))
		return gona_verdict(skb, GONA_V_DROP_REFLECTION, TC_ACT_SHOT);
	if (nic->flags & GONA_NIC_APART)
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);

	/* What cannot be parsed is no question. */
	if (gona_parse_network_apart(skb, packet)) {
		gona_note_neighbour(nic->fabric, packet);
		owner = gona_asked_for(nic->fabric, packet);
		asked = owner ? gona_vif_at(*owner) : NULL;
		if (asked) {
			if (asked->flags & GONA_VIF_STOPPED)
				return gona_verdict(skb, GONA_V_DROP_STOPPED, TC_ACT_SHOT);
			if (!gona_hears(&flood, asked))
				return gona_verdict(skb, GONA_V_DROP_WRONG_NIC, TC_ACT_SHOT);
			return gona_deliver_question(skb, asked, packet);
		}
	}
	flood.segment = gona_segment_of(nic->fabric, packet->vlan);
	if (!flood.segment)
		return gona_verdict(skb, GONA_V_PASS_FOREIGN, TC_ACT_UNSPEC);
	if ((nic->flags & (GONA_NIC_SHAPE_IN | GONA_NIC_PEER)) == GONA_NIC_SHAPE_IN)
		flood.spine = gona_spine_at(skb, nic->in_ifindex);
	mark = skb->mark;
	priority = skb->priority;
	if (!gona_flood_segment(&flood, packet))
		return gona_verdict(skb, GONA_V_DROP_NO_MEMORY, TC_ACT_SHOT);
	if (flood.spine) {
		skb->mark = mark;
		skb->priority = priority;
	}
	return gona_verdict(skb, GONA_V_FLOOD_FROM_WIRE, TC_ACT_UNSPEC);
}

#endif
