/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps, and which vif or NIC a packet came in by. */
#ifndef GONA_CONFIG_H
#define GONA_CONFIG_H

/*
 * A global function, which the verifier checks once and by itself: what is not hot, and what has
 * loops. Its pointers may be NULL for all the verifier knows; it returns an int.
 */
#define GONA_APART __attribute__((noinline))

#define GONA_MAX_STATIONS 65536
#define GONA_MAX_ADDRESSES 65536
#define GONA_MAX_SEGMENTS 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_NICS);
	__type(key, __u32);
	__type(value, struct gona_nic);
} gona_nics SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_VIFS);
	__type(key, __u32);
	__type(value, struct gona_vif);
} gona_vifs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * GONA_MAX_VIFS);
	__type(key, __u32);
	__type(value, struct gona_aggregate);
} gona_aggregates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_SPINE_MAX);
	__type(key, __u32);
	__type(value, struct gona_spine_end);
} gona_spines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GONA_MAX_VIFS);
	__type(key, __u32);
	__type(value, struct gona_traffic_rules);
} gona_traffic_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GONA_MAX_STATIONS);
	__type(key, struct gona_station_key);
	__type(value, struct gona_station);
} gona_stations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GONA_MAX_ADDRESSES);
	__type(key, struct gona_address_key);
	__type(value, __u32);
} gona_addresses SEC(".maps");

/* 8 KB a value: allocated when a segment is made. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GONA_MAX_SEGMENTS);
	__type(key, struct gona_segment_key);
	__type(value, struct gona_segment);
} gona_segments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GONA_MAX_VIFS * GONA_MAX_SLICES);
	__type(key, __u32);
	__type(value, struct gona_slice_counters);
} gona_slice_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_VIFS * GONA_MAX_SLICES * GONA_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct gona_slice_clock);
} gona_slice_clocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_VIFS * GONA_MAX_SLICES);
	__type(key, __u32);
	__type(value, struct gona_departure);
} gona_departures SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_FLOW_SETS);
	__type(key, __u32);
	__type(value, struct gona_flow_set);
} gona_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_PATHS);
	__type(key, __u32);
	__type(value, struct gona_path);
} gona_paths SEC(".maps");

/* 8 KB a value: allocated when a vif comes to be balanced. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GONA_MAX_VIFS);
	__type(key, __u32);
	__type(value, struct gona_bucket_bytes);
} gona_bucket_bytes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_VIFS * GONA_MAX_SLICES);
	__type(key, __u32);
	__type(value, struct gona_drain);
} gona_drains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_PEERS);
	__type(key, __u32);
	__type(value, struct gona_peer);
} gona_peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct gona_seen);
} gona_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_NEIGHBOURS);
	__type(key, __u32);
	__type(value, struct gona_neighbour);
} gona_neighbours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GONA_MAX_STATIONS);
	__type(key, struct gona_steer_key);
	__type(value, __u32);
} gona_steers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GONA_V_MAX);
	__type(key, __u32);
	__type(value, struct gona_verdict_counters);
} gona_verdicts SEC(".maps");

/* Ids, NUL padded: what the kernel holds tells whose it is, and can be adopted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_VIFS);
	__type(key, __u32);
	__type(value, char[GONA_NAME_LEN]);
} gona_vif_names SEC(".maps");

/* The programs do not look here: it outlives the controller. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GONA_MAX_VIFS);
	__type(key, struct gona_vf_key);
	__type(value, struct gona_vf);
} gona_vfs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GONA_MAX_NICS);
	__type(key, __u32);
	__type(value, char[GONA_NAME_LEN]);
} gona_nic_names SEC(".maps");

/*
 * Slot + 1 for test runs, which cannot set tc_classid; GONA_TEST_SLOT_IN_MARK: taken from the mark.
 * 0, and gone from the verified program, in production.
 */
const volatile __u32 gona_test_slot = 0;

/* Slot + 1, 0 where the filter names none. */
static __always_inline __u32 gona_classid(struct __sk_buff *skb)
{
	if (gona_test_slot == GONA_TEST_SLOT_IN_MARK)
		return skb->mark;
	if (gona_test_slot)
		return gona_test_slot;
	return skb->tc_classid;
}

static __always_inline struct gona_vif *gona_vif_at(__u32 slot)
{
	struct gona_vif *vif = bpf_map_lookup_elem(&gona_vifs, &slot);

	return vif && (vif->flags & GONA_VIF_IN_USE) ? vif : NULL;
}

static __always_inline struct gona_vif *gona_vif_of(struct __sk_buff *skb, __u32 *slot)
{
	*slot = gona_classid(skb) - 1;
	return gona_vif_at(*slot);
}

static __always_inline struct gona_nic *gona_nic_at(__u32 slot)
{
	struct gona_nic *nic = bpf_map_lookup_elem(&gona_nics, &slot);

	return nic && (nic->flags & GONA_NIC_IN_USE) ? nic : NULL;
}

static __always_inline struct gona_nic *gona_nic_of(struct __sk_buff *skb, __u32 *slot)
{
	*slot = gona_classid(skb) - 1;
	return gona_nic_at(*slot);
}

static __always_inline struct gona_aggregate *gona_aggregate_of(struct gona_vif *vif)
{
	__u32 index = vif->aggregate;

	return bpf_map_lookup_elem(&gona_aggregates, &index);
}

/* The enums of the ABI, so that BTF carries them to TypeScript. */
const volatile struct {
	enum gona_limit limit;
	enum gona_nic_flag nic_flag;
	enum gona_vif_flag vif_flag;
	enum gona_verdict verdict;
} gona_abi = {};

#endif
