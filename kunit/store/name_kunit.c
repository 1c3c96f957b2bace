// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of maps
 */
#include <linux/syncmap.h>
#include <linux/user_namespace.h>

#include "mapped.h"

/* What processes that load from a mapping of the map are told when its name goes */
static u64 moved_when_it_went, word_when_it_went;

static void look_at_head(const struct bytemap *map)
{
	if (!map->mirror)
		return;
	moved_when_it_went = map->mirror->head->moved;
	word_when_it_went = map->mirror->head->word;
}

static bool swap_name(struct syncmap *map, const void *key, size_t len, void *old,
		      void *new)
{
	look_at_head(old);
	return syncmap_compare_and_swap(map, key, len, old, new);
}

static bool delete_name(struct syncmap *map, const void *key, size_t len,
			void *old)
{
	look_at_head(old);
	return syncmap_compare_and_delete(map, key, len, old);
}

#define syncmap_compare_and_swap	swap_name
#define syncmap_compare_and_delete	delete_name

#include "../../module/store/name.c"

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

static struct bytemap_path here(const char *name)
{
	return (struct bytemap_path){ .ns = &init_user_ns, .name = name };
}

static int take_here(struct bytemap *map, const char *name)
{
	struct bytemap_path path = here(name);

	return bytemap_name_take(map, &path);
}

static bool remove_here(struct bytemap *map, const char *name)
{
	struct bytemap_path path = here(name);

	return !bytemap_name_remove(map, &path);
}

static void expect_found(struct kunit *test, const struct bytemap_path *path,
			 struct bytemap *want)
{
	struct bytemap *map = bytemap_name_find(path);

	KUNIT_EXPECT_PTR_EQ(test, map, want);
	KUNIT_EXPECT_EQ(test, bytemap_name_is_taken(path), !!want);
	if (map)
		bytemap_put(map);
}

static void expect_here(struct kunit *test, const char *name,
			struct bytemap *want)
{
	struct bytemap_path path = here(name);

	expect_found(test, &path, want);
}

static void expect_said(struct kunit *test, struct bytemap *map, u32 state,
			const char *want)
{
	struct bytemap_name name;

	bytemap_name_read(map, &init_user_ns, &name);
	KUNIT_EXPECT_EQ(test, name.state, state);
	KUNIT_EXPECT_STREQ(test, name.name, want);
}

static void a_name_is_found_while_it_is_taken(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	expect_here(test, "life", NULL);
	expect_said(test, map, SYNCMAP_MAP_PRIVATE, "");
	KUNIT_EXPECT_EQ(test, take_here(map, "life"), 0);
	expect_here(test, "life", map);
	expect_said(test, map, 0, "life");
	KUNIT_EXPECT_TRUE(test, remove_here(map, "life"));
	expect_here(test, "life", NULL);
	expect_said(test, map, SYNCMAP_MAP_REMOVED, "life");
	KUNIT_EXPECT_FALSE(test, remove_here(map, "life"));
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
}

static void a_name_is_taken_once(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *other = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, take_here(map, "twice"), 0);
	KUNIT_EXPECT_EQ(test, take_here(other, "twice"), -EEXIST);
	expect_said(test, other, SYNCMAP_MAP_PRIVATE, "");
	KUNIT_EXPECT_EQ(test, kref_read(&other->refs), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->users), 1);
	KUNIT_EXPECT_FALSE(test, remove_here(other, "twice"));
	expect_here(test, "twice", map);
	KUNIT_EXPECT_TRUE(test, remove_here(map, "twice"));
	KUNIT_EXPECT_EQ(test, take_here(other, "twice"), 0);
	KUNIT_EXPECT_FALSE(test, remove_here(map, "twice"));
	KUNIT_EXPECT_TRUE(test, remove_here(other, "twice"));
}

static void a_map_has_one_name(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, take_here(map, "one"), 0);
	KUNIT_EXPECT_EQ(test, take_here(map, "two"), -ESTALE);
	expect_said(test, map, 0, "one");
	KUNIT_EXPECT_TRUE(test, remove_here(map, "one"));
	KUNIT_EXPECT_EQ(test, take_here(map, "two"), 0);
	expect_said(test, map, 0, "two");
	KUNIT_EXPECT_TRUE(test, remove_here(map, "two"));
}

static void a_name_holds_map_and_module(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	int users = module_refcount(THIS_MODULE);

	KUNIT_EXPECT_EQ(test, take_here(map, "held"), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 2U);
	KUNIT_EXPECT_EQ(test, atomic_read(&map->users), 2);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users + 1);
	KUNIT_EXPECT_TRUE(test, remove_here(map, "held"));
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&map->users), 1);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users);
}

static void a_name_is_replaced(struct kunit *test)
{
	struct bytemap *old = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *new = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_publication how = { .replace = true, .id = old->id };
	struct bytemap_path path = here("shared");

	KUNIT_EXPECT_EQ(test, bytemap_name_publish(new, &path, &how), -ENOENT);
	expect_said(test, new, SYNCMAP_MAP_PRIVATE, "");
	KUNIT_EXPECT_EQ(test, take_here(old, "shared"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_name_publish(new, &path, &how), 0);
	KUNIT_EXPECT_EQ(test, how.replaced, old->id);
	expect_here(test, "shared", new);
	expect_said(test, old, SYNCMAP_MAP_REMOVED, "shared");
	KUNIT_EXPECT_EQ(test, kref_read(&old->refs), 1U);
	KUNIT_EXPECT_EQ(test, kref_read(&new->refs), 2U);
	KUNIT_EXPECT_EQ(test, bytemap_name_publish(old, &path, &how), -ESTALE);
	KUNIT_EXPECT_TRUE(test, remove_here(new, "shared"));
}

/* Before it goes. Who has come by a descriptor goes on: READY stays */
static void expect_told(struct kunit *test, struct bytemap *map, u64 moved,
			u64 word)
{
	KUNIT_EXPECT_EQ(test, moved_when_it_went, moved);
	KUNIT_EXPECT_EQ(test, word_when_it_went,
			word + SYNCMAP_MAPPED_HEAD_VERSION);
	KUNIT_EXPECT_EQ(test, map->mirror->head->moved, moved);
	KUNIT_EXPECT_EQ(test, map->mirror->head->word, word_when_it_went);
	KUNIT_EXPECT_TRUE(test, word_when_it_went & SYNCMAP_MAPPED_READY);
}

static void who_loads_from_a_mapping_is_told(struct kunit *test)
{
	struct bytemap *old = store_mapped_at_rest(test, SYNCMAP_KEY_STRING);
	struct bytemap *new = store_mapped_at_rest(test, SYNCMAP_KEY_STRING);
	struct bytemap_publication how = { .replace = true };
	struct bytemap_path path = here("mapped");
	u64 word = old->mirror->head->word;
	struct bytemap_name name;

	KUNIT_EXPECT_EQ(test, take_here(old, "mapped"), 0);
	KUNIT_EXPECT_EQ(test, old->mirror->head->word, word);
	KUNIT_EXPECT_EQ(test, bytemap_name_publish(new, &path, &how), 0);
	expect_told(test, old, 1, word);
	KUNIT_EXPECT_EQ(test, new->mirror->head->moved, 0ULL);
	/* What was found there before a name was lost is not right by the next one */
	KUNIT_EXPECT_TRUE(test, remove_here(new, "mapped"));
	expect_told(test, new, 1, word);
	word = old->mirror->head->word;
	KUNIT_EXPECT_EQ(test, take_here(old, "other"), 0);
	KUNIT_EXPECT_EQ(test, old->mirror->head->moved, 1ULL);
	bytemap_name_end(old, &name);
	expect_told(test, old, 2, word);
}

/* It was put in after bytemap_name_end() had looked */
static void a_name_that_comes_late_ends(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_path path = here("late");
	struct bytemap_name name;
	struct name_key key;

	KUNIT_EXPECT_EQ(test, take_here(map, "late"), 0);
	KUNIT_EXPECT_TRUE(test, path_key(&key, &path));
	end_if_nameless(map, &key);
	expect_here(test, "late", map);
	map->nameless = true;
	end_if_nameless(map, &key);
	expect_here(test, "late", NULL);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
	bytemap_name_end(map, &name);
	KUNIT_EXPECT_EQ(test, take_here(map, "late"), -EROFS);
}

/* @naming becomes what the map has been called */
static void claim_here(struct kunit *test, struct bytemap *map,
		       struct bytemap_naming *naming, const char *name)
{
	naming->scope = bytemap_scope_get(&init_user_ns);
	KUNIT_ASSERT_FALSE(test, IS_ERR(naming->scope));
	strscpy_pad(naming->name, name, sizeof(naming->name));
	mutex_lock(&map->naming);
	KUNIT_EXPECT_EQ(test, claim(map, naming), 0);
	mutex_unlock(&map->naming);
}

/* Until then the map says what it was called, be it given the name or not */
static void a_name_is_said_when_it_is_found(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_path path = here("new");
	struct bytemap_naming naming;
	struct name_key key;

	KUNIT_EXPECT_TRUE(test, path_key(&key, &path));
	claim_here(test, map, &naming, "new");
	expect_said(test, map, SYNCMAP_MAP_PRIVATE, "");
	KUNIT_EXPECT_FALSE(test, bytemap_name_is_in(map, &path, false));
	disclaim(map, &naming);
	bytemap_scope_put(naming.scope);
	expect_said(test, map, SYNCMAP_MAP_PRIVATE, "");
	KUNIT_EXPECT_EQ(test, take_here(map, "old"), 0);
	KUNIT_EXPECT_TRUE(test, remove_here(map, "old"));
	claim_here(test, map, &naming, "new");
	expect_said(test, map, SYNCMAP_MAP_REMOVED, "old");
	KUNIT_EXPECT_TRUE(test, bytemap_name_is_lost(map));
	KUNIT_EXPECT_EQ(test, add(map, &key), 0);
	expect_said(test, map, 0, "new");
	KUNIT_EXPECT_FALSE(test, bytemap_name_is_lost(map));
	KUNIT_EXPECT_TRUE(test, bytemap_name_is_in(map, &path, false));
	KUNIT_EXPECT_TRUE(test, remove_here(map, "new"));
	expect_said(test, map, SYNCMAP_MAP_REMOVED, "new");
	settle(map);
	expect_said(test, map, SYNCMAP_MAP_REMOVED, "new");
	bytemap_scope_put(naming.scope);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
}

static void scopes_have_names_of_their_own(struct kunit *test)
{
	struct bytemap *above = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *below = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct user_namespace *ns = store_namespace(test, &init_user_ns);
	struct bytemap_path inside = { .ns = ns, .name = "same" };
	struct bytemap_path down = here("same"), up = inside;
	struct bytemap_name name;

	KUNIT_EXPECT_EQ(test, take_here(above, "same"), 0);
	expect_found(test, &inside, NULL);
	KUNIT_EXPECT_EQ(test, bytemap_name_take(below, &inside), 0);
	expect_here(test, "same", above);
	expect_found(test, &inside, below);
	down.scope = bytemap_scope_number(ns);
	expect_found(test, &down, below);
	up.scope = bytemap_scope_number(&init_user_ns);
	expect_found(test, &up, NULL);
	KUNIT_EXPECT_EQ(test, bytemap_name_remove(above, &up), -EAGAIN);
	bytemap_name_read(above, ns, &name);
	KUNIT_EXPECT_EQ(test, name.state, (u32)SYNCMAP_MAP_ELSEWHERE);
	KUNIT_EXPECT_EQ(test, name.scope, 0ULL);
	KUNIT_EXPECT_STREQ(test, name.name, "");
	bytemap_name_read(below, &init_user_ns, &name);
	KUNIT_EXPECT_EQ(test, name.scope, bytemap_scope_number(ns));
	KUNIT_EXPECT_EQ(test, bytemap_name_remove(below, &down), 0);
	expect_here(test, "same", above);
	KUNIT_EXPECT_TRUE(test, remove_here(above, "same"));
}

static void names_end_with_their_scope(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *stays = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct user_namespace *ns = store_namespace(test, &init_user_ns);
	struct bytemap_path path = { .ns = ns, .name = "ends" };
	int users = module_refcount(THIS_MODULE);

	KUNIT_EXPECT_EQ(test, take_here(stays, "ends"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_name_take(map, &path), 0);
	KUNIT_EXPECT_FALSE(test, bytemap_name_sweep());
	expect_found(test, &path, map);
	/* Nobody is in it any more */
	put_user_ns(ns);
	KUNIT_EXPECT_TRUE(test, bytemap_name_sweep());
	expect_found(test, &path, NULL);
	expect_here(test, "ends", stays);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users + 1);
	KUNIT_EXPECT_FALSE(test, bytemap_name_sweep());
	KUNIT_EXPECT_TRUE(test, remove_here(stays, "ends"));
	/* The case has made it, and frees it */
	get_user_ns(ns);
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
		KUNIT_EXPECT_EQ(test, take_here(map[i], taken[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, list_all(test, 1), 4U);
	KUNIT_EXPECT_EQ(test, list_all(test, 8), 4U);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		KUNIT_EXPECT_TRUE(test, remove_here(map[i], taken[i]));
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
	KUNIT_CASE(a_map_has_one_name),
	KUNIT_CASE(a_name_holds_map_and_module),
	KUNIT_CASE(a_name_is_replaced),
	KUNIT_CASE(who_loads_from_a_mapping_is_told),
	KUNIT_CASE(a_name_that_comes_late_ends),
	KUNIT_CASE(a_name_is_said_when_it_is_found),
	KUNIT_CASE(scopes_have_names_of_their_own),
	KUNIT_CASE(names_end_with_their_scope),
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
