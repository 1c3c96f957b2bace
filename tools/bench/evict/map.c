// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store itself, on the shims of the tests: keys and values are eight bytes
 */
#include <stdlib.h>
#include <linux/rcupdate.h>

#include "mapped/link.h"
#include "module/core/core.h"
#include "module/store/evict.h"
#include "module/store/info.h"
#include "module/store/job.h"
#include "module/store/map.h"
#include "module/store/op.h"
#include "module/store/request.h"

#include "map.h"
#include "policy.h"

#define VALUE	sizeof(u64)

static void need(bool right)
{
	if (!right)
		abort();
}

void map_begin(void)
{
	need(!syncmap_core_init() && !bytemap_job_start());
}

struct bytemap *map_make(u64 entries, u32 flags)
{
	const struct syncmap_create create = {
		.flags = flags, .mode = 0600, .key_type = SYNCMAP_KEY_U64,
		.limits = {
			.entries = entries, .bytes = 1ULL << 30,
			.value_size = VALUE,
		},
	};
	struct syncmap_error error = { };
	struct bytemap *map = bytemap_create(&create, &error);

	need(!IS_ERR(map));
	return map;
}

void map_free(struct bytemap *map)
{
	bytemap_put(map);
	bytemap_wait_ended();
}

static int run(struct bytemap *map, const struct syncmap_op *op, u32 number)
{
	u64 key = link_mix(number), value = number;
	struct syncmap_answer answer = { };
	struct bytemap_request req = {
		.op = op, .answer = &answer, .key = &key, .value = &value,
	};
	int err = bytemap_op(map, &req);

	bytemap_request_release(&req);
	return err;
}

bool map_load(struct bytemap *map, u32 number)
{
	static const struct syncmap_op load = {
		.op = SYNCMAP_OP_LOAD, .key_len = sizeof(u64),
		.out_size = VALUE,
	};
	int err = run(map, &load, number);

	need(!err || err == -ENOENT);
	return !err;
}

void map_store(struct bytemap *map, u32 number)
{
	static const struct syncmap_op store = {
		.op = SYNCMAP_OP_STORE, .key_len = sizeof(u64),
		.value_len = VALUE,
	};

	need(!run(map, &store, number));
}

void map_evict(struct bytemap *map, bool evicts)
{
	if (evicts)
		bytemap_evict_enable(map);
	else
		bytemap_evict_disable(map);
}

static struct bytemap_stats stats_of(struct bytemap *map)
{
	struct bytemap_stats stats;

	bytemap_info_stats(map, &stats);
	return stats;
}

u64 map_count(struct bytemap *map)
{
	return stats_of(map).count;
}

u64 map_evict_bytes(struct bytemap *map)
{
	return stats_of(map).evict.evict_bytes;
}

/* As a policy */

static struct bytemap *cache;

static void begin(const struct trace *trace, u32 entries)
{
	cache = map_make(entries, SYNCMAP_CREATE_EVICT);
}

static void end(void)
{
	map_free(cache);
}

static bool ask(u32 number)
{
	if (map_load(cache, number))
		return true;
	map_store(cache, number);
	return false;
}

/* For the self-check: nothing counts as used */
static bool ask_and_forget(u32 number)
{
	u64 key = link_mix(number);
	bool found = ask(number);
	void *value;

	rcu_read_lock();
	if (syncmap_load(&cache->core, &key, sizeof(key), &value))
		WRITE_ONCE(((struct bytemap_value *)value)->used, 0);
	rcu_read_unlock();
	return found;
}

const struct policy policy_map = {
	.name = "syncmap", .summary = "a map that evicts: the store as it is",
	.begin = begin, .ask = ask, .end = end,
};

const struct policy policy_forgetful = {
	.name = "forgetful", .summary = "the same, but no use is counted",
	.begin = begin, .ask = ask_and_forget, .end = end,
};
