// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: open descriptors of maps
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "store.h"

/* On success the client has the caller's reference on @map */
struct bytemap_client *bytemap_client_create(struct bytemap *map)
{
	struct bytemap_client *client = kzalloc(sizeof(*client), BYTEMAP_GFP);

	if (!client)
		return ERR_PTR(-ENOMEM);
	/* Its name was removed, and watchers have been told that all is over */
	if (!atomic_inc_not_zero(&map->users)) {
		kfree(client);
		return ERR_PTR(-ENOENT);
	}
	client->map = map;
	return client;
}

/* It is new, or nobody uses it any more. The reference is the caller's again */
void bytemap_client_free(struct bytemap_client *client)
{
	bytemap_leave(client->map);
	kfree(client);
}

/* Nobody uses it any more; process context */
void bytemap_client_destroy(struct bytemap_client *client)
{
	struct bytemap *map = client->map;

	bytemap_client_free(client);
	bytemap_put(map);
}
