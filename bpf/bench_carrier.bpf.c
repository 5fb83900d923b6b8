// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The books of `gona bench failover`: what became of each numbered datagram of the lab's prober.
 * At the hub's NICs, on clsact egress, whether the NIC had its carrier when it was handed the
 * frame; at the receiver's link, that the frame arrived. A frame that a NIC got while it had its
 * carrier and that did not arrive was lost by what is behind the NIC; only one that was handed to
 * a NIC without carrier, or to none, was lost by who chose the NIC.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "gona_maps.h"

/* Enough for 3.2 s at 20,000/s: longer than a cut with all its waiting. A power of two. */
#define BENCH_MEMORY 65536
/* Ethernet without a tag, IPv4 without options, UDP; then struct probe. */
#define PROBE_OFFSET 42
#define PROBE_MAGIC 0x474f4e41 /* "GONA" */

/* The head of packages/lab/src/traffic/probe-datagram.ts. */
struct probe {
	__be32 magic;
	__be32 stream; /* the flow's UDP port */
	__be32 sequence;
};

enum bench_handed {
	BENCH_TO_CARRIER = 1,
	BENCH_TO_DEAD = 2, /* no carrier, or the device is down */
};

struct bench_fate {
	__u32 sequence; /* whose fate this is; an older one's: that datagram was handed to no NIC */
	__u8 handed; /* enum bench_handed */
	__u8 arrived;
	__u16 _pad;
};
_Static_assert(sizeof(struct bench_fate) == 8, "bench_fate");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BENCH_MEMORY);
	__type(key, __u32);
	__type(value, struct bench_fate);
} bench_fates SEC(".maps");

/* As in lib/config.h: the daemon's own map is put in its place at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_NICS);
	__type(key, __u32);
	__type(value, struct gona_nic);
} gona_nics SEC(".maps");

/* The stream that is booked; set at load. */
const volatile __u32 bench_stream = 0;

struct net_device {
	unsigned long state;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct net_device *dev;
} __attribute__((preserve_access_index));

enum netdev_state_t {
	__LINK_STATE_START,
	__LINK_STATE_PRESENT,
	__LINK_STATE_NOCARRIER,
};

static __always_inline struct bench_fate *fate_of(struct __sk_buff *skb, __u32 *sequence)
{
	struct probe probe;
	__u32 index;

	if (bpf_skb_load_bytes(skb, PROBE_OFFSET, &probe, sizeof(probe)))
		return NULL;
	if (probe.magic != bpf_htonl(PROBE_MAGIC) || probe.stream != bpf_htonl(bench_stream))
		return NULL;
	*sequence = bpf_ntohl(probe.sequence);
	index = *sequence & (BENCH_MEMORY - 1);
	return bpf_map_lookup_elem(&bench_fates, &index);
}

static __always_inline bool has_carrier(struct __sk_buff *skb)
{
	unsigned long state = 0, start, no_carrier;
	struct net_device *device = NULL;

	bpf_core_read(&device, sizeof(device), &((struct sk_buff *)skb)->dev);
	bpf_core_read(&state, sizeof(state), &device->state);
	start = 1ULL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_START);
	no_carrier = 1ULL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_NOCARRIER);
	return (state & (start | no_carrier)) == start;
}

/* clsact egress of a NIC of the hub. */
SEC("tc")
int bench_nic_out(struct __sk_buff *skb)
{
	struct bench_fate *fate;
	__u32 sequence;

	fate = fate_of(skb, &sequence);
	if (fate) {
		fate->arrived = 0;
		fate->handed = has_carrier(skb) ? BENCH_TO_CARRIER : BENCH_TO_DEAD;
		fate->sequence = sequence;
	}
	return TC_ACT_UNSPEC;
}

/* clsact ingress of the receiver's link. */
SEC("tc")
int bench_arrival(struct __sk_buff *skb)
{
	struct bench_fate *fate;
	__u32 sequence;

	fate = fate_of(skb, &sequence);
	if (fate && fate->sequence == sequence)
		fate->arrived = 1;
	return TC_ACT_UNSPEC;
}

/*
 * Run once: takes the look at net_device->state away from GONA's programs, so that they go by the
 * controller's gate alone, as whoever acts on link events does.
 */
SEC("tc")
int bench_blind(struct __sk_buff *skb)
{
	struct gona_nic *nic;
	__u32 slot, key;

	for (slot = 0; slot < GONA_MAX_NICS; slot++) {
		key = slot;
		nic = bpf_map_lookup_elem(&gona_nics, &key);
		if (nic)
			nic->netdev = 0;
	}
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
