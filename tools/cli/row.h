/* SPDX-License-Identifier: GPL-2.0-only */
/* A map, or several, as a row of the tables that stats and top show */
#ifndef SYNCMAPCTL_ROW_H
#define SYNCMAPCTL_ROW_H

#include "sample.h"

struct json_object;

struct row {
	struct rates	rates;
	bool		more_loads;	/* than are counted: from mappings */
	uint64_t	entries;
	uint64_t	memory;		/* see sample_memory() */
	uint64_t	watchers;
	unsigned int	full;		/* in percent */
	bool		is_sum;		/* which has no limit */
};

void row_make(const struct sample *before, const struct sample *after,
	      struct row *row);
void row_add(struct row *sum, const struct row *row);

/* All rows, and the heading, are as wide */
#define ROW_WIDTH	64
#define ROW_SHOWN	160
void row_heading(char text[ROW_SHOWN]);
void row_print(const struct row *row, char text[ROW_SHOWN]);

/* What is in a row, as members of @json */
void row_add_json(struct json_object *json, const struct row *row);

/* "found_ratio", if anybody has asked for a key: what a cache calls its hit ratio */
void row_add_ratio(struct json_object *json, double found, double absent);

#endif
