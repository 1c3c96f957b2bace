/* SPDX-License-Identifier: GPL-2.0-only */
/* There is none: what would be a directory is NULL */
#ifndef _SHIM_DEBUGFS_H
#define _SHIM_DEBUGFS_H

struct dentry;

static inline void debugfs_remove(struct dentry *dentry)
{
}

#endif
