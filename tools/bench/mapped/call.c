// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a system call takes that does nothing, and loads by bpf(2)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rival.h"

static int file = -1;

static const char *open_call(const struct scene *scene)
{
	(void)scene;
	return NULL;
}

static void close_call(void)
{
}

static void run_call(struct run *run)
{
	uint64_t i;

	for (i = 0; i < run->ops; i++)
		run->sum += syscall(SYS_getppid);
}

/* A command that the file does not know */
static const char *open_ioctl(const struct scene *scene)
{
	(void)scene;
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return file < 0 ? strerror(errno) : NULL;
}

static void run_ioctl(struct run *run)
{
	uint64_t i;

	for (i = 0; i < run->ops; i++)
		run->sum += ioctl(file, _IO('~', 1), 0);
}

static void close_ioctl(void)
{
	close(file);
}

const struct rival rival_call = {
	.name = "null call", .summary = "getppid(2)", .most = 1024,
	.open = open_call, .run = run_call, .close = close_call,
	.shapes = 1 << CHAINED | 1 << BATCHED,
};

const struct rival rival_ioctl = {
	.name = "null ioctl", .summary = "ioctl(2) that does nothing", .most = 1024,
	.open = open_ioctl, .run = run_ioctl, .close = close_ioctl,
	.shapes = 1 << CHAINED | 1 << BATCHED,
};

static int map = -1;

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static bool update(const struct scene *scene, uint64_t number)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8] = { 0 };
	union bpf_attr attr = { 0 };

	key_of(scene, key, number);
	link_value((__u64 *)value, scene->value_len, number, scene->n);
	attr.map_fd = map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return !bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static const char *open_bpf(const struct scene *scene)
{
	union bpf_attr attr = { 0 };
	uint64_t i;

	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = scene->key_len;
	attr.value_size = scene->value_len;
	attr.max_entries = scene->n;
	map = bpf(BPF_MAP_CREATE, &attr);
	if (map < 0)
		return strerror(errno);
	for (i = 0; i < scene->n; i++)
		if (!update(scene, i)) {
			close(map);
			return strerror(errno);
		}
	return NULL;
}

static inline bool load(const uint64_t *key, uint64_t *value)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return !bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

static void run_bpf(struct run *run)
{
	RUN_SINGLE(run, load);
}

static void close_bpf(void)
{
	close(map);
}

const struct rival rival_bpf = {
	.name = "BPF hash", .summary = "bpf(2)",
	.open = open_bpf, .run = run_bpf, .close = close_bpf,
	.shapes = 1 << BATCHED,
};
