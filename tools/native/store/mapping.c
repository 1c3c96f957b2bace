// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes have mapped of a file, page by page, as they ask for it.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

const struct address_space_operations empty_aops;

/* Of all that is mapped, as are those of tables of pages */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct page **place_of(struct vm_area_struct *vma, unsigned long address)
{
	return vma->shown + (address - vma->vm_start) / PAGE_SIZE;
}

/* A page is held by whoever has it mapped, but where it is a number and no more */
static bool holds(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & VM_PFNMAP);
}

static void show_locked(struct vm_area_struct *vma, unsigned long address,
			struct page *page)
{
	struct page **place = place_of(vma, address);

	if (*place)
		return;
	*place = page;
	atomic_inc(&page->shown);
	if (holds(vma))
		get_page(page);
	vma->vm_mm->show(vma->vm_mm, address & PAGE_MASK, PAGE_SIZE, page);
}

static void show_page(struct vm_area_struct *vma, unsigned long address,
		      struct page *page)
{
	shim_mutex_lock(&lock);
	show_locked(vma, address, page);
	shim_mutex_unlock(&lock);
}

/* Nobody sees them when their references go */
static void hide_locked(struct vm_area_struct *vma, unsigned long start,
			unsigned long end)
{
	struct page **place = place_of(vma, start), **last = place_of(vma, end);

	vma->vm_mm->show(vma->vm_mm, start, end - start, NULL);
	for (; place < last; place++) {
		if (!*place)
			continue;
		atomic_dec(&(*place)->shown);
		if (holds(vma))
			put_page(*place);
		*place = NULL;
	}
}

void unmap_mapping_range(struct address_space *mapping, loff_t from, loff_t len,
			 int even_cows)
{
	struct vm_area_struct *vma;
	unsigned long start, end;

	WARN_ON_ONCE(rcu_read_lock_held() || offset_in_page(from));
	shim_mutex_lock(&lock);
	list_for_each_entry(vma, &mapping->areas, node) {
		start = vma->vm_start + from;
		end = min(start + PAGE_ALIGN(len), vma->vm_end);
		if (start < end)
			hide_locked(vma, start, end);
	}
	shim_mutex_unlock(&lock);
}

vm_fault_t vmf_insert_pfn(struct vm_area_struct *vma, unsigned long address,
			  unsigned long pfn)
{
	/* What was looked at may be another page's place by now */
	shim_point(vma, true);
	show_page(vma, address, pfn_to_page(pfn));
	return VM_FAULT_NOPAGE;
}

void shim_fault(struct vm_area_struct *vma, unsigned long address)
{
	struct vm_fault vmf = {
		.vma = vma, .address = address & PAGE_MASK,
		.pgoff = vma->vm_pgoff + (address - vma->vm_start) / PAGE_SIZE,
	};
	vm_fault_t ret = vma->vm_ops->fault(&vmf);

	WARN_ON_ONCE(rcu_read_lock_held());
	WARN_ON_ONCE(ret != VM_FAULT_NOPAGE);
}

static size_t table_bytes(size_t len)
{
	return len / PAGE_SIZE * sizeof(struct page *);
}

struct vm_area_struct *
shim_map(struct mm_struct *mm, struct file *file, unsigned long start, size_t len,
	 vm_flags_t flags,
	 int (*mmap_file)(struct file *file, struct vm_area_struct *vma))
{
	struct vm_area_struct *vma = calloc(1, sizeof(*vma));
	int err;

	vma->vm_start = start;
	vma->vm_end = start + PAGE_ALIGN(len);
	vma->vm_flags = flags;
	vma->vm_file = file;
	vma->vm_mm = mm;
	err = mmap_file(file, vma);
	if (err) {
		free(vma);
		return ERR_PTR(err);
	}
	vma->shown = mmap(NULL, table_bytes(PAGE_ALIGN(len)), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vma->shown == MAP_FAILED)
		abort();
	shim_mutex_lock(&lock);
	list_add(&vma->node, &file->f_mapping->areas);
	shim_mutex_unlock(&lock);
	return vma;
}

void shim_unmap(struct vm_area_struct *vma)
{
	shim_mutex_lock(&lock);
	hide_locked(vma, vma->vm_start, vma->vm_end);
	list_del(&vma->node);
	shim_mutex_unlock(&lock);
	if (vma->vm_ops->close)
		vma->vm_ops->close(vma);
	munmap(vma->shown, table_bytes(vma->vm_end - vma->vm_start));
	free(vma);
}
