/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects for what an operation stores: fresh.c
 */
#ifndef _SYNCMAP_STORE_FRESH_H
#define _SYNCMAP_STORE_FRESH_H

#include <linux/types.h>

struct bytemap;
struct bytemap_attempt;
struct bytemap_reclaim;
struct bytemap_request;
struct bytemap_value;

int bytemap_fresh_for(struct bytemap *map, struct bytemap_request *req);
int bytemap_fresh_get(struct bytemap_attempt *at);
bool bytemap_fresh_reclaim(struct bytemap *map,
			   struct bytemap_reclaim *reclaim);
void bytemap_fresh_carry(struct bytemap_attempt *at,
			 const struct bytemap_value *value, u32 len);
int bytemap_fresh_carry_locked(struct bytemap_attempt *at,
			       const struct bytemap_value *value);

#endif /* _SYNCMAP_STORE_FRESH_H */
