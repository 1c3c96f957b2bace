// SPDX-License-Identifier: GPL-2.0-only
/*
 * The crash of an unguarded map, and how it is found: 100 threads store in a hash
 * table that is made for one, without a lock.
 *
 * Here the map has what Go's maps have: who writes says so, and who finds that
 * somebody does ends the program. He has not touched anything by then: the map is
 * whole, and says who it was. unguarded-tsan.c leaves that out, and has the
 * compiler find it.
 *
 * Output:
 *	fatal error: concurrent map writes: thread ... stores key ..., thread ... key ...
 *	the map is whole: it has the ... keys that were stored
 * Status: 2
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "contenders/plain.c"

#define THREADS	100

const siphash_key_t bench_seed;

static struct map *map;
static pthread_barrier_t together;

#ifndef UNDETECTED
static atomic_ullong writer;		/* the key that is being stored, or 0 */
static atomic_ullong stored;
static atomic_bool caught;

static unsigned long long thread_of(unsigned long long key)
{
	return key % THREADS;
}

static bool begin_write(unsigned long long key)
{
	unsigned long long other = 0;

	if (atomic_compare_exchange_strong(&writer, &other, key))
		return true;
	if (!atomic_exchange(&caught, true))
		printf("fatal error: concurrent map writes: thread %llu stores key %llu, thread %llu key %llu\n",
		       thread_of(key), key, thread_of(other), other);
	return false;
}

static void end_write(void)
{
	stored++;
	writer = 0;
}

static bool over(unsigned int i)
{
	return caught;
}
#else
static bool begin_write(unsigned long long key)
{
	return true;
}

static void end_write(void)
{
}

static bool over(unsigned int i)
{
	return i > 100;
}
#endif

/* Keys of its own, none of which is 0 */
static void *store_many(void *arg)
{
	unsigned long long thread = (unsigned long)arg;
	struct key key;
	unsigned int i;

	pthread_barrier_wait(&together);
	for (i = 1; !over(i); i++) {
		key = key_of(thread + i * THREADS);
		if (!begin_write(thread + i * THREADS))
			break;
		map_store(map, &key, value_of(i, 1));
		end_write();
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	unsigned long i;

	map = map_new();
	pthread_barrier_init(&together, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, store_many, (void *)i))
			abort();
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
#ifndef UNDETECTED
	if (map->hash.used != stored)
		return 1;
	printf("the map is whole: it has the %llu keys that were stored\n",
	       map->hash.used);
#endif
	return 2;
}
