/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What names are unique in: scope.c
 */
#ifndef _SYNCMAP_STORE_SCOPE_H
#define _SYNCMAP_STORE_SCOPE_H

#include <linux/types.h>

struct bytemap_scope;
struct user_namespace;

u64 bytemap_scope_number(const struct user_namespace *ns);
struct bytemap_scope *bytemap_scope_get(struct user_namespace *ns);
struct bytemap_scope *bytemap_scope_hold(struct bytemap_scope *scope);
void bytemap_scope_put(struct bytemap_scope *scope);
u64 bytemap_scope_find(const struct user_namespace *ns, u64 number);
bool bytemap_scope_is_shown(const struct bytemap_scope *scope,
			    const struct user_namespace *ns);
bool bytemap_scope_is_of(const struct bytemap_scope *scope,
			 const struct user_namespace *ns, u64 number,
			 bool below);
u64 bytemap_scope_number_of(const struct bytemap_scope *scope);
bool bytemap_scope_is_capable(const struct bytemap_scope *scope, int cap);
bool bytemap_scope_may_end(const struct bytemap_scope *scope);
bool bytemap_scope_has_ended(const struct bytemap_scope *scope);

#endif /* _SYNCMAP_STORE_SCOPE_H */
