/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read tables: buckets in hash order
 *
 * Keys of a word stand in buckets of one cache line, as four pairs of the key and
 * its value word. All four keys are compared, and without a branch. The tag of a
 * bucket, which only those look at who do not find their key in it, lies before
 * the first bucket: the tags run backwards from there. It has a count of the keys
 * and a filter. Key 0 is found in a slot that is not filled, too, whose value word
 * says that the key is not here.
 *
 * Other keys stand in buckets of two cache lines: seven slots for those of any
 * length, five for those of two words. The header byte of a slot is a fingerprint
 * of its key, never 0; header byte 7 is the filter. A slot has its key before its
 * header byte is published (release).
 *
 * The filter: the bit of a key that stands in a later bucket than its home is set
 * in every bucket from its home to the one before it. Once a key has its slot,
 * only its value word changes.
 *
 * A key's home bucket is monotone in its hash and keys are appended in hash
 * order, so a table is in hash order as a whole. Overflow never wraps around:
 * behind the home buckets there is a tail, see syncmap_table_tail().
 *
 * Pairs that are made for a map into which many new keys come are fewer to a bucket,
 * so that the keys to come have room beside them. Such a table, a roomy one, gets new
 * keys in home buckets that are not full: none of these is displaced, no tag changes,
 * and it stays in hash order, but within a bucket.
 */
#ifndef _SYNCMAP_TABLE_H
#define _SYNCMAP_TABLE_H

#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/math.h>

#include "key.h"
#include "word.h"

struct syncmap_table {
	struct syncmap_view	view;
	struct syncmap_table	*next;	/* set before the first word is closed */
	u8			key_len;	/* of the map */
	u64			buckets;	/* homes and tail */
	u64			keys;		/* that the builder has placed */
	bool			thinned;	/* has expunged words; token holder */
	bool			roomy;		/* has room for new keys, but for */
	u64			barred;		/* these buckets: the first, */
	u64			nbarred;	/* and how many */
	u64			fill[SYNCMAP_HISTOGRAM];
	u64			displaced[SYNCMAP_HISTOGRAM];
};

/* Where an appender or a reader in hash order stands */
struct table_pos {
	u64		bucket;
	unsigned int	slot;
};

struct syncmap_table *syncmap_table_alloc(u64 homes, u64 buckets, u8 key_len,
					  gfp_t gfp);
void syncmap_table_free(struct syncmap_table *table);
size_t syncmap_table_size(const struct syncmap_table *table);
u64 syncmap_table_homes(u64 keys, u8 key_len);
u64 syncmap_table_tail(u64 homes, const u32 *bins, u8 key_len);
atomic64_t *syncmap_table_append(struct syncmap_table *table,
				 struct table_pos *pos, u64 hash, u64 key);
void syncmap_table_seal(struct syncmap_table *table, struct table_pos *pos);
void syncmap_table_make_roomy(struct syncmap_table *table, u64 zero_hash);
atomic64_t *syncmap_table_claim(struct syncmap_table *table,
				const struct syncmap_key *key);

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

/* How many keys the builder has placed in a bucket: in its first slots, sorted */
static __always_inline unsigned int table_placed(const struct syncmap_table *table,
						 u64 bucket)
{
	const struct syncmap_view *view = &table->view;

	if (syncmap_key_is_word(table->key_len))
		return *syncmap_pairs_tag(view, bucket) & SYNCMAP_TAG_KEYS;
	return DIV_ROUND_UP(fls64(view->buckets[bucket].header & (U64_MAX >> 8)),
			    8);
}

/*
 * How many keys stand there, with those behind that came later, which have no other mark
 * than themselves. For who has the table from a state, or builds it; who comes early does
 * not count.
 */
static __always_inline unsigned int table_keys(const struct syncmap_table *table,
					       u64 bucket)
{
	unsigned int n = table_placed(table, bucket);

	while (table->roomy && n < SYNCMAP_PAIR_SLOTS &&
	       READ_ONCE(table->view.pairs[bucket].pair[n].key))
		n++;
	return n;
}

/* The buckets in which key 0 is looked for get no new keys, see table_has_room() */
static inline bool table_is_barred(const struct syncmap_table *table, u64 bucket)
{
	return bucket - table->barred < table->nbarred;
}

/*
 * Whether a new key is likely to find a slot in its home bucket. Who has found key 0 in
 * a slot that is not filled would take the word of a key that comes there for its own.
 */
static inline bool table_has_room(const struct syncmap_table *table,
				  const struct syncmap_key *key)
{
	u64 home = syncmap_table_home(key->hash, table->view.homes);

	return table->roomy && key->word &&
	       !table_is_barred(table, home) &&
	       !READ_ONCE(table->view.pairs[home].pair[SYNCMAP_PAIR_SLOTS - 1].key);
}

/* Whether a key with this hash may stand in a later bucket than this one */
static inline bool table_filters(const struct syncmap_table *table, u64 hash,
				 u64 bucket)
{
	if (syncmap_key_is_word(table->key_len))
		return *syncmap_pairs_tag(&table->view, bucket) &
		       syncmap_tag_filter(hash);
	return table->view.buckets[bucket].header & syncmap_header_filter(hash);
}

/* Whether there is a key at @pos */
static inline bool table_has(const struct syncmap_table *table,
			     const struct table_pos *pos)
{
	return pos->bucket < table->buckets &&
	       pos->slot < table_keys(table, pos->bucket);
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
