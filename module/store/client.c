// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: open descriptors of maps
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "account.h"
#include "bytemap.h"
#include "client.h"
#include "doom.h"
#include "gfp.h"
#include "job.h"
#include "lease.h"
#include "map.h"
#include "owner.h"
#include "place.h"
#include "sweep.h"

static struct bytemap_client *alloc_client(void)
{
	struct bytemap_client *client = kzalloc(sizeof(*client), BYTEMAP_GFP);

	if (!client)
		return NULL;
	spin_lock_init(&client->lock);
	INIT_LIST_HEAD(&client->leases);
	INIT_LIST_HEAD(&client->places);
	INIT_LIST_HEAD(&client->owned);
	return client;
}

static int init_client(struct bytemap_client *client, struct bytemap *map)
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

/*
 * Makes a client of the caller, which gets his reference on @map, and may do what
 * @access says: SYNCMAP_ACCESS_*. May sleep.
 *
 * Return: the client; ERR_PTR(-ENOMEM), or -ENOENT: the map has come to its end.
 */
struct bytemap_client *bytemap_client_create(struct bytemap *map, u32 access)
{
	struct bytemap_client *client = alloc_client();
	int err;

	if (!client)
		return ERR_PTR(-ENOMEM);
	client->access = access;
	err = init_client(client, map);
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

static void end_client(struct bytemap_client *client)
{
	struct bytemap *map = client->map;

	bytemap_client_free(client);
	bytemap_put(map);
}

static void drop_in_background(struct bytemap_job *job)
{
	struct bytemap_client *client = container_of(job, struct bytemap_client,
						     job);

	if (bytemap_doom_is_full(&client->map->doom)) {
		bytemap_job_delay(job, 1);
	} else if (bytemap_sweep_closed(client)) {
		bytemap_job_queue(job);
	} else {
		bytemap_job_stop(job);
		end_client(client);
	}
}

/*
 * As bytemap_client_free(), with all that it has got, and with its reference on
 * the map. What it owns is absent when this returns; the rest, and the end of
 * the client, are left to a job of its user.
 */
void bytemap_client_close(struct bytemap_client *client)
{
	bytemap_place_close(client);
	bytemap_lease_close(client);
	if (bytemap_owner_close(client)) {
		bytemap_job_init(&client->job,
				 bytemap_account_share(client->account), drop_in_background);
		bytemap_job_queue(&client->job);
	} else {
		end_client(client);
	}
}
