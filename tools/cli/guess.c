// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "guess.h"

/* Of longer words no two are alike */
#define LEN_MAX	63

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Rows of the usual table: @row is that of the first @i characters of @a */
static void fill_row(const char *a, const char *b, size_t i, size_t len,
		     unsigned int row[][LEN_MAX + 1])
{
	row[0][0] = i;
	for (size_t j = 1; j <= len; j++) {
		row[0][j] = least(least(row[1][j], row[0][j - 1]) + 1,
				  row[1][j - 1] + (a[i - 1] != b[j - 1]));
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
		    a[i - 2] == b[j - 1])
			row[0][j] = least(row[0][j], row[2][j - 2] + 1);
	}
}

unsigned int guess_distance(const char *a, const char *b)
{
	unsigned int rows[3][LEN_MAX + 1];
	size_t len = strlen(b);

	if (strlen(a) > LEN_MAX || len > LEN_MAX)
		return LEN_MAX;
	for (size_t j = 0; j <= len; j++)
		rows[0][j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		memmove(rows[1], rows[0], 2 * sizeof(rows[0]));
		fill_row(a, b, i, len, rows);
	}
	return rows[0][len];
}

/* A beginning is as good as the whole */
static unsigned int unlikeness(const char *word, const char *name)
{
	size_t len = strlen(word);

	if (len > 1 && !strncmp(word, name, len))
		return 0;
	return guess_distance(word, name);
}

void guess_try(struct guess *guess, const char *word, const char *name)
{
	unsigned int distance = unlikeness(word, name);

	if (distance > (strlen(word) + 1) / 4 + (strlen(word) > 1) ||
	    (guess->n && distance > guess->distance))
		return;
	if (guess->n && distance < guess->distance)
		guess->n = 0;
	guess->distance = distance;
	if (guess->n < GUESSES_MAX)
		snprintf(guess->names[guess->n++], sizeof(guess->names[0]),
			 "%s", name);
}

void guess_print(const struct guess *guess, const char *dashes, char *text,
		 size_t size)
{
	int len = 0;

	text[0] = '\0';
	for (int i = 0; i < guess->n && (size_t)len < size; i++)
		len += snprintf(text + len, size - len, "%s'%s%s'%s",
				!i ? "Did you mean " :
				i < guess->n - 1 ? ", " : " or ", dashes,
				guess->names[i], i < guess->n - 1 ? "" : "?");
}

static const struct {
	const char	*word;
	const char	*ours;
} foreign[] = {
	{ "get", "load" }, { "mget", "load" }, { "read", "load" },
	{ "lookup", "load" }, { "exists", "load" },
	{ "put", "store" }, { "write", "store" }, { "update", "store" },
	{ "insert", "store" }, { "upsert", "store" }, { "setex", "store --ttl" },
	{ "setnx", "load-or-store" },
	{ "del", "delete" }, { "unset", "delete" }, { "unlink", "delete" },
	{ "erase", "delete" },
	{ "getdel", "load-and-delete" }, { "take", "load-and-delete" },
	{ "pop", "load-and-delete" },
	{ "getset", "swap" },
	{ "cas", "compare-and-swap" }, { "cad", "compare-and-delete" },
	{ "expire", "touch --ttl" }, { "ttl", "load -j" },
	{ "incr", "add --initial 0" }, { "incrby", "add --initial 0" },
	{ "inc", "add --initial 0" }, { "decr", "sub" }, { "decrby", "sub" },
	{ "dec", "sub" },
	{ "keys", "range --keys-only" }, { "scan", "range" },
	{ "iterate", "range" }, { "entries", "range" }, { "cat", "range" },
	{ "dump", "range" },
	{ "subscribe", "watch" }, { "monitor", "watch" }, { "tail", "watch" },
	{ "len", "count" }, { "size", "count" }, { "dbsize", "count" },
	{ "flush", "clear" }, { "flushdb", "clear" }, { "truncate", "clear" },
	{ "empty", "clear" },
	{ "ls", "list" }, { "maps", "list" }, { "ps", "list" },
	{ "show", "info" }, { "describe", "info" }, { "stat", "stats" },
	{ "status", "doctor" }, { "check", "doctor" },
	{ "mk", "create" }, { "new", "create" }, { "make", "create" },
	{ "rm", "remove" }, { "rmmap", "remove" }, { "drop", "remove" },
	{ "destroy", "remove" },
	{ "mv", "publish" }, { "rename", "publish" },
	{ "chmod", "set --mode" }, { "chgrp", "set --group" },
	{ "resize", "set --entries" }, { "config", "set" },
	{ "lock", "hold" }, { "run", "exec" }, { "pipe", "batch" },
	{ "restrict", "exec" },
};

const char *guess_foreign(const char *word, int nargs)
{
	if (nargs && !strcmp(word, "ls"))
		return "range";
	if (nargs > 1 && !strcmp(word, "rm"))
		return "delete";
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!strcmp(word, foreign[i].word))
			return foreign[i].ours;
	return NULL;
}
