// SPDX-License-Identifier: GPL-2.0-only
/* One revision of a map that changes while it is read; no module is needed */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libsyncmap.h>

#include "snapshot.h"

/* Time when it is saved; entries expire after it */
#define NOW	UINT64_C(1000)

/*
 * A map with keys k000000, k000001, ..., of which the range reads all at once, and
 * shows them one after the other; these events come when it is at one of them.
 */
static struct {
	uint64_t			entries;
	uint64_t			expires;	/* as the range sees it */
	unsigned int			flags;		/* likewise */
	uint64_t			first;		/* revision of an entry */
	size_t				value_len;
	uint64_t			shown;
	uint64_t			come_at;
	const struct libsyncmap_record	*events;
	size_t				count;
	size_t				read;
	bool				late;		/* have to be waited for */
	bool				flood;		/* instead of @events */
	bool				deletes;
} map;

static char values[1 << 20];

int libsyncmap_watch_open(const struct libsyncmap *unused,
			  struct syncmap_watch *params, size_t size,
			  struct libsyncmap_watch **watch)
{
	(void)unused;
	(void)size;
	*watch = NULL;
	params->revision = map.entries;
	return 0;
}

void libsyncmap_watch_close(struct libsyncmap_watch *watch)
{
	(void)watch;
}

/* Keys of their own, with large values, of which those with @deletes go again */
static struct libsyncmap_record flood(void)
{
	static char key[16];
	bool deletes = map.deletes && map.read % 2;
	struct libsyncmap_record event = {
		.type = deletes ? SYNCMAP_RECORD_DELETE : SYNCMAP_RECORD_STORE,
		.revision = map.entries + 1 + map.read,
		.key = key, .key_len = 7, .expires = SYNCMAP_NEVER,
	};
	size_t number = map.deletes ? map.read / 2 : map.read;

	snprintf(key, sizeof(key), "x%06u", (unsigned int)number);
	if (!deletes) {
		event.value = values;
		event.value_len = sizeof(values);
	}
	map.read++;
	return event;
}

int libsyncmap_watch_next(struct libsyncmap_watch *watch, int timeout,
			  struct libsyncmap_record *record)
{
	(void)watch;
	if (map.shown < map.come_at || map.read == map.count ||
	    (map.late && !timeout))
		return -EAGAIN;
	if (map.flood) {
		*record = flood();
		return 0;
	}
	*record = map.events[map.read++];
	return 0;
}

int libsyncmap_info(const struct libsyncmap *unused,
		    struct syncmap_map_info *info, size_t size)
{
	(void)unused;
	memset(info, 0, size);
	info->revision = map.entries + map.count;
	return 0;
}

int libsyncmap_range(const struct libsyncmap *unused, unsigned int flags,
		     int (*fn)(const struct libsyncmap_record *record, void *arg),
		     void *arg)
{
	char key[16];
	int ret = 0;

	(void)unused;
	(void)flags;
	for (uint64_t i = 0; i < map.entries && !ret; i++) {
		const struct libsyncmap_record entry = {
			.type = SYNCMAP_RECORD_ENTRY, .revision = map.first + i,
			.key = key, .key_len = 7,
			.value = values, .value_len = map.value_len,
			.expires = map.expires, .flags = map.flags,
		};

		snprintf(key, sizeof(key), "k%06u", (unsigned int)i);
		map.shown++;
		ret = fn(&entry, arg);
	}
	return ret;
}

static struct snapshot begin(uint64_t entries, size_t value_len)
{
	memset(values, 'v', sizeof(values));
	memset(&map, 0, sizeof(map));
	map.entries = entries;
	map.value_len = value_len;
	map.expires = SYNCMAP_NEVER;
	map.first = 1;
	return (struct snapshot){
		.key = FORMAT_TEXT, .since = NOW, .file = tmpfile(),
	};
}

static void happens(uint64_t at, const struct libsyncmap_record *events,
		    size_t count)
{
	map.come_at = at;
	map.events = events;
	map.count = count;
}

#define HAPPENS(at, events)	\
	happens(at, events, sizeof(events) / sizeof(events[0]))

/* Takes it; then @text is in so many lines of all */
static void expect(struct snapshot *snapshot, uint64_t entries, const char *text,
		   unsigned int times)
{
	unsigned int found = 0, lines = 0;
	char *line = NULL;
	size_t size = 0;

	assert_int_equal(snapshot_take(snapshot), 0);
	assert_null(snapshot->wrong);
	assert_int_equal(snapshot->entries, entries);
	assert_int_equal(snapshot->revision,
			 map.count ? map.entries + map.count : map.entries);
	rewind(snapshot->file);
	for (; getline(&line, &size, snapshot->file) > 0; lines++)
		found += !!strstr(line, text);
	assert_int_equal(lines, entries);
	assert_int_equal(found, times);
	free(line);
	fclose(snapshot->file);
}

/* Many lines, and long ones, from which some that have changed are taken out */
static void is_large(void **state)
{
	const struct libsyncmap_record events[] = {
		{
			.type = SYNCMAP_RECORD_STORE, .revision = 20001,
			.key = "k000001", .key_len = 7,
			.value = "new", .value_len = 3,
			.expires = SYNCMAP_NEVER,
		}, {
			.type = SYNCMAP_RECORD_DELETE, .revision = 20002,
			.key = "k000002", .key_len = 7,
		},
	};
	const struct libsyncmap_record event = {
		.type = SYNCMAP_RECORD_DELETE, .revision = 6,
		.key = "k000003", .key_len = 7,
	};
	struct snapshot snapshot = begin(20000, 40);

	(void)state;
	HAPPENS(200, events);
	expect(&snapshot, 19999, "\"new\"", 1);
	snapshot = begin(5, sizeof(values));
	happens(5, &event, 1);
	expect(&snapshot, 4, "vvvv", 4);
}

/* What the range has read is cleared before it is shown */
static void is_cleared(void **state)
{
	const struct libsyncmap_record events[] = {
		{
			.type = SYNCMAP_RECORD_CLEAR, .revision = 1001,
		}, {
			.type = SYNCMAP_RECORD_STORE, .revision = 1002,
			.key = "k000500", .key_len = 7,
			.value = "new", .value_len = 3,
			.expires = SYNCMAP_NEVER,
		},
	};
	struct snapshot snapshot = begin(1000, 10);

	(void)state;
	HAPPENS(200, events);
	expect(&snapshot, 1, "\"new\"", 1);
}

/* Stored, as the event tells, and then touched, before the range gets there */
static void is_touched(void **state)
{
	const struct libsyncmap_record event = {
		.type = SYNCMAP_RECORD_STORE, .revision = 1001,
		.key = "k000999", .key_len = 7, .value = "new", .value_len = 3,
		.expires = NOW + 10,
	};
	struct snapshot snapshot = begin(1000, 10);

	(void)state;
	map.first = 2;
	map.expires = NOW + 5000;
	happens(200, &event, 1);
	expect(&snapshot, 1000, "\"new\",\"ttl_ns\":5000", 1);
}

/* As it was stored last, be it that the range shows it or an event */
static void is_kept(void **state)
{
	const struct libsyncmap_record events[] = {
		{
			.type = SYNCMAP_RECORD_STORE, .revision = 1001,
			.key = "k000999", .key_len = 7, .value = "new",
			.value_len = 3, .expires = SYNCMAP_NEVER,
			.flags = SYNCMAP_RECORD_KEPT,
		}, {
			.type = SYNCMAP_RECORD_STORE, .revision = 1002,
			.key = "k000998", .key_len = 7, .value = "new",
			.value_len = 3, .expires = SYNCMAP_NEVER,
		},
	};
	struct snapshot snapshot = begin(1000, 10);

	(void)state;
	HAPPENS(200, events);
	expect(&snapshot, 1000, "\"kept\":true", 1);
	snapshot = begin(1000, 10);
	map.flags = SYNCMAP_RECORD_KEPT;
	HAPPENS(200, events);
	expect(&snapshot, 1000, "\"kept\":true", 999);
}

/* The range shows what a change did that is still to have its event */
static void is_early(void **state)
{
	const struct libsyncmap_record event = {
		.type = SYNCMAP_RECORD_STORE, .revision = 1001,
		.key = "k000999", .key_len = 7, .value = "new", .value_len = 3,
		.expires = SYNCMAP_NEVER,
	};
	struct snapshot snapshot = begin(1000, 10);

	(void)state;
	map.first = 2;
	map.late = true;
	happens(0, &event, 1);
	expect(&snapshot, 1000, "\"new\"", 1);
}

/* What has gone again takes no memory; what stays takes not more than there is */
static void is_flooded(void **state)
{
	struct snapshot snapshot = begin(1000, 10);

	(void)state;
	map.flood = true;
	map.deletes = true;
	map.count = 400;
	expect(&snapshot, 1000, "vvv", 1000);
	snapshot = begin(1000, 10);
	map.flood = true;
	map.count = 300;
	assert_int_equal(snapshot_take(&snapshot), -EAGAIN);
	assert_string_equal(snapshot.wrong,
			    "it changes faster than it can be read");
	fclose(snapshot.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_large),
		cmocka_unit_test(is_cleared),
		cmocka_unit_test(is_touched),
		cmocka_unit_test(is_kept),
		cmocka_unit_test(is_early),
		cmocka_unit_test(is_flooded),
	};

	return cmocka_run_group_tests_name("syncmapctl_snapshot", tests, NULL,
					   NULL);
}
