/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Value words
 *
 *	code | 1	open, live
 *	1		open, dead: the key is deleted (a tombstone)
 *	code		closed, live: the key has moved to the next table
 *	0		closed, dead: expunged; also a slot never filled, so that
 *			zeroed memory is a valid empty table
 *
 * A code is an even number from 4 on that stands for a value:
 *
 *	4		NULL
 *	4 * n		a pointer aligned to four bytes
 *	4 * n + 6	the integer n, see syncmap_mk_value()
 *
 * "Absent" is code 0, which makes an open word always its code | 1, and the same
 * word closed its code. A closed word that others can see never changes again.
 */
#ifndef _SYNCMAP_WORD_H
#define _SYNCMAP_WORD_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/syncmap.h>
#include <linux/types.h>

static_assert(sizeof(void *) == sizeof(u64), "syncmap needs a 64-bit kernel");

enum {
	WORD_EXPUNGED	= 0,
	WORD_DEAD	= 1,
};

/* Beside SYNCMAP_CODE_NULL */
#define CODE_ABSENT	0

static inline bool word_is_open(u64 word)
{
	return word & SYNCMAP_WORD_OPEN;
}

static inline bool word_is_live(u64 word)
{
	return word_is_open(word) && word != WORD_DEAD;
}

static inline u64 word_open(u64 code)
{
	return code | SYNCMAP_WORD_OPEN;
}

static inline u64 word_code(u64 word)
{
	return word & ~SYNCMAP_WORD_OPEN;
}

/*
 * Pairs with the release in every successful word_try_set(): who sees a closed
 * word sees where it leads, who sees a value sees what it points to. See
 * litmus/closed and litmus/message
 */
static inline u64 word_read(const atomic64_t *word)
{
	return atomic64_read_acquire(word);
}

/*
 * Full barrier when it succeeds. A cmpxchg that fails orders nothing, so that
 * *old, which is what stands there then, is read once more: as by word_read().
 * See litmus/failed-compare and litmus/loser
 */
static inline bool word_try_set(atomic64_t *word, u64 *old, u64 new)
{
	if (likely(atomic64_try_cmpxchg(word, (s64 *)old, new)))
		return true;
	*old = word_read(word);
	return false;
}

/*
 * Close an open word, for good, as long as it is *old. The next table, the key's
 * place there and its word come first; pairs with word_read(). See litmus/closed
 * and litmus/placed
 */
static inline bool word_try_close(atomic64_t *word, u64 *old)
{
	return word_try_set(word, old, word_code(*old));
}

#endif /* _SYNCMAP_WORD_H */
