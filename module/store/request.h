/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests: one operation on one key, from its check to its result
 */
#ifndef _SYNCMAP_STORE_REQUEST_H
#define _SYNCMAP_STORE_REQUEST_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/syncmap.h>

#include "map.h"
#include "number.h"
#include "value.h"

/* request.c */

/* Traits of an operation */
enum {
	OP_TAKES_VALUE	= BIT(0),
	OP_TAKES_OLD	= BIT(1),
	OP_GIVES_VALUE	= BIT(2),
	OP_INSERTS	= BIT(3),	/* an absent key */
	OP_DELETES	= BIT(4),	/* a present key */
	OP_KEEPS	= BIT(5),	/* leaves a present key as it is */
	OP_TAKES_DEADLINE = BIT(6),
	OP_TAKES_TOKEN	= BIT(7),
	OP_WAITS	= BIT(8),
	OP_CALCULATES	= BIT(9),	/* a number out of a number */
	OP_TAKES_BOUND	= BIT(10),
	OP_TAKES_OWNER	= BIT(11),
	OP_TAKES_AGE	= BIT(12),	/* that the value may not have */
	OP_APPENDS	= BIT(13),	/* the value that it takes */
};

extern const u16 bytemap_traits[];

u32 bytemap_op_access(u32 op);
void bytemap_limited(struct syncmap_op *op, u32 which, u64 used, u64 limit);
void bytemap_op_reset(struct syncmap_op *op);
int bytemap_op_check(const struct bytemap *map, struct syncmap_op *op);
int bytemap_key_check(const struct bytemap *map, const void *key, size_t len);

/* @op has passed bytemap_op_check(), or comes from the kernel */
static inline bool bytemap_op_has(u32 op, u16 any)
{
	return bytemap_traits[op] & any;
}

/* op.c */

/**
 * struct bytemap_request - one operation on one key
 * @op: what to do, its lengths and flags; takes the results
 * @client: the descriptor; NULL: none (debugfs), which can own nothing
 * @key: the key
 * @value: the new value, when it is short
 * @fresh: the new value in an object of its own, when it is longer than
 *	%BYTEMAP_SMALL; else NULL, and made when needed
 * @old: content to compare with
 * @deadline: private: of what is stored; SYNCMAP_NEVER
 * @number: private: the new value, when it is a number
 * @blocked: private: the gauge that may have no room for @blocked_for
 * @blocked_for: private
 * @shortage: private: what there is no memory for on the account of the map
 * @room: private: bytes that @fresh has to take, if @value does not say
 * @source: private: the value that @fresh is a copy of, or a longer one
 * @carried: private: length of @source when it was copied
 * @mortal: private: @fresh has to be able to end
 * @in_place: private: the value that was found has room for the new one
 * @wants_fresh: private: the next attempt needs @fresh
 * @met_lease: private: a lease has the place of the key
 * @wants_lease: private: somebody else has it
 * @dooms: private: may have left memory to a grace period, or has taken some:
 *	throttle()
 * @reclaims: private: how often it has found no memory
 * @round: private: of the map's doom, when it began or last found none
 * @granted: private: token of a lease that the request got while it waited
 * @found: the value that was found, for operations that give one; last, so that
 *	nobody has to clear its bytes
 */
struct bytemap_request {
	struct syncmap_op	*op;
	struct bytemap_client	*client;
	const void		*key;
	const void		*value;
	struct bytemap_value	*fresh;
	const void		*old;
	u64			deadline;
	struct bytemap_number	number;
	struct bytemap_gauge	*blocked;
	u64			blocked_for;
	struct bytemap_shortage	shortage;
	u32			room;
	u32			carried;
	const struct bytemap_value *source;
	bool			mortal;
	bool			in_place;
	bool			wants_fresh;
	bool			met_lease;
	bool			wants_lease;
	bool			dooms;
	u8			reclaims;
	unsigned long		round;
	u64			granted;
	struct bytemap_view	found;
};

int bytemap_request_blocked(struct bytemap_request *req,
			    struct bytemap_gauge *gauge, u64 n, int err);
int bytemap_look(struct bytemap *map, struct bytemap_request *req,
		 struct bytemap_value *value);
int bytemap_op(struct bytemap *map, struct bytemap_request *req);
struct bytemap_value *bytemap_request_get(struct bytemap *map,
					  const struct bytemap_request *req);
void bytemap_request_drop(struct bytemap_request *req);
void bytemap_request_release(struct bytemap_request *req);

/* Does @err mean that the map is full, or the account of its owner? */
static inline bool bytemap_request_is_full(const struct bytemap_request *req,
					   int err)
{
	return err == -ENOSPC || (err == -EDQUOT && req->shortage.which);
}

/* Does what is stored need a struct bytemap_mortal? */
static inline bool bytemap_request_is_mortal(const struct bytemap *map,
					     const struct bytemap_request *req)
{
	u64 deadline = req->op->deadline ?: map->ttl;

	return (deadline && deadline != SYNCMAP_NEVER) ||
	       req->op->flags & SYNCMAP_OP_OWNED;
}

/* Who will own what is stored; NULL: nobody */
static inline struct bytemap_client *
bytemap_request_owner(const struct bytemap_request *req)
{
	return req->op->flags & SYNCMAP_OP_OWNED ? req->client : NULL;
}

static inline bool bytemap_request_has(const struct bytemap_request *req,
				       u16 any)
{
	return bytemap_op_has(req->op->op, any);
}

/* Does it store when the key is absent? */
static inline bool bytemap_request_inserts(const struct bytemap_request *req)
{
	return bytemap_request_has(req, OP_INSERTS) ||
	       req->op->flags & SYNCMAP_OP_INITIAL;
}

/* The new value is the number */
static inline void bytemap_request_take_number(struct bytemap_request *req)
{
	req->value = &req->number.wide;
	req->room = req->number.len;
}

/* many.c */

/* Loads that are looked up together at most */
#define BYTEMAP_LOADS	16

void bytemap_load_many(struct bytemap *map, struct bytemap_request **reqs,
		       unsigned int n);

/* append.c */
int bytemap_append_begin(struct bytemap *map, struct bytemap_request *req);
int bytemap_append_fresh(struct bytemap_request *req);
void bytemap_carry(struct bytemap_request *req,
		   const struct bytemap_value *value, u32 len);
int bytemap_carry_locked(struct bytemap_request *req,
			 const struct bytemap_value *value);
bool bytemap_append_needs_fresh(struct bytemap *map,
				struct bytemap_request *req,
				const struct bytemap_value *value);
int bytemap_append_locked(struct bytemap *map, struct bytemap_request *req,
			  struct bytemap_value *value);
void bytemap_append_inherit(struct bytemap_value *fresh,
			    const struct bytemap_value *value);

/* insert.c */
struct bytemap_value *
bytemap_request_alloc(struct bytemap_request *req, bool mortal, size_t len);
int bytemap_request_fresh(const struct bytemap *map,
			  struct bytemap_request *req);
void bytemap_publish(struct bytemap *map, struct bytemap_request *req, u8 epoch);
void bytemap_unpublish(struct bytemap_request *req);
int bytemap_insert_prepare(struct bytemap *map, struct bytemap_request *req);
int bytemap_insert_fresh(struct bytemap *map, struct bytemap_request *req);
int bytemap_insert(struct bytemap *map, struct bytemap_request *req);

/* update.c */
int bytemap_update_charge(struct bytemap *map, struct bytemap_request *req,
			  u64 from, u64 to);
int bytemap_tell(struct syncmap_op *op, const struct bytemap_view *found);
void bytemap_remove_deleted(struct bytemap *map, const void *key, size_t len,
			    struct bytemap_value *value);
void bytemap_make_way(struct bytemap *map, struct bytemap_request *req,
		      struct bytemap_value *value);
int bytemap_update(struct bytemap *map, struct bytemap_request *req,
		   struct bytemap_value *value);

int bytemap_replace_locked(struct bytemap *map, struct bytemap_request *req,
			   struct bytemap_value *value, u64 revision);

#endif /* _SYNCMAP_STORE_REQUEST_H */
