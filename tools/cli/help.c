// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdio.h>

#include "cli.h"

static void print_option(const struct option_help *option)
{
	char text[40], letter[] = { '-', option->letter, ',', '\0' };

	snprintf(text, sizeof(text), "%3s --%s %s",
		 isalpha((unsigned char)option->letter) ? letter : "",
		 option->name, option->arg ? option->arg : "");
	printf("  %-26s %s\n", text, option->summary);
}

static void print_verb(const struct verb *verb)
{
	printf("Usage: syncmapctl [-j|-p] %s%s %s\n\n%s\n", verb->name,
	       verb->options[0] ? " [OPTION...]" : "", verb->args,
	       verb->summary);
	if (verb->options[0])
		putchar('\n');
	for (const char *letter = verb->options; *letter; letter++)
		print_option(find_option(*letter));
}

static void print_all(void)
{
	puts("Usage: syncmapctl [-j|-p] VERB [OPTION...] [MAP] [ARGUMENT...]\n\n"
	     "Use the concurrent maps of the kernel module syncmap.\n");
	for (const struct verb *verb = verbs; verb->name; verb++)
		printf("  %-19s %s\n", verb->name, verb->summary);
	puts("\nOptions; 'syncmapctl help VERB' tells which a verb takes:\n");
	for (const struct option_help *o = options; o->letter; o++)
		print_option(o);
	puts("\nA VALUE is - for standard input, @FILE for a file, or text in its format.\n"
	     "Exit status: 0 done, yes; 1 error; 2 usage; 3 absent, no.");
}

static struct json_object *option_names(const struct verb *verb)
{
	struct json_object *array = json_object_new_array();
	char name[40];

	for (const char *letter = verb->options; *letter; letter++) {
		snprintf(name, sizeof(name), "--%s", find_option(*letter)->name);
		json_object_array_add(array, json_object_new_string(name));
	}
	return array;
}

static struct json_object *verb_json(const struct verb *verb)
{
	struct json_object *json = json_object_new_object();

	add_text(json, "verb", verb->name);
	add_text(json, "arguments", verb->args);
	add_text(json, "summary", verb->summary);
	add_json(json, "options", option_names(verb));
	return json;
}

static int say_all(struct cli *cli)
{
	if (!cli->json) {
		print_all();
		return EXIT_YES;
	}
	begin_array(cli);
	for (const struct verb *verb = verbs; verb->name; verb++)
		say_json(cli, verb_json(verb));
	end_array(cli);
	return EXIT_YES;
}

/* For the verb help, and for the option of any other verb */
int verb_help(struct cli *cli)
{
	const struct verb *verb = cli->verb;

	if (!verb)
		return say_all(cli);
	if (verb->run == verb_help) {
		if (!cli->nargs)
			return say_all(cli);
		verb = find_verb(cli->args[0]);
		if (!verb)
			return fail_usage(cli, "unknown verb '%s'",
					  cli->args[0]);
	}
	if (cli->json)
		say_json(cli, verb_json(verb));
	else
		print_verb(verb);
	return EXIT_YES;
}

int verb_version(struct cli *cli)
{
	struct syncmap_info info;
	struct json_object *json;
	bool there = !libsyncmap_system_info(&info, sizeof(info));

	if (!cli->json) {
		printf("syncmapctl %s, ABI level %d\n", SYNCMAP_VERSION,
		       SYNCMAP_ABI);
		if (there)
			printf("module with ABI level %u\n", info.abi);
		return EXIT_YES;
	}
	json = json_object_new_object();
	add_text(json, "version", SYNCMAP_VERSION);
	add_u64(json, "abi", SYNCMAP_ABI);
	add_json(json, "module_abi",
		 there ? json_object_new_uint64(info.abi) : NULL);
	say_json(cli, json);
	return EXIT_YES;
}
