/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two programs and two maps for tests of the kernel package. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} test_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} test_stations SEC(".maps");

/* Counts packets in the slot that the filter's classid names. */
SEC("tc")
int test_count(struct __sk_buff *skb)
{
	__u32 slot = skb->tc_classid;
	__u64 *count = bpf_map_lookup_elem(&test_slots, &slot);

	if (count)
		__sync_fetch_and_add(count, 1);
	return -1;
}

SEC("tc")
int test_pass(struct __sk_buff *skb)
{
	__u32 key = skb->mark;

	return bpf_map_lookup_elem(&test_stations, &key) ? 0 : -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
