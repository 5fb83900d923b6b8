/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is a NIC alive? Read from its net_device for every packet: the kernel may hold a link-down event
 * back from user space for up to a second (net/core/link_watch.c).
 */
#ifndef GONA_NIC_H
#define GONA_NIC_H

#include "device.h"

/* The NIC's own carrier, and that of the trunk that leads to it: whoever holds its other end may be gone. */
static __always_inline bool gona_nic_runs(const struct gona_nic *nic)
{
	if (nic->trunk && !gona_device_runs(nic->trunk, nic->out_ifindex))
		return false;
	return !nic->netdev || gona_device_runs(nic->netdev, nic->ifindex);
}

/*
 * NULL: dead. The gate of the controller and the carrier must both agree. A netdev of 0 was never
 * resolved, and the gate decides alone.
 */
static __always_inline struct gona_nic *gona_living_nic(__u32 slot)
{
	struct gona_nic *nic = gona_nic_at(slot);

	if (!nic || !(nic->flags & GONA_NIC_UP))
		return NULL;
	return gona_nic_runs(nic) ? nic : NULL;
}

/* The same where it is not the hot path. */
GONA_APART int gona_nic_lives(__u32 slot)
{
	return gona_living_nic(slot) != NULL;
}

/* A carrier behind a gate that is shut: a NIC that has just come back, or is being drained. */
GONA_APART int gona_nic_carries(__u32 slot)
{
	struct gona_nic *nic = gona_nic_at(slot);

	return nic && !(nic->flags & GONA_NIC_BARRED) && (nic->netdev || nic->trunk) && gona_nic_runs(nic);
}

#endif
