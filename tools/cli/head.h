/* SPDX-License-Identifier: GPL-2.0-only */
/* What a saved map is, besides its entries: NAME.json */
#ifndef SYNCMAPCTL_HEAD_H
#define SYNCMAPCTL_HEAD_H

#include <stdint.h>

#include "cli.h"
#include "moment.h"

struct head {
	struct syncmap_map_info	map;	/* also its newest revision, and count */
	struct moment		saved;
};

struct json_object *head_to_json(const struct head *head);

/* Takes what head_to_json() made, to the letter: NULL, or what is wrong */
const char *head_from_json(struct json_object *json, struct head *head);

#endif
