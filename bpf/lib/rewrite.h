/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* MACs of slices outside, the vif's own MAC inside. */
#ifndef GONA_REWRITE_H
#define GONA_REWRITE_H

/* False: the frame is shorter than it was (never). */
static __always_inline bool gona_write_mac(struct __sk_buff *skb, __u32 offset, __u64 mac)
{
	void *at = gona_data(skb) + (offset & 0x3f);

	if (at + ETH_ALEN > gona_end(skb))
		return false;
	gona_mac_store(at, mac);
	return true;
}

#define GONA_AT_DESTINATION 0
#define GONA_AT_SOURCE 6
#define GONA_AT_ARP_SENDER 8 /* from the ARP header */
#define GONA_AT_ARP_TARGET 18

/* What others would learn from an ARP or ND packet, so that it agrees with the Ethernet source. */
GONA_APART int gona_rewrite_neighbour(struct __sk_buff *skb, struct gona_packet *packet, __u64 own, __u64 outside)
{
	if (!packet)
		return GONA_V_DROP_MALFORMED;
	if (packet->nd_type)
		return gona_nd_options(skb, packet, own, outside);
	if (packet->arp_sender == own && !gona_write_mac(skb, packet->l3 + GONA_AT_ARP_SENDER, outside))
		return GONA_V_DROP_MALFORMED;
	/* RARP asks about itself; ARP's target is never the sender, but for some announcements. */
	if (packet->arp_target == own && !gona_write_mac(skb, packet->l3 + GONA_AT_ARP_TARGET, outside))
		return GONA_V_DROP_MALFORMED;
	return GONA_V_NONE;
}

/*
 * On the way out by a slice. The Ethernet source is written whatever it was: with spoofing allowed,
 * a foreign MAC must not show up on several ports of the switch either.
 */
static __always_inline enum gona_verdict gona_rewrite_out(struct __sk_buff *skb, const struct gona_vif *vif,
							  const struct gona_slice *slice, struct gona_packet *packet)
{
	__u64 outside = gona_mac_load(slice->mac);
	enum gona_verdict failed;

	if (packet->kind == GONA_ARP || packet->nd_type) {
		failed = gona_rewrite_neighbour(skb, packet, gona_mac_load(vif->mac), outside);
		if (failed)
			return failed;
	}
	return gona_write_mac(skb, GONA_AT_SOURCE, outside) ? GONA_V_NONE : GONA_V_DROP_MALFORMED;
}

/* On the way in: what was sent to a slice's MAC becomes the vif's own, in ARP's target too. */
static __always_inline bool gona_rewrite_in(struct __sk_buff *skb, const struct gona_vif *vif,
					    struct gona_packet *packet)
{
	__u64 own = gona_mac_load(vif->mac);

	if (packet->ethertype == ETH_P_ARP && (packet->kind || gona_parse_network_apart(skb, packet)) &&
	    packet->kind == GONA_ARP) {
		gona_note_neighbour(vif->fabric, packet);
		if (packet->arp_target == packet->destination)
			gona_write_mac(skb, packet->l3 + GONA_AT_ARP_TARGET, own);
	}
	return gona_write_mac(skb, GONA_AT_DESTINATION, own);
}

#endif
