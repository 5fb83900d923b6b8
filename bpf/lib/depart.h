/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The limit of a slice on a NIC with GONA_NIC_TIMED: each packet is given the time at which it may leave, and the fq on
 * the NIC keeps it until then (after Carousel, Saeed et al. 2017). Nothing is assured, lent or given by weight.
 */
#ifndef GONA_DEPART_H
#define GONA_DEPART_H

static __always_inline void gona_count_departure(__u32 index, __u32 packets, bool marked)
{
	struct gona_slice_counters *counters = bpf_map_lookup_elem(&gona_slice_stats, &index);

	if (!counters)
		return;
	if (marked)
		counters->tx_ce_marks += packets;
	else
		counters->tx_aqm_drops += packets;
}

/*
 * What would wait for longer than a leaf lets wait is dropped, and marked from half of that on: so what path.h reckons
 * of a queue holds here too.
 * `size`: the packet's bytes on the wire, and above 32 bits its segments; `index`: of gona_departures. GONA_V_NONE, or
 * why it is dropped. What is not IP can have no time (the helper's rule): it is counted and leaves at once.
 */
GONA_APART int gona_depart(struct __sk_buff *skb, const struct gona_packet *packet, __u64 rate, __u32 index,
			   __u64 size)
{
	struct gona_departure *departure = bpf_map_lookup_elem(&gona_departures, &index);
	__u64 now, at, ns, horizon;

	if (!packet || !departure || !rate)
		return GONA_V_NONE;
	ns = (size & 0xffffffff) * GONA_NSEC_PER_SEC / rate;
	horizon = GONA_LEAF_BYTES * GONA_NSEC_PER_SEC / rate;
	if (horizon < GONA_LEAF_NS)
		horizon = GONA_LEAF_NS;
	/* Two processors may be here at once: each adds its own, so no time is given twice. */
	now = bpf_ktime_get_ns();
	at = __sync_fetch_and_add(&departure->free_ns, ns);
	if (at < now) {
		__sync_val_compare_and_swap(&departure->free_ns, at + ns, now + ns);
		at = now;
	}
	if (at - now > horizon) {
		__sync_fetch_and_sub(&departure->free_ns, ns);
		gona_count_departure(index, size >> 32, false);
		return GONA_V_DROP_QUEUE;
	}
	if (at - now > horizon / 2 && gona_mark_congestion(skb, packet))
		gona_count_departure(index, size >> 32, true);
	bpf_skb_set_tstamp(skb, at, BPF_SKB_TSTAMP_DELIVERY_MONO);
	return GONA_V_NONE;
}

#endif
