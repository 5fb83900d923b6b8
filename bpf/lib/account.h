/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes and packets of a slice as the wire carries them: every GSO segment with its own headers. */
#ifndef GONA_ACCOUNT_H
#define GONA_ACCOUNT_H

#define GONA_UDP_HEADER 8

struct gona_wire {
	__u32 packets;
	__u32 bytes;
};

/* A GSO packet: parsed by gona_parse(), or not at all where it came from the wire. */
GONA_APART int gona_wire_segments(struct __sk_buff *skb, struct gona_packet *packet, struct gona_wire *wire)
{
	__u32 size = skb->gso_size, segments = skb->gso_segs;
	__u32 header;
	__u8 offset = 0;

	if (!packet || !wire || !size)
		return 0;
	if (!packet->l4 && !gona_parse_network_apart(skb, packet))
		return 0;
	header = packet->l4 + (skb->vlan_present ? GONA_VLAN_TAG : 0);
	if (packet->protocol == IPPROTO_TCP) {
		bpf_skb_load_bytes(skb, packet->l4 + 12, &offset, sizeof(offset));
		header += (offset >> 4) * 4;
	} else {
		header += GONA_UDP_HEADER;
	}
	/* A tap's packets come with a size and no count. */
	if (!segments && skb->len > header)
		segments = (skb->len - header + size - 1) / size;
	if (segments > 1) {
		wire->packets = segments;
		wire->bytes += (segments - 1) * header;
	}
	return 0;
}

static __always_inline void gona_measure(struct __sk_buff *skb, struct gona_packet *packet, struct gona_wire *wire)
{
	wire->packets = 1;
	wire->bytes = skb->len + (skb->vlan_present ? GONA_VLAN_TAG : 0);
	if (skb->gso_size)
		gona_wire_segments(skb, packet, wire);
}

static __always_inline struct gona_slice_counters *gona_counters_of(__u32 vif_slot, __u32 number)
{
	__u32 index = vif_slot * GONA_MAX_SLICES + number;

	return bpf_map_lookup_elem(&gona_slice_stats, &index);
}

static __always_inline void gona_count_tx(__u32 slot, const struct gona_choice *choice, const struct gona_wire *wire)
{
	struct gona_slice_counters *counters = gona_counters_of(slot, choice->number);

	if (counters) {
		counters->tx_bytes += wire->bytes;
		counters->tx_packets += wire->packets;
	}
	if (!choice->failed)
		return;
	counters = gona_counters_of(slot, choice->first);
	if (counters)
		counters->failovers++;
}

static __always_inline void gona_count_tx_drop(__u32 slot, __u32 number)
{
	struct gona_slice_counters *counters = gona_counters_of(slot, number);

	if (counters)
		counters->tx_drops++;
}

static __always_inline void gona_count_rx(__u32 slot, __u32 number, const struct gona_wire *wire)
{
	struct gona_slice_counters *counters = gona_counters_of(slot, number);

	if (counters) {
		counters->rx_bytes += wire->bytes;
		counters->rx_packets += wire->packets;
	}
}

/* What active queue management did to a packet: `marked`, or dropped. */
static __always_inline void gona_count_told(const struct gona_waiting *waiting, bool marked)
{
	struct gona_slice_counters *counters = gona_counters_of(waiting->slot, waiting->number);

	if (!counters)
		return;
	if (waiting->direction == GONA_TX) {
		if (marked)
			counters->tx_ce_marks += waiting->packets;
		else
			counters->tx_aqm_drops += waiting->packets;
	} else {
		if (marked)
			counters->rx_ce_marks += waiting->packets;
		else
			counters->rx_aqm_drops += waiting->packets;
	}
}

#endif
