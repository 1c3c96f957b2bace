/* SPDX-License-Identifier: GPL-2.0-only */
/* The members of a JSON object, which they take over; both return the exit code */
#ifndef SYNCMAPCTL_SHEET_H
#define SYNCMAPCTL_SHEET_H

#include "cli.h"

/* As JSON, or a line for each */
int say_members(struct cli *cli, struct json_object *json);

/* On a terminal as a table, too, with what they mean to people */
int say_sheet(struct cli *cli, struct json_object *json);

#endif
