/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds a NIC's net_device. The controller runs this in the NIC's namespace by BPF_PROG_TEST_RUN
 * with ctx.ifindex = the NIC and ctx.mark = its slot, after gona_nic.ifindex was set; for its trunk, in
 * the hub, with the trunk's ifindex and GONA_RESOLVE_TRUNK in the mark, after out_ifindex was set.
 * TC_ACT_OK: found; TC_ACT_SHOT: no such slot, or another ifindex; the address is 0 then.
 */
#ifndef GONA_RESOLVE_H
#define GONA_RESOLVE_H

struct sk_buff {
	struct net_device *dev;
} __attribute__((preserve_access_index));

static __always_inline int gona_resolve(struct __sk_buff *context)
{
	struct sk_buff *skb = (struct sk_buff *)context;
	struct gona_nic *nic = gona_nic_at(context->mark & (GONA_MAX_NICS - 1));
	bool trunk = context->mark & GONA_RESOLVE_TRUNK;
	struct net_device *device = NULL;
	int ifindex = 0;

	if (!nic || (context->mark & ~GONA_RESOLVE_TRUNK) >= GONA_MAX_NICS)
		return TC_ACT_SHOT;
	if (trunk)
		nic->trunk = 0;
	else
		nic->netdev = 0;
	bpf_core_read(&device, sizeof(device), &skb->dev);
	bpf_core_read(&ifindex, sizeof(ifindex), &device->ifindex);
	if (!device || ifindex != (int)(trunk ? nic->out_ifindex : nic->ifindex))
		return TC_ACT_SHOT;
	if (trunk)
		nic->trunk = (__u64)device;
	else
		nic->netdev = (__u64)device;
	return TC_ACT_OK;
}

#endif
