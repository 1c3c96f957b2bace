/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is printed, and kept as well if a directory is named for it
 */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stdio.h>

/* From now on in this file of the directory, which is made if need be, too */
void report_into(const char *directory, const char *name);

/* And what comes from here on, until it is NULL again, in this one, too */
void report_also(FILE *file);

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another file there */
FILE *report_file(const char *name);

#endif
