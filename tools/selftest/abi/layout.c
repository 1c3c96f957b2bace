// SPDX-License-Identifier: GPL-2.0-only
/* The ABI is frozen: sizes, offsets and numbers, as literals */
#include <stddef.h>

#include "harness/map.h"

struct field {
	const char	*name;
	size_t		offset;
	size_t		want;
};

#define FIELD(type, name, at) { #type "." #name, offsetof(struct type, name), at }
#define SIZE(type, bytes) { #type, sizeof(struct type), bytes }

static const struct field fields[] = {
	SIZE(syncmap_limits, 24),
	FIELD(syncmap_limits, entries, 0),
	FIELD(syncmap_limits, bytes, 8),
	FIELD(syncmap_limits, key_size, 16),
	FIELD(syncmap_limits, value_size, 20),

	SIZE(syncmap_info, 144),
	FIELD(syncmap_info, flags, 0),
	FIELD(syncmap_info, abi, 4),
	FIELD(syncmap_info, features, 8),
	FIELD(syncmap_info, max, 16),
	FIELD(syncmap_info, defaults, 40),
	FIELD(syncmap_info, entry_overhead, 64),
	FIELD(syncmap_info, maps, 68),
	FIELD(syncmap_info, max_maps, 72),
	FIELD(syncmap_info, max_user_maps, 76),
	FIELD(syncmap_info, user_maps, 80),
	FIELD(syncmap_info, user_watchers, 84),
	FIELD(syncmap_info, max_user_watchers, 88),
	FIELD(syncmap_info, reserved, 92),
	FIELD(syncmap_info, user_bytes, 96),
	FIELD(syncmap_info, max_user_bytes, 104),
	FIELD(syncmap_info, all_bytes, 112),
	FIELD(syncmap_info, max_all_bytes, 120),
	FIELD(syncmap_info, user_leases, 128),
	FIELD(syncmap_info, max_user_leases, 132),
	FIELD(syncmap_info, max_client_leases, 136),
	FIELD(syncmap_info, reserved2, 140),

	SIZE(syncmap_create, 144),
	FIELD(syncmap_create, name, 0),
	FIELD(syncmap_create, flags, 64),
	FIELD(syncmap_create, key_type, 68),
	FIELD(syncmap_create, limits, 72),
	FIELD(syncmap_create, mode, 96),
	FIELD(syncmap_create, fd, 100),
	FIELD(syncmap_create, ttl, 104),
	FIELD(syncmap_create, stale, 112),
	FIELD(syncmap_create, reserved, 120),
	FIELD(syncmap_create, limited, 124),
	FIELD(syncmap_create, used, 128),
	FIELD(syncmap_create, limit, 136),

	SIZE(syncmap_open, 80),
	FIELD(syncmap_open, name, 0),
	FIELD(syncmap_open, flags, 64),
	FIELD(syncmap_open, access, 68),
	FIELD(syncmap_open, fd, 72),
	FIELD(syncmap_open, reserved, 76),

	SIZE(syncmap_remove, 72),
	FIELD(syncmap_remove, name, 0),
	FIELD(syncmap_remove, flags, 64),
	FIELD(syncmap_remove, reserved, 68),

	SIZE(syncmap_map_info, 168),
	FIELD(syncmap_map_info, flags, 0),
	FIELD(syncmap_map_info, state, 4),
	FIELD(syncmap_map_info, id, 8),
	FIELD(syncmap_map_info, name, 16),
	FIELD(syncmap_map_info, key_type, 80),
	FIELD(syncmap_map_info, mode, 84),
	FIELD(syncmap_map_info, uid, 88),
	FIELD(syncmap_map_info, gid, 92),
	FIELD(syncmap_map_info, access, 96),
	FIELD(syncmap_map_info, reserved, 100),
	FIELD(syncmap_map_info, count, 104),
	FIELD(syncmap_map_info, bytes, 112),
	FIELD(syncmap_map_info, revision, 120),
	FIELD(syncmap_map_info, limits, 128),
	FIELD(syncmap_map_info, ttl, 152),
	FIELD(syncmap_map_info, stale, 160),

	SIZE(syncmap_list, 40),
	FIELD(syncmap_list, cursor, 0),
	FIELD(syncmap_list, buffer, 8),
	FIELD(syncmap_list, flags, 16),
	FIELD(syncmap_list, entry_size, 20),
	FIELD(syncmap_list, capacity, 24),
	FIELD(syncmap_list, count, 28),
	FIELD(syncmap_list, reserved, 32),

	SIZE(syncmap_map_stats, 456),
	FIELD(syncmap_map_stats, flags, 0),
	FIELD(syncmap_map_stats, amended, 4),
	FIELD(syncmap_map_stats, count, 8),
	FIELD(syncmap_map_stats, bytes, 16),
	FIELD(syncmap_map_stats, revision, 24),
	FIELD(syncmap_map_stats, in_place, 32),
	FIELD(syncmap_map_stats, replaced, 40),
	FIELD(syncmap_map_stats, mismatches, 48),
	FIELD(syncmap_map_stats, rejected, 56),
	FIELD(syncmap_map_stats, throttled, 64),
	FIELD(syncmap_map_stats, read_keys, 72),
	FIELD(syncmap_map_stats, read_buckets, 80),
	FIELD(syncmap_map_stats, tombstones, 88),
	FIELD(syncmap_map_stats, dirty_keys, 96),
	FIELD(syncmap_map_stats, dirty_buckets, 104),
	FIELD(syncmap_map_stats, dirty_longest, 112),
	FIELD(syncmap_map_stats, table_bytes, 120),
	FIELD(syncmap_map_stats, hits, 128),
	FIELD(syncmap_map_stats, misses, 136),
	FIELD(syncmap_map_stats, promotions, 144),
	FIELD(syncmap_map_stats, promote_fails, 152),
	FIELD(syncmap_map_stats, expunged, 160),
	FIELD(syncmap_map_stats, last_promote_ns, 168),
	FIELD(syncmap_map_stats, max_promote_ns, 176),
	FIELD(syncmap_map_stats, lock_waits, 184),
	FIELD(syncmap_map_stats, fill, 192),
	FIELD(syncmap_map_stats, displaced, 256),
	FIELD(syncmap_map_stats, expiring, 320),
	FIELD(syncmap_map_stats, expired, 328),
	FIELD(syncmap_map_stats, lapsed, 336),
	FIELD(syncmap_map_stats, owned, 344),
	FIELD(syncmap_map_stats, orphaned, 352),
	FIELD(syncmap_map_stats, leases, 360),
	FIELD(syncmap_map_stats, lease_waits, 368),
	FIELD(syncmap_map_stats, leases_granted, 376),
	FIELD(syncmap_map_stats, leases_lost, 384),
	FIELD(syncmap_map_stats, watchers, 392),
	FIELD(syncmap_map_stats, events, 400),
	FIELD(syncmap_map_stats, overflows, 408),
	FIELD(syncmap_map_stats, reclaimed, 416),
	FIELD(syncmap_map_stats, calculated, 424),
	FIELD(syncmap_map_stats, appended, 432),
	FIELD(syncmap_map_stats, batches, 440),
	FIELD(syncmap_map_stats, batched, 448),

	SIZE(syncmap_op, 192),
	FIELD(syncmap_op, op, 0),
	FIELD(syncmap_op, flags, 4),
	FIELD(syncmap_op, key, 8),
	FIELD(syncmap_op, value, 16),
	FIELD(syncmap_op, old, 24),
	FIELD(syncmap_op, out, 32),
	FIELD(syncmap_op, key_len, 40),
	FIELD(syncmap_op, value_len, 44),
	FIELD(syncmap_op, old_len, 48),
	FIELD(syncmap_op, out_size, 52),
	FIELD(syncmap_op, expected, 56),
	FIELD(syncmap_op, revision, 64),
	FIELD(syncmap_op, previous, 72),
	FIELD(syncmap_op, out_len, 80),
	FIELD(syncmap_op, result, 84),
	FIELD(syncmap_op, status, 88),
	FIELD(syncmap_op, limited, 92),
	FIELD(syncmap_op, used, 96),
	FIELD(syncmap_op, limit, 104),
	FIELD(syncmap_op, deadline, 112),
	FIELD(syncmap_op, token, 120),
	FIELD(syncmap_op, wait_until, 128),
	FIELD(syncmap_op, operand, 136),
	FIELD(syncmap_op, initial, 144),
	FIELD(syncmap_op, bound, 152),
	FIELD(syncmap_op, expires, 160),
	FIELD(syncmap_op, leased, 168),
	FIELD(syncmap_op, before, 176),
	FIELD(syncmap_op, after, 184),

	SIZE(syncmap_record, 32),
	FIELD(syncmap_record, size, 0),
	FIELD(syncmap_record, key_len, 4),
	FIELD(syncmap_record, value_len, 8),
	FIELD(syncmap_record, reserved, 12),
	FIELD(syncmap_record, revision, 16),
	FIELD(syncmap_record, expires, 24),
	FIELD(syncmap_record, data, 32),

	SIZE(syncmap_range, 40),
	FIELD(syncmap_range, cursor, 0),
	FIELD(syncmap_range, buffer, 8),
	FIELD(syncmap_range, size, 16),
	FIELD(syncmap_range, flags, 20),
	FIELD(syncmap_range, count, 24),
	FIELD(syncmap_range, used, 28),
	FIELD(syncmap_range, needed, 32),
	FIELD(syncmap_range, reserved, 36),

	SIZE(syncmap_clear, 8),
	FIELD(syncmap_clear, flags, 0),
	FIELD(syncmap_clear, reserved, 4),

	SIZE(syncmap_freeze, 8),
	FIELD(syncmap_freeze, flags, 0),
	FIELD(syncmap_freeze, reserved, 4),
	SIZE(syncmap_restrict, 16),
	FIELD(syncmap_restrict, flags, 0),
	FIELD(syncmap_restrict, access, 4),
	FIELD(syncmap_restrict, fd, 8),
	FIELD(syncmap_restrict, reserved, 12),
	SIZE(syncmap_promote, 8),
	FIELD(syncmap_promote, flags, 0),
	FIELD(syncmap_promote, reserved, 4),

	SIZE(syncmap_batch, 32),
	FIELD(syncmap_batch, ops, 0),
	FIELD(syncmap_batch, flags, 8),
	FIELD(syncmap_batch, op_size, 12),
	FIELD(syncmap_batch, count, 16),
	FIELD(syncmap_batch, done, 20),
	FIELD(syncmap_batch, failed, 24),
	FIELD(syncmap_batch, reserved, 28),

	SIZE(syncmap_watch, 64),
	FIELD(syncmap_watch, filter, 0),
	FIELD(syncmap_watch, since, 8),
	FIELD(syncmap_watch, filter_len, 16),
	FIELD(syncmap_watch, flags, 20),
	FIELD(syncmap_watch, queue_size, 24),
	FIELD(syncmap_watch, record_size, 28),
	FIELD(syncmap_watch, revision, 32),
	FIELD(syncmap_watch, fd, 40),
	FIELD(syncmap_watch, limited, 44),
	FIELD(syncmap_watch, used, 48),
	FIELD(syncmap_watch, limit, 56),

	SIZE(syncmap_event, 40),
	FIELD(syncmap_event, size, 0),
	FIELD(syncmap_event, type, 4),
	FIELD(syncmap_event, reason, 8),
	FIELD(syncmap_event, flags, 12),
	FIELD(syncmap_event, key_len, 16),
	FIELD(syncmap_event, value_len, 20),
	FIELD(syncmap_event, revision, 24),
	FIELD(syncmap_event, expires, 32),
	FIELD(syncmap_event, data, 40),
};

TEST(sizes_and_offsets)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		test_context("%s", fields[i].name);
		EXPECT_EQ(fields[i].want, fields[i].offset);
	}
}

TEST(command_numbers)
{
	EXPECT_EQ(0xc090d700, SYNCMAP_INFO);
	EXPECT_EQ(0xc090d701, SYNCMAP_CREATE);
	EXPECT_EQ(0xc050d702, SYNCMAP_OPEN);
	EXPECT_EQ(0xc048d703, SYNCMAP_REMOVE);
	EXPECT_EQ(0xc028d704, SYNCMAP_LIST);
	EXPECT_EQ(0xc0a8d710, SYNCMAP_MAP_INFO);
	EXPECT_EQ(0xc1c8d711, SYNCMAP_STATS);
	EXPECT_EQ(0xc0c0d712, SYNCMAP_OP);
	EXPECT_EQ(0xc028d713, SYNCMAP_RANGE);
	EXPECT_EQ(0xc020d718, SYNCMAP_BATCH);
	EXPECT_EQ(1024, SYNCMAP_BATCH_MAX);
	EXPECT_EQ(1, SYNCMAP_BATCH_STOP);
	EXPECT_EQ(0xc008d714, SYNCMAP_CLEAR);
	EXPECT_EQ(0xc008d715, SYNCMAP_PROMOTE);
	EXPECT_EQ(0xc040d716, SYNCMAP_WATCH);
	EXPECT_EQ(0xc008d717, SYNCMAP_FREEZE);
	EXPECT_EQ(0xc010d719, SYNCMAP_RESTRICT);
}

TEST(constants)
{
	EXPECT_EQ(1, SYNCMAP_ABI);
	EXPECT_EQ(64, SYNCMAP_NAME_SIZE);
	EXPECT_EQ(1, SYNCMAP_KEY_U64);
	EXPECT_EQ(2, SYNCMAP_KEY_STRING);
	EXPECT_EQ(3, SYNCMAP_KEY_BYTES);
	EXPECT_EQ(1, SYNCMAP_ACCESS_READ);
	EXPECT_EQ(2, SYNCMAP_ACCESS_WRITE);
	EXPECT_EQ(1, SYNCMAP_MAP_PRIVATE);
	EXPECT_EQ(2, SYNCMAP_MAP_REMOVED);
	EXPECT_EQ(1, SYNCMAP_OP_LOAD);
	EXPECT_EQ(2, SYNCMAP_OP_STORE);
	EXPECT_EQ(3, SYNCMAP_OP_LOAD_OR_STORE);
	EXPECT_EQ(4, SYNCMAP_OP_LOAD_AND_DELETE);
	EXPECT_EQ(5, SYNCMAP_OP_DELETE);
	EXPECT_EQ(6, SYNCMAP_OP_SWAP);
	EXPECT_EQ(7, SYNCMAP_OP_COMPARE_AND_SWAP);
	EXPECT_EQ(8, SYNCMAP_OP_COMPARE_AND_DELETE);
	EXPECT_EQ(10, SYNCMAP_OP_ADD);
	EXPECT_EQ(11, SYNCMAP_OP_SUB);
	EXPECT_EQ(12, SYNCMAP_OP_MIN);
	EXPECT_EQ(13, SYNCMAP_OP_MAX);
	EXPECT_EQ(14, SYNCMAP_OP_AND);
	EXPECT_EQ(15, SYNCMAP_OP_OR);
	EXPECT_EQ(16, SYNCMAP_OP_XOR);
	EXPECT_EQ(17, SYNCMAP_OP_APPEND);
	EXPECT_EQ(1, SYNCMAP_OP_BY_REVISION);
	EXPECT_EQ(2, SYNCMAP_OP_IF_NEWER);
	EXPECT_EQ(0x20, SYNCMAP_OP_U32);
	EXPECT_EQ(0x40, SYNCMAP_OP_INITIAL);
	EXPECT_EQ(0x80, SYNCMAP_OP_BOUNDED);
	EXPECT_EQ(18, SYNCMAP_OP_LOAD_OR_LEASE);
	EXPECT_EQ(19, SYNCMAP_OP_UNLEASE);
	EXPECT_EQ(4, SYNCMAP_OP_OWNED);
	EXPECT_EQ(8, SYNCMAP_OP_NOWAIT);
	EXPECT_EQ(16, SYNCMAP_OP_STALE);
	EXPECT_EQ(4, SYNCMAP_OP_LEASED);
	EXPECT_EQ(8, SYNCMAP_OP_EXPIRED);
	EXPECT_EQ(1, SYNCMAP_OP_LOADED);
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
	EXPECT_EQ(1, SYNCMAP_RANGE_KEYS_ONLY);
	EXPECT_EQ(-1, SYNCMAP_END);
	EXPECT_EQ(1, SYNCMAP_WATCH_KEY);
	EXPECT_EQ(2, SYNCMAP_WATCH_PREFIX);
	EXPECT_EQ(4, SYNCMAP_WATCH_VALUES);
	EXPECT_EQ(8, SYNCMAP_WATCH_DUMP);
	EXPECT_EQ(0x2000, SYNCMAP_QUEUE_MIN);
	EXPECT_EQ(0x10000, SYNCMAP_QUEUE_DEFAULT);
	EXPECT_EQ(0x1000000, SYNCMAP_QUEUE_MAX);
	EXPECT_EQ(1, SYNCMAP_EVENT_ENTRY);
	EXPECT_EQ(2, SYNCMAP_EVENT_DUMPED);
	EXPECT_EQ(3, SYNCMAP_EVENT_STORE);
	EXPECT_EQ(4, SYNCMAP_EVENT_DELETE);
	EXPECT_EQ(5, SYNCMAP_EVENT_CLEAR);
	EXPECT_EQ(6, SYNCMAP_EVENT_OVERFLOW);
	EXPECT_EQ(7, SYNCMAP_EVENT_REMOVED);
	EXPECT_EQ(0x100, SYNCMAP_REASON_EXPIRED);
	EXPECT_EQ(0x101, SYNCMAP_REASON_ORPHANED);
	EXPECT_EQ(1, SYNCMAP_EVENT_VALUE);
}
