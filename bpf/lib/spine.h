/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Into a spine and out of it again. The hop between its two ends clears skb->priority and keeps
 * skb->mark, which tells gona_from_spine whose frame it is, for what it waited, and in which part.
 */
#ifndef GONA_SPINE_H
#define GONA_SPINE_H

#define GONA_SPINE_SLOT_MASK 0xffff
#define GONA_SPINE_KIND_MASK 0xf
#define GONA_SPINE_PART_MASK 0xf /* lanes are parts */

/* The class of a vif, the same minor in every tree; plus the part, where the tree has parts. */
static __always_inline __u32 gona_class_of(__u32 slot, __u32 part)
{
	__u32 minor = GONA_MAX_PARTS * (slot + 1) + part;

	if (part > GONA_PART_REST)
		minor = GONA_LANE_MINOR + GONA_LANES * slot + part - GONA_PART_REST;
	return (__u32)GONA_HTB_MAJOR << 16 | minor;
}

/* What skb->priority names for a part of the slice whose own class is `classid`. */
static __always_inline __u32 gona_part_class(__u32 classid, __u32 slot, __u32 part)
{
	return part > GONA_PART_REST ? gona_class_of(slot, part) : classid + part;
}

static __always_inline void gona_mark_for_spine(struct __sk_buff *skb, __u32 slot, enum gona_spine kind, __u32 part)
{
	skb->mark = (slot + 1) | (__u32)kind << GONA_SPINE_SHIFT | part << GONA_SPINE_PART_SHIFT;
	skb->priority = gona_class_of(slot, part);
}

static __always_inline int gona_into_spine(struct __sk_buff *skb, __u32 ifindex, __u32 slot, enum gona_spine kind,
					   __u32 part)
{
	gona_mark_for_spine(skb, slot, kind, part);
	return gona_verdict(skb, GONA_V_TO_SPINE, bpf_redirect(ifindex, 0));
}

/*
 * Where to send what waits in a spine of the host. 0: there is none, and the frame goes on without
 * it, counted: a half-made state shapes too little rather than lose traffic.
 */
static __always_inline __u32 gona_spine_at(struct __sk_buff *skb, __u32 ifindex)
{
	if (!ifindex)
		gona_verdict(skb, GONA_V_PAST_SPINE, 0);
	return ifindex;
}

static __always_inline __u32 gona_spine_of(struct __sk_buff *skb, __u32 kind)
{
	struct gona_spine_end *end = bpf_map_lookup_elem(&gona_spines, &kind);

	return gona_spine_at(skb, end ? end->ifindex : 0);
}

#endif
