// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making read tables.
 */
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../large.h"
#include "table.h"

static unsigned int slots_of(u8 key_len)
{
	if (syncmap_key_is_word(key_len))
		return SYNCMAP_PAIR_SLOTS;
	return syncmap_key_is_wide(key_len) ? SYNCMAP_WIDE_SLOTS :
					      SYNCMAP_BUCKET_SLOTS;
}

/*
 * Seven slots are seven tenths full: of randomly hashed keys 8 % stand in a later
 * bucket than their home. At three quarters it is 11 %, and hits take 5 % longer;
 * at seven eighths, which would save a fifth of the memory, it is 33 %. Fewer
 * slots are five eighths full: with five it is 8 % (at seven tenths 13 %), with
 * four 11 % (18 %).
 */
u64 syncmap_table_homes(u64 keys, u8 key_len)
{
	unsigned int slots = slots_of(key_len);

	return slots == SYNCMAP_BUCKET_SLOTS ? keys * 10 / (7 * slots) + 1 :
					       keys * 8 / (5 * slots) + 1;
}

/*
 * How many buckets there must be behind @homes so that the keys counted in
 * @bins fit for certain, whatever their hashes: at worst all keys of a bin
 * have the bin's last bucket as their home. A good hash needs a 256th of the
 * keys as room, an all-equal one all of them.
 */
u64 syncmap_table_tail(u64 homes, const u32 *bins, u8 key_len)
{
	u64 keys = 0, tail = 0;
	u64 last, end;
	int bin;

	for (bin = TABLE_BINS - 1; bin >= 0; bin--) {
		keys += bins[bin];
		last = syncmap_table_home(((u64)bin << 56) | (U64_MAX >> 8), homes);
		end = last + DIV_ROUND_UP_ULL(keys, slots_of(key_len));
		if (keys && end > homes)
			tail = max(tail, end - homes);
	}
	/* One more, without a filter bit, in which every search ends */
	return tail + 1;
}

/* Of the tags that precede buckets of pairs */
static size_t tags_size(u64 buckets, u8 key_len)
{
	return syncmap_key_is_word(key_len) ?
		round_up(buckets, sizeof(struct syncmap_pairs)) : 0;
}

/* Of tags and buckets: a multiple of 128, see syncmap_table_alloc() */
static size_t buckets_size(u64 buckets, u8 key_len)
{
	size_t each = syncmap_key_is_word(key_len) ?
		sizeof(struct syncmap_pairs) : sizeof(struct syncmap_bucket);

	return round_up(tags_size(buckets, key_len) + buckets * each,
			sizeof(struct syncmap_bucket));
}

/* In bytes */
size_t syncmap_table_size(const struct syncmap_table *table)
{
	return buckets_size(table->buckets, table->key_len);
}

/*
 * A table without keys. No multiple of 128 bytes comes from one of the kernel's
 * size classes that is no power of two; and those that are, and pages, are aligned
 * to that at least.
 */
struct syncmap_table *syncmap_table_alloc(u64 homes, u64 buckets, u8 key_len,
					  gfp_t gfp)
{
	struct syncmap_table *table;
	void *memory;

	if (buckets > SIZE_MAX / 2 / sizeof(struct syncmap_bucket))
		return NULL;
	table = kzalloc(sizeof(*table), gfp);
	if (!table)
		return NULL;
	memory = syncmap_large_alloc(buckets_size(buckets, key_len),
				     gfp | __GFP_ZERO | __GFP_NOWARN);
	if (!memory) {
		kfree(table);
		return NULL;
	}
	table->view.buckets = memory + tags_size(buckets, key_len);
	table->view.homes = homes;
	table->key_len = key_len;
	table->buckets = buckets;
	return table;
}

void syncmap_table_free(struct syncmap_table *table)
{
	kvfree((void *)table->view.buckets -
	       tags_size(table->buckets, table->key_len));
	kfree(table);
}

/* Set the filter bit in a bucket; false if it is set */
static bool set_filter(struct syncmap_table *table, u64 hash, u64 bucket)
{
	u64 *header;
	u8 *tag;

	if (table_filters(table, hash, bucket))
		return false;
	if (syncmap_key_is_word(table->key_len)) {
		tag = syncmap_pairs_tag(&table->view, bucket);
		WRITE_ONCE(*tag, *tag | syncmap_tag_filter(hash));
	} else {
		header = &table->view.buckets[bucket].header;
		WRITE_ONCE(*header, *header | syncmap_header_filter(hash));
	}
	return true;
}

/*
 * Set the filter bit from the key's home up to, and without, its bucket. Stops
 * at the first bucket that has it: the key that set it there had an earlier
 * home or the same one, and so set it in all buckets in between.
 */
static void mark_overflow(struct syncmap_table *table, u64 hash, u64 home,
			  u64 bucket)
{
	while (bucket-- > home)
		if (!set_filter(table, hash, bucket))
			break;
}

/* Count the buckets that the appender leaves behind */
static void advance(struct syncmap_table *table, struct table_pos *pos, u64 to)
{
	table->fill[pos->slot]++;
	table->fill[0] += to - pos->bucket - 1;
	pos->bucket = to;
	pos->slot = 0;
}

/* Who looks for another key may come by, and sees this one or none */
static void set_pair(struct syncmap_table *table, const struct table_pos *pos,
		     u64 key)
{
	u8 *tag = syncmap_pairs_tag(&table->view, pos->bucket);

	WRITE_ONCE(table->view.pairs[pos->bucket].pair[pos->slot].key, key);
	WRITE_ONCE(*tag, *tag + 1);
}

static void set_slot(struct syncmap_table *table, const struct table_pos *pos,
		     u64 hash, u64 key)
{
	struct syncmap_bucket *bucket = &table->view.buckets[pos->bucket];

	if (syncmap_key_is_wide(table->key_len))
		memcpy(bucket->wide[pos->slot].key,
		       (const u64 *)(unsigned long)key,
		       sizeof(bucket->wide[pos->slot].key));
	else
		bucket->key[pos->slot] = key;
	/* Pairs with the acquire in syncmap_bucket_header(). See litmus/header */
	smp_store_release(&bucket->header, bucket->header |
			  (u64)syncmap_fingerprint(hash) << (8 * pos->slot));
}

/*
 * Place a key whose hash is not smaller than any before it; its word is the
 * caller's to set. Only the builder appends; readers may look in at any time, for
 * the keys before it.
 */
atomic64_t *syncmap_table_append(struct syncmap_table *table,
				 struct table_pos *pos, u64 hash, u64 key)
{
	u64 home = syncmap_table_home(hash, table->view.homes);
	u8 key_len = table->key_len;

	if (home > pos->bucket)
		advance(table, pos, home);
	else if (pos->slot == slots_of(key_len))
		advance(table, pos, pos->bucket + 1);
	if (syncmap_key_is_word(key_len))
		set_pair(table, pos, key);
	else
		set_slot(table, pos, hash, key);
	table->displaced[min_t(u64, pos->bucket - home,
			       SYNCMAP_HISTOGRAM - 1)]++;
	if (pos->bucket != home)
		mark_overflow(table, hash, home, pos->bucket);
	table->keys++;
	return syncmap_slot_word(&table->view, pos->bucket, pos->slot++, key_len);
}

/* The last key has been appended: complete the statistics */
void syncmap_table_seal(struct syncmap_table *table, struct table_pos *pos)
{
	advance(table, pos, table->buckets);
}

/*
 * Let the table have new keys, before it is in a state: in home buckets that are not
 * full, so that none is displaced, and no filter changes. @zero_hash: of key 0
 */
void syncmap_table_make_roomy(struct syncmap_table *table, u64 zero_hash)
{
	u64 home = syncmap_table_home(zero_hash, table->view.homes);
	u64 end = home;

	while (table_keys(table, end) == SYNCMAP_PAIR_SLOTS)
		end++;
	table->barred = home;
	table->nbarred = end + 1 - home;
	table->roomy = true;
}

/*
 * Give a key that the table does not have a slot for good, with a word that is still
 * 0, where table_has_room() says so; or NULL. With the lock of the key's dirty bucket, so
 * that nobody else does so for the same key; who does for another may hold another lock.
 */
atomic64_t *syncmap_table_claim(struct syncmap_table *table,
				const struct syncmap_key *key)
{
	u64 home = syncmap_table_home(key->hash, table->view.homes);
	struct syncmap_pair *pair = table->view.pairs[home].pair;
	unsigned int slot;
	u64 none;

	for (slot = 0; slot < SYNCMAP_PAIR_SLOTS; slot++) {
		none = 0;
		if (!READ_ONCE(pair[slot].key) &&
		    try_cmpxchg(&pair[slot].key, &none, key->word))
			return &pair[slot].word;
	}
	return NULL;
}
