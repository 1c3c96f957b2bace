// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample of the tracepoint bytemap_op, in an instance of its own of tracefs: that
 * has other buffers than whoever else traces, and goes in the end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "hotkey.h"
#include "lines.h"

/* Operations that are looked at, at most: they are counted key by key */
#define SAMPLE_MAX	65536
#define SLOTS		(2 * SAMPLE_MAX)
/* Of each processor; what does not fit is not in the sample */
#define BUFFER_KB	"256"
#define LINE_MAX_LEN	512
/* Between two looks at the clock, and at whether a signal has come */
#define LOOK_MS		100

#define INSTANCE	"syncmapctl-"

struct slot {
	uint32_t	operations;
	uint32_t	writes;
	uint32_t	len;
	unsigned char	key[HOTKEY_BYTES];
};

struct sample {
	char		instance[64];	/* directory */
	uint64_t	end;
	uint64_t	sampled;
	struct slot	*slots;
};

static volatile sig_atomic_t caught;

static void catch(int signal)
{
	caught = signal;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * UINT64_C(1000000000) + time.tv_nsec;
}

static const char *find_tracefs(const char **why)
{
	static const char *const mounts[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char path[64];

	*why = "tracefs is not mounted ('mount -t tracefs tracefs "
	       "/sys/kernel/tracing')";
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/instances", mounts[i]);
		if (!access(path, W_OK))
			return mounts[i];
		if (errno == EACCES)
			*why = "only root can look at tracepoints";
	}
	return NULL;
}

static bool put(const struct sample *sample, const char *name, const char *text)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", sample->instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

/* Of processes that were killed */
static void remove_old(const char *tracefs)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/instances", tracefs);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, INSTANCE, strlen(INSTANCE)))
			continue;
		pid = atoi(entry->d_name + strlen(INSTANCE));
		if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/instances/%s", tracefs,
			 entry->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

static const char *begin(struct sample *sample, uint64_t map)
{
	const char *why, *tracefs = find_tracefs(&why);
	char filter[40];

	if (!tracefs)
		return why;
	remove_old(tracefs);
	snprintf(sample->instance, sizeof(sample->instance),
		 "%s/instances/" INSTANCE "%d", tracefs, (int)getpid());
	if (mkdir(sample->instance, 0700))
		return "tracefs takes no instance of ours";
	snprintf(filter, sizeof(filter), "map == %" PRIu64, map);
	put(sample, "buffer_size_kb", BUFFER_KB);
	if (put(sample, "events/syncmap/bytemap_op/filter", filter) &&
	    put(sample, "events/syncmap/bytemap_op/enable", "1"))
		return NULL;
	rmdir(sample->instance);
	return "the module has no tracepoint bytemap_op";
}

static void end(struct sample *sample)
{
	put(sample, "events/syncmap/bytemap_op/enable", "0");
	rmdir(sample->instance);
}

/* FNV-1a */
static uint32_t hash(const unsigned char *key, uint32_t len)
{
	uint32_t sum = 2166136261 ^ len;

	for (size_t i = 0; i < HOTKEY_BYTES; i++)
		sum = (sum ^ key[i]) * 16777619;
	return sum;
}

/* More slots than operations: one is free */
static struct slot *find_slot(struct sample *sample, const unsigned char *key,
			      uint32_t len)
{
	uint32_t i = hash(key, len) % SLOTS;

	while (sample->slots[i].operations &&
	       (sample->slots[i].len != len ||
		memcmp(sample->slots[i].key, key, HOTKEY_BYTES)))
		i = (i + 1) % SLOTS;
	memcpy(sample->slots[i].key, key, HOTKEY_BYTES);
	sample->slots[i].len = len;
	return &sample->slots[i];
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void parse_key(const char *text, unsigned char key[HOTKEY_BYTES])
{
	memset(key, 0, HOTKEY_BYTES);
	for (size_t i = 0; i < HOTKEY_BYTES; i++, text += 2) {
		if (digit(text[0]) < 0 || digit(text[1]) < 0)
			return;
		key[i] = digit(text[0]) << 4 | digit(text[1]);
	}
}

static bool is_write(const char *op, int status, unsigned int result)
{
	static const char *const keep[] = {
		"load", "touch", "load_or_lease", "unlease",
	};

	if (status)
		return false;
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if (!strcmp(op, keep[i]))
			return false;
	return strcmp(op, "load_or_store") || !(result & 1);
}

/* The name of a process, which comes first, may be anything */
static void count_line(struct sample *sample, char *line)
{
	static const char name[] = ": bytemap_op: ";
	unsigned char key[HOTKEY_BYTES];
	unsigned int result, len;
	struct slot *slot;
	char *event, *next = line;
	char op[32];
	int status, at = 0;

	for (event = NULL; (next = strstr(next, name)); next++)
		event = next;
	if (!event ||
	    sscanf(event + strlen(name),
		   "map=%*u op=%31s status=%d result=%x key_len=%u key=%n", op,
		   &status, &result, &len, &at) != 4 || !at)
		return;
	parse_key(event + strlen(name) + at, key);
	slot = find_slot(sample, key, len);
	slot->operations++;
	slot->writes += is_write(op, status, result);
	sample->sampled++;
}

static bool goes_on(const struct sample *sample)
{
	return !caught && sample->sampled < SAMPLE_MAX && now() < sample->end;
}

static void count_lines(struct sample *sample, struct lines *lines)
{
	const char *line;
	char text[LINE_MAX_LEN + 1];
	size_t len;

	while (sample->sampled < SAMPLE_MAX && lines_next(lines, &line, &len)) {
		if (lines->cut || len >= sizeof(text))
			continue;
		memcpy(text, line, len);
		text[len] = '\0';
		count_line(sample, text);
	}
}

static void read_pipe(struct sample *sample)
{
	struct lines lines = { .max = LINE_MAX_LEN };
	struct pollfd poll_fd = { .events = POLLIN };
	char path[128];

	snprintf(path, sizeof(path), "%s/trace_pipe", sample->instance);
	lines.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	poll_fd.fd = lines.fd;
	while (lines.fd >= 0 && goes_on(sample)) {
		int err = lines_read(&lines);

		count_lines(sample, &lines);
		if (err && err != -EAGAIN)
			break;
		if (err || lines.end)
			poll(&poll_fd, 1, LOOK_MS);
	}
	if (lines.fd >= 0)
		close(lines.fd);
	lines_free(&lines);
}

/* When there is enough the time is not over yet */
static void wait_for_end(const struct sample *sample)
{
	while (!caught && now() < sample->end)
		poll(NULL, 0, LOOK_MS);
}

static void choose(const struct sample *sample, struct hotkey *hot)
{
	hot->sampled = sample->sampled;
	for (size_t i = 0; i < SLOTS; i++) {
		const struct slot *slot = &sample->slots[i];

		if (slot->operations <= hot->operations)
			continue;
		hot->operations = slot->operations;
		hot->writes = slot->writes;
		hot->len = slot->len;
		memcpy(hot->key, slot->key, HOTKEY_BYTES);
	}
}

const char *hotkey_sample(uint64_t map, uint64_t ns, struct hotkey *hot)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = catch };
	struct sample sample = { .end = now() + ns };
	struct sigaction old[3];
	const char *why;

	memset(hot, 0, sizeof(*hot));
	for (size_t i = 0; i < 3; i++) {
		sigaction(signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	why = begin(&sample, map);
	if (!why) {
		sample.slots = calloc(SLOTS, sizeof(*sample.slots));
		if (sample.slots) {
			read_pipe(&sample);
			choose(&sample, hot);
		}
		end(&sample);
		wait_for_end(&sample);
		free(sample.slots);
	}
	for (size_t i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	if (caught)
		raise(caught);
	return why;
}
