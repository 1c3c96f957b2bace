// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

/* The level goes to who wants to know it: standard error is the journal's then. */
void say(enum log_level level, const char *map, const char *format, ...)
{
	va_list args;

	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>", level);
	fprintf(stderr, "syncmap-etcd: %s%s", map ? map : "", map ? ": " : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}
