/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of the store share: maps that end with the case, operations
 * on text. A suite includes the file that it tests.
 */
#ifndef _SYNCMAP_KUNIT_STORE_COMMON_H
#define _SYNCMAP_KUNIT_STORE_COMMON_H

#include <kunit/test.h>

#include "../../module/store/attempt.h"
#include "../../module/store/bytemap.h"
#include "../../module/store/request.h"
#include "../../module/store/value.h"

struct bytemap_client;
struct bytemap_watch;
struct user_namespace;

int store_suite_init(struct kunit_suite *suite);
void store_suite_exit(struct kunit_suite *suite);

/* For .init and .exit: keeps and puts the case's maps */
int store_test_init(struct kunit *test);
void store_test_exit(struct kunit *test);

/* A private map; @limits may be NULL */
struct bytemap *store_map(struct kunit *test, u32 key_type,
			  const struct syncmap_limits *limits);
struct bytemap *store_map_of(struct kunit *test,
			     const struct syncmap_create *create);
/* A user namespace that nobody is in, with one reference */
struct user_namespace *store_namespace(struct kunit *test,
				       struct user_namespace *parent);
/* Its reference is the caller's */
struct bytemap *store_map_lost(struct kunit *test);

/* One operation on text, and what came of it */
struct store_op {
	struct syncmap_op	op;
	struct syncmap_answer	answer;
	const char		*key;
	const char		*value;
	const char		*old;
	const char		*out;	/* valid until the next operation */
	struct bytemap_client	*client;
};

/* Fills in the lengths, and a buffer if the operation gives a value */
int store_op(struct bytemap *map, struct store_op *so);
int store_store(struct bytemap *map, const char *key, const char *value);
int store_delete(struct bytemap *map, const char *key);
/* Empties the map, and waits until the memory is free */
int store_clear(struct bytemap *map);
/* The value goes with the client */
int store_owned(struct bytemap *map, struct bytemap_client *client,
		const char *key, const char *value);
/* Keys that are deleted when they are in the read table, beside what there is */
int store_tombstones(struct bytemap *map, unsigned int keys);
bool store_has(struct bytemap *map, const char *key, const char *value);

/* The first number of this name; U64_MAX if there is none */
u64 store_stat(struct bytemap *map, const char *name);

struct bytemap_client *store_client(struct kunit *test, struct bytemap *map);
void store_client_end(struct bytemap_client *client);
/* SYNCMAP_OP_LOAD_OR_LEASE without waiting; the token, or 0 */
u64 store_lease(struct bytemap_client *client, const char *key);
/* STORE and UNLEASE with a token */
int store_leased(struct bytemap_client *client, const char *key,
		 const char *value, u64 token);
int store_unlease(struct bytemap_client *client, const char *key, u64 token);

/* The object that has the key, with a reference; NULL if there is none */
struct bytemap_value *store_object(struct bytemap *map, const char *key);

/* A live, settled value of @len bytes 'v' that is in no map */
struct bytemap_value *store_value(struct kunit *test, struct bytemap *map,
				  size_t len);

/*
 * What bytemap_op() begins with, and an answer if the request has none; freed with
 * the case (op_kunit.c)
 */
struct bytemap_attempt *store_attempt(struct kunit *test, struct bytemap *map,
				      struct bytemap_request *req);

/* A watcher with the smallest queue, for bytemap_watch_destroy() */
struct bytemap_watch *store_watch(struct kunit *test, struct bytemap *map,
				  u32 flags, const char *filter);
/* Its next record, which is of this type; valid until the one after */
const struct syncmap_record *
store_event(struct kunit *test, struct bytemap_watch *watch, u32 type);
void store_no_event(struct kunit *test, struct bytemap_watch *watch);

/* Text of @len times @c, freed with the case */
char *store_text(struct kunit *test, char c, size_t len);

u64 store_count(struct bytemap *map);
u64 store_bytes(struct bytemap *map);

/* A fatal signal for the case itself, and its end */
void store_kill(void);
void store_revive(void);

/* Run @fn as another user without capabilities */
void store_as_user(struct kunit *test, unsigned int uid, unsigned int gid,
		   void (*fn)(struct kunit *test, struct bytemap *map),
		   struct bytemap *map);

#endif /* _SYNCMAP_KUNIT_STORE_COMMON_H */
