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
	client->map = map;
	return client;
}

/* Nobody uses it any more; process context. One that is new is just kfree()d */
void bytemap_client_destroy(struct bytemap_client *client)
{
	bytemap_put(client->map);
	kfree(client);
}
