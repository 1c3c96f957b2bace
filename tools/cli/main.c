// SPDX-License-Identifier: GPL-2.0-only
/* syncmapctl [-j|-p] VERB MAP ...: the command line, and dispatch */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "guess.h"

#define OPTIONS_MAX	64

static const char for_all_verbs[] = "jph0";

/*
 * An option as it was given; @letter is '?' or ':' for one that is wrong, @wrong
 * the letter of it, if there is no such option, and @missing, if it lacks its
 * argument.
 */
struct given {
	int		letter;
	int		wrong;
	int		missing;
	const char	*arg;
};

/* It may be none that was meant to be one */
static void advise_dashes(struct cli *cli)
{
	if (cli->verb && cli->verb->min_args)
		advise(cli, "Put '--' before arguments that begin with a dash: "
		       "syncmapctl %s -- %s", cli->verb->name, cli->verb->args);
}

static int fail_option(struct cli *cli, const char *arg)
{
	struct guess guess = { };
	char text[256];

	for (const struct option_help *o = options; o->letter; o++)
		if (!cli->verb || strchr(cli->verb->options, o->letter) ||
		    strchr(for_all_verbs, o->letter))
			guess_try(&guess, arg + 2, o->name);
	guess_print(&guess, "--", text, sizeof(text));
	if (guess.n)
		advise(cli, "%s", text);
	else
		advise_dashes(cli);
	return fail_usage(cli, "unknown option '%s'", arg);
}

static int apply(struct cli *cli, const struct given *given)
{
	const struct option_help *option = find_option(given->letter);

	if (given->wrong) {
		advise_dashes(cli);
		return fail_usage(cli, "unknown option '-%c'", given->wrong);
	}
	if (given->letter == '?')
		return fail_option(cli, given->arg);
	if (given->letter == ':') {
		if (cli->verb && !strchr(cli->verb->options, given->missing))
			advise_dashes(cli);
		return fail_usage(cli, "option '%s' needs an argument",
				  given->arg);
	}
	/* Without a verb, that is the error to tell */
	if (strchr(for_all_verbs, given->letter) || cli->help || cli->version ||
	    !cli->verb)
		return EXIT_YES;
	if (!strchr(cli->verb->options, given->letter)) {
		advise_dashes(cli);
		return fail_usage(cli, "%s: takes no option --%s",
				  cli->verb->name, option->name);
	}
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
		if (!isalpha((unsigned char)o->letter))
			continue;
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
		cli->version |= letter == '0';
		given[n].letter = letter;
		if (letter == '?' && !find_option(optopt))
			given[n].wrong = optopt;
		if (letter == ':')
			given[n].missing = optopt;
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

static int fail_verb(struct cli *cli, const char *word, int nargs)
{
	const char *ours = guess_foreign(word, nargs);
	struct guess guess = { };
	char text[256];

	for (const struct verb *v = verbs; v->name && !ours; v++)
		guess_try(&guess, word, v->name);
	if (ours) {
		snprintf(guess.names[0], sizeof(guess.names[0]), "%s", ours);
		guess.n = 1;
	}
	guess_print(&guess, "", text, sizeof(text));
	if (guess.n)
		advise(cli, "%s", text);
	if (guess.n == 1) {
		/* For the usage of it, which is not run */
		guess.names[0][strcspn(guess.names[0], " ")] = '\0';
		cli->verb = find_verb(guess.names[0]);
	}
	return fail_usage(cli, "unknown verb '%s'", word);
}

/* Options, but no verb that they could be of */
static int check_lonely(struct cli *cli, const struct given *given, int n)
{
	for (int i = 0; i < n; i++)
		if (!strchr(for_all_verbs, given[i].letter))
			return fail_usage(cli, "a verb is missing");
	return EXIT_YES;
}

static int check_options(struct cli *cli, const struct given *given, int n)
{
	int code = EXIT_YES;

	for (int i = 0; i < n && !code; i++)
		code = apply(cli, &given[i]);
	return code || cli->verb ? code : check_lonely(cli, given, n);
}

static int parse_options(struct cli *cli, int argc, char **argv)
{
	struct given *given = calloc(most_options(argc, argv) + 1,
				     sizeof(*given));
	int code;
	int n;

	if (!given)
		return fail(cli, "out of memory");
	n = collect(cli, argc, argv, given);
	cli->args = argv + optind;
	cli->nargs = argc - optind;
	if (cli->nargs) {
		cli->verb = find_verb(*cli->args++);
		cli->nargs--;
	}
	if (optind < argc && !cli->verb)
		code = fail_verb(cli, argv[optind], cli->nargs);
	else
		code = check_options(cli, given, n);
	free(given);
	return code;
}

/* What people try, and what they want */
static const struct {
	const char	*verb;
	bool		less;	/* than it needs */
	const char	*advice;
} slips[] = {
	{ "set", false, "Did you mean 'store'? What is set is what the map is." },
	{ "remove", false, "Did you mean 'delete'? What is removed is a map." },
	{ "list", false, "Did you mean 'range', or 'info'? What is listed is maps." },
	{ "load", true, "Did you mean 'range'? What is loaded is keys." },
	{ "delete", true, "Did you mean 'remove', or 'clear'? What is deleted is keys." },
};

int fail_arguments(struct cli *cli, bool less)
{
	const char *name = cli->verb->name;

	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++)
		if (!strcmp(slips[i].verb, name) && slips[i].less == less &&
		    cli->nargs)
			advise(cli, "%s", slips[i].advice);
	return fail_usage(cli, "%s: too %s arguments", name,
			  less ? "few" : "many");
}

static int run(struct cli *cli)
{
	const struct verb *verb = cli->verb;
	int code = EXIT_YES;

	if (cli->help)
		return verb_help(cli);
	if (cli->version)
		return verb_version(cli);
	if (!verb)
		return welcome(cli);
	if (cli->nargs < verb->min_args || cli->nargs > verb->max_args)
		return fail_arguments(cli, cli->nargs < verb->min_args);
	if (verb->map && cli->nargs)
		code = open_map(cli, cli->args[0]);
	if (!code)
		code = verb->run(cli);
	close_map(cli);
	return code;
}

int main(int argc, char **argv)
{
	struct cli cli = {
		.key_type = SYNCMAP_KEY_STRING, .mode = 0600,
		.wait = SYNCMAP_NEVER, .timeout = SYNCMAP_NEVER,
		.look_for = UINT64_C(5000000000),
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
