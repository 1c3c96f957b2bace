// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: a slab allocator with the kernel's size classes, on huge pages as the
 * kernel's linear mapping is. Each thread has two magazines of free objects per
 * class; full ones go to, and come from, a depot. Blocks above the largest
 * class are recycled by powers of two. What is in use is counted.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/cache.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "mem.h"

/* At most; addresses alone cost nothing, but there may be a limit to them */
#define ARENA_BYTES	(256UL << 30)
#define ARENA_BYTES_MIN	(1UL << 30)
#define SPAN_SHIFT	16
#define SPAN_BYTES	(1UL << SPAN_SHIFT)
#define HUGE_BYTES	(2UL << 20)
#define PAGE_BYTES	4096UL

/* Classes up to this are multiples of eight, then powers of two */
#define FINE_MAX	1024
#define FINE_CLASSES	(FINE_MAX / 8)
#define SMALL_MAX	8192
#define CLASSES		(FINE_CLASSES + 4)
#define ORDERS		40
#define MAGAZINE	64

/* A free object; the first of a magazine links the next magazine */
struct object {
	struct object	*next;
	struct object	*magazine;
};

struct cache {
	struct object	*loaded;
	struct object	*spare;		/* empty or full */
	unsigned int	count;		/* of loaded */
};

struct depot {
	spinlock_t	lock;
	struct object	*magazines;
	char		*fresh;
	size_t		left;
} ____cacheline_aligned;

struct thread {
	struct cache	caches[CLASSES];
	long		bytes;
	struct thread	*next;
};

/* Of the span that a block begins in */
struct span {
	u8		order;		/* 0: small objects */
	u8		class;
	u32		pages;
};

static struct span *spans;
static char *arena, *arena_top, *arena_end;
static spinlock_t arena_lock;
static struct depot depots[CLASSES];
static struct object *blocks[ORDERS];
static long peak;		/* under arena_lock */
static struct thread *threads;
static __thread struct thread *self;
static u8 kmalloc_class[FINE_CLASSES + 1];

static size_t class_bytes(unsigned int class)
{
	if (class < FINE_CLASSES)
		return (class + 1) * 8UL;
	return (size_t)FINE_MAX << (class - FINE_CLASSES + 1);
}

static unsigned int exact_class(size_t size)
{
	unsigned int class = FINE_CLASSES;

	size = max(size, sizeof(struct object));
	if (size <= FINE_MAX)
		return (size + 7) / 8 - 1;
	while (class_bytes(class) < size)
		class++;
	return class;
}

/* The classes of kmalloc(): powers of two, 96 and 192 */
static size_t kmalloc_bytes(size_t size)
{
	size_t class = 8;

	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (class < size)
		class *= 2;
	return class;
}

/* As much as there is, down to @least; *bytes is how much it is */
static void *reserve(size_t *bytes, size_t least)
{
	void *p;

	for (;; *bytes /= 2) {
		p = mmap(NULL, *bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p != MAP_FAILED)
			return p;
		if (*bytes / 2 < least)
			abort();
	}
}

static void __attribute__((constructor(101))) mem_init(void)
{
	size_t bytes = ARENA_BYTES, index, i;

	arena = reserve(&bytes, ARENA_BYTES_MIN);
	madvise(arena, bytes, MADV_HUGEPAGE);
	arena_end = arena + bytes;
	arena = (char *)(((unsigned long)arena + HUGE_BYTES - 1) &
			 ~(HUGE_BYTES - 1));
	arena_top = arena;
	index = (bytes >> SPAN_SHIFT) * sizeof(*spans);
	spans = reserve(&index, index);
	for (i = 0; i <= FINE_CLASSES; i++)
		kmalloc_class[i] = exact_class(kmalloc_bytes(i * 8));
}

static struct span *span_of(const void *p)
{
	return &spans[((const char *)p - arena) >> SPAN_SHIFT];
}

static void *arena_take(size_t bytes, size_t align)
{
	char *p;

	spin_lock(&arena_lock);
	p = (char *)(((unsigned long)arena_top + align - 1) & ~(align - 1));
	if (p + bytes > arena_end)
		abort();
	arena_top = p + bytes;
	spin_unlock(&arena_lock);
	return p;
}

static noinline struct thread *enlist(void)
{
	struct thread *thread;

	thread = arena_take((sizeof(*thread) + SPAN_BYTES - 1) &
			    ~(SPAN_BYTES - 1), SPAN_BYTES);
	do
		thread->next = threads;
	while (!__sync_bool_compare_and_swap(&threads, thread->next, thread));
	return self = thread;
}

static struct thread *me(void)
{
	return likely(self) ? self : enlist();
}

/* With the depot's lock: one more magazine of memory that was never used */
static struct object *carve(struct depot *depot, unsigned int class)
{
	size_t bytes = class_bytes(class);
	struct object *head = NULL;
	int i;

	for (i = 0; i < MAGAZINE; i++) {
		struct object *object;

		if (depot->left < bytes) {
			depot->fresh = arena_take(SPAN_BYTES, SPAN_BYTES);
			depot->left = SPAN_BYTES;
			span_of(depot->fresh)->class = class;
		}
		depot->left -= bytes;
		/* From the end, so that a list of them ascends */
		object = (void *)(depot->fresh + depot->left);
		object->next = head;
		head = object;
	}
	return head;
}

static noinline void refill(struct cache *cache, unsigned int class)
{
	struct depot *depot = &depots[class];

	cache->count = MAGAZINE;
	if (cache->spare) {
		cache->loaded = cache->spare;
		cache->spare = NULL;
		return;
	}
	spin_lock(&depot->lock);
	cache->loaded = depot->magazines;
	if (cache->loaded)
		depot->magazines = cache->loaded->magazine;
	else
		cache->loaded = carve(depot, class);
	spin_unlock(&depot->lock);
}

static noinline void spill(struct cache *cache, unsigned int class)
{
	struct depot *depot = &depots[class];

	if (cache->spare) {
		spin_lock(&depot->lock);
		cache->spare->magazine = depot->magazines;
		depot->magazines = cache->spare;
		spin_unlock(&depot->lock);
	}
	cache->spare = cache->loaded;
	cache->loaded = NULL;
	cache->count = 0;
}

void *mem_cache_alloc(unsigned int class)
{
	struct thread *thread = me();
	struct cache *cache = &thread->caches[class];
	struct object *object;

	if (unlikely(!cache->count))
		refill(cache, class);
	object = cache->loaded;
	cache->loaded = object->next;
	cache->count--;
	thread->bytes += class_bytes(class);
	return object;
}

void mem_cache_free(unsigned int class, void *p)
{
	struct thread *thread = me();
	struct cache *cache = &thread->caches[class];
	struct object *object = p;

	if (unlikely(cache->count == MAGAZINE))
		spill(cache, class);
	object->next = cache->loaded;
	cache->loaded = object;
	cache->count++;
	thread->bytes -= class_bytes(class);
}

/* Exact when nobody allocates or frees */
size_t mem_used(void)
{
	struct thread *thread;
	long bytes = 0;

	for (thread = threads; thread; thread = thread->next)
		bytes += thread->bytes;
	return bytes;
}

/* What is in use is at its most where a block comes or goes; about, meanwhile */
static void note_peak_locked(void)
{
	peak = max(peak, (long)mem_used());
}

static void *block_alloc(size_t size)
{
	unsigned int order = 64 - __builtin_clzl(size - 1);
	struct object *block;
	size_t bytes;

	order = max(order, SPAN_SHIFT + 0U);
	bytes = 1UL << order;
	spin_lock(&arena_lock);
	block = blocks[order];
	if (block)
		blocks[order] = block->next;
	spin_unlock(&arena_lock);
	if (!block)
		block = arena_take(bytes, min(bytes, HUGE_BYTES));
	span_of(block)->order = order;
	span_of(block)->pages = (size + PAGE_BYTES - 1) / PAGE_BYTES;
	me()->bytes += span_of(block)->pages * PAGE_BYTES;
	spin_lock(&arena_lock);
	note_peak_locked();
	spin_unlock(&arena_lock);
	return block;
}

static void block_free(struct object *block)
{
	struct span *span = span_of(block);
	struct thread *thread = me();

	spin_lock(&arena_lock);
	note_peak_locked();
	thread->bytes -= span->pages * PAGE_BYTES;
	block->next = blocks[span->order];
	blocks[span->order] = block;
	spin_unlock(&arena_lock);
}

void *mem_alloc(size_t size, bool zero)
{
	void *p;

	if (size <= FINE_MAX)
		p = mem_cache_alloc(kmalloc_class[(size + 7) / 8]);
	else if (size <= SMALL_MAX)
		p = mem_cache_alloc(exact_class(size));
	else
		p = block_alloc(size);
	if (zero)
		memset(p, 0, size);
	/* The kernel clears a page at a time, and may rest behind each */
	if (zero && size > SMALL_MAX && unlikely(bench_rest))
		bench_rest(false);
	return p;
}

void mem_free(const void *p)
{
	struct span *span;

	if (!p)
		return;
	span = span_of(p);
	if (span->order)
		block_free((void *)p);
	else
		mem_cache_free(span->class, (void *)p);
}

struct kmem_cache *mem_cache(size_t size)
{
	struct kmem_cache *cache = mem_alloc(sizeof(*cache), false);

	cache->class = exact_class(size);
	return cache;
}

size_t mem_peak(void)
{
	long most;

	spin_lock(&arena_lock);
	note_peak_locked();
	most = peak;
	peak = 0;
	spin_unlock(&arena_lock);
	return most;
}

/* Give free blocks back to the system */
void mem_trim(void)
{
	struct object *block, *next;
	unsigned int order;

	for (order = 21; order < ORDERS; order++) {
		for (block = blocks[order]; block; block = next) {
			next = block->next;
			madvise((char *)block + PAGE_BYTES,
				(1UL << order) - PAGE_BYTES, MADV_DONTNEED);
		}
	}
}
