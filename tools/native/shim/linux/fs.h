/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_FS_H
#define _SHIM_FS_H

#include <linux/mm.h>
#include <linux/string.h>

struct address_space_operations {
	int	unused;
};

extern const struct address_space_operations empty_aops;

struct file_operations;
struct inode;

struct address_space {
	struct inode				*host;
	const struct address_space_operations	*a_ops;
	struct list_head			areas;
};

struct inode {
	struct address_space	i_data;
};

struct file {
	struct address_space	*f_mapping;
	struct inode		*f_inode;
	void			*private_data;
};

static inline struct inode *file_inode(const struct file *file)
{
	return file->f_inode;
}

static inline void address_space_init_once(struct address_space *mapping)
{
	memset(mapping, 0, sizeof(*mapping));
	INIT_LIST_HEAD(&mapping->areas);
}

#endif
