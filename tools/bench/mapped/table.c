// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table in shared memory: chains under 64 robust mutexes, so that a process
 * that dies in between does not lock out the others
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/syncmap_mapped.h>
#include "rival.h"

#define LOCKS	64

static struct table {
	struct {
		pthread_mutex_t	mutex;
	} __attribute__((aligned(64))) lock[LOCKS];
	uint32_t	first[];	/* twice as many as keys; nodes from 1 on */
} *table;

static char *nodes;
static size_t bytes, node_size;
static uint32_t buckets;
static uint32_t key_len, value_len;

static void need(bool right)
{
	if (!right)
		abort();
}

static inline uint64_t hash_of(const uint64_t *key)
{
	return key_len == 8 ? syncmap_mapped_hash_u64(1, key[0]) :
			      syncmap_mapped_hash_bytes(1, key, key_len);
}

/* The next one, the key, the value */
static inline char *node_at(uint32_t nr)
{
	return nodes + nr * node_size;
}

static inline bool key_is(const char *node, const uint64_t *key)
{
	return key_len == 8 ? !memcmp(node + 8, key, 8) :
			      !memcmp(node + 8, key, 16);
}

static void lock(pthread_mutex_t *mutex)
{
	int err = pthread_mutex_lock(mutex);

	if (err == EOWNERDEAD)
		err = pthread_mutex_consistent(mutex);
	need(!err);
}

static inline bool load(const uint64_t *key, uint64_t *value)
{
	uint64_t hash = hash_of(key);
	pthread_mutex_t *mutex = &table->lock[hash >> 58].mutex;
	uint32_t nr;

	lock(mutex);
	for (nr = table->first[hash & (buckets - 1)]; nr;
	     nr = *(uint32_t *)node_at(nr))
		if (key_is(node_at(nr), key))
			break;
	if (nr)
		memcpy(value, node_at(nr) + 8 + key_len, value_len);
	pthread_mutex_unlock(mutex);
	return nr;
}

static void fill(const struct scene *scene)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8], i;
	uint32_t *first;
	char *node;

	for (i = 0; i < scene->n; i++) {
		key_of(scene, key, i);
		link_value((__u64 *)value, value_len, i, scene->n);
		first = &table->first[hash_of(key) & (buckets - 1)];
		node = node_at(i + 1);
		*(uint32_t *)node = *first;
		memcpy(node + 8, key, key_len);
		memcpy(node + 8 + key_len, value, value_len);
		*first = i + 1;
	}
}

static void init_locks(void)
{
	pthread_mutexattr_t attr;
	int i;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < LOCKS; i++)
		need(!pthread_mutex_init(&table->lock[i].mutex, &attr));
}

static const char *open_table(const struct scene *scene)
{
	pid_t child;
	int status;

	key_len = scene->key_len;
	value_len = scene->value_len;
	node_size = 8 + key_len + (value_len + 7) / 8 * 8;
	buckets = 2 * scene->n;
	bytes = sizeof(*table) + 4UL * buckets + (scene->n + 1) * node_size;
	table = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED |
		     MAP_ANONYMOUS, -1, 0);
	need(table != MAP_FAILED);
	nodes = (char *)&table->first[buckets];
	init_locks();
	child = fork();
	if (!child) {
		fill(scene);
		_exit(0);
	}
	waitpid(child, &status, 0);
	need(!status);
	return NULL;
}

static void close_table(void)
{
	munmap(table, bytes);
}

static void run_table(struct run *run)
{
	RUN_SINGLE(run, load);
}

const struct rival rival_table = {
	.name = "mutexes", .summary = "a hash table in shared memory, 64 robust mutexes",
	.open = open_table, .run = run_table, .close = close_table,
	.shapes = 1 << BATCHED,
};
