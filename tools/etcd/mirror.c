// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "claim.h"
#include "log.h"
#include "mirror.h"

/* Beats in the time that @synced lasts */
#define BEATS		4

/* How long the watch may take to bring what there was when a comparison begins */
#define GRACE		(2 * SECOND)

/* Between pages of a comparison, which is in no hurry */
#define PAUSE		(100 * MS)

/* A doubt is looked into by and by: many mirrors may have it at the same time. */
#define DOUBT_PARTS	10

/* What is refused is told now and then. */
#define SAY_REFUSED	1000

static void ask_beat(void *arg);
static void begin_watch(void *arg);

static void say_refused(struct mirror *mirror)
{
	const struct table *table = &mirror->table;
	uint64_t more = table->refused - mirror->refused_said;

	if (!more || (mirror->refused_said && more < SAY_REFUSED))
		return;
	say(LOG_WARNING, mirror->options->map, "not stored: %s (%" PRIu64
	    " so far)", table->why, table->refused);
	mirror->refused_said = table->refused;
}

/* Returns whether it was none */
static bool survive(struct mirror *mirror, int err)
{
	if (!err)
		return true;
	say(LOG_ERROR, mirror->options->map, "%s", libsyncmap_strerror(err));
	mirror->broken(mirror->arg);
	return false;
}

static bool flush(struct mirror *mirror)
{
	int err = table_flush(&mirror->table);

	say_refused(mirror);
	return survive(mirror, err);
}

static struct mark mark_of(const struct mirror *mirror, bool dirty)
{
	const char *prefix = mirror->options->prefix;

	return (struct mark){
		.dirty = dirty || mirror->seen > mirror->revision,
		.cluster = mirror->cluster, .revision = mirror->revision,
		.index = mirror->index,
		.prefix = { .data = (char *)prefix, .len = strlen(prefix) },
	};
}

/* Its text lasts until the next one. */
static void queue_mark(struct mirror *mirror, bool dirty)
{
	struct mark mark = mark_of(mirror, dirty);

	table_print_mark(&mirror->text, &mark);
	table_store(&mirror->table, table_mark_key,
		    (struct span){ mirror->text.data, mirror->text.len });
}

static bool store_mark(struct mirror *mirror, bool dirty)
{
	queue_mark(mirror, dirty);
	return flush(mirror);
}

static void doubt(struct mirror *mirror)
{
	uint64_t every = mirror->options->compare;

	if (every)
		loop_set(mirror->loop, &mirror->compare_timer,
			 loop_chance(every / DOUBT_PARTS) + SECOND);
}

static void end_watch(struct mirror *mirror)
{
	gateway_cancel(mirror->watch);
	gateway_cancel(mirror->proof);
	mirror->watch = mirror->proof = NULL;
	mirror->watching = mirror->proven = false;
	mirror->confirmed = 0;
	loop_unset(mirror->loop, &mirror->watch_timer);
}

static void restart_watch(struct mirror *mirror, uint64_t delay)
{
	end_watch(mirror);
	loop_set(mirror->loop, &mirror->watch_timer, delay);
	doubt(mirror);
}

/*
 * The map is not what it should be, and no event will make it so. A beat that is
 * under way may tell of a time that was before what is in the map.
 */
static void lose(struct mirror *mirror, const char *why)
{
	say(LOG_NOTICE, mirror->options->map, "%s: all of it is read anew", why);
	end_watch(mirror);
	pass_stop(&mirror->pass);
	mirror->lost = true;
	mirror->complete = false;
	gateway_cancel(mirror->beat);
	mirror->beat = NULL;
	if (mirror->options->exchange)
		table_drop_hidden(&mirror->table);
	else if (!store_mark(mirror, true))
		return;
	loop_set(mirror->loop, &mirror->beat_timer, 0);
}

/* The watch */

static void queue_event(struct mirror *mirror, const struct event *event)
{
	struct span key = event->key;

	mirror->counts.events++;
	if (key.len < mirror->prefix.len)
		return;
	key.data += mirror->prefix.len;
	key.len -= mirror->prefix.len;
	if (!table_takes(key)) {
		mirror->counts.unfit += !claim_has_key(key);
		return;
	}
	if (event->deleted)
		table_delete(&mirror->table, key);
	else
		table_store(&mirror->table, key, event->value);
	pass_changed(&mirror->pass, key, event->revision);
}

/* A comparison wants to know of what is older than it; see compare_ended(). */
static void queue_events(struct mirror *mirror, const struct message *line)
{
	const struct pass *pass = &mirror->pass;

	for (size_t i = 0; i < line->count; i++) {
		const struct event *event = &line->events[i];

		if (event->revision <= mirror->revision)
			continue;
		if (pass->begun && event->revision <= pass->revision)
			mirror->late = true;
		queue_event(mirror, event);
		mirror->seen = event->revision;
	}
}

/*
 * A line is one batch, in which the map is dirty: whoever finds the same mark before
 * and after has found nothing of what is in between. Both texts have to last.
 */
static bool store_events(struct mirror *mirror, const struct message *line)
{
	struct bytes dirty = { };
	bool stored;

	if (mirror->complete)
		queue_mark(mirror, true);
	dirty = mirror->text;
	mirror->text = (struct bytes){ };
	queue_events(mirror, line);
	if (!line->fragment) {
		if (mirror->seen > mirror->revision)
			mirror->revision = mirror->seen;
		if (mirror->complete)
			queue_mark(mirror, false);
	}
	stored = flush(mirror);
	bytes_free(&dirty);
	return stored;
}

static void take_progress(struct mirror *mirror, int64_t revision)
{
	if (revision <= mirror->revision)
		return;
	mirror->revision = revision;
	if (mirror->complete)
		store_mark(mirror, false);
}

static void watch_failed(struct mirror *mirror, const struct message *line)
{
	if (line->failure == FAILURE_COMPACTED) {
		lose(mirror, "etcd has forgotten what has happened since");
		return;
	}
	if (!mirror->watch_backoff.failures)
		say(LOG_INFO, mirror->options->map, "the watch has ended: %s",
		    line->reason);
	restart_watch(mirror, backoff_next(&mirror->watch_backoff,
					   mirror->gateway));
}

static void line_came(void *arg, const struct message *line)
{
	struct mirror *mirror = arg;

	if (line->failure) {
		mirror->watch = NULL;
		watch_failed(mirror, line);
		return;
	}
	if (line->cluster != mirror->cluster) {
		lose(mirror, "this is another cluster");
		return;
	}
	if (line->created) {
		mirror->watching = true;
		loop_unset(mirror->loop, &mirror->watch_timer);
		return;
	}
	mirror->watch_backoff.failures = 0;
	if (!line->count)
		take_progress(mirror, line->revision);
	else if (store_events(mirror, line) && mirror->pass.running &&
		 mirror->revision >= mirror->pass.revision)
		pass_hurry(&mirror->pass);
}

/* If it is not there in time, its member is taken to be dead. */
static void watch_due(void *arg)
{
	struct mirror *mirror = arg;

	if (mirror->watch) {
		gateway_leave(mirror->watch);
		restart_watch(mirror, backoff_next(&mirror->watch_backoff,
						   mirror->gateway));
		return;
	}
	begin_watch(mirror);
}

/* Of a fragment what is newer than the last event has not been stored. */
static int64_t next_revision(const struct mirror *mirror)
{
	return mirror->seen > mirror->revision ? mirror->seen :
						 mirror->revision + 1;
}

static void begin_watch(void *arg)
{
	struct mirror *mirror = arg;
	struct bytes request = { };

	end_watch(mirror);
	message_watch(&request, mirror->prefix,
		      (struct span){ mirror->pass.end.data, mirror->pass.end.len },
		      next_revision(mirror));
	mirror->watch = gateway_stream(mirror->gateway, "/v3/watch", &request,
				       line_came, mirror);
	mirror->counts.watches++;
	loop_set(mirror->loop, &mirror->watch_timer,
		 mirror->gateway->options->timeout);
	bytes_free(&request);
}

/* Passes */

static void schedule_compare(struct mirror *mirror)
{
	uint64_t every = mirror->options->compare;

	if (every)
		loop_set(mirror->loop, &mirror->compare_timer,
			 every - every / 4 + loop_chance(every / 2));
}

static void compare_due(void *arg)
{
	struct mirror *mirror = arg;

	mirror->compare = true;
}

static void fill_ended(struct mirror *mirror)
{
	const struct pass *pass = &mirror->pass;

	say_refused(mirror);
	mirror->complete = true;
	if (!store_mark(mirror, false))
		return;
	if (mirror->options->exchange &&
	    !survive(mirror, table_show(&mirror->table)))
		return;
	say(LOG_INFO, mirror->options->map, "complete: %" PRIu64 " keys at revision %"
	    PRId64, pass->keys, pass->revision);
	schedule_compare(mirror);
}

/*
 * Before its first page a comparison at a revision has waited for the watch to get
 * there. If it has, or has been silent since, all keys that have not changed after
 * the revision must be what they were at it: those that differ have lost an event.
 * They are given what they had, all is taken to be known up to the revision, and
 * another watch goes on from there: what the old one brings after all is older, and
 * not stored. If events have come meanwhile that are older than the revision, the
 * watch is only slow, and nothing can be said.
 */
static void compare_ended(struct mirror *mirror)
{
	struct pass *pass = &mirror->pass;
	size_t differing = pass_differing(pass);
	uint64_t refused = mirror->table.refused;

	mirror->counts.comparisons++;
	if (mirror->late) {
		doubt(mirror);
		return;
	}
	if (pass->revision > mirror->revision)
		mirror->revision = pass->revision;
	if (differing) {
		store_mark(mirror, true);
		pass_repair(pass);
		if (!flush(mirror))
			return;
		refused = mirror->table.refused - refused;
		differing -= refused < differing ? refused : differing;
		mirror->counts.repaired += differing;
	}
	if (differing) {
		restart_watch(mirror, 0);
		say(LOG_WARNING, mirror->options->map,
		    "%zu keys were not what etcd has, at revision %" PRId64
		    ": repaired", differing, pass->revision);
	}
	store_mark(mirror, false);
	schedule_compare(mirror);
}

static void pass_ended(void *arg, enum pass_end end)
{
	struct mirror *mirror = arg;

	switch (end) {
	case PASS_DONE:
		if (mirror->pass.fills)
			fill_ended(mirror);
		else
			compare_ended(mirror);
		break;
	case PASS_COMPACTED:
		if (mirror->pass.fills)
			lose(mirror, "etcd has forgotten the revision");
		else
			doubt(mirror);
		break;
	case PASS_TOO_MANY:
		mirror->counts.repaired += mirror->pass.count;
		if (store_mark(mirror, true))
			lose(mirror, "much of the map is not what etcd has");
		break;
	case PASS_FAILED:
		survive(mirror, mirror->pass.error);
		break;
	}
}

/* The watch begins with the pass, so that etcd cannot forget what comes after it. */
static void begin_fill(struct mirror *mirror, const struct message *answer)
{
	if (mirror->options->exchange &&
	    !survive(mirror, table_hide(&mirror->table)))
		return;
	mirror->lost = mirror->compare = mirror->late = false;
	mirror->cluster = answer->cluster;
	mirror->revision = mirror->seen = answer->revision;
	mirror->index = 0;
	mirror->counts.snapshots++;
	pass_begin(&mirror->pass, true, answer->revision, 0, 0);
	begin_watch(mirror);
}

/* At a revision that nothing in the map is newer than, as the beat may be */
static void begin_compare(struct mirror *mirror)
{
	int64_t newest = mirror->seen > mirror->revision ? mirror->seen :
							   mirror->revision;
	bool there = newest >= mirror->etcd_revision;
	int64_t revision = there ? newest : mirror->etcd_revision;

	mirror->compare = mirror->late = false;
	pass_begin(&mirror->pass, false, revision, there ? 0 : GRACE, PAUSE);
}

/* Beats */

static uint64_t beat_interval(const struct mirror *mirror)
{
	return mirror->options->fresh / BEATS;
}

/* It was so when the quorum was asked, or later. */
static void lend_synced(struct mirror *mirror, uint64_t age)
{
	char text[160], date[32];
	time_t now = time(NULL);
	struct tm utc;
	int len;

	mirror->synced = mirror->confirmed > mirror->revision ?
			 mirror->confirmed : mirror->revision;
	gmtime_r(&now, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	len = snprintf(text, sizeof(text), "{\"revision\":%" PRId64
		       ",\"time\":\"%s\",\"member\":\"%" PRIx64 "\"}",
		       mirror->synced, date, mirror->member);
	table_lend(&mirror->table, table_synced_key, (struct span){ text, len },
		   mirror->options->fresh - age);
	flush(mirror);
}

/* Who has taken the name away from the map will not see what is stored in it. */
static bool has_name(struct mirror *mirror)
{
	if (!table_is_lost(&mirror->table))
		return true;
	say(LOG_ERROR, mirror->options->map, "the map has lost its name");
	mirror->broken(mirror->arg);
	return false;
}

/* Newer releases, 3.5.30 for one, tell it to root alone, and a proxy may to nobody */
static bool is_withheld(const struct message *answer)
{
	return answer->failure == FAILURE_DENIED ||
	       answer->failure == FAILURE_UNKNOWN_CALL;
}

/* With each watch that has ended, a comparison is due soon: see doubt(). */
static void say_withheld(struct mirror *mirror, const char *why)
{
	if (!mirror->withheld)
		say(LOG_INFO, mirror->options->map,
		    "no status: %s: an etcd that is set back is found by comparing",
		    why);
	mirror->withheld = true;
}

/* A beat by another member may have come meanwhile; the next one asks again. */
static void index_came(void *arg, const struct message *answer)
{
	struct mirror *mirror = arg;

	mirror->proof = NULL;
	if (is_withheld(answer)) {
		say_withheld(mirror, answer->reason);
	} else if (answer->failure || answer->member != mirror->member) {
		return;
	} else if (answer->index < mirror->index) {
		lose(mirror, "etcd has been set back");
		return;
	} else {
		mirror->index = answer->index;
	}
	mirror->proven = true;
	if (mirror->complete)
		store_mark(mirror, false);
	if (!mirror->beat)
		loop_set(mirror->loop, &mirror->beat_timer, 0);
}

static void ask_index(struct mirror *mirror)
{
	struct bytes request = { };

	message_ask_index(&request);
	mirror->proof = gateway_try(mirror->gateway, "/v3/maintenance/status",
				    &request, index_came, mirror);
	bytes_free(&request);
}

/* All is well: what was there at the beat before has been brought. */
static void take_beat(struct mirror *mirror)
{
	bool well = mirror->complete && mirror->watching && mirror->proven;

	if (!has_name(mirror))
		return;
	if (well && mirror->confirmed) {
		mirror->watch_backoff.failures = 0;
		mirror->beaten = mirror->asked;
		if (mirror->options->clear_after)
			loop_set(mirror->loop, &mirror->clear_timer,
				 mirror->options->clear_after);
		if (mirror_age(mirror) < mirror->options->fresh)
			lend_synced(mirror, mirror_age(mirror));
	}
	mirror->confirmed = well ? mirror->etcd_revision : 0;
	if (mirror->compare && well && !mirror->pass.running)
		begin_compare(mirror);
	if (mirror->watching && !mirror->proven && !mirror->proof)
		ask_index(mirror);
}

/* Once for a member that has failed, and once if all have */
static void say_no_beat(const struct mirror *mirror, const char *reason)
{
	unsigned int failures = mirror->beat_backoff.failures;

	if (!failures)
		say(LOG_INFO, mirror->options->map, "no beat: %s", reason);
	if (failures + 1 == mirror->gateway->endpoints)
		say(LOG_WARNING, mirror->options->map,
		    "no member has answered: %s", reason);
}

static void beat_came(void *arg, const struct message *answer)
{
	struct mirror *mirror = arg;

	mirror->beat = NULL;
	if (answer->failure) {
		mirror->counts.beats_failed++;
		mirror->confirmed = 0;
		say_no_beat(mirror, answer->reason);
		loop_set(mirror->loop, &mirror->beat_timer,
			 backoff_next(&mirror->beat_backoff, mirror->gateway));
		return;
	}
	mirror->beat_backoff.failures = 0;
	mirror->etcd_revision = answer->revision;
	mirror->member = answer->member;
	loop_set(mirror->loop, &mirror->beat_timer, beat_interval(mirror));
	if (!mirror->lost && answer->cluster != mirror->cluster)
		lose(mirror, "this is another cluster");
	else if (!mirror->lost && answer->revision < mirror->known)
		lose(mirror, "etcd has been set back");
	if (!mirror->lost && mirror->watch && gateway_has_left(mirror->watch))
		restart_watch(mirror, 0);
	if (mirror->lost)
		begin_fill(mirror, answer);
	else
		take_beat(mirror);
}

static void ask_beat(void *arg)
{
	struct mirror *mirror = arg;
	struct bytes request = { };

	mirror->asked = loop_now();
	mirror->known = mirror->revision;
	message_ask_revision(&request, mirror->prefix);
	mirror->beat = gateway_call(mirror->gateway, "/v3/kv/range", &request,
				    beat_came, mirror);
	bytes_free(&request);
}

static void clear_due(void *arg)
{
	struct mirror *mirror = arg;
	struct mark mark;
	int err;

	lose(mirror, "it is too old");
	if (!mirror->table.map)
		return;
	mark = mark_of(mirror, true);
	err = table_clear(&mirror->table, &mark);
	mirror->counts.cleared++;
	if (err)
		mirror->broken(mirror->arg);
}

/* The beginning and the end */

static bool is_ours(const struct mirror *mirror, const struct mark *mark)
{
	return mark->there && mark->prefix.len == mirror->prefix.len &&
	       !memcmp(mark->prefix.data, mirror->prefix.data,
		       mark->prefix.len);
}

/* A map that has something, and no mark, is somebody else's. */
static const char *refuse(struct mirror *mirror, const struct mark *mark)
{
	const char *unfit = table_unfit(&mirror->table, mirror->options->exchange);
	uint64_t count = 0;

	if (unfit || is_ours(mirror, mark))
		return unfit;
	if (mark->there)
		return "it is kept equal to another prefix";
	libsyncmap_count(mirror->table.map, &count);
	return count ? "it has entries that are not etcd's" : NULL;
}

static int take_over(struct mirror *mirror)
{
	struct mark mark;
	const char *why;
	int err = table_read_mark(&mirror->table, &mark);

	if (err)
		return err;
	why = refuse(mirror, &mark);
	mirror->lost = !mark.there || mark.dirty || !mark.cluster;
	if (!mirror->lost) {
		mirror->complete = true;
		mirror->cluster = mark.cluster;
		mirror->index = mark.index;
		mirror->revision = mirror->seen = mark.revision;
	}
	bytes_free(&mark.prefix);
	if (!why)
		return 0;
	say(LOG_ERROR, mirror->options->map, "%s", why);
	return -EINVAL;
}

static int open_table(struct mirror *mirror)
{
	const struct mirror_options *options = mirror->options;
	int err = table_open(&mirror->table, options->map, options->mode,
			     !options->exchange);

	if (err) {
		say(LOG_ERROR, options->map, "%s", err == -EAGAIN ?
		    "another process keeps it" : libsyncmap_strerror(err));
		return err;
	}
	mirror->lost = !mirror->table.map;
	if (mirror->lost)
		return 0;
	err = take_over(mirror);
	if (err)
		table_close(&mirror->table);
	return err;
}

int mirror_begin(struct mirror *mirror, struct gateway *gateway,
		 const struct mirror_options *options, void (*broken)(void *arg),
		 void *arg)
{
	int err;

	*mirror = (struct mirror){
		.options = options, .gateway = gateway, .loop = gateway->loop,
		.prefix = { options->prefix, strlen(options->prefix) },
		.watch_timer = { .fn = watch_due, .arg = mirror },
		.beat_timer = { .fn = ask_beat, .arg = mirror },
		.compare_timer = { .fn = compare_due, .arg = mirror },
		.clear_timer = { .fn = clear_due, .arg = mirror },
		.broken = broken, .arg = arg,
	};
	err = open_table(mirror);
	if (err)
		return err;
	pass_prepare(&mirror->pass, gateway, &mirror->table, mirror->prefix,
		     pass_ended, mirror);
	if (!mirror->lost) {
		begin_watch(mirror);
		doubt(mirror);
	} else if (!options->exchange) {
		store_mark(mirror, true);
	}
	loop_set(mirror->loop, &mirror->beat_timer, 0);
	if (options->clear_after)
		loop_set(mirror->loop, &mirror->clear_timer, options->clear_after);
	return 0;
}

void mirror_end(struct mirror *mirror)
{
	end_watch(mirror);
	gateway_cancel(mirror->beat);
	loop_unset(mirror->loop, &mirror->beat_timer);
	loop_unset(mirror->loop, &mirror->compare_timer);
	loop_unset(mirror->loop, &mirror->clear_timer);
	pass_free(&mirror->pass);
	table_close(&mirror->table);
	bytes_free(&mirror->text);
}

void mirror_compare(struct mirror *mirror)
{
	mirror->compare = true;
	if (!mirror->beat)
		loop_set(mirror->loop, &mirror->beat_timer, 0);
}

uint64_t mirror_age(const struct mirror *mirror)
{
	return mirror->beaten ? loop_now() - mirror->beaten : 0;
}
