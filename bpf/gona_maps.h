/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ABI between the programs and the controller: every struct, enum and constant that both
 * sides share. packages/dataplane/src/abi.ts is generated from the BTF of the object built with
 * this header. Pinned maps live in a directory named after a hash of these layouts.
 */
#ifndef GONA_MAPS_H
#define GONA_MAPS_H

#include <linux/types.h>

/* An enum, not #defines: only so do they reach BTF and with it the controller. */
enum gona_limit {
	GONA_MAX_VIFS = 4096, /* slots 0..4095 */
	GONA_MAX_NICS = 64, /* slots 0..63 */
	GONA_MAX_SLICES = 8, /* of one aggregate */
	GONA_BUCKETS = 1024, /* of one aggregate; a power of two */
	GONA_NAME_LEN = 64, /* bytes of a vif's or NIC's id, NUL padded */
	GONA_OWN_MAC = 0xffff, /* gona_station.slice: the vif's own MAC, not a slice's */
	GONA_HTB_MAJOR = 0xa09a, /* major number of every HTB root that is ours */
	GONA_PART_SPARSE = 6, /* class below a slice's: sparse flows, where there is a latency goal */
	GONA_PART_REST = 7, /* what no traffic class claims; 1..5 are the traffic classes */
	GONA_MAX_PARTS = 8, /* array size by part, lanes apart; 0 is the slice itself */
	GONA_MAX_RULES = 80, /* 5 traffic classes of 16 port ranges */
	GONA_LANES = 8, /* of a slice with GONA_VIF_LANES; lane n is part GONA_PART_REST + n, the first is REST itself */
	GONA_LANED_SLOTS = 512, /* vif slots 0..511 may have lanes: their minors end below GONA_HTB_MAJOR */
	GONA_LANE_MINOR = 0x9008, /* minor of lane n > 0: GONA_LANE_MINOR + GONA_LANES * vif slot + n */
	GONA_PATHS = 65536, /* flows whose way is remembered; a power of two */
	GONA_PEERS = 16384, /* senders on the wire that are counted; a power of two */
	GONA_NEIGHBOURS = 256, /* machines on the wire that can be asked; a power of two */
	GONA_TICK_SHIFT = 26, /* 67 ms; see gona_seen */
	GONA_KEEP_MARKING = 0xff, /* gona_traffic_part: no re-marking */
	GONA_SPINE_SHIFT = 16, /* skb->mark on a spine: vif slot + 1 | enum gona_spine << 16 | part << 20 */
	GONA_SPINE_PART_SHIFT = 20,
	GONA_TEST_SLOT_IN_MARK = 0x10000, /* gona_test_slot: slot + 1 comes in skb->mark */
	GONA_RESOLVE_TRUNK = 0x100, /* gona_resolve_nic's mark: the NIC's trunk is what is to be found */
};

enum gona_nic_flag {
	GONA_NIC_IN_USE = 1, /* the slot holds a NIC */
	GONA_NIC_UP = 2, /* second gate, set by the controller; the first is net_device->state */
	GONA_NIC_PEER = 4, /* the NIC is in a namespace of its own: leave by bpf_redirect_peer of out_ifindex */
	GONA_NIC_LAG = 8, /* the fabric bundles its NICs: any guest MAC may come in by any NIC */
	GONA_NIC_SHAPE_IN = 16, /* frames for guests pass the queue tree of in_ifindex */
	GONA_NIC_APART = 32, /* not of its fabric's bundle: what comes in by it is not for guests */
	GONA_NIC_BARRED = 64, /* the bundle does not take its frames: never a way out, carrier or not */
	GONA_NIC_TIMED = 128, /* slices' limits are departure times, which the fq on it keeps; it has no classes */
};

/* What a frame passes a spine for. A spine is a veth pair of the hub with an HTB tree on its first end. */
enum gona_spine {
	GONA_SPINE_NONE = 0,
	GONA_SPINE_CAP = 1, /* the cap over all NICs, guest -> wire; comes back to choose a slice */
	GONA_SPINE_LOCAL = 2, /* guest -> guest of this host, mark of the sender */
	GONA_SPINE_IN = 3, /* wire -> guest, one spine per NIC; mark of the receiver */
	GONA_SPINE_MAX = 4,
};

/* Array gona_spines, index: enum gona_spine (CAP and LOCAL; those of NICs stand in gona_nic). */
struct gona_spine_end {
	__u32 ifindex; /* of the end to redirect to; 0: there is no such spine */
};
_Static_assert(sizeof(struct gona_spine_end) == 4, "gona_spine_end");

/* One NIC. Array, index: NIC slot. */
struct gona_nic {
	__u64 netdev; /* kernel address of the NIC's net_device; 0: not resolved, trust GONA_NIC_UP alone */
	__u32 ifindex; /* of the NIC, in its own namespace; guards against a stale netdev */
	__u32 out_ifindex; /* hub link that leads to it: the NIC itself, or the hub's end of a trunk */
	__u32 fabric; /* 1 and up */
	__u32 flags; /* enum gona_nic_flag */
	__u32 in_ifindex; /* the first end of the NIC's ingress spine; with GONA_NIC_PEER the trunk's end beside the NIC */
	__u32 _pad;
	__u64 trunk; /* kernel address of out_ifindex's net_device, where that is a trunk; 0: not looked at */
};
_Static_assert(sizeof(struct gona_nic) == 40, "gona_nic");

/* One slice inside gona_aggregate. */
struct gona_slice {
	__u64 tx_bytes_per_s; /* limit guest -> wire, at which the virtual queue drains */
	__u64 rx_bytes_per_s; /* limit wire -> guest */
	__u32 nic; /* NIC slot */
	__u32 classid; /* HTB class (major:minor), plus the part it becomes skb->priority; the same in every tree */
	__u8 mac[6]; /* source MAC on this NIC; the vif's own where MACs are not rewritten */
	__u16 in_use; /* 1: the slice exists */
};
_Static_assert(sizeof(struct gona_slice) == 32, "gona_slice");

/*
 * What a vif owns. Array, index: 2 * vif slot + generation. The controller fills the generation
 * that is not in use and then flips gona_vif.aggregate.
 */
struct gona_aggregate {
	struct gona_slice slices[GONA_MAX_SLICES]; /* index: slice number, stable for a (vif, NIC) */
	__u8 buckets[GONA_BUCKETS]; /* bucket -> slice number, 0..7 */
};
_Static_assert(sizeof(struct gona_aggregate) == 256 + GONA_BUCKETS, "gona_aggregate");

enum gona_vif_flag {
	GONA_VIF_IN_USE = 1,
	GONA_VIF_CHECK_MAC = 2, /* drop frames whose source MAC is not the vif's */
	GONA_VIF_CHECK_IP = 4, /* drop IPv4, IPv6, ARP, ND whose source is not in gona_addresses */
	GONA_VIF_REWRITE_MAC = 8, /* per-slice MACs: rewrite source MAC and ARP/ND payloads */
	GONA_VIF_PEER = 16, /* a veth with its other end in another namespace: deliver by bpf_redirect_peer */
	GONA_VIF_TRUNK = 32, /* tagged frames are taken where gona_stations has the vif's MAC in that VLAN */
	GONA_VIF_STOPPED = 64, /* onNicLoss: stop; drop all its traffic to and from the wire */
	GONA_VIF_PARTS = 128, /* its slices' classes have parts; a frame's class is its part's */
	GONA_VIF_CAPPED = 256, /* what it sends to the wire passes the spine CAP first */
	GONA_VIF_LOCAL_CAPPED = 512, /* what it sends to guests of this host passes the spine LOCAL first */
	GONA_VIF_QUEUED = 1024, /* its link has a queue tree: deliver by bpf_redirect, never GONA_VIF_PEER */
	GONA_VIF_FLOWLET = 2048, /* a flow may leave its bucket's slice where it does not overtake itself */
	GONA_VIF_STRIPE = 4096, /* each packet by the slice that lets it out first; may reorder within a bound */
	GONA_VIF_STEERED = 8192, /* what comes in is counted by its sender, in gona_peers */
	GONA_VIF_LANES = 16384, /* bulk flows of what no traffic class claims are spread over GONA_LANES classes */
	GONA_VIF_MOVING = 32768, /* its NICs changed a moment ago: its MACs are heard on every NIC */
	GONA_VIF_MACVTAP = 65536, /* its link is a macvtap on the NIC of its one slice: no station answers for it */
};

/* One vif. Array, index: vif slot, which every filter of GONA's hands over as skb->tc_classid - 1
 * (0 is what a filter without a class id hands over). */
struct gona_vif {
	__u32 ifindex; /* of the hub's end */
	__u32 aggregate; /* index into gona_aggregates */
	__u32 fabric; /* 1 and up */
	__u32 flags; /* enum gona_vif_flag */
	__u16 vlan; /* access VLAN 1..4094; 0: untagged on the wire too */
	__u8 mac[6];
	__u32 goal_us; /* latency goal of what no traffic class claims; 0: no active queue management */
	__u32 _pad;
};
_Static_assert(sizeof(struct gona_vif) == 32, "gona_vif");

/* All that is given must hold. */
struct gona_traffic_rule {
	__u64 dscps; /* bit: code point; 0: any, also no IP */
	__u16 port_from; /* source or destination port, 1..65535; 0: any, also no ports */
	__u16 port_to; /* at least port_from */
	__u16 protocol; /* IP protocol + 1; 0: any */
	__u8 pcps; /* bit: VLAN priority; 0: any, also no tag */
	__u8 part; /* 1..5 */
};
_Static_assert(sizeof(struct gona_traffic_rule) == 16, "gona_traffic_rule");

struct gona_traffic_part {
	__u32 goal_us; /* latency goal, 0: no active queue management */
	__u8 remark_dscp; /* 0..63, or GONA_KEEP_MARKING */
	__u8 remark_pcp; /* 0..7, or GONA_KEEP_MARKING */
	__u16 in_use; /* 1: the part exists */
};
_Static_assert(sizeof(struct gona_traffic_part) == 8, "gona_traffic_part");

/* How a vif's frames fall into traffic classes. Hash gona_traffic_rules, key: vif slot (__u32). The first rule that matches. */
struct gona_traffic_rules {
	struct gona_traffic_rule rules[GONA_MAX_RULES];
	struct gona_traffic_part parts[GONA_MAX_PARTS]; /* index: part */
	__u32 count; /* of rules */
	__u32 _pad;
};
_Static_assert(sizeof(struct gona_traffic_rules) == 16 * GONA_MAX_RULES + 8 * GONA_MAX_PARTS + 8, "gona_traffic_rules");

/* Who answers to a MAC. Hash gona_stations -> struct gona_station. */
struct gona_station_key {
	__u32 fabric;
	__u16 vlan; /* as on the wire, 0: untagged */
	__u8 mac[6];
};
_Static_assert(sizeof(struct gona_station_key) == 12, "gona_station_key");

struct gona_station {
	__u32 vif; /* vif slot */
	__u16 slice; /* slice number, or GONA_OWN_MAC */
	__u16 _pad;
};
_Static_assert(sizeof(struct gona_station) == 8, "gona_station");

/* Who owns an IP address. Hash gona_addresses -> vif slot (__u32). IPv4 as ::ffff:a.b.c.d. */
struct gona_address_key {
	__u32 fabric;
	__u16 vlan;
	__u16 _pad;
	__u8 address[16];
};
_Static_assert(sizeof(struct gona_address_key) == 24, "gona_address_key");

/* Who gets the broadcasts of a VLAN. Hash gona_segments -> struct gona_segment. */
struct gona_segment_key {
	__u32 fabric;
	__u16 vlan;
	__u16 _pad;
};
_Static_assert(sizeof(struct gona_segment_key) == 8, "gona_segment_key");

struct gona_segment {
	__u32 count; /* 0..GONA_MAX_VIFS */
	__u16 vifs[GONA_MAX_VIFS]; /* vif slots */
};
_Static_assert(sizeof(struct gona_segment) == 4 + 2 * GONA_MAX_VIFS, "gona_segment");

/* Per-CPU array, index: vif slot * GONA_MAX_SLICES + slice number. Bytes are L2 bytes on the wire. */
struct gona_slice_counters {
	__u64 tx_bytes; /* guest -> wire, every GSO segment with its own headers */
	__u64 tx_packets; /* segments */
	__u64 rx_bytes; /* wire -> guest */
	__u64 rx_packets;
	__u64 tx_drops; /* packets that had no living slice; this slice was their first choice */
	__u64 failovers; /* packets that left by another slice because this one's NIC was dead */
	__u64 tx_ce_marks; /* segments marked "congestion experienced" by active queue management */
	__u64 rx_ce_marks;
	__u64 tx_aqm_drops; /* segments it dropped */
	__u64 rx_aqm_drops;
};
_Static_assert(sizeof(struct gona_slice_counters) == 80, "gona_slice_counters");

enum gona_direction {
	GONA_TX = 0, /* guest -> wire */
	GONA_RX = 1, /* wire -> guest */
	GONA_DIRECTIONS = 2,
};

/*
 * The virtual queue of a slice in one direction, of vifs with a latency goal. Array, index:
 * (vif slot * GONA_MAX_SLICES + slice number) * GONA_DIRECTIONS + direction. Times are of
 * bpf_ktime_get_ns(). The programs alone write it.
 */
struct gona_slice_clock {
	__u64 finish_ns[GONA_MAX_PARTS]; /* when all is out at the slice's limit: 0 of the whole slice, 1..5 of that class alone */
	__u64 interval_ns; /* when the present interval began */
	__u32 flows; /* seen in it so far */
	__u32 flows_before; /* seen in the one before */
	__u32 fair; /* bytes that a flow may send in an interval if all send alike */
	__u16 interval; /* its number */
	__u16 _pad;
	__u32 lane_ns[GONA_LANES]; /* what waits in each lane, as time at the slice's limit */
	__u32 lane_until[GONA_LANES]; /* until then some flow has the lane, in 2^20 ns */
	__u16 lane_flows[GONA_LANES]; /* bulk flows seen in each lane in this interval */
	__u16 lane_flows_before[GONA_LANES];
};
_Static_assert(sizeof(struct gona_slice_clock) == 184, "gona_slice_clock");

/* Of a slice on a NIC with GONA_NIC_TIMED. Array gona_departures, index: vif slot * GONA_MAX_SLICES + slice number. */
struct gona_departure {
	__u64 free_ns; /* when all that was let in has left, of bpf_ktime_get_ns(): its next packet's time */
};
_Static_assert(sizeof(struct gona_departure) == 8, "gona_departure");

#define GONA_FLOW_WAYS 4
#define GONA_FLOW_SETS 16384 /* a power of two */

/* What is known of a flow. */
struct gona_flow {
	__u64 bulk_until_ns; /* until then its packets may still wait: it stays bulk; 0: it is sparse */
	__u32 check; /* hash of the flow and its vif */
	__u32 bytes; /* sent in `interval` */
	__u32 told_ms; /* when it was last marked or dropped, in 2^20 ns */
	__u16 interval; /* of its slice's clock */
	__u8 strikes; /* times it was told since the queue was last within its goal */
	__u8 lane; /* where its packets wait while it is bulk */
};
_Static_assert(sizeof(struct gona_flow) == 24, "gona_flow");

/* Array, index: by the flow's hash. */
struct gona_flow_set {
	struct gona_flow ways[GONA_FLOW_WAYS];
};
_Static_assert(sizeof(struct gona_flow_set) == 96, "gona_flow_set");

/*
 * The way of a flow of a vif with GONA_VIF_FLOWLET or _STRIPE. Array, index: by the flow's hash; a flow that
 * finds another's check there takes its place. Times are of bpf_ktime_get_ns().
 */
struct gona_path {
	__u64 departs_ns; /* when its last packet is out at the latest, as far as the virtual queues know */
	__u64 since_ns; /* when it took the present slice */
	__u32 check; /* hash of the flow and its vif; 0: free */
	__u32 bytes; /* that are not yet in gona_bucket_bytes */
	__u32 counted_ms; /* when the rest was added there, in 2^20 ns */
	__u16 moves; /* since it is known; stays at its maximum */
	__u8 slice; /* number that it leaves by */
	__u8 before; /* number that it left by before that */
	__u32 strays_ms; /* since when its bucket's slice waits for it in vain, in 2^20 ns; 0: it does not */
	__u32 _pad;
};
_Static_assert(sizeof(struct gona_path) == 40, "gona_path");

/* What a vif sent by each bucket, L2 bytes on the wire. Hash gona_bucket_bytes, key: vif slot (__u32); of vifs with GONA_VIF_FLOWLET. */
struct gona_bucket_bytes {
	__u64 bytes[GONA_BUCKETS];
};
_Static_assert(sizeof(struct gona_bucket_bytes) == 8 * GONA_BUCKETS, "gona_bucket_bytes");

/* Array gona_drains, index: vif slot * GONA_MAX_SLICES + slice number. Written by the controller. */
struct gona_drain {
	__u64 tx_bytes_per_s; /* at which the slice's queue really drains, where neighbours leave it less than its limit; 0: its limit */
};
_Static_assert(sizeof(struct gona_drain) == 8, "gona_drain");

/* A sender on the wire to a vif with GONA_VIF_STEERED. Array, index: by hash of vif, VLAN and MAC. */
struct gona_peer {
	__u64 rx_bytes; /* from it to the vif, L2 bytes on the wire */
	__u64 seen_ns;
	__u32 vif; /* slot + 1; 0: free */
	__u16 vlan; /* as on the wire */
	__u8 mac[6];
	__u8 slice; /* whose MAC it sends to; 0xff: the vif's own */
	__u8 _pad[3];
};
_Static_assert(sizeof(struct gona_peer) == 32, "gona_peer");

/*
 * When the vifs that are balanced last carried something, in ticks of 2^GONA_TICK_SHIFT ns of bpf_ktime_get_ns(). Array
 * gona_seen, index: enum gona_direction. One value for all vifs: one system call tells the controller who is busy.
 */
struct gona_seen {
	__u32 ticks[GONA_MAX_VIFS]; /* index: vif slot */
};
_Static_assert(sizeof(struct gona_seen) == 4 * GONA_MAX_VIFS, "gona_seen");

/* Which slice's MAC a peer is to learn, in place of what its hash says. Hash gona_steers -> slice number (__u32). */
struct gona_steer_key {
	__u32 vif; /* slot */
	__u16 vlan;
	__u8 mac[6]; /* of the peer */
};
_Static_assert(sizeof(struct gona_steer_key) == 12, "gona_steer_key");

/*
 * A machine on the wire that spoke ARP or neighbour discovery. Array gona_neighbours, index: by hash of all but the time.
 */
struct gona_neighbour {
	__u64 seen_ns; /* 0: free */
	__u32 fabric;
	__u16 vlan; /* as on the wire, 0: untagged */
	__u8 mac[6];
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u32 _pad;
};
_Static_assert(sizeof(struct gona_neighbour) == 40, "gona_neighbour");

/* Whose an SR-IOV virtual function is that GONA has set up. Hash gona_vfs -> struct gona_vf. */
struct gona_vf_key {
	__u8 nic[16]; /* name of the NIC, NUL padded */
	__u32 vf; /* its number, from 0 */
};
_Static_assert(sizeof(struct gona_vf_key) == 20, "gona_vf_key");

struct gona_vf {
	__u8 vif[GONA_NAME_LEN]; /* the vif's id, NUL padded */
};
_Static_assert(sizeof(struct gona_vf) == GONA_NAME_LEN, "gona_vf");

/* Per-CPU array, index: enum gona_verdict. */
struct gona_verdict_counters {
	__u64 packets;
	__u64 bytes; /* skb->len */
};
_Static_assert(sizeof(struct gona_verdict_counters) == 16, "gona_verdict_counters");

/* Why a packet left a program. Numbers are never reused. PASS_*: untouched; DROP_*: counted and gone. */
enum gona_verdict {
	GONA_V_NONE = 0, /* never counted */
	GONA_V_TO_WIRE = 1, /* guest -> NIC by its bucket */
	GONA_V_TO_WIRE_FAILOVER = 2, /* guest -> NIC, first choice was dead */
	GONA_V_TO_GUEST = 3, /* NIC -> guest */
	GONA_V_LOCAL = 4, /* guest -> guest of this host */
	GONA_V_FLOOD_FROM_GUEST = 5, /* broadcast or multicast: to the guests of the VLAN and the wire */
	GONA_V_FLOOD_FROM_WIRE = 6, /* broadcast or multicast: to the guests of the VLAN, then the host */
	GONA_V_DIRECTED_ARP = 7, /* ARP/ND question handed to the guest that is asked for alone */
	GONA_V_TO_SPINE = 8, /* into a spine; what comes out of it is counted by where it goes */
	GONA_V_FLOOD_LOCAL = 9, /* broadcast or multicast out of the spine LOCAL: to the guests of the VLAN */
	GONA_V_PAST_SPINE = 10, /* went on without its spine, which is not there; beside its own reason */
	GONA_V_OVER_TRUNK = 11, /* between a NIC in a driver domain and the hub, whose programs count it by where it goes */
	GONA_V_BY_MACVTAP = 12, /* guest -> its NIC by the macvtap that it came by, in the class of its slice */
	GONA_V_PASS_UNKNOWN_LINK = 16, /* no configuration for this slot */
	GONA_V_PASS_FOREIGN = 17, /* from the wire, for nobody we know: the host's own traffic */
	GONA_V_DROP_SPOOFED_MAC = 32,
	GONA_V_DROP_SPOOFED_IP = 33,
	GONA_V_DROP_VLAN = 34, /* a tag that the vif may not use */
	GONA_V_DROP_NO_SLICE = 35, /* every slice is dead or the aggregate is empty */
	GONA_V_DROP_WRONG_NIC = 36, /* a copy that the switch flooded; another NIC delivers it */
	GONA_V_DROP_REFLECTION = 37, /* a frame of our own came back: by another NIC, or from a guest to itself */
	GONA_V_DROP_MALFORMED = 38, /* too short for its own headers */
	GONA_V_DROP_STOPPED = 39, /* onNicLoss: stop */
	GONA_V_DROP_NO_MEMORY = 40, /* the kernel could not clone or change the packet */
	GONA_V_DROP_LINK_CONTROL = 41, /* a guest's STP, LACP, LLDP or pause: it could shut the switch's port */
	GONA_V_DROP_STRAY = 42, /* out of a spine, and nobody's: the kernel's own, or its vif has gone */
	GONA_V_DROP_QUEUE = 43, /* active queue management: the slice's virtual queue is beyond its goal */
	GONA_V_DROP_MOVE = 44, /* its flow never pauses, fills a full slice, and is to leave by another */
	GONA_V_MAX = 64, /* size of the array */
};

#endif
