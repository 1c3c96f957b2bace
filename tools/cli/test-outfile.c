// SPDX-License-Identifier: GPL-2.0-only
/* Files that appear whole or not at all; no module is needed */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include <cmocka.h>

#include "outfile.h"
#include "test-dir.h"

/* As on a file system that has no files without a name */
static bool no_nameless;

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);

int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
	if (no_nameless && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_openat(dir, path, flags, mode);
}

/* How many files there are */
static int files(void)
{
	DIR *dir = opendir(".");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void expect_file(const char *path, const char *want, mode_t mode)
{
	char text[80] = { };
	struct stat st;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, want);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	close(fd);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void write_file(const char *path, const char *text, bool keep)
{
	struct outfile out;

	assert_int_equal(outfile_open(&out, path), 0);
	assert_true(fputs(text, out.file) >= 0);
	assert_int_equal(fflush(out.file), 0);
	assert_int_equal(outfile_close(&out, keep), 0);
}

static void appears(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "new"), 0);
	fputs("text", out.file);
	fflush(out.file);
	assert_int_not_equal(access("new", F_OK), 0);
	assert_int_equal(outfile_close(&out, true), 0);
	expect_file("new", "text", 0644);
	assert_int_equal(files(), 1);
	write_file("other", "text", false);
	assert_int_equal(files(), 1);
}

static void replaces(void **state)
{
	(void)state;
	put("old", "old and longer", 0640);
	write_file("old", "lost", false);
	expect_file("old", "old and longer", 0640);
	write_file("old", "new", true);
	expect_file("old", "new", 0640);
	assert_int_equal(files(), 1);
}

/* Another one has made it meanwhile */
static void comes_second(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "new"), 0);
	fputs("second", out.file);
	put("new", "first", 0640);
	assert_int_equal(outfile_close(&out, true), 0);
	expect_file("new", "second", 0640);
	assert_int_equal(files(), 1);
}

static void links(void **state)
{
	char target[8] = { };

	(void)state;
	assert_int_equal(mkdir("dir", 0755), 0);
	put("dir/old", "old", 0604);
	assert_int_equal(symlink("dir/old", "link"), 0);
	write_file("link", "new", true);
	expect_file("dir/old", "new", 0604);
	assert_int_equal(readlink("link", target, sizeof(target)), 7);
	assert_int_equal(symlink("dir/none", "dangling"), 0);
	write_file("dangling", "made", true);
	expect_file("dir/none", "made", 0644);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(files(), 4);
}

static void fails(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(outfile_open(&out, "loop"), -ELOOP);
	assert_int_equal(outfile_open(&out, "none/new"), -ENOENT);
	assert_int_equal(outfile_open(&out, "."), -EISDIR);
	put("file", "", 0600);
	assert_int_equal(outfile_open(&out, "file/new"), -ENOTDIR);
	assert_int_equal(files(), 2);
}

/* What is no regular file is written as it is */
static void direct(void **state)
{
	char text[8] = { };
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	write_file("fifo", "text", true);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	close(fd);
	assert_int_equal(stat("fifo", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	write_file("/dev/null", "text", true);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void full(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "/dev/full"), 0);
	fputs("text", out.file);
	assert_int_equal(outfile_close(&out, true), -ENOSPC);
}

static void is_standard_output(void **state)
{
	int fd = open("file", O_WRONLY | O_CREAT, 0600), before = dup(1);
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "-"), 0);
	assert_true(out.is_stdout);
	assert_int_equal(outfile_close(&out, true), 0);
	dup2(fd, 1);
	assert_int_equal(outfile_open(&out, "file"), 0);
	dup2(before, 1);
	assert_true(out.is_stdout);
	assert_int_equal(outfile_close(&out, true), 0);
	assert_int_equal(access("-", F_OK), -1);
	close(before);
	close(fd);
}

static void die(int number)
{
	struct outfile out;

	signal(number, SIG_DFL);
	if (outfile_open(&out, "old"))
		_exit(1);
	fputs("half", out.file);
	fflush(out.file);
	if (!number)
		exit(0);
	raise(number);
	_exit(1);
}

static void expect_death(int number)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		die(number);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(number ? WTERMSIG(status) : status, number);
	expect_file("old", "whole", 0600);
	assert_int_equal(files(), 1);
}

/* Killed by whatever signal, it leaves nothing behind */
static void is_killed(void **state)
{
	(void)state;
	put("old", "whole", 0600);
	expect_death(SIGTERM);
	expect_death(SIGINT);
	expect_death(SIGPIPE);
	expect_death(0);
	if (!no_nameless)
		expect_death(SIGKILL);
}

/* nohup has it ignored, and so has a shell for what is to go on without it */
static void goes_on(void **state)
{
	struct outfile out;

	(void)state;
	put("old", "whole", 0600);
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(outfile_open(&out, "old"), 0);
	fputs("new", out.file);
	raise(SIGHUP);
	assert_int_equal(outfile_close(&out, true), 0);
	signal(SIGHUP, SIG_DFL);
	expect_file("old", "new", 0600);
}

/* What happens to the old one while the new one is written */
static void mode_is_changed(void **state)
{
	struct outfile out;

	(void)state;
	put("old", "old", 0644);
	assert_int_equal(outfile_open(&out, "old"), 0);
	fputs("new", out.file);
	assert_int_equal(chmod("old", 0600), 0);
	assert_int_equal(outfile_close(&out, true), 0);
	expect_file("old", "new", 0600);
}

static void link_takes_its_place(void **state)
{
	struct outfile out;

	(void)state;
	put("victim", "whole", 0600);
	assert_int_equal(outfile_open(&out, "new"), 0);
	fputs("new", out.file);
	assert_int_equal(symlink("victim", "new"), 0);
	assert_int_equal(outfile_close(&out, true), -EEXIST);
	expect_file("victim", "whole", 0600);
	assert_int_equal(files(), 2);
}

static void directory_is_renamed(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(outfile_open(&out, "dir/new"), 0);
	fputs("new", out.file);
	assert_int_equal(rename("dir", "other"), 0);
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(outfile_close(&out, true), 0);
	expect_file("other/new", "new", 0644);
	assert_int_equal(access("dir/new", F_OK), -1);
}

/* Another one's, where a name of ours might be */
static void others_files_stay(void **state)
{
	char name[32];

	(void)state;
	put("old", "old", 0600);
	snprintf(name, sizeof(name), ".old.%d", getpid());
	put(name, "other", 0600);
	write_file("old", "new", true);
	expect_file(name, "other", 0600);
	assert_int_equal(files(), 2);
}

/* Anybody may have made a link where anybody can */
static void link_of_others(void **state)
{
	struct outfile out;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(chmod("dir", 01777), 0);
	put("dir/old", "old", 0600);
	assert_int_equal(symlink("old", "dir/link"), 0);
	write_file("dir/link", "new", true);
	expect_file("dir/old", "new", 0600);
	assert_int_equal(lchown("dir/link", 65534, 65534), 0);
	assert_int_equal(outfile_open(&out, "dir/link"), -EACCES);
	assert_int_equal(chmod("dir", 0755), 0);
	write_file("dir/link", "newer", true);
	expect_file("dir/old", "newer", 0600);
}

static void has_no_name(void **state)
{
	struct outfile out;
	char path[32];
	int fd;

	(void)state;
	put("old", "old", 0600);
	fd = open("old", O_WRONLY);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	write_file(path, "new", true);
	expect_file("old", "new", 0600);
	close(fd);
	fd = open("old", O_WRONLY);
	unlink("old");
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	assert_int_equal(outfile_open(&out, path), -ENOENT);
	assert_int_equal(files(), 0);
	close(fd);
}

/* Some of it could not be written, and then there was room again */
static void has_lost_some(void **state)
{
	struct rlimit before, limit;
	struct outfile out;

	(void)state;
	put("old", "whole", 0600);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 10;
	assert_int_equal(outfile_open(&out, "old"), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fputs("more than there is room for", out.file);
	assert_int_equal(fflush(out.file), EOF);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(fputs("the end", out.file) >= 0);
	assert_int_equal(outfile_close(&out, true), -EIO);
	signal(SIGXFSZ, SIG_DFL);
	expect_file("old", "whole", 0600);
	assert_int_equal(files(), 1);
}

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"
#define READ	ACL_READ
#define BOTH	(ACL_READ | ACL_WRITE)

struct acl {
	struct posix_acl_xattr_header	head;
	struct posix_acl_xattr_entry	entries[5];
};

/* Of the owner; of user 65534, within the mask; of the group; and of others */
static struct acl acl_of(int owner, int user, int group, int mask, int other)
{
	return (struct acl){
		.head = { POSIX_ACL_XATTR_VERSION },
		.entries = {
			{ ACL_USER_OBJ, owner, ACL_UNDEFINED_ID },
			{ ACL_USER, user, 65534 },
			{ ACL_GROUP_OBJ, group, ACL_UNDEFINED_ID },
			{ ACL_MASK, mask, ACL_UNDEFINED_ID },
			{ ACL_OTHER, other, ACL_UNDEFINED_ID },
		},
	};
}

static void set_acl(const char *path, const char *kind, const struct acl *acl)
{
	assert_int_equal(setxattr(path, kind, acl, sizeof(*acl), 0), 0);
}

static void expect_acl(const char *path, const struct acl *want)
{
	struct acl acl;

	assert_int_equal(getxattr(path, ACCESS, &acl, sizeof(acl)), sizeof(acl));
	assert_memory_equal(&acl, want, sizeof(acl));
}

/* The bits of the group are the mask: taken for a mode, they give it too much */
static void acl_is_kept(void **state)
{
	const struct acl acl = acl_of(BOTH, BOTH, 0, BOTH, 0);

	(void)state;
	put("old", "old", 0600);
	set_acl("old", ACCESS, &acl);
	write_file("old", "new", true);
	expect_file("old", "new", 0660);
	expect_acl("old", &acl);
}

/* What the directory gives to new files is none that the old one had */
static void acl_of_directory(void **state)
{
	const struct acl acl = acl_of(BOTH, BOTH, READ, BOTH, 0);
	char none[8];

	(void)state;
	put("old", "old", 0640);
	set_acl(".", DEFAULT, &acl);
	write_file("old", "new", true);
	expect_file("old", "new", 0640);
	assert_int_equal(getxattr("old", ACCESS, none, sizeof(none)), -1);
	write_file("new", "new", true);
	expect_file("new", "new", 0660);
	expect_acl("new", &acl);
}

/* Whoever cannot keep the owner cannot tell whom the rest of it is to be good for */
static void acl_of_another_owner(void **state)
{
	const struct acl acl = acl_of(BOTH, BOTH, READ, BOTH, READ);
	struct stat st;
	pid_t pid;
	int status;

	(void)state;
	if (geteuid())
		skip();
	put("old", "old", 0600);
	set_acl("old", ACCESS, &acl);
	assert_int_equal(chown(".", 65534, 65534), 0);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		write_file("old", "new", true);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	expect_file("old", "new", 0600);
	assert_int_equal(stat("old", &st), 0);
	assert_int_equal(st.st_uid, 65534);
}

/* The same where each file has a name */
static int set_up_named(void **state)
{
	no_nameless = true;
	return set_up(state);
}

#define CASE(f)		cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define NAMED(f)	{ #f "_named", f, set_up_named, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(appears),
		CASE(replaces),
		CASE(comes_second),
		CASE(links),
		CASE(fails),
		CASE(direct),
		CASE(full),
		CASE(is_standard_output),
		CASE(is_killed),
		CASE(mode_is_changed),
		CASE(link_takes_its_place),
		CASE(directory_is_renamed),
		CASE(others_files_stay),
		CASE(link_of_others),
		CASE(has_no_name),
		CASE(has_lost_some),
		CASE(acl_is_kept),
		CASE(acl_of_directory),
		CASE(acl_of_another_owner),
		NAMED(appears),
		NAMED(replaces),
		NAMED(comes_second),
		NAMED(links),
		NAMED(fails),
		NAMED(is_killed),
		NAMED(goes_on),
		NAMED(mode_is_changed),
		NAMED(link_takes_its_place),
		NAMED(directory_is_renamed),
		NAMED(has_lost_some),
		NAMED(acl_is_kept),
		NAMED(acl_of_directory),
		NAMED(acl_of_another_owner),
	};

	return cmocka_run_group_tests_name("syncmapctl_outfile", tests, NULL,
					   NULL);
}
