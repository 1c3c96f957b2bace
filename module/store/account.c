// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is of maps, leases and watchers, in all and of each user
 *
 * A map counts with the bytes that it may hold, not with those that it does
 * hold. That is exact, and costs nothing but when a map is made or goes. An
 * account is there as long as its user has a map, a watcher or an open
 * descriptor.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "store.h"
#include "trace.h"

static unsigned int max_maps = 4096;
module_param(max_maps, uint, 0644);
MODULE_PARM_DESC(max_maps, "How many maps may exist");

static unsigned int max_user_maps = 256;
module_param(max_user_maps, uint, 0644);
MODULE_PARM_DESC(max_user_maps,
		 "How many maps one user may have, without CAP_SYS_RESOURCE");

static ulong max_user_bytes;
module_param(max_user_bytes, ulong, 0644);
MODULE_PARM_DESC(max_user_bytes,
		 "How many bytes all maps of one user may hold, without CAP_SYS_RESOURCE (0: not limited)");

static unsigned int max_user_watchers = 1024;
module_param(max_user_watchers, uint, 0644);
MODULE_PARM_DESC(max_user_watchers,
		 "How many watchers one user may have, without CAP_SYS_RESOURCE");

static unsigned int max_client_leases = 1024;
module_param(max_client_leases, uint, 0644);
MODULE_PARM_DESC(max_client_leases,
		 "How many leases one descriptor may have or wait for");

static unsigned int max_user_leases = 16384;
module_param(max_user_leases, uint, 0644);
MODULE_PARM_DESC(max_user_leases,
		 "How many leases one user may have or wait for, without CAP_SYS_RESOURCE");

struct bytemap_account {
	struct hlist_node	node;
	kuid_t			uid;
	unsigned int		refs;
	unsigned int		maps;
	u64			bytes;		/* limits of these maps */
	atomic_t		leases;
	atomic_t		watchers;
};

static DEFINE_MUTEX(account_lock);
static DEFINE_HASHTABLE(accounts, 8);
static unsigned int maps;

static struct bytemap_account *find_locked(kuid_t uid)
{
	struct bytemap_account *account;

	lockdep_assert_held(&account_lock);
	hash_for_each_possible(accounts, account, node, __kuid_val(uid))
		if (uid_eq(account->uid, uid))
			return account;
	return NULL;
}

static struct bytemap_account *get_locked(kuid_t uid)
{
	struct bytemap_account *account = find_locked(uid);

	if (!account) {
		account = kzalloc(sizeof(*account), BYTEMAP_GFP);
		if (!account)
			return ERR_PTR(-ENOMEM);
		account->uid = uid;
		hash_add(accounts, &account->node, __kuid_val(uid));
	}
	account->refs++;
	return account;
}

struct bytemap_account *bytemap_account_get(kuid_t uid)
{
	struct bytemap_account *account;

	mutex_lock(&account_lock);
	account = get_locked(uid);
	mutex_unlock(&account_lock);
	return account;
}

void bytemap_account_put(struct bytemap_account *account)
{
	mutex_lock(&account_lock);
	if (!--account->refs) {
		hash_del(&account->node);
		kfree(account);
	}
	mutex_unlock(&account_lock);
}

static int check_quota(const struct bytemap_account *account, u64 bytes,
		       struct syncmap_create *params)
{
	unsigned int max = READ_ONCE(max_user_maps);
	u64 most = READ_ONCE(max_user_bytes);

	if (account->maps >= max)
		bytemap_create_limited(params, SYNCMAP_LIMITED_USER_MAPS,
				       account->maps, max);
	else if (most && (account->bytes > most ||
			  bytes > most - account->bytes))
		bytemap_create_limited(params, SYNCMAP_LIMITED_USER_BYTES,
				       account->bytes, most);
	else
		return 0;
	if (!capable(CAP_SYS_RESOURCE))
		return -EDQUOT;
	bytemap_create_limited(params, SYNCMAP_LIMITED_NOT, 0, 0);
	return 0;
}

static int add_map_locked(struct bytemap_account *account, u64 bytes,
			  struct syncmap_create *params)
{
	unsigned int max = READ_ONCE(max_maps);
	int err;

	lockdep_assert_held(&account_lock);
	if (maps >= max) {
		bytemap_create_limited(params, SYNCMAP_LIMITED_MAPS, maps, max);
		return -ENOSPC;
	}
	err = check_quota(account, bytes, params);
	if (err)
		return err;
	account->maps++;
	account->bytes += bytes;
	maps++;
	return 0;
}

/*
 * Counts one more map of this user, which may hold @bytes, if there may be one;
 * else @params tell
 */
int bytemap_account_add_map(struct bytemap_account *account, u64 bytes,
			    struct syncmap_create *params)
{
	int err;

	mutex_lock(&account_lock);
	err = add_map_locked(account, bytes, params);
	mutex_unlock(&account_lock);
	return err;
}

void bytemap_account_remove_map(struct bytemap_account *account, u64 bytes)
{
	mutex_lock(&account_lock);
	account->maps--;
	account->bytes -= bytes;
	maps--;
	mutex_unlock(&account_lock);
}

static bool add_below(atomic_t *count, unsigned int max)
{
	int n = atomic_read(count);

	do {
		if ((unsigned int)n >= max)
			return false;
	} while (!atomic_try_cmpxchg(count, &n, n + 1));
	return true;
}

static int refuse_lease(const struct bytemap_client *client,
			struct syncmap_op *op, u32 which, atomic_t *count,
			unsigned int max)
{
	bytemap_limited(op, which, atomic_read(count), max);
	trace_bytemap_full(client->map, which, op->used, max);
	return -EDQUOT;
}

static int add_user_lease(const struct bytemap_client *client,
			  struct syncmap_op *op)
{
	struct bytemap_account *account = client->account;
	unsigned int max = READ_ONCE(max_user_leases);

	if (add_below(&account->leases, max))
		return 0;
	if (capable(CAP_SYS_RESOURCE)) {
		atomic_inc(&account->leases);
		return 0;
	}
	return refuse_lease(client, op, SYNCMAP_LIMITED_USER_LEASES,
			    &account->leases, max);
}

/* Counts one more lease of this client, if there may be one; else @op tells */
int bytemap_account_add_lease(struct bytemap_client *client,
			      struct syncmap_op *op)
{
	unsigned int max = READ_ONCE(max_client_leases);
	int err;

	if (!add_below(&client->nr_leases, max))
		return refuse_lease(client, op, SYNCMAP_LIMITED_LEASES,
				    &client->nr_leases, max);
	err = add_user_lease(client, op);
	if (err)
		atomic_dec(&client->nr_leases);
	return err;
}

void bytemap_account_remove_lease(struct bytemap_client *client)
{
	atomic_dec(&client->nr_leases);
	atomic_dec(&client->account->leases);
}

/* Counts one more watcher of this user, if there may be one; else @params tell */
int bytemap_account_add_watcher(struct bytemap_account *account,
				struct syncmap_watch *params)
{
	unsigned int max = READ_ONCE(max_user_watchers);

	if (add_below(&account->watchers, max))
		return 0;
	if (capable(CAP_SYS_RESOURCE)) {
		atomic_inc(&account->watchers);
		return 0;
	}
	bytemap_watch_limited(params, SYNCMAP_LIMITED_USER_WATCHERS,
			      atomic_read(&account->watchers), max);
	return -EDQUOT;
}

void bytemap_account_remove_watcher(struct bytemap_account *account)
{
	atomic_dec(&account->watchers);
}

void bytemap_account_info(struct syncmap_info *info)
{
	const struct bytemap_account *account;

	info->max_maps = READ_ONCE(max_maps);
	info->max_user_maps = READ_ONCE(max_user_maps);
	info->max_user_bytes = READ_ONCE(max_user_bytes);
	info->max_user_watchers = READ_ONCE(max_user_watchers);
	mutex_lock(&account_lock);
	info->maps = maps;
	account = find_locked(current_fsuid());
	if (account) {
		info->user_maps = account->maps;
		info->user_bytes = account->bytes;
		info->user_watchers = atomic_read(&account->watchers);
	}
	mutex_unlock(&account_lock);
}
