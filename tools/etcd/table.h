/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map that is kept equal to what etcd has. Its keys are those of etcd without
 * the prefix. Two are not etcd's:
 *
 *	@revision	up to which revision all that etcd has had is in the map.
 *			It is dirty while something is being stored, and stays so
 *			if that was broken off
 *	@synced		see mirror.h; it goes with this process
 *
 * What the map does not take, as it is full, or the value too long, is absent, so
 * that nobody finds what was there before.
 */
#ifndef SYNCMAP_ETCD_TABLE_H
#define SYNCMAP_ETCD_TABLE_H

#include <libsyncmap.h>

#include "message.h"

/*
 * Operations that have been queued; what they point to has to last until then.
 * @map: what they are for
 * @shown: the map that has the name while @map is one that is to take its place
 * @hidden: @map has no name yet; there may be no @shown
 */
struct table {
	const char		*name;
	mode_t			mode;
	struct libsyncmap	*map;
	struct libsyncmap	*shown;
	bool			hidden;
	struct syncmap_op	*ops;
	struct syncmap_answer	*answers;
	size_t			count;
	size_t			size;
	uint64_t		stored;
	uint64_t		deleted;
	uint64_t		refused;	/* see above */
	char			why[160];	/* the last one was */
};

/* What @revision says */
struct mark {
	bool		there;
	bool		dirty;
	uint64_t	cluster;
	int64_t		revision;
	int64_t		index;		/* see mirror.h */
	struct bytes	prefix;
};

/*
 * Open the map, or make it if @make, and become the only one who keeps it: -EAGAIN if
 * somebody else does. Else there is no map until table_hide().
 */
int table_open(struct table *table, const char *name, mode_t mode, bool make);
void table_close(struct table *table);

/*
 * What is stored from now on goes to another map, which is like this one, but empty
 * and without the name, until that is exchanged. Without table_show() all is as before.
 */
int table_hide(struct table *table);
int table_show(struct table *table);
void table_drop_hidden(struct table *table);

/* Whether the name that it was opened by is another one's, or none's */
bool table_is_lost(const struct table *table);

/* Why this map cannot be kept equal to anything, or @exchanged; NULL: it can */
const char *table_unfit(const struct table *table, bool exchanged);

/* Whether a key of etcd's is one that the map can have */
bool table_takes(struct span key);

void table_store(struct table *table, struct span key, struct span value);
void table_delete(struct table *table, struct span key);

/* Like table_store(), until the map is closed, or for so many nanoseconds */
void table_lend(struct table *table, struct span key, struct span value,
		uint64_t ttl);

/*
 * Carry out what was queued. Returns 0, whatever was refused, or why nothing can be
 * stored any more: -EROFS: the map is frozen, or retired.
 */
int table_flush(struct table *table);

/* Which of the values the map does not have */
int table_compare(struct table *table, const struct event *events, size_t count,
		  bool *differs);

/* Call a function for each key but those that are not etcd's */
int table_each(struct table *table, void (*fn)(void *arg, struct span key),
	       void *arg);

/* Whether there is any such key */
bool table_has_any(struct table *table);

/* Remove all, and remember that it is not what etcd has */
int table_clear(struct table *table, const struct mark *mark);

int table_read_mark(struct table *table, struct mark *mark);

/* The text of a mark; see table_store() */
void table_print_mark(struct bytes *text, const struct mark *mark);
extern const struct span table_mark_key, table_synced_key;

#endif
