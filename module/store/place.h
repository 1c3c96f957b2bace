/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place in line for a lease that nobody sleeps in: place.c
 */
#ifndef _SYNCMAP_STORE_PLACE_H
#define _SYNCMAP_STORE_PLACE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "job.h"
#include "line.h"

struct bytemap;
struct bytemap_client;
struct bytemap_value;
struct syncmap_answer;
struct syncmap_await;
struct syncmap_error;

struct bytemap_place {
	refcount_t		refs;	/* of its file, its client, its job */
	u64			id;	/* of the map */
	bool			from_now;	/* what the answer tells of times */
	wait_queue_head_t	wait;
	struct bytemap_share	*share;
	struct bytemap_job	job;	/* wakes who polls and reads */
	bool			over;	/* there is an answer */
	struct mutex		lock;	/* the rest */
	bool			read;	/* somebody has it */
	struct bytemap_client	*client;	/* NULL: has closed the map */
	struct list_head	node;	/* in client->places: client->lock */
	struct bytemap_value	*value;	/* the lease; NULL: there was none */
	bool			in_line;
	struct bytemap_waiter	waiter;
};

int bytemap_place_check(const struct bytemap *map,
			const struct syncmap_await *params,
			struct syncmap_error *error);
struct bytemap_place *bytemap_place_create(struct bytemap_client *client,
					   const struct syncmap_await *params,
					   const void *key,
					   struct syncmap_error *error);
void bytemap_place_destroy(struct bytemap_place *place);
void bytemap_place_close(struct bytemap_client *client);
bool bytemap_place_is_over(const struct bytemap_place *place);
bool bytemap_place_was_read(const struct bytemap_place *place);
int bytemap_place_wait(struct bytemap_place *place);
int bytemap_place_take(struct bytemap_place *place,
		       struct syncmap_answer *answer);
void bytemap_place_put_back(struct bytemap_place *place);

#endif /* _SYNCMAP_STORE_PLACE_H */
