/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel for the library: what it is asked of a few maps, and what it shows.
 */
#ifndef _LIBRARY_KERNEL_H
#define _LIBRARY_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#define MAPS		2
#define KEYS		20

/* Of a key, in a map */
#define VALUE(map, key)	((uint64_t)(key) * 100 + (map))

/* What was asked for since kernel_reset(), each a call that can fail */
struct kernel_calls {
	unsigned int	n;
	unsigned int	fail_nth;	/* 0: none */
	int		fail_with;
	unsigned int	infos;
	unsigned int	loads;
};

extern struct kernel_calls kernel_calls;

/* Called when a map is mapped, if it is set: the lock of the library is held */
extern void (*kernel_meanwhile)(void);
/* The same when the kernel has found what it is about to tell of a map */
extern void (*kernel_while_telling)(void);

void kernel_init(void);
void kernel_reset(void);
/* What a child of fork() has */
void kernel_forked(void);
/* A descriptor of the map */
int kernel_open(unsigned int map);
/* How often this process has it mapped; and has ever had it */
unsigned int kernel_mappings(unsigned int map);
unsigned int kernel_most_mappings(void);
/* Pages that the library has got */
int kernel_pages(void);
/* Its mappings are of a kind that nobody knows, or of the usual one */
void kernel_set_abi(unsigned int map, unsigned int abi);
/* Its mirror goes, or is there again */
void kernel_set_ready(unsigned int map, bool ready);
/* A name of it is taken away */
void kernel_lose_name(unsigned int map);

#endif
