// SPDX-License-Identifier: GPL-2.0-only
/* The map that a verb is about, and the formats that suit it */
#include "cli.h"

static int open_named(struct cli *cli, enum verb_map want)
{
	int err = want < MAP_ANY ?
		open_name(cli, want) :
		open_any(cli, want);

	return err ? fail_map(cli, cli->name, err) : EXIT_YES;
}

enum verb_map wanted_access(const struct cli *cli)
{
	if (cli->access)
		return cli->access;
	/* Keys have to be found before they can be deleted */
	if (cli->verb->run == verb_delete && cli->prefix)
		return cli->dry_run ? MAP_READ : MAP_BOTH;
	return cli->verb->map;
}

enum format natural_format(uint32_t key_type)
{
	switch (key_type) {
	case SYNCMAP_KEY_U64:
		return FORMAT_U64;
	case SYNCMAP_KEY_BYTES:
		return FORMAT_HEX;
	}
	return FORMAT_TEXT;
}

/* What is not said is as it suits the map */
static void choose_formats(struct cli *cli)
{
	static const enum format of_values[] = {
		[SYNCMAP_VALUE_UNSAID]	= FORMAT_TEXT,
		[SYNCMAP_VALUE_BYTES]	= FORMAT_HEX,
		[SYNCMAP_VALUE_TEXT]	= FORMAT_TEXT,
		[SYNCMAP_VALUE_U64]	= FORMAT_U64,
		[SYNCMAP_VALUE_JSON]	= FORMAT_JSON,
	};

	if (!cli->key_format_given)
		cli->format.key = natural_format(cli->info.key_type);
	if (!cli->value_format_given &&
	    cli->info.value_kind <= SYNCMAP_VALUE_JSON)
		cli->format.value = of_values[cli->info.value_kind];
}

void close_map(struct cli *cli)
{
	libsyncmap_close(cli->map);
	libsyncmap_close(cli->inherited);
	cli->map = NULL;
	cli->inherited = NULL;
}

int open_map(struct cli *cli, const char *name)
{
	enum verb_map want = wanted_access(cli);
	int code, err;

	cli->name = name;
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
	choose_formats(cli);
	return EXIT_YES;
}
