/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read tables: buckets of two cache lines, in hash order
 *
 * A bucket has seven slots, or five for keys of two words. The header byte of a
 * slot is a fingerprint of its key, never 0; header byte 7 is a filter: the bit
 * of a key that stands in a later bucket than its home is set in every bucket
 * from its home to the one before it. A slot has its key before its header byte
 * is published (release), and then only its value word changes.
 *
 * A key's home bucket is monotone in its hash and keys are appended in hash
 * order, so a table is in hash order as a whole. Overflow never wraps around:
 * behind the home buckets there is a tail, see syncmap_table_tail().
 */
#ifndef _SYNCMAP_TABLE_H
#define _SYNCMAP_TABLE_H

#include <linux/bitops.h>

#include "key.h"
#include "word.h"

struct syncmap_table {
	struct syncmap_view	view;
	struct syncmap_table	*next;	/* set before the first word is closed */
	bool			wide;		/* keys of two words */
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

struct syncmap_table *syncmap_table_alloc(u64 homes, u64 buckets, bool wide,
					  gfp_t gfp);
void syncmap_table_free(struct syncmap_table *table);
u64 syncmap_table_homes(u64 keys, bool wide);
u64 syncmap_table_tail(u64 homes, const u32 *bins, bool wide);
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
