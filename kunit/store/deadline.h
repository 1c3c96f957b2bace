/* SPDX-License-Identifier: GPL-2.0-only */
/* Deadlines in a case: PAST is late, and an hour is not over before the case is */
#ifndef _SYNCMAP_KUNIT_STORE_DEADLINE_H
#define _SYNCMAP_KUNIT_STORE_DEADLINE_H

#include <linux/ktime.h>

#include "../../module/store/sweep.h"
#include "common.h"

#define PAST	1ULL

static inline u64 in_an_hour(void)
{
	return ktime_get_boottime_ns() + 3600 * NSEC_PER_SEC;
}

/* Static, as a case with many expectations has no stack left for it */
static inline struct bytemap *ttl_map(struct kunit *test, u64 ttl, u64 stale)
{
	static struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .mode = 0600,
	};

	create.ttl = ttl;
	create.stale = stale;
	return store_map_of(test, &create);
}

static inline int store_until(struct bytemap *map, const char *key,
			      const char *value, u64 deadline)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.deadline = deadline,
		.key = key, .value = value,
	};

	return store_op(map, &so);
}

static inline int touch(struct bytemap *map, const char *key, u64 deadline)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_TOUCH, .op.deadline = deadline, .key = key,
	};

	return store_op(map, &so);
}

static inline u64 expires(struct bytemap *map, const char *key)
{
	struct store_op so = { .op.op = SYNCMAP_OP_LOAD, .key = key };

	store_op(map, &so);
	return so.answer.expires;
}

static inline u64 stat_of(struct bytemap *map, const char *name)
{
	bytemap_sweep(map);
	return store_stat(map, name);
}

/* The object of @key, whose place in the queue the case looks at */
static inline struct bytemap_value *
object(struct kunit *test, struct bytemap *map, const char *key)
{
	struct bytemap_value *value = store_object(map, key);

	KUNIT_ASSERT_NOT_NULL(test, value);
	bytemap_value_put(value);
	return value;
}

static inline u64 queued(struct kunit *test, struct bytemap *map,
			 const char *key)
{
	struct bytemap_value *value = object(test, map, key);

	return value->mortal ? bytemap_mortal(value)->node.expires : 0;
}

#endif /* _SYNCMAP_KUNIT_STORE_DEADLINE_H */
