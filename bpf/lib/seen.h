/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells the controller which vifs are busy; see struct gona_seen. */
#ifndef GONA_SEEN_H
#define GONA_SEEN_H

/* `now`: of any clock that counts as bpf_ktime_get_ns() does; the coarse one will do. */
static __always_inline void gona_note_seen(__u32 slot, __u32 direction, __u64 now)
{
	struct gona_seen *seen = bpf_map_lookup_elem(&gona_seen, &direction);
	__u32 tick = now >> GONA_TICK_SHIFT;

	slot &= GONA_MAX_VIFS - 1;
	/* Written once a tick: the line that many vifs share stays with all CPUs. */
	if (seen && seen->ticks[slot] != tick)
		seen->ticks[slot] = tick;
}

#endif
