// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"

#define S	UINT64_C(1000000000)

static const struct {
	const char	*name;
	uint64_t	ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", S },
	{ "m", 60 * S },
	{ "h", 3600 * S },
	{ "d", 24 * 3600 * S },
};

/* Moves *@text behind the unit; 0 if there is none */
static uint64_t parse_unit(const char **text)
{
	size_t len = strspn(*text, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == len &&
		    !strncmp(units[i].name, *text, len)) {
			*text += len;
			return units[i].ns;
		}
	}
	return 0;
}

const char *duration_parse(const char *text, uint64_t *ns)
{
	static const char wrong[] = "a time is like 90s, 1h30m, 500ms or never";
	bool first = true;

	*ns = DURATION_NEVER;
	if (!strcmp(text, "never"))
		return NULL;
	*ns = 0;
	do {
		uint64_t number, unit;
		char *end;

		if (!isdigit((unsigned char)*text))
			return wrong;
		errno = 0;
		number = strtoull(text, &end, 10);
		text = end;
		unit = first && !*text ? S : parse_unit(&text);
		if (!unit)
			return wrong;
		if (errno || __builtin_mul_overflow(number, unit, &number) ||
		    __builtin_add_overflow(*ns, number, ns) ||
		    *ns == DURATION_NEVER)
			return "too long";
		first = false;
	} while (*text);
	return NULL;
}

void duration_print(uint64_t ns, char text[DURATION_SHOWN])
{
	size_t i = sizeof(units) / sizeof(units[0]);
	int len = 0;

	if (ns == DURATION_NEVER) {
		snprintf(text, DURATION_SHOWN, "never");
		return;
	}
	snprintf(text, DURATION_SHOWN, "0s");
	while (ns && i--) {
		uint64_t n = ns / units[i].ns;

		if (!n)
			continue;
		len += snprintf(text + len, DURATION_SHOWN - len, "%" PRIu64 "%s",
				n, units[i].name);
		ns %= units[i].ns;
	}
}
