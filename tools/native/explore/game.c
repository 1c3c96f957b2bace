// SPDX-License-Identifier: GPL-2.0-only
/*
 * Games: how one is set up and played, and what it is called.
 */
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../module/core/core.h"
#include "../../../module/core/table.h"
#include "game.h"

static const char *const place_names[PLACES] = {
	"nowhere", "unknown", "read", "read-dead", "dirty", "dirty-dead", "half-unknown",
	"half-read", "half-read-dead", "half-old", "half-old-dead",
	"half-dirty", "room-unknown", "room-read", "room-read-dead", "room-dirty",
};

unsigned long history_clock(void)
{
	return explore_clock();
}

void history_fail(const char *why)
{
	explore_fail(why);
}

static void set(struct game *g, enum action action, unsigned int key,
		unsigned int value)
{
	struct operation done;
	struct history history = { &done, 0, 1 };

	operation_run(&g->trial, (struct operation){ action, key, 0, value },
		      &history);
	g->before[key] = value;
}

static void store(struct game *g, unsigned int key)
{
	set(g, STORE, key, 1 + key);
}

static void delete(struct game *g, unsigned int key)
{
	set(g, DELETE, key, ABSENT);
}

/* The table of buckets is what cannot be had, and all is counted before it */
#define FAIL_TABLE	5

static void promote(struct game *g, unsigned int fail)
{
	int err;

	current->fail_nth = fail;
	err = syncmap_promote(&g->trial.map);
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
	if (g->purge)
		delete(g, STABLE_DIRTY);
}

static bool is_half(enum place place)
{
	return place >= HALF_UNKNOWN && place < ROOM_UNKNOWN;
}

static bool is_room(enum place place)
{
	return place >= ROOM_UNKNOWN;
}

/* No key 0 comes to where there is room */
bool game_has_place(const struct kind *kind, enum place place)
{
	return !is_room(place) ||
	       (kind->first && syncmap_params_are_plain(&kind->params, sizeof(u64)));
}

/* What a promotion is out of memory for that would leave room: the last state */
#define FAIL_STATE	6

static void grow(struct game *g, unsigned int fail)
{
	struct syncmap_state *state;

	operation_run(&g->trial, (struct operation){ GROW, .new = fail }, NULL);
	state = rcu_dereference_protected(g->trial.map.state, true);
	if (current->fail_nth || !state->old != !fail ||
	    state->table->roomy != !fail)
		explore_fail("the setup went wrong");
}

static void room(struct game *g)
{
	if (g->place == ROOM_DIRTY) {
		grow(g, FAIL_STATE);
		store(g, SUBJECT);
	}
	grow(g, 0);
	if (g->place == ROOM_READ || g->place == ROOM_READ_DEAD)
		store(g, SUBJECT);
	if (g->place == ROOM_READ_DEAD)
		delete(g, SUBJECT);
}

/* In which quarter of a table */
static u64 quarter(u64 key, const siphash_key_t *seed)
{
	return syncmap_hash_short(key, sizeof(u64), seed) >> 62;
}

/*
 * The first seed with which a plain map has the twin beside the subject, and these, if
 * that can be, where key 0 is not looked for, when there is room.
 */
static unsigned int find_seed(const struct kind *kind)
{
	u64 subject = kind->first + SUBJECT, twin = kind->first + TWIN;
	unsigned int first = 0;
	siphash_key_t seed;

	do {
		shim_random = ++first;
		get_random_bytes(&seed, sizeof(seed));
	} while (table_bin(syncmap_hash_short(subject, sizeof(u64), &seed)) !=
		 table_bin(syncmap_hash_short(twin, sizeof(u64), &seed)) ||
		 (subject && quarter(subject, &seed) == quarter(0, &seed)));
	return first;
}

static void setup(void *arg)
{
	struct game *g = arg;

	shim_random = g->seed;
	g->trial = (struct trial){ .keys = KEYS, .first = g->kind->first };
	if (syncmap_core_init() ||
	    syncmap_init(&g->trial.map, &g->kind->params))
		abort();
	memset(g->before, 0, sizeof(g->before));
	if (g->place == NOWHERE)
		return;
	store(g, STABLE_READ);
	if (g->place == READ || g->place == READ_DEAD ||
	    g->place == HALF_READ || g->place == HALF_READ_DEAD)
		store(g, SUBJECT);
	if (is_room(g->place))
		room(g);
	else
		promote(g, 0);
	if (!g->purge || is_half(g->place))
		store(g, STABLE_DIRTY);
	if (g->place == DIRTY || g->place == DIRTY_DEAD)
		store(g, SUBJECT);
	if (g->place == READ_DEAD || g->place == HALF_READ_DEAD ||
	    g->place == DIRTY_DEAD)
		delete(g, SUBJECT);
	if (is_half(g->place))
		half(g);
	if (g->twin)
		store(g, TWIN);
}

static void act(void *arg, unsigned int actor)
{
	struct game *g = arg;
	struct act *act = &g->acts[actor];
	unsigned int i;

	act->history = (struct history){ act->done, 0, ARRAY_SIZE(act->done) };
	for (i = 0; i < act->n; i++)
		operation_run(&g->trial, act->ops[i], &act->history);
}

/* The history goes on: what is there now is loaded one by one, and shown */
static unsigned int look(struct game *g, struct history *history)
{
	unsigned int key, live = 0;

	for (key = 0; key < KEYS; key++) {
		operation_run(&g->trial, (struct operation){ LOAD, key },
			      history);
		live += history->ops[history->n - 1].yes;
	}
	operation_run(&g->trial, (struct operation){ RANGE }, history);
	return live;
}

static bool verify(void *arg)
{
	struct operation ops[(ACTORS_MAX * OPS_MAX + 2) * KEYS];
	struct history history = { ops, 0, ARRAY_SIZE(ops) };
	const struct operation *wrong;
	struct game *g = arg;
	struct history *one;
	unsigned int i;
	bool right;

	for (i = 0; i < g->scenario.actors; i++) {
		one = &g->acts[i].history;
		memcpy(&ops[history.n], one->ops, one->n * sizeof(*ops));
		history.n += one->n;
	}
	right = look(g, &history) == syncmap_count(&g->trial.map);
	right &= !syncmap_check(&g->trial.map);
	wrong = history_refute(&history, g->before);
	if (wrong)
		history_print(&history, wrong);
	syncmap_destroy(&g->trial.map);
	syncmap_core_exit();
	return right && !wrong;
}

void game_init(struct game *g, const struct kind *kind, enum place place,
	       unsigned int preemptions)
{
	memset(g, 0, sizeof(*g));
	g->kind = kind;
	g->seed = find_seed(kind);
	g->place = place;
	g->scenario.preemptions = preemptions;
	g->scenario.setup = setup;
	g->scenario.act = act;
	g->scenario.verify = verify;
	g->scenario.arg = g;
}

/* What actor @actor does next; values tell who stored them */
void game_add(struct game *g, unsigned int actor, enum action action,
	      unsigned int key, bool fails)
{
	struct act *a = &g->acts[actor];
	struct operation op = { action, key };

	g->purge |= action == PURGE;
	if (action < PROMOTE) {
		op.old = 1 + key;
		op.new = 10 + 10 * actor + a->n;
	}
	if (fails)
		op.new = ABSENT;
	a->ops[a->n++] = op;
	g->scenario.actors = actor + 1;
}

static bool fails(const struct operation *op)
{
	return op->action == LOAD_OR_COMPUTE && op->new == ABSENT;
}

void game_name(struct game *g)
{
	const struct operation *op;
	unsigned int actor, i, at;

	at = snprintf(g->name, sizeof(g->name), "%s %s%s", g->kind->name,
		      place_names[g->place], g->twin ? "+twin" : "");
	for (actor = 0; actor < g->scenario.actors; actor++) {
		for (i = 0; i < g->acts[actor].n; i++) {
			op = &g->acts[actor].ops[i];
			at += snprintf(g->name + at, sizeof(g->name) - at,
				       "%c%s%s%s", i ? ',' : ' ',
				       action_names[op->action],
				       op->key == TWIN ? "-twin" : "",
				       fails(op) ? "-fails" : "");
		}
	}
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
	char *op, *save;
	unsigned int key;
	bool fails;

	for (op = strtok_r(ops, ",", &save); op;
	     op = strtok_r(NULL, ",", &save)) {
		fails = cut(op, "-fails");
		key = cut(op, "-twin") ? TWIN : SUBJECT;
		game_add(g, actor, find_name(op, action_names, ACTIONS), key,
			 fails);
	}
}

void game_parse(struct game *g, const struct kind *kind, const char *name,
		unsigned int preemptions)
{
	char text[sizeof(g->name)], *word, *save;
	unsigned int actor = 0;
	bool twin;

	strscpy(text, name, sizeof(text));
	word = strtok_r(text, " ", &save);
	twin = cut(word, "+twin");
	game_init(g, kind, find_name(word, place_names, PLACES), preemptions);
	g->twin = twin;
	while ((word = strtok_r(NULL, " ", &save)))
		parse_actor(g, actor++, word);
}
