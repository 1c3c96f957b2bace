/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the suites that look inside a map: where a key is, single operations as
 * data, and a promotion that can be stopped at each of its steps.
 */
#ifndef _SYNCMAP_KUNIT_INSIDE_H
#define _SYNCMAP_KUNIT_INSIDE_H

#include "../module/core/internal.h"
#include "common.h"

/* The key that cases for one key use, and stepwise promotions look at */
#define TEST_SUBJECT	1000

/* The code of val(n), as a constant */
#define CODE(n)	(4 * (n) + 6ULL)

/* Where a key may be before a case begins */
enum test_place {
	TEST_ABSENT,		/* nowhere */
	TEST_READ,		/* in the read table */
	TEST_READ_DEAD,		/* there, as a tombstone */
	TEST_DIRTY,		/* in the dirty table */
	TEST_DIRTY_DELETED,	/* it was there */
	/* Where a dirty key gets a pair if there is one: the same with a node */
	TEST_NODE,
	TEST_NODE_DELETED,
	TEST_PLACES
};

extern const char *const test_place_titles[TEST_PLACES];

enum test_action {
	TEST_LOAD,
	TEST_SWAP,
	TEST_LOAD_OR_STORE,
	TEST_LOAD_AND_DELETE,
	TEST_COMPARE_AND_SWAP,
	TEST_COMPARE_AND_DELETE,
	TEST_ACTIONS
};

extern const char *const test_action_titles[TEST_ACTIONS];

/* An operation to do; its values are @old and @new where it takes any */
struct test_act {
	enum test_action	action;
	void			*old;
	void			*new;
};

/* What an operation returned, and what it gave out */
struct test_result {
	bool	yes;
	void	*value;
};

/* A key of the reference */
struct test_cell {
	bool	present;
	void	*value;
};

/* On TEST_SUBJECT, in any context; and on the reference */
struct test_result test_act_run(struct test_map *tm,
				const struct test_act *act);
struct test_result test_act_model(struct test_cell *cell,
				  const struct test_act *act);
bool test_results_equal(const struct test_result *a,
			const struct test_result *b);
/* A key with two homes shows in the count */
bool test_cell_shows(struct test_map *tm, const struct test_cell *cell);

/*
 * Empty the map, store the TEST_NEIGHBOURS keys behind TEST_SUBJECT, half of
 * them in each table, and bring TEST_SUBJECT to its place with the value val(1).
 * The map is frozen then, for the background would promote it after a second; the
 * promotion of the case thaws it.
 */
#define TEST_NEIGHBOURS	2

int test_act_setup(struct test_map *tm, enum test_place place,
		   struct test_cell *cell);

/* Whether dirty keys get pairs */
static inline bool tm_has_pairs(const struct test_map *tm)
{
	return syncmap_key_is_word(tm->map.params.key_len);
}

/* Those that differ */
static inline enum test_place test_places(const struct test_map *tm)
{
	return tm_has_pairs(tm) ? TEST_PLACES : TEST_NODE;
}

static inline struct syncmap_state *tm_state(struct test_map *tm)
{
	return rcu_dereference_protected(tm->map.state, true);
}

/* @buffer holds the bytes of the key */
struct syncmap_key tm_key(struct test_map *tm, u64 i, struct test_key *buffer);
atomic64_t *tm_slot(struct test_map *tm, u64 i);
/* The key's word in a dirty table, wherever it is; and what it is in, or NULL */
atomic64_t *tm_word(struct test_map *tm, struct syncmap_dirty *dirty, u64 i);
struct syncmap_node *tm_node(struct test_map *tm, struct syncmap_dirty *dirty,
			     u64 i);
struct syncmap_pair *tm_pair(struct test_map *tm, struct syncmap_dirty *dirty,
			     u64 i);
/* In the bucket of key @i, deleted keys get all the pairs that are left */
int tm_take_pairs(struct test_map *tm, u64 i);
/* Whether it has so many keys, tombstones, dirty keys, and nodes of these */
bool tm_counts(struct test_map *tm, long live, long dead, long dirty,
	       long nodes);

/* Keep the background from promoting; test_map_exit() undoes it if need be */
void tm_freeze(struct test_map *tm);
void tm_thaw(struct test_map *tm);

/*
 * promote_kunit.c: begin a promotion in another thread, and stop it before its
 * @step-th step. May be called within an RCU read section. False when it ended
 * before. test_promote_resume() follows in any case.
 */
bool test_promote_pause(struct test_map *tm, unsigned int step);
int test_promote_resume(void);

/* Behind the publication of s1, before the first chain is sealed */
#define TEST_STEP_BEGUN	1

/*
 * Every step for one variant, each third for the others, in which less differs
 * than in where the key is: for (at = n % test_stride(tm); ...; at += stride)
 */
static inline unsigned int test_stride(const struct test_map *tm)
{
	return tm->variant == test_variants_few ? 1 : 3;
}

#endif /* _SYNCMAP_KUNIT_INSIDE_H */
