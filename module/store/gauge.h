/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters with a limit, of what there is and of what is on its way: gauge.c
 */
#ifndef _SYNCMAP_STORE_GAUGE_H
#define _SYNCMAP_STORE_GAUGE_H

#include <linux/atomic.h>
#include <linux/types.h>

/*
 * A counter with a limit. What is reserved counts as taken, and is in flight
 * until it is committed or cancelled; both numbers are in one word, so that
 * "full" and "may yet turn out not to be full" are told apart atomically.
 */
struct bytemap_gauge {
	atomic64_t	word;
	u64		max;	/* READ_ONCE() */
};

#define BYTEMAP_GAUGE_BITS	40
#define BYTEMAP_GAUGE_MAX	((1ULL << BYTEMAP_GAUGE_BITS) - 1)

int bytemap_gauge_reserve(struct bytemap_gauge *gauge, u64 n);
void bytemap_gauge_commit(struct bytemap_gauge *gauge);
void bytemap_gauge_cancel(struct bytemap_gauge *gauge, u64 n);
int bytemap_gauge_change(struct bytemap_gauge *gauge, u64 from, u64 to);
int bytemap_gauge_wait(struct bytemap_gauge *gauge, u64 n);
int bytemap_gauge_close(struct bytemap_gauge *gauge);
void bytemap_gauge_open(struct bytemap_gauge *gauge);
bool bytemap_gauge_is_closed(const struct bytemap_gauge *gauge);
u64 bytemap_gauge_read(const struct bytemap_gauge *gauge);
bool bytemap_gauge_has_room(const struct bytemap_gauge *gauge, u64 n);

/* Those that wait for room look again when what is in flight is decided */
static inline void bytemap_gauge_limit(struct bytemap_gauge *gauge, u64 max)
{
	WRITE_ONCE(gauge->max, max);
}

#endif /* _SYNCMAP_STORE_GAUGE_H */
