// SPDX-License-Identifier: GPL-2.0-only
/* What an option says, on the command line or in a file that declares maps */
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "duration.h"
#include "size.h"

/* Nanoseconds: to look at all maps takes time, too; and a time has an end */
#define INTERVAL_MIN	UINT64_C(100000000)
#define INTERVAL_MAX	UINT64_C(86400000000000)

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

int parse_size(struct cli *cli, const char *text, uint64_t max, uint64_t *size)
{
	const char *wrong = size_parse(text, size);

	if (!wrong && *size > max)
		wrong = "too large";
	if (wrong)
		return fail_usage(cli, "'%s': %s", text, wrong);
	return *size ? EXIT_YES : fail_usage(cli, "'%s': at least 1", text);
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

	if (!strcmp(text, "number"))
		text = "u64";
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

static int parse_order(struct cli *cli, const char *text)
{
	static const char *const names[] = {
		[ORDER_KEY] = "key", [ORDER_REVISION] = "revision",
		[ORDER_TTL] = "ttl", [ORDER_SIZE] = "size",
	};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]))
			continue;
		cli->order = i;
		return EXIT_YES;
	}
	return fail_usage(cli, "'%s': an order is key, revision, ttl or size", text);
}

/* Zero is for as long as it takes */
static int parse_lease(struct cli *cli, const char *text)
{
	int code = parse_duration(cli, text, &cli->lease_for);

	if (!code && !cli->lease_for)
		return fail_usage(cli, "'%s': no time to compute in", text);
	if (cli->lease_for == SYNCMAP_NEVER)
		cli->lease_for = 0;
	return code;
}

static int parse_interval(struct cli *cli, const char *text)
{
	int code = parse_duration(cli, text, &cli->interval);

	if (!code && (cli->interval < INTERVAL_MIN ||
		      cli->interval > INTERVAL_MAX))
		return fail_usage(cli, "'%s': an interval is from 100ms to 1d",
				  text);
	return code;
}

static int parse_look(struct cli *cli, const char *text)
{
	int code = parse_duration(cli, text, &cli->look_for);

	if (!code && cli->look_for == SYNCMAP_NEVER)
		return fail_usage(cli, "'%s': it has to end", text);
	return code;
}

static int set_limit(struct cli *cli, int letter, const char *arg)
{
	bool of_one = letter == 'K' || letter == 'V';
	uint64_t limit;
	int code;

	code = parse_size(cli, arg, of_one ? UINT32_MAX : UINT64_MAX, &limit);
	if (code)
		return code;
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
	case '%':
		return SYNCMAP_SET_EVICT;
	case '/':
		return SYNCMAP_SET_NO_EVICT;
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
	case 'A':
		return &cli->all;
	case '3':
		return &cli->reverse;
	case '4':
		return &cli->dry_run;
	case '8':
		return &cli->prometheus;
	case '9':
		return &cli->once;
	case 'l':
		return &cli->format.json_lines;
	case 'a':
		return &cli->if_absent;
	case '5':
		return &cli->check;
	case 'P':
		return &cli->progress;
	case '=':
		return &cli->keep;
	}
	return NULL;
}

int set_option(struct cli *cli, int letter, const char *arg)
{
	bool *flag = find_flag(cli, letter);

	if (flag)
		*flag = true;
	cli->given |= set_by_option(letter);
	switch (letter) {
	case 'f':
		cli->value_format_given = true;
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
		return parse_size(cli, arg, UINT64_MAX, &cli->count);
	case '1':
		return parse_size(cli, arg, UINT64_MAX, &cli->limit);
	case '2':
		return parse_order(cli, arg);
	case '6':
		cli->output = arg;
		break;
	case '7':
		return parse_interval(cli, arg);
	case 'w':
		return parse_duration(cli, arg, &cli->timeout);
	case '+':
		return parse_look(cli, arg);
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
		return parse_lease(cli, arg);
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
