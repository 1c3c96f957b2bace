// SPDX-License-Identifier: GPL-2.0-only
/*
 * What names are unique in
 */
#include "../../module/store/scope.c"
#include "common.h"

/* A namespace, one in it, and one beside that */
struct nest {
	struct user_namespace	*outer;
	struct user_namespace	*inner;
	struct user_namespace	*beside;
};

static struct nest make_nest(struct kunit *test)
{
	struct nest nest;

	nest.outer = store_namespace(test, &init_user_ns);
	nest.inner = store_namespace(test, nest.outer);
	nest.beside = store_namespace(test, nest.outer);
	return nest;
}

static void a_namespace_has_one_scope(struct kunit *test)
{
	struct nest nest = make_nest(test);
	struct bytemap_scope *scope = bytemap_scope_get(nest.outer);
	struct bytemap_scope *inner = bytemap_scope_get(nest.inner);

	KUNIT_EXPECT_PTR_EQ(test, bytemap_scope_get(nest.outer), scope);
	KUNIT_EXPECT_PTR_NE(test, inner, scope);
	KUNIT_EXPECT_EQ(test, count_references(nest.outer), 2U);
	KUNIT_EXPECT_EQ(test, bytemap_scope_number_of(scope),
			bytemap_scope_number(nest.outer));
	bytemap_scope_put(scope);
	KUNIT_EXPECT_EQ(test, count_references(nest.outer), 2U);
	bytemap_scope_put(scope);
	KUNIT_EXPECT_EQ(test, count_references(nest.outer), 1U);
	bytemap_scope_put(inner);
	bytemap_scope_put(NULL);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&scopes));
}

static void scopes_are_seen_from_above(struct kunit *test)
{
	struct nest nest = make_nest(test);
	struct bytemap_scope *scope = bytemap_scope_get(nest.inner);

	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_shown(scope, nest.inner));
	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_shown(scope, nest.outer));
	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_shown(scope, &init_user_ns));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_is_shown(scope, nest.beside));
	bytemap_scope_put(scope);
	scope = bytemap_scope_get(nest.outer);
	KUNIT_EXPECT_FALSE(test, bytemap_scope_is_shown(scope, nest.inner));
	bytemap_scope_put(scope);
}

static void a_number_is_of_what_is_seen(struct kunit *test)
{
	struct nest nest = make_nest(test);
	struct bytemap_scope *scope = bytemap_scope_get(nest.inner);
	u64 number = bytemap_scope_number(nest.inner);
	u64 outer = bytemap_scope_number(nest.outer);

	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.outer, 0), outer);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.outer, outer), outer);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.outer, number), number);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(&init_user_ns, number), number);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.beside, number), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.inner, outer), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.outer, 1), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.outer,
						 number | BIT_ULL(32)), 0ULL);
	bytemap_scope_put(scope);
	KUNIT_EXPECT_EQ(test, bytemap_scope_find(nest.outer, number), 0ULL);
}

static void lists_are_of_one_scope_or_of_those_below(struct kunit *test)
{
	struct nest nest = make_nest(test);
	struct bytemap_scope *scope = bytemap_scope_get(nest.inner);
	u64 inner = bytemap_scope_number(nest.inner);
	u64 outer = bytemap_scope_number(nest.outer);

	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_of(scope, nest.inner, 0, false));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_is_of(scope, nest.outer, 0, false));
	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_of(scope, nest.outer, 0, true));
	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_of(scope, nest.outer, inner,
						    false));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_is_of(scope, &init_user_ns, outer,
						     false));
	KUNIT_EXPECT_TRUE(test, bytemap_scope_is_of(scope, &init_user_ns, outer,
						    true));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_is_of(scope, nest.beside, inner,
						     true));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_is_of(scope, nest.inner, outer,
						     true));
	bytemap_scope_put(scope);
}

static void a_scope_ends_with_the_last_of_others(struct kunit *test)
{
	struct nest nest = make_nest(test);
	struct bytemap_scope *scope = bytemap_scope_get(nest.inner);
	struct bytemap_scope *initial = bytemap_scope_get(&init_user_ns);

	KUNIT_EXPECT_TRUE(test, bytemap_scope_may_end(scope));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_has_ended(scope));
	put_user_ns(nest.inner);
	KUNIT_EXPECT_TRUE(test, bytemap_scope_has_ended(scope));
	get_user_ns(nest.inner);
	KUNIT_EXPECT_FALSE(test, bytemap_scope_may_end(initial));
	KUNIT_EXPECT_FALSE(test, bytemap_scope_has_ended(initial));
	bytemap_scope_put(initial);
	bytemap_scope_put(scope);
}

static struct kunit_case scope_cases[] = {
	KUNIT_CASE(a_namespace_has_one_scope),
	KUNIT_CASE(scopes_are_seen_from_above),
	KUNIT_CASE(a_number_is_of_what_is_seen),
	KUNIT_CASE(lists_are_of_one_scope_or_of_those_below),
	KUNIT_CASE(a_scope_ends_with_the_last_of_others),
	{}
};

static struct kunit_suite scope_suite = {
	.name = "bytemap_scope",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = scope_cases,
};

kunit_test_suite(scope_suite);
