/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients that have leases: holder.c
 */
#ifndef _SYNCMAP_STORE_HOLDER_H
#define _SYNCMAP_STORE_HOLDER_H

#include <linux/types.h>

struct bytemap;
struct bytemap_client;
struct bytemap_lease;
struct bytemap_value;
struct syncmap_error;

int bytemap_holder_count(struct bytemap_client *client,
			 struct syncmap_error *error);
void bytemap_holder_uncount(struct bytemap_client *client);
void bytemap_holder_add_locked(struct bytemap *map,
			       struct bytemap_lease *lease, u64 lease_for);
void bytemap_holder_remove_locked(struct bytemap_lease *lease);
struct bytemap_value *bytemap_holder_find(struct bytemap_client *client,
					  u64 token);

#endif /* _SYNCMAP_STORE_HOLDER_H */
