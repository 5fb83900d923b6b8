/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is a link up, with a carrier? Read from its net_device, for every packet. */
#ifndef GONA_DEVICE_H
#define GONA_DEVICE_H

/* The little of the kernel's structures that is read, relocated at load (CO-RE). */
struct net_device {
	unsigned long state;
	int ifindex;
} __attribute__((preserve_access_index));

enum netdev_state_t {
	__LINK_STATE_START,
	__LINK_STATE_PRESENT,
	__LINK_STATE_NOCARRIER,
};

/*
 * From Linux 6.2 on a kernel function makes an address readable like a pointer: 2 ns for both
 * fields. Before, each is a call of bpf_probe_read_kernel, 6 to 30 ns. Which, is settled at load:
 * the enumerator is in the kernel's BTF if the function is.
 */
extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym __weak;

enum special_kfunc_type {
	KF_bpf_rdonly_cast,
};

static __always_inline void gona_read_device(__u64 address, unsigned long *state, int *ifindex)
{
	struct net_device *device = (void *)address;

	if (bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast)) {
		device = bpf_rdonly_cast(device, bpf_core_type_id_kernel(struct net_device));
		*state = device->state;
		*ifindex = device->ifindex;
	} else {
		bpf_core_read(state, sizeof(*state), &device->state);
		bpf_core_read(ifindex, sizeof(*ifindex), &device->ifindex);
	}
}

/*
 * Is the device up, with a carrier? One of another ifindex is the memory of a device that is gone.
 * No read of a stale address can fault.
 */
static __always_inline bool gona_device_runs(__u64 device, __u32 expected)
{
	unsigned long state = 0, start, no_carrier;
	int ifindex = 0;

	gona_read_device(device, &state, &ifindex);
	start = 1ULL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_START);
	no_carrier = 1ULL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_NOCARRIER);
	return ifindex == (int)expected && (state & (start | no_carrier)) == start;
}

#endif
