// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that do all that a map of the store can, on a few keys, at the same time:
 * for the sanitizers. What they find has to be whole, and of a key nobody finds an
 * older revision than he has seen. In the end nothing is left that is counted.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/user_namespace.h>

#include "kunit/crew.h"
#include "kunit/store/common.h"
#include "module/store/account.h"
#include "module/store/clear.h"
#include "module/store/client.h"
#include "module/store/evict.h"
#include "module/store/fresh.h"
#include "module/store/freeze.h"
#include "module/store/info.h"
#include "module/store/map.h"
#include "module/store/memory.h"
#include "module/store/name.h"
#include "module/store/op.h"
#include "module/store/place.h"
#include "module/store/reader.h"
#include "module/store/record.h"
#include "module/store/retire.h"
#include "module/store/set.h"
#include "module/store/sweep.h"
#include "module/store/tell.h"
#include "module/store/watch.h"

#define MEMBERS		4
#define LONGEST		3000
#define PIECE		16

/* What there is at a key: bytes that are all the same, a number, a log, a lease */
enum kind {
	UNIFORM,
	NUMBER,
	LOG,
	LEASED,
	KINDS,
};

#define KEYS		(3 * KINDS)

struct way {
	const char		*title;
	struct syncmap_create	create;
	bool			watched;
	unsigned int		entries;	/* limits that change, up to it */
};

static const struct way ways[] = {
	{ "plain", { .key_type = SYNCMAP_KEY_STRING } },
	{ "watched", { .key_type = SYNCMAP_KEY_STRING }, .watched = true },
	{ "narrow", { .key_type = SYNCMAP_KEY_STRING }, .entries = KEYS / 2 },
	{ "passing", { .key_type = SYNCMAP_KEY_STRING, .ttl = NSEC_PER_MSEC },
	  .watched = true },
	{ "stale", { .key_type = SYNCMAP_KEY_STRING, .stale = U64_MAX,
		     .ttl = NSEC_PER_MSEC }, .entries = KEYS },
	{ "evicting", { .key_type = SYNCMAP_KEY_STRING,
			.flags = SYNCMAP_CREATE_EVICT, .stale = NSEC_PER_MSEC },
	  .watched = true, .entries = KEYS / 2 },
};

static void way_desc(const struct way *way, char *desc)
{
	strscpy(desc, way->title, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

struct member {
	struct worker		*worker;
	struct bytemap		*map;
	struct bytemap_client	*client;
	u64			seen[KEYS];
	u8			value[LONGEST];
	unsigned int		key;
	char			name[8];
	struct syncmap_op	op;
	struct syncmap_answer	answer;
};

static bool frozen;

static u32 below(struct member *m, u32 limit)
{
	return test_below(&m->worker->rnd, limit);
}

static bool is_uniform(const u8 *bytes, u32 len)
{
	return !len || !memchr_inv(bytes, bytes[0], len);
}

static bool is_log(const u8 *bytes, u32 len)
{
	u32 at;

	for (at = 0; at < len; at += PIECE)
		if (!is_uniform(bytes + at, PIECE))
			return false;
	return len % PIECE == 0;
}

static bool is_whole(unsigned int key, const u8 *bytes, u32 len)
{
	switch (key % KINDS) {
	case NUMBER:
		return len == sizeof(u64);
	case LOG:
		return is_log(bytes, len);
	default:
		return is_uniform(bytes, len);
	}
}

/* As the device does it, for all that is not appended */
static int make_long(struct member *m, struct bytemap_request *req)
{
	int err;

	if (m->op.value_len <= BYTEMAP_SMALL || bytemap_request_has(req, OP_APPENDS))
		return 0;
	err = bytemap_fresh_for(m->map, req);
	if (err)
		return err;
	memcpy(req->fresh->bytes, req->value, m->op.value_len);
	req->value = req->fresh->bytes;
	return 0;
}

static bool is_expected(int err)
{
	static const int expected[] = {
		0, -ENOENT, -EBUSY, -ENOSPC, -ESTALE, -EAGAIN, -ETIMEDOUT, -EFBIG,
	};
	unsigned int i;

	if (err == -EROFS)
		return READ_ONCE(frozen);
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		if (err == expected[i])
			return true;
	return false;
}

static void look(struct member *m, const struct bytemap_request *req, int err)
{
	const struct syncmap_answer *answer = &m->answer;

	CREW_EXPECT(m->worker, is_expected(err));
	if (err && err != -EBUSY)
		return;
	if (answer->revision && !(answer->result & SYNCMAP_RESULT_EXPIRED)) {
		CREW_EXPECT(m->worker, answer->revision >= m->seen[m->key]);
		m->seen[m->key] = answer->revision;
	}
	if (answer->result & (SYNCMAP_RESULT_LOADED | SYNCMAP_RESULT_EXPIRED) &&
	    m->op.out_size)
		CREW_EXPECT(m->worker,
			    is_whole(m->key, bytemap_view_bytes(&req->found),
				     answer->out_len));
}

/* The operation of @m, on its key */
static int act(struct member *m)
{
	struct bytemap_request req = {
		.op = &m->op, .answer = &m->answer, .client = m->client,
		.key = m->name, .value = m->value, .old = m->value,
	};
	int err;

	snprintf(m->name, sizeof(m->name), "key %u", m->key);
	m->op.key_len = strlen(m->name);
	m->op.answer_size = sizeof(m->answer);
	if (bytemap_op_has(m->op.op, OP_GIVES_VALUE))
		m->op.out_size = BYTEMAP_VALUE_MAX;
	err = bytemap_request_check(m->map, &m->op, &m->answer) ?:
	      make_long(m, &req) ?: bytemap_op(m->map, &req);
	look(m, &req, err);
	bytemap_request_release(&req);
	return err;
}

static void fill(struct member *m, u32 len)
{
	memset(m->value, 'a' + below(m, 26), len);
	m->op.value_len = len;
}

static u32 some_length(struct member *m)
{
	static const u32 lengths[] = { 0, 8, 40, 64, 65, 256, 257, LONGEST };

	return lengths[below(m, ARRAY_SIZE(lengths))];
}

static u64 some_time(struct member *m)
{
	return ktime_get_boottime_ns() + below(m, 2 * NSEC_PER_MSEC);
}

/* Deadline and owner of what is stored */
static void draw_end(struct member *m)
{
	u32 what = below(m, 8);

	if (what == 0)
		m->op.deadline = some_time(m);
	else if (what == 1)
		m->op.deadline = SYNCMAP_NEVER;
	else if (what == 2)
		m->op.flags |= SYNCMAP_FLAG_KEEP;
	if (what >= 6)
		m->op.flags |= SYNCMAP_FLAG_OWNED;
}

static void act_on_uniform(struct member *m)
{
	static const u32 ops[] = {
		SYNCMAP_OP_LOAD, SYNCMAP_OP_LOAD, SYNCMAP_OP_STORE,
		SYNCMAP_OP_STORE, SYNCMAP_OP_LOAD_OR_STORE, SYNCMAP_OP_SWAP,
		SYNCMAP_OP_DELETE, SYNCMAP_OP_LOAD_AND_DELETE,
		SYNCMAP_OP_COMPARE_AND_SWAP, SYNCMAP_OP_COMPARE_AND_DELETE,
		SYNCMAP_OP_TOUCH,
	};
	u32 op = ops[below(m, ARRAY_SIZE(ops))];

	m->op.op = op;
	if (bytemap_op_has(op, OP_TAKES_VALUE)) {
		fill(m, some_length(m));
		draw_end(m);
	} else if (op == SYNCMAP_OP_TOUCH) {
		m->op.deadline = below(m, 2) ? some_time(m) : 0;
	}
	if (bytemap_op_has(op, OP_TAKES_OLD) && below(m, 2)) {
		m->op.flags |= SYNCMAP_FLAG_BY_REVISION;
		m->op.expected = m->seen[m->key];
	} else if (bytemap_op_has(op, OP_TAKES_OLD)) {
		m->op.old_len = m->op.value_len;
	}
	act(m);
}

static void act_on_number(struct member *m)
{
	static const u32 ops[] = {
		SYNCMAP_OP_LOAD, SYNCMAP_OP_ADD, SYNCMAP_OP_ADD, SYNCMAP_OP_MAX,
		SYNCMAP_OP_XOR, SYNCMAP_OP_TOUCH, SYNCMAP_OP_DELETE,
	};

	m->op.op = ops[below(m, ARRAY_SIZE(ops))];
	if (bytemap_op_has(m->op.op, OP_CALCULATES)) {
		m->op.flags = SYNCMAP_FLAG_INITIAL;
		m->op.operand = below(m, 100);
	}
	if (m->op.op == SYNCMAP_OP_TOUCH)
		m->op.deadline = some_time(m);
	act(m);
}

static void act_on_log(struct member *m)
{
	static const u32 ops[] = {
		SYNCMAP_OP_LOAD, SYNCMAP_OP_APPEND, SYNCMAP_OP_APPEND,
		SYNCMAP_OP_APPEND, SYNCMAP_OP_APPEND, SYNCMAP_OP_TOUCH,
	};

	m->op.op = below(m, 40) ? ops[below(m, ARRAY_SIZE(ops))] :
				  SYNCMAP_OP_DELETE;
	if (m->op.op == SYNCMAP_OP_APPEND) {
		fill(m, PIECE);
		draw_end(m);
	} else if (m->op.op == SYNCMAP_OP_TOUCH) {
		m->op.deadline = ktime_get_boottime_ns() + NSEC_PER_SEC;
	}
	act(m);
}

/* The value is computed, or not, or the holder forgets about it */
static void end_lease(struct member *m)
{
	u64 token = m->answer.leased;
	u32 what = below(m, 4);

	if (!what)
		return;
	m->op = (struct syncmap_op){ .op = SYNCMAP_OP_UNLEASE, .token = token };
	if (what > 1) {
		m->op.op = SYNCMAP_OP_STORE;
		fill(m, some_length(m));
		draw_end(m);
	}
	act(m);
}

static void act_on_leased(struct member *m)
{
	if (!below(m, 4)) {
		act_on_uniform(m);
		return;
	}
	m->op.op = SYNCMAP_OP_LOAD_OR_LEASE;
	if (below(m, 2))
		m->op.flags |= SYNCMAP_FLAG_STALE;
	if (below(m, 2))
		m->op.flags |= SYNCMAP_FLAG_NOWAIT;
	else
		m->op.wait_until = some_time(m);
	m->op.lease_for = below(m, 2) * below(m, NSEC_PER_MSEC);
	if (!act(m) && m->answer.leased)
		end_lease(m);
}

static void stand_in_line(struct member *m)
{
	struct syncmap_await params = { .lease_for = below(m, NSEC_PER_MSEC) };
	struct syncmap_error error = { };
	struct bytemap_place *place;
	struct syncmap_answer answer;

	snprintf(m->name, sizeof(m->name), "key %u", m->key);
	params.key_len = strlen(m->name);
	place = bytemap_place_create(m->client, &params, m->name, &error);
	if (!CREW_EXPECT(m->worker, !IS_ERR(place)))
		return;
	usleep_range(100, 1000);
	if (bytemap_place_take(place, &answer) == 1 && !below(m, 4))
		bytemap_place_put_back(place);
	bytemap_place_destroy(place);
}

static bool open_client(struct member *m)
{
	kref_get(&m->map->refs);
	m->client = bytemap_client_create(m->map, 0);
	return CREW_EXPECT(m->worker, !IS_ERR(m->client));
}

static void act_on_map(struct member *m)
{
	struct bytemap_stats stats;

	switch (below(m, 9)) {
	case 0:
		bytemap_client_close(m->client);
		open_client(m);
		break;
	case 1:
		CREW_EXPECT(m->worker, is_expected(bytemap_clear(m->map)));
		break;
	case 2:
		CREW_EXPECT(m->worker, !bytemap_clear_wait(m->map));
		break;
	case 3:
		bytemap_promote(m->map);
		break;
	case 4:
		bytemap_sweep(m->map);
		break;
	case 5:
		bytemap_sweep_stale(m->map, 10);
		break;
	case 6:
		bytemap_info_stats(m->map, &stats);
		break;
	case 7:
		bytemap_evict_some(m->map, 2);
		break;
	default:
		m->key = m->key / KINDS * KINDS + LEASED;
		stand_in_line(m);
	}
}

static void act_at_random(struct member *m)
{
	static void (*const acts[KINDS])(struct member *m) = {
		[UNIFORM] = act_on_uniform, [NUMBER] = act_on_number,
		[LOG] = act_on_log, [LEASED] = act_on_leased,
	};

	memset(&m->op, 0, sizeof(m->op));
	m->key = below(m, KEYS);
	if (below(m, 25))
		acts[m->key % KINDS](m);
	else
		act_on_map(m);
}

static void take_part(struct worker *worker)
{
	struct member *m = (struct member *)worker->arg + worker->id;
	unsigned int n = test_rounds(2000);

	m->worker = worker;
	if (!open_client(m))
		return;
	while (n--)
		act_at_random(m);
	bytemap_client_close(m->client);
}

/* Events come in the order of revisions, behind a dump in no order */
static void read_some(struct worker *worker, struct bytemap_watch *watch, u64 *seen)
{
	struct bytemap_record record;

	mutex_lock(&watch->lock);
	while (bytemap_reader_peek(watch, &record) == 1) {
		if (record.head.type == SYNCMAP_RECORD_DUMPED)
			*seen = record.head.revision;
		if (record.head.type == SYNCMAP_RECORD_STORE ||
		    record.head.type == SYNCMAP_RECORD_DELETE) {
			CREW_EXPECT(worker, record.head.revision > *seen);
			*seen = record.head.revision;
		}
		if (record.head.flags & SYNCMAP_RECORD_VALUE)
			CREW_EXPECT(worker,
				    is_uniform(record.value, record.head.value_len) ||
				    is_log(record.value, record.head.value_len) ||
				    record.head.value_len == sizeof(u64));
		bytemap_reader_consume(watch, &record);
	}
	bytemap_reader_rest(watch);
	mutex_unlock(&watch->lock);
}

static void watch_all(struct worker *worker)
{
	struct bytemap *map = ((struct member *)worker->arg)->map;
	struct syncmap_watch params = {
		.queue_size = SYNCMAP_QUEUE_MIN,
		.flags = SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES,
	};
	struct syncmap_error error;
	struct bytemap_watch *watch;
	unsigned int n;
	u64 seen;

	do {
		seen = 0;
		watch = bytemap_watch_create(map, &params, "", &error);
		if (!CREW_EXPECT(worker, !IS_ERR(watch)))
			return;
		for (n = 0; n < 20; n++) {
			read_some(worker, watch, &seen);
			usleep_range(100, 1000);
		}
		bytemap_watch_destroy(watch);
	} while (crew_busy(worker));
}

/* Nor are there more entries than that when nobody reserves any */
static void change_limits(struct worker *worker)
{
	struct bytemap *map = ((struct member *)worker->arg)->map;
	struct syncmap_set set = { .flags = SYNCMAP_SET_ENTRIES };
	struct syncmap_error error = { };
	u32 most = map->limits.entries;

	do {
		set.entries = 1 + test_below(&worker->rnd, most);
		CREW_EXPECT(worker, !bytemap_set(map, &set, &error));
		usleep_range(100, 1000);
	} while (crew_busy(worker));
}

/* The revision of each key, 0 where there is none */
static void note_revisions(struct member *m, u64 *revisions)
{
	for (m->key = 0; m->key < KEYS; m->key++) {
		m->op = (struct syncmap_op){ .op = SYNCMAP_OP_LOAD };
		revisions[m->key] = act(m) ? 0 : m->answer.revision;
	}
}

/* What is there when that is done stays as it is, or goes */
static void freeze_soon(struct worker *worker)
{
	struct member *m = (struct member *)worker->arg + MEMBERS;
	u64 before[KEYS], after[KEYS];
	unsigned int i;

	m->worker = worker;
	msleep(20);
	WRITE_ONCE(frozen, true);
	CREW_EXPECT(worker, !bytemap_freeze(m->map));
	note_revisions(m, before);
	while (crew_busy(worker))
		msleep(1);
	note_revisions(m, after);
	for (i = 0; i < KEYS; i++)
		CREW_EXPECT(worker, !after[i] || after[i] == before[i]);
}

static void expect_nothing(struct kunit *test, struct bytemap *map)
{
	struct syncmap_info info = { };

	while (READ_ONCE(map->owned))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, bytemap_clear_frozen(map), 0);
	KUNIT_EXPECT_EQ(test, bytemap_clear_wait(map), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->leases), 0LL);
	KUNIT_EXPECT_TRUE(test, list_empty(&map->line));
	bytemap_account_info(&info);
	KUNIT_EXPECT_EQ(test, info.user_leases, 0U);
	KUNIT_EXPECT_EQ(test, info.user_watchers, 0U);
	KUNIT_EXPECT_EQ(test, info.user_bytes,
			bytemap_memory_of_map() + atomic64_read(&map->credit) +
			store_stat(map, "evict_bytes"));
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 0LL);
}

static struct member *gather(struct kunit *test, const struct way *way)
{
	struct syncmap_create create = way->create;
	struct member *members;
	unsigned int i;

	/* And one who looks */
	members = kunit_kzalloc(test, (MEMBERS + 1) * sizeof(*members), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, members);
	create.limits.entries = way->entries;
	members[0].map = store_map_of(test, &create);
	for (i = 1; i <= MEMBERS; i++)
		members[i].map = members[0].map;
	return members;
}

static void crowd_leaves_nothing(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct member *members = gather(test, way);
	struct crew *crew = crew_new(test);

	crew_add(crew, MEMBERS, take_part, members);
	if (way->watched)
		crew_add_helper(crew, watch_all, members);
	if (way->entries)
		crew_add_helper(crew, change_limits, members);
	crew_run(crew);
	if (bytemap_evicts(members->map))
		KUNIT_EXPECT_GT(test, store_stat(members->map, "evicted"), 0ULL);
	expect_nothing(test, members->map);
}

static void crowd_is_frozen(struct kunit *test)
{
	struct member *members = gather(test, test->param_value);
	struct crew *crew = crew_new(test);
	struct bytemap_name name;

	crew_add(crew, MEMBERS, take_part, members);
	crew_add_helper(crew, freeze_soon, members);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, bytemap_retire(members->map, &name), 0);
	expect_nothing(test, members->map);
	WRITE_ONCE(frozen, false);
}

/* Names that several maps want, seen from above and from within */
struct publisher {
	struct worker		*worker;
	struct bytemap		*maps[2];
	struct user_namespace	*ns[2];
};

static const char *const wanted[] = { "a", "b", "c" };

static void publish(struct publisher *p, const struct bytemap_path *path,
		    struct bytemap *map)
{
	struct bytemap_publication how = {
		.replace = test_below(&p->worker->rnd, 2),
	};
	int err = bytemap_name_publish(map, path, &how);

	CREW_EXPECT(p->worker, !err || err == -EEXIST || err == -ESTALE);
	CREW_EXPECT(p->worker, !how.replaced || !err);
}

static void find(struct publisher *p, const struct bytemap_path *path, bool remove)
{
	struct bytemap *map = bytemap_name_find(path);
	struct bytemap_name name;
	int err;

	if (!map)
		return;
	bytemap_name_read(map, path->ns, &name);
	CREW_EXPECT(p->worker, name.state || name.name[0]);
	if (remove) {
		err = bytemap_name_remove(map, path);
		CREW_EXPECT(p->worker, !err || err == -EAGAIN);
	}
	bytemap_put(map);
}

static void list_names(struct publisher *p)
{
	struct bytemap *maps[8];
	u64 cursor = 0;
	int n;

	while (cursor != SYNCMAP_END) {
		n = bytemap_name_list(&cursor, maps, ARRAY_SIZE(maps));
		if (!CREW_EXPECT(p->worker, n >= 0))
			return;
		while (n)
			bytemap_put(maps[--n]);
	}
}

static struct bytemap *make_map(void)
{
	struct syncmap_create create = { .key_type = SYNCMAP_KEY_U64 };
	struct syncmap_error error = { };

	return bytemap_create(&create, &error);
}

static void want_names(struct worker *worker)
{
	struct publisher *p = (struct publisher *)worker->arg + worker->id;
	unsigned int i, n = test_rounds(2000);
	struct bytemap_path path;
	struct bytemap_name name;

	p->worker = worker;
	while (n--) {
		i = test_below(&worker->rnd, 8);
		path = (struct bytemap_path){
			.ns = p->ns[test_below(&worker->rnd, 2)],
			.name = wanted[test_below(&worker->rnd, ARRAY_SIZE(wanted))],
		};
		if (i < 2)
			publish(p, &path, p->maps[i]);
		else if (i < 7)
			find(p, &path, i == 6);
		else
			list_names(p);
		if (test_below(&worker->rnd, 20))
			continue;
		/* One goes, with its name, and another one comes */
		bytemap_name_end(p->maps[0], &name);
		bytemap_leave(p->maps[0]);
		bytemap_put(p->maps[0]);
		p->maps[0] = make_map();
		if (!CREW_EXPECT(worker, !IS_ERR(p->maps[0])))
			return;
	}
}

static void crowd_wants_names(struct kunit *test)
{
	struct user_namespace *ns = store_namespace(test, &init_user_ns);
	struct crew *crew = crew_new(test);
	struct publisher *publishers;
	struct bytemap_name name;
	unsigned int i, j;

	publishers = kunit_kzalloc(test, MEMBERS * sizeof(*publishers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, publishers);
	for (i = 0; i < MEMBERS; i++) {
		publishers[i].ns[0] = &init_user_ns;
		publishers[i].ns[1] = ns;
		for (j = 0; j < 2; j++) {
			publishers[i].maps[j] = make_map();
			KUNIT_ASSERT_FALSE(test, IS_ERR(publishers[i].maps[j]));
		}
	}
	crew_add(crew, MEMBERS, want_names, publishers);
	crew_run(crew);
	for (i = 0; i < MEMBERS; i++) {
		for (j = 0; j < 2; j++) {
			bytemap_name_end(publishers[i].maps[j], &name);
			KUNIT_EXPECT_EQ(test, atomic_read(&publishers[i].maps[j]->users), 1);
			bytemap_leave(publishers[i].maps[j]);
			bytemap_put(publishers[i].maps[j]);
		}
	}
	bytemap_wait_ended();
	KUNIT_EXPECT_EQ(test, refcount_read(&ns->ns.count), 1U);
}

static struct kunit_case crowd_cases[] = {
	KUNIT_CASE_PARAM(crowd_leaves_nothing, way_gen_params),
	KUNIT_CASE_PARAM(crowd_is_frozen, way_gen_params),
	KUNIT_CASE(crowd_wants_names),
	{}
};

static struct kunit_suite crowd_suite = {
	.name = "bytemap_crowd",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = crowd_cases,
};
kunit_test_suite(crowd_suite);
