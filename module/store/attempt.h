/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation on its way: what bytemap_op() knows while it tries, and what
 * those who do a part of it leave for one another
 */
#ifndef _SYNCMAP_STORE_ATTEMPT_H
#define _SYNCMAP_STORE_ATTEMPT_H

#include <linux/syncmap.h>
#include <linux/types.h>

#include "account.h"
#include "number.h"
#include "request.h"

struct bytemap;
struct bytemap_attempt;
struct bytemap_gauge;
struct bytemap_value;

/*
 * What became of an attempt, or of a part of it: 0 or an error is what the caller
 * hears; one of these says what is to be done first
 */
enum bytemap_outcome {
	ABSENT = 1,	/* the key is: it is inserted, or the answer */
	START_OVER,	/* somebody else has changed the key */
	NEED_FRESH,	/* an object: ->mortal, ->room */
	NEED_ROOM,	/* ->blocked may have room when others have decided */
	NEED_MEMORY,
	NEED_NODE,	/* the core: memory, or room before its next promotion */
	NEED_STOCK,	/* pages for the mirror */
	NEED_LEASE,	/* somebody has it */
	FULL,		/* ->full is the answer, if nothing can be ended */
};

/* How an operation does what others do otherwise; NULL: it does not */
struct bytemap_verb {
	/* The key is absent, and bytemap_request_inserts(). May sleep */
	int	(*insert)(struct bytemap_attempt *at);
	/* The object for that, with its content */
	int	(*create)(struct bytemap_attempt *at);
	/* The key is present: what can be done before the value is locked */
	int	(*prepare)(struct bytemap_attempt *at,
			   const struct bytemap_value *value);
	/* The value is locked, there, and the expected one */
	int	(*change_locked)(struct bytemap_attempt *at,
				 struct bytemap_value *value);
};

/* How often, and since when, an operation has found no memory */
struct bytemap_reclaim {
	unsigned int	tries;
	unsigned long	round;		/* of the map's doom */
};

struct bytemap_attempt {
	struct bytemap			*map;
	struct bytemap_request		*req;
	const struct bytemap_verb	*verb;
	u64				deadline;	/* of what is stored */
	const void			*bytes;		/* that are stored, */
	u32				len;		/* if they are known */
	u32				room;		/* NEED_FRESH */
	bool				mortal;		/* likewise */
	bool				in_place;	/* the value has room */
	bool				met_lease;	/* in the key's place */
	bool				dooms;		/* memory, or takes some */
	bool				stocked;	/* NEED_STOCK was said */
	bool				in_window;	/* of the mirror */
	int				full;		/* FULL: the error */
	struct bytemap_gauge		*blocked;	/* NEED_ROOM, FULL */
	u64				blocked_for;
	u64				needed;		/* FULL: not only for what is more */
	struct syncmap_error		shortage;	/* of the account */
	const struct bytemap_value	*source;	/* of ->req->fresh */
	u32				carried;	/* bytes of that */
	struct bytemap_number		number;
	u64				granted;	/* a lease, while it waited, */
	u64				granted_until;	/* for so long */
	struct bytemap_reclaim		reclaim;
	struct syncmap_hashed_key	key;		/* ->req's */
};

/* An object for @len bytes is needed: bytemap_fresh_get() */
static inline int bytemap_needs_fresh(struct bytemap_attempt *at, bool mortal,
				      u32 len)
{
	at->mortal = mortal;
	at->room = len;
	return NEED_FRESH;
}

#endif /* _SYNCMAP_STORE_ATTEMPT_H */
