/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The workloads, made for one contender: included at the end of its file
 */
#include "key.h"

/* Operations between two looks at the clock's flag, and quiescent states */
#define BURST	64

static __always_inline bool goes_on(const struct worker *worker, u64 ops)
{
	rcu_quiescent();
	return ops < worker->limit && !READ_ONCE(*worker->stop);
}

/*
 * A function that repeats @operation, in which these are registers:
 * random, fresh, number, key, value, hits, sum
 */
#define RUN_BY(name, burst, operation)					\
static noinline void run_##name(struct worker *worker)			\
{									\
	const struct zipf *zipf __maybe_unused = worker->zipf;		\
	struct map *map = worker->map;					\
	u64 n __maybe_unused = worker->n;				\
	u64 fresh __maybe_unused = worker->fresh;			\
	u64 number __maybe_unused = worker->random & (n - 1);		\
	u64 random __maybe_unused = worker->random;			\
	u64 ops = 0, hits = 0, sum = 0;					\
	void *value __maybe_unused = NULL;				\
	struct key key __maybe_unused;					\
	int i;								\
									\
	do {								\
		for (i = 0; i < burst; i++)				\
			operation					\
		ops += burst;						\
	} while (goes_on(worker, ops));					\
	worker->ops = ops;						\
	worker->hits = hits;						\
	worker->sum = sum;						\
	worker->random = random;					\
	worker->fresh = fresh;						\
}

#define RUN(name, operation)		RUN_BY(name, BURST, operation)

/* The same, with the time of each operation, but not of what comes before */
#define RUN_TIMED(name, prepare, operation)				\
RUN(name, {								\
	u64 start;							\
									\
	prepare								\
	start = bench_clock();						\
	operation							\
	histogram_add(worker->times, bench_clock() - start);		\
})

/*
 * By a clock that takes longer than an operation: it is looked at after so many of
 * them, so that they come as fast as they would. One that is long stands out by far.
 */
#define RUN_BUSY(name, operation)					\
RUN(name, {								\
	u64 now;							\
									\
	operation							\
	if (i % BENCH_BUSY == BENCH_BUSY - 1) {				\
		now = busy_ns(CLOCK_THREAD_CPUTIME_ID);			\
		histogram_add(worker->times,				\
			      now - (worker->since ?: now));		\
		worker->since = now;					\
	}								\
})

#define LOAD								\
	if (map_load(map, &key, &value)) {				\
		hits++;							\
		sum += value_number(value);				\
	}

#define IS_WRITE	((u32)random < worker->writes)

#define MIX								\
	if (IS_WRITE)							\
		map_store(map, &key, value_of(number, n));		\
	else								\
		LOAD

#ifndef INTRUSIVE
RUN(load, {
	key = key_of(draw_below(&random, n));
	LOAD
})

RUN(load_zipf, {
	key = key_of(draw_zipf(&random, n, zipf));
	LOAD
})

RUN(miss, {
	key = key_of(n + draw_below(&random, n));
	LOAD
})

RUN(latency, {
	key = key_of(number);
	LOAD
	number = value_number(value);
})

RUN(mix, {
	number = draw_below(&random, n);
	key = key_of(number);
	MIX
})

RUN(mix_zipf, {
	number = draw_zipf(&random, n, zipf);
	key = key_of(number);
	MIX
})

/* Keys below fresh are new, down to the window's length; older ones go */
RUN(amended, {
	if (unlikely(IS_WRITE)) {
		key = key_of(fresh - worker->window);
		hits += map_delete(map, &key);
		key = key_of(fresh);
		map_store(map, &key, value_of(fresh++, n));
	}
	number = draw_below(&random, n + worker->window);
	key = key_of(number < n ? number : fresh - 1 - (number - n));
	LOAD
})

RUN(churn, {
	key = key_of(fresh);
	map_store(map, &key, value_of(fresh++, n));
	LOAD
	hits += map_delete(map, &key);
})

RUN(insert, {
	key = key_of(fresh);
	map_store(map, &key, value_of(fresh++, n));
})

RUN(delete, {
	key = key_of(fresh);
	fresh += 1 + (fresh % 10 == 8);
	hits += map_delete(map, &key);
})

RUN_TIMED(timed_load, {
	key = key_of(draw_below(&random, n));
}, {
	LOAD
})

RUN_TIMED(timed_mix, {
	number = draw_below(&random, n);
	key = key_of(number);
}, {
	MIX
})

RUN_TIMED(timed_insert, {
	key = key_of(fresh);
}, {
	map_store(map, &key, value_of(fresh++, n));
})

RUN_BUSY(busy_load, {
	key = key_of(draw_below(&random, n));
	LOAD
})

RUN_BUSY(busy_insert, {
	key = key_of(fresh);
	map_store(map, &key, value_of(fresh++, n));
})
#endif

RUN(chase, {
	key = key_of(number);
	if (map_load(map, &key, &value)) {
		hits++;
		number = ((struct object *)value)->next;
		sum += number;
	}
})

RUN(object, {
	key = key_of(draw_below(&random, n));
	if (map_load(map, &key, &value)) {
		hits++;
		sum += ((struct object *)value)->next;
	}
})

#ifdef HAS_LOAD_MANY
RUN(batch, {
	struct key keys[BENCH_BATCH];
	void *values[BENCH_BATCH];
	int j;

	for (j = 0; j < BENCH_BATCH; j++)
		keys[j] = key_of(draw_below(&random, n));
	hits += map_load_many(map, keys, values, BENCH_BATCH);
	for (j = 0; j < BENCH_BATCH; j++)
		sum += value_number(values[j]);
})
#endif

#ifdef HAS_PAYLOAD
static void fill_payload(struct map *map, u64 n)
{
	struct payload payload;
	struct key key;
	u64 i;

	for (i = 0; i < n; i++) {
		payload = (struct payload){ i, ~i };
		key = key_of(i);
		map_write(map, &key, &payload);
		if (i % BURST == 0)
			rcu_quiescent();
	}
}

RUN(payload, {
	struct payload payload;

	key = key_of(draw_below(&random, n));
	if (IS_WRITE) {
		payload.a = random;
		payload.b = ~random;
		map_write(map, &key, &payload);
	} else if (map_read(map, &key, &payload)) {
		hits++;
		sum += payload.a != ~payload.b;
	}
})
#endif

#ifdef HAS_RANGE
RUN_BY(range, 1, {
	sum += map_range(map);
})
#endif

#ifdef HAS_PROMOTE
RUN_BY(promote, 1, {
	key = key_of(fresh++);
	hits += map_delete(map, &key);
	key = key_of(fresh);
	map_store(map, &key, value_of(fresh, n));
	map_promote(map);
})
#endif

#ifdef HAS_ALL
#include "gobench.h"
#endif

static void fill(struct map *map, u64 n, value_fn value, void *arg)
{
#ifdef HAS_FILL
	map_fill(map, n, value, arg);
#else
	struct key key;
	u64 i;

	for (i = 0; i < n; i++) {
		key = key_of(i);
		map_store(map, &key, value(i, arg));
		if (i % BURST == 0)
			rcu_quiescent();
	}
#endif
}

static u64 verify(struct map *map, u64 from, u64 to, bool present,
		  value_fn value, void *arg)
{
	u64 i, wrong = 0;
	struct key key;
	void *found;

	for (i = from; i < to; i++) {
		key = key_of(i);
		if (map_load(map, &key, &found) != present)
			wrong++;
		else if (present && found != value(i, arg))
			wrong++;
	}
	return wrong;
}

static void enter(struct map *map, int thread)
{
#ifdef HAS_THREADS
	map_enter(map, thread);
#endif
}

static void leave(struct map *map, int thread)
{
#ifdef HAS_THREADS
	map_leave(map, thread);
#endif
}

static bool load_number(struct map *map, u64 number, void **value)
{
	struct key key = key_of(number);

	return map_load(map, &key, value);
}

static void store_number(struct map *map, u64 number, void *value)
{
	struct key key = key_of(number);

	map_store(map, &key, value);
}

static bool delete_number(struct map *map, u64 number)
{
	struct key key = key_of(number);

	return map_delete(map, &key);
}

static bool load_or_store_number(struct map *map, u64 number, void *value,
				 void **actual)
{
	struct key key = key_of(number);

	return map_load_or_store(map, &key, value, actual);
}

#define NAME_OF(name, len, hash)	name##_##len##hash
#define EXPAND_NAME(name, len, hash)	NAME_OF(name, len, hash)
#define TEXT_OF(name)			#name
#define EXPAND_TEXT(name)		TEXT_OF(name)
#ifdef HASH_SIP
#define HASH_NAME	_sip
#else
#define HASH_NAME	_fast
#endif

const struct contender EXPAND_NAME(CONTENDER, KEY_LEN, HASH_NAME);
const struct contender EXPAND_NAME(CONTENDER, KEY_LEN, HASH_NAME) = {
	.name = EXPAND_TEXT(CONTENDER),
	.summary = SUMMARY,
	.flags = 0
#ifdef ONE_THREAD
		| CAN_NOT_SHARE
#endif
#ifdef NO_SHARING
		| CAN_NOT_SEE
#endif
#ifdef SLOW_STORE
		| CAN_NOT_STORE
#endif
#ifdef SLOW
		| CAN_NOT_HURRY
#endif
#ifdef INTRUSIVE
		| CAN_EMBED
#endif
	,
	.create = map_new,
	.destroy = map_free,
#ifdef HAS_PROMOTE
	.promote = map_promote,
#endif
	.fill = fill,
	.verify = verify,
#ifdef HAS_PAYLOAD
	.fill_payload = fill_payload,
#endif
#ifdef HAS_BYTES
	.bytes = map_bytes,
#endif
	.enter = enter,
	.leave = leave,
	.run = {
		[RUN_CHASE] = run_chase,
		[RUN_OBJECT] = run_object,
#ifndef INTRUSIVE
		[RUN_LOAD] = run_load,
		[RUN_LOAD_ZIPF] = run_load_zipf,
		[RUN_MISS] = run_miss,
		[RUN_LATENCY] = run_latency,
		[RUN_MIX] = run_mix,
		[RUN_MIX_ZIPF] = run_mix_zipf,
		[RUN_AMENDED] = run_amended,
		[RUN_CHURN] = run_churn,
		[RUN_INSERT] = run_insert,
		[RUN_DELETE] = run_delete,
		[RUN_TIMED_LOAD] = run_timed_load,
		[RUN_TIMED_MIX] = run_timed_mix,
		[RUN_TIMED_INSERT] = run_timed_insert,
		[RUN_BUSY_LOAD] = run_busy_load,
		[RUN_BUSY_INSERT] = run_busy_insert,
#endif
#ifdef HAS_LOAD_MANY
		[RUN_BATCH] = run_batch,
#endif
#ifdef HAS_PAYLOAD
		[RUN_PAYLOAD] = run_payload,
#endif
#ifdef HAS_RANGE
		[RUN_RANGE] = run_range,
#endif
#ifdef HAS_PROMOTE
		[RUN_PROMOTE] = run_promote,
#endif
#ifdef HAS_ALL
#define GO(name, keys)	[RUN_GO_##name] = run_go_##name,
#include "golist.h"
#undef GO
#endif
	},
	.operations = {
		.load = load_number,
		.store = store_number,
		.delete = delete_number,
		.load_or_store = load_or_store_number,
#ifdef HAS_RANGE
		.range = map_range,
#endif
	},
};
