// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a map's descriptor, from which processes load
 *
 * Pages are shown as they are asked for. Where there is none, one of zeroes is,
 * which says "ask": a reader makes the kernel allocate nothing but tables of pages.
 * Who changes what there is waits for no fault, and is waited for by none: what he
 * does instead is in ../store/mapping.c.
 */
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "../store/account.h"
#include "../store/bytemap.h"
#include "../store/map.h"
#include "../store/mirror.h"
#include "../store/window.h"
#include "dev.h"

#ifndef HAVE_VM_FLAGS_MOD
static void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
			 vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags & ~clear) | set;
}
#endif

static struct bytemap_mirror *mirror_of(const struct vm_area_struct *vma)
{
	return syncmap_mapfd_map(vma->vm_file)->mirror;
}

static vm_fault_t mapped_fault(struct vm_fault *vmf)
{
	struct bytemap_mirror *mirror = mirror_of(vmf->vma);
	unsigned int began = bytemap_mapping_begin(&mirror->mapping);
	struct page *page;
	vm_fault_t ret;

	page = bytemap_mirror_show(mirror, (u64)vmf->pgoff << PAGE_SHIFT);
	ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
	bytemap_mapping_end(&mirror->mapping, began);
	return ret;
}

/* Only what mremap(2) moves is opened anew, and then closed */
static void mapped_open(struct vm_area_struct *vma)
{
	bytemap_mapping_add_again(&mirror_of(vma)->mapping,
				  vma->vm_private_data);
}

static void mapped_close(struct vm_area_struct *vma)
{
	bytemap_mapping_remove(&mirror_of(vma)->mapping, vma->vm_private_data);
}

/* Each part would be one more to look at when pages are taken away */
static int mapped_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

static const struct vm_operations_struct mapped_ops = {
	.open = mapped_open,
	.close = mapped_close,
	.may_split = mapped_may_split,
	.fault = mapped_fault,
};

static int count_mapping(struct bytemap *map, struct vm_area_struct *vma)
{
	struct bytemap_mapper *mapper;
	int err;

	err = bytemap_mapping_add(&map->mirror->mapping,
				  bytemap_account_user(current_fsuid()),
				  bytemap_is_owner(map), &mapper);
	if (!err)
		vma->vm_private_data = mapper;
	return err;
}

/* &file_operations.mmap of a map's descriptor */
int syncmap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bytemap *map = syncmap_mapfd_map(file);
	u64 size = bytemap_mirror_size(map);
	int err;

	if (!size)
		return -ENODEV;
	if (!(syncmap_mapfd_access(file) & SYNCMAP_ACCESS_READ) ||
	    vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	/* Words are read in one piece */
	if (in_compat_syscall() || !(vma->vm_flags & VM_MAYSHARE) ||
	    vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_ALIGN(size))
		return -EINVAL;
	err = count_mapping(map, vma);
	if (err)
		return err;
	bytemap_mirror_mapped(map->mirror);
	/*
	 * VM_DONTCOPY: fork(2) cannot be refused, and would make more of them than
	 * there may be. Nor would a child in another time namespace know that its
	 * clock is another one
	 */
	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP |
			  VM_DONTCOPY, VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_ops = &mapped_ops;
	return 0;
}

/*
 * All anonymous files share one address space; those of a map have its own, from
 * the beginning: it may be given a mirror later
 */
void syncmap_mmap_init(struct file *file)
{
	struct bytemap *map = syncmap_mapfd_map(file);

	map->mapping.host = file_inode(file);
	map->mapping.a_ops = &empty_aops;
	file->f_mapping = &map->mapping;
}
