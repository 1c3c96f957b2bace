// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "size.h"

static const char letters[] = "KMGTPE";

/* 0 if it is none */
static uint64_t unit_of(const char *text)
{
	const char *letter;
	uint64_t base = 1024, unit = 1;

	if (!*text)
		return 1;
	letter = strchr(letters, toupper((unsigned char)*text));
	if (!letter)
		return 0;
	if (!strcmp(text + 1, "B"))
		base = 1000;
	else if (text[1] && strcmp(text + 1, "iB"))
		return 0;
	for (const char *l = letters; l <= letter; l++)
		unit *= base;
	return unit;
}

const char *size_parse(const char *text, uint64_t *size)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	uint64_t unit;
	char *end;

	if (!isdigit((unsigned char)text[0]) ||
	    (hex && !isxdigit((unsigned char)text[2])))
		return "not a number";
	errno = 0;
	*size = strtoull(text, &end, hex ? 16 : 10);
	unit = unit_of(end);
	if (!unit)
		return "a number may end in K, M, G or T, of 1024, or in KB, MB, GB or TB, of 1000";
	if (errno || __builtin_mul_overflow(*size, unit, size))
		return "too large";
	return NULL;
}

void size_print(uint64_t size, char text[SIZE_SHOWN])
{
	unsigned int whole, tenths;
	int unit = 0;

	if (size < 10000) {
		snprintf(text, SIZE_SHOWN, "%u", (unsigned int)size);
		return;
	}
	for (; size >= 1024 * 1024; unit++)
		size /= 1024;
	whole = size / 1024 % 1024;
	tenths = size % 1024 * 10 / 1024;
	if (whole < 10)
		snprintf(text, SIZE_SHOWN, "%u.%u%c", whole, tenths,
			 letters[unit]);
	else
		snprintf(text, SIZE_SHOWN, "%u%c", whole, letters[unit]);
}
