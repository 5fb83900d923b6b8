/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest may send: its VLANs, its MAC, its addresses. */
#ifndef GONA_ADMIT_H
#define GONA_ADMIT_H

#define GONA_DHCP_SERVER 67

/*
 * The segment of a guest's frame, into packet->vlan. Untagged and priority-tagged (VLAN 0): the
 * vif's own. Another tag: only where the vif's own MAC is a station of that VLAN.
 */
static __always_inline bool gona_admit_vlan(const struct gona_vif *vif, __u32 slot, struct gona_packet *packet)
{
	struct gona_station *station;

	if (packet->foreign_tag)
		return false;
	if (!packet->vlan) {
		packet->vlan = vif->vlan;
		return true;
	}
	if (!(vif->flags & GONA_VIF_TRUNK))
		return false;
	if (packet->vlan == vif->vlan)
		return true;
	station = gona_station_of(vif->fabric, packet->vlan, gona_mac_load(vif->mac));
	return station && station->vif == slot;
}

static __always_inline enum gona_verdict gona_admit_mac(struct __sk_buff *skb, const struct gona_vif *vif,
							struct gona_packet *packet)
{
	__u64 own = gona_mac_load(vif->mac);

	if (packet->source != own || (packet->kind == GONA_ARP && packet->arp_sender != own))
		return GONA_V_DROP_SPOOFED_MAC;
	if (packet->nd_type)
		return gona_nd_options(skb, packet, own, 0);
	return GONA_V_NONE;
}

/* fe80::/64 with the interface id made of the MAC: every guest may use it without it being listed. */
static __always_inline bool gona_is_link_local_of(const __be32 address[4], __u64 mac)
{
	__u64 number = gona_mac_number(mac);

	return address[0] == bpf_htonl(0xfe800000) && !address[1] &&
	       address[2] == bpf_htonl((__u32)(number >> 24 << 8 ^ 0x020000ff)) &&
	       address[3] == bpf_htonl(0xfe000000 | (number & 0xffffff));
}

static __always_inline bool gona_owns(const struct gona_vif *vif, __u32 slot, __u16 vlan, __u8 kind,
				      const __be32 address[4])
{
	__u32 *owner = gona_owner_of(vif->fabric, vlan, kind, address);

	if (owner && *owner == slot)
		return true;
	return kind == GONA_IPV6 && gona_is_link_local_of(address, gona_mac_load(vif->mac));
}

/* Without an address yet: DHCP, ARP probes, duplicate address detection, MLD. */
static __always_inline bool gona_is_unspecified_rightly(const struct gona_packet *packet)
{
	switch (packet->kind) {
	case GONA_IPV4:
		return !packet->from[3] && packet->protocol == IPPROTO_UDP &&
		       (packet->ports & 0xffff) == GONA_DHCP_SERVER;
	case GONA_ARP:
		return !packet->from[3];
	}
	return !(packet->from[0] | packet->from[1] | packet->from[2] | packet->from[3]) &&
	       packet->protocol == GONA_ICMP6 && !packet->fragment;
}

GONA_APART int gona_admit_ip(const struct gona_vif *vif, __u32 slot, const struct gona_packet *packet)
{
	if (!vif || !packet)
		return false;
	if (!gona_is_unspecified_rightly(packet) && !gona_owns(vif, slot, packet->vlan, packet->kind, packet->from))
		return false;
	return packet->nd_type != GONA_ND_ADVERT ||
	       gona_owns(vif, slot, packet->vlan, GONA_IPV6, packet->nd_target);
}

/* GONA_V_NONE: welcome. */
static __always_inline enum gona_verdict gona_admit(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
						    struct gona_packet *packet)
{
	enum gona_verdict refused;

	if (!gona_admit_vlan(vif, slot, packet))
		return GONA_V_DROP_VLAN;
	if (gona_mac_is_link_control(packet->destination))
		return GONA_V_DROP_LINK_CONTROL;
	if (vif->flags & GONA_VIF_CHECK_MAC) {
		refused = gona_admit_mac(skb, vif, packet);
		if (refused)
			return refused;
	}
	if ((vif->flags & GONA_VIF_CHECK_IP) && packet->kind != GONA_OTHER && !gona_admit_ip(vif, slot, packet))
		return GONA_V_DROP_SPOOFED_IP;
	return GONA_V_NONE;
}

#endif
