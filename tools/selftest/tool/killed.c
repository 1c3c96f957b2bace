// SPDX-License-Identifier: GPL-2.0-only
/*
 * save, restore and apply, killed before each of the calls by which they change
 * something: what was there before stays, or what is to be there is there as a
 * whole, and the next one ends what was begun
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "harness/map.h"

#define MAP_A	TEST_NAME "a"
#define MAP_B	TEST_NAME "b"
#define TOOL	"syncmapctl "

static const char conf[] =
	"[" MAP_A "]\nentries = 50\nentry = {\"key\":\"k\",\"value\":\"1\"}\n"
	"[" MAP_B "]\nmapped = yes\nentry = {\"key\":\"k\",\"value\":\"1\"}\n";

static char work[] = "/tmp/killed-XXXXXX";

static void run(const char *command)
{
	test_context("%s", command);
	ASSERT_EQ(0, system(command));
}

static bool changes_maps(unsigned long command)
{
	switch (command) {
	case SYNCMAP_CREATE:
	case SYNCMAP_PUBLISH:
	case SYNCMAP_REMOVE:
	case SYNCMAP_OP:
	case SYNCMAP_BATCH:
	case SYNCMAP_SET:
	case SYNCMAP_FREEZE:
		return true;
	}
	return false;
}

static bool changes_something(const struct __ptrace_syscall_info *call)
{
	switch (call->entry.nr) {
	case __NR_ioctl:
		return changes_maps(call->entry.args[1]);
	case __NR_openat:
		return call->entry.args[2] & O_CREAT;
	case __NR_write:
	case __NR_fsync:
	case __NR_mkdirat:
	case __NR_unlinkat:
	case __NR_linkat:
	case __NR_symlinkat:
	case __NR_renameat:
	case __NR_renameat2:
	case __NR_fchmod:
#ifdef __NR_mkdir
	case __NR_mkdir:
	case __NR_unlink:
	case __NR_link:
	case __NR_symlink:
	case __NR_rename:
#endif
		return true;
	}
	return false;
}

static pid_t start(const char *command)
{
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return pid;
}

/* Whether it came so far; else it ended by itself, and well */
static bool kill_before(unsigned int nth, const char *command)
{
	struct __ptrace_syscall_info call = { };
	pid_t pid = start(command);
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, pid, 0,
			    PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD));
	for (;;) {
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, pid, 0, 0));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		if (!WIFSTOPPED(status))
			break;
		ASSERT(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call),
			      &call) > 0);
		if (call.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    changes_something(&call) && !nth--) {
			kill(pid, SIGKILL);
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
			return true;
		}
	}
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(0, WEXITSTATUS(status));
	return false;
}

static void begin(void)
{
	ASSERT(mkdtemp(work));
	ASSERT_EQ(0, chdir(work));
}

static void end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", work);
	run(command);
}

/* The value of k, or 0 if there is no such map */
static char value_of(const char *name)
{
	int fd = map_open(name, SYNCMAP_ACCESS_READ);
	char out = 0;

	if (fd < 0) {
		ASSERT_EQ(-ENOENT, fd);
		return 0;
	}
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT_N(&out, 1)));
	close(fd);
	return out;
}

static void remove_maps(void)
{
	map_remove(MAP_A);
	map_remove(MAP_B);
}

/* Removed maps go when nobody holds them, and that is soon */
static void expect_no_more_maps(unsigned int maps)
{
	AWAIT(map_system().maps == maps);
	EXPECT_EQ(maps, map_system().maps);
}

static void store(const char *name, char value)
{
	int fd = map_open(name, SYNCMAP_ACCESS_WRITE);

	ASSERT(fd >= 0);
	ASSERT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(&value, 1)));
	close(fd);
}

/* What was saved of k */
static char saved_of(const char *name)
{
	char path[128], line[128] = "", *value;
	FILE *file;

	snprintf(path, sizeof(path), "dir/current/%s.json", name);
	ASSERT_EQ(0, access(path, R_OK));
	snprintf(path, sizeof(path), "dir/current/%s.jsonl", name);
	file = fopen(path, "r");
	ASSERT(file);
	ASSERT(fgets(line, sizeof(line), file));
	fclose(file);
	value = strstr(line, "\"value\":\"");
	ASSERT(value);
	return value[9];
}

/* From call to call: all of them, but where that would take long */
static unsigned int step(void)
{
	return 5 / test_times(5);
}

TEST_LIMIT(save, 120)
{
	char last = 'a', next, saved;
	unsigned int n = 0;

	begin();
	run(TOOL "create " MAP_A "; " TOOL "create " MAP_B);
	store(MAP_A, last);
	store(MAP_B, last);
	run(TOOL "save dir >/dev/null");
	for (;; n += step(), last = next) {
		next = last == 'z' ? 'a' : last + 1;
		store(MAP_A, next);
		store(MAP_B, next);
		if (!kill_before(n, "exec " TOOL "save dir >/dev/null"))
			break;
		test_context("killed before call %u", n);
		saved = saved_of(MAP_A);
		EXPECT(saved == last || saved == next);
		EXPECT_EQ(saved, saved_of(MAP_B));
		run(TOOL "save dir >/dev/null && [ \"$(ls -A dir | wc -l)\" = 2 ]");
		EXPECT_EQ(next, saved_of(MAP_A));
	}
	test_note("%u calls", n);
	EXPECT(n > 20);
	remove_maps();
	end();
}

/* One that makes both maps, by so many calls at least, beside so many others */
static void kill_each(const char *command, unsigned int calls, unsigned int maps)
{
	unsigned int n = 0;

	remove_maps();
	for (; kill_before(n, command); n++) {
		test_context("killed before call %u", n);
		EXPECT(!value_of(MAP_A) || value_of(MAP_A) == '1');
		EXPECT(!value_of(MAP_B) || value_of(MAP_B) == '1');
		expect_no_more_maps(maps + !!value_of(MAP_A) + !!value_of(MAP_B));
		run(command);
		EXPECT_EQ('1', value_of(MAP_A));
		EXPECT_EQ('1', value_of(MAP_B));
		remove_maps();
	}
	test_note("%u calls", n);
	EXPECT(n >= calls);
	remove_maps();
}

TEST_LIMIT(restore, 120)
{
	unsigned int maps = map_system().maps;

	begin();
	run("for map in " MAP_A " " MAP_B "; do " TOOL "create $map;"
	    TOOL "store $map k 1; done;" TOOL "freeze " MAP_B ";" TOOL
	    "save dir >/dev/null");
	kill_each("exec " TOOL "restore dir >/dev/null", 6, maps);
	end();
}

TEST_LIMIT(apply, 120)
{
	unsigned int maps = map_system().maps;

	begin();
	test_write("file.conf", conf);
	kill_each("exec " TOOL "apply file.conf >/dev/null", 4, maps);
	end();
}
