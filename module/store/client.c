// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: open descriptors of maps
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "store.h"

static struct bytemap_client *alloc(void)
{
	struct bytemap_client *client = kzalloc(sizeof(*client), BYTEMAP_GFP);

	if (!client)
		return NULL;
	spin_lock_init(&client->lock);
	INIT_LIST_HEAD(&client->leases);
	INIT_LIST_HEAD(&client->owned);
	return client;
}

static int init(struct bytemap_client *client, struct bytemap *map)
{
	client->account = bytemap_account_get(current_fsuid());
	if (IS_ERR(client->account))
		return PTR_ERR(client->account);
	/* Its name was removed, and watchers have been told that all is over */
	if (!atomic_inc_not_zero(&map->users)) {
		bytemap_account_put(client->account);
		return -ENOENT;
	}
	client->map = map;
	return 0;
}

/* On success the client has the caller's reference on @map */
struct bytemap_client *bytemap_client_create(struct bytemap *map)
{
	struct bytemap_client *client = alloc();
	int err;

	if (!client)
		return ERR_PTR(-ENOMEM);
	err = init(client, map);
	if (!err)
		return client;
	kfree(client);
	return ERR_PTR(err);
}

/* It is new, or nobody uses it any more. The reference is the caller's again */
void bytemap_client_free(struct bytemap_client *client)
{
	bytemap_leave(client->map);
	WARN_ON_ONCE(atomic_read(&client->nr_leases));
	bytemap_account_put(client->account);
	/* Readers may look whether a value that it has owned is still its own */
	kfree_rcu(client, rcu);
}

static void end(struct bytemap_client *client)
{
	struct bytemap *map = client->map;

	bytemap_client_free(client);
	bytemap_put(map);
}

static void work(struct bytemap_job *job)
{
	struct bytemap_client *client = container_of(job, struct bytemap_client,
						     job);

	if (bytemap_doom_is_full(&client->map->doom)) {
		bytemap_job_delay(job, 1);
	} else if (bytemap_owner_drop_some(client)) {
		bytemap_job_queue(job);
	} else {
		bytemap_job_stop(job);
		end(client);
	}
}

/*
 * As bytemap_client_free(), with all that it has got, and with its reference on
 * the map. What it owns is absent when this returns; the rest, and the end of
 * the client, are left to a job of its user.
 */
void bytemap_client_close(struct bytemap_client *client)
{
	bytemap_lease_close(client);
	if (bytemap_owner_close(client)) {
		bytemap_job_init(&client->job,
				 bytemap_account_share(client->account), work);
		bytemap_job_queue(&client->job);
	} else {
		end(client);
	}
}
