/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Down: a map that is kept equal to all keys below a prefix of etcd.
 *
 * First a pass at one revision, which sets right what differs, and a watch from the
 * next revision on; whatever a response of the watch tells is stored in one batch.
 * When the watch ends, another one goes on behind the last revision, unless etcd has
 * forgotten that: then all begins anew, and readers have the old values meanwhile.
 *
 * Or what a pass reads anew, and the watch has brought meanwhile, goes to another map,
 * which gets the name when it is complete. The one that has it stays what etcd was at
 * one revision until then, and its mark, too: whoever begins again goes on from there.
 *
 * A beat, now and then, asks the quorum for its revision, by the member that the
 * watch comes from. It finds out what a watch does not tell: that the member is cut
 * off, or dead; that this is another cluster, or one that has been set back.
 *
 * One that was restored from a backup may have more revisions than before by the time
 * that we hear of it, and other ones; but its log has begun anew. So with each watch the
 * member is asked for the index of its log, after the quorum has answered by it: it knows
 * of all then that any member has ever told us of, and none falls in one history. Where
 * that is withheld, the next comparison has to find out.
 *
 * A watch can lose events for all that. So a pass compares the map with etcd in the
 * background; see compare_ended().
 *
 * @synced is there while all is well, and at most so long after: it tells at which
 * revision etcd was when the last beat but one was answered, since when the watch
 * has had the time of a beat to bring what there was; at which time that was, and
 * which member has said so.
 */
#ifndef SYNCMAP_ETCD_MIRROR_H
#define SYNCMAP_ETCD_MIRROR_H

#include "gateway.h"
#include "pass.h"
#include "table.h"

/*
 * @map: its name; it is made with @mode if there is none
 * @prefix: of the keys in etcd
 * @fresh: nanoseconds that @synced lasts after the last beat
 * @compare: nanoseconds between passes that compare; 0: never
 * @clear_after: nanoseconds without a beat after which the map is cleared; 0: never
 * @exchange: what is read anew is published as a whole
 */
struct mirror_options {
	const char	*map;
	const char	*prefix;
	mode_t		mode;
	bool		exchange;
	uint64_t	fresh;
	uint64_t	compare;
	uint64_t	clear_after;
};

struct mirror_counts {
	uint64_t	events;		/* that the watch has brought */
	uint64_t	unfit;		/* of them, those that no map can have */
	uint64_t	watches;	/* that were begun */
	uint64_t	snapshots;	/* passes that began anew */
	uint64_t	comparisons;
	uint64_t	repaired;	/* differences that these have found */
	uint64_t	beats_failed;
	uint64_t	cleared;
};

struct mirror {
	const struct mirror_options *options;
	struct gateway	*gateway;
	struct loop	*loop;
	struct span	prefix;
	struct table	table;
	struct pass	pass;
	struct bytes	text;		/* of what is stored beside events */

	uint64_t	cluster;
	int64_t		revision;	/* up to which all events are in the map */
	int64_t		seen;		/* the last event of a fragment */
	bool		lost;		/* begin anew */
	bool		complete;	/* the map is what etcd was at @revision */
	bool		late;		/* events came that are older than a pass */

	struct call	*watch;
	bool		watching;
	bool		proven;		/* to be of the history that we know */
	bool		withheld;	/* what would prove it; this was told */
	int64_t		index;		/* of its log */
	struct call	*proof;
	struct timer	watch_timer;	/* until it is tried, or has to be there */
	struct backoff	watch_backoff;

	struct call	*beat;
	struct timer	beat_timer;
	struct backoff	beat_backoff;
	int64_t		etcd_revision;	/* of the last beat, */
	int64_t		confirmed;	/* and of the one before */
	int64_t		synced;		/* what @synced has said last */
	uint64_t	asked;		/* when the last one was begun, */
	int64_t		known;		/* and @revision then */
	uint64_t	beaten;		/* when the last one with which all was well was */
	uint64_t	member;

	struct timer	compare_timer;
	bool		compare;	/* at the next beat */
	struct timer	clear_timer;

	struct mirror_counts counts;
	uint64_t	refused_said;	/* of the table's */
	void		(*broken)(void *arg);
	void		*arg;
};

/*
 * Open the map, and begin. @broken is called when nothing can be stored any more.
 * Returns 0, or a negative errno after telling why not.
 */
int mirror_begin(struct mirror *mirror, struct gateway *gateway,
		 const struct mirror_options *options, void (*broken)(void *arg),
		 void *arg);
void mirror_end(struct mirror *mirror);

/* Compare the map with etcd soon */
void mirror_compare(struct mirror *mirror);

/* Nanoseconds since all was well; 0 if it never was */
uint64_t mirror_age(const struct mirror *mirror);

#endif
