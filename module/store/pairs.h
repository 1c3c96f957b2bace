/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buckets of a mirror in which keys lie, and values, too: pairs.c
 */
#ifndef _SYNCMAP_STORE_PAIRS_H
#define _SYNCMAP_STORE_PAIRS_H

#include <linux/types.h>
#include <uapi/linux/syncmap_mapped.h>

struct bytemap_arena;

/* For so many a bucket has room, if there is memory */
#define BYTEMAP_PAIRS_MOST	(SYNCMAP_MAPPED_PAIRS + SYNCMAP_MAPPED_MORE)

/* A bucket, and what belongs to it */
struct bytemap_pairs {
	struct bytemap_arena			*arena;
	struct syncmap_mapped_pairs		*bucket;
	struct syncmap_mapped_revisions		*revisions;
};

/* A key in it */
struct bytemap_pair {
	u64	key;
	u64	value;		/* its number, if it is a slot */
	u64	revision;	/* of a slot, 0 */
	u8	kind;		/* 0: there is none */
};

int bytemap_pairs_end(const struct bytemap_pairs *pairs);
int bytemap_pairs_find(const struct bytemap_pairs *pairs, u64 key);
bool bytemap_pairs_get(const struct bytemap_pairs *pairs, int at,
		       struct bytemap_pair *pair);
bool bytemap_pairs_set(const struct bytemap_pairs *pairs, int at,
		       const struct bytemap_pair *pair);
bool bytemap_pairs_add(const struct bytemap_pairs *pairs,
		       const struct bytemap_pair *pair);
void bytemap_pairs_remove(const struct bytemap_pairs *pairs, int at);

#endif /* _SYNCMAP_STORE_PAIRS_H */
