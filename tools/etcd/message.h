/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is said to the gateway of etcd, and what it answers: JSON, in which keys and
 * values are base64, numbers of 64 bits are text, and what is zero is left out.
 * Nothing here talks to anybody.
 */
#ifndef SYNCMAP_ETCD_MESSAGE_H
#define SYNCMAP_ETCD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct span {
	const char	*data;
	size_t		len;
};

#define SPAN(text)	((struct span){ text, sizeof(text) - 1 })

/* Why a request has failed, as far as anybody acts on it */
enum failure {
	FAILURE_NONE,
	FAILURE_UNAVAILABLE,	/* this member, now: no leader, no answer */
	FAILURE_COMPACTED,	/* the revision is one that etcd has forgotten */
	FAILURE_TOKEN,		/* it needs another token */
	FAILURE_NO_USERS,	/* there are no users and tokens in this cluster */
	FAILURE_DENIED,		/* the user may not do this */
	FAILURE_NOT_FOUND,	/* there is no such lease */
	FAILURE_UNKNOWN_CALL,	/* whoever answers knows no such call */
	FAILURE_TOO_LARGE,	/* the answer was longer than anybody waits for */
};

/* A key with its value, or of a watch what has happened to it */
struct event {
	struct span	key;
	struct span	value;
	int64_t		revision;
	int64_t		lease;
	bool		deleted;
};

/*
 * One answer, or one line of a watch. Fields that it does not have are zero.
 * @revision: that of etcd as it answered, not of any event
 * @more: there are more keys than were asked for
 * @index: of the log of the cluster, as the member knows it; not that of a map's events
 * @fragment: the rest of these events is in the next line
 * @succeeded: the condition of a transaction was met
 * @events: of a range, its keys, also of one that is all of a transaction; they point
 *	into @memory
 */
struct message {
	enum failure	failure;
	char		reason[160];
	uint64_t	cluster;
	uint64_t	member;
	int64_t		revision;
	int64_t		index;
	bool		more;
	bool		created;
	bool		canceled;
	bool		fragment;
	bool		succeeded;
	int64_t		compact_revision;
	int64_t		lease;
	int64_t		ttl;
	struct bytes	token;
	struct event	*events;
	size_t		count;
	size_t		length;		/* of the text */
	struct bytes	memory;
};

/*
 * Parse one answer; what the message held before is gone, its memory is used again.
 * What is no answer of etcd's is a failure, FAILURE_UNAVAILABLE.
 */
void message_parse(struct message *message, const char *text, size_t len);

/* Make it one that says that there was no answer */
void message_fail(struct message *message, enum failure failure,
		  const char *reason);
void message_free(struct message *message);

/* The first key behind all that begin with a prefix; "\0" if there is none */
void message_prefix_end(struct bytes *end, struct span prefix);

/*
 * Requests; each begins with an empty buffer. @revision: 0: the newest. Those of an
 * old one are answered by the member alone, which has to have heard of it.
 */
void message_range(struct bytes *text, struct span key, struct span end,
		   int64_t revision, unsigned int limit);

/* For the revision alone, from the quorum */
void message_ask_revision(struct bytes *text, struct span key);
void message_ask_index(struct bytes *text);
void message_watch(struct bytes *text, struct span key, struct span end,
		   int64_t from);
void message_grant(struct bytes *text, unsigned int seconds);
void message_keep_alive(struct bytes *text, int64_t lease);

/*
 * A transaction of changes, each of another key, if yet another one is there under a
 * lease: begin, changes, end
 */
void message_begin_changes(struct bytes *text, struct span key, int64_t lease);
void message_add_put(struct bytes *text, struct span key, struct span value,
		     int64_t lease);
void message_add_delete(struct bytes *text, struct span key);
void message_end_changes(struct bytes *text);

/* Put a key that has been changed last at a revision, 0: that is absent; or get it */
void message_claim(struct bytes *text, struct span key, struct span value,
		   int64_t lease, int64_t revision);
void message_authenticate(struct bytes *text, const char *user,
			  const char *password);

#endif
