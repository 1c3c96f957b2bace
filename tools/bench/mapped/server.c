// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers that hold a map in memory, over a Unix socket
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "rival.h"

#define FILL		256	/* stores that are under way at a time */

static struct server {
	struct daemon	daemon;
	FILE		*to;
	FILE		*from;
} redis, memcached, *now;

static const struct scene *at;

static void need(bool right)
{
	if (!right)
		abort();
}

static const char *make_directory(struct server *server)
{
	now = server;
	return daemon_prepare(&now->daemon);
}

static const char *start(const char *const *argv)
{
	const char *why = daemon_start(&now->daemon, argv);
	int file;

	if (why)
		return why;
	file = daemon_connect(&now->daemon);
	need(file >= 0);
	now->to = fdopen(file, "w");
	now->from = fdopen(dup(file), "r");
	return NULL;
}

static void close_server(struct server *server)
{
	fclose(server->to);
	fclose(server->from);
	daemon_end(&server->daemon);
}

static void read_line(char *line, int size)
{
	need(fgets(line, size, now->from));
}

static void read_bytes(void *bytes, size_t len)
{
	need(fread(bytes, 1, len, now->from) == len);
}

/* Redis: keys are bytes */

static void put_word(const void *bytes, size_t len)
{
	fprintf(now->to, "$%zu\r\n", len);
	fwrite(bytes, 1, len, now->to);
	fputs("\r\n", now->to);
}

static void redis_set(uint64_t number)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8];

	key_of(at, key, number);
	link_value((__u64 *)value, at->value_len, number, at->n);
	fputs("*3\r\n$3\r\nSET\r\n", now->to);
	put_word(key, at->key_len);
	put_word(value, at->value_len);
}

static bool redis_value(uint64_t *value)
{
	char line[64];
	int len;

	read_line(line, sizeof(line));
	need(line[0] == '$');
	len = atoi(line + 1);
	if (len < 0)
		return false;
	need(len <= VALUE_MAX);
	read_bytes(value, len);
	read_bytes(line, 2);
	return true;
}

static bool redis_load(const uint64_t *key, uint64_t *value)
{
	fputs("*2\r\n$3\r\nGET\r\n", now->to);
	put_word(key, at->key_len);
	fflush(now->to);
	return redis_value(value);
}

static void redis_batch(struct run *run)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8];
	char line[64];
	int i;

	fprintf(now->to, "*%d\r\n$4\r\nMGET\r\n", BATCH + 1);
	for (i = 0; i < BATCH; i++) {
		key_of(at, key, step(run));
		put_word(key, at->key_len);
	}
	fflush(now->to);
	read_line(line, sizeof(line));
	for (i = 0; i < BATCH; i++) {
		run->asked += !redis_value(value);
		run->sum += value[0];
	}
}

static void run_redis(struct run *run)
{
	uint64_t i;

	now = &redis;
	if (run->shape != BATCHED)
		RUN_SINGLE(run, redis_load);
	else
		for (i = 0; i < run->ops; i += BATCH)
			redis_batch(run);
}

static void fill_redis(void)
{
	uint64_t i, n;
	char line[64];

	for (i = 0; i < at->n; i += FILL) {
		for (n = i; n < i + FILL; n++)
			redis_set(n);
		fflush(now->to);
		for (n = 0; n < FILL; n++)
			read_line(line, sizeof(line));
	}
}

static const char *open_redis(const struct scene *scene)
{
	const char *const argv[] = {
		"redis-server", "--port", "0", "--unixsocket", redis.daemon.path,
		"--save", "", "--appendonly", "no", NULL,
	};
	const char *why = make_directory(&redis) ?: start(argv);

	at = scene;
	if (!why)
		fill_redis();
	return why;
}

/* memcached: keys are words */

static void put_key(const uint64_t *key)
{
	unsigned int i;

	for (i = 0; i < at->key_len / 8; i++)
		fprintf(now->to, "%016llx", (unsigned long long)key[i]);
}

static void memcached_set(uint64_t number)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8];

	key_of(at, key, number);
	link_value((__u64 *)value, at->value_len, number, at->n);
	fputs("set ", now->to);
	put_key(key);
	fprintf(now->to, " 0 0 %u noreply\r\n", at->value_len);
	fwrite(value, 1, at->value_len, now->to);
	fputs("\r\n", now->to);
}

/* Return: false at the end of the answer */
static bool memcached_value(uint64_t *value)
{
	char line[128], *len;

	read_line(line, sizeof(line));
	if (line[0] != 'V')
		return false;
	len = strrchr(line, ' ');
	need(len && atoi(len) <= VALUE_MAX);
	read_bytes(value, atoi(len));
	read_bytes(line, 2);
	return true;
}

static bool memcached_load(const uint64_t *key, uint64_t *value)
{
	char line[16];
	bool found;

	fputs("get ", now->to);
	put_key(key);
	fputs("\r\n", now->to);
	fflush(now->to);
	found = memcached_value(value);
	if (found)
		read_line(line, sizeof(line));
	return found;
}

static void memcached_batch(struct run *run)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8];
	int i;

	fputs("get", now->to);
	for (i = 0; i < BATCH; i++) {
		key_of(at, key, step(run));
		fputc(' ', now->to);
		put_key(key);
	}
	fputs("\r\n", now->to);
	fflush(now->to);
	for (i = 0; memcached_value(value); i++)
		run->sum += value[0];
}

static void run_memcached(struct run *run)
{
	uint64_t i;

	now = &memcached;
	if (run->shape != BATCHED)
		RUN_SINGLE(run, memcached_load);
	else
		for (i = 0; i < run->ops; i += BATCH)
			memcached_batch(run);
}

static const char *open_memcached(const struct scene *scene)
{
	const char *const argv[] = {
		"memcached", "-s", memcached.daemon.path, "-m", "1024", "-t", "1", "-u",
		"root", NULL,
	};
	const char *why = make_directory(&memcached);
	uint64_t i, value[VALUE_MAX / 8];

	if (!why)
		why = start(argv);
	if (why)
		return why;
	at = scene;
	for (i = 0; i < scene->n; i++)
		memcached_set(i);
	key_of(scene, value, 0);
	memcached_load(value, value);
	return NULL;
}

static void close_redis(void)
{
	close_server(&redis);
}

static void close_memcached(void)
{
	close_server(&memcached);
}

const struct rival rival_redis = {
	.name = "Redis", .summary = "over a Unix socket", .waits = true,
	.most = 65536,
	.open = open_redis, .run = run_redis, .close = close_redis,
};

const struct rival rival_memcached = {
	.name = "memcached", .summary = "over a Unix socket", .waits = true,
	.most = 65536,
	.open = open_memcached, .run = run_memcached, .close = close_memcached,
};
