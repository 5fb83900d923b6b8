/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VLAN tags on the way out of the program. */
#ifndef GONA_TAG_H
#define GONA_TAG_H

GONA_APART int gona_change_tag(struct __sk_buff *skb, struct gona_packet *packet, __u16 vlan)
{
	if (!packet)
		return false;
	if (packet->tagged) {
		if (bpf_skb_vlan_pop(skb))
			return false;
		packet->tagged = false;
		if (packet->in_frame) {
			packet->in_frame = false;
			packet->l3 -= GONA_VLAN_TAG;
			packet->l4 -= packet->l4 ? GONA_VLAN_TAG : 0;
		}
	}
	if (vlan) {
		packet->tci = (packet->tci & ~GONA_VLAN_ID) | vlan;
		packet->tagged = true;
		return !bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), packet->tci);
	}
	return true;
}

/*
 * Makes the frame carry the tag of `vlan`, with the priority it came with; 0: no tag (one of VLAN 0,
 * which is a priority alone, may stay). False: no memory. Pointers into the packet are void after.
 */
static __always_inline bool gona_set_tag(struct __sk_buff *skb, struct gona_packet *packet, __u16 vlan)
{
	__u16 present = packet->tagged ? packet->tci & GONA_VLAN_ID : 0;

	return present == vlan || gona_change_tag(skb, packet, vlan);
}

/* The tag that a vif sees: none in its own VLAN. */
static __always_inline __u16 gona_tag_at(const struct gona_vif *vif, __u16 vlan)
{
	return vlan == vif->vlan ? 0 : vlan;
}

#endif
