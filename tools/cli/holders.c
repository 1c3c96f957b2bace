// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli.h"
#include "holders.h"
#include "lines.h"

/* That of a watcher, or of who waits for a lease, has more behind it */
static const char link_begins[] = "anon_inode:[syncmap";
static const char map_link[] = "anon_inode:[syncmap]";

static bool read_id(pid_t pid, int fd, uint64_t *id)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "syncmap-id: %" SCNu64, id) == 1;
	fclose(file);
	return found;
}

static void add(struct holders *holders, const struct holder *holder)
{
	struct holder *list = reallocarray(holders->list, holders->n + 1,
					   sizeof(*list));

	if (!list)
		abort();
	list[holders->n++] = *holder;
	holders->list = list;
}

static void look_at(struct holders *holders, DIR *dir, pid_t pid, int fd)
{
	struct holder holder = { .pid = pid, .fd = fd };
	char name[16], text[64];
	ssize_t len;

	snprintf(name, sizeof(name), "%d", fd);
	len = readlinkat(dirfd(dir), name, text, sizeof(text) - 1);
	if (len < 0)
		return;
	text[len] = '\0';
	if (strncmp(text, link_begins, strlen(link_begins)))
		return;
	holder.is_map = !strcmp(text, map_link);
	/* It may have been closed since, or be another one */
	if (!read_id(pid, fd, &holder.id))
		return;
	snprintf(text, sizeof(text), "/proc/%d/comm", pid);
	read_first_line(text, holder.command, sizeof(holder.command));
	add(holders, &holder);
}

static void look_into(struct holders *holders, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir) {
		holders->denied |= errno == EACCES;
		return;
	}
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(holders, dir, pid, atoi(entry->d_name));
	closedir(dir);
}

static int compare(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd - y->fd;
}

void holders_find(struct holders *holders)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	*holders = (struct holders){ .denied = !proc };
	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0)
			look_into(holders, pid);
	}
	closedir(proc);
	if (holders->n)
		qsort(holders->list, holders->n, sizeof(*holders->list),
		      compare);
}

void holders_free(struct holders *holders)
{
	free(holders->list);
}

int holder_borrow(const struct holder *holder)
{
	int pidfd = syscall(SYS_pidfd_open, holder->pid, 0);
	int fd;

	if (pidfd < 0)
		return -errno;
	fd = syscall(SYS_pidfd_getfd, pidfd, holder->fd, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}
