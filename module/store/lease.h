/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases, from when they are given to their end: lease.c
 */
#ifndef _SYNCMAP_STORE_LEASE_H
#define _SYNCMAP_STORE_LEASE_H

#include <linux/types.h>

struct bytemap;
struct bytemap_attempt;
struct bytemap_client;
struct bytemap_value;

u64 bytemap_lease_new_token(struct bytemap *map);
int bytemap_lease_meet(struct bytemap_attempt *at, struct bytemap_value *value);
int bytemap_lease_end(struct bytemap_attempt *at);
int bytemap_lease_give_up(struct bytemap *map, struct bytemap_value *value,
			  const struct bytemap_client *client, u64 token);
void bytemap_lease_lapse_locked(struct bytemap *map,
				struct bytemap_value *value);
void bytemap_lease_abandon(struct bytemap_client *client, u64 token);
void bytemap_lease_close(struct bytemap_client *client);
void bytemap_lease_cleared(struct bytemap *map, struct bytemap_value *value);
void bytemap_lease_void(struct bytemap *map, struct bytemap_value *value);

#endif /* _SYNCMAP_STORE_LEASE_H */
