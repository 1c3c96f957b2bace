/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread is root's, in the initial namespace, unless it says otherwise */
#ifndef _SHIM_CRED_H
#define _SHIM_CRED_H

#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/uidgid.h>

struct user_namespace;

struct cred {
	kuid_t			euid;
	kuid_t			fsuid;
	kgid_t			fsgid;
	kernel_cap_t		cap_effective;
	struct user_namespace	*user_ns;
};

/* Those of the calling thread: who else has them has copied them */
const struct cred *current_cred(void);
struct cred *prepare_creds(void);
const struct cred *override_creds(const struct cred *cred);
void revert_creds(const struct cred *before);
void put_cred(const struct cred *cred);

#define current_fsuid()		(current_cred()->fsuid)
#define current_fsgid()		(current_cred()->fsgid)
#define current_user_ns()	(current_cred()->user_ns)

static inline bool in_group_p(kgid_t gid)
{
	return gid_eq(current_fsgid(), gid);
}

#endif
