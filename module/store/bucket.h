/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the buckets of a mirror say of their keys: bucket.c
 */
#ifndef _SYNCMAP_STORE_BUCKET_H
#define _SYNCMAP_STORE_BUCKET_H

#include <linux/types.h>
#include <uapi/linux/syncmap.h>

#include "bytemap.h"
#include "window.h"

struct bytemap_value;
struct syncmap_hashed_key;

void bytemap_bucket_want_work(struct bytemap_mirror *mirror);
void bytemap_bucket_end(struct bytemap_window *window,
			struct syncmap_hashed_key *hashed, const void *key,
			u32 key_len);
void bytemap_bucket_refresh(struct bytemap_mirror *mirror,
			    struct syncmap_hashed_key *hashed, const void *key,
			    u32 key_len);
void bytemap_bucket_refresh_mortal(struct bytemap_mirror *mirror,
				   const struct bytemap_value *value);
void bytemap_bucket_move(struct bytemap_mirror *mirror, u8 from, u8 to, u64 hash);
void bytemap_bucket_drop_cleared(struct bytemap_mirror *mirror, u8 shift,
				 u64 hash, u64 floor);
bool bytemap_bucket_are_full(const struct bytemap_mirror *mirror, u64 count,
			     u8 shift);
bool bytemap_bucket_are_empty(const struct bytemap_mirror *mirror, u64 count,
			      u8 shift);

/* Whether keys, which are integers, lie in buckets: pairs.c */
static inline bool bytemap_bucket_has_pairs(const struct bytemap_mirror *mirror)
{
	return mirror->map->key_type == SYNCMAP_KEY_U64;
}

#endif /* _SYNCMAP_STORE_BUCKET_H */
