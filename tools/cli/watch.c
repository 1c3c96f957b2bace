// SPDX-License-Identifier: GPL-2.0-only
/* watch: what changes, as lines of text or JSON */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"

static const char *const types[] = {
	[SYNCMAP_RECORD_ENTRY]		= "entry",
	[SYNCMAP_RECORD_DUMPED]		= "dumped",
	[SYNCMAP_RECORD_STORE]		= "store",
	[SYNCMAP_RECORD_DELETE]		= "delete",
	[SYNCMAP_RECORD_CLEAR]		= "clear",
	[SYNCMAP_RECORD_OVERFLOW]	= "overflow",
	[SYNCMAP_RECORD_REMOVED]		= "removed",
};

static const char *const operations[] = {
	[SYNCMAP_OP_STORE]		= "store",
	[SYNCMAP_OP_LOAD_OR_STORE]	= "load-or-store",
	[SYNCMAP_OP_LOAD_AND_DELETE]	= "load-and-delete",
	[SYNCMAP_OP_DELETE]		= "delete",
	[SYNCMAP_OP_SWAP]		= "swap",
	[SYNCMAP_OP_COMPARE_AND_SWAP]	= "compare-and-swap",
	[SYNCMAP_OP_COMPARE_AND_DELETE]	= "compare-and-delete",
	[SYNCMAP_OP_ADD]		= "add",
	[SYNCMAP_OP_SUB]		= "sub",
	[SYNCMAP_OP_MIN]		= "min",
	[SYNCMAP_OP_MAX]		= "max",
	[SYNCMAP_OP_AND]		= "and",
	[SYNCMAP_OP_OR]			= "or",
	[SYNCMAP_OP_XOR]		= "xor",
	[SYNCMAP_OP_APPEND]		= "append",
};

static const char *name_of(const char *const *names, size_t n, size_t i)
{
	return i < n && names[i] ? names[i] : "?";
}

static const char *type_name(const struct libsyncmap_record *event)
{
	return name_of(types, sizeof(types) / sizeof(types[0]), event->type);
}

static const char *reason_name(const struct libsyncmap_record *event)
{
	switch (event->reason) {
	case SYNCMAP_REASON_EXPIRED:
		return "expired";
	case SYNCMAP_REASON_ORPHANED:
		return "orphaned";
	case SYNCMAP_REASON_EVICTED:
		return "evicted";
	}
	return name_of(operations, sizeof(operations) / sizeof(operations[0]),
		       event->reason);
}

static bool has_key(const struct libsyncmap_record *event)
{
	return event->type == SYNCMAP_RECORD_ENTRY ||
	       event->type == SYNCMAP_RECORD_STORE ||
	       event->type == SYNCMAP_RECORD_DELETE;
}

static struct bytes borrow(const void *data, size_t len)
{
	return (struct bytes){ .data = (char *)data, .len = len };
}

static void say_event_json(struct cli *cli,
			   const struct libsyncmap_record *event)
{
	struct bytes value = borrow(event->value, event->value_len);
	struct bytes key = borrow(event->key, event->key_len);
	struct json_object *json;

	json = has_key(event) ? entry_json(cli, &key, "value",
					   event->value ? &value : NULL) :
				json_object_new_object();
	add_text(json, "event", type_name(event));
	if (event->reason)
		add_text(json, "reason", reason_name(event));
	add_u64(json, "revision", event->revision);
	if (event->expires)
		record_add_time(json, "ttl_ns", remaining(event->expires));
	if (event->flags & SYNCMAP_RECORD_OWNED)
		add_bool(json, "owned", true);
	if (event->flags & SYNCMAP_RECORD_KEPT)
		add_bool(json, "kept", true);
	say_json(cli, json);
}

static void append_field(struct cli *cli, enum format format,
			 const struct libsyncmap_record *event,
			 const struct bytes *field, struct bytes *line)
{
	struct bytes key = borrow(event->key, event->key_len);
	const char *wrong;

	bytes_append_char(line, '\t');
	wrong = print_field(format, field->data, field->len, line);
	if (wrong)
		note_misfit(cli, &key, wrong);
}

static void say_event(struct cli *cli, const struct libsyncmap_record *event)
{
	struct bytes value = borrow(event->value, event->value_len);
	struct bytes key = borrow(event->key, event->key_len);
	const char *what = event->reason >= SYNCMAP_REASON_EXPIRED ?
			   reason_name(event) : type_name(event);
	struct bytes line = { };

	bytes_append(&line, what, strlen(what));
	if (has_key(event))
		append_field(cli, cli->format.key, event, &key, &line);
	if (event->value)
		append_field(cli, cli->format.value, event, &value, &line);
	bytes_append_char(&line, '\n');
	say_bytes(&line);
	bytes_free(&line);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Milliseconds, rounded up; negative: it does not end */
static int time_left(const struct cli *cli, int64_t begin)
{
	int64_t left;

	if (cli->timeout == SYNCMAP_NEVER)
		return -1;
	left = begin - now_ms() +
	       (int64_t)(cli->timeout / 1000000 + !!(cli->timeout % 1000000));
	if (left < 0)
		return 0;
	return left < INT_MAX ? left : INT_MAX;
}

static int watch(struct cli *cli, struct libsyncmap_watch *events)
{
	struct libsyncmap_record event;
	int64_t begin = now_ms();
	uint64_t n = 0;
	int err;

	while (!cli->count || n++ < cli->count) {
		err = libsyncmap_watch_next(events, time_left(cli, begin),
					    &event);
		if (err == -EAGAIN)
			return EXIT_NO;
		if (err)
			return err == -ENODATA ? EXIT_YES :
			       fail_map(cli, cli->name, err);
		if (cli->json)
			say_event_json(cli, &event);
		else
			say_event(cli, &event);
		/* main() says why nobody gets to see it */
		if (fflush(stdout))
			return EXIT_ERROR;
	}
	return EXIT_YES;
}

static int set_filter(struct cli *cli, struct syncmap_watch *params,
		      struct bytes *filter)
{
	const char *text = cli->prefix;
	int code;

	if (cli->nargs > 1 && cli->prefix)
		return fail_usage(cli, "either a key or a prefix");
	if (cli->nargs > 1)
		text = cli->args[1];
	if (!text)
		return EXIT_YES;
	code = parse_key(cli, text, strlen(text), filter);
	params->flags |= cli->prefix ? SYNCMAP_WATCH_PREFIX : SYNCMAP_WATCH_KEY;
	params->filter = (uintptr_t)filter->data;
	params->filter_len = filter->len;
	return code;
}

static int fail_watch(struct cli *cli, const struct syncmap_watch *params,
		      int err)
{
	char text[128];

	if (err == -EINVAL)
		return fail(cli, "map '%s': numbers have no prefix", cli->name);
	advise_limit(cli, &params->error);
	return fail(cli, "map '%s': %s", cli->name,
		    libsyncmap_explain(err, &params->error, text, sizeof(text)));
}

static int begin(struct cli *cli, struct libsyncmap_watch **events)
{
	struct syncmap_watch params = { };
	struct bytes filter = { };
	int code, err;

	if (cli->format.value == FORMAT_RAW || cli->format.key == FORMAT_RAW)
		return fail_usage(cli, "raw is a format for one value");
	if (cli->values)
		params.flags |= SYNCMAP_WATCH_VALUES;
	if (cli->dump)
		params.flags |= SYNCMAP_WATCH_DUMP;
	code = set_filter(cli, &params, &filter);
	if (!code) {
		err = libsyncmap_watch_open(cli->map, &params, sizeof(params),
					    events);
		if (err)
			code = fail_watch(cli, &params, err);
	}
	bytes_free(&filter);
	return code;
}

int verb_watch(struct cli *cli)
{
	struct libsyncmap_watch *events;
	int code = begin(cli, &events);

	if (code)
		return code;
	/* So that the last one who closes the map ends the watch */
	libsyncmap_close(cli->map);
	libsyncmap_close(cli->inherited);
	cli->map = NULL;
	cli->inherited = NULL;
	code = watch(cli, events);
	libsyncmap_watch_close(events);
	return end_misfits(cli, code);
}
