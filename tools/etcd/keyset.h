/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of keys, of which no more is kept than a hash: 16 bytes for each, however
 * long they are. One that is not in it is taken to be with a chance of n / 2^64,
 * which is another one in the next set, as that has another seed.
 */
#ifndef SYNCMAP_ETCD_KEYSET_H
#define SYNCMAP_ETCD_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

struct keyset {
	uint64_t	seed[2];
	uint64_t	*slots;		/* 0: free */
	size_t		size;		/* a power of two */
	size_t		count;
};

/* Empty, with a new seed */
void keyset_begin(struct keyset *set);
void keyset_add(struct keyset *set, struct span key);
bool keyset_has(const struct keyset *set, struct span key);
void keyset_free(struct keyset *set);

#endif
