// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"

static const char *directory;
static FILE *text, *also;

FILE *report_file(const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (!file) {
		fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return file;
}

void report_into(const char *path, const char *name)
{
	directory = path;
	mkdir(path, 0777);
	text = report_file(name);
}

void report_also(FILE *file)
{
	also = file;
}

static void print_into(FILE *file, const char *format, va_list args)
{
	va_list copy;

	if (!file)
		return;
	va_copy(copy, args);
	vfprintf(file, format, copy);
	va_end(copy);
	fflush(file);
}

void report(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_into(stdout, format, args);
	print_into(text, format, args);
	print_into(also, format, args);
	va_end(args);
}
