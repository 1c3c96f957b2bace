/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ABI of /dev/syncmap: concurrent maps with the semantics of sync.Map
 *
 * open("/dev/syncmap") gives a control descriptor for the commands on maps;
 * %SYNCMAP_CREATE and %SYNCMAP_OPEN give a descriptor of one map, for the
 * commands on its entries. A map descriptor is close-on-exec and can be passed
 * to another process; what it may do was decided when it was made.
 *
 * Names have a scope. It is the user namespace in which the control descriptor
 * was opened, whoever uses that later: a name is unique in its scope, and is
 * seen by descriptors that were opened there or in a namespace above. A map
 * descriptor reaches its map from everywhere. Whoever is handed a control
 * descriptor is handed the names of its scope. When a user namespace ends, so
 * do the names in it, within two minutes.
 *
 * Each command takes one struct, which begins with its flags; first comes what
 * is asked, then what is answered, "out" in the descriptions. Only the latter
 * is written, on success and on failure; while the command runs these bytes are
 * the kernel's. What is asked may be shared, and constant.
 *
 * Later levels of the ABI add fields at the end, be they asked or answered. A
 * struct may be shorter than the kernel's (an older program) down to its size in
 * ABI level 1, or longer (a newer one) when the bytes that the kernel does not
 * know are zero. Zero in a field means what was done before the field existed.
 * What is answered is ignored on input by kernels that know it; to an older one
 * it has to be zero, too, so programs set all of a struct to zero first. Of
 * &struct syncmap_op and &struct syncmap_answer a first part will do.
 *
 * errno, one meaning each:
 *
 *	ENOTTY		the descriptor does not know this command
 *	E2BIG		non-zero bytes beyond the struct that the kernel knows
 *	EOPNOTSUPP	a flag, an operation, a type or a reserved field that
 *			this kernel does not know, or not with this operation;
 *			see &syncmap_error.field
 *	EINVAL		a value that no kernel takes, values that contradict one
 *			another, or struct too short; see &syncmap_error.field
 *	EFAULT		bad pointer
 *	ENAMETOOLONG	name without a NUL in its %SYNCMAP_NAME_SIZE bytes
 *	ENOENT		the map, or the key, is absent
 *	EEXIST		a map of this name is there already
 *	EBUSY		compare mismatch; what is there is returned
 *	EFBIG		key or value longer than the map allows
 *	EMSGSIZE	buffer too small, nothing was changed; the size that is
 *			needed is returned
 *	ENOSPC		full: of entries, bytes, watchers or maps, or all maps
 *			take too much memory
 *	EDQUOT		the user, of STORE and the like the one who made the
 *			map, has too many maps, watchers or leases, or these
 *			take too much memory, or the descriptor has too many
 *			leases
 *	EACCES		the map's mode does not allow it
 *	EPERM		only the map's owner may do this; or not even he, as the
 *			group is none of his
 *	EBADF		the descriptor was not opened for this access
 *	EROFS		the map is frozen, or to get a name, retired
 *	EINTR		a signal ended the wait: a fatal one, or, when waiting
 *			for a lease, any whose handler does not restart the call,
 *			or with SYNCMAP_FLAG_FROM_NOW has a handler
 *	ESTALE		it is not what the caller takes it for: the lease is no
 *			longer the caller's; the name is that of a map with
 *			another number, or of another user; the map that is to be
 *			given a name has one
 *	EAGAIN		somebody else holds the lease; read(2) with O_NONBLOCK has
 *			nothing to give yet
 *	ETIMEDOUT	the lease was not to be had in time
 *	ERANGE		the result would pass the bound, or wrap around
 *	EILSEQ		the value is no number of this width; its length is
 *			returned
 *	EMFILE, ENFILE	no more descriptors, as for open(2)
 *	ENOMEM		out of memory, or over the memory limit of the cgroup; there
 *			need not be enough for the entry alone: when there is none
 *			for the map's tables, they take no more new keys
 *
 * A command that fails has changed nothing, with three exceptions: EFAULT for a
 * result buffer that was unmapped while the operation was running;
 * %SYNCMAP_BATCH, which tells how much it has done; and LOAD_AND_DELETE of an
 * absent key, which ends the lease that somebody has of it, as DELETE does.
 *
 * Left out, and why:
 *
 *	changes of several keys, all or none: loads would have to take a lock, or
 *	to look for versions. %SYNCMAP_PUBLISH exchanges a whole map
 *	keys in order, ranges of keys, values that are found by what is in them:
 *	the table is a hash table
 *	waiting in a load for a change: %SYNCMAP_WATCH tells of each, to poll(2)
 *	a snapshot: %SYNCMAP_WATCH_DUMP has what it is wanted for, without a copy
 *	of a map that changes meanwhile
 *	another name for a map that has one: a name ends, or is exchanged, and
 *	nobody finds the same map by two
 *	what is about the inside (rebuilding the read table, how many misses it
 *	has had): debugfs and %SYNCMAP_STATS, whose numbers have names, so that
 *	none is a promise
 *
 * Room is kept for what is to come, as reports of what is loaded. Programs find out
 * by asking: what is unknown fails with EOPNOTSUPP, or ENOTTY, and changes nothing.
 */
#ifndef _UAPI_LINUX_SYNCMAP_H
#define _UAPI_LINUX_SYNCMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SYNCMAP_DEVICE		"/dev/syncmap"
#define SYNCMAP_IOC_TYPE	0xD7

/* What &syncmap_info.abi says when the kernel knows just this file */
#define SYNCMAP_ABI		1

/* Room for a map's name: [A-Za-z0-9._:-], at most 63 bytes, then zeroes */
#define SYNCMAP_NAME_SIZE	64

/**
 * enum syncmap_key_type - what the keys of a map are
 * @SYNCMAP_KEY_U64: a __u64 in the byte order of the machine
 * @SYNCMAP_KEY_STRING: text: any bytes but NUL, and no NUL at the end
 * @SYNCMAP_KEY_BYTES: any bytes
 */
enum syncmap_key_type {
	SYNCMAP_KEY_U64		= 1,
	SYNCMAP_KEY_STRING	= 2,
	SYNCMAP_KEY_BYTES	= 3,
};

/**
 * enum syncmap_value_kind - how programs are to show the values of a map
 * @SYNCMAP_VALUE_UNSAID: nobody has said
 * @SYNCMAP_VALUE_BYTES: as bytes
 * @SYNCMAP_VALUE_TEXT: as text
 * @SYNCMAP_VALUE_U64: as a __u64 in the byte order of the machine
 * @SYNCMAP_VALUE_JSON: as JSON
 *
 * A note for those who read them, which the kernel keeps, and does not enforce:
 * a map of numbers can have a value of three bytes.
 */
enum syncmap_value_kind {
	SYNCMAP_VALUE_UNSAID	= 0,
	SYNCMAP_VALUE_BYTES	= 1,
	SYNCMAP_VALUE_TEXT	= 2,
	SYNCMAP_VALUE_U64	= 3,
	SYNCMAP_VALUE_JSON	= 4,
};

/* Access that a map descriptor gives */
#define SYNCMAP_ACCESS_READ	0x1
#define SYNCMAP_ACCESS_WRITE	0x2
/* What is the owner's: SYNCMAP_SET, _FREEZE, _RETIRE, _PUBLISH */
#define SYNCMAP_ACCESS_ADMIN	0x4

/**
 * struct syncmap_error - why a command failed
 * @status: 0, or the negative errno that the command returns, or that an
 *	operation of a batch would return if it came alone
 * @field: with EINVAL, EOPNOTSUPP and EFBIG, and with ESTALE of commands that
 *	take a name: offset of the field at fault, or of one of them, in the
 *	struct that asks; if that points to something, this may be what is wrong
 * @limited: with ENOSPC, EDQUOT and EFBIG: one of &enum syncmap_limited
 * @used: with ENOSPC and EDQUOT: how much there is, without what was asked for;
 *	with EFBIG: the length asked for, of APPEND that of the result
 * @limit: with ENOSPC, EDQUOT and EFBIG: the maximum
 *
 * All of it is zero on success. A command whose struct could not be read or
 * written, is too short, or has more than the kernel knows (E2BIG), tells
 * nothing.
 */
struct syncmap_error {
	__s32	status;
	__u16	field;
	__u16	limited;
	__u64	used;
	__u64	limit;
};

/**
 * struct syncmap_limits - how much a map may hold
 * @entries: number of entries
 * @bytes: keys, values and &syncmap_info.entry_overhead per entry; an entry
 *	that was given a deadline or an owner counts its key and the overhead
 *	twice
 * @key_size: bytes of one key
 * @value_size: bytes of one value
 */
struct syncmap_limits {
	__u64	entries;
	__u64	bytes;
	__u32	key_size;
	__u32	value_size;
};

/* Commands of the control descriptor */

/**
 * struct syncmap_info - SYNCMAP_INFO: what this kernel offers
 * @flags: must be zero
 * @abi: out: ABI level, %SYNCMAP_ABI or later
 * @features: out: bits of optional features; none are defined yet
 * @scope: out: number of the scope of this descriptor, as the link
 *	/proc/PID/ns/user of a process in that namespace shows it
 * @boottime_offset: out: what the caller's clock CLOCK_BOOTTIME shows, less
 *	what it shows in the initial time namespace, in nanoseconds
 * @max: out: highest limits that SYNCMAP_CREATE accepts
 * @defaults: out: limits of a map whose creator asks for zero; a map of u64
 *	keys has keys of 8 bytes whatever these say
 * @entry_overhead: out: bytes that an entry counts besides key and value
 * @maps: out: maps that exist, private and removed but open ones included. One
 *	that nobody has any more counts against the limits until it is freed
 * @max_maps: out: how many may exist, the last eighth of them only for those
 *	with CAP_SYS_RESOURCE, whom the limits of a user do not bind either
 * @user_maps: out: how many exist that count for the caller
 * @max_user_maps: out: how many may exist that count for one user, or for those
 *	that are mapped into user namespaces which the user owns
 * @user_watchers: out: descriptors of SYNCMAP_WATCH that the caller has made
 * @max_user_watchers: out: how many of these one user may have made
 * @max_map_watchers: out: how many of these a map may have
 * @owner_map_watchers: out: the last so many of these are its owner's
 * @max_user_map_watchers: out: how many of these one user may have made of a
 *	map of somebody else
 * @user_leases: out: leases that the caller has or waits for
 * @max_user_leases: out: how many that may be of one user
 * @max_client_leases: out: how many of one descriptor
 * @reserved: out: zero
 * @user_bytes: out: memory that the maps which count for the caller take, with
 *	all that is in them, and the caller's watchers
 * @max_user_bytes: out: how much that may be of one user
 * @all_bytes: out: the same of all users
 * @max_all_bytes: out: how much that may be; see @max_maps
 *
 * A map may be full before it has what its limits say, when @max_user_bytes or
 * @max_all_bytes is reached. What counts there is what the kernel's allocator
 * gives for a key and a value, and the place that an entry takes in the tables
 * at most, so it is more than &syncmap_map_info.bytes.
 */
struct syncmap_info {
	__u32			flags;
	__u32			abi;
	__u64			features;
	__u64			scope;
	__s64			boottime_offset;
	struct syncmap_limits	max;
	struct syncmap_limits	defaults;
	__u32			entry_overhead;
	__u32			maps;
	__u32			max_maps;
	__u32			user_maps;
	__u32			max_user_maps;
	__u32			user_watchers;
	__u32			max_user_watchers;
	__u32			max_map_watchers;
	__u32			owner_map_watchers;
	__u32			max_user_map_watchers;
	__u32			user_leases;
	__u32			max_user_leases;
	__u32			max_client_leases;
	__u32			reserved;
	__u64			user_bytes;
	__u64			max_user_bytes;
	__u64			all_bytes;
	__u64			max_all_bytes;
};

/* SYNCMAP_CREATE: processes can load from a mapping, see syncmap_mapped.h */
#define SYNCMAP_CREATE_MAPPED	0x1
/*
 * SYNCMAP_CREATE: when the map is full, entries that have not been used lately make
 * room for what is stored: they are evicted, which watchers hear
 * (SYNCMAP_REASON_EVICTED). What has expired goes first. Entries that are bound to
 * an open file, leases, and what was stored with SYNCMAP_FLAG_KEEP stay; ENOSPC says
 * that there is nothing else
 */
#define SYNCMAP_CREATE_EVICT	0x2

/**
 * struct syncmap_create - SYNCMAP_CREATE: make a map
 * @flags: SYNCMAP_CREATE_MAPPED, SYNCMAP_CREATE_EVICT
 * @key_type: one of &enum syncmap_key_type
 * @value_kind: one of &enum syncmap_value_kind
 * @mode: read and write permission for owner, group and others, as for a file
 *	(0666 at most; the umask is applied)
 * @name: its name, padded with zeroes; empty for a private map, which is
 *	reached through its descriptors only and goes with the last of them
 * @limits: what it may hold; zero for a default
 * @ttl: nanoseconds that an entry lives unless its store says otherwise; zero:
 *	for ever
 * @stale: nanoseconds that the value of an expired entry is kept for
 *	SYNCMAP_FLAG_STALE; zero: not at all
 * @revision: all revisions of the map are higher, so that those of a map that
 *	is restored go on where they were; below 2^62
 * @id: out: number of the map; not used again while the module is loaded
 * @fd: out: descriptor of the map, for all that there is
 * @reserved: out: zero
 * @error: out: why it failed
 *
 * The map has the caller's filesystem uid and gid, see setfsuid(2), and counts
 * for that user. A named map lives until SYNCMAP_REMOVE, or the end of its
 * scope, and keeps the module loaded.
 *
 * A map counts as long as a descriptor of it is open. Programs that leave
 * closing to a collector of garbage run into the limit before it runs: let it
 * run after SYNCMAP_LIMITED_USER_MAPS, and try again. close(2) frees nothing
 * itself.
 */
struct syncmap_create {
	__u32			flags;
	__u32			key_type;
	__u32			value_kind;
	__u32			mode;
	char			name[SYNCMAP_NAME_SIZE];
	struct syncmap_limits	limits;
	__u64			ttl;
	__u64			stale;
	__u64			revision;
	__u64			id;
	__s32			fd;
	__u32			reserved;
	struct syncmap_error	error;
};

/* SYNCMAP_OPEN: @uid is valid */
#define SYNCMAP_OPEN_OWNER	0x1

/**
 * struct syncmap_open - SYNCMAP_OPEN: get a descriptor of a named map
 * @flags: SYNCMAP_OPEN_OWNER
 * @access: SYNCMAP_ACCESS_READ and the like, not zero. ADMIN is for the owner
 *	of the map, or with CAP_FOWNER, whatever its mode (EPERM)
 * @name: its name, padded with zeroes
 * @id: zero; or the number that the map has to have (ESTALE)
 * @scope: zero: the name is of the scope of this descriptor; else the number of
 *	one below it, as /proc/PID/ns/user shows it (ENOENT if it is not below)
 * @uid: with SYNCMAP_OPEN_OWNER: the owner that the map has to have (ESTALE);
 *	else zero
 * @fd: out: descriptor of the map
 * @error: out: why it failed
 *
 * CAP_DAC_OVERRIDE, CAP_FOWNER, and CAP_CHOWN of SYNCMAP_SET, count in the
 * caller's user namespace, as with files: for maps whose owner and group are
 * mapped there.
 */
struct syncmap_open {
	__u32			flags;
	__u32			access;
	char			name[SYNCMAP_NAME_SIZE];
	__u64			id;
	__u64			scope;
	__u32			uid;
	__s32			fd;
	struct syncmap_error	error;
};

/* SYNCMAP_REMOVE: @uid is valid */
#define SYNCMAP_REMOVE_OWNER	0x1

/**
 * struct syncmap_remove - SYNCMAP_REMOVE: remove the name of a map
 * @flags: SYNCMAP_REMOVE_OWNER
 * @uid: with SYNCMAP_REMOVE_OWNER: see &struct syncmap_open
 * @name: its name, padded with zeroes
 * @id: see &struct syncmap_open
 * @scope: see &struct syncmap_open
 * @error: out: why it failed
 *
 * For the owner of the map, or with CAP_FOWNER, also in the user namespace of the
 * scope, whoever owns the map (EPERM). The name is free at once; the
 * map and its entries live on until the last descriptor is closed, whoever has
 * that, and count until then: see SYNCMAP_RETIRE.
 */
struct syncmap_remove {
	__u32			flags;
	__u32			uid;
	char			name[SYNCMAP_NAME_SIZE];
	__u64			id;
	__u64			scope;
	struct syncmap_error	error;
};

/* SYNCMAP_PUBLISH: take the name away from the map that has it */
#define SYNCMAP_PUBLISH_REPLACE	0x1

/**
 * struct syncmap_publish - SYNCMAP_PUBLISH: give a name to a map without one
 * @flags: SYNCMAP_PUBLISH_REPLACE
 * @fd: descriptor of the map, with SYNCMAP_ACCESS_ADMIN (EBADF); EINVAL if it is
 *	none of a map, ESTALE if the map has a name, EROFS if it is retired
 * @name: the name, padded with zeroes; in the scope of the control descriptor
 * @id: zero; or the number of the map that has to have the name now (ESTALE;
 *	ENOENT if none has); only with SYNCMAP_PUBLISH_REPLACE
 * @replaced: out: number of the map that had the name; zero if none had
 * @error: out: why it failed
 *
 * At one instant the name is that of the map: whoever opens it before finds the
 * one that had it, whoever opens it later finds this one. The other loses it as
 * by SYNCMAP_REMOVE, and only who may do that may replace it (EPERM); who has a
 * descriptor of it can publish it again. Without SYNCMAP_PUBLISH_REPLACE the
 * name has to be free (EEXIST).
 */
struct syncmap_publish {
	__u32			flags;
	__s32			fd;
	char			name[SYNCMAP_NAME_SIZE];
	__u64			id;
	__u64			replaced;
	struct syncmap_error	error;
};

/* The map has had no name; or has it no longer; see SYNCMAP_PUBLISH */
#define SYNCMAP_MAP_PRIVATE	0x1
#define SYNCMAP_MAP_REMOVED	0x2
/* See SYNCMAP_FREEZE; a retired map is frozen, too */
#define SYNCMAP_MAP_FROZEN	0x4
/* See SYNCMAP_RETIRE */
#define SYNCMAP_MAP_RETIRED	0x8
/* Its name is of a scope that is not seen from the caller's user namespace */
#define SYNCMAP_MAP_ELSEWHERE	0x10
/* See SYNCMAP_CREATE_EVICT */
#define SYNCMAP_MAP_EVICTS	0x20

/**
 * struct syncmap_map_info - SYNCMAP_MAP_INFO, and one element of SYNCMAP_LIST
 * @flags: must be zero
 * @state: out: SYNCMAP_MAP_PRIVATE and the like
 * @id: out: number of the map, see &struct syncmap_create
 * @scope: out: number of the scope of its name; zero if it has none that is
 *	seen
 * @name: out: its name, or the one that it has had, padded with zeroes; empty
 *	if there is none that is seen
 * @key_type: out: one of &enum syncmap_key_type
 * @value_kind: out: one of &enum syncmap_value_kind
 * @mode: out: permission bits
 * @access: out: what the caller's descriptor may do; zero in a list
 * @uid: out: owner, as the caller's user namespace shows it
 * @gid: out: group
 * @count: out: number of entries; in a list, and of those that have just
 *	expired or lost their owner
 * @bytes: out: what they count against @limits.bytes
 * @revision: out: the newest revision of any entry
 * @limits: out: what the map may hold
 * @ttl: out: see &struct syncmap_create
 * @stale: out: see &struct syncmap_create
 * @mapped: out: size of a mapping of the descriptor, in bytes, see
 *	<linux/syncmap_mapped.h>; zero: the map has no mirror, and is to have none
 * @boottime_offset: out: see &struct syncmap_info; zero in a list
 */
struct syncmap_map_info {
	__u32			flags;
	__u32			state;
	__u64			id;
	__u64			scope;
	char			name[SYNCMAP_NAME_SIZE];
	__u32			key_type;
	__u32			value_kind;
	__u32			mode;
	__u32			access;
	__u32			uid;
	__u32			gid;
	__u64			count;
	__u64			bytes;
	__u64			revision;
	struct syncmap_limits	limits;
	__u64			ttl;
	__u64			stale;
	__u64			mapped;
	__s64			boottime_offset;
};

/* A cursor that stands behind the last element of a list or range */
#define SYNCMAP_END		(~(__u64)0)

/* SYNCMAP_LIST: those of all scopes below, too */
#define SYNCMAP_LIST_BELOW	0x1

/**
 * struct syncmap_list - SYNCMAP_LIST: named maps, whoever owns them
 * @flags: SYNCMAP_LIST_BELOW
 * @entry_size: bytes of one element of the array: the caller's
 *	sizeof(struct syncmap_map_info); at most 4096
 * @buffer: array of &struct syncmap_map_info
 * @scope: zero: those of the scope of this descriptor; else the number of one
 *	below it. One that is not below is as one without maps
 * @capacity: how many elements the array has, not zero
 * @count: out: how many were written
 * @cursor: where to go on: zero at first, then what the last call left here;
 *	SYNCMAP_END when there are no more
 * @error: out: why it failed
 *
 * The order is arbitrary. A map that has its name during the whole walk is
 * listed exactly once. Only the cursor tells the end: a call may return no
 * element and a cursor that goes on.
 */
struct syncmap_list {
	__u32			flags;
	__u32			entry_size;
	__u64			buffer;
	__u64			scope;
	__u32			capacity;
	__u32			count;
	__u64			cursor;
	struct syncmap_error	error;
};

/* Commands of a map descriptor */

/* It never falls while the map is there: how often something has happened */
#define SYNCMAP_STAT_COUNTER	0x1
/* It tells of the inside of this kernel: another one may have no such number */
#define SYNCMAP_STAT_INTERNAL	0x2

/**
 * struct syncmap_stat - one number of SYNCMAP_STATS
 * @name: what it is, in lower case, at most 31 bytes, padded with zeroes
 * @value: the number
 * @flags: SYNCMAP_STAT_COUNTER and the like
 * @index: of several of one name: which one, from zero
 *
 * syncmap(4) says what the names mean. One that is not SYNCMAP_STAT_INTERNAL
 * keeps its meaning.
 */
struct syncmap_stat {
	char	name[32];
	__u64	value;
	__u32	flags;
	__u32	index;
};

/**
 * struct syncmap_stats - SYNCMAP_STATS: what a map is doing
 * @flags: must be zero
 * @entry_size: bytes of one element of the array: the caller's
 *	sizeof(struct syncmap_stat); at most 4096
 * @buffer: array of &struct syncmap_stat
 * @capacity: how many elements the array has
 * @count: out: how many were written
 * @total: out: how many there are; the same in each call, until the module is
 *	loaded anew
 * @reserved: out: zero
 * @error: out: why it failed
 *
 * Each number is read at a time of its own.
 */
struct syncmap_stats {
	__u32			flags;
	__u32			entry_size;
	__u64			buffer;
	__u32			capacity;
	__u32			count;
	__u32			total;
	__u32			reserved;
	struct syncmap_error	error;
};

/**
 * enum syncmap_op_code - the operations on one key
 *
 * Those of sync.Map, in its words:
 *
 * @SYNCMAP_OP_LOAD: get the value; ENOENT when absent
 * @SYNCMAP_OP_STORE: set the value
 * @SYNCMAP_OP_LOAD_OR_STORE: get the value if there is one, else set it;
 *	SYNCMAP_RESULT_LOADED tells which
 * @SYNCMAP_OP_LOAD_AND_DELETE: take the value; ENOENT when absent
 * @SYNCMAP_OP_DELETE: delete the key; succeeds when absent, too
 * @SYNCMAP_OP_SWAP: set the value and get the previous one, if any
 * @SYNCMAP_OP_COMPARE_AND_SWAP: set the value if it is @old; EBUSY when it
 *	differs, ENOENT when absent
 * @SYNCMAP_OP_COMPARE_AND_DELETE: delete the key if its value is @old; EBUSY
 *	when it differs, ENOENT when absent
 *
 * On the time that an entry has:
 *
 * @SYNCMAP_OP_TOUCH: get the value, and give the entry @deadline; neither
 *	value nor revision nor owner change; ENOENT when absent
 *
 * On a value that is a number: a __u64, or with SYNCMAP_FLAG_U32 a __u32, in the
 * byte order of the machine; EILSEQ if it has another length. With
 * SYNCMAP_FLAG_INITIAL an absent key counts as one of value @initial, and what is
 * stored takes @deadline; else ENOENT. A key that is there keeps its deadline
 * and owner. ERANGE, and nothing changed, if the result would be too large or
 * negative, or with SYNCMAP_FLAG_BOUNDED pass @bound:
 *
 * @SYNCMAP_OP_ADD: add @operand; @bound is the highest result
 * @SYNCMAP_OP_SUB: subtract @operand; @bound is the lowest result
 * @SYNCMAP_OP_MIN: the lesser of value and @operand
 * @SYNCMAP_OP_MAX: the greater one
 * @SYNCMAP_OP_AND: value and @operand, bit by bit
 * @SYNCMAP_OP_OR: value or @operand, bit by bit
 * @SYNCMAP_OP_XOR: value exclusive or @operand, bit by bit
 *
 * On a value that grows:
 *
 * @SYNCMAP_OP_APPEND: put @value behind the value that is there, which @out_len
 *	tells the length of, and which keeps its deadline and owner; STORE it
 *	when absent. EFBIG, and nothing changed, if the result would exceed the
 *	limit of the map
 *
 * On a value that one caller computes for all:
 *
 * @SYNCMAP_OP_LOAD_OR_LEASE: get the value if there is one, else become the one
 *	who computes it: SYNCMAP_RESULT_LEASED, and @leased is the token. While
 *	somebody else does, wait until @wait_until (ETIMEDOUT), or with
 *	SYNCMAP_FLAG_NOWAIT not at all (EAGAIN; see SYNCMAP_AWAIT). STORE with
 *	@token ends the lease and gives the value to all who wait; ESTALE, and
 *	nothing stored, when the lease is not the caller's any more. It also
 *	ends when somebody stores without it, deletes the key, absent as it is,
 *	with DELETE or LOAD_AND_DELETE, or clears the map, with the last close of
 *	the descriptor, and when @lease_for is over. Without a value it goes to
 *	the first in line. It takes the place of an entry; ENOSPC when there is
 *	none
 * @SYNCMAP_OP_UNLEASE: end the lease of @token without a value; ESTALE when it
 *	is not the caller's any more
 */
enum syncmap_op_code {
	SYNCMAP_OP_LOAD			= 1,
	SYNCMAP_OP_STORE		= 2,
	SYNCMAP_OP_LOAD_OR_STORE	= 3,
	SYNCMAP_OP_LOAD_AND_DELETE	= 4,
	SYNCMAP_OP_DELETE		= 5,
	SYNCMAP_OP_SWAP			= 6,
	SYNCMAP_OP_COMPARE_AND_SWAP	= 7,
	SYNCMAP_OP_COMPARE_AND_DELETE	= 8,
	SYNCMAP_OP_TOUCH		= 9,
	SYNCMAP_OP_ADD			= 10,
	SYNCMAP_OP_SUB			= 11,
	SYNCMAP_OP_MIN			= 12,
	SYNCMAP_OP_MAX			= 13,
	SYNCMAP_OP_AND			= 14,
	SYNCMAP_OP_OR			= 15,
	SYNCMAP_OP_XOR			= 16,
	SYNCMAP_OP_APPEND		= 17,
	SYNCMAP_OP_LOAD_OR_LEASE	= 18,
	SYNCMAP_OP_UNLEASE		= 19,
};

/* Compare with @expected instead of @old; for the two compare operations */
#define SYNCMAP_FLAG_BY_REVISION	0x1
/*
 * LOAD: give the value only if its revision is above @expected; else succeed
 * with SYNCMAP_RESULT_UNCHANGED
 */
#define SYNCMAP_FLAG_IF_NEWER		0x2
/*
 * STORE, LOAD_OR_STORE, SWAP, COMPARE_AND_SWAP, APPEND: what is stored goes
 * when this open file closes, unless it has been stored anew by then without
 * the flag, or by another file. Such an entry is not kept for SYNCMAP_FLAG_STALE.
 * All that a file owns is absent at one instant, before its last close() has
 * returned; its room is given back, and events tell of it, soon after that, or
 * when somebody meets it or needs the room
 */
#define SYNCMAP_FLAG_OWNED		0x4
/* LOAD_OR_LEASE: do not wait */
#define SYNCMAP_FLAG_NOWAIT		0x8
/*
 * LOAD_OR_LEASE: rather than wait, take the value that has expired, if the map
 * keeps it. Whoever gets the lease gets that value as well
 */
#define SYNCMAP_FLAG_STALE		0x10
/* Arithmetic: the number has 32 bits */
#define SYNCMAP_FLAG_U32		0x20
/* Arithmetic: @initial is valid */
#define SYNCMAP_FLAG_INITIAL		0x40
/* ADD, SUB: @bound is valid */
#define SYNCMAP_FLAG_BOUNDED		0x80
/*
 * All: @deadline, @wait_until, @expires and @lease_ends are nanoseconds from
 * now; one that has passed is told as 1. A wait that a signal interrupts ends
 * then (EINTR), even if its handler restarts calls; if there is no handler, it
 * begins anew
 */
#define SYNCMAP_FLAG_FROM_NOW		0x100
/*
 * STORE, LOAD_OR_STORE, SWAP, COMPARE_AND_SWAP, APPEND: what is stored is never
 * evicted (SYNCMAP_CREATE_EVICT), until it has been stored anew without the flag.
 * APPEND to a key that is there leaves that as it is
 */
#define SYNCMAP_FLAG_KEEP		0x200

/* For @deadline: never, whatever the map's default is */
#define SYNCMAP_NEVER		(~(__u64)0)

/* Bits of &syncmap_answer.result */
#define SYNCMAP_RESULT_LOADED		0x1	/* the key had a value before */
#define SYNCMAP_RESULT_UNCHANGED	0x2	/* it is not newer: no bytes given */
#define SYNCMAP_RESULT_LEASED		0x4	/* the caller has the lease: @leased */
#define SYNCMAP_RESULT_EXPIRED		0x8	/* the value given is a stale one */
#define SYNCMAP_RESULT_OWNED		0x10	/* what was found was bound to a file */

/**
 * enum syncmap_limited - which limit a command ran into
 * @SYNCMAP_LIMITED_NOT: none
 * @SYNCMAP_LIMITED_ENTRIES: number of entries (ENOSPC)
 * @SYNCMAP_LIMITED_BYTES: bytes of all entries (ENOSPC)
 * @SYNCMAP_LIMITED_KEY: bytes of one key (EFBIG)
 * @SYNCMAP_LIMITED_VALUE: bytes of one value (EFBIG)
 * @SYNCMAP_LIMITED_LEASES: leases that a descriptor has or waits for (EDQUOT)
 * @SYNCMAP_LIMITED_USER_LEASES: leases that a user has or waits for (EDQUOT)
 * @SYNCMAP_LIMITED_WATCHERS: watchers of a map (ENOSPC)
 * @SYNCMAP_LIMITED_USER_WATCHERS: watchers of a user (EDQUOT)
 * @SYNCMAP_LIMITED_MAPS: maps of all users (ENOSPC)
 * @SYNCMAP_LIMITED_USER_MAPS: maps of a user (EDQUOT)
 * @SYNCMAP_LIMITED_USER_BYTES: memory that a user's maps and watchers take
 *	(EDQUOT)
 * @SYNCMAP_LIMITED_ALL_BYTES: memory that those of all users take (ENOSPC)
 * @SYNCMAP_LIMITED_USER_MAP_WATCHERS: watchers that a user has of one map of
 *	somebody else (EDQUOT)
 *
 * SYNCMAP_MAP_INFO tells the first four, SYNCMAP_INFO the others.
 */
enum syncmap_limited {
	SYNCMAP_LIMITED_NOT			= 0,
	SYNCMAP_LIMITED_ENTRIES			= 1,
	SYNCMAP_LIMITED_BYTES			= 2,
	SYNCMAP_LIMITED_KEY			= 3,
	SYNCMAP_LIMITED_VALUE			= 4,
	SYNCMAP_LIMITED_LEASES			= 5,
	SYNCMAP_LIMITED_USER_LEASES		= 6,
	SYNCMAP_LIMITED_WATCHERS		= 7,
	SYNCMAP_LIMITED_USER_WATCHERS		= 8,
	SYNCMAP_LIMITED_MAPS			= 9,
	SYNCMAP_LIMITED_USER_MAPS		= 10,
	SYNCMAP_LIMITED_USER_BYTES		= 11,
	SYNCMAP_LIMITED_ALL_BYTES		= 12,
	SYNCMAP_LIMITED_USER_MAP_WATCHERS	= 13,
};

/**
 * struct syncmap_op - SYNCMAP_OP: one operation on one key
 * @flags: SYNCMAP_FLAG_BY_REVISION and the like
 * @op: one of &enum syncmap_op_code
 * @key: pointer to the key
 * @out: pointer to a buffer for the value that the operation finds
 * @key_len: bytes of the key
 * @out_size: bytes of the buffer; zero when the value is not wanted
 * @answer: pointer to a &struct syncmap_answer
 * @answer_size: bytes of it that are wanted, the first ones; those that the
 *	kernel does not know become zero; at most 4096 (EINVAL, and so many are
 *	written). Zero: none, but LOAD_OR_LEASE wants all up to the token
 *	(EINVAL)
 * @value_len: bytes of the new value
 * @value: pointer to the new value
 * @deadline: when what is stored expires: nanoseconds of CLOCK_BOOTTIME;
 *	SYNCMAP_NEVER; zero: the default of the map. From that time on the key
 *	is absent, which may be at once. Each store sets it anew
 * @expected: the revision to compare with, or that the caller has
 * @token: the lease that STORE and UNLEASE end; zero: STORE needs none
 * @old: pointer to the content to compare with
 * @old_len: bytes to compare with
 * @reserved: must be zero
 * @wait_until: how long LOAD_OR_LEASE waits: nanoseconds of CLOCK_BOOTTIME, or
 *	SYNCMAP_NEVER
 * @lease_for: nanoseconds that the caller may have the lease, from when it is
 *	given; zero: as long as the descriptor is open
 * @operand: of arithmetic
 * @initial: with SYNCMAP_FLAG_INITIAL: value of an absent key
 * @bound: with SYNCMAP_FLAG_BOUNDED: the highest, or lowest, result
 *
 * What an operation has no use for must be zero (EOPNOTSUPP, as a later kernel
 * may know one): LOAD takes no value, STORE no old one, and so on. What it has a
 * use for, but not with these flags, must be zero, too (EINVAL). Pointer and
 * length zero mean an empty key or value.
 *
 * The struct may end behind what is asked for, and behind %SYNCMAP_OP_SHORT
 * bytes at least, which is all that LOAD without flags and DELETE have a use
 * for. Nothing is written to it; the answer and @out may not overlap it, nor what
 * it points to, which may be read again.
 *
 * LOAD needs read access; STORE, APPEND, DELETE and UNLEASE need write access;
 * the others, which write and tell what they found, need both. Without read
 * access nothing is told of a value but whether there was one, and whether that
 * was bound to an open file, its length, revision and deadline.
 *
 * Each write gives the entry a new revision. Revisions of a map are never used
 * twice, and those of one key only grow, even across deletion and Clear.
 *
 * Times, here and elsewhere, are what the clock shows to the caller, if he is
 * in a time namespace (one that it could not show is the first or the last that
 * it could). Of @out no byte is written but the @out_len that are told.
 */
struct syncmap_op {
	__u32	flags;
	__u32	op;
	__u64	key;
	__u64	out;
	__u32	key_len;
	__u32	out_size;
	__u64	answer;
	__u32	answer_size;
	__u32	value_len;
	__u64	value;
	__u64	deadline;
	__u64	expected;
	__u64	token;
	__u64	old;
	__u32	old_len;
	__u32	reserved;
	__u64	wait_until;
	__u64	lease_for;
	__u64	operand;
	__u64	initial;
	__u64	bound;
};

/* Bytes of &struct syncmap_op that there must be: all before @value */
#define SYNCMAP_OP_SHORT	48

/**
 * struct syncmap_answer - what an operation found and did
 * @result: SYNCMAP_RESULT_LOADED and the like
 * @out_len: bytes of the value that was found. If that is more than @out_size,
 *	nothing was written to @out: the operation has failed with EBUSY or
 *	EMSGSIZE, or @out_size is zero. Nor is it with SYNCMAP_RESULT_UNCHANGED
 * @revision: revision of what the operation loaded or stored, or of the
 *	deletion; with EBUSY, EMSGSIZE, EILSEQ and ERANGE of what is there
 * @expires: deadline of what was stored, or else of what was found,
 *	SYNCMAP_NEVER if none; zero if there is nothing
 * @error: why it failed
 * @previous: revision of what was replaced or deleted, zero if nothing
 * @leased: with SYNCMAP_RESULT_LEASED: the token
 * @lease_ends: with SYNCMAP_RESULT_LEASED: when the lease ends, SYNCMAP_NEVER
 *	without @lease_for. It may have ended before the caller, who waited,
 *	came to learn of it
 * @before: number that arithmetic found; @initial if the key was absent
 * @after: number that it left; with ERANGE the same as @before
 *
 * The value is in @out on success and with EBUSY only, and after other errors
 * the fields that none is named for mean nothing.
 */
struct syncmap_answer {
	__u32			result;
	__u32			out_len;
	__u64			revision;
	__u64			expires;
	struct syncmap_error	error;
	__u64			previous;
	__u64			leased;
	__u64			lease_ends;
	__u64			before;
	__u64			after;
};

/* Operations of one SYNCMAP_BATCH at most */
#define SYNCMAP_BATCH_MAX	1024

/* The first operation that fails is the last one */
#define SYNCMAP_BATCH_STOP	0x1

/**
 * struct syncmap_batch - SYNCMAP_BATCH: many operations in one call
 * @flags: SYNCMAP_BATCH_STOP
 * @op_size: bytes of one element of the array, as if it were the struct of
 *	SYNCMAP_OP; at most 4096
 * @ops: pointer to an array of &struct syncmap_op
 * @count: how many elements there are, at most SYNCMAP_BATCH_MAX
 * @done: out: how many operations were carried out, the first of the array
 * @failed: out: how many of these have failed
 * @reserved: out: zero
 * @error: out: why the command failed
 *
 * Each operation is what it would be if it came alone, and so is its answer.
 * They are done one after the other, except that loads which follow one another
 * are done in any order. Others see the effect of some before that of the rest,
 * and may come in between. LOAD_OR_LEASE needs SYNCMAP_FLAG_NOWAIT (EINVAL).
 *
 * Operations that fail do not make the command fail: &syncmap_answer.error
 * tells, so who does not want answers learns only how many there were.
 *
 * An element that cannot be read (EFAULT, E2BIG), or whose answer could not be
 * written (EFAULT), is not carried out, and ends the command; so does a fatal
 * signal (EINTR). If an answer can be written before its operation and no
 * longer behind it, that was carried out, and is the last one; but a load,
 * which nobody has heard of, is not counted, and a lease that nobody has heard of
 * is given up.
 */
struct syncmap_batch {
	__u32			flags;
	__u32			op_size;
	__u64			ops;
	__u32			count;
	__u32			done;
	__u32			failed;
	__u32			reserved;
	struct syncmap_error	error;
};

/* The times of the answer are nanoseconds from when it is read */
#define SYNCMAP_AWAIT_FROM_NOW	0x1

/**
 * struct syncmap_await - SYNCMAP_AWAIT: stand in line for a lease, and do
 *	something else meanwhile
 * @flags: SYNCMAP_AWAIT_FROM_NOW
 * @key_len: bytes of the key
 * @key: pointer to the key
 * @lease_for: see &struct syncmap_op
 * @fd: out: descriptor of the place in line
 * @reserved: out: zero
 * @error: out: why it failed
 *
 * When the wait is over, poll(2) says that the descriptor can be read, and
 * read(2) gives the first bytes of a &struct syncmap_answer, as many as there
 * is room for, but @leased at least (EMSGSIZE). Either the caller has the lease
 * now, as if by LOAD_OR_LEASE with the descriptor of the map:
 * SYNCMAP_RESULT_LEASED. Or there is nothing to wait for any more, and no bit
 * is set: LOAD_OR_LEASE will tell. If the key is present, or not leased, the wait
 * is over at once, and so it is when the descriptor of the map is closed.
 *
 * Before that, read(2) waits, or with O_NONBLOCK fails with EAGAIN. The answer is
 * read once; after that read gives 0 and poll POLLHUP. Closed before it was read,
 * the descriptor leaves the line, or gives the lease back. It counts as a lease.
 * Needs read and write access.
 */
struct syncmap_await {
	__u32			flags;
	__u32			key_len;
	__u64			key;
	__u64			lease_for;
	__s32			fd;
	__u32			reserved;
	struct syncmap_error	error;
};

/**
 * enum syncmap_record_type - what a record tells
 * @SYNCMAP_RECORD_ENTRY: of a range or dump: this entry is there
 * @SYNCMAP_RECORD_DUMPED: end of the dump; it was of @revision
 * @SYNCMAP_RECORD_STORE: the key has a new value
 * @SYNCMAP_RECORD_DELETE: the key is absent
 * @SYNCMAP_RECORD_CLEAR: all keys are absent, whatever the filter
 * @SYNCMAP_RECORD_OVERFLOW: events have been lost; @revision is the last of
 *	which none has
 * @SYNCMAP_RECORD_REMOVED: the map has lost its name; @revision is the newest
 *
 * Whoever reads records goes past those of a type that he does not know.
 */
enum syncmap_record_type {
	SYNCMAP_RECORD_ENTRY	= 1,
	SYNCMAP_RECORD_DUMPED	= 2,
	SYNCMAP_RECORD_STORE	= 3,
	SYNCMAP_RECORD_DELETE	= 4,
	SYNCMAP_RECORD_CLEAR	= 5,
	SYNCMAP_RECORD_OVERFLOW	= 6,
	SYNCMAP_RECORD_REMOVED	= 7,
};

/* The value is there */
#define SYNCMAP_RECORD_VALUE	0x1
/* ENTRY, STORE: the entry is bound to an open file */
#define SYNCMAP_RECORD_OWNED	0x2
/* REMOVED: another map has the name now */
#define SYNCMAP_RECORD_REPLACED	0x4
/* ENTRY, STORE: the entry is never evicted: SYNCMAP_FLAG_KEEP */
#define SYNCMAP_RECORD_KEPT	0x8

/* Why an entry was stored or deleted, if not by an operation. There may be more */
#define SYNCMAP_REASON_EXPIRED	0x100	/* its deadline has passed */
#define SYNCMAP_REASON_ORPHANED	0x101	/* its owner has closed the map */
#define SYNCMAP_REASON_EVICTED	0x102	/* there was no room: SYNCMAP_CREATE_EVICT */

/**
 * struct syncmap_record - one record of SYNCMAP_RANGE or SYNCMAP_WATCH
 * @size: bytes to the next record, a multiple of 8
 * @data: bytes from the beginning of the record to the key; right behind the
 *	key is the value. A newer kernel has more fields before it
 * @type: one of &enum syncmap_record_type
 * @flags: SYNCMAP_RECORD_VALUE and the like
 * @reason: of STORE and DELETE: the operation, of &enum syncmap_op_code, or
 *	SYNCMAP_REASON_EXPIRED and the like
 * @key_len: bytes of the key
 * @value_len: bytes of the value, even if it is left out: it was not asked for,
 *	or there was no room for it in the queue of the watcher
 * @revision: of an ENTRY its own; else of the change
 * @expires: of ENTRY and STORE: the deadline, SYNCMAP_NEVER if there is none.
 *	SYNCMAP_OP_TOUCH, which moves it, has no event
 */
struct syncmap_record {
	__u32	size;
	__u16	data;
	__u16	type;
	__u32	flags;
	__u32	reason;
	__u32	key_len;
	__u32	value_len;
	__u64	revision;
	__u64	expires;
};

/* Leave the values out */
#define SYNCMAP_RANGE_KEYS_ONLY	0x1

/**
 * struct syncmap_range - SYNCMAP_RANGE: some entries, in an arbitrary order
 * @flags: SYNCMAP_RANGE_KEYS_ONLY
 * @size: bytes of the buffer
 * @buffer: pointer to a buffer for whole records, &struct syncmap_record, each
 *	aligned to 8 bytes from its beginning
 * @cursor: where to go on: zero at first, then what the last call left here;
 *	SYNCMAP_END when there are no more. Any number is a valid cursor,
 *	it stays valid for ever, costs the kernel nothing, and tells nothing
 * @count: out: number of records
 * @used: out: bytes of the buffer that they fill
 * @needed: out: with EMSGSIZE: a buffer size that gets on from here
 * @reserved: out: zero
 * @error: out: why it failed
 *
 * A walk from zero to SYNCMAP_END shows no key twice, and every key that
 * was there throughout. Only the cursor tells the end: a call may return no
 * record and a cursor that goes on.
 *
 * Needs read access.
 */
struct syncmap_range {
	__u32			flags;
	__u32			size;
	__u64			buffer;
	__u64			cursor;
	__u32			count;
	__u32			used;
	__u32			needed;
	__u32			reserved;
	struct syncmap_error	error;
};

/* SYNCMAP_WATCH: @filter is the one key to watch */
#define SYNCMAP_WATCH_KEY	0x1
/* @filter is what the keys to watch begin with; not for keys of type u64 */
#define SYNCMAP_WATCH_PREFIX	0x2
/* Give the values, too */
#define SYNCMAP_WATCH_VALUES	0x4
/* First give what is there */
#define SYNCMAP_WATCH_DUMP	0x8

/* Bytes of a watcher's queue: at least, unless it says otherwise, at most */
#define SYNCMAP_QUEUE_MIN	0x2000
#define SYNCMAP_QUEUE_DEFAULT	0x10000
#define SYNCMAP_QUEUE_MAX	0x1000000

/* So many poll(2) or epoll(7) instances are told of each event without delay */
#define SYNCMAP_WATCH_POLLS	16

/**
 * struct syncmap_watch - SYNCMAP_WATCH: be told what changes
 * @flags: SYNCMAP_WATCH_KEY and the like
 * @filter_len: bytes of the key or prefix
 * @filter: pointer to a key or prefix; without SYNCMAP_WATCH_KEY and
 *	SYNCMAP_WATCH_PREFIX zero
 * @since: with SYNCMAP_WATCH_DUMP: show only entries of a higher revision
 * @queue_size: bytes that events wait in for read(2), rounded up to a power of
 *	two; zero: SYNCMAP_QUEUE_DEFAULT
 * @record_size: out: a buffer that each record fits in
 * @revision: out: each change of a higher revision has an event
 * @fd: out: descriptor to read records from
 * @reserved: out: zero
 * @error: out: why it failed
 *
 * The descriptor gives records, each a &struct syncmap_record, to read(2): as
 * many whole ones as fit, EMSGSIZE if not even one does. It waits for one, and
 * can be interrupted, or with O_NONBLOCK fails with EAGAIN; poll(2) tells when
 * there is one. Where more than SYNCMAP_WATCH_POLLS poll one descriptor, they
 * are told again after a pause, 256 us for each but a second at most. When
 * nobody has a descriptor of the map any more, the reader included, nor its
 * name, or the map is retired, read gives 0 and poll POLLHUP.
 *
 * Each change of a key that is watched has one event, in the order of their
 * revisions; it comes when the change can be seen. A change that a Clear has
 * swept away at the same time may have none but that of the Clear. When the
 * queue is full, events are dropped, and a record says so. That the map has lost
 * its name is told after that again, and in the beginning to whoever comes later.
 *
 * With SYNCMAP_WATCH_DUMP there are first, in an arbitrary order, the entries
 * as they were at @revision, unless they have changed by the time they are
 * reached: those have an event. A record closes the dump, and events follow. So
 * an entry that was shown is followed only by newer ones of the same key, and
 * whoever applies all records has what is in the map. After an overflow the
 * dump is made anew, of all entries whatever @since was: what it does not show
 * by its end, and no event tells of, is gone.
 *
 * SYNCMAP_INFO tells how many watchers a map may have, how many one user, how
 * many a user who neither owns the map nor has CAP_FOWNER, and how many places
 * are left to the owner.
 *
 * Needs read access.
 */
struct syncmap_watch {
	__u32			flags;
	__u32			filter_len;
	__u64			filter;
	__u64			since;
	__u32			queue_size;
	__u32			record_size;
	__u64			revision;
	__s32			fd;
	__u32			reserved;
	struct syncmap_error	error;
};

/* Return when the memory is free, not when the map is empty */
#define SYNCMAP_CLEAR_WAIT	0x1

/**
 * struct syncmap_clear - SYNCMAP_CLEAR: delete all entries at once
 * @flags: SYNCMAP_CLEAR_WAIT
 * @reserved: must be zero
 *
 * The map is empty at one instant of the call. What was in it is freed in the
 * background, and counts as bytes until then; whoever finds the map full waits
 * for that, and so does the next Clear.
 *
 * Needs write access.
 */
struct syncmap_clear {
	__u32	flags;
	__u32	reserved;
};

/* SYNCMAP_SET: what is changed */
#define SYNCMAP_SET_MODE	0x1
#define SYNCMAP_SET_GROUP	0x2
#define SYNCMAP_SET_VALUE_KIND	0x4
#define SYNCMAP_SET_ENTRIES	0x8
#define SYNCMAP_SET_BYTES	0x10
#define SYNCMAP_SET_TTL		0x20
#define SYNCMAP_SET_STALE	0x40
/* Give it a mirror, from which processes load, or take that away: syncmap_mapped.h */
#define SYNCMAP_SET_MAPPED	0x80
#define SYNCMAP_SET_UNMAPPED	0x100
/* Have it evict from now on, or no longer: SYNCMAP_CREATE_EVICT */
#define SYNCMAP_SET_EVICT	0x200
#define SYNCMAP_SET_NO_EVICT	0x400

/**
 * struct syncmap_set - SYNCMAP_SET: change what a map is
 * @flags: which of the fields count, SYNCMAP_SET_MODE and the like; the others
 *	must be zero. SYNCMAP_SET_MAPPED and SYNCMAP_SET_UNMAPPED have no field, nor
 *	have SYNCMAP_SET_EVICT and SYNCMAP_SET_NO_EVICT; of either two, only one may
 *	be there
 * @mode: see &struct syncmap_create, without the umask. Descriptors that there
 *	are keep their access
 * @gid: group: one of the caller's, or with CAP_CHOWN any that is mapped into
 *	the caller's user namespace, as for a file (EPERM)
 * @value_kind: see &struct syncmap_create
 * @entries: see &struct syncmap_limits; zero for the default. If there are
 *	more, none goes, but no new key comes until there are less
 * @bytes: the same
 * @ttl: see &struct syncmap_create; for what is stored from now on
 * @stale: see &struct syncmap_create. What has expired before is kept for the
 *	shorter of both times
 * @error: out: why it failed; nothing has changed then
 *
 * A frozen map can be changed, too, but not its entries. Others may see a part of
 * the changes before the rest.
 *
 * A mirror is made, or given back, after the call has returned; until it is there
 * loads ask the kernel. The one that the map is created with, or else the first that
 * it is given, decides for good how large a mapping is: after the limits that the
 * map has then. With higher ones later, what does not fit is asked for. To give it
 * to a map that has it, or to take it from one that has none, is no error.
 *
 * Needs ADMIN access.
 */
struct syncmap_set {
	__u32			flags;
	__u32			mode;
	__u32			gid;
	__u32			value_kind;
	__u64			entries;
	__u64			bytes;
	__u64			ttl;
	__u64			stale;
	struct syncmap_error	error;
};

/**
 * struct syncmap_restrict - SYNCMAP_RESTRICT: get a descriptor that may do less
 * @flags: must be zero
 * @access: SYNCMAP_ACCESS_READ and the like, not zero; EBADF if this descriptor
 *	does not have it
 * @fd: out: another descriptor of the map
 * @reserved: out: zero
 * @error: out: why it failed
 *
 * For passing it on; a map without a name has no other way. The two are as if
 * the map had been opened twice: what one owns or leases is not the other's.
 */
struct syncmap_restrict {
	__u32			flags;
	__u32			access;
	__s32			fd;
	__u32			reserved;
	struct syncmap_error	error;
};

/**
 * struct syncmap_freeze - SYNCMAP_FREEZE: let nobody write any more, for good
 * @flags: must be zero
 * @reserved: must be zero
 *
 * When it returns, no write is under way, and all later ones fail with EROFS,
 * even if they would change nothing: SYNCMAP_CLEAR, and all operations but LOAD
 * and UNLEASE. Leases end without a value, and waits for one with EROFS:
 * LOAD_OR_LEASE gives what is there, an expired value to SYNCMAP_FLAG_STALE, but
 * no lease. Entries expire, and go with their owners, as they would have; the
 * name can be removed. To freeze a frozen map is no error.
 *
 * Needs ADMIN access.
 */
struct syncmap_freeze {
	__u32	flags;
	__u32	reserved;
};

/**
 * struct syncmap_retire - SYNCMAP_RETIRE: let nobody use the map any more
 * @flags: must be zero
 * @reserved: must be zero
 *
 * The map is frozen; it is emptied, at one instant, for good; and then it loses
 * its name: to those who have it open no key is there, and none can be stored
 * (EROFS). Who watches hears SYNCMAP_RECORD_CLEAR, if something was in it,
 * SYNCMAP_RECORD_REMOVED, if it had a name, and then the end.
 *
 * The memory is freed in the background, but for some tens of kilobytes until the
 * last descriptor is closed, whoever has that: these count as bytes of the user
 * who made the map, but no longer as a map.
 *
 * Needs ADMIN access.
 */
struct syncmap_retire {
	__u32	flags;
	__u32	reserved;
};

/* The control descriptor */
#define SYNCMAP_INFO	 _IOWR(SYNCMAP_IOC_TYPE, 0x00, struct syncmap_info)
#define SYNCMAP_CREATE	 _IOWR(SYNCMAP_IOC_TYPE, 0x01, struct syncmap_create)
#define SYNCMAP_OPEN	 _IOWR(SYNCMAP_IOC_TYPE, 0x02, struct syncmap_open)
#define SYNCMAP_REMOVE	 _IOWR(SYNCMAP_IOC_TYPE, 0x03, struct syncmap_remove)
#define SYNCMAP_PUBLISH	 _IOWR(SYNCMAP_IOC_TYPE, 0x04, struct syncmap_publish)
#define SYNCMAP_LIST	 _IOWR(SYNCMAP_IOC_TYPE, 0x05, struct syncmap_list)

/* A map descriptor */
#define SYNCMAP_MAP_INFO _IOWR(SYNCMAP_IOC_TYPE, 0x10, struct syncmap_map_info)
#define SYNCMAP_STATS	 _IOWR(SYNCMAP_IOC_TYPE, 0x11, struct syncmap_stats)
#define SYNCMAP_OP	 _IOW(SYNCMAP_IOC_TYPE, 0x12, struct syncmap_op)
#define SYNCMAP_BATCH	 _IOWR(SYNCMAP_IOC_TYPE, 0x13, struct syncmap_batch)
#define SYNCMAP_AWAIT	 _IOWR(SYNCMAP_IOC_TYPE, 0x14, struct syncmap_await)
#define SYNCMAP_RANGE	 _IOWR(SYNCMAP_IOC_TYPE, 0x15, struct syncmap_range)
#define SYNCMAP_WATCH	 _IOWR(SYNCMAP_IOC_TYPE, 0x16, struct syncmap_watch)
#define SYNCMAP_CLEAR	 _IOW(SYNCMAP_IOC_TYPE, 0x17, struct syncmap_clear)
#define SYNCMAP_SET	 _IOWR(SYNCMAP_IOC_TYPE, 0x18, struct syncmap_set)
#define SYNCMAP_RESTRICT _IOWR(SYNCMAP_IOC_TYPE, 0x19, struct syncmap_restrict)
#define SYNCMAP_FREEZE	 _IOW(SYNCMAP_IOC_TYPE, 0x1a, struct syncmap_freeze)
#define SYNCMAP_RETIRE	 _IOW(SYNCMAP_IOC_TYPE, 0x1b, struct syncmap_retire)

/* SYNCMAP_OP with the first @size bytes of its struct, e.g. SYNCMAP_OP_SHORT */
#define SYNCMAP_OP_SIZED(size) \
	_IOC(_IOC_WRITE, SYNCMAP_IOC_TYPE, _IOC_NR(SYNCMAP_OP), size)

#endif /* _UAPI_LINUX_SYNCMAP_H */
