/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is in one has no rights beyond it. Nobody is mapped into one but the initial
 * one, into which everybody is by his own number.
 */
#ifndef _SHIM_USER_NAMESPACE_H
#define _SHIM_USER_NAMESPACE_H

#include <linux/ns_common.h>
#include <linux/uidgid.h>

#define SHIM_OVERFLOW_ID	65534

struct user_namespace {
	struct user_namespace	*parent;
	int			level;
	kuid_t			owner;
	struct ns_common	ns;
};

extern struct user_namespace init_user_ns;

/* Who has made it sees to its end */
static inline struct user_namespace *get_user_ns(struct user_namespace *ns)
{
	refcount_inc(&ns->ns.count);
	return ns;
}

static inline void put_user_ns(struct user_namespace *ns)
{
	refcount_dec(&ns->ns.count);
}

static inline bool kuid_has_mapping(const struct user_namespace *ns, kuid_t uid)
{
	return ns == &init_user_ns;
}

static inline bool kgid_has_mapping(const struct user_namespace *ns, kgid_t gid)
{
	return ns == &init_user_ns;
}

static inline kgid_t make_kgid(const struct user_namespace *ns, gid_t gid)
{
	return KGIDT_INIT(ns == &init_user_ns ? gid : (kgid_t)-1);
}

static inline uid_t from_kuid_munged(const struct user_namespace *ns, kuid_t uid)
{
	return ns == &init_user_ns ? uid : SHIM_OVERFLOW_ID;
}

static inline gid_t from_kgid_munged(const struct user_namespace *ns, kgid_t gid)
{
	return ns == &init_user_ns ? gid : SHIM_OVERFLOW_ID;
}

#endif
