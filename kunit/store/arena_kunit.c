// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of all sizes
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "mapped.h"

static struct page *alloc_one_page(gfp_t gfp)
{
	return store_alloc_fails() ? NULL : alloc_page(gfp);
}

static void *alloc_zeroed(size_t size, gfp_t gfp)
{
	return store_alloc_fails() ? NULL : kzalloc(size, gfp);
}

static int alloc_number(struct xarray *xa, u32 *nr, void *entry,
			struct xa_limit limit, gfp_t gfp)
{
	return store_alloc_fails() ? -ENOMEM :
				     xa_alloc(xa, nr, entry, limit, gfp);
}

#undef alloc_page
#define alloc_page	alloc_one_page
#undef kzalloc
#define kzalloc		alloc_zeroed
#define xa_alloc	alloc_number

#include "../../module/store/arena.c"

#define SLABS	24

struct slots {
	struct bytemap_arena	arena;
	struct bytemap_mapping	mapping;
	struct address_space	space;
};

static int slots_init(struct kunit *test)
{
	struct slots *slots = kunit_kzalloc(test, sizeof(*slots), GFP_KERNEL);

	if (!slots)
		return -ENOMEM;
	address_space_init_once(&slots->space);
	bytemap_mapping_init(&slots->mapping, &slots->space);
	test->priv = slots;
	return bytemap_arena_init(&slots->arena, &slots->mapping, 0, SLABS);
}

static void slots_exit(struct kunit *test)
{
	struct slots *slots = test->priv;

	bytemap_arena_exit(&slots->arena);
}

static struct bytemap_arena *arena_of(struct kunit *test)
{
	struct slots *slots = test->priv;

	return &slots->arena;
}

static int grow(struct kunit *test)
{
	return bytemap_arena_grow(arena_of(test));
}

static void describe_size(const u16 *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, describe_size);

static u32 size_of(struct kunit *test)
{
	return *(const u16 *)test->param_value;
}

static unsigned int class_under_test(struct kunit *test)
{
	return class_of(size_of(test));
}

/* Up to @max slots, as long as there are any. Return: how many */
static unsigned int take_all(struct kunit *test, u32 *slots, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		slots[n] = bytemap_arena_get(arena_of(test), size_of(test));
		if (!slots[n])
			break;
	}
	return n;
}

/* What readers see of @bytes of a slot, or of the first slab */
static bool is_all(const void *at, int c, u32 bytes)
{
	return !memchr_inv(at, c, bytes);
}

static bool is_slab_zero(struct kunit *test)
{
	return is_all(page_address(bytemap_arena_page(arena_of(test), 1)), 0,
		      PAGE_SIZE);
}

static u32 *numbers(struct kunit *test, unsigned int n)
{
	u32 *slots = kunit_kcalloc(test, n, sizeof(*slots), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, slots);
	return slots;
}

/* From what the next smaller size cannot hold to all that this one does */
static void a_slot_is_of_the_smallest_size_that_does(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int class = class_under_test(test);
	u32 least = class ? sizes[class - 1] + 1 : 1;
	u32 slot;

	KUNIT_ASSERT_EQ(test, grow(test), 0);
	slot = bytemap_arena_get(arena, least);
	KUNIT_ASSERT_NE(test, slot, 0U);
	KUNIT_EXPECT_LE(test, slot * UNIT % SYNCMAP_MAPPED_PAGE + size_of(test),
			(u32)SYNCMAP_MAPPED_PAGE);
	KUNIT_EXPECT_TRUE(test, bytemap_arena_fits(arena, slot, least));
	KUNIT_EXPECT_TRUE(test, bytemap_arena_fits(arena, slot, size_of(test)));
	if (class)
		KUNIT_EXPECT_FALSE(test, bytemap_arena_fits(arena, slot,
							    least - 1));
	if (class + 1 < BYTEMAP_ARENA_CLASSES)
		KUNIT_EXPECT_FALSE(test, bytemap_arena_fits(arena, slot,
							    size_of(test) + 1));
	bytemap_arena_put(arena, slot);
}

/* Nor does one cross what readers take for the end of a page */
static void slots_of_a_slab_do_not_overlap(struct kunit *test)
{
	unsigned int all = slots_of_slab(class_under_test(test)), i;
	struct bytemap_arena *arena = arena_of(test);
	u32 *slots = numbers(test, all + 1);

	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_ASSERT_EQ(test, take_all(test, slots, all + 1), all);
	for (i = 0; i < all; i++) {
		KUNIT_EXPECT_LE(test, slots[i] * UNIT % SYNCMAP_MAPPED_PAGE +
				      size_of(test), (u32)SYNCMAP_MAPPED_PAGE);
		memset(bytemap_arena_words(arena, slots[i]), i % 255 + 1,
		       size_of(test));
	}
	for (i = 0; i < all; i++)
		KUNIT_EXPECT_TRUE(test, is_all(bytemap_arena_words(arena, slots[i]),
					       i % 255 + 1, size_of(test)));
	for (i = 0; i < all; i++)
		bytemap_arena_put(arena, slots[i]);
	KUNIT_EXPECT_TRUE(test, is_slab_zero(test));
}

/* Be it full, or with a little at its end */
static void a_slot_that_is_given_back_is_zero(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	u32 slot, used;

	KUNIT_ASSERT_EQ(test, grow(test), 0);
	for (used = sizeof(u64); used <= size_of(test);
	     used += max_t(u32, size_of(test) - sizeof(u64), 1)) {
		slot = bytemap_arena_get(arena, size_of(test));
		KUNIT_ASSERT_NE(test, slot, 0U);
		memset((u8 *)bytemap_arena_words(arena, slot) + size_of(test) -
		       used, 0xff, used);
		bytemap_arena_put(arena, slot);
		KUNIT_EXPECT_TRUE(test, is_slab_zero(test));
	}
}

/* What comes before stays, and so does the next slot */
static void a_wipe_goes_from_there_to_the_end(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	u32 slots[2] = { };
	u8 *bytes;
	unsigned int i, n;

	KUNIT_ASSERT_EQ(test, grow(test), 0);
	n = take_all(test, slots, 2);
	for (i = 0; i < n; i++)
		memset(bytemap_arena_words(arena, slots[i]), 0xff, size_of(test));
	bytes = (u8 *)bytemap_arena_words(arena, slots[0]);
	bytemap_arena_wipe(arena, slots[0], size_of(test));
	KUNIT_EXPECT_TRUE(test, is_all(bytes, 0xff, size_of(test)));
	bytemap_arena_wipe(arena, slots[0], 16);
	KUNIT_EXPECT_TRUE(test, is_all(bytes, 0xff, 16));
	KUNIT_EXPECT_TRUE(test, is_all(bytes + 16, 0, size_of(test) - 16));
	if (n == 2)
		KUNIT_EXPECT_TRUE(test, is_all(bytemap_arena_words(arena, slots[1]),
					       0xff, size_of(test)));
}

static void without_stock_there_is_no_slot(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);

	KUNIT_EXPECT_EQ(test, bytemap_arena_get(arena, 1), 0U);
	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_NE(test, bytemap_arena_get(arena, 1), 0U);
	KUNIT_EXPECT_EQ(test, bytemap_arena_get(arena, 33), 0U);
	KUNIT_EXPECT_NE(test, bytemap_arena_get(arena, 32), 0U);
}

/* No slot has number 0, which says that there is none */
static void there_are_as_many_slabs_as_there_can_be(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int i;

	KUNIT_EXPECT_NULL(test, bytemap_arena_page(arena, 0));
	for (i = 1; i < SLABS; i++) {
		KUNIT_EXPECT_EQ(test, bytemap_arena_is_short(arena),
				i <= BYTEMAP_ARENA_STOCK);
		KUNIT_EXPECT_NULL(test, bytemap_arena_page(arena, i));
		KUNIT_EXPECT_EQ(test, grow(test), 0);
		KUNIT_EXPECT_NOT_NULL(test, bytemap_arena_page(arena, i));
	}
	KUNIT_EXPECT_EQ(test, grow(test), -EBUSY);
	KUNIT_EXPECT_EQ(test, arena->count, SLABS - 1U);
	KUNIT_EXPECT_EQ(test, arena->stocked, SLABS - 1U);
	KUNIT_EXPECT_NULL(test, bytemap_arena_page(arena, SLABS));
}

/* The first place that is free in one that was full is found again */
static void a_full_slab_is_not_lost(struct kunit *test)
{
	unsigned int all = slots_of_slab(class_under_test(test)), i;
	struct bytemap_arena *arena = arena_of(test);
	u32 *slots = numbers(test, all);

	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_ASSERT_EQ(test, take_all(test, slots, all), all);
	for (i = 0; i < all; i++) {
		bytemap_arena_put(arena, slots[i]);
		KUNIT_EXPECT_EQ(test, bytemap_arena_get(arena, size_of(test)),
				slots[i]);
		KUNIT_EXPECT_EQ(test, bytemap_arena_get(arena, size_of(test)),
				0U);
	}
}

/* One of a class is kept, so that a key that comes and goes takes none each time */
static void empty_slabs_are_for_all_classes(struct kunit *test)
{
	unsigned int all = 3 * slots_of_slab(class_under_test(test)), i;
	u32 other = size_of(test) == 4096 ? 32 : 4096;
	struct bytemap_arena *arena = arena_of(test);
	u32 *slots = numbers(test, all);

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_ASSERT_EQ(test, take_all(test, slots, all), all);
	KUNIT_EXPECT_EQ(test, arena->stocked, 0U);
	for (i = 0; i < all; i++)
		bytemap_arena_put(arena, slots[i]);
	KUNIT_EXPECT_EQ(test, arena->stocked, 2U);
	slots[0] = bytemap_arena_get(arena, other);
	KUNIT_ASSERT_NE(test, slots[0], 0U);
	KUNIT_EXPECT_TRUE(test, is_all(bytemap_arena_words(arena, slots[0]), 0,
				       other));
	KUNIT_EXPECT_NE(test, bytemap_arena_get(arena, size_of(test)), 0U);
	KUNIT_EXPECT_EQ(test, arena->stocked, 1U);
	KUNIT_EXPECT_EQ(test, arena->count, 3U);
}

static unsigned int trim(struct kunit *test)
{
	return bytemap_arena_trim(arena_of(test));
}

/* Some are left, so that who comes and goes does not take and give all the time */
static void what_is_too_much_in_stock_is_given_back(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int i, left = 0;
	u32 slot;

	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test, grow(test), 0);
	slot = bytemap_arena_get(arena, 100);
	KUNIT_EXPECT_TRUE(test, bytemap_arena_is_loose(arena));
	i = trim(test);
	KUNIT_EXPECT_GT(test, i, 0U);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_is_loose(arena));
	KUNIT_EXPECT_EQ(test, arena->count, 20 - i);
	KUNIT_EXPECT_EQ(test, arena->stocked, 19 - i);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_is_short(arena));
	KUNIT_EXPECT_TRUE(test, bytemap_arena_fits(arena, slot, 100));
	KUNIT_EXPECT_EQ(test, trim(test), 0U);
	/* Their numbers are used again */
	while (!grow(test))
		left++;
	KUNIT_EXPECT_EQ(test, left, SLABS - 1 - (20 - i));
}

/* A process looks at the place of slab @nr, and has what it has seen mapped then */
static struct page *look_at_place(struct kunit *test, u32 nr)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int began = bytemap_mapping_begin(arena->mapping);
	struct page *page = bytemap_arena_show_hole(arena, nr);

	bytemap_mapping_end(arena->mapping, began);
	return page;
}

/* Until it is gone from there, no slot of the slab is named */
static void a_slab_comes_when_zeroes_are_gone_from_its_place(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);

	KUNIT_EXPECT_NULL(test, look_at_place(test, SLABS - 1));
	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_NOT_NULL(test, look_at_place(test, 1));
	KUNIT_EXPECT_EQ(test, arena->count, 1U);
	KUNIT_EXPECT_EQ(test, bytemap_arena_get(arena, 1), 0U);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_settle(arena));
	KUNIT_EXPECT_NE(test, bytemap_arena_get(arena, 1), 0U);
	/* Nobody has looked there since */
	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_EQ(test, arena->stocked, 1U);
}

/* He may not have mapped yet what he has seen */
static void a_slab_comes_when_faults_are_over(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int early = bytemap_mapping_begin(arena->mapping), late;

	KUNIT_EXPECT_NULL(test, bytemap_arena_show_hole(arena, 1));
	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_TRUE(test, bytemap_arena_settle(arena));
	/* While it comes, no other one does at once: its place is as this one's */
	KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_EQ(test, arena->stocked, 0U);
	late = bytemap_mapping_begin(arena->mapping);
	KUNIT_EXPECT_TRUE(test, bytemap_arena_settle(arena));
	bytemap_mapping_end(arena->mapping, early);
	KUNIT_EXPECT_TRUE(test, bytemap_arena_settle(arena));
	KUNIT_EXPECT_EQ(test, arena->stocked, 1U);
	bytemap_mapping_end(arena->mapping, late);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_settle(arena));
	KUNIT_EXPECT_EQ(test, arena->stocked, 2U);
}

/* However long somebody is in the way */
static void not_too_many_slabs_are_to_come(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int n = 0;

	bytemap_arena_exit(arena);
	KUNIT_ASSERT_EQ(test, bytemap_arena_init(arena, arena->mapping, 0, 1000),
			0);
	memset(arena->holes, 0xff, bytemap_arena_bytes(1000));
	for (; n < 1000 && bytemap_arena_is_short(arena); n++)
		KUNIT_ASSERT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_EQ(test, n, (unsigned int)BYTEMAP_ARENA_COMING);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_settle(arena));
	KUNIT_EXPECT_EQ(test, arena->stocked, n);
	KUNIT_EXPECT_EQ(test, arena->to_come, 0U);
}

/* Nor is its place another one's, which would be seen as this one is */
static void a_page_stays_while_a_fault_may_map_it(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int i, began;

	for (i = 1; i < SLABS; i++)
		KUNIT_ASSERT_EQ(test, grow(test), 0);
	began = bytemap_mapping_begin(arena->mapping);
	KUNIT_EXPECT_EQ(test, trim(test), 0U);
	KUNIT_EXPECT_TRUE(test, bytemap_arena_is_trimmable(arena));
	KUNIT_EXPECT_EQ(test, grow(test), -EBUSY);
	for (i = 1; bytemap_arena_page(arena, i); i++)
		KUNIT_ASSERT_LT(test, i, (unsigned int)SLABS);
	KUNIT_EXPECT_NULL(test, look_at_place(test, i));
	bytemap_mapping_end(arena->mapping, began);
	KUNIT_EXPECT_GT(test, trim(test), 0U);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_is_trimmable(arena));
	KUNIT_EXPECT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_EQ(test, arena->to_come, 1U);
}

static void an_arena_is_empty_when_faults_are_over(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int i, began;
	u64 n;

	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test, grow(test), 0);
	bytemap_arena_get(arena, 100);
	began = bytemap_mapping_begin(arena->mapping);
	KUNIT_EXPECT_EQ(test, trim(test), 0U);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_empty(arena, &n));
	KUNIT_EXPECT_NULL(test, look_at_place(test, 1));
	bytemap_mapping_end(arena->mapping, began);
	KUNIT_ASSERT_TRUE(test, bytemap_arena_empty(arena, &n));
	KUNIT_EXPECT_EQ(test, n, 20ULL);
	KUNIT_EXPECT_EQ(test, arena->count, 0U);
	KUNIT_EXPECT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_FALSE(test, bytemap_arena_settle(arena));
	KUNIT_EXPECT_NE(test, bytemap_arena_get(arena, 100), 0U);
}

/* Or more would be given back for them than was charged */
static void slabs_that_could_not_be_had_do_not_count(struct kunit *test)
{
	struct bytemap_arena *arena = arena_of(test);
	unsigned int nth;

	for (nth = 1; nth <= 3; nth++) {
		store_fail_nth(nth);
		KUNIT_EXPECT_EQ(test, grow(test), -ENOMEM);
		KUNIT_EXPECT_TRUE(test, store_has_failed());
		KUNIT_EXPECT_EQ(test, arena->count, 0U);
		KUNIT_EXPECT_EQ(test, arena->stocked, 0U);
	}
	store_fail_nth(nth);
	KUNIT_EXPECT_EQ(test, grow(test), 0);
	KUNIT_EXPECT_FALSE(test, store_has_failed());
	KUNIT_EXPECT_EQ(test, arena->count, 1U);
	KUNIT_EXPECT_EQ(test, arena->stocked, 1U);
}

static struct kunit_case arena_cases[] = {
	KUNIT_CASE_PARAM(a_slot_is_of_the_smallest_size_that_does,
			 size_gen_params),
	KUNIT_CASE_PARAM(slots_of_a_slab_do_not_overlap, size_gen_params),
	KUNIT_CASE_PARAM(a_slot_that_is_given_back_is_zero, size_gen_params),
	KUNIT_CASE_PARAM(a_wipe_goes_from_there_to_the_end, size_gen_params),
	KUNIT_CASE_PARAM(a_full_slab_is_not_lost, size_gen_params),
	KUNIT_CASE_PARAM(empty_slabs_are_for_all_classes, size_gen_params),
	KUNIT_CASE(without_stock_there_is_no_slot),
	KUNIT_CASE(there_are_as_many_slabs_as_there_can_be),
	KUNIT_CASE(what_is_too_much_in_stock_is_given_back),
	KUNIT_CASE(a_slab_comes_when_zeroes_are_gone_from_its_place),
	KUNIT_CASE(a_slab_comes_when_faults_are_over),
	KUNIT_CASE(not_too_many_slabs_are_to_come),
	KUNIT_CASE(a_page_stays_while_a_fault_may_map_it),
	KUNIT_CASE(an_arena_is_empty_when_faults_are_over),
	KUNIT_CASE(slabs_that_could_not_be_had_do_not_count),
	{}
};

static struct kunit_suite arena_suite = {
	.name = "bytemap_arena",
	.init = slots_init,
	.exit = slots_exit,
	.test_cases = arena_cases,
};

kunit_test_suite(arena_suite);
