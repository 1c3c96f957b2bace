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

static unsigned int slots_of(bool wide)
{
	return wide ? SYNCMAP_WIDE_SLOTS : SYNCMAP_BUCKET_SLOTS;
}

/*
 * Seven tenths full: of randomly hashed keys 8 % stand in a later bucket than
 * their home. At three quarters it is 11 %, and hits take 5 % longer; at seven
 * eighths, which would save a fifth of the memory, it is 33 %. With five slots it
 * is 8 % at five eighths, and 13 % at seven tenths.
 */
u64 syncmap_table_homes(u64 keys, bool wide)
{
	return wide ? keys * 8 / (5 * SYNCMAP_WIDE_SLOTS) + 1 :
		      keys * 10 / (7 * SYNCMAP_BUCKET_SLOTS) + 1;
}

/*
 * How many buckets there must be behind @homes so that the keys counted in
 * @bins fit for certain, whatever their hashes: at worst all keys of a bin
 * have the bin's last bucket as their home. A good hash needs a 256th of the
 * keys as room, an all-equal one all of them.
 */
u64 syncmap_table_tail(u64 homes, const u32 *bins, bool wide)
{
	u64 keys = 0, tail = 0;
	u64 last, end;
	int bin;

	for (bin = TABLE_BINS - 1; bin >= 0; bin--) {
		keys += bins[bin];
		last = syncmap_table_home(((u64)bin << 56) | (U64_MAX >> 8), homes);
		end = last + DIV_ROUND_UP_ULL(keys, slots_of(wide));
		if (keys && end > homes)
			tail = max(tail, end - homes);
	}
	/* One more, without a filter bit, in which every search ends */
	return tail + 1;
}

/*
 * A table without keys. Every kind of kernel memory is aligned to the largest
 * power of two that divides its size, here at least the 128 of a bucket.
 */
struct syncmap_table *syncmap_table_alloc(u64 homes, u64 buckets, bool wide,
					  gfp_t gfp)
{
	struct syncmap_table *table;

	if (buckets > SIZE_MAX / sizeof(struct syncmap_bucket))
		return NULL;
	table = kzalloc(sizeof(*table), gfp);
	if (!table)
		return NULL;
	table->view.buckets =
		syncmap_large_alloc(buckets * sizeof(struct syncmap_bucket),
				    gfp | __GFP_ZERO | __GFP_NOWARN);
	if (!table->view.buckets) {
		kfree(table);
		return NULL;
	}
	table->view.homes = homes;
	table->wide = wide;
	table->buckets = buckets;
	return table;
}

void syncmap_table_free(struct syncmap_table *table)
{
	kvfree(table->view.buckets);
	kfree(table);
}

/*
 * Set the filter bit from the key's home up to, and without, its bucket. Stops
 * at the first bucket that has it: the key that set it there had an earlier
 * home or the same one, and so set it in all buckets in between.
 */
static void mark_overflow(struct syncmap_table *table, u64 hash, u64 home,
			  u64 bucket)
{
	u64 filter = syncmap_header_filter(hash);
	u64 *header;

	while (bucket-- > home) {
		header = &table->view.buckets[bucket].header;
		if (*header & filter)
			break;
		WRITE_ONCE(*header, *header | filter);
	}
}

/* Count the buckets that the appender leaves behind */
static void advance(struct syncmap_table *table, struct table_pos *pos, u64 to)
{
	table->fill[pos->slot]++;
	table->fill[0] += to - pos->bucket - 1;
	pos->bucket = to;
	pos->slot = 0;
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
	struct syncmap_bucket *bucket;
	unsigned int slot;

	if (home > pos->bucket)
		advance(table, pos, home);
	else if (pos->slot == slots_of(table->wide))
		advance(table, pos, pos->bucket + 1);
	slot = pos->slot++;
	bucket = &table->view.buckets[pos->bucket];
	if (table->wide)
		memcpy(bucket->wide[slot].key, (const u64 *)(unsigned long)key,
		       sizeof(bucket->wide[slot].key));
	else
		bucket->key[slot] = key;
	/* Pairs with the acquire in syncmap_bucket_header(). See litmus/header */
	smp_store_release(&bucket->header, bucket->header |
			  (u64)syncmap_fingerprint(hash) << (8 * slot));
	table->displaced[min_t(u64, pos->bucket - home,
			       SYNCMAP_HISTOGRAM - 1)]++;
	if (pos->bucket != home)
		mark_overflow(table, hash, home, pos->bucket);
	table->keys++;
	return table->wide ? &bucket->wide[slot].word : &bucket->word[slot];
}

/* The last key has been appended: complete the statistics */
void syncmap_table_seal(struct syncmap_table *table, struct table_pos *pos)
{
	advance(table, pos, table->buckets);
}
