/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which part of its slice a frame goes to, by the first rule of its vif that matches. */
#ifndef GONA_PART_H
#define GONA_PART_H

/* What a frame is to the queue that it is about to wait in. */
struct gona_waiting {
	__u64 rate; /* of the slice: its limit, bytes/s */
	__u32 part;
	__u32 goal_us; /* of the part; 0: none */
	__u32 vif_goal_us; /* of what no class claims */
	__u32 hash; /* of the flow */
	__u32 slot; /* of the vif */
	__u32 number; /* of the slice */
	__u32 direction; /* enum gona_direction */
	__u32 packets; /* on the wire */
	__u32 bytes;
	__u8 remark_dscp; /* or GONA_KEEP_MARKING */
	__u8 remark_pcp;
	bool lanes; /* bulk flows of REST are spread over them */
	__u8 lane; /* for a flow that turns bulk now */
};

/* As gona_traffic_rule asks for it. */
struct gona_traits {
	__u64 dscp; /* one bit; 0: no IP */
	__u16 from;
	__u16 to;
	__u16 protocol; /* + 1 */
	__u8 pcp; /* one bit; 0: no tag */
	bool ports;
};

/* ESP's SPI and an echo's id stand in packet->ports for the sake of the hash alone. A fragment has none. */
static __always_inline bool gona_knows_ports(const struct gona_packet *packet)
{
	return gona_has_ports(packet->protocol) && packet->protocol != GONA_ESP && !packet->fragment;
}

static __always_inline void gona_traits_of(struct __sk_buff *skb, const struct gona_packet *packet,
					   struct gona_traits *traits)
{
	int tos = gona_tos(skb, packet);

	if (packet->tagged)
		traits->pcp = 1 << (packet->tci >> GONA_PCP_SHIFT);
	if (tos == GONA_NO_IP)
		return;
	traits->dscp = 1ULL << (tos >> 2 & 0x3f);
	traits->protocol = packet->protocol + 1;
	traits->ports = gona_knows_ports(packet);
	traits->from = packet->ports >> 16;
	traits->to = packet->ports;
}

static __always_inline bool gona_in_range(const struct gona_traffic_rule *rule, __u16 port)
{
	return port >= rule->port_from && port <= rule->port_to;
}

static __always_inline bool gona_matches(const struct gona_traffic_rule *rule, const struct gona_traits *traits)
{
	if (rule->dscps && !(rule->dscps & traits->dscp))
		return false;
	if (rule->pcps && !(rule->pcps & traits->pcp))
		return false;
	if (rule->protocol && rule->protocol != traits->protocol)
		return false;
	return !rule->port_from ||
	       (traits->ports && (gona_in_range(rule, traits->from) || gona_in_range(rule, traits->to)));
}

/*
 * The part of a frame that was parsed, of a vif whose slices have parts. Sparse flows are told
 * from the rest later, where there is a goal.
 */
GONA_APART int gona_classify(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
			     const struct gona_packet *packet, struct gona_waiting *waiting)
{
	struct gona_traits traits = {};
	struct gona_traffic_rules *rules;
	struct gona_traffic_part *part;
	int i;

	if (!vif || !packet || !waiting)
		return 0;
	waiting->part = GONA_PART_REST;
	waiting->goal_us = vif->goal_us;
	waiting->vif_goal_us = vif->goal_us;
	waiting->slot = slot;
	waiting->lanes = vif->flags & GONA_VIF_LANES;
	waiting->remark_dscp = GONA_KEEP_MARKING;
	waiting->remark_pcp = GONA_KEEP_MARKING;
	rules = bpf_map_lookup_elem(&gona_traffic_rules, &slot);
	if (!rules)
		return 0;
	gona_traits_of(skb, packet, &traits);
	for (i = 0; i < GONA_MAX_RULES; i++) {
		if (i >= rules->count)
			return 0;
		if (gona_matches(&rules->rules[i], &traits))
			break;
	}
	if (i == GONA_MAX_RULES)
		return 0;
	part = &rules->parts[rules->rules[i].part & (GONA_MAX_PARTS - 1)];
	if (!part->in_use)
		return 0;
	waiting->part = rules->rules[i].part & (GONA_MAX_PARTS - 1);
	waiting->goal_us = part->goal_us;
	waiting->remark_dscp = part->remark_dscp;
	waiting->remark_pcp = part->remark_pcp;
	return 0;
}

/* What a traffic class says anew on the way to the wire; ECN stays. */
GONA_APART int gona_remark(struct __sk_buff *skb, struct gona_packet *packet, const struct gona_waiting *waiting)
{
	int tos;

	if (!packet || !waiting)
		return GONA_V_DROP_MALFORMED;
	if (waiting->remark_dscp != GONA_KEEP_MARKING) {
		tos = gona_tos(skb, packet);
		if (tos != GONA_NO_IP && tos >> 2 != waiting->remark_dscp &&
		    !gona_set_tos(skb, packet, (__u8)(waiting->remark_dscp << 2) | (tos & GONA_ECN_MASK)))
			return GONA_V_DROP_NO_MEMORY;
	}
	if (waiting->remark_pcp != GONA_KEEP_MARKING && !gona_set_pcp(skb, packet, waiting->remark_pcp & 7))
		return GONA_V_DROP_NO_MEMORY;
	return GONA_V_NONE;
}

/* On the way in, where only the Ethernet header may have been parsed; nothing is marked anew. */
static __always_inline void gona_classify_in(struct __sk_buff *skb, const struct gona_vif *vif, __u32 slot,
					     struct gona_packet *packet, struct gona_waiting *waiting)
{
	/* What cannot be parsed has no traits but its tag's. */
	if (!packet->kind && !gona_parse_network_apart(skb, packet))
		packet->kind = GONA_OTHER;
	gona_classify(skb, vif, slot, packet, waiting);
}

#endif
