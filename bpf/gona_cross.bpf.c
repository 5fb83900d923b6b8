// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Crossings: where a frame comes in, it goes out of another link, whole and unseen. They lead from a NIC of the
 * hub to the tap behind an emulated device of a driver domain's virtual machine and back, and from a NIC's trunk to
 * the machine that is at work. Two ways on: where the first is dead (its machine has gone, or hangs and lost its
 * taps' carrier), the second takes over with the next frame.
 *
 * An object of its own: it stands apart from the hub's maps and changes with none of them. Whoever attaches it puts
 * the crossings in first; the daemon does so anew each time it starts, and filters are replaced atomically.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "lib/device.h"

#define GONA_CROSS_WAYS 2
#define GONA_MAX_CROSSINGS 1024

/* Hash gona_crosses, key: ifindex of the link where the frame comes in. packages/daemon/src/domain/crossing.ts encodes it. */
struct gona_cross {
	__u64 device[GONA_CROSS_WAYS]; /* kernel addresses of the ways' net_devices; 0: whether it lives is not looked at */
	__u32 ifindex[GONA_CROSS_WAYS]; /* 0: no such way */
};
_Static_assert(sizeof(struct gona_cross) == 24, "gona_cross");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GONA_MAX_CROSSINGS);
	__type(key, __u32);
	__type(value, struct gona_cross);
} gona_crosses SEC(".maps");

SEC("tc")
int gona_cross(struct __sk_buff *skb)
{
	__u32 from = skb->ifindex;
	struct gona_cross *cross = bpf_map_lookup_elem(&gona_crosses, &from);
	__u32 way;

	if (!cross)
		return TC_ACT_SHOT;
	for (way = 0; way < GONA_CROSS_WAYS; way++) {
		if (!cross->ifindex[way])
			continue;
		if (cross->device[way] && !gona_device_runs(cross->device[way], cross->ifindex[way]))
			continue;
		return bpf_redirect(cross->ifindex[way], 0);
	}
	return TC_ACT_SHOT;
}

struct sk_buff {
	struct net_device *dev;
} __attribute__((preserve_access_index));

/*
 * Finds the net_device of a way: run by BPF_PROG_TEST_RUN with ctx.ifindex = the way's link and ctx.mark = ifindex
 * of the link where frames come in. TC_ACT_OK: found; TC_ACT_SHOT: there is no such crossing or way.
 */
SEC("tc")
int gona_resolve_way(struct __sk_buff *context)
{
	struct sk_buff *skb = (struct sk_buff *)context;
	__u32 from = context->mark;
	struct gona_cross *cross = bpf_map_lookup_elem(&gona_crosses, &from);
	struct net_device *device = NULL;
	int ifindex = 0;
	__u32 way;

	bpf_core_read(&device, sizeof(device), &skb->dev);
	bpf_core_read(&ifindex, sizeof(ifindex), &device->ifindex);
	if (!cross || !device)
		return TC_ACT_SHOT;
	for (way = 0; way < GONA_CROSS_WAYS; way++) {
		if (cross->ifindex[way] == (__u32)ifindex) {
			cross->device[way] = (__u64)device;
			return TC_ACT_OK;
		}
	}
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
