/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the process with the store is asked for, over a socket. A request is one
 * struct ask, an answer one struct told; after ASK_OPEN so many struct shown follow.
 */
#ifndef BENCH_MAPPED_LINK_H
#define BENCH_MAPPED_LINK_H

#include <linux/types.h>

#define VALUE_MAX	128
#define KEY_MAX		16

enum {
	ASK_OPEN,		/* fill a map, and wait until its mirror rests */
	ASK_WRITE,		/* so many stores a second from now on; 0: none */
	ASK_TIME,		/* a store with and without a mirror, and a load */
	ASK_END,
};

struct ask {
	__u32	what;
	__u32	key_len;	/* 8: an integer */
	__u32	value_len;
	__u32	rate;
	__u64	n;
};

struct told {
	__u64	size;		/* of the mapping */
	__u32	pages;
	__s32	file;		/* of all pages: its number there */
	__u64	mirror_bytes;
	__u64	written;	/* since the last answer */
	__u64	written_ns;
	double	store_ns;
	double	plain_ns;
	double	load_ns;
};

/* A page of the mapping, and its place in the file */
struct shown {
	__u64	at;
	__u64	page;
};

static inline __u64 link_mix(__u64 x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185ULL;
	x ^= x >> 27;
	x *= 0x81dadef4bc2dd44dULL;
	return x ^ x >> 33;
}

/* The key of that number, of @len bytes in words */
static inline void link_key(__u64 *key, __u32 len, __u64 number)
{
	key[0] = link_mix(number);
	if (len > 8)
		key[1] = link_mix(number ^ 0x5555555555555555ULL);
}

/* The number to which a value leads: all keys are on one way round. @n: 2^x */
static inline __u64 link_next(__u64 number, __u64 n)
{
	return (number * 1664525 + 1013904223) & (n - 1);
}

static inline void link_value(__u64 *value, __u32 len, __u64 number, __u64 n)
{
	__u32 i;

	value[0] = link_next(number, n);
	for (i = 1; i < (len + 7) / 8; i++)
		value[i] = number + i;
}

#endif
