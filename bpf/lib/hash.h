/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which bucket a packet belongs to: Bob Jenkins' lookup3 (public domain) over numbers, not over
 * memory: 10.0.0.1 is 0x0a000001, 52:54:00:00:00:01 is 0x525400000001, whatever the CPU's order.
 * `gona explain` computes the same in TypeScript; test vectors: bpf/hash-vectors.json.
 * The seed is fixed: a flow keeps its bucket over restarts.
 */
#ifndef GONA_HASH_H
#define GONA_HASH_H

#define GONA_HASH_SEED 0x676f6e61 /* "gona" */

static __always_inline __u32 gona_rotate(__u32 word, __u32 bits)
{
	return word << bits | word >> (32 - bits);
}

#define GONA_HASH_MIX(a, b, c)                                                                     \
	do {                                                                                       \
		a -= c, a ^= gona_rotate(c, 4), c += b;                                            \
		b -= a, b ^= gona_rotate(a, 6), a += c;                                            \
		c -= b, c ^= gona_rotate(b, 8), b += a;                                            \
		a -= c, a ^= gona_rotate(c, 16), c += b;                                           \
		b -= a, b ^= gona_rotate(a, 19), a += c;                                           \
		c -= b, c ^= gona_rotate(b, 4), b += a;                                            \
	} while (0)

#define GONA_HASH_FINAL(a, b, c)                                                                   \
	do {                                                                                       \
		c ^= b, c -= gona_rotate(b, 14);                                                   \
		a ^= c, a -= gona_rotate(c, 11);                                                   \
		b ^= a, b -= gona_rotate(a, 25);                                                   \
		c ^= b, c -= gona_rotate(b, 16);                                                   \
		a ^= c, a -= gona_rotate(c, 4);                                                    \
		b ^= a, b -= gona_rotate(a, 14);                                                   \
		c ^= b, c -= gona_rotate(b, 24);                                                   \
	} while (0)

static __always_inline __u32 gona_hash_3(__u32 x, __u32 y, __u32 z, __u32 salt)
{
	__u32 a = GONA_HASH_SEED + salt + x;
	__u32 b = GONA_HASH_SEED + salt + y;
	__u32 c = GONA_HASH_SEED + salt + z;

	GONA_HASH_FINAL(a, b, c);
	return c;
}

/* Addresses as numbers; ports as of struct gona_packet. */
static __always_inline __u32 gona_hash_ipv4(__u32 from, __u32 to, __u32 ports, __u8 protocol)
{
	return gona_hash_3(from, to, ports, protocol);
}

/* Addresses as four numbers each, the most significant first. */
static __always_inline __u32 gona_hash_ipv6(const __u32 from[4], const __u32 to[4], __u32 ports, __u8 protocol)
{
	__u32 a = GONA_HASH_SEED + protocol + from[0];
	__u32 b = GONA_HASH_SEED + protocol + from[1];
	__u32 c = GONA_HASH_SEED + protocol + from[2];

	GONA_HASH_MIX(a, b, c);
	a += from[3];
	b += to[0];
	c += to[1];
	GONA_HASH_MIX(a, b, c);
	a += to[2];
	b += to[3];
	c += ports;
	GONA_HASH_FINAL(a, b, c);
	return c;
}

/* Neither IP nor ARP: MACs as numbers. */
static __always_inline __u32 gona_hash_macs(__u64 source, __u64 destination, __u16 ethertype)
{
	return gona_hash_3(source >> 16, (source & 0xffff) << 16 | destination >> 32, destination, ethertype);
}

/*
 * ARP and ND: the vif's MAC (a number) and the IP address of the peer, IPv4 as ::ffff:a.b.c.d.
 * Whatever a guest tells one peer leaves by one slice, so that the peer learns one MAC.
 */
static __always_inline __u32 gona_hash_peer(__u64 mac, const __u32 peer[4])
{
	__u32 a = GONA_HASH_SEED + (__u32)(mac >> 16);
	__u32 b = GONA_HASH_SEED + (__u32)(mac & 0xffff);
	__u32 c = GONA_HASH_SEED + peer[0];

	GONA_HASH_MIX(a, b, c);
	a += peer[1];
	b += peer[2];
	c += peer[3];
	GONA_HASH_FINAL(a, b, c);
	return c;
}

/* The next choice of a packet whose slice is dead; attempt: 1 and up. */
static __always_inline __u32 gona_hash_again(__u32 hash, __u32 attempt)
{
	return gona_hash_3(hash, attempt, 0, 0);
}

static __always_inline void gona_address_numbers(__u32 to[4], const __be32 from[4])
{
	to[0] = bpf_ntohl(from[0]);
	to[1] = bpf_ntohl(from[1]);
	to[2] = bpf_ntohl(from[2]);
	to[3] = bpf_ntohl(from[3]);
}

#endif
