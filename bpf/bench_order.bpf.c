// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The books of `gona bench balance` at a peer's link: how often flows changed their slice, and what was
 * overtaken thereby. A slice is told by the source MAC, which GONA gives each slice of an aggregate. A
 * datagram that comes after one with a higher number is late; if the newest one came by another slice,
 * it was overtaken between slices, which is the balancer's doing; if by the same, it is whoever else's.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PROBE_MAGIC 0x474f4e41 /* "GONA" */
/* IPv4 without options; other frames are not booked. */
#define TRANSPORT_OFFSET (ETH_HLEN + 20)

/* The head of packages/lab/src/traffic/probe-datagram.ts. */
struct probe {
	__be32 magic;
	__be32 stream;
	__be32 sequence;
};

struct bench_order_key {
	__be32 source;
	__be16 port; /* of the source */
	__u8 protocol;
	__u8 _pad;
};
_Static_assert(sizeof(struct bench_order_key) == 8, "bench_order_key");

/* How many of a flow's newest packets are remembered; a power of two. */
#define BENCH_ORDER_MEMORY 32

struct bench_order_flow {
	__u16 mac[3]; /* by which the newest packet came */
	__u16 next; /* where in .came the next one is noted, modulo its length */
	__u32 newest; /* UDP: the highest number; TCP: the highest sequence number seen */
	__u32 stream; /* UDP: of the newest; another one begins anew */
	struct {
		__u32 number;
		__u32 at_us; /* CLOCK_MONOTONIC, modulo 2^32; 0: nothing yet */
	} came[BENCH_ORDER_MEMORY];
};
_Static_assert(sizeof(struct bench_order_flow) == 272, "bench_order_flow");

/* By protocol: index 0 UDP, 1 TCP. */
struct bench_order {
	__u64 packets; /* UDP: datagrams; TCP: what the link delivered, many segments perhaps */
	__u64 moves; /* a newest packet that came by another slice than the newest before it */
	__u64 late_across; /* overtaken by a packet of another slice; TCP: or sent once more */
	__u64 late_within; /* overtaken by a packet of the same slice; TCP: or sent once more */
	__u64 late_us; /* UDP: how long after the first packet that overtook them those across came, together */
};
_Static_assert(sizeof(struct bench_order) == 40, "bench_order");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct bench_order_key);
	__type(value, struct bench_order_flow);
} bench_order_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bench_order);
} bench_orders SEC(".maps");

static __always_inline void note(struct bench_order_flow *flow, __u32 number, __u32 now_us)
{
	__u32 place = flow->next & (BENCH_ORDER_MEMORY - 1);

	flow->came[place].number = number;
	flow->came[place].at_us = now_us;
	flow->next++;
}

/* How long ago the first of the remembered packets came that have a higher number. */
static __always_inline __u32 late_by(const struct bench_order_flow *flow, __u32 number, __u32 now_us)
{
	__u32 late = 0;
	int i;

	for (i = 0; i < BENCH_ORDER_MEMORY; i++)
		if (flow->came[i].at_us && flow->came[i].number > number && now_us - flow->came[i].at_us > late)
			late = now_us - flow->came[i].at_us;
	return late;
}

/* clsact ingress of the peer's link. */
SEC("tc")
int bench_order_in(struct __sk_buff *skb)
{
	struct bench_order_key key = {};
	struct bench_order_flow fresh = {};
	struct bench_order_flow *flow;
	struct bench_order *order;
	struct tcphdr tcp;
	struct probe probe;
	struct ethhdr eth;
	struct iphdr ip;
	bool begins, same;
	__u32 now_us;
	__u32 index;

	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) || eth.h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.ihl != 5)
		return TC_ACT_UNSPEC;
	if (ip.protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, TRANSPORT_OFFSET + sizeof(struct udphdr), &probe, sizeof(probe)) ||
		    probe.magic != bpf_htonl(PROBE_MAGIC) ||
		    bpf_skb_load_bytes(skb, TRANSPORT_OFFSET, &key.port, sizeof(key.port)))
			return TC_ACT_UNSPEC;
		index = 0;
		fresh.newest = bpf_ntohl(probe.sequence);
		fresh.stream = probe.stream;
		begins = false;
	} else if (ip.protocol == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, TRANSPORT_OFFSET, &tcp, sizeof(tcp)))
			return TC_ACT_UNSPEC;
		/* Without data the number says nothing of order. */
		if (!tcp.syn && bpf_ntohs(ip.tot_len) == sizeof(ip) + tcp.doff * 4)
			return TC_ACT_UNSPEC;
		index = 1;
		key.port = tcp.source;
		fresh.newest = bpf_ntohl(tcp.seq);
		begins = tcp.syn;
	} else {
		return TC_ACT_UNSPEC;
	}
	key.source = ip.saddr;
	key.protocol = ip.protocol;
	__builtin_memcpy(fresh.mac, eth.h_source, sizeof(fresh.mac));
	order = bpf_map_lookup_elem(&bench_orders, &index);
	if (!order)
		return TC_ACT_UNSPEC;
	__sync_fetch_and_add(&order->packets, 1);
	now_us = bpf_ktime_get_ns() / 1000;
	flow = bpf_map_lookup_elem(&bench_order_flows, &key);
	if (!flow || begins || flow->stream != fresh.stream) {
		note(&fresh, fresh.newest, now_us);
		bpf_map_update_elem(&bench_order_flows, &key, &fresh, BPF_ANY);
		return TC_ACT_UNSPEC;
	}
	same = flow->mac[0] == fresh.mac[0] && flow->mac[1] == fresh.mac[1] && flow->mac[2] == fresh.mac[2];
	if ((__s32)(fresh.newest - flow->newest) > 0) {
		if (!same)
			__sync_fetch_and_add(&order->moves, 1);
		__builtin_memcpy(flow->mac, fresh.mac, sizeof(flow->mac));
		flow->newest = fresh.newest;
		note(flow, fresh.newest, now_us);
	} else if (same) {
		__sync_fetch_and_add(&order->late_within, 1);
	} else {
		__sync_fetch_and_add(&order->late_across, 1);
		if (index == 0)
			__sync_fetch_and_add(&order->late_us, late_by(flow, fresh.newest, now_us));
	}
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
