// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the workloads do what they say: each is run for a fixed number of
 * operations, on every contender and kind of key, and what it has counted is
 * compared with a model that has no map at all.
 */
#include <linux/rcupdate.h>

#include "driver.h"

#define KEYS		K
#define OPS		(K * 2)
#define WINDOW		(KEYS / 16)
#define THREADS		2
#define CHECK_SEED	1
#define CHECK_THREADS	4

static const char *const names[RUN_GO] = {
	[RUN_LOAD] = "load",
	[RUN_LOAD_ZIPF] = "load_zipf",
	[RUN_MISS] = "miss",
	[RUN_LATENCY] = "latency",
	[RUN_CHASE] = "chase",
	[RUN_OBJECT] = "object",
	[RUN_BATCH] = "batch",
	[RUN_MIX] = "mix",
	[RUN_MIX_ZIPF] = "mix_zipf",
	[RUN_AMENDED] = "amended",
	[RUN_CHURN] = "churn",
	[RUN_INSERT] = "insert",
	[RUN_DELETE] = "delete",
	[RUN_PAYLOAD] = "payload",
	[RUN_RANGE] = "range",
	[RUN_PROMOTE] = "promote",
	[RUN_TIMED_LOAD] = "timed_load",
	[RUN_TIMED_MIX] = "timed_mix",
	[RUN_TIMED_INSERT] = "timed_insert",
	[RUN_BUSY_LOAD] = "busy_load",
	[RUN_BUSY_INSERT] = "busy_insert",
};

static struct object *objects;
static unsigned int passed, failed;

static void expect_hit(struct worker *model, u64 number)
{
	model->hits++;
	model->sum += key_next(number, model->n);
}

static u64 draw_number(struct worker *model, int type)
{
	if (type == RUN_LOAD_ZIPF || type == RUN_MIX_ZIPF)
		return draw_zipf(&model->random, model->n, model->zipf);
	return draw_below(&model->random, model->n);
}

static void expect_young(struct worker *model)
{
	u64 number;

	if ((u32)model->random < model->writes) {
		model->hits++;
		model->fresh++;
	}
	number = draw_below(&model->random, model->n + model->window);
	if (number >= model->n)
		number = model->fresh - 1 - (number - model->n);
	expect_hit(model, number);
}

/* What an operation should count, of which @done have come before */
static void expect(struct worker *model, int type, u64 done, u64 *number)
{
	int i;

	switch (type) {
	case RUN_LOAD:
	case RUN_LOAD_ZIPF:
	case RUN_OBJECT:
	case RUN_TIMED_LOAD:
	case RUN_BUSY_LOAD:
		expect_hit(model, draw_number(model, type));
		break;
	case RUN_LATENCY:
	case RUN_CHASE:
		expect_hit(model, *number);
		*number = key_next(*number, model->n);
		break;
	case RUN_BATCH:
		for (i = 0; i < BENCH_BATCH; i++)
			expect_hit(model, draw_number(model, type));
		break;
	case RUN_MIX:
	case RUN_MIX_ZIPF:
	case RUN_TIMED_MIX:
		*number = draw_number(model, type);
		if ((u32)model->random >= model->writes)
			expect_hit(model, *number);
		break;
	case RUN_PAYLOAD:
		draw_number(model, type);
		model->hits += (u32)model->random >= model->writes;
		break;
	case RUN_AMENDED:
		expect_young(model);
		break;
	case RUN_CHURN:
		model->hits++;
		expect_hit(model, model->fresh++);
		break;
	case RUN_DELETE:
		model->hits++;
		break;
	case RUN_RANGE:
		model->sum += model->n * (model->n - 1) / 2;
		break;
	case RUN_PROMOTE:
		model->hits += done > 0;
		break;
	}
}

static bool is_expected(const struct worker *before, const struct worker *after,
			int type)
{
	struct worker model = *before;
	u64 number = model.random & (model.n - 1);
	u64 done;

	model.hits = 0;
	model.sum = 0;
	for (done = 0; done < after->ops; done++)
		expect(&model, type, done, &number);
	return after->ops >= before->limit && model.hits == after->hits &&
	       model.sum == after->sum;
}

static void count(bool right)
{
	passed += right;
	failed += !right;
}

static void judge(bool right, const struct contender *contender, int kind,
		  const char *workload)
{
	count(right);
	if (!right)
		printf("FAILED: %s, %s keys, %s\n", contender->name,
		       kinds[kind].name, workload);
}

/* A workload ends after so many operations, and some need more */
static void prepare(struct job *job, int type)
{
	struct worker *worker;

	for (worker = job->workers; worker < job->workers + job->threads;
	     worker++) {
		worker->limit = OPS;
		worker->writes = U32_MAX / 4;
		if (type == RUN_PROMOTE || type == RUN_RANGE)
			worker->limit = 8;
		if (type == RUN_DELETE)
			worker->limit = OPS / 10 * 9 / 64 * 64;
		if (type == RUN_AMENDED)
			worker->window = WINDOW;
	}
}

static void insert(struct job *job, u64 count)
{
	struct job inserts = *job;
	int t;

	for (t = 0; t < job->threads; t++) {
		inserts.type[t] = RUN_INSERT;
		inserts.workers[t].limit = count;
	}
	job_run(&inserts, 0);
}

static u64 timed_together(int type)
{
	return type == RUN_BUSY_LOAD || type == RUN_BUSY_INSERT ? BENCH_BUSY : 1;
}

static void run(const struct contender *contender, int kind, int type,
		struct map *map)
{
	static struct histogram times[THREADS];
	struct job job, before;
	bool right = true;
	int t;

	job_init(&job, contender, map, KEYS,
		 contender->flags & CAN_NOT_SHARE ? 1 : THREADS, type);
	prepare(&job, type);
	if (type == RUN_AMENDED)
		insert(&job, WINDOW);
	if (type == RUN_DELETE)
		insert(&job, OPS);
	memset(times, 0, sizeof(times));
	for (t = 0; t < job.threads; t++) {
		job.workers[t].times = &times[t];
		if (type == RUN_AMENDED)
			job.workers[t].fresh += WINDOW;
	}
	before = job;
	job_run(&job, 0);
	for (t = 0; t < job.threads; t++) {
		if (!is_expected(&before.workers[t], &job.workers[t], type))
			right = false;
		if (times[t].total &&
		    times[t].total * timed_together(type) !=
		    job.workers[t].ops)
			right = false;
	}
	judge(right, contender, kind, names[type]);
}

static bool runs_on(const struct contender *contender, int type, bool objects)
{
	struct workload workload = { .type = type, .writes = 25 };

	if (type == RUN_PAYLOAD || type >= RUN_GO)
		return false;
	if (!is_able(contender, &workload, KEYS))
		return false;
	return objects == (type == RUN_CHASE || type == RUN_OBJECT);
}

/* All workloads run on one map, in which nothing may be lost or left over */
static void check_map(const struct contender *contender, int kind,
		      value_fn value, void *arg)
{
	struct map *map = map_open(contender, KEYS, THREADS, value, arg);
	u64 wrong;
	int type;

	for (type = 0; type < RUN_TYPES; type++)
		if (runs_on(contender, type, value == object_value))
			run(contender, kind, type, map);
	rcu_enter();
	contender->enter(map, 0);
	wrong = contender->verify(map, 0, KEYS, true, value, arg) +
		contender->verify(map, KEYS, 2 * KEYS, false, value, arg);
	contender->leave(map, 0);
	rcu_leave();
	judge(!wrong, contender, kind, "verify");
	contender->destroy(map);
}

static void check_payloads(const struct contender *contender, int kind)
{
	struct map *map = map_open(contender, KEYS, THREADS, NULL, NULL);

	run(contender, kind, RUN_PAYLOAD, map);
	contender->destroy(map);
}

/* What one thread counts in a benchmark of Go's is the same for all */
static void check_go(const struct contender *contender, int kind, int type)
{
	static struct worker first[RUN_TYPES];
	const struct go_benchmark *benchmark = &go_benchmarks[type - RUN_GO];
	u64 n = KEYS;
	struct map *map = map_open(contender, benchmark->keys, 1,
				   plain_value, &n);
	struct worker *expected = &first[type];
	struct job job;

	job_init(&job, contender, map, n, 1, type);
	job.workers[0].fresh = 2 * n;
	job.workers[0].limit = OPS;
	job_run(&job, 0);
	if (!expected->ops)
		*expected = job.workers[0];
	judge(expected->hits == job.workers[0].hits &&
	      expected->sum == job.workers[0].sum &&
	      expected->ops == job.workers[0].ops,
	      contender, kind, benchmark->name);
	contender->destroy(map);
}

static void check_contender_kind(const struct contender *contender, int kind)
{
	u64 keys = KEYS;
	int type;

	judge(!check_contender(contender, CHECK_SEED, CHECK_THREADS), contender,
	      kind, "operations");
	if (contender->flags & CAN_NOT_HURRY && kind != KIND_U64)
		return;
	if (is_plain(contender, KEYS))
		check_map(contender, kind, plain_value, &keys);
	check_map(contender, kind, object_value, objects);
	if (contender->fill_payload)
		check_payloads(contender, kind);
	for (type = RUN_GO; type < RUN_TYPES; type++)
		if (contender->run[type])
			check_go(contender, kind, type);
}

int check_all(void)
{
	int kind, i;

	objects = objects_make(KEYS);
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < CONTENDERS; i++)
			if (takes_part(i))
				check_contender_kind(kinds[kind].contenders[i],
						     kind);
	for (i = 0; i < GO_CONTENDERS; i++)
		if (go_takes_part(i))
			count(go_check(i));
	count(!targets_check());
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
