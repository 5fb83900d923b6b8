/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every exit of a program, with a reason that is counted. */
#ifndef GONA_VERDICT_H
#define GONA_VERDICT_H

static __always_inline int gona_verdict(struct __sk_buff *skb, enum gona_verdict reason, int action)
{
	struct gona_verdict_counters *counters;
	__u32 index = reason;

	counters = bpf_map_lookup_elem(&gona_verdicts, &index);
	if (counters) {
		counters->packets++;
		counters->bytes += skb->len;
	}
	return action;
}

#endif
