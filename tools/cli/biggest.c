// SPDX-License-Identifier: GPL-2.0-only
/* biggest: the entries that have most bytes, of key and value */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "select.h"

/* Unless --limit says otherwise; as many keys are in memory */
#define ENTRIES_SHOWN	10

struct showing {
	struct cli	*cli;
	bool		for_people;	/* with a heading, and no tabs */
};

static void say_entry_json(struct cli *cli,
			   const struct libsyncmap_record *entry)
{
	struct bytes key = { .data = (char *)entry->key, .len = entry->key_len };
	struct json_object *json = entry_json(cli, &key, NULL, NULL);

	add_u64(json, "bytes", entry->key_len + entry->value_len);
	add_u64(json, "key_bytes", entry->key_len);
	add_u64(json, "value_bytes", entry->value_len);
	say_json(cli, json);
}

static int say_entry(const struct libsyncmap_record *entry, void *arg)
{
	struct bytes key = { .data = (char *)entry->key, .len = entry->key_len };
	struct bytes line = { };
	const struct showing *showing = arg;
	struct cli *cli = showing->cli;
	const char *wrong;

	if (cli->json) {
		say_entry_json(cli, entry);
		return 0;
	}
	wrong = print_field(cli->format.key, entry->key, entry->key_len, &line);
	printf("%10zu%s%.*s\n", entry->key_len + entry->value_len,
	       showing->for_people ? "  " : "\t", (int)line.len,
	       line.len ? line.data : "");
	bytes_free(&line);
	if (wrong)
		note_misfit(cli, &key, wrong);
	return 0;
}

int verb_biggest(struct cli *cli)
{
	struct showing showing = {
		.cli = cli,
		.for_people = !cli->json && isatty(STDOUT_FILENO),
	};
	int ret;

	if (cli->format.key == FORMAT_RAW)
		return fail_usage(cli, "raw is a format for one value");
	cli->order = ORDER_SIZE;
	if (!cli->limit)
		cli->limit = ENTRIES_SHOWN;
	if (showing.for_people)
		printf("%10s  %s\n", "BYTES",
		       "KEY (bytes are those of key and value)");
	begin_array(cli);
	ret = select_entries(cli, SYNCMAP_RANGE_KEYS_ONLY, say_entry,
			     &showing);
	if (ret)
		fail_map(cli, cli->name, ret);
	end_array(cli);
	return ret ? EXIT_ERROR : end_misfits(cli, EXIT_YES);
}
