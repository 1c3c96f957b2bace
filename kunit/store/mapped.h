/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps that processes map, and what such a process sees, by the steps of
 * <linux/syncmap_mapped.h>: mapped.c
 */
#ifndef _SYNCMAP_KUNIT_STORE_MAPPED_H
#define _SYNCMAP_KUNIT_STORE_MAPPED_H

#include "../../module/store/bucket.h"
#include "../../module/store/mirror.h"
#include "../../module/store/window.h"
#include "common.h"

/* Beside 0 and -ENOENT: the mapping does not tell */
#define MAPPED_ASK	1

struct bytemap *store_mapped(struct kunit *test, u32 key_type);
/* The same with a seed that is always the same, and whose work the case does */
struct bytemap *store_mapped_at_rest(struct kunit *test, u32 key_type);
/* The same of a map that has just been given one */
void store_rest(struct bytemap *map);

/*
 * What a process finds in its mapping: 0, -ENOENT or MAPPED_ASK. Unless that is
 * "ask", a case fails that finds something else in the map.
 */
int store_sees(struct kunit *test, struct bytemap *map, const char *key);

/* Whether these bytes are anywhere in the mapping, be it in use or not */
bool store_shows(struct bytemap *map, const char *bytes);

struct syncmap_mapped_bucket *store_bucket(struct bytemap *map, const char *key);

/* Keys that are in the mirror, as writers count them */
u64 store_slots(struct bytemap *map);

/* Keys by number, of 8 bytes */
const char *store_number(unsigned int i);
void store_numbers(struct kunit *test, struct bytemap *map, unsigned int from,
		   unsigned int to);
/* How many of [0, @n) are there for processes, which see nothing that is wrong */
unsigned int store_count_seen(struct kunit *test, struct bytemap *map,
			      unsigned int n);
/* These are all that there is, and all are seen */
void store_expect_all(struct kunit *test, struct bytemap *map, unsigned int n);

/* Bytes on the user's account */
u64 store_counted(struct kunit *test);

/*
 * The work of the mirror, in a suite that has it: a portion, which returns jiffies
 * until the next; the same as a worker does it; all that is to be done now, and what
 * is tried once a second, too
 */
unsigned long store_work(struct bytemap *map);
void store_run_work(struct bytemap *map);
void store_work_off(struct bytemap *map);

/* What a case does itself is not done by a worker before */
void store_hold_work(bool held);
bool store_work_is_held(void);

/* The n-th allocation of the mirror from now on fails; 0: none does */
void store_fail_nth(unsigned int nth);
/* Whether there has been such a one */
bool store_has_failed(void);
/* For who allocates: whether it fails */
bool store_alloc_fails(void);

#endif /* _SYNCMAP_KUNIT_STORE_MAPPED_H */
