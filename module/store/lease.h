/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases: who computes a value, and who waits for it
 */
#ifndef _SYNCMAP_STORE_LEASE_H
#define _SYNCMAP_STORE_LEASE_H

#include <linux/types.h>

struct bytemap;
struct bytemap_client;
struct bytemap_lease;
struct bytemap_request;
struct bytemap_value;
struct syncmap_op;

/* lease.c */
int bytemap_lease_count(struct bytemap_client *client, struct syncmap_op *op);
void bytemap_lease_uncount(struct bytemap_client *client);
u64 bytemap_lease_new_token(void);
void bytemap_lease_hold_locked(struct bytemap *map,
			       struct bytemap_lease *lease);
int bytemap_lease_give_up(struct bytemap *map, struct bytemap_value *value,
			  const struct bytemap_client *client, u64 token);
int bytemap_lease_meet(struct bytemap *map, struct bytemap_request *req,
		       struct bytemap_value *value);
int bytemap_lease_replace(struct bytemap *map, struct bytemap_request *req);
int bytemap_lease_end(struct bytemap *map, struct bytemap_request *req);
void bytemap_lease_abandon(struct bytemap_client *client, u64 token);
void bytemap_lease_close(struct bytemap_client *client);
void bytemap_lease_cleared(struct bytemap *map, struct bytemap_value *value);
void bytemap_lease_void(struct bytemap *map, struct bytemap_value *value);

/* grant.c */
int bytemap_lease_take(struct bytemap *map, struct bytemap_request *req);

/* waiter.c */
struct bytemap_client *bytemap_waiter_pick_locked(struct bytemap_lease *lease,
						  u64 token);
void bytemap_waiter_wake_all(struct bytemap_value *value);
void bytemap_waiter_clear(struct bytemap *map, u8 epoch);
int bytemap_lease_wait(struct bytemap *map, struct bytemap_request *req);

#endif /* _SYNCMAP_STORE_LEASE_H */
