// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/debug/syncmap: to look at maps, and to drive them by hand */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define ROOT	"/sys/kernel/debug/syncmap/"
#define NAME	TEST_NAME "debugfs"

#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)

static int open_file(const char *file, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), ROOT NAME "/%s", file);
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

/* All of a file, with a NUL at its end; by reads of @step bytes */
static char *read_file(const char *file, size_t step)
{
	static char text[1 << 20];
	int fd = open_file(file, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	ASSERT(fd >= 0);
	do {
		n = read(fd, text + len, step);
		ASSERT(n >= 0);
		len += n;
		ASSERT(len + step < sizeof(text));
	} while (n);
	close(fd);
	text[len] = '\0';
	return text;
}

/* What a line "NAME   VALUE" says */
static const char *value_of(const char *text, const char *name)
{
	static char value[256];
	const char *line = text;
	size_t len = strlen(name);

	while (line && *line) {
		if (!strncmp(line, name, len) && line[len] == ' ') {
			line += len + strspn(line + len, " ");
			snprintf(value, sizeof(value), "%.*s",
				 (int)strcspn(line, "\n"), line);
			return value;
		}
		line = strchr(line, '\n');
		line += !!line;
	}
	test_note("no line %s", name);
	return "";
}

static int control(const char *line)
{
	int fd = open_file("control", O_WRONLY);
	ssize_t n;

	ASSERT(fd >= 0);
	n = write(fd, line, strlen(line));
	n = n < 0 ? -errno : n == (ssize_t)strlen(line) ? 0 : -EIO;
	close(fd);
	return n;
}

static int make(__u32 type)
{
	int fd;

	if (access(ROOT, F_OK))
		test_skip("no debugfs at " ROOT);
	fd = map_create(NAME, type, NULL, 0640);
	ASSERT(fd >= 0);
	return fd;
}

#define EXPECT_VALUE(want, text, name) \
	EXPECT_MEM(want, strlen(want), value_of(text, name), \
		   strlen(value_of(text, name)))

TEST(config)
{
	struct syncmap_map_info info = map_info(make(SYNCMAP_KEY_STRING));
	const char *text = read_file("config", 4096);
	char want[32];

	EXPECT_VALUE(NAME, text, "name");
	EXPECT_VALUE("string", text, "key_type");
	EXPECT_VALUE("0", text, "uid");
	EXPECT_VALUE("0", text, "gid");
	EXPECT_VALUE("0640", text, "mode");
	snprintf(want, sizeof(want), "%llu", info.id);
	EXPECT_VALUE(want, text, "id");
	snprintf(want, sizeof(want), "%llu", info.limits.entries);
	EXPECT_VALUE(want, text, "max_entries");
	snprintf(want, sizeof(want), "%llu", info.limits.bytes);
	EXPECT_VALUE(want, text, "max_bytes");
	snprintf(want, sizeof(want), "%u", info.limits.key_size);
	EXPECT_VALUE(want, text, "max_key_size");
	snprintf(want, sizeof(want), "%u", info.limits.value_size);
	EXPECT_VALUE(want, text, "max_value_size");
	EXPECT_VALUE("0", text, "mapped");
}

static unsigned int count_lines(const char *text)
{
	unsigned int n = 0;

	while ((text = strchr(text, '\n')))
		n++, text++;
	return n;
}

/* The line of a name, with all numbers that have it; returns how many */
static __u32 print_numbers(const struct syncmap_stat *stat,
			   const struct syncmap_stat *end, char *text, size_t size)
{
	size_t len = snprintf(text, size, "%llu", stat->value);
	__u32 n = 1;

	for (; stat + n < end && stat[n].index; n++)
		len += snprintf(text + len, size - len, " %llu", stat[n].value);
	return n;
}

/* Each number of SYNCMAP_STATS, and the same */
TEST(stats)
{
	int fd = make(SYNCMAP_KEY_U64);
	struct stats stats, after;
	__u32 lines = 0, n;
	const char *text;
	char want[256];
	__u64 key = 3;

	map_fill(fd, 0, 50);
	map_promote(fd);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("new")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	/* The map may be tidied up in between */
	do {
		stats = stats_get(fd);
		text = read_file("stats", 4096);
		after = stats_get(fd);
	} while (memcmp(&stats, &after, sizeof(stats)));
	for (__u32 i = 0; i < stats.count; i += n, lines++) {
		n = print_numbers(&stats.stat[i], stats.stat + stats.count, want,
				  sizeof(want));
		test_context("%s", stats.stat[i].name);
		EXPECT_VALUE(want, text, stats.stat[i].name);
	}
	EXPECT_EQ(lines, count_lines(text));
	EXPECT(strchr(value_of(text, "fill"), ' '));
}

TEST(entries)
{
	static const size_t steps[] = { 1, 100, 4096, 65536 };
	int fd = make(SYNCMAP_KEY_U64);

	EXPECT_EQ(0, strlen(read_file("entries", 4096)));
	for (__u64 key = 0; key < 500; key++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("text")));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const char *text = read_file("entries", steps[i]);

		test_context("by %zu bytes", steps[i]);
		EXPECT_EQ(500, count_lines(text));
		for (int key = 0; key < 500; key++) {
			char line[64];

			snprintf(line, sizeof(line), "\n%d\t", key);
			EXPECT(strstr(text, line) ||
			       !strncmp(text, line + 1, strlen(line) - 1));
		}
	}
}

TEST(entries_content)
{
	static char large[300];
	int fd = make(SYNCMAP_KEY_BYTES);
	char want[600];

	EXPECT_EQ(0, DO(fd, STORE, KEY("plain"), VALUE("text")));
	snprintf(want, sizeof(want), "\"plain\"\t%llu\t4\t\"text\"\n",
		 got.revision);
	EXPECT_EQ(0, strcmp(want, read_file("entries", 4096)));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("plain")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("a\nb"), VALUE("\"\\\377")));
	snprintf(want, sizeof(want), "0x610a62\t%llu\t3\t0x225cff\n",
		 got.revision);
	EXPECT_EQ(0, strcmp(want, read_file("entries", 4096)));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("a\nb")));
	EXPECT_EQ(0, DO(fd, STORE, VALUE_N(large, sizeof(large))));
	snprintf(want, sizeof(want), "\"\"\t%llu\t300\t...\n", got.revision);
	EXPECT_EQ(0, strcmp(want, read_file("entries", 4096)));
}

TEST(control_string)
{
	int fd = make(SYNCMAP_KEY_STRING);
	char value[300];

	EXPECT_EQ(-ENOENT, control("load key"));
	EXPECT_EQ(0, control("store key one two\n"));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("key"), OUT(value)));
	EXPECT_MEM("one two", 7, value, got.out_len);
	EXPECT_EQ(0, control("load key"));
	EXPECT_EQ(0, control("store key "));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("key"), OUT(value)));
	EXPECT_EQ(0, got.out_len);
	memcpy(value, "store k ", 8);
	memset(value + 8, 'x', 290);
	value[298] = '\0';
	EXPECT_EQ(0, control(value));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_EQ(290, got.out_len);
	EXPECT_EQ(0, control("delete key\n"));
	EXPECT_EQ(-ENOENT, control("load key"));
	EXPECT_EQ(0, control("delete key"));
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(0, control("promote"));
	EXPECT_EQ(1, map_stat(fd, "read_keys"));
	EXPECT_EQ(0, control("clear\n"));
	EXPECT_EQ(0, map_count(fd));
}

TEST(control_u64_and_bytes)
{
	int fd = make(SYNCMAP_KEY_U64);
	__u64 key = 255;

	EXPECT_EQ(0, control("store 255 v"));
	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
	EXPECT_EQ(0, control("load 0xff"));
	EXPECT_EQ(-EINVAL, control("load x"));
	EXPECT_EQ(-ERANGE, control("load 18446744073709551616"));
	EXPECT_EQ(0, map_remove(NAME));
	fd = make(SYNCMAP_KEY_BYTES);
	EXPECT_EQ(0, control("store 0x00ff v"));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("\0\377")));
	EXPECT_EQ(-EINVAL, control("store 0x00f v"));
	EXPECT_EQ(-EINVAL, control("store 0x0g v"));
	EXPECT_EQ(1, map_count(fd));
}

TEST(control_refuses)
{
	static const char *const lines[] = {
		"", "\n", " ", "store", "store ", "store key", "load", "load ",
		"load key value", "delete", "delete key value", "clear all",
		"promote now", "swap key value", "STORE key value", " load key",
	};
	int fd = make(SYNCMAP_KEY_STRING), file;
	void *volatile nowhere = (void *)8;
	static char line[70000];

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		test_context("\"%s\"", lines[i]);
		if (*lines[i])
			EXPECT_EQ(-EINVAL, control(lines[i]));
	}
	test_context("long");
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "store x ", 8);
	EXPECT_EQ(-EINVAL, control(line));
	test_context("NUL");
	file = open_file("control", O_WRONLY);
	EXPECT_EQ(-1, write(file, "load\0key", 8));
	EXPECT_EQ(-1, write(file, nowhere, 8));
	EXPECT_EQ(EFAULT, errno);
	close(file);
	EXPECT_EQ(1, map_count(fd));
}

TEST(limits_hold_here_too)
{
	struct syncmap_limits limits = {
		.entries = 1, .key_size = 4, .value_size = 4,
	};
	int fd;

	make(SYNCMAP_KEY_STRING);
	EXPECT_EQ(0, map_remove(NAME));
	fd = map_create(NAME, SYNCMAP_KEY_STRING, &limits, 0600);
	EXPECT_EQ(-EFBIG, control("store 12345 v"));
	EXPECT_EQ(-EFBIG, control("store k 12345"));
	EXPECT_EQ(0, control("store k 1234"));
	EXPECT_EQ(-ENOSPC, control("store l 1"));
	EXPECT_EQ(1, map_count(fd));
}

/* What can be written cannot be read, and the other way round */
TEST(modes)
{
	static const char *const files[] = {
		"stats", "config", "entries", "control",
	};
	struct stat stat;
	char c;

	make(SYNCMAP_KEY_STRING);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int fd = open_file(files[i], i == 3 ? O_WRONLY : O_RDONLY);

		test_context("%s", files[i]);
		ASSERT(fd >= 0);
		EXPECT_EQ(0, fstat(fd, &stat));
		EXPECT_EQ(i == 3 ? 0200 : 0400, stat.st_mode & 07777);
		if (i == 3)
			EXPECT_EQ(-1, read(fd, &c, 1));
		else
			EXPECT_EQ(-1, write(fd, "clear", 5));
		close(fd);
		/* Root may open it for anything, but there is no way to do it */
		fd = open_file(files[i], O_RDWR);
		if (fd < 0)
			continue;
		if (i == 3)
			EXPECT_EQ(-1, read(fd, &c, 1));
		else
			EXPECT_EQ(-1, write(fd, "clear", 5));
		close(fd);
	}
}

/* Where the link leads to, if there is one */
static __u64 linked(void)
{
	char target[64] = "";
	__u64 id = 0;

	if (readlink(ROOT NAME, target, sizeof(target) - 1) > 0)
		EXPECT_EQ(1, sscanf(target, "#%llu", &id));
	return id;
}

static bool has_directory(__u64 id)
{
	char path[128];

	snprintf(path, sizeof(path), ROOT "#%llu/stats", id);
	return !access(path, F_OK);
}

/* The link goes with the name, the directory with the map */
TEST(link_of_a_name)
{
	int fd = make(SYNCMAP_KEY_STRING), again;
	__u64 id = map_info(fd).id;

	EXPECT_EQ(id, linked());
	EXPECT(has_directory(id));
	EXPECT_EQ(0, map_remove(NAME));
	EXPECT_EQ(-1, access(ROOT NAME, F_OK));
	EXPECT(has_directory(id));
	EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
	again = make(SYNCMAP_KEY_STRING);
	EXPECT_EQ(map_info(again).id, linked());
	EXPECT(has_directory(id));
	close(fd);
	AWAIT(!has_directory(id));
	EXPECT(!has_directory(id));
	EXPECT_EQ(map_info(again).id, linked());
}

static void make_and_remove(int n, void *arg)
{
	(void)n;
	(void)arg;
	for (unsigned int i = 0; i < test_times(300); i++) {
		close(map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600));
		map_remove(NAME);
	}
}

/* Whoever was the last, the link is what the name is */
TEST_LIMIT(links_race, 60)
{
	__u64 id;

	close(make(SYNCMAP_KEY_U64));
	test_parallel(4, make_and_remove, NULL);
	map_remove(NAME);
	EXPECT_EQ(-1, access(ROOT NAME, F_OK));
	id = map_info(make(SYNCMAP_KEY_U64)).id;
	EXPECT_EQ(id, linked());
}

TEST(private_maps)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 id = map_info(fd).id;

	if (access(ROOT, F_OK))
		test_skip("no debugfs at " ROOT);
	EXPECT(has_directory(id));
	close(fd);
	AWAIT(!has_directory(id));
	EXPECT(!has_directory(id));
}

/* Whoever has a file of the map open has the map */
TEST(removed_under_open_files)
{
	static const char *const files[] = { "stats", "config", "entries" };
	int fds[ARRAY_SIZE(files)], write_fd, fd = make(SYNCMAP_KEY_U64);
	__u64 id = map_info(fd).id;
	char text[4096];

	map_fill(fd, 0, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		fds[i] = open_file(files[i], O_RDONLY);
		ASSERT(fds[i] >= 0);
		if (i == 2)
			EXPECT(read(fds[i], text, 100) > 0);
	}
	write_fd = open_file("control", O_WRONLY);
	EXPECT_EQ(0, map_remove(NAME));
	EXPECT_EQ(0, close(fd));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		test_context("%s", files[i]);
		EXPECT(has_directory(id));
		EXPECT(read(fds[i], text, sizeof(text)) > 0);
		EXPECT_EQ(0, close(fds[i]));
	}
	EXPECT_EQ(0, close(write_fd));
	AWAIT(!has_directory(id));
	EXPECT(!has_directory(id));
}

static void read_always(int n, void *arg)
{
	static const char *const files[] = {
		"stats", "config", "entries", "control",
	};
	char text[4096];

	(void)arg;
	for (;;) {
		int fd = open_file(files[n], n == 3 ? O_WRONLY : O_RDONLY);

		if (fd < 0)
			continue;
		if (n == 3)
			write(fd, "store 7 v", 9);
		else
			while (read(fd, text, sizeof(text)) > 0)
				;
		close(fd);
	}
}

TEST(removed_while_reading)
{
	pid_t pids[4];

	close(make(SYNCMAP_KEY_U64));
	for (int i = 0; i < 4; i++)
		pids[i] = test_fork(read_always, i, NULL);
	for (unsigned int i = 0; i < test_times(200); i++) {
		int fd = map_open(NAME, BOTH);

		ASSERT(fd >= 0);
		map_fill(fd, 0, 100);
		EXPECT_EQ(0, map_remove(NAME));
		close(fd);
		close(make(SYNCMAP_KEY_U64));
	}
	for (int i = 0; i < 4; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static void name_always(int n, void *arg)
{
	struct syncmap_publish publish = {
		.fd = map_private(SYNCMAP_KEY_U64),
	};

	snprintf(publish.name, sizeof(publish.name), NAME "-%d", n);
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED)) {
		EXPECT_EQ(0, map_call(map_control(), SYNCMAP_PUBLISH,
				      &publish));
		EXPECT_EQ(0, map_remove(publish.name));
	}
}

/* Whether a process is a kernel's worker that waits */
static bool is_stuck_worker(const char *pid)
{
	char path[64], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, "(kworker") && strstr(line, ") D ");
}

static int count_stuck_workers(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	ASSERT(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		     is_stuck_worker(entry->d_name);
	closedir(dir);
	return n;
}

#define CALLERS	64

/* However many name maps, they do not take the kernel's workers from others */
TEST_LIMIT(one_worker_for_all, 60)
{
	bool *over = test_shared(sizeof(*over));
	pid_t pids[CALLERS];
	int most = 0;

	map_control();
	for (int i = 0; i < CALLERS; i++)
		pids[i] = test_fork(name_always, i, over);
	for (int i = 0; i < 20; i++) {
		int n = count_stuck_workers();

		most = n > most ? n : most;
		usleep(10000);
	}
	__atomic_store_n(over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < CALLERS; i++)
		test_wait(pids[i]);
	test_note("%d workers", most);
	EXPECT(most < CALLERS / 8);
}
