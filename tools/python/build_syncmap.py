# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Make the extension syncmap._syncmap: libsyncmap, as Python wants to call it.

The headers and the library are found as any others; those that are not installed
by CFLAGS and LDFLAGS. Where there are none, what is in the tree becomes a part of it.
"""
import os
import shlex
import subprocess
import sysconfig
from glob import glob

from cffi import FFI

CONSTANTS = """
ACCESS_READ ACCESS_WRITE ACCESS_ADMIN
KEY_U64 KEY_STRING KEY_BYTES
VALUE_UNSAID VALUE_BYTES VALUE_TEXT VALUE_U64 VALUE_JSON
CREATE_MAPPED CREATE_EVICT OPEN_OWNER PUBLISH_REPLACE MAP_FROZEN MAP_EVICTS NEVER END
OP_LOAD OP_STORE OP_LOAD_OR_STORE OP_LOAD_AND_DELETE OP_DELETE OP_SWAP
OP_COMPARE_AND_SWAP OP_COMPARE_AND_DELETE OP_TOUCH OP_ADD OP_SUB
OP_LOAD_OR_LEASE OP_UNLEASE
FLAG_BY_REVISION FLAG_OWNED FLAG_NOWAIT FLAG_STALE FLAG_INITIAL FLAG_BOUNDED
FLAG_FROM_NOW FLAG_KEEP
RESULT_LOADED RESULT_EXPIRED RESULT_OWNED
BATCH_MAX BATCH_STOP RANGE_KEYS_ONLY
RECORD_VALUE RECORD_OWNED REASON_EXPIRED REASON_ORPHANED REASON_EVICTED
WATCH_KEY WATCH_PREFIX WATCH_VALUES WATCH_DUMP
""".split()

DECLARATIONS = """
struct syncmap_error {
	int32_t status; uint16_t limited; uint64_t used; uint64_t limit; ...;
};
struct syncmap_limits {
	uint64_t entries; uint64_t bytes; uint32_t key_size; uint32_t value_size; ...;
};
struct syncmap_create {
	uint32_t flags; uint32_t key_type; uint32_t value_kind; uint32_t mode;
	char name[64]; struct syncmap_limits limits; uint64_t ttl; uint64_t stale;
	struct syncmap_error error; ...;
};
struct syncmap_open {
	uint32_t flags; uint32_t access; char name[64]; uint32_t uid;
	struct syncmap_error error; ...;
};
struct syncmap_map_info {
	uint32_t state; uint64_t id; char name[64]; uint32_t key_type;
	uint32_t value_kind; uint32_t mode; uint32_t access; uint32_t uid; uint32_t gid;
	uint64_t count; uint64_t bytes; uint64_t revision; struct syncmap_limits limits;
	uint64_t ttl; uint64_t stale; uint64_t mapped; ...;
};
struct syncmap_answer {
	uint32_t result; uint32_t out_len; uint64_t revision; uint64_t expires;
	struct syncmap_error error; uint64_t previous; uint64_t leased;
	uint64_t after; ...;
};
struct syncmap_range {
	uint32_t flags; uint32_t size; uint64_t buffer; uint64_t cursor;
	uint32_t used; uint32_t needed; ...;
};
struct syncmap_watch {
	uint32_t flags; uint32_t filter_len; uint64_t filter; uint64_t since;
	uint32_t queue_size; uint32_t record_size; int32_t fd;
	struct syncmap_error error; ...;
};

struct libsyncmap;
int libsyncmap_remove(const char *name);
int libsyncmap_list(uint64_t scope, unsigned int flags,
		    int (*fn)(const struct syncmap_map_info *info, void *arg),
		    void *arg);
extern "Python" int add_map(const struct syncmap_map_info *info, void *arg);
const char *libsyncmap_explain(int err, const struct syncmap_error *error,
			       char *text, size_t size);

int libsyncmap_fd(const struct libsyncmap *map);
int libsyncmap_mapped(const struct libsyncmap *map);
int libsyncmap_info(const struct libsyncmap *map, struct syncmap_map_info *info,
		    size_t size);
int libsyncmap_publish(const struct libsyncmap *map, const char *name,
		       unsigned int flags, uint64_t id);
int libsyncmap_clear(const struct libsyncmap *map, unsigned int flags);
int libsyncmap_freeze(const struct libsyncmap *map);
int libsyncmap_retire(const struct libsyncmap *map);
int libsyncmap_range_next(const struct libsyncmap *map, struct syncmap_range *range,
			  size_t size);
int libsyncmap_awaited(int fd, uint64_t *token, uint64_t *ends);

long long load(const struct libsyncmap *map, const char *key, size_t key_len,
	       char *out, size_t out_size);
int operate(const struct libsyncmap *map, uint32_t code, uint32_t flags,
	    const char *key, size_t key_len, const char *value, size_t value_len,
	    const char *old, size_t old_len, uint64_t deadline, uint64_t expected,
	    uint64_t token, uint64_t lease_for, uint64_t operand, uint64_t initial,
	    uint64_t bound, char *out, size_t out_size,
	    struct syncmap_answer *answer);
int batch(const struct libsyncmap *map, uint32_t code, uint32_t flags, size_t count,
	  const char *keys, const uint32_t *key_lens,
	  const char *values, const uint32_t *value_lens, uint64_t deadline,
	  char *out, size_t slot, struct syncmap_answer *answers, size_t *done);
int create_map(struct syncmap_create *params, struct libsyncmap **map);
int open_map(struct syncmap_open *params, struct libsyncmap **map);
int adopt_map(int fd, struct libsyncmap **map);
void close_map(struct libsyncmap *map);
int watch(const struct libsyncmap *map, struct syncmap_watch *params);
int stand_in_line(const struct libsyncmap *map, const char *key, size_t key_len,
		  uint64_t lease_for, struct syncmap_error *error);
int wakeup(void);
int duplicate(int fd);
void close_fd(int fd);
void cut_off(int fd);
"""

SOURCE = r"""
#include <errno.h>
#include <fcntl.h>
#include <libsyncmap.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The value's length, or a negative errno. No more is known than that, but it is
 * the way of most loads: what fails is asked for again, by operate()
 */
static long long load(const struct libsyncmap *map, const char *key, size_t key_len,
		      char *out, size_t out_size)
{
	struct libsyncmap_result result = { .buffer = out, .size = out_size };
	int err = libsyncmap_load(map, key, key_len, &result);

	return err ? err : (long long)result.len;
}

static int operate(const struct libsyncmap *map, uint32_t code, uint32_t flags,
		   const char *key, size_t key_len,
		   const char *value, size_t value_len,
		   const char *old, size_t old_len,
		   uint64_t deadline, uint64_t expected, uint64_t token,
		   uint64_t lease_for, uint64_t operand, uint64_t initial,
		   uint64_t bound, char *out, size_t out_size,
		   struct syncmap_answer *answer)
{
	struct syncmap_op op = {
		.op = code, .flags = flags | SYNCMAP_FLAG_FROM_NOW,
		.key = key_len ? (uintptr_t)key : 0, .key_len = key_len,
		.value = value_len ? (uintptr_t)value : 0, .value_len = value_len,
		.old = old_len ? (uintptr_t)old : 0, .old_len = old_len,
		.deadline = deadline, .expected = expected, .token = token,
		.lease_for = lease_for, .operand = operand, .initial = initial,
		.bound = bound, .out = out_size ? (uintptr_t)out : 0,
		.out_size = out_size, .answer = (uintptr_t)answer,
		.answer_size = sizeof(*answer),
	};

	/* They would be cut off, as the buffer never is */
	if (key_len > UINT32_MAX || value_len > UINT32_MAX || old_len > UINT32_MAX) {
		*answer = (struct syncmap_answer){ .result = 0 };
		return -EFBIG;
	}
	return libsyncmap_op(map, &op, sizeof(op));
}

/* The same with many keys, which lie one behind the other, as their values do */
static int batch(const struct libsyncmap *map, uint32_t code, uint32_t flags,
		 size_t count, const char *keys, const uint32_t *key_lens,
		 const char *values, const uint32_t *value_lens, uint64_t deadline,
		 char *out, size_t slot, struct syncmap_answer *answers, size_t *done)
{
	struct syncmap_op *ops = calloc(count, sizeof(*ops));
	int err;

	*done = 0;
	if (!ops)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct syncmap_op *op = &ops[i];

		op->op = code;
		op->flags = flags | SYNCMAP_FLAG_FROM_NOW;
		op->key = key_lens[i] ? (uintptr_t)keys : 0;
		op->key_len = key_lens[i];
		keys += key_lens[i];
		op->answer = (uintptr_t)&answers[i];
		op->answer_size = sizeof(answers[i]);
		op->deadline = deadline;
		if (value_lens) {
			op->value = value_lens[i] ? (uintptr_t)values : 0;
			op->value_len = value_lens[i];
			values += value_lens[i];
		}
		if (slot) {
			op->out = (uintptr_t)out + i * slot;
			op->out_size = slot;
		}
	}
	err = libsyncmap_batch(map, ops, sizeof(*ops), count, SYNCMAP_BATCH_STOP * !slot,
			       done);
	free(ops);
	return err;
}

/*
 * What is open, for a child of fork() must not share it: what is owned or leased by
 * a file, waits or watches there, would outlive the parent in the child. By
 * pthread_atfork(), as there are servers that fork past Python. Nobody forks in the
 * middle of what is done under the lock.
 */
struct file {
	struct file		*next;
	struct libsyncmap	*map;	/* or NULL */
	int			fd;
};

static struct file *files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* /dev/null, from the start: who has too many descriptors gets no other one */
static int null = -1;

static void open_null(void)
{
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* A daemon may have closed all that it found, and have another file by that number */
static bool is_null(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && S_ISCHR(stat.st_mode) &&
	       stat.st_rdev == makedev(1, 3);
}

/* The number stays taken, so that nobody who still uses it meets another file */
static void cut_off(int fd)
{
	if (!is_null(null))
		open_null();
	dup3(null, fd, O_CLOEXEC);
}

/* A file of its own, by the same number */
static void renew(const struct libsyncmap *map)
{
	struct syncmap_map_info info;
	struct libsyncmap *own;
	int err = libsyncmap_info(map, &info, sizeof(info));

	if (!err)
		err = libsyncmap_restrict(map, info.access, &own);
	if (err) {
		cut_off(libsyncmap_fd(map));
		return;
	}
	dup3(libsyncmap_fd(own), libsyncmap_fd(map), O_CLOEXEC);
	libsyncmap_close(own);
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
	for (struct file *file = files; file; file = file->next)
		if (file->map)
			renew(file->map);
		else
			cut_off(file->fd);
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void watch_forks(void)
{
	open_null();
	pthread_atfork(before_fork, in_parent, in_child);
}

static void close_file(struct libsyncmap *map, int fd)
{
	if (map)
		libsyncmap_close(map);
	else
		close(fd);
}

/* What was opened under the lock, or has failed. Return: the descriptor, or why not */
static int keep(int err, struct libsyncmap *map, int fd)
{
	struct file *file;

	if (err)
		return err;
	file = malloc(sizeof(*file));
	if (!file) {
		close_file(map, fd);
		return -ENOMEM;
	}
	*file = (struct file){ .next = files, .map = map, .fd = fd };
	files = file;
	return fd;
}

static void drop(struct libsyncmap *map, int fd)
{
	struct file **link = &files, *file;

	pthread_mutex_lock(&lock);
	while ((*link)->map != map || (*link)->fd != fd)
		link = &(*link)->next;
	file = *link;
	*link = file->next;
	close_file(map, fd);
	pthread_mutex_unlock(&lock);
	free(file);
}

static int create_map(struct syncmap_create *params, struct libsyncmap **map)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = libsyncmap_create_with(params, sizeof(*params), map);
	ret = keep(ret, *map, ret ? -1 : libsyncmap_fd(*map));
	pthread_mutex_unlock(&lock);
	return ret;
}

static int open_map(struct syncmap_open *params, struct libsyncmap **map)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = libsyncmap_open_with(params, sizeof(*params), map);
	ret = keep(ret, *map, ret ? -1 : libsyncmap_fd(*map));
	pthread_mutex_unlock(&lock);
	return ret;
}

static int adopt_map(int fd, struct libsyncmap **map)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = libsyncmap_from_fd(fd, map);
	ret = keep(ret, *map, fd);
	pthread_mutex_unlock(&lock);
	return ret;
}

static void close_map(struct libsyncmap *map)
{
	drop(map, libsyncmap_fd(map));
}

static void close_fd(int fd)
{
	drop(NULL, fd);
}

/* Only a descriptor, which does not wait: who reads it is Python */
static int watch(const struct libsyncmap *map, struct syncmap_watch *params)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = ioctl(libsyncmap_fd(map), SYNCMAP_WATCH, params) < 0 ? -errno : 0;
	ret = keep(ret, NULL, params->fd);
	pthread_mutex_unlock(&lock);
	if (ret >= 0)
		fcntl(ret, F_SETFL, O_RDONLY | O_NONBLOCK);
	return ret;
}

static int stand_in_line(const struct libsyncmap *map, const char *key,
			 size_t key_len, uint64_t lease_for, struct syncmap_error *error)
{
	int ret, fd;

	pthread_mutex_lock(&lock);
	ret = libsyncmap_await(map, key, key_len, 0, lease_for, &fd, error);
	ret = keep(ret, NULL, fd);
	pthread_mutex_unlock(&lock);
	if (ret >= 0)
		fcntl(ret, F_SETFL, O_RDONLY | O_NONBLOCK);
	return ret;
}

static int wakeup(void)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = keep(ret < 0 ? -errno : 0, NULL, ret);
	pthread_mutex_unlock(&lock);
	return ret;
}

static int duplicate(int fd)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	ret = keep(ret < 0 ? -errno : 0, NULL, ret);
	pthread_mutex_unlock(&lock);
	return ret;
}
"""


def is_installed() -> bool:
    """Whether the compiler finds the library's header."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC")
    flags = f'{os.environ.get("CPPFLAGS", "")} {os.environ.get("CFLAGS", "")}'
    return not subprocess.run(
        shlex.split(f"{compiler} {flags} -E -include libsyncmap.h -x c /dev/null"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def library():
    """How the extension gets it."""
    tree = [file for file in glob("../lib/*.c") if "/test-" not in file]
    if is_installed() or not tree:
        return dict(libraries=["syncmap"])
    return dict(sources=sorted(tree), include_dirs=["../lib", "../../include/uapi"],
                define_macros=[("_GNU_SOURCE", None)])


builder = FFI()
builder.cdef("".join(f"#define SYNCMAP_{name} ...\n" for name in CONSTANTS) +
             DECLARATIONS)
builder.set_source("syncmap._syncmap", SOURCE, extra_compile_args=["-Wall"],
                   **library())

if __name__ == "__main__":
    builder.compile(verbose=True)
