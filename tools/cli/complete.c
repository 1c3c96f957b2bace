// SPDX-License-Identifier: GPL-2.0-only
/*
 * complete: what the last word of a command line may become, for shells, whose
 * own parts are in tools/completion
 *
 * The words are those behind syncmapctl. Each line is a candidate, and behind a
 * tab what it is; ":files" and ":commands" are for the shell to find.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct line {
	const struct verb	*verb;
	const struct option_help *option;	/* awaits the last word */
	int			operands;	/* behind the verb */
	bool			no_options;	/* after -- */
	const char		*last;
	const char		*before;	/* of it, as in --format=text */
	int			before_len;
};

static void offer(const struct line *line, const char *word, const char *what)
{
	if (strncmp(word, line->last, strlen(line->last)))
		return;
	printf("%.*s%s", line->before_len, line->before, word);
	if (what)
		printf("\t%s", what);
	putchar('\n');
}

/* Each of @words, that spaces separate */
static void offer_words(const struct line *line, const char *words)
{
	char word[64];

	while (*words) {
		size_t len = strcspn(words, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, words);
		offer(line, word, NULL);
		words += len;
		words += *words == ' ';
	}
}

static void offer_users(const struct line *line)
{
	const struct passwd *user;

	while ((user = getpwent()))
		offer(line, user->pw_name, NULL);
	endpwent();
}

static void offer_groups(const struct line *line)
{
	const struct group *group;

	while ((group = getgrent()))
		offer(line, group->gr_name, NULL);
	endgrent();
}

static int offer_map(const struct syncmap_map_info *info, void *arg)
{
	offer(arg, info->name, NULL);
	return 0;
}

static void offer_verbs(const struct line *line)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		offer(line, verb->name, verb->summary);
}

static bool is_for(const struct option_help *option, const struct verb *verb)
{
	return strchr("jph0", option->letter) ||
	       (verb && strchr(verb->options, option->letter));
}

static void offer_options(const struct line *line)
{
	char name[64];

	for (const struct option_help *o = options; o->letter; o++) {
		snprintf(name, sizeof(name), "--%s", o->name);
		if (is_for(o, line->verb))
			offer(line, name, o->summary);
	}
}

/* What @name, as the usage has it, stands for */
static void offer_named(struct line *line, const char *name)
{
	static const struct {
		const char	*name;
		const char	*words;
	} closed[] = {
		{ "FORMAT", "text raw hex u64 x64 json" },
		{ "TYPE", "string u64 bytes" },
		{ "ORDER", "key revision ttl size" },
		{ "KIND", "text u64 json bytes" },
	};

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		if (!strcmp(name, closed[i].name))
			offer_words(line, closed[i].words);
	if (!strcmp(name, "MAP"))
		libsyncmap_list(0, 0, offer_map, line);
	else if (!strcmp(name, "VERB"))
		offer_verbs(line);
	else if (!strcmp(name, "USER"))
		offer_users(line);
	else if (!strcmp(name, "GROUP"))
		offer_groups(line);
	else if (!strcmp(name, "FILE"))
		puts(":files");
	else if (!strcmp(name, "DIR"))
		puts(":directories");
	else if (!strcmp(name, "COMMAND"))
		puts(":commands");
}

/* The last operand of a verb may be several */
static void offer_operand(struct line *line)
{
	const char *args = line->verb->args;
	char name[32] = "";

	if (line->operands >= line->verb->max_args)
		return;
	for (int i = 0; i <= line->operands && *args; i++) {
		args += strspn(args, " [");
		if (!strncmp(args, "-- ", 3))
			args += 3;
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(args, " ].|"), args);
		if (i < line->operands && !strcmp(name, "COMMAND"))
			snprintf(name, sizeof(name), "FILE");
		args += strcspn(args, " ");
	}
	offer_named(line, name);
}

static const struct option_help *find_long(const char *name, size_t len)
{
	for (const struct option_help *o = options; o->letter; o++)
		if (strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	return NULL;
}

/* The option whose argument is the next word; that of letters is the last one */
static const struct option_help *awaits(const char *word)
{
	const struct option_help *option = NULL;

	if (word[1] == '-') {
		option = find_long(word + 2, strlen(word + 2));
		return option && option->arg ? option : NULL;
	}
	for (word++; *word; word++) {
		option = find_option(*word);
		if (option && option->arg)
			return word[1] ? NULL : option;
	}
	return NULL;
}

/* A word that is not the last */
static void pass(struct line *line, const char *word)
{
	if (line->option) {
		/* Shells that have "=" as a word of its own */
		if (strcmp(word, "="))
			line->option = NULL;
	} else if (!line->no_options && !strcmp(word, "--")) {
		line->no_options = true;
	} else if (!line->no_options && word[0] == '-' && word[1]) {
		line->option = awaits(word);
	} else if (!line->verb) {
		line->verb = find_verb(word);
	} else {
		line->operands++;
	}
}

/* --format=te: the argument of an option, which is a part of the word */
static void look_into(struct line *line)
{
	const char *equals = strchr(line->last, '=');

	if (line->option && !strcmp(line->last, "="))
		line->last = "";
	if (line->no_options || line->option || !equals ||
	    strncmp(line->last, "--", 2))
		return;
	line->option = find_long(line->last + 2, equals - line->last - 2);
	if (!line->option || !line->option->arg) {
		line->option = NULL;
		return;
	}
	line->before = line->last;
	line->before_len = equals + 1 - line->last;
	line->last = equals + 1;
}

int verb_complete(struct cli *cli)
{
	struct line line = { .last = "", .before = "" };

	for (int i = 0; i < cli->nargs - 1; i++)
		pass(&line, cli->args[i]);
	if (cli->nargs)
		line.last = cli->args[cli->nargs - 1];
	look_into(&line);
	if (line.option)
		offer_named(&line, line.option->arg);
	else if (!line.no_options && line.last[0] == '-')
		offer_options(&line);
	else if (!line.verb)
		offer_verbs(&line);
	else
		offer_operand(&line);
	return EXIT_YES;
}
