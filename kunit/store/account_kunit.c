// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many maps, bytes, leases and watchers there may be
 */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "../../module/store/account.c"
#include "../../module/store/map.h"
#include "common.h"

static void a_user_has_one_account(struct kunit *test)
{
	struct bytemap_account *first = bytemap_account_get(KUIDT_INIT(7));
	struct bytemap_account *second = bytemap_account_get(KUIDT_INIT(7));
	struct bytemap_account *other = bytemap_account_get(KUIDT_INIT(8));

	KUNIT_EXPECT_PTR_EQ(test, first, second);
	KUNIT_EXPECT_PTR_NE(test, first, other);
	bytemap_account_put(first);
	bytemap_account_put(other);
	KUNIT_EXPECT_FALSE(test, RB_EMPTY_ROOT(&all.children));
	bytemap_account_put(second);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&all.children));
}

static int add_map(struct bytemap_account *account, u64 bytes)
{
	struct syncmap_error error;

	return bytemap_account_add_map(account, bytes, &error);
}

static void expect_refused(struct kunit *test, struct bytemap_account *account,
			   u64 bytes, const struct syncmap_error *want)
{
	int err = want->limited == SYNCMAP_LIMITED_MAPS ? -ENOSPC : -EDQUOT;
	struct syncmap_error error = {};

	KUNIT_EXPECT_EQ(test, bytemap_account_add_map(account, bytes, &error),
			err);
	KUNIT_EXPECT_EQ(test, error.limited, want->limited);
	KUNIT_EXPECT_EQ(test, error.used, want->used);
	KUNIT_EXPECT_EQ(test, error.limit, want->limit);
}

static void maps_are_counted(struct kunit *test)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	struct syncmap_info info = {};

	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	bytemap_account_info(&info);
	KUNIT_EXPECT_EQ(test, info.maps, 2U);
	KUNIT_EXPECT_EQ(test, used_by(account, MAPS), 2ULL);
	bytemap_account_remove_map(account, 0);
	bytemap_account_remove_map(account, 0);
	KUNIT_EXPECT_EQ(test, used_by(&all, MAPS), 0ULL);
	bytemap_account_put(account);
}

static void no_more_maps_than_max_maps(struct kunit *test)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	struct bytemap_account *other = bytemap_account_get(KUIDT_INIT(8));
	unsigned int before = max_maps;

	max_maps = 1;
	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	expect_refused(test, other, 0, &(struct syncmap_error){
		.limited = SYNCMAP_LIMITED_MAPS, .used = 1, .limit = 1,
	});
	bytemap_account_remove_map(account, 0);
	bytemap_account_put(account);
	bytemap_account_put(other);
	max_maps = before;
}

static void add_all_but_the_last(struct kunit *test, struct bytemap *map)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));

	while (used_by(account, MAPS) < RESERVE - 1)
		KUNIT_ASSERT_EQ(test, add_map(account, 0), 0);
	expect_refused(test, account, 0, &(struct syncmap_error){
		.limited = SYNCMAP_LIMITED_MAPS, .used = RESERVE - 1,
		.limit = RESERVE - 1,
	});
	/* That has left no trace */
	KUNIT_EXPECT_EQ(test, used_by(account, MAPS), RESERVE - 1ULL);
}

static void the_last_maps_are_for_the_privileged(struct kunit *test)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	unsigned int before = max_maps;

	max_maps = RESERVE;
	store_as_user(test, 7, 7, add_all_but_the_last, NULL);
	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	expect_refused(test, account, 0, &(struct syncmap_error){
		.limited = SYNCMAP_LIMITED_MAPS, .used = RESERVE,
		.limit = RESERVE,
	});
	while (used_by(account, MAPS))
		bytemap_account_remove_map(account, 0);
	bytemap_account_put(account);
	/* In add_all_but_the_last() */
	bytemap_account_put(account);
	max_maps = before;
}

/* Namespaces of users 7 and 107, who is mapped into that of 7 */
static struct user_namespace outer = {
	.parent = &init_user_ns, .level = 1, .owner = KUIDT_INIT(7),
}, inner = {
	.parent = &outer, .level = 2, .owner = KUIDT_INIT(107),
};

/* The account of a user there, who has no capabilities outside */
static struct bytemap_account *get_in(struct kunit *test,
				      struct user_namespace *ns, kuid_t uid)
{
	struct cred *cred = prepare_creds();
	struct user_namespace *before_ns;
	struct bytemap_account *account;
	const struct cred *before;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	before_ns = cred->user_ns;
	cred->user_ns = ns;
	before = override_creds(cred);
	account = bytemap_account_get(uid);
	revert_creds(before);
	cred->user_ns = before_ns;
	put_cred(cred);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, account);
	return account;
}

static void whoever_is_mapped_counts_for_the_owner(struct kunit *test)
{
	struct bytemap_account *account[] = {
		get_in(test, &outer, KUIDT_INIT(100)),
		get_in(test, &outer, KUIDT_INIT(101)),
		get_in(test, &inner, KUIDT_INIT(102)),
		get_in(test, &init_user_ns, KUIDT_INIT(100)),
		get_in(test, &init_user_ns, KUIDT_INIT(7)),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(account); i++)
		KUNIT_EXPECT_EQ(test, add_map(account[i], 10), 0);
	KUNIT_EXPECT_EQ(test, used_by(account[4], MAPS), 4ULL);
	KUNIT_EXPECT_EQ(test, used_by(account[4], BYTES), 40ULL);
	KUNIT_EXPECT_PTR_EQ(test, account[2]->parent->parent, account[4]);
	KUNIT_EXPECT_EQ(test, used_by(account[2]->parent, MAPS), 1ULL);
	KUNIT_EXPECT_EQ(test, used_by(account[0], MAPS), 1ULL);
	KUNIT_EXPECT_PTR_NE(test, account[0], account[3]);
	for (i = 0; i < ARRAY_SIZE(account); i++) {
		bytemap_account_remove_map(account[i], 10);
		bytemap_account_put(account[i]);
	}
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&all.children));
	KUNIT_EXPECT_EQ(test, used_by(&all, MAPS), 0ULL);
}

/* Two of root's */
static struct user_namespace of_root = {
	.parent = &init_user_ns, .level = 1, .owner = KUIDT_INIT(0), .ns.inum = 1,
}, other_of_root = {
	.parent = &init_user_ns, .level = 1, .owner = KUIDT_INIT(0), .ns.inum = 2,
};

static void whoever_is_mapped_has_the_workers_of_the_owner(struct kunit *test)
{
	struct bytemap_account *account[] = {
		get_in(test, &outer, KUIDT_INIT(100)),
		get_in(test, &outer, KUIDT_INIT(101)),
		get_in(test, &inner, KUIDT_INIT(102)),
		get_in(test, &init_user_ns, KUIDT_INIT(7)),
		get_in(test, &of_root, KUIDT_INIT(100)),
		get_in(test, &of_root, KUIDT_INIT(101)),
		get_in(test, &init_user_ns, KUIDT_INIT(100)),
		get_in(test, &init_user_ns, GLOBAL_ROOT_UID),
		get_in(test, &other_of_root, KUIDT_INIT(100)),
	};
	const int owner[] = { 7, 7, 7, 7, 1, 1, 100, 0, 2 };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(account); i++)
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_EQ(test, owner[i] == owner[j],
					bytemap_account_is_same_user(account[i],
								     account[j]));
	KUNIT_EXPECT_PTR_NE(test, account[4]->parent, &all);
	KUNIT_EXPECT_PTR_EQ(test, account[7]->parent, &all);
	for (i = 0; i < ARRAY_SIZE(account); i++)
		bytemap_account_put(account[i]);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&all.children));
}

static void an_owner_within_counts_once(struct kunit *test)
{
	struct bytemap_account *own = get_in(test, &init_user_ns, KUIDT_INIT(7));
	struct bytemap_account *within = get_in(test, &outer, KUIDT_INIT(7));

	KUNIT_EXPECT_PTR_EQ(test, own, within);
	bytemap_account_put(within);
	bytemap_account_put(own);
}

static void add_as_mapped(struct kunit *test, struct bytemap *map)
{
	struct bytemap_account *first = get_in(test, &outer, KUIDT_INIT(100));
	struct bytemap_account *other = get_in(test, &outer, KUIDT_INIT(101));
	struct syncmap_error error = {};

	KUNIT_EXPECT_EQ(test, add_map(first, 0), 0);
	expect_refused(test, other, 0, &(struct syncmap_error){
		.limited = SYNCMAP_LIMITED_USER_MAPS, .used = 1, .limit = 1,
	});
	bytemap_account_remove_map(first, 0);
	KUNIT_EXPECT_EQ(test, bytemap_account_add_watcher(other, 0, &error), 0);
	KUNIT_EXPECT_EQ(test, bytemap_account_add_watcher(first, 0, &error),
			-EDQUOT);
	bytemap_account_remove_watcher(other, 0);
	KUNIT_EXPECT_EQ(test, used_by(first, WATCHERS), 0ULL);
	bytemap_account_put(first);
	bytemap_account_put(other);
}

static void the_owner_of_a_namespace_is_one_user(struct kunit *test)
{
	unsigned int maps = max_user_maps, watchers = max_user_watchers;

	max_user_maps = 1;
	max_user_watchers = 1;
	store_as_user(test, 7, 7, add_as_mapped, NULL);
	max_user_maps = maps;
	max_user_watchers = watchers;
}

static void add_two(struct kunit *test, struct bytemap *map)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));

	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	expect_refused(test, account, 0, &(struct syncmap_error){
		.limited = SYNCMAP_LIMITED_USER_MAPS, .used = 1, .limit = 1,
	});
	bytemap_account_remove_map(account, 0);
	bytemap_account_put(account);
}

static void no_more_maps_of_a_user_than_max_user_maps(struct kunit *test)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	unsigned int before = max_user_maps;

	max_user_maps = 1;
	store_as_user(test, 7, 7, add_two, NULL);
	/* with CAP_SYS_RESOURCE there may be */
	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	KUNIT_EXPECT_EQ(test, add_map(account, 0), 0);
	/* but not for work, which has that whoever it is done for */
	current->flags |= PF_WQ_WORKER;
	KUNIT_EXPECT_EQ(test, add_map(account, 0), -EDQUOT);
	current->flags &= ~PF_WQ_WORKER;
	bytemap_account_remove_map(account, 0);
	bytemap_account_remove_map(account, 0);
	bytemap_account_put(account);
	max_user_maps = before;
}

static int end_soon(void *map)
{
	struct bytemap *gone = map;

	msleep(50);
	clear_bit(0, &gone->doom.busy);
	return 0;
}

static struct bytemap *create(void)
{
	struct syncmap_create params = { .key_type = SYNCMAP_KEY_U64 };

	struct syncmap_error error = { };

	return bytemap_create(&params, &error);
}

/* The first one has gone, but is not free yet; then it is */
static void create_again(struct kunit *test, struct bytemap *unused)
{
	struct bytemap *map = create();
	struct task_struct *task;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(create()), -EDQUOT);
	set_bit(0, &map->doom.busy);
	bytemap_put(map);
	store_kill();
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(create()), -EINTR);
	store_revive();
	task = kthread_run(end_soon, map, "account_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	map = create();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	bytemap_put(map);
}

static void who_creates_waits_for_maps_that_end(struct kunit *test)
{
	unsigned int before = max_user_maps;

	max_user_maps = 1;
	store_as_user(test, 7, 7, create_again, NULL);
	max_user_maps = before;
}

/* Then another one need not come, and whoever waits is to try again */
static void the_last_end_may_have_been_seen_before(struct kunit *test)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	unsigned int ended = bytemap_account_ended(account);

	KUNIT_ASSERT_NOT_NULL(test, account);
	atomic_inc(&account->ending);
	KUNIT_EXPECT_FALSE(test, may_have_room(account, ended));
	KUNIT_EXPECT_TRUE(test, may_have_room(account, ended - 1));
	atomic_dec(&account->ending);
	KUNIT_EXPECT_TRUE(test, may_have_room(account, ended));
	KUNIT_EXPECT_EQ(test, bytemap_account_wait(account, ended, -EDQUOT),
			-EDQUOT);
	bytemap_account_put(account);
}

static int add_lease(struct bytemap_client *client,
		     struct syncmap_error *error)
{
	return bytemap_account_add_lease(client->account, &client->nr_leases,
					 error);
}

static void remove_lease(struct bytemap_client *client)
{
	bytemap_account_remove_lease(client->account, &client->nr_leases);
}

static void expect_short(struct kunit *test,
			 const struct syncmap_error *error, u32 which,
			 u64 used)
{
	KUNIT_EXPECT_EQ(test, error->limited, which);
	KUNIT_EXPECT_EQ(test, error->used, used);
	KUNIT_EXPECT_EQ(test, error->limit, used);
}

static void no_more_leases_of_a_descriptor(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	unsigned int before = max_client_leases;
	struct syncmap_error error;

	max_client_leases = 1;
	KUNIT_EXPECT_EQ(test, add_lease(client, &error), 0);
	KUNIT_EXPECT_EQ(test, add_lease(client, &error), -EDQUOT);
	expect_short(test, &error, SYNCMAP_LIMITED_LEASES, 1);
	remove_lease(client);
	KUNIT_EXPECT_EQ(test, add_lease(client, &error), 0);
	remove_lease(client);
	store_client_end(client);
	max_client_leases = before;
}

static void lease_two(struct kunit *test, struct bytemap *map)
{
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct syncmap_error error;

	KUNIT_EXPECT_EQ(test, add_lease(client, &error), 0);
	KUNIT_EXPECT_EQ(test, add_lease(other, &error), -EDQUOT);
	expect_short(test, &error, SYNCMAP_LIMITED_USER_LEASES, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->nr_leases), 0);
	remove_lease(client);
	KUNIT_EXPECT_EQ(test, add_lease(other, &error), 0);
	remove_lease(other);
	store_client_end(client);
	store_client_end(other);
}

static void no_more_leases_of_a_user(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	unsigned int before = max_user_leases;
	struct syncmap_error error;

	max_user_leases = 1;
	store_as_user(test, 7, 7, lease_two, map);
	/* with CAP_SYS_RESOURCE there may be */
	KUNIT_EXPECT_EQ(test, add_lease(client, &error), 0);
	KUNIT_EXPECT_EQ(test, add_lease(client, &error), 0);
	remove_lease(client);
	remove_lease(client);
	store_client_end(client);
	max_user_leases = before;
}

static void bytes_of_maps_have_a_sum(struct kunit *test, struct bytemap *map)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	struct syncmap_error want = {
		.limited = SYNCMAP_LIMITED_USER_BYTES,
		.used = max_user_bytes - 1, .limit = max_user_bytes,
	};

	KUNIT_EXPECT_EQ(test, add_map(account, want.used), 0);
	expect_refused(test, account, 2, &want);
	expect_refused(test, account, U64_MAX, &want);
	KUNIT_EXPECT_EQ(test, add_map(account, 1), 0);
	want.used++;
	KUNIT_EXPECT_EQ(test, used_by(account, BYTES), want.used);
	max_user_bytes /= 2;
	want.limit /= 2;
	expect_refused(test, account, 1, &want);
	bytemap_account_remove_map(account, want.used - 1);
	KUNIT_EXPECT_EQ(test, add_map(account, 1), 0);
	bytemap_account_remove_map(account, 1);
	bytemap_account_remove_map(account, 1);
	KUNIT_EXPECT_EQ(test, used_by(account, BYTES), 0ULL);
	bytemap_account_put(account);
}

static void no_more_bytes_than_max_user_bytes(struct kunit *test)
{
	unsigned long before = max_user_bytes;

	max_user_bytes = 1000;
	store_as_user(test, 7, 7, bytes_of_maps_have_a_sum, NULL);
	max_user_bytes = before;
}

static void add_two_watchers(struct kunit *test, struct bytemap *map)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));
	struct syncmap_error error = {};

	KUNIT_EXPECT_EQ(test, bytemap_account_add_watcher(account, 0, &error), 0);
	KUNIT_EXPECT_EQ(test, error.limited, SYNCMAP_LIMITED_NOT);
	KUNIT_EXPECT_EQ(test, bytemap_account_add_watcher(account, 0, &error),
			-EDQUOT);
	KUNIT_EXPECT_EQ(test, error.limited,
			SYNCMAP_LIMITED_USER_WATCHERS);
	KUNIT_EXPECT_EQ(test, error.used, 1ULL);
	KUNIT_EXPECT_EQ(test, error.limit, 1ULL);
	bytemap_account_remove_watcher(account, 0);
	KUNIT_EXPECT_EQ(test, bytemap_account_add_watcher(account, 0, &error), 0);
	bytemap_account_remove_watcher(account, 0);
	bytemap_account_put(account);
}

static void no_more_watchers_than_max_user_watchers(struct kunit *test)
{
	unsigned int before = max_user_watchers;

	max_user_watchers = 1;
	store_as_user(test, 7, 7, add_two_watchers, NULL);
	max_user_watchers = before;
}

static struct kunit_case account_cases[] = {
	KUNIT_CASE(a_user_has_one_account),
	KUNIT_CASE(maps_are_counted),
	KUNIT_CASE(no_more_maps_than_max_maps),
	KUNIT_CASE(the_last_maps_are_for_the_privileged),
	KUNIT_CASE(whoever_is_mapped_counts_for_the_owner),
	KUNIT_CASE(whoever_is_mapped_has_the_workers_of_the_owner),
	KUNIT_CASE(an_owner_within_counts_once),
	KUNIT_CASE(the_owner_of_a_namespace_is_one_user),
	KUNIT_CASE(no_more_maps_of_a_user_than_max_user_maps),
	KUNIT_CASE(who_creates_waits_for_maps_that_end),
	KUNIT_CASE(the_last_end_may_have_been_seen_before),
	KUNIT_CASE(no_more_bytes_than_max_user_bytes),
	KUNIT_CASE(no_more_watchers_than_max_user_watchers),
	KUNIT_CASE(no_more_leases_of_a_descriptor),
	KUNIT_CASE(no_more_leases_of_a_user),
	{}
};

static struct kunit_suite account_suite = {
	.name = "bytemap_account",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = account_cases,
};

kunit_test_suite(account_suite);
