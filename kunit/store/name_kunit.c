// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of maps
 */
#include "../../module/store/name.c"
#include "common.h"

struct name_check {
	const char	*name;
	int		err;
};

static const struct name_check name_checks[] = {
	{ "", 0 },
	{ "a", 0 },
	{ "AZaz09._:-", 0 },
	{ "...", 0 },
	{ ".", -EINVAL },
	{ "..", -EINVAL },
	{ "a b", -EINVAL },
	{ "a/b", -EINVAL },
	{ "#1", -EINVAL },
	{ "\xc3\xa4", -EINVAL },
	{ "a\n", -EINVAL },
};

static void names_are_checked(struct kunit *test)
{
	char name[SYNCMAP_NAME_SIZE];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(name_checks); i++) {
		memset(name, 0, sizeof(name));
		strscpy(name, name_checks[i].name, sizeof(name));
		KUNIT_EXPECT_EQ_MSG(test, bytemap_name_check(name),
				    name_checks[i].err, "%s", name);
	}
}

static void names_are_padded_and_end(struct kunit *test)
{
	char name[SYNCMAP_NAME_SIZE] = "a";

	name[SYNCMAP_NAME_SIZE - 1] = 'b';
	KUNIT_EXPECT_EQ(test, bytemap_name_check(name), -EINVAL);
	memset(name, 'a', sizeof(name));
	KUNIT_EXPECT_EQ(test, bytemap_name_check(name), -ENAMETOOLONG);
	name[SYNCMAP_NAME_SIZE - 1] = '\0';
	KUNIT_EXPECT_EQ(test, bytemap_name_check(name), 0);
}

static void expect_found(struct kunit *test, const char *name,
			 struct bytemap *want)
{
	struct bytemap *map = bytemap_name_find(name);

	KUNIT_EXPECT_PTR_EQ(test, map, want);
	if (map)
		bytemap_put(map);
}

static void expect_said(struct kunit *test, struct bytemap *map, u32 state,
			const char *want)
{
	struct bytemap_name name;

	bytemap_name_read(map, &name);
	KUNIT_EXPECT_EQ(test, name.state, state);
	KUNIT_EXPECT_STREQ(test, name.name, want);
}

static void a_name_is_found_while_it_is_taken(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	expect_found(test, "life", NULL);
	KUNIT_EXPECT_FALSE(test, bytemap_name_is_taken("life"));
	expect_said(test, map, SYNCMAP_MAP_PRIVATE, "");
	KUNIT_EXPECT_EQ(test, bytemap_name_take(map, "life"), 0);
	expect_found(test, "life", map);
	KUNIT_EXPECT_TRUE(test, bytemap_name_is_taken("life"));
	expect_said(test, map, 0, "life");
	KUNIT_EXPECT_TRUE(test, bytemap_name_remove(map, "life"));
	expect_found(test, "life", NULL);
	expect_said(test, map, SYNCMAP_MAP_REMOVED, "life");
	KUNIT_EXPECT_FALSE(test, bytemap_name_remove(map, "life"));
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
}

static void a_name_is_taken_once(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *other = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, bytemap_name_take(map, "twice"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_name_take(other, "twice"), -EEXIST);
	KUNIT_EXPECT_EQ(test, kref_read(&other->refs), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->users), 1);
	KUNIT_EXPECT_FALSE(test, bytemap_name_remove(other, "twice"));
	expect_found(test, "twice", map);
	KUNIT_EXPECT_TRUE(test, bytemap_name_remove(map, "twice"));
	KUNIT_EXPECT_EQ(test, bytemap_name_take(other, "twice"), 0);
	KUNIT_EXPECT_FALSE(test, bytemap_name_remove(map, "twice"));
	KUNIT_EXPECT_TRUE(test, bytemap_name_remove(other, "twice"));
}

static void a_name_holds_map_and_module(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	int users = module_refcount(THIS_MODULE);

	KUNIT_EXPECT_EQ(test, bytemap_name_take(map, "held"), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 2U);
	KUNIT_EXPECT_EQ(test, atomic_read(&map->users), 2);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users + 1);
	KUNIT_EXPECT_TRUE(test, bytemap_name_remove(map, "held"));
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&map->users), 1);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users);
}

static unsigned int list_all(struct kunit *test, unsigned int max)
{
	unsigned int all = 0;
	struct bytemap *maps[8];
	u64 cursor = 0;
	int n;

	while (cursor != SYNCMAP_END) {
		n = bytemap_name_list(&cursor, maps, max);
		KUNIT_ASSERT_GE(test, n, 0);
		all += n;
		while (n)
			bytemap_put(maps[--n]);
	}
	return all;
}

static void list_gives_all_names(struct kunit *test)
{
	static const char *const taken[] = { "l1", "l2", "l3", "l4" };
	struct bytemap *map[ARRAY_SIZE(taken)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		map[i] = store_map(test, SYNCMAP_KEY_STRING, NULL);
		KUNIT_EXPECT_EQ(test, bytemap_name_take(map[i], taken[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, list_all(test, 1), 4U);
	KUNIT_EXPECT_EQ(test, list_all(test, 8), 4U);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		KUNIT_EXPECT_TRUE(test, bytemap_name_remove(map[i], taken[i]));
	KUNIT_EXPECT_EQ(test, list_all(test, 8), 0U);
}

static void name_suite_exit(struct kunit_suite *suite)
{
	bytemap_name_exit();
	store_suite_exit(suite);
}

static struct kunit_case name_cases[] = {
	KUNIT_CASE(names_are_checked),
	KUNIT_CASE(names_are_padded_and_end),
	KUNIT_CASE(a_name_is_found_while_it_is_taken),
	KUNIT_CASE(a_name_is_taken_once),
	KUNIT_CASE(a_name_holds_map_and_module),
	KUNIT_CASE(list_gives_all_names),
	{}
};

static struct kunit_suite name_suite = {
	.name = "bytemap_name",
	.suite_init = store_suite_init,
	.suite_exit = name_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = name_cases,
};

kunit_test_suite(name_suite);
