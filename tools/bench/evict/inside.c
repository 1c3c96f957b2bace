// SPDX-License-Identifier: GPL-2.0-only
/*
 * A map of the store as a cache, in this process: by itself, and with a system call
 * that does nothing for each operation, as one by ioctl would take. Both are the same
 * map.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uapi/linux/syncmap.h>

#include "cache.h"
#include "map.h"

static struct bytemap *map;
static int nothing = -1;

static const char *open_map(void)
{
	map = map_make(CACHE_ENTRIES, SYNCMAP_CREATE_EVICT);
	return NULL;
}

static void close_map(void)
{
	map_free(map);
}

static const char *open_call(void)
{
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return nothing < 0 ? "no /dev/null" : NULL;
}

static void close_call(void)
{
	close(nothing);
}

/* A command that the file does not know */
static void call(void)
{
	ioctl(nothing, _IO('~', 1), 0);
}

static bool load(int thread, u32 number)
{
	return map_load(map, number);
}

static bool call_and_load(int thread, u32 number)
{
	call();
	return map_load(map, number);
}

static void store(int thread, u32 number)
{
	map_store(map, number);
}

static void call_and_store(int thread, u32 number)
{
	call();
	map_store(map, number);
}

static void warm(u32 number)
{
	if (!map_load(map, number))
		map_store(map, number);
}

static void warmed(void)
{
}

static u64 count(void)
{
	return map_count(map);
}

const struct cache cache_map = {
	.name = "syncmap", .summary = "the store, in this process",
	.open = open_map, .warm = warm, .warmed = warmed, .load = load,
	.store = store, .count = count, .close = close_map,
};

const struct cache cache_called = {
	.name = "syncmap + null call",
	.summary = "the same, and an ioctl that does nothing for each load and store",
	.open = open_call, .warm = warm, .warmed = warmed,
	.load = call_and_load, .store = call_and_store, .count = count,
	.close = close_call,
};
