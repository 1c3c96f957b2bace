// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters with a hard limit that is exact under concurrency: reserve first,
 * then insert, then commit or cancel. When the limit becomes less than there is,
 * nothing more is reserved until there is room.
 *
 * Two inserters of the same new key at a limit that has room for one: both
 * must reserve, one of them for nothing. The other must not hear "full" while
 * that is undecided, nor a third with another key that would fit after all.
 * So they wait for reservations in flight; there are some only if somebody got
 * room, which is the progress that others make.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "gauge.h"

#define IN_FLIGHT	BIT_ULL(BYTEMAP_GAUGE_BITS)
#define CLOSED		BIT_ULL(63)

static u64 taken(u64 word)
{
	return word & BYTEMAP_GAUGE_MAX;
}

static u64 in_flight(u64 word)
{
	return (word & ~CLOSED) >> BYTEMAP_GAUGE_BITS;
}

static bool has_room_beside(const struct bytemap_gauge *gauge, u64 word, u64 n)
{
	u64 max = READ_ONCE(gauge->max);

	return taken(word) <= max && n <= max - taken(word);
}

static int add_to_gauge(struct bytemap_gauge *gauge, u64 n, u64 flight)
{
	s64 word = atomic64_read(&gauge->word);

	do {
		if (word & CLOSED)
			return -EAGAIN;
		if (!has_room_beside(gauge, word, n))
			return in_flight(word) ? -EAGAIN : -ENOSPC;
	} while (!atomic64_try_cmpxchg(&gauge->word, &word, word + n + flight));
	return 0;
}

/*
 * Fully ordered, as wake_up_var() wants the condition to be before its check.
 * See litmus/gauge-wake
 */
static void sub_from_gauge(struct bytemap_gauge *gauge, u64 n)
{
	atomic64_sub_return(n, &gauge->word);
	wake_up_var(&gauge->word);
}

/*
 * Takes room for @n, which is in flight until it is committed or cancelled. From any
 * context.
 *
 * Return: 0; -ENOSPC: full; -EAGAIN: may be full, so bytemap_gauge_wait() and try
 * again.
 */
int bytemap_gauge_reserve(struct bytemap_gauge *gauge, u64 n)
{
	return add_to_gauge(gauge, n, IN_FLIGHT);
}

/* What was reserved is there. From any context */
void bytemap_gauge_commit(struct bytemap_gauge *gauge)
{
	sub_from_gauge(gauge, IN_FLIGHT);
}

/* What was reserved, @n, is not taken. From any context */
void bytemap_gauge_cancel(struct bytemap_gauge *gauge, u64 n)
{
	sub_from_gauge(gauge, IN_FLIGHT + n);
}

/*
 * What takes @from takes @to now. From any context.
 *
 * Return: as bytemap_gauge_reserve(), if that is more; else 0.
 */
int bytemap_gauge_change(struct bytemap_gauge *gauge, u64 from, u64 to)
{
	if (to > from)
		return add_to_gauge(gauge, to - from, 0);
	if (to < from)
		sub_from_gauge(gauge, from - to);
	return 0;
}

/* Return: whether nothing can be reserved just now. What comes before its end is seen */
bool bytemap_gauge_is_closed(const struct bytemap_gauge *gauge)
{
	return atomic64_read_acquire(&gauge->word) & CLOSED;
}

/* Return: how much is taken, what is in flight included */
u64 bytemap_gauge_read(const struct bytemap_gauge *gauge)
{
	return taken(atomic64_read(&gauge->word));
}

/* Return: whether there is room for @n, just now */
bool bytemap_gauge_has_room(const struct bytemap_gauge *gauge, u64 n)
{
	return has_room_beside(gauge, atomic64_read(&gauge->word), n);
}

/*
 * What came before a reservation was decided is seen; pairs with sub_from_gauge(). See
 * litmus/gauge-wait
 */
static bool is_decided(const struct bytemap_gauge *gauge, u64 n)
{
	u64 word = atomic64_read_acquire(&gauge->word);

	if (word & CLOSED)
		return false;
	return !in_flight(word) || has_room_beside(gauge, word, n);
}

/*
 * After -EAGAIN: waits until there is room for @n, or nothing to hope for. Sleeps.
 *
 * Return: 0, or -EINTR: killed.
 */
int bytemap_gauge_wait(struct bytemap_gauge *gauge, u64 n)
{
	if (wait_var_event_killable(&gauge->word, is_decided(gauge, n)))
		return -EINTR;
	return 0;
}

/* As is_decided(): a Clear sees the last insert. See litmus/gauge-wait */
static bool is_settled(const struct bytemap_gauge *gauge)
{
	return !in_flight(atomic64_read_acquire(&gauge->word));
}

/*
 * Lets nothing be reserved, and waits for what is in flight. One closer only. Sleeps.
 *
 * Return: 0, or -EINTR: killed, and the gauge is open.
 */
int bytemap_gauge_close(struct bytemap_gauge *gauge)
{
	atomic64_or(CLOSED, &gauge->word);
	if (!wait_var_event_killable(&gauge->word, is_settled(gauge)))
		return 0;
	bytemap_gauge_open(gauge);
	return -EINTR;
}

/* After bytemap_gauge_close() */
void bytemap_gauge_open(struct bytemap_gauge *gauge)
{
	sub_from_gauge(gauge, CLOSED);
}
