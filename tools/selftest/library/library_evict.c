// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap: maps that evict know what is loaded from their mappings */
#include "library/mapped.h"

#define ENTRIES	1000
#define LOADS	6400

/* Keys */
enum {
	FIRST		= 0,
	LOADED		= 1000000,
	NOT_LOADED	= 2000000,
	LATER		= 3000000,
};

#define WATCHED	8	/* of the loaded ones, and of those that are not */

static struct libsyncmap *create_evicting(void)
{
	struct syncmap_create params = {
		.flags = SYNCMAP_CREATE_MAPPED | SYNCMAP_CREATE_EVICT,
		.key_type = SYNCMAP_KEY_U64, .mode = 0600,
		.limits.entries = ENTRIES,
	};
	struct libsyncmap *map = NULL;

	ASSERT_EQ(0, libsyncmap_create_with(&params, sizeof(params), &map));
	return map;
}

static void store(const struct libsyncmap *map, uint64_t key)
{
	ASSERT_EQ(0, libsyncmap_store(map, &key, 8, &key, 8, NULL));
}

static void store_all(const struct libsyncmap *map, uint64_t from, uint64_t n)
{
	for (uint64_t key = from; key < from + n; key++)
		store(map, key);
}

static int load(const struct libsyncmap *map, uint64_t key)
{
	return libsyncmap_load(map, &key, 8, NULL);
}

static void load_one_by_one(const struct libsyncmap *map)
{
	for (uint64_t i = 0; i < WATCHED; i++)
		EXPECT_EQ(0, load(map, LOADED + i));
}

static void load_as_batch(const struct libsyncmap *map)
{
	struct syncmap_op ops[WATCHED] = { };
	struct syncmap_answer answers[WATCHED];
	uint64_t keys[WATCHED];
	size_t done;

	for (size_t i = 0; i < WATCHED; i++) {
		keys[i] = LOADED + i;
		ops[i] = (struct syncmap_op){
			.op = SYNCMAP_OP_LOAD, .key_len = 8,
			.key = (uintptr_t)&keys[i],
			.answer = (uintptr_t)&answers[i],
			.answer_size = sizeof(answers[i]),
		};
	}
	EXPECT_EQ(0, libsyncmap_batch(map, ops, sizeof(ops[0]), WATCHED, 0,
				      &done));
	EXPECT_EQ(WATCHED, done);
	for (size_t i = 0; i < WATCHED; i++)
		EXPECT_EQ(0, answers[i].error.status);
}

static unsigned int count_there(const struct libsyncmap *map, uint64_t from)
{
	unsigned int n = 0;

	for (uint64_t i = 0; i < WATCHED; i++)
		n += !load(map, from + i);
	return n;
}

/*
 * Both are young when the map is full already, and a tenth of the entries may be
 * that: of ten times as many that come later, what nobody loads goes. In place of
 * one that is old now, another old one goes, which may be one of these
 */
static void expect_use(void (*load_some)(const struct libsyncmap *map))
{
	struct libsyncmap *map = create_evicting();
	struct libsyncmap *reader = mapped_reader(map, 0);
	struct libsyncmap *kernel = mapped_reader(map, LIBSYNCMAP_UNMAPPED);

	store_all(map, FIRST, 2 * ENTRIES);
	store_all(map, LOADED, WATCHED);
	store_all(map, NOT_LOADED, WATCHED);
	EXPECT_EQ(0, libsyncmap_mapped(reader));
	/* One in 64 is seen */
	for (int times = 0; times < 640; times++)
		load_some(reader);
	store_all(map, LATER, ENTRIES);
	EXPECT(count_there(kernel, LOADED) > WATCHED / 2);
	EXPECT_EQ(0, count_there(kernel, NOT_LOADED));
	libsyncmap_close(kernel);
	libsyncmap_close(reader);
	libsyncmap_close(map);
}

TEST(what_is_loaded_stays)
{
	expect_use(load_one_by_one);
}

TEST(what_batches_load_stays)
{
	expect_use(load_as_batch);
}

/* Of a map that answers no call: how many would have been calls */
static unsigned int count_calls(const struct libsyncmap *cut, bool newer)
{
	unsigned int calls = 0;
	uint64_t key = FIRST;

	for (unsigned int i = 0; i < LOADS; i++) {
		int ret = newer ? libsyncmap_load_newer(cut, &key, 8, 1, NULL) :
				  load(cut, key);

		calls += ret == -ENOTTY;
		if (ret)
			EXPECT_EQ(-ENOTTY, ret);
	}
	return calls;
}

static void expect_share(const struct libsyncmap *cut)
{
	for (int newer = 0; newer < 2; newer++) {
		unsigned int calls = count_calls(cut, newer);

		test_note("%u of %d loads", calls, LOADS);
		EXPECT(calls > LOADS / 64 / 2 && calls < LOADS / 64 * 2);
	}
}

static void set(const struct libsyncmap *map, unsigned int flags)
{
	struct syncmap_set params = { .flags = flags };

	EXPECT_EQ(0, libsyncmap_set(map, &params, sizeof(params)));
}

/* One in 64, from when it evicts to when it does not any more, and no other */
TEST(some_ask)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_U64), *cut;

	store_all(map, FIRST, 1);
	cut = mapped_cut_reader(map);
	EXPECT_EQ(0, count_calls(cut, false));
	set(map, SYNCMAP_SET_EVICT);
	expect_share(cut);
	set(map, SYNCMAP_SET_NO_EVICT);
	EXPECT_EQ(0, count_calls(cut, false));
	libsyncmap_close(cut);
	libsyncmap_close(map);
}

/* Before it is filled, all ask */
static void await_mirror(const struct libsyncmap *cut)
{
	AWAIT(load(cut, FIRST) != -ENOTTY);
}

/* Whichever of both it was first; a mirror that goes and comes knows it, too */
TEST(a_mirror_that_comes_later)
{
	struct libsyncmap *map, *cut;

	ASSERT_EQ(0, libsyncmap_create("", SYNCMAP_KEY_U64, NULL, 0600, &map));
	store_all(map, FIRST, 1);
	set(map, SYNCMAP_SET_EVICT);
	set(map, SYNCMAP_SET_MAPPED);
	cut = mapped_cut_reader(map);
	await_mirror(cut);
	expect_share(cut);
	set(map, SYNCMAP_SET_UNMAPPED);
	AWAIT(count_calls(cut, false) == LOADS);
	set(map, SYNCMAP_SET_MAPPED);
	await_mirror(cut);
	expect_share(cut);
	libsyncmap_close(cut);
	libsyncmap_close(map);
}

static int note_flags(const struct libsyncmap_record *entry, void *arg)
{
	*(unsigned int *)arg = entry->flags;
	return 0;
}

/* A range and events tell what is kept; so does a dump */
TEST(what_is_kept_is_told)
{
	const struct libsyncmap_options keep = { .flags = SYNCMAP_FLAG_KEEP };
	struct syncmap_watch params = { .flags = SYNCMAP_WATCH_DUMP };
	struct libsyncmap *map = create_evicting();
	struct libsyncmap_watch *watch;
	struct libsyncmap_record record;
	unsigned int flags = 0;
	uint64_t key = 1;

	EXPECT_EQ(0, libsyncmap_store_with(map, &key, 8, "v", 1, &keep, NULL));
	EXPECT_EQ(0, libsyncmap_range(map, SYNCMAP_RANGE_KEYS_ONLY, note_flags,
				      &flags));
	EXPECT_EQ(SYNCMAP_RECORD_KEPT, flags);
	ASSERT_EQ(0, libsyncmap_watch_open(map, &params, sizeof(params), &watch));
	EXPECT_EQ(0, libsyncmap_watch_next(watch, -1, &record));
	EXPECT_EQ(SYNCMAP_RECORD_KEPT, record.flags);
	EXPECT_EQ(0, libsyncmap_watch_next(watch, -1, &record));
	EXPECT_EQ(SYNCMAP_RECORD_DUMPED, record.type);
	EXPECT_EQ(0, libsyncmap_store(map, &key, 8, "w", 1, NULL));
	EXPECT_EQ(0, libsyncmap_watch_next(watch, -1, &record));
	EXPECT_EQ(0, record.flags);
	EXPECT_EQ(0, libsyncmap_swap_with(map, &key, 8, "x", 1, &keep, NULL));
	EXPECT_EQ(0, libsyncmap_watch_next(watch, -1, &record));
	EXPECT_EQ(SYNCMAP_RECORD_KEPT, record.flags);
	EXPECT_EQ(0, libsyncmap_delete(map, &key, 8, NULL));
	EXPECT_EQ(0, libsyncmap_watch_next(watch, -1, &record));
	EXPECT_EQ(0, record.flags);
	libsyncmap_watch_close(watch);
	libsyncmap_close(map);
}
