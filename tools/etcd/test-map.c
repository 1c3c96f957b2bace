// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the place of the library: a map that is a file in the directory
 * $SYNCMAP_TEST_MAPS, so that it outlives the process, even by kill -9, and no module
 * is needed. It does what table.c and publish.c make use of. What has happened to a
 * watched map is a line in the pipe beside it: a type of record, and the key. A private
 * map is a file that is renamed when it is published.
 *
 * $SYNCMAP_TEST_ENTRIES: how many there may be; $SYNCMAP_TEST_VALUE: bytes of a value;
 * $SYNCMAP_TEST_OWNER: whose they are; $SYNCMAP_TEST_NODE: which node this is
 */
#include <errno.h>
#include <fcntl.h>
#include <libsyncmap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "node.h"

#define SLOTS	(1u << 14)
#define DATA	488

enum { FREE, USED, GONE };

struct slot {
	uint32_t	state;
	uint32_t	owner;		/* a process, with which it goes; 0: none */
	uint64_t	expires;	/* CLOCK_BOOTTIME; 0: never */
	uint32_t	key_len;
	uint32_t	value_len;
	char		data[DATA];	/* the key, and the value behind it */
};

struct libsyncmap {
	int		fd;
	struct slot	*slots;
	char		path[240];
	bool		private;
};

struct libsyncmap_watch {
	int		fd;
	char		key[DATA];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static size_t limit(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static bool is_there(const struct slot *slot)
{
	return slot->state == USED &&
	       !(slot->expires && slot->expires <= now_ns()) &&
	       !(slot->owner && kill(slot->owner, 0) && errno == ESRCH);
}

static struct slot *find(const struct libsyncmap *map, const void *key,
			 size_t key_len)
{
	struct slot *gone = NULL, *slot;
	uint32_t at = 2166136261u;

	for (size_t i = 0; i < key_len; i++)
		at = (at ^ ((const unsigned char *)key)[i]) * 16777619u;
	for (;; at++) {
		slot = &map->slots[at % SLOTS];
		if (slot->state == FREE)
			return gone ? gone : slot;
		if (slot->state == GONE)
			gone = gone ? gone : slot;
		else if (slot->key_len == key_len &&
			 !memcmp(slot->data, key, key_len))
			return slot;
	}
}

static size_t count(const struct libsyncmap *map)
{
	size_t n = 0;

	for (uint32_t i = 0; i < SLOTS; i++)
		n += is_there(&map->slots[i]);
	return n;
}

static int open_file(const char *name, int flags, struct libsyncmap **opened)
{
	struct libsyncmap *map = calloc(1, sizeof(*map));

	snprintf(map->path, sizeof(map->path), "%s/%s",
		 getenv("SYNCMAP_TEST_MAPS"), name);
	map->fd = open(map->path, O_RDWR | O_CLOEXEC | flags, 0600);
	if (map->fd < 0 || ftruncate(map->fd, SLOTS * sizeof(struct slot))) {
		free(map);
		return -errno;
	}
	map->slots = mmap(NULL, SLOTS * sizeof(struct slot),
			  PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
	*opened = map;
	return 0;
}

int libsyncmap_open(const char *name, unsigned int access, struct libsyncmap **map)
{
	(void)access;
	return open_file(name, 0, map);
}

static int create_private(struct libsyncmap **map)
{
	static unsigned int n;
	char name[40];
	int err;

	snprintf(name, sizeof(name), ".%d.%u", getpid(), n++);
	err = open_file(name, O_CREAT | O_EXCL, map);
	if (!err)
		(*map)->private = true;
	return err;
}

int libsyncmap_create(const char *name, enum syncmap_key_type key_type,
		      const struct syncmap_limits *limits, mode_t mode,
		      struct libsyncmap **map)
{
	(void)key_type;
	(void)limits;
	(void)mode;
	return name ? open_file(name, O_CREAT | O_EXCL, map) :
		      create_private(map);
}

int libsyncmap_create_with(struct syncmap_create *params, size_t size,
			   struct libsyncmap **map)
{
	(void)params;
	(void)size;
	return create_private(map);
}

int libsyncmap_set(const struct libsyncmap *map, struct syncmap_set *set, size_t size)
{
	(void)size;
	return fchmod(map->fd, set->mode) || fchown(map->fd, -1, set->gid) ?
	       -errno : 0;
}

void libsyncmap_close(struct libsyncmap *map)
{
	if (!map)
		return;
	for (uint32_t i = 0; i < SLOTS; i++)
		if (map->slots[i].owner == (uint32_t)getpid())
			map->slots[i].state = GONE;
	munmap(map->slots, SLOTS * sizeof(struct slot));
	close(map->fd);
	if (map->private)
		unlink(map->path);
	free(map);
}

/* The lease that table.c asks for: of the map */
int libsyncmap_load_or_lease(const struct libsyncmap *map, const void *key,
			     size_t key_len, unsigned int flags,
			     uint64_t wait_until, uint64_t lease_for,
			     uint64_t *token, struct libsyncmap_result *result)
{
	(void)key;
	(void)key_len;
	(void)flags;
	(void)wait_until;
	(void)lease_for;
	(void)result;
	*token = 1;
	return flock(map->fd, LOCK_EX | LOCK_NB) ? -EAGAIN : 0;
}

int libsyncmap_current(const struct libsyncmap *map)
{
	struct stat named, opened;

	return stat(map->path, &named) || fstat(map->fd, &opened) ||
	       named.st_ino != opened.st_ino ? -ESTALE : 0;
}

int libsyncmap_publish(const struct libsyncmap *map, const char *name,
		       unsigned int flags, uint64_t id)
{
	struct libsyncmap *changed = (struct libsyncmap *)map;
	struct stat named = { };
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", getenv("SYNCMAP_TEST_MAPS"), name);
	if (!stat(path, &named) && !(flags & SYNCMAP_PUBLISH_REPLACE))
		return -EEXIST;
	if (id && id != named.st_ino)
		return named.st_ino ? -ESTALE : -ENOENT;
	if (rename(map->path, path))
		return -errno;
	strcpy(changed->path, path);
	changed->private = false;
	return 0;
}

int libsyncmap_info(const struct libsyncmap *map, struct syncmap_map_info *info,
		    size_t size)
{
	struct stat file;

	memset(info, 0, size);
	fstat(map->fd, &file);
	info->id = file.st_ino;
	info->uid = limit("SYNCMAP_TEST_OWNER", file.st_uid);
	info->gid = file.st_gid;
	info->mode = file.st_mode & 0666;
	info->key_type = SYNCMAP_KEY_STRING;
	info->count = count(map);
	return 0;
}

int libsyncmap_count(const struct libsyncmap *map, uint64_t *n)
{
	*n = count(map);
	return 0;
}

static int store(const struct libsyncmap *map, const struct syncmap_op *op)
{
	const char *key = (const char *)(uintptr_t)op->key;
	struct slot *slot = find(map, key, op->key_len);

	if (op->value_len > limit("SYNCMAP_TEST_VALUE", DATA - 128) ||
	    op->key_len + op->value_len > DATA)
		return -EFBIG;
	if (!is_there(slot) && getenv("SYNCMAP_TEST_ENTRIES") &&
	    count(map) >= limit("SYNCMAP_TEST_ENTRIES", SLOTS))
		return -ENOSPC;
	slot->owner = op->flags & SYNCMAP_FLAG_OWNED ? getpid() : 0;
	slot->expires = op->deadline ? now_ns() + op->deadline : 0;
	slot->key_len = op->key_len;
	slot->value_len = op->value_len;
	memcpy(slot->data, key, op->key_len);
	memcpy(slot->data + op->key_len, (const char *)(uintptr_t)op->value,
	       op->value_len);
	slot->state = USED;
	return 0;
}

static int load(const struct libsyncmap *map, const struct syncmap_op *op,
		struct syncmap_answer *answer)
{
	struct slot *slot = find(map, (const void *)(uintptr_t)op->key, op->key_len);

	if (!is_there(slot))
		return -ENOENT;
	answer->result = slot->owner ? SYNCMAP_RESULT_OWNED : 0;
	answer->out_len = slot->value_len;
	if (slot->value_len > op->out_size)
		return op->out_size ? -EMSGSIZE : 0;
	memcpy((void *)(uintptr_t)op->out, slot->data + slot->key_len,
	       slot->value_len);
	return 0;
}

static int run(const struct libsyncmap *map, const struct syncmap_op *op,
	       struct syncmap_answer *answer)
{
	struct slot *slot;

	switch (op->op) {
	case SYNCMAP_OP_STORE:
		return store(map, op);
	case SYNCMAP_OP_LOAD:
		return load(map, op, answer);
	case SYNCMAP_OP_DELETE:
		slot = find(map, (const void *)(uintptr_t)op->key, op->key_len);
		if (slot->state == USED)
			slot->state = GONE;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int libsyncmap_batch(const struct libsyncmap *map, const struct syncmap_op *ops,
		     size_t op_size, size_t n, unsigned int flags, size_t *done)
{
	(void)op_size;
	(void)flags;
	for (size_t i = 0; i < n; i++) {
		struct syncmap_answer *answer =
			(struct syncmap_answer *)(uintptr_t)ops[i].answer;

		answer->error.status = run(map, &ops[i], answer);
	}
	*done = n;
	return 0;
}

int libsyncmap_load(const struct libsyncmap *map, const void *key, size_t key_len,
		    struct libsyncmap_result *result)
{
	struct syncmap_answer answer = { };
	const struct syncmap_op op = {
		.key = (uintptr_t)key, .key_len = key_len,
		.out = (uintptr_t)result->buffer, .out_size = result->size,
	};
	int err = load(map, &op, &answer);

	result->len = answer.out_len;
	result->owned = answer.result & SYNCMAP_RESULT_OWNED;
	return err;
}

int libsyncmap_range(const struct libsyncmap *map, unsigned int flags,
		     int (*fn)(const struct libsyncmap_record *entry, void *arg),
		     void *arg)
{
	int ret = 0;

	(void)flags;
	for (uint32_t i = 0; !ret && i < SLOTS; i++) {
		const struct slot *slot = &map->slots[i];
		const struct libsyncmap_record entry = {
			.key = slot->data, .key_len = slot->key_len,
			.flags = slot->owner ? SYNCMAP_RECORD_OWNED : 0,
		};

		if (is_there(slot))
			ret = fn(&entry, arg);
	}
	return ret;
}

int libsyncmap_watch_open(const struct libsyncmap *map, struct syncmap_watch *params,
			  size_t size, struct libsyncmap_watch **opened)
{
	struct libsyncmap_watch *watch = calloc(1, sizeof(*watch));
	char path[256];

	(void)params;
	(void)size;
	snprintf(path, sizeof(path), "%s.events", map->path);
	mkfifo(path, 0600);
	watch->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	*opened = watch;
	return 0;
}

int libsyncmap_watch_fd(const struct libsyncmap_watch *watch)
{
	return watch->fd;
}

/* Lines are written whole. */
int libsyncmap_watch_next(struct libsyncmap_watch *watch, int timeout,
			  struct libsyncmap_record *event)
{
	size_t len = 0;
	char type;

	(void)timeout;
	if (read(watch->fd, &type, 1) != 1)
		return -EAGAIN;
	while (read(watch->fd, &watch->key[len], 1) == 1 && watch->key[len] != '\n')
		len++;
	*event = (struct libsyncmap_record){
		.type = type - '0', .key = watch->key, .key_len = len,
	};
	return 0;
}

void libsyncmap_watch_close(struct libsyncmap_watch *watch)
{
	if (watch)
		close(watch->fd);
	free(watch);
}

int libsyncmap_clear(const struct libsyncmap *map, unsigned int flags)
{
	(void)flags;
	memset(map->slots, 0, SLOTS * sizeof(struct slot));
	return 0;
}

int node_print(struct bytes *text)
{
	const char *node = getenv("SYNCMAP_TEST_NODE") ?: "node";

	bytes_set(text, node, strlen(node));
	return 0;
}
