// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a map's descriptor, from which processes load
 *
 * Pages are shown as they are asked for. Where there is none, one of zeroes is,
 * which says "ask": a reader makes the kernel allocate nothing but tables of
 * pages. A page that was replaced while it was about to be shown is taken away
 * again; what it says meanwhile is "ask", too.
 */
#include <linux/atomic.h>
#include <linux/compat.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "../store/bytemap.h"
#include "../store/mirror.h"
#include "../store/window.h"
#include "dev.h"

/*
 * Of a map. Writers wait while pages are taken away of all of them, now and then;
 * who gets none loads as without
 */
#define MAPPINGS	1024

#ifndef HAVE_VM_FLAGS_MOD
static void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
			 vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags & ~clear) | set;
}
#endif

/* Return: the page at @offset, with a reference */
static struct page *take_page(struct bytemap_mirror *mirror, u64 offset)
{
	struct page *page;

	rcu_read_lock();
	page = bytemap_mirror_page(mirror, offset);
	if (!page || !get_page_unless_zero(page)) {
		page = ZERO_PAGE(0);
		get_page(page);
	}
	rcu_read_unlock();
	return page;
}

static bool is_shown(struct bytemap_mirror *mirror, u64 offset,
		     const struct page *page)
{
	struct page *now = take_page(mirror, offset);

	put_page(now);
	return now == page;
}

static vm_fault_t mapped_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct bytemap_mirror *mirror = syncmap_mapfd_map(vma->vm_file)->mirror;
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;
	struct page *page = take_page(mirror, offset);
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, vmf->address, page_to_pfn(page));
	/*
	 * Whoever replaces the page does so, and then takes away what is shown:
	 * either that finds this one, or we find that there is another. Pairs
	 * with bytemap_arena_grow() and free_index()
	 */
	smp_mb();
	if (!is_shown(mirror, offset, page))
		unmap_mapping_range(mirror->mapping, offset, PAGE_SIZE, 1);
	put_page(page);
	return ret;
}

/* Only what mremap(2) moves is opened anew, and then closed */
static void mapped_open(struct vm_area_struct *vma)
{
	atomic_inc(&syncmap_mapfd_map(vma->vm_file)->mirror->mappings);
}

static void mapped_close(struct vm_area_struct *vma)
{
	atomic_dec(&syncmap_mapfd_map(vma->vm_file)->mirror->mappings);
}

/* Each part would be one more that whoever replaces a page has to look at */
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

/* &file_operations.mmap of a map's descriptor */
int syncmap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bytemap *map = syncmap_mapfd_map(file);
	u64 size = bytemap_mirror_size(map);

	if (!size)
		return -ENODEV;
	if (!(syncmap_mapfd_access(file) & SYNCMAP_ACCESS_READ) ||
	    vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	/* Words are read in one piece */
	if (in_compat_syscall() || !(vma->vm_flags & VM_MAYSHARE) ||
	    vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_ALIGN(size))
		return -EINVAL;
	if (!atomic_add_unless(&map->mirror->mappings, 1, MAPPINGS))
		return -EAGAIN;
	bytemap_mirror_mapped(map->mirror);
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
