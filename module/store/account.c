// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is of maps, leases and watchers, in all and of each user
 *
 * Bytes are those that are taken from the machine (memory.c), by maps, by what
 * is in them, whoever has stored it, and by watchers. An account is there as long
 * as its user has a map, a watcher or an open descriptor.
 *
 * Accounts are a tree, for whoever owns a user namespace has all the users that
 * are mapped into it. What a user takes counts in the user's account, in that of
 * the owner of the user's namespace, of the owner of the one above, and so on,
 * and in the account of all. There has to be room in each. The last part of what
 * all may have is for those who may exceed the limits of a user.
 */
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <linux/wait_bit.h>
#include <uapi/linux/syncmap.h>

#include "account.h"
#include "error.h"
#include "gfp.h"
#include "job.h"

static unsigned int max_maps = 4096;
module_param(max_maps, uint, 0644);
MODULE_PARM_DESC(max_maps, "How many maps may exist");

static unsigned int max_user_maps = 256;
module_param(max_user_maps, uint, 0644);
MODULE_PARM_DESC(max_user_maps,
		 "How many maps one user may have, without CAP_SYS_RESOURCE");

static ulong max_all_bytes;
module_param(max_all_bytes, ulong, 0644);
MODULE_PARM_DESC(max_all_bytes,
		 "How many bytes all maps and watchers may take (0: half of the memory)");

static ulong max_user_bytes;
module_param(max_user_bytes, ulong, 0644);
MODULE_PARM_DESC(max_user_bytes,
		 "How many bytes maps and watchers of one user may take, without CAP_SYS_RESOURCE (0: a quarter of the memory)");

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

/* An eighth of what all may have is for those with CAP_SYS_RESOURCE */
#define RESERVE		8

/* User namespaces nest less deep than this */
#define DEPTH		40

/* An owner that is not a user: with it comes the number of a namespace of root's */
#define OF_ROOT		BIT_ULL(32)

enum kind {
	MAPS,
	BYTES,
	WATCHERS,
	LEASES,
	KINDS,
};

struct bytemap_account {
	struct rb_node		node;
	struct rb_root		children;	/* by owner: however many they are */
	struct bytemap_account	*parent;
	u64			owner;		/* a uid, or OF_ROOT */
	unsigned int		refs;		/* children included */
	atomic64_t		used[KINDS];
	atomic_t		ending;		/* of the maps */
	atomic_t		ended;
	struct bytemap_share	*share;
};

static DEFINE_SPINLOCK(account_lock);

/* Maps that count though nobody has them any more */
static DEFINE_SPINLOCK(ending_lock);
static unsigned int ending;
static struct bytemap_account all;

static struct bytemap_account *account_of(const struct rb_node *node)
{
	return rb_entry(node, struct bytemap_account, node);
}

static int compare_owner(const void *owner, const struct rb_node *node)
{
	u64 a = *(const u64 *)owner;
	u64 b = account_of(node)->owner;

	return a < b ? -1 : a > b;
}

static int compare_accounts(struct rb_node *node, const struct rb_node *other)
{
	return compare_owner(&account_of(node)->owner, other);
}

/* Whoever owns a user namespace is one user, and has one share of workers */
static struct bytemap_account *alloc_account(const struct bytemap_account *parent)
{
	struct bytemap_account *account = kzalloc(sizeof(*account),
						  BYTEMAP_GFP);

	if (!account)
		return NULL;
	account->share = parent == &all ? bytemap_job_share_alloc() :
					  bytemap_job_share_get(parent->share);
	if (!account->share) {
		kfree(account);
		return NULL;
	}
	return account;
}

static void free_account(struct bytemap_account *account)
{
	bytemap_job_share_put(account->share);
	kfree(account);
}

/* With a reference. @fresh, if it is not NULL, is for when there is none */
static struct bytemap_account *get_account(struct bytemap_account *parent, u64 owner,
					   struct bytemap_account *fresh)
{
	struct bytemap_account *account = NULL;
	struct rb_node *node;

	spin_lock(&account_lock);
	node = rb_find(&owner, &parent->children, compare_owner);
	if (node) {
		account = account_of(node);
	} else if (fresh) {
		account = fresh;
		account->parent = parent;
		account->owner = owner;
		parent->refs++;
		rb_find_add(&account->node, &parent->children, compare_accounts);
	}
	if (account)
		account->refs++;
	spin_unlock(&account_lock);
	return account;
}

static struct bytemap_account *get_below(struct bytemap_account *parent,
					 u64 owner)
{
	struct bytemap_account *account = get_account(parent, owner, NULL);
	struct bytemap_account *fresh;

	if (account)
		return account;
	fresh = alloc_account(parent);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	account = get_account(parent, owner, fresh);
	if (account != fresh)
		free_account(fresh);
	return account;
}

/*
 * Those of root are for users that have nothing to do with each other, nor with
 * root, whom no limit binds: each is an owner by itself
 */
static u64 owner_of_namespace(const struct user_namespace *ns)
{
	return uid_eq(ns->owner, GLOBAL_ROOT_UID) ? OF_ROOT | ns->ns.inum :
						    __kuid_val(ns->owner);
}

/* The caller's user, then the owners of the user's namespaces, outermost last */
static unsigned int list_owners(kuid_t uid, u64 *owners)
{
	const struct user_namespace *ns = current_user_ns();
	unsigned int n = 0;

	owners[n++] = __kuid_val(uid);
	for (; ns != &init_user_ns && n < DEPTH; ns = ns->parent)
		owners[n++] = owner_of_namespace(ns);
	return n;
}

/*
 * Return: a number by which to know the caller, who goes by the name of @uid, as one
 * user, whatever namespaces that user has made
 */
u64 bytemap_account_user(kuid_t uid)
{
	u64 owners[DEPTH];

	return owners[list_owners(uid, owners) - 1];
}

/*
 * Process context, may sleep.
 *
 * Return: the account of the caller, who goes by the name of @uid, with a
 * reference; or ERR_PTR(-ENOMEM).
 */
struct bytemap_account *bytemap_account_get(kuid_t uid)
{
	struct bytemap_account *parent = &all, *account;
	u64 owners[DEPTH];
	unsigned int n = list_owners(uid, owners);

	while (n--) {
		if (parent != &all && owners[n] == parent->owner)
			continue;
		account = get_below(parent, owners[n]);
		/* It has one of its own on the parent, or there is none */
		bytemap_account_put(parent);
		if (IS_ERR(account))
			return account;
		parent = account;
	}
	return parent;
}

static bool put_locked(struct bytemap_account *account)
{
	lockdep_assert_held(&account_lock);
	if (account == &all || --account->refs)
		return false;
	rb_erase(&account->node, &account->parent->children);
	return true;
}

/* Process context, may sleep: with the last reference its workers go */
void bytemap_account_put(struct bytemap_account *account)
{
	struct bytemap_account *parent;
	bool last;

	do {
		parent = account->parent;
		spin_lock(&account_lock);
		last = put_locked(account);
		spin_unlock(&account_lock);
		if (last)
			free_account(account);
		account = parent;
	} while (last);
}

/*
 * Return: what the jobs of this user run in; it is there as long as the account
 */
struct bytemap_share *bytemap_account_share(struct bytemap_account *account)
{
	return account->share;
}

/*
 * Return: whether both are of one user, or of users of one owner of a namespace
 */
bool bytemap_account_is_same_user(const struct bytemap_account *account,
				  const struct bytemap_account *other)
{
	return account->share == other->share;
}

static u64 share_of_memory(unsigned int share)
{
	return ((u64)totalram_pages() << PAGE_SHIFT) / share;
}

static u64 limit_of_user(enum kind kind)
{
	switch (kind) {
	case MAPS:
		return READ_ONCE(max_user_maps);
	case BYTES:
		return READ_ONCE(max_user_bytes) ?: share_of_memory(4);
	case WATCHERS:
		return READ_ONCE(max_user_watchers);
	default:
		return READ_ONCE(max_user_leases);
	}
}

static u64 limit_of_all(enum kind kind)
{
	if (kind == MAPS)
		return READ_ONCE(max_maps);
	return READ_ONCE(max_all_bytes) ?: share_of_memory(2);
}

static u64 limit_of(const struct bytemap_account *account,
		    enum kind kind, bool privileged)
{
	u64 limit;

	if (account != &all)
		return privileged ? U64_MAX : limit_of_user(kind);
	limit = limit_of_all(kind);
	return privileged ? limit : limit - limit / RESERVE;
}

static void tell_shortage(struct syncmap_error *error,
			  const struct bytemap_account *account, enum kind kind,
			  bool privileged)
{
	static const u32 of_user[KINDS] = {
		[MAPS] = SYNCMAP_LIMITED_USER_MAPS,
		[BYTES] = SYNCMAP_LIMITED_USER_BYTES,
		[WATCHERS] = SYNCMAP_LIMITED_USER_WATCHERS,
		[LEASES] = SYNCMAP_LIMITED_USER_LEASES,
	};
	static const u32 of_all[KINDS] = {
		[MAPS] = SYNCMAP_LIMITED_MAPS,
		[BYTES] = SYNCMAP_LIMITED_ALL_BYTES,
	};

	bytemap_error_limit(error, account == &all ? of_all[kind] : of_user[kind],
			    atomic64_read(&account->used[kind]),
			    limit_of(account, kind, privileged));
}

static bool add_below(atomic64_t *used, u64 n, u64 limit)
{
	s64 now = atomic64_read(used);

	do {
		if ((u64)now > limit || n > limit - now)
			return false;
	} while (!atomic64_try_cmpxchg(used, &now, now + n));
	return true;
}

static void sub_up_to(struct bytemap_account *account,
		      const struct bytemap_account *end, enum kind kind,
		      u64 n)
{
	for (; account != end; account = account->parent)
		atomic64_sub(n, &account->used[kind]);
}

/* What is not limited in all is not counted there, by all CPUs on one line */
static struct bytemap_account *end_of(enum kind kind)
{
	return kind == WATCHERS || kind == LEASES ? &all : NULL;
}

static int try_add(struct bytemap_account *account, enum kind kind,
		   u64 n, bool privileged, struct syncmap_error *error)
{
	struct bytemap_account *end = end_of(kind);
	struct bytemap_account *at;

	for (at = account; at != end; at = at->parent) {
		if (add_below(&at->used[kind], n,
			      limit_of(at, kind, privileged)))
			continue;
		tell_shortage(error, at, kind, privileged);
		sub_up_to(account, at, kind, n);
		return at == &all ? -ENOSPC : -EDQUOT;
	}
	return 0;
}

/* Counts @n more if there may be so many; else @error tells */
static int add_used(struct bytemap_account *account, enum kind kind, u64 n,
		    struct syncmap_error *error)
{
	int err = try_add(account, kind, n, false, error);

	/* Work has the credentials of root, whoever it is done for */
	if (!err || current->flags & PF_WQ_WORKER)
		return err;
	/* Under locks, too, where nothing can be written into an audit log */
	if (!ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		return err;
	err = try_add(account, kind, n, true, error);
	if (!err)
		bytemap_error_limit(error, SYNCMAP_LIMITED_NOT, 0, 0);
	return err;
}

static void sub_used(struct bytemap_account *account, enum kind kind, u64 n)
{
	sub_up_to(account, end_of(kind), kind, n);
}

/*
 * Counts @bytes more if there may be so many; else @error tells. From any
 * context.
 *
 * Return: 0, -EDQUOT, or -ENOSPC: too many of all.
 */
int bytemap_account_add_bytes(struct bytemap_account *account, u64 bytes,
			      struct syncmap_error *error)
{
	return add_used(account, BYTES, bytes, error);
}

/* From any context */
void bytemap_account_sub_bytes(struct bytemap_account *account, u64 bytes)
{
	sub_used(account, BYTES, bytes);
}

/*
 * Counts one more of @kind, which takes @bytes to begin with, if there may be
 * one; else @error tells
 */
static int add_with_bytes(struct bytemap_account *account, enum kind kind,
			  u64 bytes, struct syncmap_error *error)
{
	int err;

	err = add_used(account, kind, 1, error);
	if (err)
		return err;
	err = add_used(account, BYTES, bytes, error);
	if (err)
		sub_used(account, kind, 1);
	return err;
}

/* One more map of this user. Return: 0, -EDQUOT, or -ENOSPC: too many of all */
int bytemap_account_add_map(struct bytemap_account *account, u64 bytes,
			    struct syncmap_error *error)
{
	return add_with_bytes(account, MAPS, bytes, error);
}

/* Whoever owns the outermost of the user's namespaces but the initial one */
static struct bytemap_account *owner_of(struct bytemap_account *account)
{
	while (account->parent && account->parent != &all)
		account = account->parent;
	return account;
}

/*
 * Nobody has the map any more, though it counts until it is removed, which is
 * soon. From any context.
 */
void bytemap_account_end_map(struct bytemap_account *account)
{
	unsigned long flags;

	spin_lock_irqsave(&ending_lock, flags);
	ending++;
	spin_unlock_irqrestore(&ending_lock, flags);
	atomic_inc(&owner_of(account)->ending);
}

/* The map has never been shown to anybody. From any context */
void bytemap_account_remove_map(struct bytemap_account *account, u64 bytes)
{
	sub_used(account, BYTES, bytes);
	sub_used(account, MAPS, 1);
}

/* From now on the map counts by its bytes only. From any context */
void bytemap_account_uncount_map(struct bytemap_account *account)
{
	sub_used(account, MAPS, 1);
}

/* In this order: pairs with bytemap_account_wait() */
static void count_ended(struct bytemap_account *account)
{
	atomic_inc_return(&account->ended);
	atomic_dec_return(&account->ending);
	wake_up_var(&account->ended);
}

/* The same for one that has ended */
void bytemap_account_map_ended(struct bytemap_account *account, u64 bytes)
{
	unsigned long flags;

	spin_lock_irqsave(&ending_lock, flags);
	bytemap_account_remove_map(account, bytes);
	ending--;
	spin_unlock_irqrestore(&ending_lock, flags);
	count_ended(owner_of(account));
}

/* Those that somebody has */
static u64 count_maps(void)
{
	unsigned long flags;
	u64 maps;

	spin_lock_irqsave(&ending_lock, flags);
	maps = atomic64_read(&all.used[MAPS]) - ending;
	spin_unlock_irqrestore(&ending_lock, flags);
	return maps;
}

/*
 * Return: how many maps have ended, for bytemap_account_wait(): asked before one is
 * added
 */
unsigned int bytemap_account_ended(struct bytemap_account *account)
{
	return atomic_read_acquire(&owner_of(account)->ended);
}

/* One that had ended before it was asked may be the only one that still counts */
static bool may_have_room(struct bytemap_account *account, unsigned int ended)
{
	return !atomic_read_acquire(&account->ending) ||
	       bytemap_account_ended(account) != ended;
}

/*
 * A map could not be added, because of @err. If another one of this user, or of
 * users that are the same owner's, is about to make room, wait for that: who
 * creates, fills and closes map after map does not get ahead of those who free
 * them.
 *
 * Return: -EAGAIN to try again; -EINTR: killed; or @err.
 */
int bytemap_account_wait(struct bytemap_account *account, unsigned int ended,
			 int err)
{
	bool some;

	account = owner_of(account);
	some = atomic_read_acquire(&account->ending);
	if (bytemap_account_ended(account) != ended)
		return -EAGAIN;
	if (!some)
		return err;
	return wait_var_event_killable(&account->ended,
				       may_have_room(account, ended)) ?
		-EINTR : -EAGAIN;
}

static bool add_client_lease(atomic_t *client, unsigned int max)
{
	int n = atomic_read(client);

	do {
		if ((unsigned int)n >= max)
			return false;
	} while (!atomic_try_cmpxchg(client, &n, n + 1));
	return true;
}

/*
 * Counts one more lease of a user, and of the descriptor that has *@client, if
 * there may be one; else @error tells.
 *
 * Return: 0 or -EDQUOT.
 */
int bytemap_account_add_lease(struct bytemap_account *account, atomic_t *client,
			      struct syncmap_error *error)
{
	unsigned int max = READ_ONCE(max_client_leases);
	int err;

	if (!add_client_lease(client, max)) {
		bytemap_error_limit(error, SYNCMAP_LIMITED_LEASES,
				    atomic_read(client), max);
		return -EDQUOT;
	}
	err = add_used(account, LEASES, 1, error);
	if (err)
		atomic_dec(client);
	return err;
}

/* From any context */
void bytemap_account_remove_lease(struct bytemap_account *account,
				  atomic_t *client)
{
	atomic_dec(client);
	sub_used(account, LEASES, 1);
}

/* One more watcher of this user. Return: 0, -EDQUOT, or -ENOSPC: no bytes */
int bytemap_account_add_watcher(struct bytemap_account *account, u64 bytes,
				struct syncmap_error *error)
{
	return add_with_bytes(account, WATCHERS, bytes, error);
}

/* From any context */
void bytemap_account_remove_watcher(struct bytemap_account *account, u64 bytes)
{
	sub_used(account, BYTES, bytes);
	sub_used(account, WATCHERS, 1);
}

static u64 used_by(const struct bytemap_account *account, enum kind kind)
{
	return atomic64_read(&account->used[kind]);
}

/* Fills in the limits, and what there is of all and of the caller. May sleep */
void bytemap_account_info(struct syncmap_info *info)
{
	struct bytemap_account *account = bytemap_account_get(current_fsuid());

	info->max_maps = READ_ONCE(max_maps);
	info->max_user_maps = READ_ONCE(max_user_maps);
	info->max_user_bytes = limit_of_user(BYTES);
	info->max_user_watchers = READ_ONCE(max_user_watchers);
	info->max_user_leases = READ_ONCE(max_user_leases);
	info->max_client_leases = READ_ONCE(max_client_leases);
	info->max_all_bytes = limit_of_all(BYTES);
	info->maps = count_maps();
	info->all_bytes = used_by(&all, BYTES);
	if (IS_ERR(account))
		return;
	info->user_maps = used_by(account, MAPS);
	info->user_bytes = used_by(account, BYTES);
	info->user_watchers = used_by(account, WATCHERS);
	info->user_leases = used_by(account, LEASES);
	bytemap_account_put(account);
}
