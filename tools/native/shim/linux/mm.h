/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages, and what processes have mapped of them: store/page.c, store/mapping.c.
 * All pages are in one file, so that a process shows one where it is to be seen.
 */
#ifndef _SHIM_MM_H
#define _SHIM_MM_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/slab.h>

#ifndef SHIM_PAGES
#define SHIM_PAGES	(1U << 16)
#endif

struct address_space;
struct file;

struct page {
	atomic_t		refs;
	atomic_t		shown;		/* by how many mappings */
	struct address_space	*mapping;
	unsigned long		index;
	unsigned long		private;
};

extern struct page shim_pages[SHIM_PAGES];
extern char *shim_page_bytes;
extern int shim_page_file;

/* The first of @n that follow one another, each with a reference, or NULL */
struct page *shim_get_pages(unsigned int n, gfp_t gfp);
struct page *alloc_page(gfp_t gfp);
void put_page(struct page *page);

static inline unsigned long page_to_pfn(const struct page *page)
{
	return page - shim_pages;
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return shim_pages + pfn;
}

static inline void *page_address(const struct page *page)
{
	return shim_page_bytes + page_to_pfn(page) * PAGE_SIZE;
}

static inline struct page *virt_to_page(const void *p)
{
	return shim_pages + ((char *)p - shim_page_bytes) / PAGE_SIZE;
}

/* Page 0 is never given to anybody */
#define ZERO_PAGE(address)	shim_pages
#define vmalloc_to_page(p)	virt_to_page(p)
#define __free_page(page)	put_page(page)
#define free_page(address)	put_page(virt_to_page((void *)(address)))

static inline unsigned long get_zeroed_page(gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	return page ? (unsigned long)page_address(page) : 0;
}

static inline void get_page(struct page *page)
{
	atomic_inc(&page->refs);
}

/* Mappings */

#define VM_READ		0x1UL
#define VM_WRITE	0x2UL
#define VM_EXEC		0x4UL
#define VM_SHARED	0x8UL
#define VM_MAYREAD	0x10UL
#define VM_MAYWRITE	0x20UL
#define VM_MAYEXEC	0x40UL
#define VM_MAYSHARE	0x80UL
#define VM_PFNMAP	0x400UL
#define VM_IO		0x4000UL
#define VM_DONTCOPY	0x20000UL
#define VM_DONTEXPAND	0x40000UL
#define VM_DONTDUMP	0x4000000UL
#define VM_MIXEDMAP	0x10000000UL

typedef unsigned long vm_flags_t;
typedef unsigned int vm_fault_t;

#define VM_FAULT_OOM	0x1U
#define VM_FAULT_SIGBUS	0x2U
#define VM_FAULT_NOPAGE	0x100U
#define VM_FAULT_RETRY	0x400U

/* Who has something mapped: it shows @page there, or nothing if that is NULL */
struct mm_struct {
	void (*show)(struct mm_struct *mm, unsigned long address, size_t len,
		     const struct page *page);
};

struct vm_area_struct {
	unsigned long				vm_start;
	unsigned long				vm_end;
	unsigned long				vm_pgoff;
	vm_flags_t				vm_flags;
	const struct vm_operations_struct	*vm_ops;
	struct file				*vm_file;
	void					*vm_private_data;
	struct mm_struct			*vm_mm;
	/* Under one lock for all */
	struct list_head			node;	/* of its address_space */
	struct page				**shown;
};

struct vm_fault {
	struct vm_area_struct	*vma;
	unsigned long		pgoff;
	unsigned long		address;
	struct page		*page;
};

struct vm_operations_struct {
	void		(*open)(struct vm_area_struct *vma);
	void		(*close)(struct vm_area_struct *vma);
	int		(*may_split)(struct vm_area_struct *vma,
				     unsigned long address);
	int		(*mprotect)(struct vm_area_struct *vma,
				    unsigned long start, unsigned long end,
				    unsigned long flags);
	vm_fault_t	(*fault)(struct vm_fault *vmf);
};

#define HAVE_VM_FLAGS_MOD

static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags & ~clear) | set;
}

vm_fault_t vmf_insert_pfn(struct vm_area_struct *vma, unsigned long address,
			  unsigned long pfn);
void unmap_mapping_range(struct address_space *mapping, loff_t from, loff_t len,
			 int even_cows);

/* @flags: VM_*, as mmap(2) would have them. Return: a mapping of all, or an error */
struct vm_area_struct *
shim_map(struct mm_struct *mm, struct file *file, unsigned long start, size_t len,
	 vm_flags_t flags,
	 int (*mmap)(struct file *file, struct vm_area_struct *vma));
void shim_unmap(struct vm_area_struct *vma);
void shim_fault(struct vm_area_struct *vma, unsigned long address);

#endif
