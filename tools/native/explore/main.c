// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: explore [-a] [-x] [SCENARIO...]
 *
 * All pairs and triples of operations, wherever their key may be when they
 * begin, and some longer stories. A scenario is named as it is printed when it
 * fails: the kind of map, the place of the subject, and what each actor does.
 *   -a	all kinds of maps, and one preemption more
 *   -x	stop at the first failure
 */
#include <getopt.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../module/core/core.h"
#include "explore.h"
#include "history.h"

/* Where the subject is */
enum place {
	NOWHERE,		/* the map is empty, and has no tables */
	UNKNOWN,		/* in no table */
	READ,
	READ_DEAD,		/* deleted, in the read table */
	DIRTY,
	/* the same, in a map whose promotion ran out of memory */
	HALF_UNKNOWN,
	HALF_READ,
	HALF_READ_DEAD,
	HALF_OLD,		/* in the old dirty table */
	HALF_OLD_DEAD,
	HALF_DIRTY,		/* in the new one */
	PLACES
};

static const char *const place_names[PLACES] = {
	"nowhere", "unknown", "read", "read-dead", "dirty", "half-unknown",
	"half-read", "half-read-dead", "half-old", "half-old-dead",
	"half-dirty",
};

/* Apart: as multiples of a ratio; but the subject and its twin are neighbours */
static u64 spread_hash(const void *key, size_t len)
{
	const u8 *bytes = key;
	u64 number = bytes[0] & 15;

	return (number & ~1ULL) * 0x9e3779b97f4a7c15ULL + (number & 1);
}

static u64 equal_hash(const void *key, size_t len)
{
	return 0x5555aaaa5555aaaaULL;
}

static const struct kind {
	const char		*name;
	struct syncmap_params	params;
	bool			basic;	/* not one that -a adds */
} kinds[] = {
	{ "u64", { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
		   .hash_fn = spread_hash }, true },
	{ "equal", { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
		     .hash_fn = equal_hash } },
	{ "bytes", { .hash = SYNCMAP_HASH_CUSTOM, .hash_fn = equal_hash },
	  true },
};

/* Each actor does one operation after the other */
#define OPS_MAX	2

struct act {
	unsigned int		n;
	struct operation	ops[OPS_MAX];
};

struct game {
	struct syncmap		map;
	const struct kind	*kind;
	enum place		place;
	bool			twin;	/* in the newest dirty table */
	unsigned int		before[KEYS];
	struct act		acts[ACTORS_MAX];
	struct scenario		scenario;
	char			name[160];
};

static void store(struct game *g, unsigned int key)
{
	struct operation op = { SWAP, key, .new = 1 + key };

	operation_run(&g->map, &op);
	g->before[key] = op.new;
}

static void delete(struct game *g, unsigned int key)
{
	struct operation op = { LOAD_AND_DELETE, key };

	operation_run(&g->map, &op);
	g->before[key] = ABSENT;
}

/* The table of buckets is what cannot be had, and all is counted before it */
#define FAIL_TABLE	5

static void promote(struct game *g, unsigned int fail)
{
	int err;

	current->fail_nth = fail;
	err = syncmap_promote(&g->map);
	if (current->fail_nth || !err != !fail)
		explore_fail("the setup went wrong");
}

static void half(struct game *g)
{
	bool old = g->place == HALF_OLD || g->place == HALF_OLD_DEAD;

	if (old)
		store(g, SUBJECT);
	promote(g, FAIL_TABLE);
	if (g->place == HALF_OLD_DEAD)
		delete(g, SUBJECT);
	if (g->place == HALF_DIRTY)
		store(g, SUBJECT);
}

static void setup(void *arg)
{
	struct game *g = arg;

	if (syncmap_core_init() || syncmap_init(&g->map, &g->kind->params))
		abort();
	memset(g->before, 0, sizeof(g->before));
	if (g->place == NOWHERE)
		return;
	store(g, STABLE_READ);
	if (g->place == READ || g->place == READ_DEAD ||
	    g->place == HALF_READ || g->place == HALF_READ_DEAD)
		store(g, SUBJECT);
	promote(g, 0);
	store(g, STABLE_DIRTY);
	if (g->place == READ_DEAD || g->place == HALF_READ_DEAD)
		delete(g, SUBJECT);
	if (g->place == DIRTY)
		store(g, SUBJECT);
	if (g->place >= HALF_UNKNOWN)
		half(g);
	if (g->twin)
		store(g, TWIN);
}

static void act(void *arg, unsigned int actor)
{
	struct game *g = arg;
	unsigned int i;

	for (i = 0; i < g->acts[actor].n; i++)
		operation_run(&g->map, &g->acts[actor].ops[i]);
}

static bool verify(void *arg)
{
	struct operation ops[ACTORS_MAX * OPS_MAX], range = { RANGE };
	unsigned int after[KEYS], key, actor, n = 0, live = 0;
	struct game *g = arg;
	bool right;

	for (actor = 0; actor < g->scenario.actors; actor++) {
		memcpy(&ops[n], g->acts[actor].ops,
		       g->acts[actor].n * sizeof(*ops));
		n += g->acts[actor].n;
	}
	for (key = 0; key < KEYS; key++)
		live += value_of(&g->map, key, &after[key]);
	operation_run(&g->map, &range);
	right = linearizable(ops, n, g->before, after) &&
		!memcmp(range.seen, after, sizeof(after)) &&
		syncmap_count(&g->map) == live && !syncmap_check(&g->map);
	if (!right) {
		for (key = 0; key < n; key++)
			operation_print(&ops[key]);
		operation_print(&range);
	}
	syncmap_destroy(&g->map);
	syncmap_core_exit();
	return right;
}

static unsigned long runs;
static unsigned int passed, failed;
static bool thorough, stop_early;
static struct game game;

static void name_game(struct game *g)
{
	const struct operation *op;
	unsigned int actor, i, at;

	at = snprintf(g->name, sizeof(g->name), "%s %s%s", g->kind->name,
		      place_names[g->place], g->twin ? "+twin" : "");
	for (actor = 0; actor < g->scenario.actors; actor++) {
		for (i = 0; i < g->acts[actor].n; i++) {
			op = &g->acts[actor].ops[i];
			at += snprintf(g->name + at, sizeof(g->name) - at,
				       "%c%s%s", i ? ',' : ' ',
				       action_names[op->action],
				       op->key == TWIN ? "-twin" : "");
		}
	}
}

static void play(struct game *g)
{
	bool bad;

	if (failed && stop_early)
		return;
	name_game(g);
	g->scenario.setup = setup;
	g->scenario.act = act;
	g->scenario.verify = verify;
	g->scenario.arg = g;
	runs += explore(&g->scenario, &bad);
	passed += !bad;
	failed += bad;
	if (bad)
		fprintf(stderr, "FAILED %s\n", g->name);
}

/* For AddressSanitizer, which ends the program */
static void died(void)
{
	fprintf(stderr, "FAILED %s\n", game.name);
}

static void game_init(struct game *g, const struct kind *kind,
		      enum place place, unsigned int preemptions)
{
	memset(g, 0, sizeof(*g));
	g->kind = kind;
	g->place = place;
	g->scenario.preemptions = preemptions + thorough;
}

/* What actor @actor does next; values tell who stored them */
static void add_op(struct game *g, unsigned int actor, enum action action,
		   unsigned int key)
{
	struct act *a = &g->acts[actor];

	a->ops[a->n] = (struct operation){
		action, key, .old = 1 + key, .new = 10 + 10 * actor + a->n,
	};
	a->n++;
	g->scenario.actors = actor + 1;
}

static void play_actions(const struct kind *kind, enum place place,
			 unsigned int preemptions, const enum action *actions,
			 unsigned int n)
{
	unsigned int i;

	game_init(&game, kind, place, preemptions);
	for (i = 0; i < n; i++)
		add_op(&game, i, actions[i], SUBJECT);
	play(&game);
}

static void pairs(const struct kind *kind)
{
	enum action a[2];
	enum place place;

	for (place = 0; place < PLACES; place++)
		for (a[0] = 0; a[0] < ACTIONS; a[0]++)
			for (a[1] = a[0]; a[1] < ACTIONS; a[1]++)
				play_actions(kind, place, 2, a, 2);
}

/* Two operations beside a promotion */
static void triples(const struct kind *kind)
{
	enum action a[3] = { [2] = PROMOTE };
	enum place place;

	for (place = 0; place < PLACES; place++)
		for (a[0] = 0; a[0] < PROMOTE; a[0]++)
			for (a[1] = a[0]; a[1] < PROMOTE; a[1]++)
				play_actions(kind, place, 1, a, 3);
}

static int find_name(const char *name, const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	fprintf(stderr, "explore: what is '%s'?\n", name);
	exit(2);
}

/* Whether @word ended in @suffix, which is cut off */
static bool cut(char *word, const char *suffix)
{
	size_t len = strlen(word), cut = strlen(suffix);

	if (len < cut || strcmp(word + len - cut, suffix))
		return false;
	word[len - cut] = '\0';
	return true;
}

static void parse_actor(struct game *g, unsigned int actor, char *ops)
{
	unsigned int key;
	char *op, *save;

	for (op = strtok_r(ops, ",", &save); op;
	     op = strtok_r(NULL, ",", &save)) {
		key = cut(op, "-twin") ? TWIN : SUBJECT;
		add_op(g, actor, find_name(op, action_names, ACTIONS), key);
	}
}

/* Everything of a scenario's name behind the kind of map */
static void play_story(const struct kind *kind, const char *story,
		       unsigned int preemptions)
{
	char text[160], *word, *save;
	unsigned int actor = 0;
	bool twin;

	strscpy(text, story, sizeof(text));
	word = strtok_r(text, " ", &save);
	twin = cut(word, "+twin");
	game_init(&game, kind, find_name(word, place_names, PLACES),
		  preemptions);
	game.twin = twin;
	while ((word = strtok_r(NULL, " ", &save)))
		parse_actor(&game, actor++, word);
	play(&game);
}

static const char *const stories[] = {
	/* The subject comes back behind where the range stands */
	"half-read+twin range load-and-delete,swap promote",
	"half-unknown+twin range swap,load-and-delete promote",
	"dirty+twin range load-and-delete,swap promote",
	/* An inserter that holds the state before the promotion, and a fresh one */
	"unknown swap load-or-store promote",
	"unknown swap,load swap,load promote",
	"unknown load-or-store,load-and-delete load promote",
	"unknown swap swap-twin promote",
	/* It dies while it is moved, and comes back */
	"read load-and-delete,swap load promote",
	"dirty load-and-delete,swap load promote",
	"read load-and-delete,load-or-store swap promote",
	"half-old load-and-delete,swap load promote",
	/* Two promotions during one operation */
	"read swap promote,promote",
	"dirty load promote,promote",
	"dirty load,load swap promote,promote",
	"unknown swap load-and-delete promote,promote",
	"read range load-and-delete,swap promote,promote",
	/* Clear in the midst of it */
	"dirty swap promote clear",
	"read load-and-delete,swap promote clear",
	"nowhere swap swap-twin clear",
	"nowhere swap,load clear promote",
	"half-old swap clear promote",
};

static void report(const char *what)
{
	static u64 since;
	u64 now = ktime_get_ns();

	if (runs)
		printf("%-24s %9lu runs %6.1f s\n", what, runs,
		       (now - since) / 1e9);
	fflush(stdout);
	since = now;
	runs = 0;
}

static void play_all(void)
{
	const struct kind *kind;
	unsigned int i;

	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++) {
		for (i = 0; i < ARRAY_SIZE(stories); i++)
			play_story(kind, stories[i], 1);
		report("stories");
	}
	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++) {
		if (kind->basic || thorough)
			pairs(kind);
		report("pairs");
	}
	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++) {
		if (kind->basic || thorough)
			triples(kind);
		report("triples");
	}
}

static void play_named(const char *name)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		len = strlen(kinds[i].name);
		if (!strncmp(name, kinds[i].name, len) && name[len] == ' ')
			play_story(&kinds[i], name + len + 1, 2);
	}
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "ax")) != -1) {
		thorough |= option == 'a';
		stop_early |= option == 'x';
		if (option == '?')
			return 2;
	}
	explore_at_death(died);
	report("");
	if (optind == argc)
		play_all();
	for (; optind < argc; optind++)
		play_named(argv[optind]);
	report("named");
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
