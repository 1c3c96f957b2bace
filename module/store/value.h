/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Value objects, which the core's words point to: value.c
 *
 * Some may end by themselves, because of their deadline or their owner; a lease
 * is one that is no value yet.
 */
#ifndef _SYNCMAP_STORE_VALUE_H
#define _SYNCMAP_STORE_VALUE_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/refcount.h>
#include <linux/seqlock.h>
#include <linux/timerqueue.h>
#include <linux/types.h>

struct bytemap_client;
struct bytemap_doom;
struct bytemap_request;

/* Bytes that an entry counts besides key and value; a mortal one, once more */
#define BYTEMAP_OVERHEAD	64U

/* Values up to this length are overwritten in place */
#define BYTEMAP_SMALL		64U

/* Values up to this length are copied, longer ones referenced */
#define BYTEMAP_COPY		256U

/* Bytes that an append copies under the lock of a value: its own, or others' */
#define BYTEMAP_STEP		4096U

/* In bytemap_value.used: it is not evicted, however it is used */
#define BYTEMAP_KEPT		0x80

enum bytemap_value_state {
	VALUE_FRESH,		/* not published yet */
	VALUE_LIVE,		/* until its deadline, if it has one */
	VALUE_REPLACED,		/* another object has the key */
	/* from here on the key is absent, whatever the core says */
	VALUE_LAPSED,		/* kept as a stale value */
	VALUE_LEASED,		/* somebody computes it */
	VALUE_DELETED,
};

struct bytemap_value {
	seqlock_t	lock;
	refcount_t	refs;
	u32		len;
	u32		capacity;
	u16		key_len : 13;
	u16		epoch : 1;	/* index in bytemap->live */
	u16		mortal : 1;	/* within a struct bytemap_mortal */
	u16		leased : 1;	/* that is within a bytemap_lease */
	u8		state;		/* enum bytemap_value_state */
	u8		used;		/* lately, so often; or BYTEMAP_KEPT */
	u64		revision;	/* 0: not settled, see entry.c */
	union {
		/* Until it is settled: whoever inserts it, and has to wait */
		const struct bytemap_request *inserter;
		u64		born;	/* revision of its insertion */
		struct llist_node doomed;	/* without references */
	};
	struct bytemap_doom	*doom;	/* since it was published */
	u8		bytes[];
};

/*
 * A value that may end by itself. What that takes is in front of it, and a copy
 * of the key, by which it is found in the core, behind its bytes: values that
 * stay until they are deleted do not pay for it.
 */
struct bytemap_mortal {
	/* expires: not after @deadline, so that moving that back costs nothing;
	 * 0: in no queue
	 */
	struct timerqueue_node	node;
	struct list_head	owned;
	struct bytemap_client	*owner;		/* compared, but see owner.c */
	u64			deadline;	/* or SYNCMAP_NEVER */
	struct bytemap_value	value;
};

/*
 * What has the place of a value that is being computed, or of an expired one
 * that is to be computed anew
 */
struct bytemap_lease {
	struct bytemap_client	*client;	/* the holder, who computes */
	u64			token;
	struct list_head	held;		/* in client->leases */
	struct list_head	waiters;
	u64			ends;		/* for the holder; SYNCMAP_NEVER */
	struct bytemap_value	*stale;		/* NULL: no expired value */
	u32			stale_len;	/* is charged */
	struct bytemap_mortal	mortal;
};

struct bytemap_value *bytemap_value_alloc(size_t len);
struct bytemap_value *bytemap_value_alloc_mortal(size_t len, const void *key,
						 size_t key_len);
struct bytemap_value *bytemap_value_alloc_lease(const void *key,
						size_t key_len);
size_t bytemap_value_size(const struct bytemap_value *value);
size_t bytemap_value_free_doomed(struct llist_node *doomed);
void bytemap_value_put(struct bytemap_value *value);
void bytemap_value_release(struct bytemap_value *value);

/* Never evicted. That does not change once it is published */
static inline bool bytemap_value_is_kept(const struct bytemap_value *value)
{
	return READ_ONCE(value->used) & BYTEMAP_KEPT;
}

static inline bool bytemap_value_is_small(const struct bytemap_value *value)
{
	return value->capacity <= BYTEMAP_SMALL;
}

/* Without the lock. So many bytes of a large value will not change any more */
static inline u32 bytemap_value_len(const struct bytemap_value *value)
{
	/* Pairs with the release in entry.c. See litmus/length */
	return smp_load_acquire(&value->len);
}

static inline struct bytemap_mortal *
bytemap_mortal(const struct bytemap_value *value)
{
	return container_of(value, struct bytemap_mortal, value);
}

static inline struct bytemap_lease *
bytemap_lease(const struct bytemap_value *value)
{
	return container_of(bytemap_mortal(value), struct bytemap_lease,
			    mortal);
}

/* The copy of the key that a mortal value has */
static inline void *bytemap_mortal_key(const struct bytemap_value *value)
{
	return (void *)value->bytes + value->capacity;
}

static inline u64 bytemap_charge(size_t key_len, size_t len)
{
	return BYTEMAP_OVERHEAD + key_len + len;
}

static inline u64 bytemap_value_charge(const struct bytemap_value *value)
{
	u64 charge = bytemap_charge(value->key_len, value->len);

	if (value->mortal)
		charge += bytemap_charge(value->key_len, 0);
	if (value->leased)
		charge += bytemap_lease(value)->stale_len;
	return charge;
}

#endif /* _SYNCMAP_STORE_VALUE_H */
