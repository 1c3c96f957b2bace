/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass over all keys below a prefix, as they were at one revision, in pages, and
 * over all keys of the map: what differs is known then, while a watch brings what
 * has changed since.
 *
 *	fills	what differs is set right at once, page by page; of a map that has
 *		nothing all does, and it has no key that etcd has not
 *	else	it is only remembered, and set right by pass_repair()
 *
 * A key that has changed after the revision is none of the pass's business: the
 * watch has brought what it is now.
 */
#ifndef SYNCMAP_ETCD_PASS_H
#define SYNCMAP_ETCD_PASS_H

#include "gateway.h"
#include "keyset.h"
#include "table.h"

/* How a pass has ended */
enum pass_end {
	PASS_DONE,
	PASS_COMPACTED,		/* etcd has forgotten the revision */
	PASS_TOO_MANY,		/* differ for what does not fill */
	PASS_FAILED,		/* the map can have nothing any more: @error */
};

/* A value that is not in the map, or a key that is in it and should not be */
struct difference {
	size_t	key;		/* where it begins in @kept, with its value behind it */
	size_t	key_len;
	size_t	value_len;
	bool	deleted;
};

struct pass {
	struct gateway	*gateway;
	struct table	*table;
	struct span	prefix;
	struct bytes	end;		/* of the prefix */
	void		(*fn)(void *arg, enum pass_end end);
	void		*arg;

	bool		running;
	bool		begun;		/* the first page has been asked for */
	bool		fills;
	bool		blank;		/* the map had nothing */
	int64_t		revision;
	unsigned int	limit;		/* keys of the next page */
	struct bytes	next;		/* its first key */
	uint64_t	pause;		/* before it */
	struct call	*call;
	struct timer	timer;
	struct backoff	backoff;
	struct keyset	seen;		/* in etcd */
	struct keyset	changed;	/* since the revision */
	struct difference *differences;
	size_t		count;
	struct bytes	kept;
	int		error;

	uint64_t	keys;		/* seen in this pass */
	uint64_t	unfit;		/* of them, those that no map can have */
	uint64_t	pages;		/* of all passes */
};

/* @prefix has to stay. @fn is called when a pass has ended, from the loop. */
void pass_prepare(struct pass *pass, struct gateway *gateway, struct table *table,
		  struct span prefix, void (*fn)(void *arg, enum pass_end end),
		  void *arg);
void pass_free(struct pass *pass);

/*
 * @delay: nanoseconds before the first page, in which the watch may bring what was
 * under way; @pause: before each other one
 */
void pass_begin(struct pass *pass, bool fills, int64_t revision, uint64_t delay,
		uint64_t pause);

/* Do without the rest of the delay */
void pass_hurry(struct pass *pass);
void pass_stop(struct pass *pass);

/* A key of the map has changed by what etcd had at a revision */
void pass_changed(struct pass *pass, struct span key, int64_t revision);

/* How many of the differences are none of a key that has changed since */
size_t pass_differing(const struct pass *pass);

/* Queue what sets these right */
void pass_repair(struct pass *pass);

#endif
