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
#include <linux/string.h>

#include "game.h"

/*
 * What actors do; Store and Delete are a Swap and a LoadAndDelete to the core.
 * The first of them make triples with a promotion; -a adds the rest.
 */
static const enum action actions[] = {
	LOAD, SWAP, LOAD_OR_STORE, LOAD_OR_COMPUTE, LOAD_AND_DELETE,
	COMPARE_AND_SWAP, COMPARE_AND_DELETE, RANGE, NEXT, CLEAR,
	PROMOTE, PURGE, GROW, LOAD_MANY, SWAP_RESERVED, UNRESERVE,
};

#define BESIDE_PROMOTE	10

static const struct kind kinds[] = {
	{ "plain", { .key_len = 8 }, 2, true },
	{ "u64", { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
		   .hash_fn = hash_spread }, 2 },
	{ "equal", { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
		     .hash_fn = hash_equal }, 2 },
	{ "zero", { .key_len = 8 }, 0, true },
	{ "words", { .key_len = 16 } },
	{ "bytes", { .hash = SYNCMAP_HASH_CUSTOM, .hash_fn = hash_equal }, 0,
	  true },
};

static unsigned long runs;
static unsigned int passed, failed;
static bool thorough, stop_early;
static struct game game;

static void play(struct game *g)
{
	bool bad;

	if (failed && stop_early)
		return;
	game_name(g);
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

static void play_actions(const struct kind *kind, enum place place,
			 unsigned int preemptions, const enum action *actions,
			 unsigned int n)
{
	unsigned int i;

	game_init(&game, kind, place, preemptions + thorough);
	for (i = 0; i < n; i++)
		game_add(&game, i, actions[i], SUBJECT, false);
	play(&game);
}

/* The worker does one thing at a time; and where there is no room, growth is nothing new */
static void play_pair(const struct kind *kind, enum place place, enum action a,
		      enum action b)
{
	if ((a == GROW || b == GROW) && !game_has_place(kind, ROOM_UNKNOWN))
		return;
	if (a < PROMOTE || b < PROMOTE || a == b)
		play_actions(kind, place, 2, (enum action[]){ a, b }, 2);
}

static void pairs(const struct kind *kind)
{
	unsigned int i, k;
	enum place place;

	for (place = 0; place < PLACES; place++)
		for (i = 0; i < ARRAY_SIZE(actions) && game_has_place(kind, place); i++)
			for (k = i; k < ARRAY_SIZE(actions); k++)
				play_pair(kind, place, actions[i], actions[k]);
}

/* Two operations beside a promotion or a purge */
static void triples_beside(const struct kind *kind, enum place place,
			   enum action beside)
{
	unsigned int n = thorough ? ARRAY_SIZE(actions) : BESIDE_PROMOTE;
	unsigned int i, k;

	for (i = 0; i < n; i++)
		for (k = i; k < n; k++)
			play_actions(kind, place, 1,
				     (enum action[]){ actions[i], actions[k],
						      beside }, 3);
}

static void triples(const struct kind *kind)
{
	enum place place;

	for (place = 0; place < PLACES && game_has_place(kind, place); place++) {
		triples_beside(kind, place, PROMOTE);
		/* New keys may get a slot before it, and behind it */
		if (thorough || place == ROOM_UNKNOWN || place == ROOM_DIRTY)
			triples_beside(kind, place, GROW);
		/* What it finds in a read table does not matter to a purge */
		if (thorough || place == UNKNOWN || place == DIRTY_DEAD ||
		    place == DIRTY || place == HALF_OLD || place == HALF_OLD_DEAD)
			triples_beside(kind, place, PURGE);
	}
}

static void play_story(const struct kind *kind, const char *story,
		       unsigned int preemptions)
{
	game_parse(&game, kind, story, preemptions + thorough);
	if (game_has_place(kind, game.place))
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
	/* It changes while it is moved, so that it has to be copied again */
	"read swap,swap load,load promote",
	"dirty swap,load-and-delete load,load promote",
	"half-old swap,load-and-delete load,load promote",
	"read-dead swap,load-and-delete load,load promote",
	"read swap,swap promote clear",
	/* Two promotions during one operation */
	"read swap promote,promote",
	"dirty load promote,promote",
	"dirty load,load swap promote,promote",
	"unknown swap load-and-delete promote,promote",
	"read range load-and-delete,swap promote,promote",
	/* The last dirty key goes, or comes back, while the table is purged */
	"dirty load-and-delete,swap load purge",
	"dirty load-and-delete,load-or-store swap,load purge",
	"dirty-dead swap,load-and-delete load,load purge",
	"dirty-dead load-or-store swap purge,purge",
	"dirty-dead swap load-and-delete purge,promote",
	"dirty-dead range swap,load-and-delete purge",
	"half-old load-and-delete,swap load purge,promote",
	"half-old-dead swap,load load-and-delete purge",
	"unknown swap,load load-and-delete purge",
	"dirty-dead swap purge clear",
	/* It gets a slot before a promotion, or behind one that leaves room */
	"room-unknown swap load-or-store promote",
	"room-unknown swap,load swap,load grow",
	"room-unknown swap,load-and-delete load,load promote",
	"room-unknown swap swap-twin grow",
	"room-unknown swap,load clear grow",
	"room-unknown swap promote clear",
	"room-unknown swap load-and-delete purge,grow",
	"room-unknown+twin range swap,load-and-delete promote",
	"room-unknown+twin next swap,load-and-delete grow",
	"room-read load-and-delete,swap range grow",
	"room-read-dead swap,load load-and-delete promote",
	"room-dirty load-and-delete,swap load grow",
	"unknown swap load-or-store grow",
	"unknown load-or-store,load-and-delete load grow,promote",
	"unknown swap,load swap,load grow,grow",
	"dirty load-and-delete,swap range grow,promote",
	"half-unknown swap load-or-store grow",
	"half-old load-and-delete,swap swap grow",
	/* It had a node, as the first key of a map, and gets a pair */
	"nowhere swap,load-and-delete swap load,load",
	"nowhere swap,load-and-delete load-or-store range",
	"nowhere swap,load-and-delete load-or-store load-and-delete",
	/* Clear in the midst of it */
	"dirty swap promote clear",
	"read load-and-delete,swap promote clear",
	"nowhere swap swap-twin clear",
	"nowhere swap,load clear promote",
	"half-old swap clear promote",
	"nowhere swap-reserved swap-reserved-twin clear",
	"unknown swap-reserved load-or-store promote",
	/* A cursor in the midst of it */
	"half-read+twin next load-and-delete,swap promote",
	"half-unknown+twin next swap,load-and-delete promote",
	"dirty+twin next load-and-delete,swap promote",
	"dirty+twin next swap clear",
	/* Who waits for a computation takes over, or finds what has come */
	"unknown load-or-compute load-or-compute load-and-delete",
	"unknown load-or-compute-fails load-or-compute load-or-compute",
	"unknown load-or-compute-fails load-or-compute swap",
	"nowhere load-or-compute load-or-compute clear",
	"dirty load-or-compute load-and-delete,swap promote",
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
