// SPDX-License-Identifier: GPL-2.0-only
/*
 * One revision of a map
 *
 * A range shows each entry as it is when it gets there, so what it shows of a map
 * in use was never there together. But every change has an event: who watches
 * from before the range until after it, in the order of revisions, and lets the
 * events prevail, has the map as it was after the last event that he has read.
 *
 *	A key without an event has not changed; the range shows it, or it is
 *	absent.
 *	Any other key is what its last event says.
 *	What the range saw, or found gone, is what a change did that has its event
 *	among those that are read. The event of a deletion is there before the
 *	key is gone, and that of a store has the revision of the entry, which
 *	may be seen a moment before: so events are read up to the newest revision
 *	that there is, or until there are none, and up to the newest that the
 *	range has shown they are waited for.
 *	What was cleared has a lower revision than the Clear, whenever it is shown.
 *
 * Events are read while the range goes on, so that they need no more room than the
 * queue has, whatever the size of the map. If some get lost nevertheless, all
 * begins anew.
 *
 * What the range shows goes to the file at once, and only keys that have changed
 * are kept in memory. In the end their lines are taken out of the file, and what
 * they are now is put behind the others.
 */
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsyncmap.h>

#include "lines.h"
#include "snapshot.h"

/* How often to begin anew */
#define ATTEMPTS	10

/* Entries of the range between looks at the events, and how many at one look */
#define STRIDE		64
#define EVENTS		1024

/* Milliseconds until an event comes that must */
#define PATIENCE	10000

/* Bytes that are kept of what changes meanwhile; a test has less */
#ifndef KEPT_MAX
#define KEPT_MAX	(256 << 20)
#endif

/* Not an errno: events are lost, or too many to be kept */
#define LOST		100000

/* A key that has changed, or is not to be saved */
struct change {
	struct bytes	key;
	struct bytes	value;
	uint64_t	revision;
	uint64_t	expires;
	bool		present;
	bool		owned;	/* and present, but not to be saved */
	bool		kept;
};

struct taking {
	struct snapshot		*snapshot;
	struct libsyncmap_watch	*watch;
	void			*changes;	/* a tree of them, by key */
	size_t			kept;		/* bytes in it */
	uint64_t		cleared;	/* revision of the last Clear */
	uint64_t		newest;		/* that the range has shown */
	uint64_t		shown;		/* by the range */
	uint64_t		written;	/* of these, to the file */
	bool			changed;	/* since it began */
	int			err;		/* of the end */
};

static int compare(const void *a, const void *b)
{
	const struct bytes *x = &((const struct change *)a)->key;
	const struct bytes *y = &((const struct change *)b)->key;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->len ? memcmp(x->data, y->data, x->len) : 0;
}

static void free_change(void *arg)
{
	struct change *change = arg;

	bytes_free(&change->key);
	bytes_free(&change->value);
	free(change);
}

static struct change *find_change(const struct taking *taking, const void *key,
				  size_t len)
{
	const struct change wanted = {
		.key = { .data = (char *)key, .len = len },
	};
	struct change **found = tfind(&wanted, &taking->changes, compare);

	return found ? *found : NULL;
}

/* The one of this key, made if need be; without memory the program ends */
static struct change *get_change(struct taking *taking, const void *key,
				 size_t len)
{
	struct change *change = find_change(taking, key, len);

	if (change)
		return change;
	change = calloc(1, sizeof(*change));
	if (!change)
		abort();
	bytes_set(&change->key, key, len);
	taking->kept += sizeof(*change) + change->key.size;
	if (!tsearch(change, &taking->changes, compare))
		abort();
	return change;
}

static void forget_changes(struct taking *taking)
{
	tdestroy(taking->changes, free_change);
	taking->changes = NULL;
	taking->kept = 0;
	taking->changed = false;
}

static struct record_format line_format(const struct snapshot *snapshot)
{
	return (struct record_format){
		.json_lines = true, .key = snapshot->key, .value = FORMAT_TEXT,
	};
}

static uint64_t time_left(const struct snapshot *snapshot, uint64_t expires)
{
	if (!expires || expires == SYNCMAP_NEVER)
		return DURATION_NEVER;
	return expires > snapshot->since ? expires - snapshot->since : 1;
}

static const char *print_line(const struct snapshot *snapshot,
			      const struct libsyncmap_record *record,
			      struct bytes *line)
{
	const struct record_format format = line_format(snapshot);
	const struct record_life life = {
		.ttl_ns = time_left(snapshot, record->expires),
		.kept = record->flags & SYNCMAP_RECORD_KEPT,
	};

	line->len = 0;
	return record_print(&format, record->key, record->key_len,
			    record->value, record->value_len, &life, line);
}

static int fail_line(struct snapshot *snapshot, const char *wrong)
{
	snapshot->wrong = wrong;
	return -EINVAL;
}

/* Nothing is in the map; what the range has shown of later has events */
static int begin_anew(struct taking *taking)
{
	FILE *file = taking->snapshot->file;

	forget_changes(taking);
	taking->written = 0;
	rewind(file);
	return fflush(file) || ftruncate(fileno(file), 0) ? -errno : 0;
}

static void set_value(struct taking *taking, struct change *change,
		      const void *value, size_t len)
{
	taking->kept -= change->value.size;
	bytes_free(&change->value);
	bytes_set(&change->value, value, len);
	taking->kept += change->value.size;
}

/* Whoever writes all the time is not to be faster */
static int apply_store(struct taking *taking,
		       const struct libsyncmap_record *event)
{
	struct change *change;

	/* Without its value, the queue was nearly full */
	if (!event->value)
		return LOST;
	change = get_change(taking, event->key, event->key_len);
	change->revision = event->revision;
	change->expires = event->expires;
	change->owned = event->flags & SYNCMAP_RECORD_OWNED;
	change->kept = event->flags & SYNCMAP_RECORD_KEPT;
	set_value(taking, change, event->value,
		  change->owned ? 0 : event->value_len);
	change->present = true;
	return 0;
}

static void apply_delete(struct taking *taking,
			 const struct libsyncmap_record *event)
{
	struct change *change = get_change(taking, event->key, event->key_len);

	set_value(taking, change, NULL, 0);
	change->present = false;
	change->owned = false;
}

static int apply_event(struct taking *taking,
		       const struct libsyncmap_record *event)
{
	if (event->revision > taking->snapshot->revision)
		taking->snapshot->revision = event->revision;
	switch (event->type) {
	case SYNCMAP_RECORD_STORE:
		taking->changed = true;
		return apply_store(taking, event);
	case SYNCMAP_RECORD_DELETE:
		taking->changed = true;
		apply_delete(taking, event);
		return 0;
	case SYNCMAP_RECORD_CLEAR:
		taking->cleared = event->revision;
		return begin_anew(taking);
	case SYNCMAP_RECORD_OVERFLOW:
		return LOST;
	default:
		return 0;
	}
}

/* All events that there are, but so many at most, and those up to a revision */
static int read_events(struct taking *taking, uint64_t most, uint64_t until)
{
	struct libsyncmap_record event;
	int err = 0;

	while (!err && most-- && taking->snapshot->revision < until) {
		err = libsyncmap_watch_next(taking->watch, 0, &event);
		if (err)
			return err == -EAGAIN || err == -ENODATA ? 0 : err;
		err = apply_event(taking, &event);
		if (!err && taking->kept > KEPT_MAX)
			err = LOST;
	}
	return err;
}

/* The event of what the range has seen is there, or will be in a moment */
static int await_events(struct taking *taking)
{
	struct libsyncmap_record event;
	int err = 0;

	while (!err && taking->snapshot->revision < taking->newest) {
		err = libsyncmap_watch_next(taking->watch, PATIENCE, &event);
		err = err == -EAGAIN ? LOST : err ? : apply_event(taking, &event);
	}
	return err;
}

static int write_line(struct taking *taking, const struct libsyncmap_record *entry)
{
	struct snapshot *snapshot = taking->snapshot;
	struct bytes line = { };
	const char *wrong = print_line(snapshot, entry, &line);
	int err = wrong ? fail_line(snapshot, wrong) : 0;

	if (!err && fwrite(line.data, 1, line.len, snapshot->file) != line.len)
		err = errno ? -errno : -EIO;
	taking->written += !err;
	bytes_free(&line);
	return err;
}

/* The event does not tell that an entry has been touched since */
static void note_expiry(struct change *change,
			const struct libsyncmap_record *entry)
{
	if (change->present && change->revision == entry->revision)
		change->expires = entry->expires;
}

static int show(const struct libsyncmap_record *entry, void *arg)
{
	struct taking *taking = arg;
	struct change *change;
	int err = 0;

	if (taking->shown++ % STRIDE == 0)
		err = read_events(taking, EVENTS, SYNCMAP_NEVER);
	if (err || entry->revision <= taking->cleared)
		return err;
	if (entry->revision > taking->newest)
		taking->newest = entry->revision;
	change = find_change(taking, entry->key, entry->key_len);
	if (change) {
		note_expiry(change, entry);
		return 0;
	}
	if (!(entry->flags & SYNCMAP_RECORD_OWNED))
		return write_line(taking, entry);
	return apply_store(taking, entry);
}

static int one_pass(struct taking *taking)
{
	struct snapshot *snapshot = taking->snapshot;
	struct syncmap_map_info info;
	int err = begin_anew(taking);

	if (err)
		return err;
	err = libsyncmap_range(snapshot->map, 0, show, taking);
	if (err)
		return err;
	err = libsyncmap_info(snapshot->map, &info, sizeof(info));
	if (!err)
		err = read_events(taking, SYNCMAP_NEVER, info.revision);
	return err ? err : await_events(taking);
}

static int open_watch(struct taking *taking)
{
	struct snapshot *snapshot = taking->snapshot;
	struct syncmap_watch params;
	uint32_t size = SYNCMAP_QUEUE_MAX;
	int err;

	do {
		params = (struct syncmap_watch){
			.flags = SYNCMAP_WATCH_VALUES, .queue_size = size,
		};
		err = libsyncmap_watch_open(snapshot->map, &params,
					    sizeof(params), &taking->watch);
		size /= 4;
	} while (err && size >= SYNCMAP_QUEUE_DEFAULT);
	snapshot->error = params.error;
	snapshot->revision = params.revision;
	return err;
}

static int take(struct taking *taking)
{
	int err = LOST;

	for (int i = 0; i < ATTEMPTS && err == LOST; i++)
		err = one_pass(taking);
	if (err != LOST)
		return err;
	taking->snapshot->wrong = "it changes faster than it can be read";
	return -EAGAIN;
}

/* What is wrong shows in the end: twalk_r() cannot be ended */
static void write_change(const void *node, VISIT which, void *arg)
{
	const struct change *change = *(struct change *const *)node;
	struct taking *taking = arg;
	const struct libsyncmap_record entry = {
		.key = change->key.data, .key_len = change->key.len,
		.value = change->value.data, .value_len = change->value.len,
		.expires = change->expires,
		.flags = change->kept ? SYNCMAP_RECORD_KEPT : 0,
	};

	if ((which != postorder && which != leaf) || taking->err)
		return;
	taking->snapshot->owned += change->owned;
	if (!change->present || change->owned)
		return;
	taking->snapshot->entries++;
	taking->err = write_line(taking, &entry);
}

/* Lines move towards the beginning, behind where they are read */
struct move {
	int		fd;
	off_t		at;
	struct bytes	lines;
};

static int move_lines(struct move *move)
{
	struct bytes *lines = &move->lines;
	ssize_t written;

	for (size_t done = 0; done < lines->len; done += written) {
		written = pwrite(move->fd, lines->data + done,
				 lines->len - done, move->at);
		if (written < 0)
			return -errno;
		move->at += written;
	}
	lines->len = 0;
	return 0;
}

static int keep_unchanged(struct taking *taking, struct move *move,
			  const char *line, size_t len, struct record *record)
{
	struct snapshot *snapshot = taking->snapshot;
	const struct record_format format = line_format(snapshot);
	const char *wrong = record_parse(&format, line, len, record);

	if (wrong)
		return fail_line(snapshot, wrong);
	if (find_change(taking, record->key.data, record->key.len))
		return 0;
	snapshot->entries++;
	bytes_append(&move->lines, line, len);
	bytes_append_char(&move->lines, '\n');
	return 0;
}

/* Takes what has changed out of the file. */
static int remove_changed(struct taking *taking)
{
	FILE *file = taking->snapshot->file;
	struct lines lines = { .fd = fileno(file), .max = SIZE_MAX };
	struct move move = { .fd = lines.fd };
	struct record record = { };
	const char *line;
	int err = 0;
	size_t len;

	lseek(lines.fd, 0, SEEK_SET);
	while (!err && !lines.end) {
		err = lines_read(&lines);
		while (!err && lines_next(&lines, &line, &len))
			err = keep_unchanged(taking, &move, line, len, &record);
		if (!err)
			err = move_lines(&move);
	}
	if (!err && ftruncate(move.fd, move.at))
		err = -errno;
	record_free(&record);
	bytes_free(&move.lines);
	lines_free(&lines);
	return err;
}

static int merge(struct taking *taking)
{
	struct snapshot *snapshot = taking->snapshot;
	int err = 0;

	if (fflush(snapshot->file))
		return -errno;
	if (taking->changed)
		err = remove_changed(taking);
	else
		snapshot->entries = taking->written;
	if (err)
		return err;
	fseek(snapshot->file, 0, SEEK_END);
	twalk_r(taking->changes, write_change, taking);
	if (!taking->err && fflush(snapshot->file))
		return -errno;
	return taking->err;
}

int snapshot_take(struct snapshot *snapshot)
{
	struct taking taking = { .snapshot = snapshot };
	int err = open_watch(&taking);

	if (err)
		return err;
	err = take(&taking);
	if (!err)
		err = merge(&taking);
	libsyncmap_watch_close(taking.watch);
	forget_changes(&taking);
	return err;
}
