// SPDX-License-Identifier: GPL-2.0-only
/* syncmapctl [-j|-p] VERB MAP ...: options and dispatch */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "duration.h"

#define OPTIONS_MAX	64

static const char for_all_verbs[] = "jph";

/*
 * An option as it was given; @letter is '?' or ':' for one that is wrong, and
 * @wrong the letter of it, if there is no such option.
 */
struct given {
	int		letter;
	int		wrong;
	const char	*arg;
};

int parse_number(struct cli *cli, const char *text, uint64_t max,
		 uint64_t *number)
{
	struct bytes bytes = { };
	const char *wrong;

	wrong = format_parse(FORMAT_U64, text, strlen(text), &bytes);
	if (!wrong) {
		memcpy(number, bytes.data, sizeof(*number));
		wrong = *number > max ? "too large" : NULL;
	}
	bytes_free(&bytes);
	return wrong ? fail_usage(cli, "'%s': %s", text, wrong) : EXIT_YES;
}

static int parse_type(struct cli *cli, const char *text)
{
	if (!strcmp(text, "u64"))
		cli->key_type = SYNCMAP_KEY_U64;
	else if (!strcmp(text, "string"))
		cli->key_type = SYNCMAP_KEY_STRING;
	else if (!strcmp(text, "bytes"))
		cli->key_type = SYNCMAP_KEY_BYTES;
	else
		return fail_usage(cli, "'%s': a type is u64, string or bytes",
				  text);
	return EXIT_YES;
}

static int parse_mode(struct cli *cli, const char *text)
{
	unsigned long mode;
	char *end;

	mode = strtoul(text, &end, 8);
	if (text[0] < '0' || text[0] > '7' || *end || (mode & ~0666UL))
		return fail_usage(cli, "'%s': a mode is octal, at most 666",
				  text);
	cli->mode = mode;
	return EXIT_YES;
}

static int parse_kind(struct cli *cli, const char *text)
{
	static const char *const names[] = {
		[SYNCMAP_VALUE_BYTES] = "bytes", [SYNCMAP_VALUE_TEXT] = "text",
		[SYNCMAP_VALUE_U64] = "u64", [SYNCMAP_VALUE_JSON] = "json",
	};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]))
			continue;
		cli->value_kind = i;
		return EXIT_YES;
	}
	return fail_usage(cli, "'%s': values are bytes, text, u64 or json",
			  text);
}

static int parse_group(struct cli *cli, const char *text)
{
	const struct group *group = getgrnam(text);
	uint64_t number;
	int code;

	if (group) {
		cli->group = group->gr_gid;
		return EXIT_YES;
	}
	if (text[0] < '0' || text[0] > '9')
		return fail_usage(cli, "'%s': there is no such group", text);
	code = parse_number(cli, text, UINT32_MAX - 1, &number);
	cli->group = number;
	return code;
}

static int parse_format(struct cli *cli, const char *text, enum format *format)
{
	if (format_by_name(text, format))
		return EXIT_YES;
	return fail_usage(cli, "'%s': a format is text, raw, hex, u64, x64 or json",
			  text);
}

static int parse_duration(struct cli *cli, const char *text, uint64_t *ns)
{
	const char *wrong = duration_parse(text, ns);

	return wrong ? fail_usage(cli, "'%s': %s", text, wrong) : EXIT_YES;
}

static int set_limit(struct cli *cli, int letter, const char *arg)
{
	bool of_one = letter == 'K' || letter == 'V';
	uint64_t limit;
	int code;

	code = parse_number(cli, arg, of_one ? UINT32_MAX : UINT64_MAX, &limit);
	if (code)
		return code;
	if (!limit)
		return fail_usage(cli, "a limit is at least 1");
	switch (letter) {
	case 'E':
		cli->limits.entries = limit;
		break;
	case 'B':
		cli->limits.bytes = limit;
		break;
	case 'K':
		cli->limits.key_size = limit;
		break;
	case 'V':
		cli->limits.value_size = limit;
		break;
	}
	return EXIT_YES;
}

int parse_count(struct cli *cli, const char *text, uint64_t max,
		uint64_t *number)
{
	int code = parse_number(cli, text, max, number);

	if (!code && !*number)
		return fail_usage(cli, "'%s': at least 1", text);
	return code;
}

static int set_access(struct cli *cli, unsigned int access)
{
	if (cli->access && cli->access != access)
		return fail_usage(cli, "either read-only or write-only");
	cli->access = access;
	return EXIT_YES;
}

/* What of a map an option is about */
static unsigned int set_by_option(int letter)
{
	switch (letter) {
	case 'm':
		return SYNCMAP_SET_MODE;
	case 'G':
		return SYNCMAP_SET_GROUP;
	case 'y':
		return SYNCMAP_SET_VALUE_KIND;
	case 'E':
		return SYNCMAP_SET_ENTRIES;
	case 'B':
		return SYNCMAP_SET_BYTES;
	case 'T':
		return SYNCMAP_SET_TTL;
	case 'S':
		return SYNCMAP_SET_STALE;
	case 'M':
		return SYNCMAP_SET_MAPPED;
	case 'U':
		return SYNCMAP_SET_UNMAPPED;
	}
	return 0;
}

/* Where it is kept that an option was given; NULL for those that say more */
static bool *find_flag(struct cli *cli, int letter)
{
	switch (letter) {
	case 's':
		return &cli->stop;
	case 'n':
		return &cli->keys_only;
	case 'v':
		return &cli->values;
	case 'd':
		return &cli->dump;
	case 'e':
		return &cli->expired;
	case 'D':
		return &cli->below;
	case 'l':
		return &cli->format.json_lines;
	case 'a':
		return &cli->if_absent;
	case 'P':
		return &cli->progress;
	}
	return NULL;
}

static int set_option(struct cli *cli, int letter, const char *arg)
{
	bool *flag = find_flag(cli, letter);

	if (flag)
		*flag = true;
	cli->given |= set_by_option(letter);
	switch (letter) {
	case 'f':
		return parse_format(cli, arg, &cli->format.value);
	case 'k':
		cli->key_format_given = true;
		return parse_format(cli, arg, &cli->format.key);
	case 'r':
		cli->by_revision = true;
		return parse_number(cli, arg, UINT64_MAX, &cli->revision);
	case 'N':
		return parse_number(cli, arg, UINT64_MAX, &cli->newer);
	case 'u':
		cli->number.flags |= SYNCMAP_FLAG_U32;
		break;
	case 'i':
		cli->number.flags |= SYNCMAP_FLAG_INITIAL;
		return parse_number(cli, arg, UINT64_MAX, &cli->number.initial);
	case 'b':
		cli->number.flags |= SYNCMAP_FLAG_BOUNDED;
		return parse_number(cli, arg, UINT64_MAX, &cli->number.bound);
	case 'x':
		cli->prefix = arg;
		break;
	case 'c':
		return parse_count(cli, arg, UINT64_MAX, &cli->count);
	case 'w':
		return parse_count(cli, arg, UINT32_MAX, &cli->timeout);
	case 't':
		return parse_type(cli, arg);
	case 'm':
		return parse_mode(cli, arg);
	case 'G':
		return parse_group(cli, arg);
	case 'y':
		return parse_kind(cli, arg);
	case 'T':
		return parse_duration(cli, arg, &cli->ttl);
	case 'S':
		return parse_duration(cli, arg, &cli->stale);
	case 'W':
		return parse_duration(cli, arg, &cli->wait);
	case 'L':
		return parse_duration(cli, arg, &cli->lease_for);
	case 'R':
		return set_access(cli, SYNCMAP_ACCESS_READ);
	case 'O':
		return set_access(cli, SYNCMAP_ACCESS_WRITE);
	case 'C':
		return parse_scope(cli, arg);
	case 'o':
		return parse_owner(cli, arg);
	case 'X':
		return parse_replaced(cli, arg);
	case 'I':
		return parse_count(cli, arg, UINT64_MAX, &cli->id);
	case 'E':
	case 'B':
	case 'K':
	case 'V':
		return set_limit(cli, letter, arg);
	}
	return EXIT_YES;
}

static int apply(struct cli *cli, const struct given *given)
{
	const struct option_help *option = find_option(given->letter);

	if (given->wrong)
		return fail_usage(cli, "unknown option '-%c'", given->wrong);
	if (given->letter == '?')
		return fail_usage(cli, "unknown option '%s'", given->arg);
	if (given->letter == ':')
		return fail_usage(cli, "option '%s' needs an argument",
				  given->arg);
	/* Without a verb, that is the error to tell */
	if (strchr(for_all_verbs, given->letter) || cli->help || !cli->verb)
		return EXIT_YES;
	if (!strchr(cli->verb->options, given->letter))
		return fail_usage(cli, "%s: takes no option --%s",
				  cli->verb->name, option->name);
	return set_option(cli, given->letter, given->arg);
}

/* The tables of getopt_long(), made of ours */
static void fill_getopt(struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (const struct option_help *o = options; o->letter; o++) {
		*longs++ = (struct option){ .name = o->name,
					    .has_arg = !!o->arg,
					    .val = o->letter };
		*shorts++ = o->letter;
		if (o->arg)
			*shorts++ = ':';
	}
	*longs = (struct option){ };
	*shorts = '\0';
}

/* Returns how many options there are; moves the other arguments to the end. */
static int collect(struct cli *cli, int argc, char **argv, struct given *given)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX];
	int letter;
	int n = 0;

	fill_getopt(longs, shorts);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		bool wrong = letter == '?' || letter == ':';

		cli->pretty |= letter == 'p';
		cli->json |= letter == 'p' || letter == 'j';
		cli->help |= letter == 'h';
		given[n].letter = letter;
		if (letter == '?' && !find_option(optopt))
			given[n].wrong = optopt;
		given[n++].arg = wrong ? argv[optind - 1] : optarg;
	}
	return n;
}

/* Letters may share an argument: each takes a character at least. */
static size_t most_options(int argc, char **argv)
{
	size_t most = 0;

	for (int i = 0; i < argc; i++)
		most += strlen(argv[i]);
	return most;
}

static int parse_options(struct cli *cli, int argc, char **argv)
{
	struct given *given = calloc(most_options(argc, argv) + 1,
				     sizeof(*given));
	int code = EXIT_YES;
	int n;

	if (!given)
		return fail(cli, "out of memory");
	n = collect(cli, argc, argv, given);
	if (optind < argc)
		cli->verb = find_verb(argv[optind]);
	for (int i = 0; i < n && !code; i++)
		code = apply(cli, &given[i]);
	free(given);
	if (code)
		return code;
	if (optind < argc && !cli->verb)
		return fail_usage(cli, "unknown verb '%s'", argv[optind]);
	if (optind == argc && !cli->help)
		return fail_usage(cli, "a verb is missing");
	cli->args = argv + optind + 1;
	cli->nargs = argc - optind - 1;
	return EXIT_YES;
}

/* The most that is permitted first, as far as the verb has a use for it */
static int open_any(struct cli *cli, enum verb_map want)
{
	static const unsigned int tries[] = {
		MAP_BOTH | MAP_ADMIN, MAP_BOTH, MAP_READ, MAP_WRITE, MAP_ADMIN,
	};
	int err = -EACCES;

	for (int i = want == MAP_ANY ? 2 : 0;
	     i < 5 && (err == -EACCES || err == -EPERM); i++)
		err = open_name(cli, tries[i]);
	/* Whatever it is that only its owner may do, the mode permits nothing */
	return err == -EPERM ? -EACCES : err;
}

static int open_named(struct cli *cli, enum verb_map want)
{
	int err = want < MAP_ANY ?
		open_name(cli, want) :
		open_any(cli, want);

	return err ? fail_map(cli, cli->name, err) : EXIT_YES;
}

static int open_map(struct cli *cli)
{
	static const enum format natural[] = {
		[SYNCMAP_KEY_U64]	= FORMAT_U64,
		[SYNCMAP_KEY_STRING]	= FORMAT_TEXT,
		[SYNCMAP_KEY_BYTES]	= FORMAT_HEX,
	};
	enum verb_map want = cli->access ? cli->access : cli->verb->map;
	int code, err;

	cli->name = cli->args[0];
	if (is_descriptor(cli->name) &&
	    (cli->scope || cli->id || cli->owner_given))
		return fail_usage(cli, "'%s': --scope, --owner and --id are for "
				  "names", cli->name);
	code = is_descriptor(cli->name) ? open_descriptor(cli, want) :
					  open_named(cli, want);
	if (code)
		return code;
	err = libsyncmap_info(cli->map, &cli->info, sizeof(cli->info));
	if (err)
		return fail_map(cli, cli->name, err);
	if (!cli->key_format_given && cli->info.key_type <= SYNCMAP_KEY_BYTES)
		cli->format.key = natural[cli->info.key_type];
	return EXIT_YES;
}

static int run(struct cli *cli)
{
	const struct verb *verb = cli->verb;
	int code = EXIT_YES;

	if (cli->help)
		return verb_help(cli);
	if (cli->nargs < verb->min_args)
		return fail_usage(cli, "%s: too few arguments", verb->name);
	if (cli->nargs > verb->max_args)
		return fail_usage(cli, "%s: too many arguments", verb->name);
	if (verb->map && cli->nargs)
		code = open_map(cli);
	if (!code)
		code = verb->run(cli);
	libsyncmap_close(cli->map);
	libsyncmap_close(cli->inherited);
	return code;
}

int main(int argc, char **argv)
{
	struct cli cli = {
		.key_type = SYNCMAP_KEY_STRING, .mode = 0600,
		.wait = SYNCMAP_NEVER,
	};
	int code = parse_options(&cli, argc, argv);

	if (!code)
		code = run(&cli);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "syncmapctl: standard output: %s\n",
			strerror(errno));
		return EXIT_ERROR;
	}
	return code;
}
