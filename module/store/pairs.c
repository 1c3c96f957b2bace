// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buckets of a mirror in which keys lie, and values, too
 *
 * Where keys are integers a bucket has three of them, of which readers find the
 * values in the same cache line; the revisions, which few of them want, are
 * elsewhere. The few keys for which it has no room are in a slot that it names.
 * All of a bucket is changed in a window of it, and under the lock of its stripe.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "arena.h"
#include "pairs.h"

#define OWN		SYNCMAP_MAPPED_PAIRS

static_assert(sizeof(struct syncmap_mapped_pairs) ==
	      sizeof(struct syncmap_mapped_bucket));
static_assert(SYNCMAP_MAPPED_MORE * SYNCMAP_PAIR_BITS <= 64);

static const struct bytemap_pair none;

static_assert(offsetof(struct syncmap_mapped_more, pair[SYNCMAP_MAPPED_MORE]) <=
	      SYNCMAP_MAPPED_MORE_UNITS * SYNCMAP_MAPPED_UNIT);

static u32 more_bytes(unsigned int count)
{
	return offsetof(struct syncmap_mapped_more, pair[count]);
}

static struct syncmap_mapped_more *more_of(const struct bytemap_pairs *pairs)
{
	u32 slot = pairs->bucket->more;

	return slot ? (void *)bytemap_arena_words(pairs->arena, slot) : NULL;
}

/* Pairs for which there is room besides those of the bucket itself */
static int more_room(const struct bytemap_pairs *pairs)
{
	u32 slot = pairs->bucket->more;

	if (!slot)
		return 0;
	return min_t(u32, (bytemap_arena_size(pairs->arena, slot) -
			   more_bytes(0)) /
			  (more_bytes(1) - more_bytes(0)),
		     SYNCMAP_MAPPED_MORE);
}

/* Return: pairs are at 0 and up to it; some of these places may have none */
int bytemap_pairs_end(const struct bytemap_pairs *pairs)
{
	return OWN + more_room(pairs);
}

static u8 kind_of(const struct bytemap_pairs *pairs, int at)
{
	if (at < OWN)
		return pairs->bucket->kinds >> (at * SYNCMAP_PAIR_BITS) &
		       SYNCMAP_PAIR_MASK;
	return more_of(pairs)->kinds >> ((at - OWN) * SYNCMAP_PAIR_BITS) &
	       SYNCMAP_PAIR_MASK;
}

static void set_kind(const struct bytemap_pairs *pairs, int at, u8 kind)
{
	struct syncmap_mapped_more *more;
	unsigned int shift;

	if (at < OWN) {
		shift = at * SYNCMAP_PAIR_BITS;
		WRITE_ONCE(pairs->bucket->kinds,
			   (pairs->bucket->kinds & ~((u32)SYNCMAP_PAIR_MASK << shift)) |
			   (u32)kind << shift);
		return;
	}
	more = more_of(pairs);
	shift = (at - OWN) * SYNCMAP_PAIR_BITS;
	WRITE_ONCE(more->kinds, (more->kinds & ~((u64)SYNCMAP_PAIR_MASK << shift)) |
				(u64)kind << shift);
}

/* Return: where it is; -1: nowhere */
int bytemap_pairs_find(const struct bytemap_pairs *pairs, u64 key)
{
	const struct syncmap_mapped_more *more;
	int i;

	for (i = 0; i < OWN; i++)
		if (pairs->bucket->pair[i].key == key && kind_of(pairs, i))
			return i;
	more = more_of(pairs);
	if (!more)
		return -1;
	for (i = 0; i < more_room(pairs); i++)
		if (more->pair[i].key == key && kind_of(pairs, OWN + i))
			return OWN + i;
	return -1;
}

/* Return: whether there is one */
bool bytemap_pairs_get(const struct bytemap_pairs *pairs, int at,
		       struct bytemap_pair *pair)
{
	const struct syncmap_mapped_more *more;

	if (at >= bytemap_pairs_end(pairs))
		return false;
	pair->kind = kind_of(pairs, at);
	if (at < OWN) {
		pair->key = pairs->bucket->pair[at].key;
		pair->value = pairs->bucket->pair[at].value;
		pair->revision = (u64)pairs->revisions->high << 32 |
				 pairs->revisions->low[at];
	} else {
		more = more_of(pairs);
		pair->key = more->pair[at - OWN].key;
		pair->value = more->pair[at - OWN].value;
		pair->revision = more->pair[at - OWN].revision;
	}
	if (pair->kind == SYNCMAP_PAIR_SLOT)
		pair->revision = 0;
	return pair->kind;
}

/*
 * Where all of a bucket's own share half of their revisions. That changes once in
 * 2^32 changes of the map, and until then some are among the rest
 */
static bool has_high_half(const struct bytemap_pairs *pairs, int at,
			  const struct bytemap_pair *pair)
{
	u8 kind;
	int i;

	if (pair->kind == SYNCMAP_PAIR_SLOT ||
	    pairs->revisions->high == pair->revision >> 32)
		return true;
	for (i = 0; i < OWN; i++) {
		kind = kind_of(pairs, i);
		if (i != at && kind && kind != SYNCMAP_PAIR_SLOT)
			return false;
	}
	return true;
}

static void write_own(const struct bytemap_pairs *pairs, int at,
		      const struct bytemap_pair *pair)
{
	WRITE_ONCE(pairs->bucket->pair[at].key, pair->key);
	WRITE_ONCE(pairs->bucket->pair[at].value, pair->value);
	WRITE_ONCE(pairs->revisions->low[at], (u32)pair->revision);
	if (pair->kind && pair->kind != SYNCMAP_PAIR_SLOT)
		WRITE_ONCE(pairs->revisions->high, pair->revision >> 32);
	set_kind(pairs, at, pair->kind);
}

static void write_more(const struct bytemap_pairs *pairs, int at,
		       const struct bytemap_pair *pair)
{
	struct syncmap_mapped_more *more = more_of(pairs);

	WRITE_ONCE(more->pair[at - OWN].key, pair->key);
	WRITE_ONCE(more->pair[at - OWN].value, pair->value);
	WRITE_ONCE(more->pair[at - OWN].revision, pair->revision);
	set_kind(pairs, at, pair->kind);
}

/* Return: false if @pair, which has the key that is there, cannot be there */
bool bytemap_pairs_set(const struct bytemap_pairs *pairs, int at,
		       const struct bytemap_pair *pair)
{
	if (at >= OWN) {
		write_more(pairs, at, pair);
		return true;
	}
	if (!has_high_half(pairs, at, pair))
		return false;
	write_own(pairs, at, pair);
	return true;
}

static bool add_own(const struct bytemap_pairs *pairs,
		    const struct bytemap_pair *pair)
{
	int i;

	for (i = 0; i < OWN; i++)
		if (!kind_of(pairs, i))
			return bytemap_pairs_set(pairs, i, pair);
	return false;
}

static void name_more(const struct bytemap_pairs *pairs, u32 slot)
{
	u32 old = pairs->bucket->more;

	WRITE_ONCE(pairs->bucket->more, slot);
	if (old)
		bytemap_arena_put(pairs->arena, old);
}

/* One more than there is room for. Return: false if there is no memory, or enough */
static bool grow_more(const struct bytemap_pairs *pairs, int room)
{
	u64 *to;
	u32 slot;

	if (room == SYNCMAP_MAPPED_MORE)
		return false;
	slot = bytemap_arena_get(pairs->arena, more_bytes(room + 1));
	if (!slot)
		return false;
	to = bytemap_arena_words(pairs->arena, slot);
	if (room)
		memcpy(to, more_of(pairs), more_bytes(room));
	name_more(pairs, slot);
	return true;
}

/* Return: false if it does not fit, or there is no memory */
bool bytemap_pairs_add(const struct bytemap_pairs *pairs,
		       const struct bytemap_pair *pair)
{
	int room, i;

	if (add_own(pairs, pair))
		return true;
	room = more_room(pairs);
	for (i = 0; i < room; i++)
		if (!kind_of(pairs, OWN + i))
			break;
	if (i == room && !grow_more(pairs, room))
		return false;
	write_more(pairs, OWN + i, pair);
	return true;
}

/* Those that readers find at once are as many as can be */
static void draw_in(const struct bytemap_pairs *pairs)
{
	struct bytemap_pair pair;
	int i, end = bytemap_pairs_end(pairs);

	for (i = OWN; i < end; i++) {
		if (bytemap_pairs_get(pairs, i, &pair) && add_own(pairs, &pair))
			write_more(pairs, i, &none);
	}
	if (pairs->bucket->more && !more_of(pairs)->kinds)
		name_more(pairs, 0);
}

/* Nothing is there any more, nor to be read */
void bytemap_pairs_remove(const struct bytemap_pairs *pairs, int at)
{
	if (at < OWN)
		write_own(pairs, at, &none);
	else
		write_more(pairs, at, &none);
	if (pairs->bucket->more)
		draw_in(pairs);
}
