// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many maps there are, and how many each user has
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "store.h"

static unsigned int max_maps = 4096;
module_param(max_maps, uint, 0644);
MODULE_PARM_DESC(max_maps, "How many maps may exist");

static unsigned int max_user_maps = 256;
module_param(max_user_maps, uint, 0644);
MODULE_PARM_DESC(max_user_maps,
		 "How many maps one user may have, without CAP_SYS_RESOURCE");

struct bytemap_account {
	struct hlist_node	node;
	kuid_t			uid;
	unsigned int		maps;
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

	if (maps >= READ_ONCE(max_maps))
		return ERR_PTR(-ENOSPC);
	if ((account ? account->maps : 0) >= READ_ONCE(max_user_maps) &&
	    !capable(CAP_SYS_RESOURCE))
		return ERR_PTR(-EDQUOT);
	if (!account) {
		account = kzalloc(sizeof(*account), BYTEMAP_GFP);
		if (!account)
			return ERR_PTR(-ENOMEM);
		account->uid = uid;
		hash_add(accounts, &account->node, __kuid_val(uid));
	}
	account->maps++;
	maps++;
	return account;
}

/* Counts one more map of this user, if there may be one */
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
	maps--;
	if (!--account->maps) {
		hash_del(&account->node);
		kfree(account);
	}
	mutex_unlock(&account_lock);
}

void bytemap_account_info(struct syncmap_info *info)
{
	/* a statistic: may be out of date in any case */
	info->maps = data_race(maps);
	info->max_maps = READ_ONCE(max_maps);
	info->max_user_maps = READ_ONCE(max_user_maps);
}
