// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The far end of `gona bench path`: takes every packet off the path at once, so that the receiver's
 * stack is no part of what is measured (the link's own counters have counted it by then). It is
 * also the empty program whose cost is taken off that of the others.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int bench_sink(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
