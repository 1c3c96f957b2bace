// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers as caches, over Unix sockets: one for each thread
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/kernel.h>

#include "mapped/daemon.h"
#include "mapped/link.h"

#include "cache.h"

#define MEMCACHED_MIB	"10"	/* of pages, by which it counts: CACHE_ENTRIES fit */

struct wire {
	FILE	*to;
	FILE	*from;
};

static struct server {
	struct daemon	daemon;
	struct wire	wires[CACHE_THREADS];
} redis, memcached;

static void need(bool right)
{
	if (!right)
		abort();
}

static const char *start(struct server *server, const char *const *argv)
{
	const char *why = daemon_start(&server->daemon, argv);
	struct wire *wire;
	int file;

	if (why)
		return why;
	for (wire = server->wires; wire < server->wires + CACHE_THREADS; wire++) {
		file = daemon_connect(&server->daemon);
		need(file >= 0);
		wire->to = fdopen(file, "w");
		wire->from = fdopen(dup(file), "r");
	}
	return NULL;
}

static void stop(struct server *server)
{
	struct wire *wire;

	for (wire = server->wires; wire < server->wires + CACHE_THREADS; wire++) {
		fclose(wire->to);
		fclose(wire->from);
	}
	daemon_end(&server->daemon);
}

static void read_line(struct wire *wire, char *line, int size)
{
	need(fgets(line, size, wire->from));
}

static void ask_line(struct wire *wire, const char *question, char *line, int size)
{
	fputs(question, wire->to);
	fflush(wire->to);
	read_line(wire, line, size);
}

/* The value, and the end of its line */
static void skip_value(struct wire *wire)
{
	char value[CACHE_VALUE + 2];

	need(fread(value, sizeof(value), 1, wire->from) == 1);
}

/* Redis: keys are bytes */

static void redis_put(struct wire *wire, u64 word)
{
	fputs("$8\r\n", wire->to);
	fwrite(&word, sizeof(word), 1, wire->to);
	fputs("\r\n", wire->to);
}

static void redis_set(struct wire *wire, u32 number)
{
	fputs("*3\r\n$3\r\nSET\r\n", wire->to);
	redis_put(wire, link_mix(number));
	redis_put(wire, number);
}

static void redis_expect_ok(struct wire *wire, const char *question)
{
	char line[64];

	ask_line(wire, question, line, sizeof(line));
	need(line[0] == '+');
}

static bool redis_load(int thread, u32 number)
{
	struct wire *wire = &redis.wires[thread];
	char line[64];

	fputs("*2\r\n$3\r\nGET\r\n", wire->to);
	redis_put(wire, link_mix(number));
	ask_line(wire, "", line, sizeof(line));
	need(line[0] == '$');
	if (line[1] == '-')
		return false;
	skip_value(wire);
	return true;
}

static void redis_store(int thread, u32 number)
{
	redis_set(&redis.wires[thread], number);
	redis_expect_ok(&redis.wires[thread], "");
}

static void redis_warm(u32 number)
{
	redis_set(&redis.wires[0], number);
}

static void redis_be_quiet(void)
{
	fputs("CLIENT REPLY OFF\r\n", redis.wires[0].to);
}

static void redis_warmed(void)
{
	redis_expect_ok(&redis.wires[0], "CLIENT REPLY ON\r\n");
}

static u64 redis_memory(void)
{
	struct wire *wire = &redis.wires[0];
	u64 bytes = 0;
	char line[256];

	ask_line(wire, "INFO memory\r\n", line, sizeof(line));
	do {
		read_line(wire, line, sizeof(line));
		if (!strncmp(line, "used_memory:", 12))
			bytes = strtoull(line + 12, NULL, 10);
	} while (line[0] != '\r');
	return bytes;
}

/* As much memory as it takes for that many entries */
static void redis_limit(void)
{
	char question[64];
	u32 i;

	redis_be_quiet();
	for (i = 0; i < CACHE_ENTRIES; i++)
		redis_warm(i);
	redis_warmed();
	snprintf(question, sizeof(question), "CONFIG SET maxmemory %llu\r\n",
		 (unsigned long long)redis_memory());
	redis_expect_ok(&redis.wires[0], question);
	redis_be_quiet();
}

static const char *redis_open(void)
{
	const char *const argv[] = {
		"redis-server", "--port", "0", "--unixsocket", redis.daemon.path,
		"--save", "", "--appendonly", "no",
		"--maxmemory-policy", "allkeys-lru", NULL,
	};
	const char *why = daemon_prepare(&redis.daemon) ?: start(&redis, argv);

	if (!why)
		redis_limit();
	return why;
}

static u64 redis_count(void)
{
	char line[64];

	ask_line(&redis.wires[0], "DBSIZE\r\n", line, sizeof(line));
	need(line[0] == ':');
	return strtoull(line + 1, NULL, 10);
}

static void redis_close(void)
{
	stop(&redis);
}

/* memcached: keys are words */

static void memcached_set(struct wire *wire, u32 number, const char *quietly)
{
	u64 value = number;

	fprintf(wire->to, "set %016llx 0 0 %d%s\r\n",
		(unsigned long long)link_mix(number), CACHE_VALUE, quietly);
	fwrite(&value, sizeof(value), 1, wire->to);
	fputs("\r\n", wire->to);
}

static bool memcached_load(int thread, u32 number)
{
	struct wire *wire = &memcached.wires[thread];
	char line[64];

	fprintf(wire->to, "get %016llx", (unsigned long long)link_mix(number));
	ask_line(wire, "\r\n", line, sizeof(line));
	if (line[0] != 'V')
		return false;
	skip_value(wire);
	read_line(wire, line, sizeof(line));
	return true;
}

static void memcached_store(int thread, u32 number)
{
	struct wire *wire = &memcached.wires[thread];
	char line[64];

	memcached_set(wire, number, "");
	ask_line(wire, "", line, sizeof(line));
	need(line[0] == 'S');
}

static void memcached_warm(u32 number)
{
	memcached_set(&memcached.wires[0], number, " noreply");
}

static void memcached_warmed(void)
{
	memcached_load(0, 0);
}

static const char *memcached_open(void)
{
	const char *const argv[] = {
		"memcached", "-s", memcached.daemon.path, "-m", MEMCACHED_MIB,
		"-t", "2", "-u", "root", NULL,
	};

	return daemon_prepare(&memcached.daemon) ?: start(&memcached, argv);
}

static u64 memcached_count(void)
{
	struct wire *wire = &memcached.wires[0];
	char line[256];
	u64 count = 0;

	ask_line(wire, "stats\r\n", line, sizeof(line));
	while (line[0] != 'E') {
		if (!strncmp(line, "STAT curr_items ", 16))
			count = strtoull(line + 16, NULL, 10);
		read_line(wire, line, sizeof(line));
	}
	return count;
}

static void memcached_close(void)
{
	stop(&memcached);
}

const struct cache cache_redis = {
	.name = "Redis", .summary = "allkeys-lru, over a Unix socket for each thread",
	.open = redis_open, .warm = redis_warm, .warmed = redis_warmed,
	.load = redis_load, .store = redis_store, .count = redis_count,
	.close = redis_close,
};

const struct cache cache_memcached = {
	.name = "memcached", .summary = "2 threads, over a Unix socket for each of ours",
	.open = memcached_open, .warm = memcached_warm,
	.warmed = memcached_warmed,
	.load = memcached_load, .store = memcached_store,
	.count = memcached_count, .close = memcached_close,
};
