// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tells the daemon of a NIC's loss when it happens. The kernel holds link-down events back, for a
 * second or for as long as it takes to stop a thousand queues (net/core/link_watch.c), and the
 * switches cannot be told before the daemon knows. So a timer looks at what the packet path looks
 * at, and writes into a ring buffer what has changed. It costs the daemon nothing at rest.
 *
 * The timer ends with the last file descriptor of its map, that is with the daemon.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "gona_maps.h"

#define GONA_APART __attribute__((noinline))
#define CLOCK_MONOTONIC 1

/* Between two looks, ns: a tenth of the time in which all are to be told. A look is 64 array look-ups. */
#define GONA_LOOK_NS 10000000ULL

enum gona_carrier_seen {
	GONA_SEEN_NOTHING, /* no such NIC, or never resolved */
	GONA_SEEN_DEAD,
	GONA_SEEN_ALIVE,
};

struct gona_carrier_change {
	__u32 slot;
	__u32 seen; /* enum gona_carrier_seen */
};
_Static_assert(sizeof(struct gona_carrier_change) == 8, "gona_carrier_change");

struct gona_carrier_watch {
	struct bpf_timer timer;
	__u8 seen[GONA_MAX_NICS]; /* enum gona_carrier_seen, as last told */
};

/* As in lib/config.h: the daemon's own map is put in its place at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_NICS);
	__type(key, __u32);
	__type(value, struct gona_nic);
} gona_nics SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gona_carrier_watch);
} gona_watch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} gona_changes SEC(".maps");

static __always_inline struct gona_nic *gona_nic_at(__u32 slot)
{
	struct gona_nic *nic = bpf_map_lookup_elem(&gona_nics, &slot);

	return nic && (nic->flags & GONA_NIC_IN_USE) ? nic : NULL;
}

#include "lib/nic.h"

static __always_inline __u8 gona_see(__u32 slot)
{
	struct gona_nic *nic = gona_nic_at(slot);

	if (!nic || (!nic->netdev && !nic->trunk))
		return GONA_SEEN_NOTHING;
	return gona_nic_runs(nic) ? GONA_SEEN_ALIVE : GONA_SEEN_DEAD;
}

static int gona_look(void *map, __u32 *key, struct gona_carrier_watch *watch)
{
	struct gona_carrier_change *change;
	__u32 slot;
	__u8 seen;

	for (slot = 0; slot < GONA_MAX_NICS; slot++) {
		seen = gona_see(slot);
		if (seen == watch->seen[slot])
			continue;
		/* Without room it is told at the next look. */
		change = bpf_ringbuf_reserve(&gona_changes, sizeof(*change), 0);
		if (!change)
			break;
		change->slot = slot;
		change->seen = seen;
		bpf_ringbuf_submit(change, 0);
		watch->seen[slot] = seen;
	}
	bpf_timer_start(&watch->timer, GONA_LOOK_NS, 0);
	return 0;
}

/* Run once, by BPF_PROG_TEST_RUN. TC_ACT_SHOT: the kernel does not let us. */
SEC("tc")
int gona_watch_carriers(struct __sk_buff *skb)
{
	struct gona_carrier_watch *watch;
	__u32 key = 0;

	watch = bpf_map_lookup_elem(&gona_watch, &key);
	if (!watch || bpf_timer_init(&watch->timer, &gona_watch, CLOCK_MONOTONIC) ||
	    bpf_timer_set_callback(&watch->timer, gona_look) || bpf_timer_start(&watch->timer, 0, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
