// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The lab's far end: programs on the ports of a lab switch. They count what is really on the
 * cable, apart from GONA's own books, and give a port an access VLAN on kernels whose bridge
 * knows no VLANs. Nothing of this runs on a user's host.
 *
 * skb->tc_classid (TCA_BPF_CLASSID at attach, 16 bits) is the port's access VLAN, 0: none. Ports
 * have ifindexes below 65536 that are unique over all switches of a lab.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_ID_MASK 0x0fff
#define VLAN_TAG_BYTES 4
#define LAB_WINDOWS 4096

enum lab_direction {
	LAB_IN = 0, /* from the cable into the switch: what the NIC, or the peer, sent */
	LAB_OUT = 1, /* from the switch onto the cable */
};

/* address: the source going in, the destination going out; IPv4 as ::ffff:a.b.c.d; zero: no IP. */
struct lab_flow_key {
	__u16 port; /* ifindex */
	__u8 direction; /* enum lab_direction */
	__u8 _pad;
	__u16 vlan; /* as on the cable, 0: untagged */
	__u16 _pad2;
	__u8 address[16];
};
_Static_assert(sizeof(struct lab_flow_key) == 24, "lab_flow_key");

struct lab_flow {
	__u64 bytes; /* L2 bytes, headers of every GSO segment and tags included, no FCS */
	__u64 packets; /* segments */
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 last_bytes; /* of the packet counted last, all its segments */
};
_Static_assert(sizeof(struct lab_flow) == 40, "lab_flow");

/* Bytes by window of time, only of flows that a reader asked for by putting an entry here. */
struct lab_windows {
	__u64 base_ns; /* CLOCK_MONOTONIC at which window 0 begins */
	__u64 window_ns; /* length of each, above 0 */
	__u64 bytes[LAB_WINDOWS]; /* as lab_flow.bytes; of a packet the window in which it was counted */
	__u64 late_bytes; /* after the last window */
};
_Static_assert(sizeof(struct lab_windows) == 8 * (LAB_WINDOWS + 3), "lab_windows");

/* A source MAC that came in by a port: what a switch learns from. */
struct lab_mac_key {
	__u16 port;
	__u16 vlan;
	__u16 _pad;
	__u8 mac[6];
};
_Static_assert(sizeof(struct lab_mac_key) == 12, "lab_mac_key");

struct lab_mac {
	__u64 packets;
	__u64 last_ns;
};
_Static_assert(sizeof(struct lab_mac) == 16, "lab_mac");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct lab_flow_key);
	__type(value, struct lab_flow);
} lab_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, struct lab_flow_key);
	__type(value, struct lab_windows);
} lab_windows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct lab_mac_key);
	__type(value, struct lab_mac);
} lab_macs SEC(".maps");

struct frame {
	__u32 headers; /* bytes before the payload, a tag inside the data included */
	__u16 vlan;
	__u8 tag_beside; /* the tag is in the skb's metadata, not in its length */
};

static __always_inline __u32 transport_bytes(struct __sk_buff *skb, __u8 protocol, __u32 offset)
{
	__u8 data_offset;

	if (protocol == IPPROTO_UDP)
		return sizeof(struct udphdr);
	if (protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, offset + 12, &data_offset, 1))
		return 0;
	return (data_offset >> 4) * 4;
}

/* Fills in the frame and the address; a frame that is too short is counted by its length alone. */
static __always_inline void parse(struct __sk_buff *skb, enum lab_direction direction, struct frame *frame,
				  __u8 address[16])
{
	__u32 offset = ETH_HLEN;
	__be16 protocol = 0, tag[2];
	struct iphdr ip;
	__u8 next;

	frame->headers = ETH_HLEN;
	if (skb->vlan_present) {
		frame->vlan = skb->vlan_tci & VLAN_ID_MASK;
		frame->tag_beside = 1;
	}
	if (bpf_skb_load_bytes(skb, 12, &protocol, sizeof(protocol)))
		return;
	if (protocol == bpf_htons(ETH_P_8021Q)) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, tag, sizeof(tag)))
			return;
		frame->vlan = bpf_ntohs(tag[0]) & VLAN_ID_MASK;
		protocol = tag[1];
		offset += VLAN_TAG_BYTES;
		frame->headers = offset;
	}
	if (protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
			return;
		address[10] = address[11] = 0xff;
		__builtin_memcpy(&address[12], direction == LAB_IN ? &ip.saddr : &ip.daddr, 4);
		frame->headers = offset + ip.ihl * 4;
		frame->headers += transport_bytes(skb, ip.protocol, frame->headers);
	} else if (protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, offset + 6, &next, 1) ||
		    bpf_skb_load_bytes(skb, offset + (direction == LAB_IN ? 8 : 24), address, 16))
			return;
		frame->headers = offset + sizeof(struct ipv6hdr);
		frame->headers += transport_bytes(skb, next, frame->headers);
	}
}

static __always_inline void count_window(const struct lab_flow_key *key, __u64 now, __u64 bytes)
{
	struct lab_windows *windows = bpf_map_lookup_elem(&lab_windows, key);
	__u64 window;

	if (!windows || windows->window_ns == 0 || now < windows->base_ns)
		return;
	window = (now - windows->base_ns) / windows->window_ns;
	if (window >= LAB_WINDOWS) {
		__sync_fetch_and_add(&windows->late_bytes, bytes);
		return;
	}
	/* Without the mask clang joins both additions at a pointer whose bounds the verifier does not see. */
	__sync_fetch_and_add(&windows->bytes[window & (LAB_WINDOWS - 1)], bytes);
}

static __always_inline void count(struct __sk_buff *skb, __u16 port, enum lab_direction direction)
{
	struct lab_flow_key key = { .port = port, .direction = direction };
	struct frame frame = {};
	__u64 now = bpf_ktime_get_ns(), bytes;
	__u32 segments = skb->gso_segs;
	struct lab_flow *flow;

	parse(skb, direction, &frame, key.address);
	key.vlan = frame.vlan;
	if (segments == 0)
		segments = 1;
	bytes = skb->len + (__u64)(segments - 1) * frame.headers;
	if (frame.tag_beside)
		bytes += (__u64)segments * VLAN_TAG_BYTES;

	flow = bpf_map_lookup_elem(&lab_flows, &key);
	if (!flow) {
		struct lab_flow first = { .first_ns = now };

		/* Another CPU may have been first: then its entry stays. */
		bpf_map_update_elem(&lab_flows, &key, &first, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&lab_flows, &key);
		if (!flow)
			return;
	}
	__sync_fetch_and_add(&flow->bytes, bytes);
	__sync_fetch_and_add(&flow->packets, segments);
	flow->last_ns = now;
	flow->last_bytes = bytes;
	count_window(&key, now, bytes);
}

static __always_inline void learn(struct __sk_buff *skb, __u16 port, __u16 vlan)
{
	struct lab_mac_key key = { .port = port, .vlan = vlan };
	struct lab_mac *seen, first = { .packets = 1, .last_ns = bpf_ktime_get_ns() };

	if (bpf_skb_load_bytes(skb, ETH_ALEN, key.mac, ETH_ALEN))
		return;
	seen = bpf_map_lookup_elem(&lab_macs, &key);
	if (!seen) {
		bpf_map_update_elem(&lab_macs, &key, &first, BPF_NOEXIST);
		return;
	}
	__sync_fetch_and_add(&seen->packets, 1);
	seen->last_ns = first.last_ns;
}

/* The frame's VLAN where it stands in the metadata; tags inside the data do not occur on an access port. */
static __always_inline __u16 vlan_of(struct __sk_buff *skb)
{
	return skb->vlan_present ? skb->vlan_tci & VLAN_ID_MASK : 0;
}

SEC("tc")
int lab_port_in(struct __sk_buff *skb)
{
	__u16 access = skb->tc_classid & VLAN_ID_MASK;

	if (access) {
		/* A station on an access port may not choose its VLAN. */
		if (skb->vlan_present || skb->protocol == bpf_htons(ETH_P_8021Q))
			return TC_ACT_SHOT;
		if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), access))
			return TC_ACT_SHOT;
	}
	count(skb, skb->ifindex, LAB_IN);
	learn(skb, skb->ifindex, vlan_of(skb));
	return TC_ACT_OK;
}

SEC("tc")
int lab_port_out(struct __sk_buff *skb)
{
	__u16 access = skb->tc_classid & VLAN_ID_MASK;

	if (access && vlan_of(skb) != access)
		return TC_ACT_SHOT;
	count(skb, skb->ifindex, LAB_OUT);
	if (access && bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
