/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a follower knows of a map of REPLICA_KEYS keys: it applies records, sees
 * that each may come where it does, and compares the whole with the map
 */
#ifndef REPLICA_H
#define REPLICA_H

#include "watcher.h"

/* "a00" ... "a15", "b00" ... "b15"; the values of some are only counted up */
#define REPLICA_KEYS	32
#define REPLICA_KEY_LEN	3
#define REPLICA_VALUE	400

struct replica_entry {
	bool	there;
	bool	known;		/* since an event, not by a dump */
	bool	listed;
	bool	has_value;
	__u32	len;
	__u64	revision;
	char	value[REPLICA_VALUE];
};

struct replica {
	struct syncmap_watch	params;
	bool			dumping;
	bool			ranged;	/* entries may be newer than events */
	__u64			last;	/* events up to this one are applied */
	unsigned int		events;
	unsigned int		overflows;
	struct replica_entry	entries[REPLICA_KEYS];
};

/* KEY_N(replica_key(n), REPLICA_KEY_LEN) */
const char *replica_key(unsigned int n);
bool replica_is_counter(unsigned int n);
bool replica_watches(const struct replica *replica, unsigned int n);

/*
 * A watcher was opened, or begins anew after a loss. What is in the replica is
 * what was in the map at params.since
 */
void replica_begin(struct replica *replica, const struct syncmap_watch *params);

void replica_apply(struct replica *replica, const struct syncmap_record *event);

/* Take over what is in the map now; or only drop what is not */
void replica_range(struct replica *replica, int map);
void replica_drop(struct replica *replica, int map);

/* EXPECTs the map to be the same: nobody writes any more */
void replica_compare(const struct replica *replica, int map);

#endif /* REPLICA_H */
