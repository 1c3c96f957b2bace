/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values that go when the file that stored them is closed: owner.c
 */
#ifndef _SYNCMAP_STORE_OWNER_H
#define _SYNCMAP_STORE_OWNER_H

#include <linux/types.h>

struct bytemap;
struct bytemap_client;
struct bytemap_value;

void bytemap_owner_link_locked(struct bytemap *map,
			       struct bytemap_value *value);
void bytemap_owner_set_locked(struct bytemap *map, struct bytemap_value *value,
			      struct bytemap_client *client);
void bytemap_owner_unlink_locked(struct bytemap *map,
				 struct bytemap_value *value);
bool bytemap_owner_is_set(const struct bytemap_value *value);
bool bytemap_owner_is_gone(const struct bytemap_value *value);
bool bytemap_owner_close(struct bytemap_client *client);
void bytemap_owner_leave(struct bytemap_client *client);
struct bytemap_value *bytemap_owner_pick(struct bytemap_client *client);
bool bytemap_owner_pick_any(struct bytemap *map, struct bytemap_value **value);

#endif /* _SYNCMAP_STORE_OWNER_H */
