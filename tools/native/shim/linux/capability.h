/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_CAPABILITY_H
#define _SHIM_CAPABILITY_H

#include_next <linux/capability.h>
#include <linux/bitops.h>

struct user_namespace;

typedef u64 kernel_cap_t;

#define cap_clear(set)		((void)((set) = 0))

bool ns_capable(const struct user_namespace *ns, int cap);
/* There is no audit log */
#define ns_capable_noaudit	ns_capable

#endif
