// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a map, its rights, and its limits
 */
#include <linux/delay.h>

#include "../../module/store/map.c"
#include "common.h"

struct create_check {
	const char		*title;
	int			err;
	u16			field;
	struct syncmap_create	create;
};

#define STRING	.key_type = SYNCMAP_KEY_STRING
#define U64	.key_type = SYNCMAP_KEY_U64

static const struct create_check bad_creates[] = {
	{ "no key type", -EINVAL, AT(key_type), { .key_type = 0 } },
	{ "unknown key type", -EOPNOTSUPP, AT(key_type), { .key_type = 4 } },
	{ "value kind", -EOPNOTSUPP, AT(value_kind), { U64, .value_kind = 5 } },
	{ "mode", -EINVAL, AT(mode), { STRING, .mode = 0700 } },
	{ "sticky mode", -EINVAL, AT(mode), { STRING, .mode = 01600 } },
	{ "revision", -EINVAL, AT(revision), { U64, .revision = BIT_ULL(62) } },
	{ "short u64", -EINVAL, AT(limits.key_size),
	  { U64, .limits.key_size = 4 } },
	{ "long u64", -EINVAL, AT(limits.key_size),
	  { U64, .limits.key_size = 16 } },
	{ "key size", -EINVAL, AT(limits.key_size),
	  { STRING, .limits.key_size = BYTEMAP_KEY_MAX + 1 } },
	{ "value size", -EINVAL, AT(limits.value_size),
	  { U64, .limits.value_size = BYTEMAP_VALUE_MAX + 1 } },
	{ "entries", -EINVAL, AT(limits.entries),
	  { U64, .limits.entries = BYTEMAP_GAUGE_MAX + 1 } },
	{ "bytes", -EINVAL, AT(limits.bytes), { U64, .limits.bytes = U64_MAX } },
};

static void bad_creations_are_refused(struct kunit *test)
{
	struct syncmap_info info = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_creates); i++) {
		const struct create_check *bad = &bad_creates[i];
		struct syncmap_error error = {};
		struct bytemap *map = bytemap_create(&bad->create, &error);

		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(map), bad->err, "%s",
				    bad->title);
		KUNIT_EXPECT_EQ_MSG(test, error.field, bad->field, "%s",
				    bad->title);
		if (!IS_ERR(map))
			bytemap_put(map);
	}
	bytemap_account_info(&info);
	KUNIT_EXPECT_EQ(test, info.maps, 0U);
}

static void zero_means_a_default(struct kunit *test)
{
	struct bytemap *string = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *number = store_map(test, SYNCMAP_KEY_U64, NULL);
	struct syncmap_info info = {};

	bytemap_limits(&info);
	KUNIT_EXPECT_EQ(test, memcmp(&string->limits, &info.defaults,
				     sizeof(info.defaults)), 0);
	KUNIT_EXPECT_EQ(test, number->limits.key_size, 8U);
	KUNIT_EXPECT_LE(test, info.defaults.bytes, info.max.bytes);
}

static void ids_are_not_used_again(struct kunit *test)
{
	u64 first = store_map(test, SYNCMAP_KEY_U64, NULL)->id;

	KUNIT_EXPECT_GT(test, store_map(test, SYNCMAP_KEY_U64, NULL)->id,
			first);
}

static const u32 read = SYNCMAP_ACCESS_READ, write = SYNCMAP_ACCESS_WRITE;
static const u32 admin = SYNCMAP_ACCESS_ADMIN;

static void expect_reader(struct kunit *test, struct bytemap *map)
{
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read), 0);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, write), -EACCES);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read | write), -EACCES);
}

static void expect_writer(struct kunit *test, struct bytemap *map)
{
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read), -EACCES);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, write), 0);
}

static void expect_owner(struct kunit *test, struct bytemap *map)
{
	KUNIT_EXPECT_TRUE(test, bytemap_is_owner(map));
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read | write), 0);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read | admin), 0);
}

static void expect_nobody(struct kunit *test, struct bytemap *map)
{
	KUNIT_EXPECT_FALSE(test, bytemap_is_owner(map));
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, admin), -EPERM);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read), -EACCES);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, write), -EACCES);
}

/* The first class that a caller belongs to decides, as for a file */
static void rights_are_those_of_a_file(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	map->uid = KUIDT_INIT(1000);
	map->gid = KGIDT_INIT(2000);
	map->mode = 0642;
	store_as_user(test, 1000, 2000, expect_owner, map);
	store_as_user(test, 1001, 2000, expect_reader, map);
	store_as_user(test, 1001, 2001, expect_writer, map);
	map->mode = 0066;
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read | write), 0);
	map->uid = KUIDT_INIT(1001);
	map->mode = 0600;
	store_as_user(test, 1000, 2000, expect_nobody, map);
	KUNIT_EXPECT_EQ(test, bytemap_permits(map, read | write), 0);
	KUNIT_EXPECT_TRUE(test, bytemap_is_owner(map));
}

/* Where nobody may sleep, and however much there is */
static void the_last_reference_may_go_anywhere(struct kunit *test)
{
	struct bytemap *map = store_map_lost(test);
	unsigned int i;
	char key[8];

	for (i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%u", i);
		KUNIT_ASSERT_EQ(test, store_store(map, key, "v"), 0);
	}
	rcu_read_lock();
	bytemap_put(map);
	rcu_read_unlock();
	bytemap_wait_ended();
}

static u32 maps_of_user(void)
{
	struct syncmap_info info = {};

	bytemap_account_info(&info);
	return info.user_maps;
}

/* Something waits for a grace period still, as far as anybody can see */
static void a_map_counts_until_it_is_free(struct kunit *test)
{
	struct bytemap *map = store_map_lost(test);

	set_bit(0, &map->doom.busy);
	bytemap_put(map);
	msleep(50);
	KUNIT_EXPECT_EQ(test, maps_of_user(), 1U);
	clear_bit(0, &map->doom.busy);
	bytemap_wait_ended();
	KUNIT_EXPECT_EQ(test, maps_of_user(), 0U);
}

static struct kunit_case map_cases[] = {
	KUNIT_CASE(bad_creations_are_refused),
	KUNIT_CASE(zero_means_a_default),
	KUNIT_CASE(ids_are_not_used_again),
	KUNIT_CASE(rights_are_those_of_a_file),
	KUNIT_CASE(the_last_reference_may_go_anywhere),
	KUNIT_CASE(a_map_counts_until_it_is_free),
	{}
};

static struct kunit_suite map_suite = {
	.name = "bytemap_map",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = map_cases,
};

kunit_test_suite(map_suite);
