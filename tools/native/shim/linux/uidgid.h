/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_UIDGID_H
#define _SHIM_UIDGID_H

#include <linux/types.h>

typedef uid_t kuid_t;
typedef gid_t kgid_t;

#define KUIDT_INIT(value)	(value)
#define KGIDT_INIT(value)	(value)
#define GLOBAL_ROOT_UID		KUIDT_INIT(0)

#define __kuid_val(uid)		(uid)
#define uid_eq(a, b)		((a) == (b))
#define gid_eq(a, b)		((a) == (b))
#define gid_valid(gid)		((gid) != (kgid_t)-1)

#endif
