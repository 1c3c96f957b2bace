// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that have leases
 *
 * A lease is on the list of its holder, so that it ends when that goes. How many
 * a client has, or waits for, is limited.
 */
#include <linux/list.h>

#include "account.h"
#include "bytemap.h"
#include "deadline.h"
#include "holder.h"
#include "trace.h"
#include "value.h"

/*
 * Counts one more lease that @client has, or waits for, if there may be one; else
 * @error tells. From any context.
 *
 * Return: 0 or -EDQUOT.
 */
int bytemap_holder_count(struct bytemap_client *client,
			 struct syncmap_error *error)
{
	int err;

	err = bytemap_account_add_lease(client->account, &client->nr_leases,
					error);
	if (err)
		trace_bytemap_full(client->map, error->limited, error->used,
				   error->limit);
	return err;
}

/* From any context */
void bytemap_holder_uncount(struct bytemap_client *client)
{
	bytemap_account_remove_lease(client->account, &client->nr_leases);
}

/*
 * With the lock of the lease, which goes with its client from here on, or after
 * @lease_for nanoseconds, if that is not zero.
 */
void bytemap_holder_add_locked(struct bytemap *map, struct bytemap_lease *lease,
			       u64 lease_for)
{
	struct bytemap_client *client = lease->client;

	lockdep_assert_held(&lease->mortal.value.lock.lock);
	spin_lock(&client->lock);
	list_add_tail(&lease->held, &client->leases);
	spin_unlock(&client->lock);
	lease->ends = bytemap_deadline_in(lease_for);
	bytemap_deadline_lease_locked(map, &lease->mortal.value);
	bytemap_count(map, BYTEMAP_LEASE_GRANTED);
	trace_bytemap_lease_grant(map, lease->token);
}

/*
 * With the lock of the lease, whose token is void from here on. Whoever has taken
 * it might not hold it yet; the holder can go away as soon as the lease is not on
 * its list any more.
 */
void bytemap_holder_remove_locked(struct bytemap_lease *lease)
{
	struct bytemap_client *client = lease->client;

	lockdep_assert_held(&lease->mortal.value.lock.lock);
	WRITE_ONCE(lease->token, 0);
	if (list_empty(&lease->held))
		return;
	spin_lock(&client->lock);
	list_del_init(&lease->held);
	bytemap_holder_uncount(client);
	spin_unlock(&client->lock);
}

/* Return: a lease that @client has with @token, 0: any; with a reference; or NULL */
struct bytemap_value *bytemap_holder_find(struct bytemap_client *client,
					  u64 token)
{
	struct bytemap_value *value = NULL;
	struct bytemap_lease *lease;

	spin_lock(&client->lock);
	list_for_each_entry(lease, &client->leases, held) {
		if (token && READ_ONCE(lease->token) != token)
			continue;
		value = &lease->mortal.value;
		refcount_inc(&value->refs);
		break;
	}
	spin_unlock(&client->lock);
	return value;
}
