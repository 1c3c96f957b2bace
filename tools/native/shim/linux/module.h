/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_MODULE_H
#define _SHIM_MODULE_H

#include <linux/atomic.h>
#include <linux/kernel.h>

struct module {
	atomic_t	refs;
};

extern struct module shim_this_module;

#define THIS_MODULE		(&shim_this_module)
#define __module_get(module)	atomic_inc(&(module)->refs)
#define module_put(module)	atomic_dec(&(module)->refs)
#define module_refcount(module)	atomic_read(&(module)->refs)

#endif
