/* SPDX-License-Identifier: GPL-2.0-only */
/* One operation on one key: what a verb has got, asks for and finds */
#ifndef SYNCMAPCTL_REQUEST_H
#define SYNCMAPCTL_REQUEST_H

#include "cli.h"

struct request {
	struct cli			*cli;
	struct bytes			key;
	struct bytes			value;
	struct bytes			old;
	struct bytes			found;
	struct libsyncmap_result	result;
	uint64_t			token;
};

/* The latter takes the key from the arguments; returns the exit code. */
void request_begin(struct request *request, struct cli *cli);
int request_begin_key(struct request *request, struct cli *cli);

/* Do @op, as often as its value does not fit into the buffer. */
int request_run(struct request *request, int (*op)(struct request *request));

/* Free all; returns @code. */
int request_end(struct request *request, int code);

/* Answers; those that return int return the exit code. */
int say_found(struct request *request);
int say_absent(struct request *request, const char *what);
/*
 * In JSON: the key, whether @what happened, the value that was found under the
 * name @value_name, and revisions. @what and @value_name may be NULL.
 */
void say_request(struct request *request, const char *what, bool happened,
		 const char *value_name);
/* Revisions, and the time that is left */
void add_terms(struct json_object *json, const struct request *request);
/* The value that was found, or that the key is absent, or an error */
int say_loaded(struct request *request, int err);
/* The same of a verb that has done more than to look */
int say_changed(struct request *request, int err);
int fail_request(struct request *request, int err);

#endif
