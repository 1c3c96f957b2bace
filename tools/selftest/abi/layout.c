// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI is frozen: the header is what the table (harness/abi.h) says, and
 * numbers are literals. "make table" prints it.
 */
#include "harness/map.h"
#include "harness/table.h"

/* Of what has so many bytes, at most */
static size_t alignment(size_t size)
{
	return size % 8 ? size & -size : 8;
}

static void check_layout(const struct layout *layout)
{
	size_t end = 0;

	test_note("struct %s: %zu", layout->name, layout->size);
	for_each_field(field, layout) {
		test_note("%6zu %3zu %s: %s", field->offset, field->size,
			  field->name, field->text);
		test_context("%s.%s", layout->name, field->name);
		EXPECT_EQ(end, field->offset);
		/* So it is the same for programs of 32 bits */
		EXPECT_EQ(0, field->offset % alignment(field->size));
		EXPECT_EQ(!!strstr(field->name, "reserved"),
			  !!(field->kind & RESERVED));
		end = field->offset + field->size;
	}
	test_context("end of %s", layout->name);
	EXPECT_EQ(end, layout->size);
	EXPECT_EQ(0, layout->size % 8);
}

/* The fields lie one behind the other, and there are no others */
TEST(sizes_and_offsets)
{
	for (size_t i = 0; i < N_LAYOUTS; i++)
		check_layout(&layouts[i]);
}

/* A struct in which nothing is answered is only read */
static unsigned long number_of(const struct layout *layout, unsigned int nr)
{
	unsigned long number = 0x4000d700 | layout->size << 16 | nr;

	for_each_field(field, layout)
		if (field->kind & ANSWERED)
			return number | 0x80000000;
	return number;
}

TEST(command_numbers)
{
#define COMMAND(nr, id, s)						\
	EXPECT_EQ(number_of(&layouts[LAYOUT_##s], nr), SYNCMAP_##id);
#define CONTROL_COMMAND(nr, id, s, ...)	COMMAND(nr, id, s)
#define MAP_COMMAND(nr, id, s, ...)	COMMAND(nr, id, s)
#include "harness/abi.h"
}

TEST(operations)
{
#define OPERATION(code, id, ...)	EXPECT_EQ(code, SYNCMAP_OP_##id);
#define OP_FLAG(bit, id, ...)		EXPECT_EQ(bit, SYNCMAP_FLAG_##id);
#include "harness/abi.h"
}

TEST(constants)
{
	EXPECT_EQ(1, SYNCMAP_ABI);
	EXPECT_EQ(64, SYNCMAP_NAME_SIZE);
	EXPECT_EQ(1, SYNCMAP_KEY_U64);
	EXPECT_EQ(2, SYNCMAP_KEY_STRING);
	EXPECT_EQ(3, SYNCMAP_KEY_BYTES);
	EXPECT_EQ(0, SYNCMAP_VALUE_UNSAID);
	EXPECT_EQ(1, SYNCMAP_VALUE_BYTES);
	EXPECT_EQ(2, SYNCMAP_VALUE_TEXT);
	EXPECT_EQ(3, SYNCMAP_VALUE_U64);
	EXPECT_EQ(4, SYNCMAP_VALUE_JSON);
	EXPECT_EQ(1, SYNCMAP_ACCESS_READ);
	EXPECT_EQ(2, SYNCMAP_ACCESS_WRITE);
	EXPECT_EQ(4, SYNCMAP_ACCESS_ADMIN);
	EXPECT_EQ(1, SYNCMAP_MAP_PRIVATE);
	EXPECT_EQ(2, SYNCMAP_MAP_REMOVED);
	EXPECT_EQ(4, SYNCMAP_MAP_FROZEN);
	EXPECT_EQ(8, SYNCMAP_MAP_RETIRED);
	EXPECT_EQ(1, SYNCMAP_CLEAR_WAIT);
	EXPECT_EQ(1, SYNCMAP_SET_MODE);
	EXPECT_EQ(2, SYNCMAP_SET_GROUP);
	EXPECT_EQ(4, SYNCMAP_SET_VALUE_KIND);
	EXPECT_EQ(8, SYNCMAP_SET_ENTRIES);
	EXPECT_EQ(0x10, SYNCMAP_SET_BYTES);
	EXPECT_EQ(0x20, SYNCMAP_SET_TTL);
	EXPECT_EQ(0x40, SYNCMAP_SET_STALE);
	EXPECT_EQ(0x80, SYNCMAP_SET_MAPPED);
	EXPECT_EQ(0x100, SYNCMAP_SET_UNMAPPED);
	EXPECT_EQ(0x10, SYNCMAP_MAP_ELSEWHERE);
	EXPECT_EQ(1, SYNCMAP_LIST_BELOW);
	EXPECT_EQ(1, SYNCMAP_OPEN_OWNER);
	EXPECT_EQ(1, SYNCMAP_REMOVE_OWNER);
	EXPECT_EQ(1, SYNCMAP_PUBLISH_REPLACE);
	EXPECT_EQ(1, SYNCMAP_RESULT_LOADED);
	EXPECT_EQ(2, SYNCMAP_RESULT_UNCHANGED);
	EXPECT_EQ(4, SYNCMAP_RESULT_LEASED);
	EXPECT_EQ(8, SYNCMAP_RESULT_EXPIRED);
	EXPECT_EQ(0x10, SYNCMAP_RESULT_OWNED);
	EXPECT_EQ(-1, SYNCMAP_NEVER);
	EXPECT_EQ(1024, SYNCMAP_BATCH_MAX);
	EXPECT_EQ(1, SYNCMAP_BATCH_STOP);
	EXPECT_EQ(1, SYNCMAP_AWAIT_FROM_NOW);
	EXPECT_EQ(0, SYNCMAP_LIMITED_NOT);
	EXPECT_EQ(1, SYNCMAP_LIMITED_ENTRIES);
	EXPECT_EQ(2, SYNCMAP_LIMITED_BYTES);
	EXPECT_EQ(3, SYNCMAP_LIMITED_KEY);
	EXPECT_EQ(4, SYNCMAP_LIMITED_VALUE);
	EXPECT_EQ(5, SYNCMAP_LIMITED_LEASES);
	EXPECT_EQ(6, SYNCMAP_LIMITED_USER_LEASES);
	EXPECT_EQ(7, SYNCMAP_LIMITED_WATCHERS);
	EXPECT_EQ(8, SYNCMAP_LIMITED_USER_WATCHERS);
	EXPECT_EQ(9, SYNCMAP_LIMITED_MAPS);
	EXPECT_EQ(10, SYNCMAP_LIMITED_USER_MAPS);
	EXPECT_EQ(11, SYNCMAP_LIMITED_USER_BYTES);
	EXPECT_EQ(12, SYNCMAP_LIMITED_ALL_BYTES);
	EXPECT_EQ(13, SYNCMAP_LIMITED_USER_MAP_WATCHERS);
	EXPECT_EQ(1, SYNCMAP_STAT_COUNTER);
	EXPECT_EQ(2, SYNCMAP_STAT_INTERNAL);
	EXPECT_EQ(1, SYNCMAP_RANGE_KEYS_ONLY);
	EXPECT_EQ(-1, SYNCMAP_END);
	EXPECT_EQ(1, SYNCMAP_WATCH_KEY);
	EXPECT_EQ(2, SYNCMAP_WATCH_PREFIX);
	EXPECT_EQ(4, SYNCMAP_WATCH_VALUES);
	EXPECT_EQ(8, SYNCMAP_WATCH_DUMP);
	EXPECT_EQ(0x2000, SYNCMAP_QUEUE_MIN);
	EXPECT_EQ(0x10000, SYNCMAP_QUEUE_DEFAULT);
	EXPECT_EQ(0x1000000, SYNCMAP_QUEUE_MAX);
	EXPECT_EQ(16, SYNCMAP_WATCH_POLLS);
	EXPECT_EQ(1, SYNCMAP_RECORD_ENTRY);
	EXPECT_EQ(2, SYNCMAP_RECORD_DUMPED);
	EXPECT_EQ(3, SYNCMAP_RECORD_STORE);
	EXPECT_EQ(4, SYNCMAP_RECORD_DELETE);
	EXPECT_EQ(5, SYNCMAP_RECORD_CLEAR);
	EXPECT_EQ(6, SYNCMAP_RECORD_OVERFLOW);
	EXPECT_EQ(7, SYNCMAP_RECORD_REMOVED);
	EXPECT_EQ(0x100, SYNCMAP_REASON_EXPIRED);
	EXPECT_EQ(0x101, SYNCMAP_REASON_ORPHANED);
	EXPECT_EQ(1, SYNCMAP_RECORD_VALUE);
	EXPECT_EQ(4, SYNCMAP_RECORD_REPLACED);
	EXPECT_EQ(2, SYNCMAP_RECORD_OWNED);
}
