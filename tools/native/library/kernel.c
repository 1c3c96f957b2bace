// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library calls is caught here, and some of it fails. A map is a file, by
 * which it is known; it has integers as keys, whose values never change.
 *
 * Nothing here orders anything for ThreadSanitizer: that is for the library to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/syncmap.h>
#include <linux/syncmap_mapped.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel.h"

#define SHIFT		SYNCMAP_MAPPED_SHIFT_MIN
#define ARENA		syncmap_mapped_index(SHIFT + 1)
#define SIZE		(ARENA + SYNCMAP_MAPPED_PAGE)

static struct map {
	int		fd;
	ino_t		file;
	unsigned char	*bytes;		/* as the kernel has it */
	void		*shown;		/* where this process has it */
	unsigned int	mappings;
} maps[MAPS];

struct kernel_calls kernel_calls;
void (*kernel_meanwhile)(void);
void (*kernel_while_telling)(void);

static unsigned int most;
static int pages;

#define ADD(p, n)	__atomic_add_fetch(p, n, __ATOMIC_RELAXED)
#define GET(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define SET(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)

void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t off);
int __real_munmap(void *at, size_t size);
int __real_madvise(void *at, size_t size, int advice);
int __real_ioctl(int fd, unsigned long command, void *arg);

static struct syncmap_mapped_head *head_of(const struct map *map)
{
	return (struct syncmap_mapped_head *)map->bytes;
}

/* Return: whether its bucket has room */
static bool place_key(struct map *map, uint64_t key)
{
	uint64_t nr = syncmap_mapped_hash_u64(head_of(map)->seed, key) >>
		      (64 - SHIFT);
	struct syncmap_mapped_pairs *bucket =
		(void *)(map->bytes + syncmap_mapped_index(SHIFT));
	struct syncmap_mapped_revisions *revisions =
		(void *)(map->bytes + syncmap_mapped_revisions(SHIFT));
	unsigned int i = 0;

	bucket += nr;
	while (bucket->kinds >> (SYNCMAP_PAIR_BITS * i))
		i++;
	if (i == SYNCMAP_MAPPED_PAIRS)
		return false;
	bucket->kinds |= SYNCMAP_PAIR_MOST << (SYNCMAP_PAIR_BITS * i);
	bucket->pair[i].key = key;
	bucket->pair[i].value = VALUE(map - maps, key);
	revisions[nr].low[i] = key + 1;
	return true;
}

static bool place_keys(struct map *map, uint64_t seed)
{
	struct syncmap_mapped_pairs *bucket =
		(void *)(map->bytes + syncmap_mapped_index(SHIFT));
	unsigned int i;

	memset(map->bytes, 0, SIZE);
	*head_of(map) = (struct syncmap_mapped_head){
		.magic = SYNCMAP_MAPPED_MAGIC, .abi = SYNCMAP_MAPPED_ABI,
		.key_type = SYNCMAP_KEY_U64, .seed = seed, .arena = ARENA,
		.size = SIZE, .word = SYNCMAP_MAPPED_READY |
				      (uint64_t)SHIFT << SYNCMAP_MAPPED_SHIFT,
	};
	for (i = 0; i < 1U << SHIFT; i++)
		bucket[i].word = SYNCMAP_MAPPED_READY;
	for (i = 0; i < KEYS; i++)
		if (!place_key(map, i))
			return false;
	return true;
}

static void make_map(struct map *map)
{
	uint64_t seed = 1;
	struct stat stat;

	map->fd = memfd_create("map", MFD_CLOEXEC);
	if (map->fd < 0 || ftruncate(map->fd, SIZE) || fstat(map->fd, &stat))
		abort();
	map->file = stat.st_ino;
	map->bytes = __real_mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				 map->fd, 0);
	if (map->bytes == MAP_FAILED)
		abort();
	while (!place_keys(map, seed))
		seed++;
}

void kernel_init(void)
{
	struct map *map;

	for (map = maps; map < maps + MAPS; map++)
		make_map(map);
}

void kernel_reset(void)
{
	memset(&kernel_calls, 0, sizeof(kernel_calls));
	kernel_meanwhile = NULL;
	kernel_while_telling = NULL;
}

void kernel_forked(void)
{
	struct map *map;

	for (map = maps; map < maps + MAPS; map++) {
		map->shown = NULL;
		map->mappings = 0;
	}
}

static struct map *map_of(int fd)
{
	struct stat stat;
	struct map *map;

	if (fd < 0 || fstat(fd, &stat))
		return NULL;
	for (map = maps; map < maps + MAPS; map++)
		if (map->file == stat.st_ino)
			return map;
	return NULL;
}

int kernel_open(unsigned int map)
{
	return fcntl(maps[map].fd, F_DUPFD_CLOEXEC, 3);
}

unsigned int kernel_mappings(unsigned int map)
{
	return GET(&maps[map].mappings);
}

unsigned int kernel_most_mappings(void)
{
	return GET(&most);
}

int kernel_pages(void)
{
	return GET(&pages);
}

void kernel_set_abi(unsigned int map, unsigned int abi)
{
	head_of(&maps[map])->abi = abi;
}

void kernel_set_ready(unsigned int map, bool ready)
{
	struct syncmap_mapped_head *head = head_of(&maps[map]);

	if (ready)
		__atomic_or_fetch(&head->word, SYNCMAP_MAPPED_READY,
				  __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(&head->word, ~SYNCMAP_MAPPED_READY,
				   __ATOMIC_RELAXED);
}

void kernel_lose_name(unsigned int map)
{
	ADD(&head_of(&maps[map])->moved, 1);
}

/* Return: whether it is this call's turn */
static bool fails(void)
{
	unsigned int n = ADD(&kernel_calls.n, 1);

	if (n != GET(&kernel_calls.fail_nth))
		return false;
	errno = kernel_calls.fail_with;
	return true;
}

static int tell(const struct map *map, struct syncmap_map_info *info)
{
	ADD(&kernel_calls.infos, 1);
	memset(info, 0, sizeof(*info));
	info->id = map - maps + 1;
	info->key_type = SYNCMAP_KEY_U64;
	info->access = SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE;
	info->mapped = SIZE;
	info->limits.key_size = 8;
	if (kernel_while_telling)
		kernel_while_telling();
	return 0;
}

static int restrict_to(int fd, struct syncmap_restrict *less)
{
	less->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return less->fd < 0 ? -1 : 0;
}

static int load(const struct map *map, const struct syncmap_op *op)
{
	struct syncmap_answer answer = {
		.result = SYNCMAP_RESULT_LOADED, .out_len = sizeof(uint64_t),
		.expires = SYNCMAP_NEVER,
	};
	uint64_t key, value;

	ADD(&kernel_calls.loads, 1);
	memcpy(&key, (void *)op->key, sizeof(key));
	value = VALUE(map - maps, key);
	answer.revision = key + 1;
	if (key >= KEYS) {
		errno = ENOENT;
		return -1;
	}
	if (op->out_size >= sizeof(value))
		memcpy((void *)op->out, &value, sizeof(value));
	if (op->answer_size)
		memcpy((void *)op->answer, &answer, sizeof(answer));
	return 0;
}

int __wrap_ioctl(int fd, unsigned long command, ...)
{
	struct map *map = map_of(fd);
	va_list list;
	void *arg;

	va_start(list, command);
	arg = va_arg(list, void *);
	va_end(list);
	if (!map)
		return __real_ioctl(fd, command, arg);
	if (command == SYNCMAP_OP_SIZED(SYNCMAP_OP_SHORT) || command == SYNCMAP_OP)
		return load(map, arg);
	if (fails())
		return -1;
	return command == SYNCMAP_MAP_INFO ? tell(map, arg) :
	       command == SYNCMAP_RESTRICT ? restrict_to(fd, arg) : -1;
}

static void note_most(unsigned int mappings)
{
	if (mappings > GET(&most))
		SET(&most, mappings);
}

/* As the device has it, a child does not inherit it */
static void *map_it(struct map *map, size_t size, int prot, int flags)
{
	void *base = __real_mmap(NULL, size, prot, flags, map->fd, 0);

	if (base == MAP_FAILED || __real_madvise(base, size, MADV_DONTFORK))
		abort();
	note_most(ADD(&map->mappings, 1));
	SET(&map->shown, base);
	if (kernel_meanwhile)
		kernel_meanwhile();
	return base;
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t off)
{
	struct map *map = map_of(fd);
	void *base;

	if (fails())
		return MAP_FAILED;
	if (map)
		return map_it(map, size, prot, flags);
	base = __real_mmap(at, size, prot, flags, fd, off);
	if (base != MAP_FAILED)
		ADD(&pages, 1);
	return base;
}

int __wrap_munmap(void *at, size_t size)
{
	struct map *map;

	for (map = maps; map < maps + MAPS; map++)
		if (GET(&map->shown) == at) {
			SET(&map->shown, NULL);
			ADD(&map->mappings, -1);
			return __real_munmap(at, size);
		}
	ADD(&pages, -1);
	return __real_munmap(at, size);
}

int __wrap_madvise(void *at, size_t size, int advice)
{
	return fails() ? -1 : __real_madvise(at, size, advice);
}

/* Not all calls of it are seen by ThreadSanitizer, so none is to be */
int __wrap_close(int fd)
{
	return syscall(SYS_close, fd);
}
