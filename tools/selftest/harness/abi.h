/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI as one table: each field of each struct, each operation with what it
 * takes, each command. Included wherever something is made of it, each time with
 * other macros for the rows; a kind of row without a macro is left out.
 *
 * Whoever changes the ABI changes this. What is forgotten makes the tests abi
 * and layout fail: fields lie one behind the other without holes, and fill the
 * struct; what the kernel knows beyond the table is not refused.
 *
 *	STRUCT(s)			struct syncmap_s, whose fields follow
 *	FIELD(s, kind, type, name)	enum kind is in table.h
 *	OPERATION(code, name, takes)	SYNCMAP_OP_name
 *	OP_FLAG(bit, name, takes)	SYNCMAP_FLAG_name, of operations that take it;
 *					all have TAKES_TIME
 *	CONTROL_COMMAND(nr, name, s, flags), MAP_COMMAND(nr, name, s, flags)
 *					SYNCMAP_name, and the flags that it knows
 */
#ifndef STRUCT
#define STRUCT(...)
#endif
#ifndef FIELD
#define FIELD(...)
#endif
#ifndef OPERATION
#define OPERATION(...)
#endif
#ifndef OP_FLAG
#define OP_FLAG(...)
#endif
#ifndef CONTROL_COMMAND
#define CONTROL_COMMAND(...)
#endif
#ifndef MAP_COMMAND
#define MAP_COMMAND(...)
#endif

STRUCT(limits)
FIELD(limits,	PART,			__u64,	entries)
FIELD(limits,	PART,			__u64,	bytes)
FIELD(limits,	PART,			__u32,	key_size)
FIELD(limits,	PART,			__u32,	value_size)

STRUCT(info)
FIELD(info,	FLAGS,			__u32,	flags)
FIELD(info,	ANSWERED,		__u32,	abi)
FIELD(info,	ANSWERED,		__u64,	features)
FIELD(info,	ANSWERED,		__u64,	scope)
FIELD(info,	ANSWERED,		__s64,	boottime_offset)
FIELD(info,	ANSWERED,		struct syncmap_limits,	max)
FIELD(info,	ANSWERED,		struct syncmap_limits,	defaults)
FIELD(info,	ANSWERED,		__u32,	entry_overhead)
FIELD(info,	ANSWERED,		__u32,	maps)
FIELD(info,	ANSWERED,		__u32,	max_maps)
FIELD(info,	ANSWERED,		__u32,	user_maps)
FIELD(info,	ANSWERED,		__u32,	max_user_maps)
FIELD(info,	ANSWERED,		__u32,	user_watchers)
FIELD(info,	ANSWERED,		__u32,	max_user_watchers)
FIELD(info,	ANSWERED,		__u32,	max_map_watchers)
FIELD(info,	ANSWERED,		__u32,	owner_map_watchers)
FIELD(info,	ANSWERED,		__u32,	max_user_map_watchers)
FIELD(info,	ANSWERED,		__u32,	user_leases)
FIELD(info,	ANSWERED,		__u32,	max_user_leases)
FIELD(info,	ANSWERED,		__u32,	max_client_leases)
FIELD(info,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(info,	ANSWERED,		__u64,	user_bytes)
FIELD(info,	ANSWERED,		__u64,	max_user_bytes)
FIELD(info,	ANSWERED,		__u64,	all_bytes)
FIELD(info,	ANSWERED,		__u64,	max_all_bytes)

STRUCT(create)
FIELD(create,	FLAGS,			__u32,	flags)
FIELD(create,	ASKED,			__u32,	key_type)
FIELD(create,	ASKED,			__u32,	value_kind)
FIELD(create,	ASKED,			__u32,	mode)
FIELD(create,	ASKED,			char[64],	name)
FIELD(create,	ASKED,			struct syncmap_limits,	limits)
FIELD(create,	ASKED,			__u64,	ttl)
FIELD(create,	ASKED,			__u64,	stale)
FIELD(create,	ASKED,			__u64,	revision)
FIELD(create,	ANSWERED,		__u64,	id)
FIELD(create,	ANSWERED,		__s32,	fd)
FIELD(create,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(create,	ANSWERED,		struct syncmap_error,	error)

STRUCT(open)
FIELD(open,	FLAGS,			__u32,	flags)
FIELD(open,	ASKED,			__u32,	access)
FIELD(open,	ASKED,			char[64],	name)
FIELD(open,	ASKED,			__u64,	id)
FIELD(open,	ASKED,			__u64,	scope)
FIELD(open,	ASKED,			__u32,	uid)
FIELD(open,	ANSWERED,		__s32,	fd)
FIELD(open,	ANSWERED,		struct syncmap_error,	error)

STRUCT(remove)
FIELD(remove,	FLAGS,			__u32,	flags)
FIELD(remove,	ASKED,			__u32,	uid)
FIELD(remove,	ASKED,			char[64],	name)
FIELD(remove,	ASKED,			__u64,	id)
FIELD(remove,	ASKED,			__u64,	scope)
FIELD(remove,	ANSWERED,		struct syncmap_error,	error)

STRUCT(publish)
FIELD(publish,	FLAGS,			__u32,	flags)
FIELD(publish,	ASKED,			__s32,	fd)
FIELD(publish,	ASKED,			char[64],	name)
FIELD(publish,	ASKED,			__u64,	id)
FIELD(publish,	ANSWERED,		__u64,	replaced)
FIELD(publish,	ANSWERED,		struct syncmap_error,	error)

STRUCT(map_info)
FIELD(map_info,	FLAGS,			__u32,	flags)
FIELD(map_info,	ANSWERED,		__u32,	state)
FIELD(map_info,	ANSWERED,		__u64,	id)
FIELD(map_info,	ANSWERED,		__u64,	scope)
FIELD(map_info,	ANSWERED,		char[64],	name)
FIELD(map_info,	ANSWERED,		__u32,	key_type)
FIELD(map_info,	ANSWERED,		__u32,	value_kind)
FIELD(map_info,	ANSWERED,		__u32,	mode)
FIELD(map_info,	ANSWERED,		__u32,	access)
FIELD(map_info,	ANSWERED,		__u32,	uid)
FIELD(map_info,	ANSWERED,		__u32,	gid)
FIELD(map_info,	ANSWERED,		__u64,	count)
FIELD(map_info,	ANSWERED,		__u64,	bytes)
FIELD(map_info,	ANSWERED,		__u64,	revision)
FIELD(map_info,	ANSWERED,		struct syncmap_limits,	limits)
FIELD(map_info,	ANSWERED,		__u64,	ttl)
FIELD(map_info,	ANSWERED,		__u64,	stale)
FIELD(map_info,	ANSWERED,		__u64,	mapped)
FIELD(map_info,	ANSWERED,		__s64,	boottime_offset)

STRUCT(list)
FIELD(list,	FLAGS,			__u32,	flags)
FIELD(list,	ASKED,			__u32,	entry_size)
FIELD(list,	ASKED,			__u64,	buffer)
FIELD(list,	ASKED,			__u64,	scope)
FIELD(list,	ASKED,			__u32,	capacity)
FIELD(list,	ANSWERED,		__u32,	count)
FIELD(list,	ASKED | ANSWERED,	__u64,	cursor)
FIELD(list,	ANSWERED,		struct syncmap_error,	error)

STRUCT(stat)
FIELD(stat,	PART,			char[32],	name)
FIELD(stat,	PART,			__u64,	value)
FIELD(stat,	PART,			__u32,	flags)
FIELD(stat,	PART,			__u32,	index)

STRUCT(stats)
FIELD(stats,	FLAGS,			__u32,	flags)
FIELD(stats,	ASKED,			__u32,	entry_size)
FIELD(stats,	ASKED,			__u64,	buffer)
FIELD(stats,	ASKED,			__u32,	capacity)
FIELD(stats,	ANSWERED,		__u32,	count)
FIELD(stats,	ANSWERED,		__u32,	total)
FIELD(stats,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(stats,	ANSWERED,		struct syncmap_error,	error)

STRUCT(error)
FIELD(error,	PART,			__s32,	status)
FIELD(error,	PART,			__u16,	field)
FIELD(error,	PART,			__u16,	limited)
FIELD(error,	PART,			__u64,	used)
FIELD(error,	PART,			__u64,	limit)

STRUCT(op)
FIELD(op,	FLAGS,			__u32,	flags)
FIELD(op,	ASKED,			__u32,	op)
FIELD(op,	ASKED,			__u64,	key)
FIELD(op,	TAKES_OUT,		__u64,	out)
FIELD(op,	ASKED,			__u32,	key_len)
FIELD(op,	TAKES_OUT,		__u32,	out_size)
FIELD(op,	ASKED,			__u64,	answer)
FIELD(op,	ASKED,			__u32,	answer_size)
FIELD(op,	TAKES_VALUE,		__u32,	value_len)
FIELD(op,	TAKES_VALUE,		__u64,	value)
FIELD(op,	TAKES_DEADLINE,		__u64,	deadline)
FIELD(op,	BY_FLAG | TAKES_OLD | TAKES_AGE,	__u64,	expected)
FIELD(op,	TAKES_TOKEN,		__u64,	token)
FIELD(op,	TAKES_OLD,		__u64,	old)
FIELD(op,	TAKES_OLD,		__u32,	old_len)
FIELD(op,	RESERVED,		__u32,	reserved)
FIELD(op,	TAKES_WAIT,		__u64,	wait_until)
FIELD(op,	TAKES_WAIT,		__u64,	lease_for)
FIELD(op,	TAKES_NUMBER,		__u64,	operand)
FIELD(op,	BY_FLAG | TAKES_NUMBER,	__u64,	initial)
FIELD(op,	BY_FLAG | TAKES_BOUND,	__u64,	bound)

STRUCT(answer)
FIELD(answer,	PART,			__u32,	result)
FIELD(answer,	PART,			__u32,	out_len)
FIELD(answer,	PART,			__u64,	revision)
FIELD(answer,	PART,			__u64,	expires)
FIELD(answer,	PART,			struct syncmap_error,	error)
FIELD(answer,	PART,			__u64,	previous)
FIELD(answer,	PART,			__u64,	leased)
FIELD(answer,	PART,			__u64,	lease_ends)
FIELD(answer,	PART,			__u64,	before)
FIELD(answer,	PART,			__u64,	after)

STRUCT(batch)
FIELD(batch,	FLAGS,			__u32,	flags)
FIELD(batch,	ASKED,			__u32,	op_size)
FIELD(batch,	ASKED,			__u64,	ops)
FIELD(batch,	ASKED,			__u32,	count)
FIELD(batch,	ANSWERED,		__u32,	done)
FIELD(batch,	ANSWERED,		__u32,	failed)
FIELD(batch,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(batch,	ANSWERED,		struct syncmap_error,	error)

STRUCT(await)
FIELD(await,	FLAGS,			__u32,	flags)
FIELD(await,	ASKED,			__u32,	key_len)
FIELD(await,	ASKED,			__u64,	key)
FIELD(await,	ASKED,			__u64,	lease_for)
FIELD(await,	ANSWERED,		__s32,	fd)
FIELD(await,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(await,	ANSWERED,		struct syncmap_error,	error)

STRUCT(record)
FIELD(record,	ANSWERED,		__u32,	size)
FIELD(record,	ANSWERED,		__u16,	data)
FIELD(record,	ANSWERED,		__u16,	type)
FIELD(record,	ANSWERED,		__u32,	flags)
FIELD(record,	ANSWERED,		__u32,	reason)
FIELD(record,	ANSWERED,		__u32,	key_len)
FIELD(record,	ANSWERED,		__u32,	value_len)
FIELD(record,	ANSWERED,		__u64,	revision)
FIELD(record,	ANSWERED,		__u64,	expires)

STRUCT(range)
FIELD(range,	FLAGS,			__u32,	flags)
FIELD(range,	ASKED,			__u32,	size)
FIELD(range,	ASKED,			__u64,	buffer)
FIELD(range,	ASKED | ANSWERED,	__u64,	cursor)
FIELD(range,	ANSWERED,		__u32,	count)
FIELD(range,	ANSWERED,		__u32,	used)
FIELD(range,	ANSWERED,		__u32,	needed)
FIELD(range,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(range,	ANSWERED,		struct syncmap_error,	error)

STRUCT(watch)
FIELD(watch,	FLAGS,			__u32,	flags)
FIELD(watch,	ASKED,			__u32,	filter_len)
FIELD(watch,	ASKED,			__u64,	filter)
FIELD(watch,	ASKED,			__u64,	since)
FIELD(watch,	ASKED,			__u32,	queue_size)
FIELD(watch,	ANSWERED,		__u32,	record_size)
FIELD(watch,	ANSWERED,		__u64,	revision)
FIELD(watch,	ANSWERED,		__s32,	fd)
FIELD(watch,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(watch,	ANSWERED,		struct syncmap_error,	error)

STRUCT(clear)
FIELD(clear,	FLAGS,			__u32,	flags)
FIELD(clear,	RESERVED,		__u32,	reserved)

STRUCT(set)
FIELD(set,	FLAGS,			__u32,	flags)
FIELD(set,	ASKED,			__u32,	mode)
FIELD(set,	ASKED,			__u32,	gid)
FIELD(set,	ASKED,			__u32,	value_kind)
FIELD(set,	ASKED,			__u64,	entries)
FIELD(set,	ASKED,			__u64,	bytes)
FIELD(set,	ASKED,			__u64,	ttl)
FIELD(set,	ASKED,			__u64,	stale)
FIELD(set,	ANSWERED,		struct syncmap_error,	error)

STRUCT(restrict)
FIELD(restrict,	FLAGS,			__u32,	flags)
FIELD(restrict,	ASKED,			__u32,	access)
FIELD(restrict,	ANSWERED,		__s32,	fd)
FIELD(restrict,	ANSWERED | RESERVED,	__u32,	reserved)
FIELD(restrict,	ANSWERED,		struct syncmap_error,	error)

STRUCT(freeze)
FIELD(freeze,	FLAGS,			__u32,	flags)
FIELD(freeze,	RESERVED,		__u32,	reserved)

STRUCT(retire)
FIELD(retire,	FLAGS,			__u32,	flags)
FIELD(retire,	RESERVED,		__u32,	reserved)

OPERATION(1,	LOAD,			TAKES_OUT | TAKES_AGE)
OPERATION(2,	STORE,			TAKES_VALUE | TAKES_DEADLINE |
					TAKES_OWNER | TAKES_TOKEN)
OPERATION(3,	LOAD_OR_STORE,		TAKES_VALUE | TAKES_OUT |
					TAKES_DEADLINE | TAKES_OWNER)
OPERATION(4,	LOAD_AND_DELETE,	TAKES_OUT)
OPERATION(5,	DELETE,			0)
OPERATION(6,	SWAP,			TAKES_VALUE | TAKES_OUT |
					TAKES_DEADLINE | TAKES_OWNER)
OPERATION(7,	COMPARE_AND_SWAP,	TAKES_VALUE | TAKES_OLD | TAKES_OUT |
					TAKES_DEADLINE | TAKES_OWNER)
OPERATION(8,	COMPARE_AND_DELETE,	TAKES_OLD | TAKES_OUT)
OPERATION(9,	TOUCH,			TAKES_OUT | TAKES_DEADLINE)
OPERATION(10,	ADD,			TAKES_NUMBER | TAKES_BOUND)
OPERATION(11,	SUB,			TAKES_NUMBER | TAKES_BOUND)
OPERATION(12,	MIN,			TAKES_NUMBER)
OPERATION(13,	MAX,			TAKES_NUMBER)
OPERATION(14,	AND,			TAKES_NUMBER)
OPERATION(15,	OR,			TAKES_NUMBER)
OPERATION(16,	XOR,			TAKES_NUMBER)
OPERATION(17,	APPEND,			TAKES_VALUE | TAKES_DEADLINE |
					TAKES_OWNER)
OPERATION(18,	LOAD_OR_LEASE,		TAKES_OUT | TAKES_WAIT)
OPERATION(19,	UNLEASE,		TAKES_TOKEN)

OP_FLAG(0x01,	BY_REVISION,		TAKES_OLD)
OP_FLAG(0x02,	IF_NEWER,		TAKES_AGE)
OP_FLAG(0x04,	OWNED,			TAKES_OWNER)
OP_FLAG(0x08,	NOWAIT,			TAKES_WAIT)
OP_FLAG(0x10,	STALE,			TAKES_WAIT)
OP_FLAG(0x20,	U32,			TAKES_NUMBER)
OP_FLAG(0x40,	INITIAL,		TAKES_NUMBER)
OP_FLAG(0x80,	BOUNDED,		TAKES_BOUND)
OP_FLAG(0x100,	FROM_NOW,		TAKES_TIME)
OP_FLAG(0x200,	KEEP,			TAKES_OWNER)

CONTROL_COMMAND(0x00,	INFO,		info,		0)
CONTROL_COMMAND(0x01,	CREATE,		create,		SYNCMAP_CREATE_MAPPED |
							SYNCMAP_CREATE_EVICT)
CONTROL_COMMAND(0x02,	OPEN,		open,		SYNCMAP_OPEN_OWNER)
CONTROL_COMMAND(0x03,	REMOVE,		remove,		SYNCMAP_REMOVE_OWNER)
CONTROL_COMMAND(0x04,	PUBLISH,	publish,	SYNCMAP_PUBLISH_REPLACE)
CONTROL_COMMAND(0x05,	LIST,		list,		SYNCMAP_LIST_BELOW)
MAP_COMMAND(0x10,	MAP_INFO,	map_info,	0)
MAP_COMMAND(0x11,	STATS,		stats,		0)
MAP_COMMAND(0x12,	OP,		op,		OP_FLAGS)
MAP_COMMAND(0x13,	BATCH,		batch,		SYNCMAP_BATCH_STOP)
MAP_COMMAND(0x14,	AWAIT,		await,		SYNCMAP_AWAIT_FROM_NOW)
MAP_COMMAND(0x15,	RANGE,		range,		SYNCMAP_RANGE_KEYS_ONLY)
MAP_COMMAND(0x16,	WATCH,		watch,		SYNCMAP_WATCH_KEY |
							SYNCMAP_WATCH_PREFIX |
							SYNCMAP_WATCH_VALUES |
							SYNCMAP_WATCH_DUMP)
MAP_COMMAND(0x17,	CLEAR,		clear,		SYNCMAP_CLEAR_WAIT)
MAP_COMMAND(0x18,	SET,		set,		SYNCMAP_SET_MODE |
							SYNCMAP_SET_GROUP |
							SYNCMAP_SET_VALUE_KIND |
							SYNCMAP_SET_ENTRIES |
							SYNCMAP_SET_BYTES |
							SYNCMAP_SET_TTL |
							SYNCMAP_SET_STALE |
							SYNCMAP_SET_MAPPED |
							SYNCMAP_SET_UNMAPPED |
							SYNCMAP_SET_EVICT |
							SYNCMAP_SET_NO_EVICT)
MAP_COMMAND(0x19,	RESTRICT,	restrict,	0)
MAP_COMMAND(0x1a,	FREEZE,		freeze,		0)
MAP_COMMAND(0x1b,	RETIRE,		retire,		0)

#undef STRUCT
#undef FIELD
#undef OPERATION
#undef OP_FLAG
#undef CONTROL_COMMAND
#undef MAP_COMMAND
