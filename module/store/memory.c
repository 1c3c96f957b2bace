// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map takes of the memory that its owner may have
 *
 * A map's own limit is in bytes of keys and values, and a fixed number of them
 * for each entry: whoever sets it can reckon. The limits of a user and of all
 * are there so that the machine has enough for the rest, so what counts there is
 * what the allocator gives, and what the tables need at their worst.
 *
 * A map takes from its account in portions, and has a credit of what it does not
 * use yet. So entries that come and go write nothing that other maps look at.
 * When the account has no whole portion left, it gives what is needed.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "account.h"
#include "bytemap.h"
#include "memory.h"
#include "value.h"

#define PORTION		SZ_16K

/* To which cgroup an object belongs */
#define OWNER		sizeof(void *)

/*
 * Of an entry, besides its value and a key that is no number: a node of the dirty
 * table and its part of the chains until it is in the read table; and there an
 * eighth of a bucket that is seven tenths full, or a pair in one with room for as many
 * more. While a read table is rebuilt there are two, the larger the old one the fewer
 * nodes.
 */
#define PLACE		96

/* The first tables of a map, and what debugfs has of it; for each CPU, counters */
#define TABLES		SZ_16K
#define COUNTERS	256

/* Return: bytes that an empty map takes */
u64 bytemap_memory_of_map(void)
{
	return sizeof(struct bytemap) + TABLES + num_possible_cpus() * COUNTERS;
}

/*
 * Return: bytes that a watcher takes: its queue has this size in records, and keeps
 * as much of long values, whose objects the allocator makes up to twice as large
 */
u64 bytemap_memory_of_watcher(u32 queue_size)
{
	return 3ULL * queue_size + SYNCMAP_QUEUE_MIN;
}

static u64 of_object(size_t size)
{
	return kmalloc_size_roundup(size) + OWNER;
}

/* Return: bytes that the object takes */
u64 bytemap_memory_of_object(const struct bytemap_value *value)
{
	return of_object(bytemap_value_size(value));
}

/* Return: bytes that the entry takes, its place in the tables included */
u64 bytemap_memory_of_entry(const struct bytemap *map,
			    const struct bytemap_value *value)
{
	u64 bytes = PLACE + bytemap_memory_of_object(value);

	if (map->key_type != SYNCMAP_KEY_U64)
		bytes += of_object(offsetof(struct syncmap_keyobj, bytes) +
				   value->key_len);
	if (value->leased && bytemap_lease(value)->stale)
		bytes += bytemap_memory_of_object(bytemap_lease(value)->stale);
	return bytes;
}

static bool take_credit(struct bytemap *map, s64 bytes)
{
	s64 credit = atomic64_read(&map->credit);

	do {
		if (credit < bytes)
			return false;
	} while (!atomic64_try_cmpxchg(&map->credit, &credit, credit - bytes));
	return true;
}

static int grow_memory(struct bytemap *map, u64 bytes,
		       struct syncmap_error *error)
{
	if (take_credit(map, bytes))
		return 0;
	if (bytemap_account_add_bytes(map->account, bytes + PORTION, error))
		return bytemap_account_add_bytes(map->account, bytes, error);
	atomic64_add(PORTION, &map->credit);
	return 0;
}

/* Of more than two portions of credit, one is left */
static void shrink_memory(struct bytemap *map, u64 bytes)
{
	s64 credit = atomic64_add_return(bytes, &map->credit);

	if (credit > 2 * PORTION && take_credit(map, credit - PORTION))
		bytemap_account_sub_bytes(map->account, credit - PORTION);
}

/*
 * What takes @from bytes takes @to now; @error tells why not. From any context.
 *
 * Return: 0; as bytemap_account_add_bytes(), if that is more.
 */
int bytemap_memory_change(struct bytemap *map, u64 from, u64 to,
			  struct syncmap_error *error)
{
	if (to > from)
		return grow_memory(map, to - from, error);
	if (to < from)
		shrink_memory(map, from - to);
	return 0;
}

/* The map is empty, and nobody uses it any more */
void bytemap_memory_release(struct bytemap *map)
{
	bytemap_account_sub_bytes(map->account, atomic64_read(&map->credit));
}
