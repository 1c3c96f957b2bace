// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bytes.h"
#include "outfile.h"

#define LINKS_MAX	40
#define ACL		"system.posix_acl_access"

/* What a signal or exit() has to remove, where files cannot be without a name */
static const struct outfile *leftover;

static char *copy(const char *text)
{
	char *new = strdup(text);

	if (!new)
		out_of_memory();
	return new;
}

/* The name that @path has in its directory, which is below that of @out */
static int enter(struct outfile *out, const char *path)
{
	char *text = copy(path), *name;
	int dir = openat(out->dir, dirname(text), O_PATH | O_DIRECTORY | O_CLOEXEC);

	free(text);
	if (dir < 0)
		return -errno;
	text = copy(path);
	name = copy(basename(text));
	free(text);
	if (out->dir >= 0)
		close(out->dir);
	free(out->name);
	out->dir = dir;
	out->name = name;
	return 0;
}

/*
 * Where anybody can make links, they are followed only of those who could as well
 * change what is there: the kernel does likewise, but is not asked for each.
 */
static int may_follow(const struct outfile *out)
{
	struct stat dir, link;

	if (fstat(out->dir, &dir) ||
	    fstatat(out->dir, out->name, &link, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if ((dir.st_mode & S_ISVTX) && (dir.st_mode & S_IWOTH) &&
	    link.st_uid != geteuid() && link.st_uid != dir.st_uid)
		return -EACCES;
	return 0;
}

/* To what is no symbolic link, or not there; returns 0 or a negative errno. */
static int resolve(struct outfile *out, const char *path)
{
	char target[PATH_MAX];
	ssize_t len;
	int err;

	snprintf(target, sizeof(target), "%s", path);
	for (int i = 0; i < LINKS_MAX; i++) {
		len = strlen(target);
		if (len && target[len - 1] == '/')
			return -EISDIR;
		err = enter(out, target);
		if (err)
			return err;
		len = readlinkat(out->dir, out->name, target,
				 sizeof(target) - 1);
		if (len < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -errno;
		target[len] = '\0';
		err = may_follow(out);
		if (err)
			return err;
	}
	return -ELOOP;
}

static bool same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static bool is_stdout(const struct stat *st)
{
	struct stat out;

	return !fstat(STDOUT_FILENO, &out) && same(&out, st);
}

static int use_stdout(struct outfile *out)
{
	out->file = stdout;
	out->is_stdout = true;
	out->direct = true;
	return 0;
}

static void remove_leftover(void)
{
	if (leftover)
		unlinkat(leftover->dir, leftover->temporary, 0);
}

static void remove_and_die(int signal)
{
	remove_leftover();
	raise(signal);
}

/* The handlers are gone after the first signal */
static void remove_when_killed(const struct outfile *out)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGXFSZ };
	struct sigaction action = {
		.sa_handler = remove_and_die,
		.sa_flags = SA_RESETHAND | SA_NODEFER,
	};
	struct sigaction old;

	leftover = out;
	atexit(remove_leftover);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

/* One that nobody has, whatever else is in the directory */
static void choose_name(struct outfile *out)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort();
	snprintf(out->temporary, sizeof(out->temporary), ".syncmapctl.%016" PRIx64,
		 number);
}

/*
 * One without a name goes by itself, whatever ends the program; and nobody can
 * read it yet, so that it can have the rights of a new one.
 */
static int open_nameless(const struct outfile *out)
{
	if (access("/proc/self/fd", X_OK))
		return -1;
	return openat(out->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

static int open_named(struct outfile *out, bool replaces)
{
	int fd;

	choose_name(out);
	fd = openat(out->dir, out->temporary,
		    O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
		    replaces ? 0600 : 0666);
	if (fd < 0)
		out->temporary[0] = '\0';
	else
		remove_when_killed(out);
	return fd;
}

static int use(struct outfile *out, int fd)
{
	if (fd < 0)
		return -errno;
	out->file = fdopen(fd, "w");
	if (!out->file)
		out_of_memory();
	return 0;
}

static int open_new(struct outfile *out, bool replaces)
{
	int fd = open_nameless(out);

	return use(out, fd >= 0 ? fd : open_named(out, replaces));
}

static int open_direct(struct outfile *out, const char *path)
{
	int err = use(out, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	struct stat now;

	if (err)
		return err;
	out->direct = true;
	/* It may have been replaced since it was no regular file */
	if (!fstat(fileno(out->file), &now) && !S_ISREG(now.st_mode))
		return 0;
	fclose(out->file);
	return -EEXIST;
}

/* @old is what is there already; or NULL */
static int open_beside(struct outfile *out, const char *path,
		       const struct stat *old)
{
	int err = resolve(out, path);
	struct stat found;

	if (err)
		return err;
	if (!old)
		return open_new(out, false);
	/* What has a descriptor may have no name any more */
	if (fstatat(out->dir, out->name, &found, AT_SYMLINK_NOFOLLOW) ||
	    !same(old, &found))
		return -ENOENT;
	if (faccessat(out->dir, out->name, W_OK, AT_EACCESS))
		return -errno;
	return open_new(out, true);
}

static int begin(struct outfile *out, const char *path)
{
	struct stat old;

	if (!strcmp(path, "-"))
		return use_stdout(out);
	if (!*path)
		return -ENOENT;
	if (stat(path, &old))
		return errno == ENOENT ? open_beside(out, path, NULL) : -errno;
	if (is_stdout(&old))
		return use_stdout(out);
	return S_ISREG(old.st_mode) ? open_beside(out, path, &old) :
				      open_direct(out, path);
}

static void forget(struct outfile *out)
{
	if (out->temporary[0])
		unlinkat(out->dir, out->temporary, 0);
	leftover = NULL;
	free(out->name);
	if (out->dir >= 0)
		close(out->dir);
}

int outfile_open(struct outfile *out, const char *path)
{
	int err;

	*out = (struct outfile){ .dir = AT_FDCWD };
	err = begin(out, path);
	if (err)
		forget(out);
	return err;
}

/*
 * The ACL decides what the bits of the group mean, so there is no mode without it.
 * Returns 0 or a negative errno.
 */
static int set_acl(int fd, const char *acl, ssize_t len, mode_t mode)
{
	if (len > 0)
		return fsetxattr(fd, ACL, acl, len, 0) ? -errno : 0;
	/* One that comes of the directory */
	if (fremovexattr(fd, ACL) && errno != ENODATA && errno != EOPNOTSUPP)
		return -errno;
	return fchmod(fd, mode) ? -errno : 0;
}

/* Whoever could not read the old one cannot read the new one */
static int copy_rights(int old, const struct stat *st, int fd)
{
	char acl[XATTR_SIZE_MAX];
	ssize_t len = fgetxattr(old, ACL, acl, sizeof(acl));
	mode_t mode = st->st_mode & 0777;
	bool owned = !fchown(fd, st->st_uid, st->st_gid);

	if (len < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return -errno;
	if (!owned && len > 0)
		return set_acl(fd, NULL, 0, mode & 0700);
	if (!owned && fchown(fd, -1, st->st_gid))
		mode &= 0707 | (mode & 07) << 3;
	return set_acl(fd, acl, len, mode);
}

/* Those of the old one, if there is one by now, which must be a regular file */
static int take_rights(const struct outfile *out, int fd)
{
	int old = openat(out->dir, out->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			 O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int err;

	if (old < 0 && errno == ENOENT)
		return 0;
	if (old < 0 && errno == EACCES)
		return set_acl(fd, NULL, 0, 0600);
	if (old < 0)
		return errno == ELOOP ? -EEXIST : -errno;
	if (fstat(old, &st))
		err = -errno;
	else
		err = S_ISREG(st.st_mode) ? copy_rights(old, &st, fd) : -EEXIST;
	close(old);
	return err;
}

static int link_as(const struct outfile *out, int fd, const char *name)
{
	char proc[40];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, proc, out->dir, name, AT_SYMLINK_FOLLOW) ?
		-errno : 0;
}

static int replace(struct outfile *out, int fd)
{
	int err = take_rights(out, fd);

	if (!err && fsync(fd))
		err = -errno;
	if (!err && !out->temporary[0]) {
		choose_name(out);
		err = link_as(out, fd, out->temporary);
	}
	if (!err && renameat(out->dir, out->temporary, out->dir, out->name))
		err = -errno;
	return err;
}

/* A link does not replace a name, so it is made under another one first. */
static int name_it(struct outfile *out, int fd)
{
	int err = -EEXIST;

	if (!out->temporary[0])
		err = link_as(out, fd, out->name);
	return err == -EEXIST ? replace(out, fd) : err;
}

/* A signal comes before or after that */
static int name_undisturbed(struct outfile *out, int fd)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	err = name_it(out, fd);
	if (err && out->temporary[0])
		unlinkat(out->dir, out->temporary, 0);
	out->temporary[0] = '\0';
	leftover = NULL;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void sync_directory(const struct outfile *out)
{
	int fd = openat(out->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int finish(struct outfile *out)
{
	int fd = fileno(out->file);
	int err;

	if (out->direct)
		return 0;
	if (fsync(fd))
		return -errno;
	err = name_undisturbed(out, fd);
	if (!err)
		sync_directory(out);
	return err;
}

int outfile_close(struct outfile *out, bool keep)
{
	int err = 0;

	/* What could not be written before is lost, even if there is room by now */
	if (fflush(out->file))
		err = -errno;
	else if (ferror(out->file))
		err = -EIO;
	if (!err && keep)
		err = finish(out);
	if (!out->is_stdout && fclose(out->file) && !err && out->direct)
		err = -errno;
	forget(out);
	return err;
}
