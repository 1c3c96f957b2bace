/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Those that are compared: whatever lets a process load what another one stores
 */
#ifndef BENCH_MAPPED_RIVAL_H
#define BENCH_MAPPED_RIVAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "link.h"

#define BATCH	64

enum shape {
	INDEPENDENT,	/* any key */
	CHAINED,	/* the key to which the last value leads */
	BATCHED,	/* BATCH keys at a time */
	SHAPES,
};

struct scene {
	uint32_t	key_len;
	uint32_t	value_len;
	uint64_t	n;		/* 2^x keys, all present */
};

struct run {
	const struct scene	*scene;
	enum shape		shape;
	uint64_t		ops;
	uint64_t		at;	/* a number, where it begins */
	uint64_t		sum;	/* out: of the values' first words */
	uint64_t		asked;	/* out: loads that only a kernel could do */
};

struct rival {
	const char	*name;
	const char	*summary;
	bool		waits;		/* for another process: in time of the day */
	uint64_t	most;		/* keys that make a difference; 0: any */
	/* Filled by another process. Return: NULL, or why it takes no part */
	const char	*(*open)(const struct scene *scene);
	void		(*run)(struct run *run);	/* NULL: not that shape */
	void		(*close)(void);
	unsigned int	shapes;		/* that it cannot: a bit each */
};

extern const struct rival rival_mapped, rival_value, rival_core, rival_lmdb,
	rival_table, rival_bpf, rival_redis, rival_memcached, rival_call,
	rival_ioctl;

/* main.c: the process with the store */
void ask_store(const struct ask *ask, struct told *told);
bool read_store(void *bytes, size_t len);
int store_pid(void);

static inline void key_of(const struct scene *scene, uint64_t *key,
			  uint64_t number)
{
	link_key((__u64 *)key, scene->key_len, number);
}

static inline uint64_t step(struct run *run)
{
	run->at = run->at * 6364136223846793005ULL + 1442695040888963407ULL;
	return (run->at >> 33) & (run->scene->n - 1);
}

/*
 * What runs a shape by a load of one key, inlined: @load is a function that is given
 * a key and where the value goes, and says whether it was there
 */
#define RUN_SINGLE(run, load)						\
do {									\
	uint64_t key[KEY_MAX / 8] = { 0 }, value[VALUE_MAX / 8] = { 0 }; \
	uint64_t i, number = (run)->at & ((run)->scene->n - 1);		\
									\
	for (i = 0; i < (run)->ops; i++) {				\
		if ((run)->shape != CHAINED)				\
			number = step(run);				\
		key_of((run)->scene, key, number);			\
		if (!load(key, value)) {				\
			(run)->asked++;					\
			number = link_next(number, (run)->scene->n);	\
			continue;					\
		}							\
		(run)->sum += value[0];					\
		number = value[0];					\
	}								\
} while (0)

#endif
