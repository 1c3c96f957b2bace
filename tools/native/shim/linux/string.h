/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_STRING_H
#define _SHIM_STRING_H

#include <string.h>
#include <linux/kernel.h>

#define strscpy(to, from, size)	snprintf(to, size, "%s", from)

#endif
