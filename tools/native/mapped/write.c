// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who change the map: each has keys of its own, and there are some that all
 * write. What became of its own keys it tells the readers.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "module/store/clear.h"
#include "module/store/client.h"
#include "module/store/fresh.h"
#include "module/store/mirror.h"
#include "module/store/op.h"
#include "module/store/request.h"
#include "module/store/set.h"
#include "module/store/sweep.h"
#include "module/store/traits.h"

#include "kernel.h"

/* Keys that come and go, so that the index has to change */
#define TIDE		3000

struct writer {
	u64			random;
	unsigned int		id;
	unsigned int		key;
	struct bytemap_client	*client;
	struct syncmap_op	op;
	struct syncmap_answer	answer;
	u8			value[VALUE_SIZE];
};

struct written written;

static u32 below(struct writer *w, u32 limit)
{
	return (reader_random(&w->random) >> 32) % limit;
}

static void count(u64 *p)
{
	__atomic_add_fetch(p, 1, __ATOMIC_RELAXED);
}

/* Whoever knows of an operation knows of all that it has done */
static void raise_to(u64 *p, u64 value)
{
	u64 old = __atomic_load_n(p, __ATOMIC_SEQ_CST);

	while (old < value &&
	       !__atomic_compare_exchange_n(p, &old, value, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* As the device does it, for all that is not appended */
static int make_long(struct writer *w, struct bytemap_request *req)
{
	int err;

	if (w->op.value_len <= BYTEMAP_SMALL || bytemap_request_has(req, OP_APPENDS))
		return 0;
	err = bytemap_fresh_for(the_map, req);
	if (err)
		return err;
	memcpy(req->fresh->bytes, req->value, w->op.value_len);
	req->value = req->fresh->bytes;
	return 0;
}

static bool is_expected(int err)
{
	static const int expected[] = {
		0, -ENOENT, -EBUSY, -ESTALE, -EAGAIN, -ENOMEM, -ENOSPC, -EFBIG,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(expected); i++)
		if (err == expected[i])
			return true;
	return false;
}

/* The operation of @w on a key. Sometimes there is no memory for it */
static int act_on(struct writer *w, const void *key, u32 key_len)
{
	struct bytemap_request req = {
		.op = &w->op, .answer = &w->answer, .client = w->client,
		.key = key, .value = w->value, .old = w->value,
	};
	int err;

	w->op.key_len = key_len;
	w->op.answer_size = sizeof(w->answer);
	err = bytemap_request_check(the_map, &w->op, &w->answer);
	if (err)
		reader_fail("is refused", w->key, -err, w->op.op);
	current->fail_nth = below(w, 30) ? 0 : 1 + below(w, 4);
	err = err ?: make_long(w, &req) ?: bytemap_op(the_map, &req);
	current->fail_nth = 0;
	bytemap_request_release(&req);
	count(err && err != -ENOENT ? &written.failed : &written.writes);
	return err;
}

/* Which revisions are there now, or are gone */
static void tell_of(struct writer *w, int err)
{
	struct seen *seen = &shared->seen[w->key];
	bool deletes = bytemap_op_has(w->op.op, OP_DELETES);

	if (!is_expected(err))
		reader_fail("fails", w->key, -err, w->op.op);
	if (err)
		return;
	raise_to(&seen->dead, w->answer.previous);
	raise_to(deletes ? &seen->dead : &seen->alive, w->answer.revision);
}

static int act(struct writer *w)
{
	const struct key *key = &shared->key[w->key];
	int err = act_on(w, key->bytes, key->len);

	tell_of(w, err);
	return err;
}

static void fill(struct writer *w, u32 len)
{
	u64 nonce = reader_random(&w->random) / KEYS * KEYS + w->key;

	w->op.value_len = len;
	reader_fill(w->key, nonce, w->value, len);
}

static u32 some_length(struct writer *w)
{
	switch (below(w, 32)) {
	case 0:
		return below(w, VALUE_SIZE);
	case 1 ... 4:
		return below(w, 1000);
	case 5 ... 20:
		return 8;
	default:
		return below(w, 120);
	}
}

static u64 soon(struct writer *w)
{
	return ktime_get_boottime_ns() + below(w, 2 * NSEC_PER_MSEC);
}

static void store_something(struct writer *w, u32 op)
{
	w->op.op = op;
	fill(w, key_is_log(w->key) ? PIECE : some_length(w));
	if (!below(w, 4))
		w->op.deadline = soon(w);
	else if (!below(w, 16))
		w->op.flags |= SYNCMAP_FLAG_OWNED;
}

static void append_something(struct writer *w)
{
	w->op.op = SYNCMAP_OP_APPEND;
	fill(w, PIECE);
}

static void draw_operation(struct writer *w)
{
	switch (below(w, 16)) {
	case 0 ... 5:
		store_something(w, SYNCMAP_OP_STORE);
		break;
	case 6:
		store_something(w, SYNCMAP_OP_SWAP);
		break;
	case 7:
		store_something(w, SYNCMAP_OP_LOAD_OR_STORE);
		break;
	case 8:
		store_something(w, SYNCMAP_OP_COMPARE_AND_SWAP);
		w->op.flags |= SYNCMAP_FLAG_BY_REVISION;
		w->op.expected = READ_ONCE(shared->seen[w->key].alive);
		break;
	case 9 ... 10:
		if (key_is_log(w->key)) {
			append_something(w);
			break;
		}
		/* fallthrough */
	case 11:
		w->op.op = SYNCMAP_OP_TOUCH;
		w->op.deadline = below(w, 4) ? soon(w) : SYNCMAP_NEVER;
		break;
	case 12:
		w->op.op = SYNCMAP_OP_LOAD_AND_DELETE;
		break;
	default:
		w->op.op = SYNCMAP_OP_DELETE;
	}
	if (bytemap_op_has(w->op.op, OP_GIVES_VALUE))
		w->op.out_size = BYTEMAP_VALUE_MAX;
}

static bool is_own(const struct writer *w, unsigned int writers)
{
	return !key_is_for_all(w->key) && w->key % writers == w->id;
}

static void open_told(struct told *told)
{
	__atomic_add_fetch(&told->seq, 1, __ATOMIC_SEQ_CST);
	WRITE_ONCE(told->before, READ_ONCE(shared->clears_ended));
	smp_mb();
}

/* What one's own key is when that is done, as the store says */
static void close_told(struct writer *w, struct told *told)
{
	static __thread struct answer answer;
	int err = serve_load(w->key, &answer);

	smp_mb();
	WRITE_ONCE(told->clears, READ_ONCE(shared->clears_begun));
	WRITE_ONCE(told->revision, err ? 0 : answer.revision);
	WRITE_ONCE(told->deadline, err ? 0 : answer.deadline);
	WRITE_ONCE(told->loose, w->op.flags & SYNCMAP_FLAG_OWNED || told->loose);
	/* A release: pairs with look_around() */
	__atomic_add_fetch(&told->seq, 1, __ATOMIC_SEQ_CST);
}

static void act_on_own(struct writer *w)
{
	struct told *told = &shared->told[w->key];

	open_told(told);
	/* Nobody owns what is stored or deleted */
	if (!act(w) && !(w->op.flags & SYNCMAP_FLAG_OWNED) &&
	    w->op.op != SYNCMAP_OP_TOUCH && w->op.op != SYNCMAP_OP_APPEND &&
	    w->op.op != SYNCMAP_OP_LOAD_OR_STORE)
		WRITE_ONCE(told->loose, false);
	close_told(w, told);
}

/* Who finds it absent computes it, or gives up, or forgets about it */
static void lease_and_store(struct writer *w)
{
	u64 token;

	w->op = (struct syncmap_op){
		.op = SYNCMAP_OP_LOAD_OR_LEASE, .out_size = BYTEMAP_VALUE_MAX,
		.flags = SYNCMAP_FLAG_NOWAIT, .lease_for = NSEC_PER_MSEC,
	};
	if (act(w) || !w->answer.leased)
		return;
	token = w->answer.leased;
	w->op = (struct syncmap_op){ .token = token };
	if (below(w, 2))
		w->op.op = SYNCMAP_OP_UNLEASE;
	else
		store_something(w, SYNCMAP_OP_STORE);
	act(w);
}

static void open_client(struct writer *w)
{
	kref_get(&the_map->refs);
	w->client = bytemap_client_create(the_map, 0);
	if (IS_ERR(w->client))
		abort();
}

/* What it owned goes */
static void reopen_client(struct writer *w)
{
	bytemap_client_close(w->client);
	open_client(w);
	count(&written.closed);
}

static unsigned int some_key(struct writer *w)
{
	return below(w, 2) ? below(w, 16) : below(w, KEYS);
}

/* All of one's own that belong to one bucket, which has no room for so many */
static void flood(struct writer *w, unsigned int writers)
{
	for (w->key = KEYS - FLOOD; w->key < KEYS; w->key++) {
		if (!is_own(w, writers))
			continue;
		w->op = (struct syncmap_op){ .op = SYNCMAP_OP_STORE };
		fill(w, key_is_log(w->key) ? PIECE : 8);
		act_on_own(w);
	}
}

void write_keys(unsigned int id, unsigned int writers)
{
	struct writer *w = calloc(1, sizeof(*w));

	w->id = id;
	w->random = shared->seed + 100 + id;
	open_client(w);
	while (!reader_is_stopped()) {
		w->op = (struct syncmap_op){ };
		w->key = some_key(w);
		draw_operation(w);
		if (is_own(w, writers))
			act_on_own(w);
		else if (!key_is_for_all(w->key))
			continue;
		else if (below(w, 8))
			act(w);
		else
			lease_and_store(w);
		if (!below(w, 500))
			reopen_client(w);
		if (!below(w, 300))
			flood(w, writers);
	}
	bytemap_client_close(w->client);
	free(w);
}

static void tide_key(struct writer *w, unsigned int n, u32 op)
{
	char key[16];

	snprintf(key, sizeof(key), "t%07u", n);
	w->op = (struct syncmap_op){ .op = op };
	if (op == SYNCMAP_OP_STORE)
		fill(w, 8);
	act_on(w, key, 8);
}

void write_tides(void)
{
	struct writer *w = calloc(1, sizeof(*w));
	unsigned int n, high;

	w->random = shared->seed + 200;
	while (!reader_is_stopped()) {
		high = below(w, TIDE);
		for (n = 0; n < high && !reader_is_stopped(); n++)
			tide_key(w, n, SYNCMAP_OP_STORE);
		usleep_range(1000, 2000);
		for (n = 0; n < high && !reader_is_stopped(); n++)
			tide_key(w, n, SYNCMAP_OP_DELETE);
		usleep_range(1000, 2000);
	}
	free(w);
}

/* For a while there is none, and then one again */
static void change_mirror(u32 flag)
{
	const struct syncmap_set set = { .flags = flag };
	struct syncmap_error error = { };

	if (bytemap_set(the_map, &set, &error))
		reader_fail("set", 0, flag, 0);
}

static void give_up_mirror(struct writer *w)
{
	if (below(w, 2)) {
		bytemap_mirror_park(the_map);
		return;
	}
	change_mirror(SYNCMAP_SET_UNMAPPED);
	usleep_range(below(w, 5000), 6000);
	change_mirror(SYNCMAP_SET_MAPPED);
	count(&written.detached);
}

/* Another map gets it, or nobody; and then it is the first one's again */
static void pass_name_on(struct writer *w)
{
	struct bytemap_publication how = { .replace = true };
	bool replace = below(w, 2);
	int err;

	err = replace ? bytemap_name_publish(rival, &the_path, &how) :
			bytemap_name_remove(the_map, &the_path);
	__atomic_add_fetch(&shared->names_ended, 1, __ATOMIC_SEQ_CST);
	usleep_range(below(w, 500), 1000);
	if (!err && replace)
		err = bytemap_name_remove(rival, &the_path);
	err = err ?: bytemap_name_take(the_map, &the_path);
	if (err)
		reader_fail("a name", 0, -err, replace);
	count(&written.renamed);
}

void write_names(void)
{
	struct writer *w = calloc(1, sizeof(*w));

	w->random = shared->seed + 400;
	while (!reader_is_stopped()) {
		usleep_range(below(w, 2000), 3000);
		pass_name_on(w);
	}
	free(w);
}

void write_clears(void)
{
	struct writer w = { .random = shared->seed + 300 };

	while (!reader_is_stopped()) {
		usleep_range(below(&w, 100000), 100000);
		__atomic_add_fetch(&shared->clears_begun, 1, __ATOMIC_SEQ_CST);
		if (bytemap_clear(the_map))
			reader_fail("clear", 0, 0, 0);
		__atomic_add_fetch(&shared->clears_ended, 1, __ATOMIC_SEQ_CST);
		count(&written.clears);
		if (!below(&w, 4))
			bytemap_sweep(the_map);
		if (!below(&w, 4))
			give_up_mirror(&w);
	}
}
