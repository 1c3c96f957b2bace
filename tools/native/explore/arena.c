// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of one run: each actor has a region that grows and is reset as a whole,
 * so that addresses depend as little as possible on the schedule. What is freed
 * is poisoned, and stays so.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "explore.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, size)	((void)(p))
#define ASAN_UNPOISON_MEMORY_REGION(p, size)	((void)(p))
#endif

#define REGIONS		(ACTORS_MAX + 1)
#define REGION_BYTES	(1UL << 20)
#define PAGE		4096UL

struct header {
	size_t size;
	size_t magic;
};

#define MAGIC		0x5afe5afe5afeUL
#define GAP		64

static char memory[REGIONS][REGION_BYTES] __aligned(PAGE);
static size_t used[REGIONS] = { [0 ... REGIONS - 1] = REGION_BYTES };
static unsigned int region;
static unsigned long live;

void arena_region(unsigned int next)
{
	region = next;
}

void arena_reset(void)
{
	unsigned int i;

	for (i = 0; i < REGIONS; i++) {
		ASAN_POISON_MEMORY_REGION(memory[i], used[i]);
		used[i] = 0;
	}
	live = 0;
}

unsigned long arena_live(void)
{
	return live;
}

/* Of two actors that insert, one goes on at once, and one starts over */
bool shim_at_hand(void)
{
	return region % 2;
}

void *shim_raw_alloc(size_t align, size_t size)
{
	size_t at = used[region] + sizeof(struct header);
	struct header *header;

	at = (at + align - 1) & ~(align - 1);
	if (at + size + GAP > REGION_BYTES)
		return NULL;
	used[region] = at + size + GAP;
	header = (struct header *)&memory[region][at] - 1;
	ASAN_UNPOISON_MEMORY_REGION(header, sizeof(*header));
	header->size = size;
	header->magic = MAGIC;
	ASAN_POISON_MEMORY_REGION(header, sizeof(*header));
	ASAN_UNPOISON_MEMORY_REGION(&memory[region][at], size);
	memset(&memory[region][at], 0xa5, size);
	live++;
	return &memory[region][at];
}

void shim_raw_free(void *p)
{
	struct header *header = (struct header *)p - 1;

	ASAN_UNPOISON_MEMORY_REGION(header, sizeof(*header));
	if (header->magic != MAGIC) {
		explore_fail("freed twice");
		return;
	}
	header->magic = 0;
	memset(p, 0x6b, header->size);
	ASAN_POISON_MEMORY_REGION(header, sizeof(*header) + header->size);
	live--;
}
