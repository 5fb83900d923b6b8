// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * When a CPU stood still: the lab lets a timer expire on every CPU each lab_period_ns, and a CPU
 * on which for longer than that none did took no interrupt all that time. A hypervisor had taken
 * it away, or something kept its interrupts off; neither a process nor a softirq (where the data
 * path runs) can hold an interrupt back. So what is lost to such a stall is the machine's doing.
 * Nothing of this runs beside a daemon that is not in a lab.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct lab_stall {
	__u64 from_ns; /* CLOCK_MONOTONIC at which a timer was due */
	__u64 to_ns; /* at which the next one expired */
	__u32 cpu;
	__u32 _pad;
};
_Static_assert(sizeof(struct lab_stall) == 24, "lab_stall");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} lab_stalls SEC(".maps");

/* CLOCK_MONOTONIC of this CPU's last expired timer, 0 before the first. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lab_expired SEC(".maps");

/* Set at load: between two timers of a CPU, and the shortest stall that is told, ns. */
const volatile __u32 lab_period_ns = 0;
const volatile __u32 lab_shortest_ns = 0;

/* Any timer will do: whoever's it is, the CPU takes interrupts. */
SEC("raw_tp/hrtimer_expire_entry")
int lab_timer_expired(void *ctx)
{
	struct lab_stall *stall;
	__u64 now, *expired;
	__u32 key = 0;

	expired = bpf_map_lookup_elem(&lab_expired, &key);
	if (!expired)
		return 0;
	now = bpf_ktime_get_ns();
	if (*expired && now > *expired + lab_period_ns + lab_shortest_ns) {
		stall = bpf_ringbuf_reserve(&lab_stalls, sizeof(*stall), 0);
		if (stall) {
			stall->from_ns = *expired + lab_period_ns;
			stall->to_ns = now;
			stall->cpu = bpf_get_smp_processor_id();
			stall->_pad = 0;
			bpf_ringbuf_submit(stall, 0);
		}
	}
	*expired = now;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
