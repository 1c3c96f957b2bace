/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps that processes map, and what such a process sees, by the steps of
 * <linux/syncmap_mapped.h>: mapped.c
 */
#ifndef _SYNCMAP_KUNIT_STORE_MAPPED_H
#define _SYNCMAP_KUNIT_STORE_MAPPED_H

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

/* The n-th allocation of the mirror from now on fails; 0: none does */
void store_fail_nth(unsigned int nth);
/* Whether there has been such a one */
bool store_has_failed(void);
/* For who allocates: whether it fails */
bool store_alloc_fails(void);

#endif /* _SYNCMAP_KUNIT_STORE_MAPPED_H */
