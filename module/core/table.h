/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read tables: buckets of two cache lines, in hash order
 *
 * The header byte of a slot is a fingerprint of its key, never 0; header byte
 * 7 is a filter: the bit of a key that stands in a later bucket than its home
 * is set in every bucket from its home to the one before it. A slot is filled
 * before its header byte is published (release), and then only its value word
 * changes.
 *
 * A key's home bucket is monotone in its hash and keys are appended in hash
 * order, so a table is in hash order as a whole. Overflow never wraps around:
 * behind the home buckets there is a tail, see table_room().
 */
#ifndef _SYNCMAP_TABLE_H
#define _SYNCMAP_TABLE_H

#include <linux/bitops.h>

#include "key.h"
#include "word.h"

struct syncmap_table {
	struct syncmap_view	view;
	struct syncmap_table	*next;	/* set before the first word is closed */
	u64			buckets;	/* homes and tail */
	u64			keys;
	u64			fill[SYNCMAP_HISTOGRAM];
	u64			displaced[SYNCMAP_HISTOGRAM];
};

/* Where an appender or a reader in hash order stands */
struct table_pos {
	u64		bucket;
	unsigned int	slot;
};

struct syncmap_table *syncmap_table_alloc(u64 homes, u64 buckets, gfp_t gfp);
void syncmap_table_free(struct syncmap_table *table);
u64 syncmap_table_homes(u64 keys);
u64 syncmap_table_tail(u64 homes, const u32 *bins);
atomic64_t *syncmap_table_append(struct syncmap_table *table,
				 struct table_pos *pos, u64 hash, u64 key);
void syncmap_table_seal(struct syncmap_table *table, struct table_pos *pos);

/* syncmap_table_tail() is told how many keys fall into each of these bins */
#define TABLE_BINS	256

static inline unsigned int table_bin(u64 hash)
{
	return hash >> 56;
}

static inline u8 header_slot(u64 header, unsigned int slot)
{
	return header >> (8 * slot);
}

/* The value word of a key if it stands in this bucket, whose header is given */
static __always_inline atomic64_t *bucket_find(struct syncmap_bucket *bucket,
					       u64 header,
					       const struct syncmap_key *key,
					       u8 key_len)
{
	u64 match = syncmap_header_match(header, syncmap_fingerprint(key->hash));
	unsigned int slot;

	for (; match; match &= match - 1) {
		slot = __ffs64(match) / 8;
		if (syncmap_key_matches(key, key_len, bucket->key[slot]))
			return &bucket->word[slot];
	}
	return NULL;
}

/*
 * The value word of a key, or NULL. Ends because the last bucket of a tail
 * never has a filter bit.
 */
static __always_inline atomic64_t *table_find(const struct syncmap_view *view,
					      const struct syncmap_key *key,
					      u8 key_len)
{
	struct syncmap_bucket *bucket = syncmap_table_bucket(view, key->hash);
	atomic64_t *word;
	u64 header;

	for (;; bucket++) {
		key_step(key);
		syncmap_prefetch(bucket->word);
		header = syncmap_bucket_header(bucket);
		word = bucket_find(bucket, header, key, key_len);
		if (word || !(header & syncmap_header_filter(key->hash)))
			return word;
	}
}

/* Whether there is a key at @pos */
static inline bool table_has(const struct syncmap_table *table,
			     const struct table_pos *pos)
{
	return pos->bucket < table->buckets &&
	       pos->slot < SYNCMAP_BUCKET_SLOTS &&
	       header_slot(table->view.buckets[pos->bucket].header, pos->slot);
}

/*
 * Move @pos to the next filled slot; false at the end of the table. For who may
 * take long: if a hash function is bad, nearly all buckets are empty.
 */
static inline bool table_next(const struct syncmap_table *table,
			      struct table_pos *pos)
{
	for (; pos->bucket < table->buckets; pos->bucket++, pos->slot = 0)
		if (table_has(table, pos))
			return true;
	return false;
}

#endif /* _SYNCMAP_TABLE_H */
