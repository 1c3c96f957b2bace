// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "generation.h"

#define CURRENT		"current"
#define COMING		"current.new"
#define SAVING		".saving"
#define SAVED		".saved"
#define DIRECTORY	(O_RDONLY | O_DIRECTORY | O_CLOEXEC)

const char *generation_explain(int err)
{
	switch (err) {
	case GENERATION_NOT_CURRENT:
		return "its 'current' is not one of a save";
	case GENERATION_NONE:
		return "nothing was saved there";
	case GENERATION_NOT_OURS:
		return "the directory of another user";
	case GENERATION_SHARED:
		return "others can write to it";
	default:
		return strerror(-err);
	}
}

static bool is_number(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits && digits < 20 && !name[digits];
}

/* Not by a link, which may lead anywhere */
static int open_inside(int dir, const char *name)
{
	return openat(dir, name, DIRECTORY | O_NOFOLLOW);
}

static bool has(int dir, const char *name)
{
	return !faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* The name that the link has */
static int read_current(struct generation *generation)
{
	ssize_t len = readlinkat(generation->dir, CURRENT, generation->name,
				 sizeof(generation->name) - 1);

	if (len < 0 && errno == ENOENT)
		return 0;
	if (len < 0)
		return errno == EINVAL ? GENERATION_NOT_CURRENT : -errno;
	generation->name[len] = '\0';
	if (!is_number(generation->name))
		return GENERATION_NOT_CURRENT;
	generation->fd = open_inside(generation->dir, generation->name);
	if (generation->fd >= 0)
		return 0;
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ?
	       GENERATION_NOT_CURRENT : -errno;
}

static int open_directory(struct generation *generation, const char *path,
			  int lock)
{
	int err = 0;

	*generation = (struct generation){ .fd = -1 };
	generation->dir = open(path, DIRECTORY);
	if (generation->dir < 0)
		return -errno;
	if (flock(generation->dir, lock))
		err = -errno;
	if (!err)
		err = read_current(generation);
	if (err)
		generation_close(generation);
	return err;
}

void generation_close(struct generation *generation)
{
	if (generation->fd >= 0)
		close(generation->fd);
	if (generation->dir >= 0)
		close(generation->dir);
	generation->fd = -1;
	generation->dir = -1;
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Calls a function for each name in a directory */
static void for_each_name(int dir,
			  void (*fn)(int dir, const char *name, void *arg),
			  void *arg)
{
	struct dirent *entry;
	DIR *names;
	int fd = openat(dir, ".", DIRECTORY);

	names = fd < 0 ? NULL : fdopendir(fd);
	while (names && (entry = readdir(names)))
		if (!is_dot(entry->d_name))
			fn(dir, entry->d_name, arg);
	if (names)
		closedir(names);
	else if (fd >= 0)
		close(fd);
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && !strcmp(name + len - end_len, end);
}

static bool is_file_of_map(const char *name)
{
	return ends_in(name, SUFFIX_HEAD) || ends_in(name, SUFFIX_ENTRIES);
}

static void remove_file(int dir, const char *name, void *arg)
{
	(void)arg;
	if (is_file_of_map(name))
		unlinkat(dir, name, 0);
}

/*
 * If something else is in it, that stays, and so does the directory. One that is
 * empty may be what a save left that was killed.
 */
static void remove_generation(int dir, const char *name)
{
	int fd = open_inside(dir, name);

	if (fd < 0)
		return;
	if (has(fd, SAVING) || has(fd, SAVED)) {
		for_each_name(fd, remove_file, NULL);
		unlinkat(fd, SAVING, 0);
		unlinkat(fd, SAVED, 0);
	}
	close(fd);
	unlinkat(dir, name, AT_REMOVEDIR);
}

struct others {
	const struct generation *generation;
	const struct generation *last;
};

static void remove_other(int dir, const char *name, void *arg)
{
	const struct others *others = arg;

	if (is_number(name) && strcmp(name, others->generation->name) &&
	    strcmp(name, others->last->name))
		remove_generation(dir, name);
}

static void look_for_data(int dir, const char *name, void *found)
{
	int fd = is_number(name) ? open_inside(dir, name) : -1;

	/* The latter is in each file system that has a disk of its own */
	if ((fd < 0 || !has(fd, SAVING)) && strcmp(name, COMING) &&
	    strcmp(name, "lost+found"))
		*(bool *)found = true;
	if (fd >= 0)
		close(fd);
}

int generation_open(struct generation *generation, const char *path)
{
	int err = open_directory(generation, path, LOCK_SH);
	bool found = false;

	if (!err && generation->fd < 0)
		for_each_name(generation->dir, look_for_data, &found);
	if (!found)
		return err;
	generation_close(generation);
	return GENERATION_NONE;
}

/* Whoever can write to it could have us write and remove what he likes. */
static int check_owner(int dir)
{
	struct stat stat;

	if (fstat(dir, &stat))
		return -errno;
	if (stat.st_uid != geteuid())
		return GENERATION_NOT_OURS;
	return stat.st_mode & (S_IWGRP | S_IWOTH) ? GENERATION_SHARED : 0;
}

/* What is there already with such a name is left alone. */
static int make_directory(struct generation *generation, const char *last)
{
	uint64_t number = strtoull(last, NULL, 10);
	char name[sizeof(generation->name)];
	int fd;

	do {
		snprintf(name, sizeof(name), "%" PRIu64, ++number);
		fd = mkdirat(generation->dir, name, 0700);
	} while (fd && errno == EEXIST);
	if (fd)
		return -errno;
	strcpy(generation->name, name);
	generation->fd = open_inside(generation->dir, name);
	if (generation->fd < 0)
		return -errno;
	fd = openat(generation->fd, SAVING, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int generation_begin(struct generation *generation, const char *path,
		     struct generation *last)
{
	int err;

	*generation = (struct generation){ .dir = -1, .fd = -1 };
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	err = open_directory(last, path, LOCK_EX);
	if (err)
		return err;
	err = check_owner(last->dir);
	if (!err) {
		generation->dir = dup(last->dir);
		err = generation->dir < 0 ? -errno :
		      make_directory(generation, last->name);
	}
	if (!err)
		return 0;
	generation_drop(generation);
	generation_close(last);
	return err;
}

struct keep {
	int	to;
	int	err;
};

static void keep_file(int dir, const char *name, void *arg)
{
	struct keep *keep = arg;

	if (is_file_of_map(name) && !keep->err &&
	    linkat(dir, name, keep->to, name, 0))
		keep->err = -errno;
}

int generation_keep(struct generation *generation,
		    const struct generation *last)
{
	struct keep keep = { .to = generation->fd };

	if (last->fd >= 0)
		for_each_name(last->fd, keep_file, &keep);
	return keep.err;
}

int generation_keep_map(struct generation *generation,
			const struct generation *last, const char *map)
{
	static const char *const suffixes[] = { SUFFIX_HEAD, SUFFIX_ENTRIES };
	char name[128];

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s%s", map, suffixes[i]);
		if (unlinkat(generation->fd, name, 0) && errno != ENOENT)
			return -errno;
		if (last->fd >= 0 &&
		    linkat(last->fd, name, generation->fd, name, 0) &&
		    errno != ENOENT)
			return -errno;
	}
	return 0;
}

void generation_drop(struct generation *generation)
{
	if (generation->name[0])
		remove_generation(generation->dir, generation->name);
	generation_close(generation);
}

static int turn(const struct generation *generation)
{
	int dir = generation->dir;

	unlinkat(dir, COMING, 0);
	if (renameat(generation->fd, SAVING, generation->fd, SAVED) ||
	    fsync(generation->fd) || fsync(dir) ||
	    symlinkat(generation->name, dir, COMING) ||
	    renameat(dir, COMING, dir, CURRENT))
		return -errno;
	return 0;
}

/*
 * Until the link is on disk, what it led to before stays. If there was no link,
 * what else is there may have been saved, and be all that is left of it.
 */
int generation_finish(struct generation *generation, struct generation *last)
{
	const struct others others = { generation, last };
	int err = turn(generation);

	if (err) {
		generation_drop(generation);
	} else if (fsync(generation->dir)) {
		err = -errno;
	} else if (last->name[0]) {
		remove_generation(last->dir, last->name);
		for_each_name(last->dir, remove_other, (void *)&others);
	}
	generation_close(generation);
	generation_close(last);
	return err;
}

FILE *generation_file(const struct generation *generation, const char *map,
		      const char *suffix, const char *mode)
{
	int flags = mode[0] == 'r' ? O_RDONLY : O_RDWR | O_CREAT | O_EXCL;
	char name[128];
	FILE *file;
	int fd;

	snprintf(name, sizeof(name), "%s%s", map, suffix);
	/* The one that is kept there is also in another generation */
	if (mode[0] != 'r')
		unlinkat(generation->fd, name, 0);
	fd = openat(generation->fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	file = fd < 0 ? NULL : fdopen(fd, mode);
	if (fd >= 0 && !file)
		close(fd);
	return file;
}

int generation_sync(FILE *file)
{
	int err = 0;

	if (fflush(file) || ferror(file) || fsync(fileno(file)))
		err = errno ? -errno : -EIO;
	if (fclose(file) && !err)
		err = -errno;
	return err;
}

struct names {
	char	**names;
	int	count;
};

static void note_name(int dir, const char *name, void *arg)
{
	size_t len = strlen(name), end = strlen(SUFFIX_HEAD);
	struct names *names = arg;

	(void)dir;
	if (!ends_in(name, SUFFIX_HEAD))
		return;
	names->names = realloc(names->names,
			       (names->count + 1) * sizeof(*names->names));
	if (!names->names)
		abort();
	names->names[names->count] = strndup(name, len - end);
	if (!names->names[names->count++])
		abort();
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int generation_list(const struct generation *generation, char ***list)
{
	struct names names = { };

	if (generation->fd >= 0)
		for_each_name(generation->fd, note_name, &names);
	if (names.count)
		qsort(names.names, names.count, sizeof(*names.names), compare);
	*list = names.names;
	return names.count;
}

bool generation_has(const struct generation *generation, const char *map)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", map, SUFFIX_HEAD);
	return generation->fd >= 0 && !faccessat(generation->fd, name, F_OK, 0);
}
