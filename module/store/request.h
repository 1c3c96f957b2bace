/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests: what is asked of one key, and what was found: request.c
 */
#ifndef _SYNCMAP_STORE_REQUEST_H
#define _SYNCMAP_STORE_REQUEST_H

#include <linux/errno.h>
#include <linux/types.h>
#include <uapi/linux/syncmap.h>

#include "bytemap.h"
#include "traits.h"
#include "view.h"

struct bytemap_client;
struct bytemap_value;

/* Longest answer that can be wanted, in bytes */
#define BYTEMAP_ANSWER_MAX	4096U

/**
 * struct bytemap_request - one operation on one key
 * @op: what to do, its lengths and flags
 * @answer: takes the results
 * @client: the descriptor; NULL: none (debugfs), which can own nothing
 * @key: the key
 * @value: the new value; may lie in @fresh
 * @old: content to compare with
 * @fresh: the new value in an object of its own, if it was made beforehand
 *	(bytemap_fresh_for()), as saves a copy of long ones; else NULL, and made
 *	when needed
 * @found: the value that was found, for operations that give one; last, so that
 *	nobody has to clear its bytes
 */
struct bytemap_request {
	const struct syncmap_op	*op;
	struct syncmap_answer	*answer;
	struct bytemap_client	*client;
	const void		*key;
	const void		*value;
	const void		*old;
	struct bytemap_value	*fresh;
	struct bytemap_view	found;
};

int bytemap_request_check(const struct bytemap *map, struct syncmap_op *op,
			  struct syncmap_answer *answer);
int bytemap_request_check_key(const struct bytemap *map, const void *key,
			      size_t len);
void bytemap_request_reset(struct syncmap_answer *answer);
int bytemap_request_answer(struct bytemap_request *req);
void bytemap_request_release(struct bytemap_request *req);

static inline bool bytemap_request_has(const struct bytemap_request *req,
				       u16 any)
{
	return bytemap_op_has(req->op->op, any);
}

/* Does it store when the key is absent? */
static inline bool bytemap_request_inserts(const struct bytemap_request *req)
{
	return bytemap_request_has(req, OP_INSERTS) ||
	       req->op->flags & SYNCMAP_FLAG_INITIAL;
}

/* Does it delete whatever is there? */
static inline bool bytemap_request_deletes(const struct bytemap_request *req)
{
	return bytemap_request_has(req, OP_DELETES) &&
	       !bytemap_request_has(req, OP_TAKES_OLD);
}

/* Does what is stored with @deadline need a struct bytemap_mortal? */
static inline bool bytemap_request_is_mortal(const struct bytemap_request *req,
					     u64 deadline)
{
	return (deadline && deadline != SYNCMAP_NEVER) ||
	       req->op->flags & SYNCMAP_FLAG_OWNED;
}

/* Is what is stored not to be evicted? What has an owner is not in any case */
static inline bool bytemap_request_keeps(const struct bytemap_request *req)
{
	return (req->op->flags & (SYNCMAP_FLAG_KEEP | SYNCMAP_FLAG_OWNED)) ==
	       SYNCMAP_FLAG_KEEP;
}

/* What its user is told of @err: errors from ERESTARTSYS on are the kernel's */
static inline int bytemap_request_status(int err)
{
	return err <= -ERESTARTSYS ? -EINTR : err;
}

/* An operation has ended. What met an error was no answer to who asked for a key */
static inline void bytemap_request_count(struct bytemap *map,
					 const struct bytemap_request *req,
					 int ret)
{
	if (!bytemap_request_has(req, OP_ASKS) || (ret && ret != -ENOENT))
		return;
	bytemap_count(map, req->answer->result & SYNCMAP_RESULT_LOADED ?
			   BYTEMAP_FOUND : BYTEMAP_ABSENT);
}

/* Who will own what is stored; NULL: nobody */
static inline struct bytemap_client *
bytemap_request_owner(const struct bytemap_request *req)
{
	return req->op->flags & SYNCMAP_FLAG_OWNED ? req->client : NULL;
}

#endif /* _SYNCMAP_STORE_REQUEST_H */
