/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Up: what the entries of a map say that are bound to an open file, as services of
 * this node, stands below a prefix of etcd, under the lease of the node; so it goes
 * when its owner does, when its time is over, and when the node dies.
 *
 * A key that has changed is looked up in the map when its turn comes: what it has
 * then is stored, or if there is nothing, deleted. So none of it is ever older than
 * what was there before, and what changes faster than etcd takes it is skipped.
 *
 * A check compares all keys below the prefix with the map, at first, with another
 * lease, after events were lost, and now and then: nobody else is to write there, which
 * a claim sees to.
 */
#ifndef SYNCMAP_ETCD_PUBLISH_H
#define SYNCMAP_ETCD_PUBLISH_H

#include <libsyncmap.h>

#include "claim.h"
#include "gateway.h"
#include "keyset.h"
#include "lease.h"

/* @check: nanoseconds between checks; 0: only when there is a reason */
struct publish_options {
	const char	*map;
	const char	*prefix;
	uint64_t	check;
};

struct publish_counts {
	uint64_t	stored;
	uint64_t	deleted;
	uint64_t	refused;	/* by etcd, as too large or not allowed */
	uint64_t	checks;
};

/* Keys that wait for their turn, each once */
struct turns {
	struct bytes	keys;		/* each behind its length */
	size_t		next;
	struct keyset	set;
};

struct publisher {
	const struct publish_options *options;
	struct gateway		*gateway;
	struct lease		*lease;
	struct claim		claim;
	struct span		prefix;
	struct bytes		end;
	struct libsyncmap	*map;		/* NULL: there is none */
	struct libsyncmap_watch	*watch;
	struct waiter		waiter;
	struct timer		open_timer;

	struct turns		turns;		/* are looked up and sent, */
	struct turns		later;		/* and those that come meanwhile */
	size_t			sent;		/* where they end in @turns, */
	int64_t			sent_lease;	/* and under which lease that is */
	unsigned int		most;		/* changes in a transaction */
	struct call		*call;
	struct timer		timer;
	struct backoff		backoff;

	struct call		*page;
	struct timer		check_timer;
	struct backoff		check_backoff;
	struct bytes		next;		/* first key of the page */
	struct keyset		seen;
	bool			checking;

	struct publish_counts	counts;
};

/* @node: has to stay; see node.h */
void publish_begin(struct publisher *publisher, struct gateway *gateway,
		   struct lease *lease, struct span node,
		   const struct publish_options *options);
void publish_end(struct publisher *publisher);

/* There is another lease */
void publish_renew(struct publisher *publisher);

/* Compare all of it, as events were lost, or somebody wants it */
void publish_check(struct publisher *publisher);

#endif
