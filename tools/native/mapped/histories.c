// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: histories [-n ROUNDS] [-s SEED] [-e]
 *
 * Threads do random operations on a few keys, by the store's calls, and load by
 * these and from what they have mapped, and write down what comes of them; the
 * history of each round is judged. What expires, or goes with its owner, does so at
 * a time of its own, for nobody. -e: there is not room for all the keys, and what is
 * not used is evicted; which who wants the room writes down, too.
 */
#include <getopt.h>
#include <pthread.h>
#include <unistd.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/string.h>

#include "module/core/core.h"
#include "module/store/clear.h"
#include "module/store/client.h"
#include "module/store/evict.h"
#include "module/store/fresh.h"
#include "module/store/job.h"
#include "module/store/map.h"
#include "module/store/op.h"
#include "module/store/request.h"
#include "module/store/set.h"
#include "module/store/traits.h"

#include "../history/history.h"
#include "kernel.h"

#define THREADS		3
#define OPS		200		/* of a thread */
#define HISTORY_KEYS	4
#define FIRST_KEY	4		/* of those that are long, and no logs */
#define STAYING		1		/* keys whose values may be such as stay */
#define ENTRIES		2		/* there may be with -e: one more than these */
#define RECORDS		(OPS * 8)
#define VALUES		(THREADS * OPS)

/* By so much the clock of the history may be ahead */
#define SLACK		2000
#define AROUND		300000

/* What was loaded by which way: as the new value, for who reads a history */
#define BY_KERNEL	70000
#define BY_MAPPING	70001

struct thread {
	unsigned int		id;
	u64			random;
	struct reader		*reader;
	struct bytemap_client	*client;
	unsigned int		values;
	unsigned int		seen[HISTORY_KEYS];
	unsigned int		owned[HISTORY_KEYS];	/* if it is still there */
	unsigned long		begun;		/* what it is at */
	struct history		history;
	struct operation	ops[RECORDS];
	u8			value[VALUE_SIZE];
	u8			old[VALUE_SIZE];
	struct syncmap_answer	answer;
};

static struct thread threads[THREADS];
static __thread struct thread *self;
static bool evicts;
static bool stays[1 + VALUES];	/* by number: it is not to be evicted */
static struct operation all[THREADS * RECORDS];
static pthread_barrier_t gate;
static const char *wrong;
static u64 by_mapping, by_kernel, asked, expired, went, evicted;

/* In nanoseconds, and no number twice */
unsigned long history_clock(void)
{
	static unsigned long last;
	unsigned long before = READ_ONCE(last), now;

	do
		now = max((unsigned long)ktime_get_ns(), before + 1);
	while (!try_cmpxchg(&last, &before, now));
	return now;
}

void history_fail(const char *why)
{
	wrong = wrong ?: why;
}

static u32 below(struct thread *t, u32 limit)
{
	return (reader_random(&t->random) >> 32) % limit;
}

static struct operation *record(struct thread *t, const struct operation *op)
{
	struct history *history = &t->history;

	if (history->n == history->max)
		abort();
	history->ops[history->n] = *op;
	return &history->ops[history->n++];
}

/* The number of a value says how long it is, and each of its bytes */
static u32 make_value(unsigned int number, unsigned int key, void *bytes)
{
	static const u32 lengths[] = { 8, 8, 40, 300 };
	u32 len = lengths[number % ARRAY_SIZE(lengths)];

	reader_fill(FIRST_KEY + key, (u64)number * KEYS + FIRST_KEY + key, bytes,
		    len);
	return len;
}

static unsigned int number_of(unsigned int key, const void *bytes, u32 len)
{
	u64 nonce = 0;

	memcpy(&nonce, bytes, min_t(u32, len, sizeof(nonce)));
	if (!reader_is_content(FIRST_KEY + key, bytes, len) || len < sizeof(nonce))
		history_fail("a value is torn");
	return nonce / KEYS;
}

/* Counts are wrong from here on, so somebody might wait for ever */
static void end_badly(const char *why)
{
	printf("FAILED: %s\n0 passed, 1 failed\n", why);
	fflush(stdout);
	_exit(1);
}

/*
 * With the lock of the value, which is there still: it goes within the operation that
 * is under way, as does all that this thread has evicted in that
 */
void shim_trace_bytemap_evict(const struct bytemap *map,
			      const struct bytemap_value *value, u64 revision)
{
	struct operation op = { .action = EVICT, .begin = self->begun };
	u64 nonce;

	memcpy(&nonce, value->bytes, sizeof(nonce));
	op.key = nonce % KEYS - FIRST_KEY;
	op.old = nonce / KEYS;
	if (value->state != VALUE_LIVE || op.key >= HISTORY_KEYS ||
	    op.old > VALUES || stays[op.old])
		end_badly("what stays is evicted");
	record(self, &op);
	__atomic_add_fetch(&evicted, 1, __ATOMIC_RELAXED);
}

/* Return: how many operations there were before */
static unsigned int begin_evictions(struct thread *t)
{
	t->begun = history_clock();
	return t->history.n;
}

static void end_evictions(struct thread *t, unsigned int before)
{
	unsigned long now = history_clock();

	while (before < t->history.n)
		t->history.ops[before++].end = now;
}

static int operate(struct thread *t, struct syncmap_op *op, unsigned int key,
		   unsigned int *found)
{
	struct bytemap_request req = {
		.op = op, .answer = &t->answer, .client = t->client,
		.key = shared->key[FIRST_KEY + key].bytes, .value = t->value, .old = t->old,
	};
	unsigned int before;
	int err;

	op->key_len = shared->key[FIRST_KEY + key].len;
	op->answer_size = sizeof(t->answer);
	if (bytemap_op_has(op->op, OP_GIVES_VALUE))
		op->out_size = VALUE_SIZE;
	*found = ABSENT;
	err = bytemap_request_check(the_map, op, &t->answer);
	if (err)
		abort();
	if (op->value_len > BYTEMAP_SMALL) {
		err = bytemap_fresh_for(the_map, &req);
		if (err)
			abort();
		memcpy(req.fresh->bytes, t->value, op->value_len);
		req.value = req.fresh->bytes;
	}
	before = begin_evictions(t);
	err = bytemap_op(the_map, &req);
	end_evictions(t, before);
	if (err == -ENOSPC)
		history_fail("full, though something may go");
	if (!err && t->answer.result & SYNCMAP_RESULT_LOADED && op->out_size)
		*found = number_of(key, bytemap_view_bytes(&req.found),
				   t->answer.out_len);
	bytemap_request_release(&req);
	return err;
}

/* What has a deadline goes then, if it is there still */
static void expire_at(struct thread *t, const struct operation *stored, u64 deadline)
{
	struct operation op = {
		.action = EXPIRE, .key = stored->key, .old = stored->new,
		.begin = max(stored->begin, deadline - SLACK),
		.end = max(stored->end, deadline + SLACK),
	};

	record(t, &op);
	__atomic_add_fetch(&expired, 1, __ATOMIC_RELAXED);
}

static bool may_stay(unsigned int key)
{
	return !evicts || key < STAYING;
}

static void draw_end(struct thread *t, unsigned int key, struct syncmap_op *op)
{
	u32 what = below(t, 6);

	if (what < 2)
		op->deadline = ktime_get_boottime_ns() + below(t, 100000);
	else if (what == 2 && may_stay(key))
		op->flags |= SYNCMAP_FLAG_OWNED;
	else if (what == 3 && may_stay(key))
		op->flags |= SYNCMAP_FLAG_KEEP;
}

static void note_end(struct thread *t, const struct operation *op,
		     const struct syncmap_op *so)
{
	if (so->deadline)
		expire_at(t, op, so->deadline);
	t->owned[op->key] = so->flags & SYNCMAP_FLAG_OWNED ? op->new : ABSENT;
}

static void put_new(struct thread *t, struct operation *op, struct syncmap_op *so)
{
	op->new = 1 + t->id + THREADS * t->values++;
	so->value_len = make_value(op->new, op->key, t->value);
	draw_end(t, op->key, so);
	stays[op->new] = so->flags & (SYNCMAP_FLAG_OWNED | SYNCMAP_FLAG_KEEP);
}

/* Whether it says that there was something */
static bool has_loaded(const struct thread *t, int err)
{
	return !err && t->answer.result & SYNCMAP_RESULT_LOADED;
}

static void do_one(struct thread *t, enum action action, u32 code, unsigned int key)
{
	struct operation op = { .action = action, .key = key };
	struct syncmap_op so = { .op = code };
	bool stores = bytemap_op_has(code, OP_TAKES_VALUE);
	int err;

	if (stores)
		put_new(t, &op, &so);
	if (bytemap_op_has(code, OP_TAKES_OLD)) {
		op.old = t->seen[key] ?: 1;
		so.old_len = make_value(op.old, key, t->old);
	}
	op.begin = history_clock();
	err = operate(t, &so, key, &op.value);
	op.end = history_clock();
	if (err && err != -ENOENT && err != -EBUSY) {
		history_fail("an operation fails");
		return;
	}
	if (action == DELETE)
		op.yes = t->answer.previous;
	else if (action == COMPARE_AND_SWAP || action == COMPARE_AND_DELETE)
		op.yes = !err;
	else if (action != STORE)
		op.yes = has_loaded(t, err);
	if (op.value != ABSENT)
		t->seen[key] = op.value;
	record(t, &op);
	if (stores && !err && !(action == LOAD_OR_STORE && op.yes))
		note_end(t, &op, &so);
}

static void load_by_kernel(struct thread *t, struct operation *op)
{
	struct syncmap_op so = { .op = SYNCMAP_OP_LOAD };

	op->new = BY_KERNEL;
	op->yes = !operate(t, &so, op->key, &op->value);
	__atomic_add_fetch(&by_kernel, 1, __ATOMIC_RELAXED);
}

static void take_answer(struct thread *t, struct operation *op,
			const struct answer *answer)
{
	__atomic_add_fetch(&by_mapping, 1, __ATOMIC_RELAXED);
	if (answer->ret == 1) {
		__atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
		load_by_kernel(t, op);
	} else {
		op->new = BY_MAPPING;
		op->yes = !answer->ret;
		if (op->yes)
			op->value = number_of(op->key, answer->bytes, answer->len);
	}
}

static void load(struct thread *t, unsigned int key, bool from_mapping, bool batch)
{
	static __thread struct answer answer;
	struct operation op = { .action = LOAD, .key = key };

	op.begin = history_clock();
	if (!from_mapping) {
		load_by_kernel(t, &op);
	} else {
		if (batch)
			reader_load_in_batch(t->reader, FIRST_KEY + key,
					     FIRST_KEY, &answer);
		else
			reader_load_once(t->reader, FIRST_KEY + key, &answer);
		take_answer(t, &op, &answer);
	}
	op.end = history_clock();
	if (op.value != ABSENT)
		t->seen[key] = op.value;
	record(t, &op);
}

static void clear(struct thread *t)
{
	struct operation op = { .action = CLEAR };

	op.begin = history_clock();
	if (bytemap_clear(the_map))
		history_fail("a Clear fails");
	op.end = history_clock();
	record(t, &op);
}

static void open_client(struct thread *t)
{
	kref_get(&the_map->refs);
	t->client = bytemap_client_create(the_map, 0);
	if (IS_ERR(t->client))
		abort();
}

/* All that it owned goes, each for itself as far as the model knows */
static void close_client(struct thread *t)
{
	struct operation op = { .action = EXPIRE };

	op.begin = history_clock();
	bytemap_client_close(t->client);
	op.end = history_clock();
	for (op.key = 0; op.key < HISTORY_KEYS; op.key++) {
		op.old = t->owned[op.key];
		t->owned[op.key] = ABSENT;
		if (op.old == ABSENT)
			continue;
		record(t, &op);
		__atomic_add_fetch(&went, 1, __ATOMIC_RELAXED);
	}
}

/* Absent, for who gets the lease; and then it is stored, unless that was lost */
static void lease(struct thread *t, unsigned int key)
{
	struct operation op = { .action = LOAD, .key = key };
	struct syncmap_op so = {
		.op = SYNCMAP_OP_LOAD_OR_LEASE, .flags = SYNCMAP_FLAG_NOWAIT,
	};
	int err;

	op.begin = history_clock();
	err = operate(t, &so, key, &op.value);
	op.end = history_clock();
	if (err)
		return;
	op.yes = op.value != ABSENT;
	record(t, &op);
	if (!t->answer.leased)
		return;
	so = (struct syncmap_op){ .op = SYNCMAP_OP_STORE, .token = t->answer.leased };
	op = (struct operation){ .action = STORE, .key = key };
	put_new(t, &op, &so);
	op.begin = history_clock();
	err = operate(t, &so, key, &op.value);
	op.end = history_clock();
	if (err)
		return;
	op.value = ABSENT;
	record(t, &op);
	note_end(t, &op, &so);
}

/* As when memory is short */
static void evict(struct thread *t)
{
	unsigned int before = begin_evictions(t);

	bytemap_evict_some(the_map, 1);
	end_evictions(t, before);
}

static void change_mirror(struct thread *t)
{
	const struct syncmap_set set = {
		.flags = below(t, 6) ? SYNCMAP_SET_MAPPED : SYNCMAP_SET_UNMAPPED,
	};
	struct syncmap_error error = { };

	if (bytemap_set(the_map, &set, &error))
		abort();
}

static void act(struct thread *t)
{
	static const struct {
		enum action	action;
		u32		code;
	} ops[] = {
		{ STORE, SYNCMAP_OP_STORE }, { SWAP, SYNCMAP_OP_SWAP },
		{ LOAD_OR_STORE, SYNCMAP_OP_LOAD_OR_STORE },
		{ LOAD_AND_DELETE, SYNCMAP_OP_LOAD_AND_DELETE },
		{ DELETE, SYNCMAP_OP_DELETE },
		{ COMPARE_AND_SWAP, SYNCMAP_OP_COMPARE_AND_SWAP },
		{ COMPARE_AND_DELETE, SYNCMAP_OP_COMPARE_AND_DELETE },
	};
	unsigned int key = below(t, HISTORY_KEYS), i = below(t, 20);

	if (i < ARRAY_SIZE(ops))
		do_one(t, ops[i].action, ops[i].code, key);
	else if (i == ARRAY_SIZE(ops) && may_stay(key))
		lease(t, key);
	else
		load(t, key, below(t, 4), below(t, 3) == 0);
	if (!below(t, 60))
		clear(t);
	if (!below(t, 60))
		evict(t);
	if (!below(t, 300))
		change_mirror(t);
	if (!below(t, 60)) {
		close_client(t);
		open_client(t);
	}
}

static void *run(void *arg)
{
	struct thread *t = arg;
	unsigned int n;

	self = t;
	for (;;) {
		pthread_barrier_wait(&gate);
		if (reader_is_stopped())
			break;
		open_client(t);
		for (n = 0; n < OPS; n++)
			act(t);
		close_client(t);
		pthread_barrier_wait(&gate);
	}
	reader_ring(&t->reader->request, REQUEST_END);
	return NULL;
}

static void *run_server(void *arg)
{
	serve(arg);
	return NULL;
}

static void begin(u64 seed)
{
	struct thread *t;

	for (t = threads; t < threads + THREADS; t++) {
		t->random = seed * THREADS + t->id;
		t->values = 0;
		memset(t->owned, 0, sizeof(t->owned));
		memset(t->seen, 0, sizeof(t->seen));
		t->history = (struct history){ .ops = t->ops, .max = RECORDS };
	}
	if (bytemap_clear(the_map) || bytemap_clear_wait(the_map))
		abort();
}

/* What came before it, with what has been done to it */
static void print_around(const struct history *history,
			 const struct operation *at)
{
	const struct operation *op;

	for (op = history->ops; op < history->ops + history->n; op++)
		if ((op->key == at->key || op->action == CLEAR) &&
		    ((op->end + AROUND > at->begin && op->begin < at->end) ||
		     (at->value != ABSENT && (op->old == at->value ||
					      op->new == at->value))))
			operation_print(op);
	history_print(history, at);
}

static bool is_linearizable(void)
{
	static const unsigned int before[KEYS_MAX];
	struct history history = { all };
	const struct operation *refuted;
	struct thread *t;

	for (t = threads; t < threads + THREADS; t++) {
		memcpy(&all[history.n], t->ops, t->history.n * sizeof(*all));
		history.n += t->history.n;
	}
	refuted = history_refute(&history, before);
	if (refuted)
		print_around(&history, refuted);
	return !refuted;
}

static void have_it_evict(void)
{
	const struct syncmap_set set = {
		.flags = SYNCMAP_SET_EVICT | SYNCMAP_SET_ENTRIES,
		.entries = ENTRIES,
	};
	struct syncmap_error error = { };

	if (bytemap_set(the_map, &set, &error))
		abort();
	evicts = true;
}

static bool play(u64 seed)
{
	wrong = NULL;
	begin(seed);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	if (!wrong && !is_linearizable())
		wrong = "not linearizable";
	if (wrong)
		printf("FAILED: seed %llu: %s\n", seed, wrong);
	return !wrong;
}

int main(int argc, char **argv)
{
	unsigned int rounds = 200, passed = 0, failed = 0, i;
	pthread_t workers[THREADS], servers[THREADS];
	u64 seed = 1;
	bool evict = false;
	int c;

	while ((c = getopt(argc, argv, "n:s:e")) != -1)
		switch (c) {
		case 'n': rounds = strtoul(optarg, NULL, 0); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'e': evict = true; break;
		default: return 2;
		}
	map_shared();
	if (syncmap_core_init() || bytemap_job_start())
		abort();
	make_map();
	if (evict)
		have_it_evict();
	pthread_barrier_init(&gate, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++) {
		threads[i].id = i;
		threads[i].reader = &shared->reader[i];
		threads[i].reader->size = shared->size;
		pthread_create(&servers[i], NULL, run_server, threads[i].reader);
		pthread_create(&workers[i], NULL, run, &threads[i]);
	}
	for (i = 0; i < rounds; i++)
		if (play(seed + i))
			passed++;
		else
			failed++;
	WRITE_ONCE(shared->stop, true);
	pthread_barrier_wait(&gate);
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i], NULL);
		pthread_join(servers[i], NULL);
	}
	end_map();
	bytemap_job_exit();
	syncmap_core_exit();
	printf("loads: mapped %llu asked %llu by kernel %llu; expired %llu, went %llu, evicted %llu\n",
	       by_mapping, asked, by_kernel, expired, went, evicted);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

void reader_step(const volatile void *address)
{
	shim_point(address, false);
}
