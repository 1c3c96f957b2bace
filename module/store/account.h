/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What users have, in all and each, and what they may have
 */
#ifndef _SYNCMAP_STORE_ACCOUNT_H
#define _SYNCMAP_STORE_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct bytemap_account;
struct bytemap_share;
struct syncmap_error;
struct syncmap_info;

u64 bytemap_account_user(kuid_t uid);
struct bytemap_account *bytemap_account_get(kuid_t uid);
void bytemap_account_put(struct bytemap_account *account);
int bytemap_account_add_bytes(struct bytemap_account *account, u64 bytes,
			      struct syncmap_error *error);
void bytemap_account_sub_bytes(struct bytemap_account *account, u64 bytes);
struct bytemap_share *bytemap_account_share(struct bytemap_account *account);
bool bytemap_account_is_same_user(const struct bytemap_account *account,
				  const struct bytemap_account *other);
int bytemap_account_add_map(struct bytemap_account *account, u64 bytes,
			    struct syncmap_error *error);
void bytemap_account_uncount_map(struct bytemap_account *account);
void bytemap_account_end_map(struct bytemap_account *account);
void bytemap_account_map_ended(struct bytemap_account *account, u64 bytes);
unsigned int bytemap_account_ended(struct bytemap_account *account);
int bytemap_account_wait(struct bytemap_account *account, unsigned int ended,
			 int err);
void bytemap_account_remove_map(struct bytemap_account *account, u64 bytes);
int bytemap_account_add_watcher(struct bytemap_account *account, u64 bytes,
				struct syncmap_error *error);
void bytemap_account_remove_watcher(struct bytemap_account *account, u64 bytes);
int bytemap_account_add_lease(struct bytemap_account *account, atomic_t *client,
			      struct syncmap_error *error);
void bytemap_account_remove_lease(struct bytemap_account *account,
				  atomic_t *client);
void bytemap_account_info(struct syncmap_info *info);

#endif /* _SYNCMAP_STORE_ACCOUNT_H */
