// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread owns a hash table and does what others ask it for: each has a
 * mailbox with room for one request, and waits for the answer.
 *
 * Modelled on the goroutine that owns a map, behind a channel. The channel is
 * left out: a mailbox of its own for each asker needs no lock, and the owner
 * goes to sleep only after it has found all of them empty for a while.
 */
#include <pthread.h>

#define CONTENDER	owner
#define SUMMARY		"hash table of one thread that others ask"
#include "contender.h"
#include "hash.h"

#define HAS_THREADS
#define SLOW

#define IDLE_ROUNDS	2000
#define WAIT_SPINS	200

enum request {
	NOTHING,
	LOAD,
	STORE,
	DELETE,
	LOAD_OR_STORE,
	RANGE,
	FILL,
	STOP,
};

/* What keys 0 to n - 1 get */
struct filling {
	u64		n;
	value_fn	value;
	void		*arg;
};

struct mailbox {
	int			request;	/* NOTHING: answered */
	bool			present;
	const struct key	*key;
	u64			hash;
	void			*value;
	u64			sum;
	const struct filling	*filling;
} ____cacheline_aligned;

struct map {
	struct hash	hash;
	pthread_t	owner;
	pthread_mutex_t	mutex;
	pthread_cond_t	asked;
	int		asleep ____cacheline_aligned;
	struct mailbox	boxes[BENCH_THREADS + 1];
};

/* The first one is for those who have not entered */
static __thread int mine;

static void map_enter(struct map *map, int thread)
{
	mine = thread + 1;
}

static void map_leave(struct map *map, int thread)
{
	mine = 0;
}

static void fill_hash(struct hash *hash, const struct filling *filling)
{
	struct key key;
	u64 i;

	for (i = 0; i < filling->n; i++) {
		key = key_of(i);
		hash_store(hash, &key, key_hash(&key),
			   filling->value(i, filling->arg));
	}
}

static void answer(struct map *map, struct mailbox *box, int request)
{
	switch (request) {
	case LOAD:
		box->present = hash_load(&map->hash, box->key, box->hash,
					 &box->value);
		break;
	case STORE:
		hash_store(&map->hash, box->key, box->hash, box->value);
		break;
	case DELETE:
		box->present = hash_delete(&map->hash, box->key, box->hash);
		break;
	case LOAD_OR_STORE:
		box->present = hash_load_or_store(&map->hash, box->key,
						  box->hash, box->value,
						  &box->value);
		break;
	case RANGE:
		box->sum = hash_range(&map->hash);
		break;
	case FILL:
		fill_hash(&map->hash, box->filling);
		break;
	}
	smp_store_release(&box->request, NOTHING);
}

/* One look into each mailbox; whether there was a request, and not to stop */
static bool serve(struct map *map, bool *stop)
{
	bool any = false;
	int i, request;

	for (i = 0; i <= BENCH_THREADS; i++) {
		request = smp_load_acquire(&map->boxes[i].request);
		if (!request)
			continue;
		any = true;
		*stop |= request == STOP;
		answer(map, &map->boxes[i], request);
	}
	return any;
}

/* Who asks looks at asleep after that, or the owner at the mailbox after this */
static void doze(struct map *map, bool *stop)
{
	pthread_mutex_lock(&map->mutex);
	WRITE_ONCE(map->asleep, 1);
	smp_mb();
	while (!serve(map, stop))
		pthread_cond_wait(&map->asked, &map->mutex);
	WRITE_ONCE(map->asleep, 0);
	pthread_mutex_unlock(&map->mutex);
}

static void *own(void *arg)
{
	struct map *map = arg;
	unsigned int idle = 0;
	bool stop = false;

	while (!stop) {
		if (serve(map, &stop)) {
			idle = 0;
		} else if (++idle % WAIT_SPINS) {
			cpu_relax();
		} else if (idle < IDLE_ROUNDS) {
			sched_yield();
		} else {
			doze(map, &stop);
			idle = 0;
		}
	}
	return NULL;
}

static void wake(struct map *map)
{
	pthread_mutex_lock(&map->mutex);
	pthread_cond_signal(&map->asked);
	pthread_mutex_unlock(&map->mutex);
}

static void ask(struct map *map, struct mailbox *box, int request)
{
	unsigned int spins = 0;
	bool again;

	smp_store_release(&box->request, request);
	smp_mb();
	if (unlikely(READ_ONCE(map->asleep)))
		wake(map);
	again = shim_offline();
	while (smp_load_acquire(&box->request)) {
		if (++spins % WAIT_SPINS)
			cpu_relax();
		else
			sched_yield();
	}
	shim_online(again);
}

static struct mailbox *ask_for_key(struct map *map, const struct key *key,
				   void *value, int request)
{
	struct mailbox *box = &map->boxes[mine];

	box->key = key;
	box->hash = key_hash(key);
	box->value = value;
	ask(map, box, request);
	return box;
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	hash_init(&map->hash);
	pthread_mutex_init(&map->mutex, NULL);
	pthread_cond_init(&map->asked, NULL);
	if (pthread_create(&map->owner, NULL, own, map))
		abort();
	return map;
}

static void map_free(struct map *map)
{
	ask(map, &map->boxes[mine], STOP);
	pthread_join(map->owner, NULL);
	hash_exit(&map->hash);
	kfree(map);
}

static bool map_load(struct map *map, const struct key *key, void **value)
{
	struct mailbox *box = ask_for_key(map, key, NULL, LOAD);

	*value = box->value;
	return box->present;
}

static void map_store(struct map *map, const struct key *key, void *value)
{
	ask_for_key(map, key, value, STORE);
}

static bool map_delete(struct map *map, const struct key *key)
{
	return ask_for_key(map, key, NULL, DELETE)->present;
}

static bool map_load_or_store(struct map *map, const struct key *key,
			      void *value, void **actual)
{
	struct mailbox *box = ask_for_key(map, key, value, LOAD_OR_STORE);

	*actual = box->value;
	return box->present;
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	ask(map, &map->boxes[mine], RANGE);
	return map->boxes[mine].sum;
}

#define HAS_FILL
static void map_fill(struct map *map, u64 n, value_fn value, void *arg)
{
	struct filling filling = { n, value, arg };

	map->boxes[mine].filling = &filling;
	ask(map, &map->boxes[mine], FILL);
}

#include "workloads.h"
