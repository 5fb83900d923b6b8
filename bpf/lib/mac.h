/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A MAC as the low 48 bits of a register, in memory order (little endian: the first byte lowest),
 * so that a comparison is one instruction. 16 + 32 bits: MACs in headers and maps are 2-aligned.
 */
#ifndef GONA_MAC_H
#define GONA_MAC_H

typedef __u16 __attribute__((may_alias)) gona_u16;
typedef __u32 __attribute__((may_alias)) gona_u32;

static __always_inline __u64 gona_mac_load(const void *from)
{
	return *(const gona_u16 *)from | (__u64)*(const gona_u32 *)(from + 2) << 16;
}

static __always_inline void gona_mac_store(void *to, __u64 mac)
{
	*(gona_u16 *)to = (__u16)mac;
	*(gona_u32 *)(to + 2) = (__u32)(mac >> 16);
}

/* Broadcast or multicast. */
static __always_inline bool gona_mac_is_group(__u64 mac)
{
	return mac & 1;
}

/* 01:80:c2:00:00:00 to 0f: spoken on one link, never forwarded (IEEE 802.1Q, table 8-1). */
static __always_inline bool gona_mac_is_link_control(__u64 mac)
{
	return (mac & 0xf0ffffffffffULL) == 0x000000c28001ULL;
}

/* As a number: 52:54:00:00:00:01 is 0x525400000001. */
static __always_inline __u64 gona_mac_number(__u64 mac)
{
	return bpf_be64_to_cpu(mac << 16);
}

#endif
