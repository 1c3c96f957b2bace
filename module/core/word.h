/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Value words
 *
 *	code | 1	open, live
 *	1		open, dead: the key is deleted (a tombstone)
 *	code		closed, live: the key has moved to the next table
 *	0		closed, dead: expunged; also a slot never filled, so that
 *			zeroed memory is a valid empty table
 *	2		NOTYET: the key is placed here, its value is not yet; the
 *			closed word that led here holds it
 *
 * A code is an even number above 2 that stands for a value:
 *
 *	4		NULL
 *	4 * n		a pointer aligned to four bytes
 *	4 * n + 6	the integer n, see syncmap_mk_value()
 *
 * "Absent" is code 0, which makes an open word always its code | 1. A closed
 * word never changes again, with one exception: NOTYET becomes open, once.
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
	WORD_NOTYET	= 2,
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

/* Whether a caller's value can be stored at all */
static inline bool code_is_valid(u64 code)
{
	return !(code & 1) && code >= SYNCMAP_CODE_NULL;
}

/* 0, which is not valid, for what would clash with another encoding */
static inline u64 code_of(const void *value)
{
	u64 code = (unsigned long)value;

	if (!value)
		return SYNCMAP_CODE_NULL;
	if (code == SYNCMAP_CODE_NULL || !code_is_valid(code))
		return CODE_ABSENT;
	return code;
}

/*
 * Pairs with the release in word_close() and in every successful
 * word_try_set(): who sees a closed word sees where it leads, who sees a value
 * sees what it points to. See litmus/closed and litmus/message
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

/* Close an open word, for good */
static inline u64 word_close(atomic64_t *word)
{
	/*
	 * The next table and the key's place there come first; pairs with
	 * word_read(). See litmus/closed and litmus/placed
	 */
	smp_mb__before_atomic();
	atomic64_andnot(1, word);
	return atomic64_read(word);
}

#endif /* _SYNCMAP_WORD_H */
