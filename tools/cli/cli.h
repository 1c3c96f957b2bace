/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syncmapctl: what all verbs share
 *
 * A verb returns the exit code. It answers on standard output, with -j and -p
 * in JSON; complaints go to standard error, or with JSON as {"error": ...} to
 * standard output.
 */
#ifndef SYNCMAPCTL_CLI_H
#define SYNCMAPCTL_CLI_H

#include <json-c/json.h>
#include <libsyncmap.h>

#include "record.h"

enum exit_code {
	EXIT_YES	= 0,	/* done, present, equal */
	EXIT_ERROR	= 1,
	EXIT_USAGE	= 2,
	EXIT_NO		= 3,	/* absent, differs, was there already */
};

struct verb;

struct cli {
	const struct verb	*verb;
	char			**args;		/* what follows the verb */
	int			nargs;

	bool			json;
	bool			pretty;
	bool			help;
	bool			progress;
	bool			if_absent;
	bool			by_revision;
	bool			key_format_given;
	bool			keys_only;
	bool			values;
	bool			dump;
	bool			stop;
	bool			expired;
	bool			in_array;
	bool			array_has_items;
	struct record_format	format;
	uint64_t		revision;
	uint64_t		newer;		/* than this; 0: any */
	uint64_t		ttl;		/* nanoseconds */
	uint64_t		stale;
	uint64_t		wait;
	uint64_t		lease_for;	/* 0: as long as it runs */
	struct libsyncmap_number number;
	uint64_t		count;		/* 0: any number */
	uint64_t		timeout;	/* seconds; 0: none */
	const char		*prefix;

	/* what a map is to be */
	enum syncmap_key_type	key_type;
	struct syncmap_limits	limits;
	mode_t			mode;
	enum syncmap_value_kind	value_kind;
	gid_t			group;
	unsigned int		given;		/* of these: SYNCMAP_SET_* */
	unsigned int		access;		/* 0: what the verb needs */
	uint64_t		scope;		/* of the name; 0: our own */
	uint64_t		id;		/* that the map must have; 0: any */
	bool			owner_given;
	uid_t			owner;
	bool			below;
	bool			replace;
	uint64_t		replaced;	/* number of the map; 0: any */

	/* verbs on a map find it open */
	const char		*name;
	struct libsyncmap	*map;
	struct libsyncmap	*inherited;	/* if @name is a descriptor */
	struct syncmap_map_info	info;
};

/* What a verb does with the map that its first argument names */
enum verb_map {
	MAP_NONE,
	MAP_READ	= SYNCMAP_ACCESS_READ,
	MAP_WRITE	= SYNCMAP_ACCESS_WRITE,
	MAP_BOTH	= SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE,
	MAP_ADMIN	= SYNCMAP_ACCESS_ADMIN,
	MAP_ANY		= 0x100,	/* any of these will do */
	MAP_MOST,			/* as much as is permitted */
};

#define ANY_NUMBER	1000000000

struct verb {
	const char	*name;
	const char	*args;
	const char	*options;	/* letters, besides those of all verbs */
	const char	*summary;
	int		(*run)(struct cli *cli);
	enum verb_map	map;
	int		min_args;
	int		max_args;
};

struct option_help {
	char		letter;
	const char	*name;
	const char	*arg;
	const char	*summary;
};

extern const struct verb verbs[];
extern const struct option_help options[];
const struct verb *find_verb(const char *name);
const struct option_help *find_option(int letter);

/*
 * output.c: say() and its kin answer; fail() and its kin complain, and return
 * the exit code.
 */
int fail(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_usage(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_system(struct cli *cli, int err);
int fail_map(struct cli *cli, const char *name, int err);
int fail_key(struct cli *cli, const struct bytes *key, const char *wrong);
void say_bytes(const struct bytes *b);
void say_json(struct cli *cli, struct json_object *json);
void note_key(struct cli *cli, const struct bytes *key, const char *what);
/* libsyncmap_explain() for people who typed a key */
const char *explain(int err, const struct syncmap_error *error,
		    char *text, size_t size);

/*
 * Between these, say_json() and fail*() write elements of one JSON array; an
 * error that comes first is not in an array.
 */
void begin_array(struct cli *cli);
void end_array(struct cli *cli);

/* A JSON object takes over @value; but for add_named(), @name is a constant */
void add_json(struct json_object *object, const char *name,
	      struct json_object *value);
void add_named(struct json_object *object, const char *name,
	       struct json_object *value);
void add_text(struct json_object *object, const char *name, const char *text);
void add_u64(struct json_object *object, const char *name, uint64_t value);
void add_bool(struct json_object *object, const char *name, bool value);

/* value.c: arguments into bytes; return 0, or the exit code after fail() */
int parse_key(struct cli *cli, const char *text, size_t len, struct bytes *key);
int parse_value(struct cli *cli, const char *text, struct bytes *value);
/*
 * {"key": @key, @name: @value}, without @value if it is NULL. What does not fit
 * its format becomes a string or {"hex": ...}.
 */
struct json_object *entry_json(const struct cli *cli, const struct bytes *key,
			       const char *name, const struct bytes *value);

/* On what terms the options say that something is stored; the time is from now */
struct libsyncmap_options store_terms(const struct cli *cli);
uint64_t store_deadline(const struct cli *cli);
uint64_t deadline_from_now(uint64_t ttl);
/* What @expires of an entry is from now; SYNCMAP_NEVER if it is not in time */
uint64_t remaining(uint64_t expires);

/* descriptor.c: a map that is named by a descriptor, as /dev/fd/3 */
bool is_descriptor(const char *name);
int open_descriptor(struct cli *cli, enum verb_map want);
const char *access_name(uint32_t access);
/* The command inherits the map; returns the exit code if it cannot be run */
int become(struct cli *cli, char **command);

/* named.c: a map by its name, and which one that must be */
int parse_scope(struct cli *cli, const char *text);
int parse_owner(struct cli *cli, const char *text);
int parse_replaced(struct cli *cli, const char *text);
int open_name(struct cli *cli, unsigned int access);

/* main.c; return 0, or the exit code after fail() */
int parse_number(struct cli *cli, const char *text, uint64_t max,
		 uint64_t *number);
int parse_count(struct cli *cli, const char *text, uint64_t max,
		uint64_t *number);

/* map.c: {"map": NAME, @what: true}, or what is wrong */
int say_done(struct cli *cli, const char *what, int err);

/* info.c */
struct json_object *map_info_json(const struct syncmap_map_info *info);
const char *how_loads_go(const struct libsyncmap *map);

int verb_create(struct cli *cli);
int verb_set(struct cli *cli);
int verb_remove(struct cli *cli);
int verb_publish(struct cli *cli);
int verb_list(struct cli *cli);
int verb_info(struct cli *cli);
int verb_stats(struct cli *cli);
int verb_count(struct cli *cli);
int verb_clear(struct cli *cli);
int verb_freeze(struct cli *cli);
int verb_retire(struct cli *cli);
int verb_load(struct cli *cli);
int verb_store(struct cli *cli);
int verb_append(struct cli *cli);
int verb_load_or_store(struct cli *cli);
int verb_load_or_compute(struct cli *cli);
int verb_load_and_delete(struct cli *cli);
int verb_delete(struct cli *cli);
int verb_swap(struct cli *cli);
int verb_compare_and_swap(struct cli *cli);
int verb_compare_and_delete(struct cli *cli);
int verb_touch(struct cli *cli);
int verb_calculate(struct cli *cli);
int verb_hold(struct cli *cli);
int verb_exec(struct cli *cli);
int verb_batch(struct cli *cli);
int verb_range(struct cli *cli);
int verb_watch(struct cli *cli);
int verb_import(struct cli *cli);
int verb_export(struct cli *cli);
int verb_doctor(struct cli *cli);
int verb_help(struct cli *cli);
int verb_version(struct cli *cli);

#endif
