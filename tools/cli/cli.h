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

enum entry_order {
	ORDER_NONE,
	ORDER_KEY,
	ORDER_REVISION,
	ORDER_TTL,
	ORDER_SIZE,
};

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
	bool			version;
	bool			progress;
	bool			if_absent;
	bool			by_revision;
	bool			key_format_given;
	bool			value_format_given;
	bool			keys_only;
	bool			values;
	bool			dump;
	bool			stop;
	bool			expired;
	bool			keep;
	const char		*before;	/* the next element of an array of JSON */
	char			*advice;	/* see advise() */
	bool			check;
	const char		*where;		/* FILE:LINE of what is read */
	bool			stdin_taken;	/* by a value */
	uint64_t		misfits;
	struct record_format	format;
	uint64_t		revision;
	uint64_t		newer;		/* than this; 0: any */
	uint64_t		ttl;		/* nanoseconds */
	uint64_t		stale;
	uint64_t		wait;
	uint64_t		lease_for;	/* 0: as long as it runs */
	struct libsyncmap_number number;
	uint64_t		count;		/* 0: any number */
	uint64_t		timeout;	/* nanoseconds, or SYNCMAP_NEVER */
	uint64_t		look_for;	/* nanoseconds */
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
	bool			dry_run;
	bool			reverse;
	enum entry_order	order;
	uint64_t		limit;		/* of entries; 0: all */
	uint64_t		interval;	/* nanoseconds; 0: not given */
	bool			prometheus;
	bool			once;
	const char		*output;	/* file; NULL: standard output */
	bool			all;
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

/* What is no letter stands for an option that has a long name only */
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
/* What to do about that which fail() tells next: a sentence below, or "advice" */
void advise(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_key(struct cli *cli, const struct bytes *key, const char *wrong);
void say_bytes(const struct bytes *b);
void say_json(struct cli *cli, struct json_object *json);
/* To standard error, with JSON too: what is no error, but should be known */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_key(struct cli *cli, const struct bytes *key, const char *what);

/*
 * Text in any case: what does not suit the format is shown as people would write
 * it. Returns NULL, or what is wrong: note_misfit() tells it, of so many keys at
 * most, and end_misfits() the number of the others; if there were
 * any, it returns an error, else @code.
 */
const char *print_field(enum format format, const void *data, size_t len,
			struct bytes *line);
void note_misfit(struct cli *cli, const struct bytes *key, const char *wrong);
int end_misfits(struct cli *cli, int code);
/* libsyncmap_explain() for people who typed a key */
const char *explain(int err, const struct syncmap_error *error,
		    char *text, size_t size);

/* advice.c: what is wrong with all or with a map, and what to do about it */
int fail_system(struct cli *cli, int err);

int fail_map(struct cli *cli, const char *name, int err);
/* How to raise the limit that @error tells of */
void advise_limit(struct cli *cli, const struct syncmap_error *error);
/* What it takes to use the device */
void explain_rights(char *text, size_t size);
/* Or the number, if it has none */
const char *group_name(gid_t gid, char *text, size_t size);

/*
 * Between these, say_json() and fail*() write elements of one JSON array; an
 * error that comes first is not in an array, but where each of several things has
 * its result.
 */
void begin_array(struct cli *cli);
void begin_results(struct cli *cli);
void end_array(struct cli *cli);

/* A JSON object takes over @value; but for add_named(), @name is a constant */
void add_json(struct json_object *object, const char *name,
	      struct json_object *value);
void add_named(struct json_object *object, const char *name,
	       struct json_object *value);
void add_text(struct json_object *object, const char *name, const char *text);
/* One that need not be UTF-8, which JSON is: what is not, is escaped */
void add_any_text(struct json_object *json, const char *name, const char *text);
void add_u64(struct json_object *object, const char *name, uint64_t value);
void add_bool(struct json_object *object, const char *name, bool value);

/* value.c: arguments into bytes; return 0, or the exit code after fail() */
int parse_key(struct cli *cli, const char *text, size_t len, struct bytes *key);
int parse_value(struct cli *cli, const char *text, struct bytes *value);
/* {"key": @key, @name: @value}, without @value if it is NULL; see member.h */
struct json_object *entry_json(const struct cli *cli, const struct bytes *key,
			       const char *name, const struct bytes *value);

/* On what terms the options say that something is stored; the time is from now */
struct libsyncmap_options store_terms(const struct cli *cli);
uint64_t store_deadline(const struct cli *cli);
/* The flag for what is never to be evicted, if the options or @record say so */
uint32_t keep_flag(const struct cli *cli, const struct record *record);
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
/* @want is MAP_ANY, or MAP_MOST */
int open_any(struct cli *cli, enum verb_map want);
/* Or the number, if it has none */
const char *user_name(uid_t uid, char *text, size_t size);

/*
 * option.c; return 0, or the exit code after fail(). What is a size or a count may
 * have a unit, as 64M.
 */
int parse_number(struct cli *cli, const char *text, uint64_t max,
		 uint64_t *number);
int parse_count(struct cli *cli, const char *text, uint64_t max,
		uint64_t *number);
int parse_size(struct cli *cli, const char *text, uint64_t max, uint64_t *size);
int set_option(struct cli *cli, int letter, const char *arg);

/* open.c: besides the map of the first argument: close it before */
int open_map(struct cli *cli, const char *name);
void close_map(struct cli *cli);
/* What the verb does with the map, or as the options say */
enum verb_map wanted_access(const struct cli *cli);
/* Of keys, for those who do not say */
enum format natural_format(uint32_t key_type);

/* main.c: for a number of arguments that is none of the verb's */
int fail_arguments(struct cli *cli, bool less);

/* number.c: whether anybody has said so of the values */
bool are_numbers(const struct cli *cli);

/* map.c: {"map": NAME, @what: true}, or what is wrong */
int say_done(struct cli *cli, const char *what, int err);

/* info.c */
void add_limits(struct json_object *json, const char *name,
		const struct syncmap_limits *limits);
struct json_object *map_info_json(const struct syncmap_map_info *info);
const char *key_type_name(uint32_t key_type);
/* NULL if nobody has said */
const char *value_kind_name(uint32_t kind);
const char *how_loads_go(const struct libsyncmap *map);

int verb_create(struct cli *cli);
int verb_set(struct cli *cli);
int verb_remove(struct cli *cli);
int verb_publish(struct cli *cli);
int verb_list(struct cli *cli);
int verb_info(struct cli *cli);
int verb_stats(struct cli *cli);
int verb_top(struct cli *cli);
int verb_biggest(struct cli *cli);
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
int verb_save(struct cli *cli);
int verb_restore(struct cli *cli);
int verb_apply(struct cli *cli);
int verb_doctor(struct cli *cli);
/* doctor of a map */
int check_up(struct cli *cli);
int verb_complete(struct cli *cli);
int verb_help(struct cli *cli);
int verb_version(struct cli *cli);
/* What there is, or how to begin: for those who have said nothing at all */
int welcome(struct cli *cli);

#endif
