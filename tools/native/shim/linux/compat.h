/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_COMPAT_H
#define _SHIM_COMPAT_H

#define in_compat_syscall()	false

#endif
