// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suites of the store share
 */
#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "../../module/store/clear.h"
#include "../../module/store/client.h"
#include "../../module/store/fresh.h"
#include "../../module/store/gauge.h"
#include "../../module/store/info.h"
#include "../../module/store/job.h"
#include "../../module/store/map.h"
#include "../../module/store/op.h"
#include "../../module/store/queue.h"
#include "../../module/store/reader.h"
#include "../../module/store/sweep.h"
#include "../../module/store/tell.h"
#include "../../module/store/value.h"
#include "../../module/store/watch.h"
#include "../common.h"
#include "common.h"

#define MAPS	8

struct store_maps {
	struct bytemap	*map[MAPS];
	unsigned int	count;
};

int store_suite_init(struct kunit_suite *suite)
{
	return test_suite_init(suite) ?: bytemap_job_start();
}

void store_suite_exit(struct kunit_suite *suite)
{
	bytemap_job_exit();
}

int store_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct store_maps), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

void store_test_exit(struct kunit *test)
{
	struct store_maps *maps = test->priv;

	while (maps->count)
		bytemap_put(maps->map[--maps->count]);
	bytemap_wait_ended();
}

struct bytemap *store_map_of(struct kunit *test,
			     const struct syncmap_create *create)
{
	struct store_maps *maps = test->priv;
	struct syncmap_error error = { };
	struct bytemap *map = bytemap_create(create, &error);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	KUNIT_ASSERT_LT(test, maps->count, (unsigned int)MAPS);
	maps->map[maps->count++] = map;
	return map;
}

struct bytemap *store_map(struct kunit *test, u32 key_type,
			  const struct syncmap_limits *limits)
{
	struct syncmap_create create = { .key_type = key_type, .mode = 0600 };

	if (limits)
		create.limits = *limits;
	return store_map_of(test, &create);
}

struct bytemap *store_map_lost(struct kunit *test)
{
	struct store_maps *maps = test->priv;
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	maps->count--;
	return map;
}

#ifdef HAVE_NS_REF_READ
static void init_references(struct ns_common *ns)
{
	ns->ns_id = U32_MAX;
	refcount_set(&ns->__ns_ref, 1);
}
#else
static void init_references(struct ns_common *ns)
{
	refcount_set(&ns->count, 1);
}
#endif

struct user_namespace *store_namespace(struct kunit *test,
				       struct user_namespace *parent)
{
	static unsigned int last = 1000;
	struct user_namespace *ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ns);
	ns->parent = parent;
	ns->ns.inum = ++last;
	init_references(&ns->ns);
	return ns;
}

static u32 length(const char *text)
{
	return text ? strlen(text) : 0;
}

/* As the device does it, for all that is not appended */
static int make_long(struct bytemap *map, struct bytemap_request *req)
{
	int err;

	if (req->op->value_len <= BYTEMAP_SMALL ||
	    bytemap_request_has(req, OP_APPENDS))
		return 0;
	err = bytemap_fresh_for(map, req);
	if (err)
		return err;
	memcpy(req->fresh->bytes, req->value, req->op->value_len);
	req->value = req->fresh->bytes;
	return 0;
}

/* One for all: the cases run one after another */
static char out[1024];

int store_op(struct bytemap *map, struct store_op *so)
{
	struct syncmap_answer *answer = &so->answer;
	struct syncmap_op *op = &so->op;
	struct bytemap_request req = {
		.op = op, .answer = answer, .client = so->client,
		.key = so->key,
		.value = so->value, .old = so->old,
	};
	int err;

	op->key_len = length(so->key);
	op->value_len = length(so->value);
	op->old_len = length(so->old);
	if (bytemap_op_has(op->op, OP_GIVES_VALUE) && !op->out_size)
		op->out_size = sizeof(out);
	op->answer_size = sizeof(*answer);
	err = bytemap_request_check(map, op, answer) ?: make_long(map, &req) ?:
	      bytemap_op(map, &req);
	so->out = out;
	memset(out, 0, sizeof(out));
	if (answer->out_len <= op->out_size)
		memcpy(out, bytemap_view_bytes(&req.found), answer->out_len);
	bytemap_request_release(&req);
	return err;
}

int store_store(struct bytemap *map, const char *key, const char *value)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .key = key, .value = value,
	};

	return store_op(map, &so);
}

int store_delete(struct bytemap *map, const char *key)
{
	struct store_op so = { .op.op = SYNCMAP_OP_DELETE, .key = key };

	return store_op(map, &so);
}

int store_clear(struct bytemap *map)
{
	return bytemap_clear(map) ?: bytemap_clear_wait(map);
}

int store_owned(struct bytemap *map, struct bytemap_client *client,
		const char *key, const char *value)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.flags = SYNCMAP_FLAG_OWNED,
		.client = client, .key = key, .value = value,
	};

	return store_op(map, &so);
}

int store_tombstones(struct bytemap *map, unsigned int keys)
{
	unsigned int i;
	char key[16];
	int err = 0;

	for (i = 0; i < keys && !err; i++) {
		snprintf(key, sizeof(key), "dead %u", i);
		err = store_store(map, key, "");
	}
	err = err ?: syncmap_promote(&map->core);
	for (i = 0; i < keys && !err; i++) {
		snprintf(key, sizeof(key), "dead %u", i);
		err = store_delete(map, key);
	}
	return err;
}

bool store_has(struct bytemap *map, const char *key, const char *value)
{
	struct store_op so = { .op.op = SYNCMAP_OP_LOAD, .key = key };

	return !store_op(map, &so) && so.answer.out_len == length(value) &&
	       !memcmp(so.out, value, so.answer.out_len);
}

u64 store_stat(struct bytemap *map, const char *name)
{
	struct bytemap_stats stats;
	struct syncmap_stat stat;
	unsigned int nr;

	bytemap_info_stats(map, &stats);
	for (nr = 0; bytemap_info_stat(&stats, nr, &stat); nr++)
		if (!strcmp(stat.name, name))
			return stat.value;
	return U64_MAX;
}

struct bytemap_client *store_client(struct kunit *test, struct bytemap *map)
{
	struct bytemap_client *client = bytemap_client_create(map, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, client);
	kref_get(&map->refs);
	return client;
}

void store_client_end(struct bytemap_client *client)
{
	bytemap_client_close(client);
}

u64 store_lease(struct bytemap_client *client, const char *key)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_LOAD_OR_LEASE,
		.op.flags = SYNCMAP_FLAG_NOWAIT,
		.key = key, .client = client,
	};

	return store_op(client->map, &so) ? 0 : so.answer.leased;
}

int store_leased(struct bytemap_client *client, const char *key,
		 const char *value, u64 token)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.token = token,
		.key = key, .value = value, .client = client,
	};

	return store_op(client->map, &so);
}

int store_unlease(struct bytemap_client *client, const char *key, u64 token)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_UNLEASE, .op.token = token,
		.key = key, .client = client,
	};

	return store_op(client->map, &so);
}

struct bytemap_value *store_object(struct bytemap *map, const char *key)
{
	struct bytemap_value *value = NULL;
	void *found;

	rcu_read_lock();
	if (syncmap_load(&map->core, key, strlen(key), &found)) {
		value = found;
		refcount_inc(&value->refs);
	}
	rcu_read_unlock();
	return value;
}

struct bytemap_value *store_value(struct kunit *test, struct bytemap *map,
				  size_t len)
{
	struct bytemap_value *value = bytemap_value_alloc(len);

	KUNIT_ASSERT_NOT_NULL(test, value);
	memset(value->bytes, 'v', len);
	value->doom = &map->doom;
	value->epoch = 0;
	value->used = 0;
	value->state = VALUE_LIVE;
	value->revision = 5;
	return value;
}

struct bytemap_watch *store_watch(struct kunit *test, struct bytemap *map,
				  u32 flags, const char *filter)
{
	struct syncmap_watch params = {
		.flags = flags, .filter_len = strlen(filter),
		.queue_size = SYNCMAP_QUEUE_MIN,
	};
	struct syncmap_error error = { };
	struct bytemap_watch *watch;

	KUNIT_ASSERT_EQ(test, bytemap_watch_check(map, &params, &error), 0);
	watch = bytemap_watch_create(map, &params, filter, &error);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	return watch;
}

const struct syncmap_record *
store_event(struct kunit *test, struct bytemap_watch *watch, u32 type)
{
	static struct bytemap_record record;

	mutex_lock(&watch->lock);
	KUNIT_EXPECT_TRUE(test, bytemap_reader_has_record(watch));
	KUNIT_EXPECT_EQ(test, bytemap_reader_peek(watch, &record), 1);
	KUNIT_EXPECT_EQ(test, record.head.type, type);
	bytemap_reader_consume(watch, &record);
	mutex_unlock(&watch->lock);
	return &record.head;
}

void store_no_event(struct kunit *test, struct bytemap_watch *watch)
{
	struct bytemap_record record;

	mutex_lock(&watch->lock);
	KUNIT_EXPECT_FALSE(test, bytemap_reader_has_record(watch));
	KUNIT_EXPECT_EQ(test, bytemap_reader_peek(watch, &record), 0);
	mutex_unlock(&watch->lock);
}

char *store_text(struct kunit *test, char c, size_t len)
{
	char *text = kunit_kzalloc(test, len + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, c, len);
	return text;
}

u64 store_count(struct bytemap *map)
{
	struct syncmap_map_info info;

	bytemap_sweep(map);
	bytemap_info(map, &init_user_ns, &info);
	return info.count;
}

u64 store_bytes(struct bytemap *map)
{
	return bytemap_gauge_read(&map->bytes);
}

void store_kill(void)
{
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
}

void store_revive(void)
{
	flush_signals(current);
	disallow_signal(SIGKILL);
}

void store_as_user(struct kunit *test, unsigned int uid, unsigned int gid,
		   void (*fn)(struct kunit *test, struct bytemap *map),
		   struct bytemap *map)
{
	struct cred *cred = prepare_creds();
	const struct cred *before;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->fsuid = KUIDT_INIT(uid);
	cred->fsgid = KGIDT_INIT(gid);
	cap_clear(cred->cap_effective);
	before = override_creds(cred);
	fn(test, map);
	revert_creds(before);
	put_cred(cred);
}
