// SPDX-License-Identifier: GPL-2.0-only
/*
 * What readers ask the kernel for. The device's own code maps the map for them, and
 * shows them its pages.
 */
#include <pthread.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "module/dev/dev.h"
#include "module/store/mirror.h"
#include "module/store/op.h"
#include "module/store/request.h"
#include "module/store/view.h"
#include "module/store/window.h"

#include "kernel.h"

/* A process that maps, or a part of this one */
struct process {
	struct mm_struct	mm;
	struct reader		*reader;
};

struct vm_area_struct *serve_area;

static struct inode inode;
static struct file the_file = { .f_inode = &inode };

/* Who maps has its descriptor */
void serve_file(void)
{
	syncmap_mmap_init(&the_file);
}

struct bytemap *syncmap_mapfd_map(const struct file *file)
{
	return the_map;
}

u32 syncmap_mapfd_access(const struct file *file)
{
	return SYNCMAP_ACCESS_ALL;
}

/* The process does it itself, as it cannot be done from outside */
static void show_there(struct mm_struct *mm, unsigned long address, size_t len,
		       const struct page *page)
{
	struct process *process = container_of(mm, struct process, mm);
	struct reader *reader = process->reader;
	long number = page ? page_to_pfn(page) : -1;

	if (!reader->is_process) {
		reader_show(address, len, number);
		return;
	}
	reader->show_at = address;
	reader->show_len = len;
	reader->show_page = number;
	reader_ring(&reader->show, 1);
	reader_wait_rest(&reader->show);
}

static int serve_map(struct process *process, struct vm_area_struct **vma)
{
	struct reader *reader = process->reader;
	struct vm_area_struct *area;

	if (!the_file.f_mapping)
		return -ENODEV;
	area = shim_map(&process->mm, &the_file, (unsigned long)reader->base,
			reader->size, VM_READ | VM_SHARED | VM_MAYREAD |
			VM_MAYWRITE | VM_MAYEXEC | VM_MAYSHARE, syncmap_mmap);
	if (IS_ERR(area))
		return PTR_ERR(area);
	*vma = area;
	WRITE_ONCE(serve_area, area);
	return 0;
}

int serve_load(unsigned int k, struct answer *answer)
{
	const struct key *key = &shared->key[k];
	struct syncmap_answer said = { };
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD, .key_len = key->len,
		.out_size = VALUE_SIZE,
	};
	struct bytemap_request req = {
		.op = &op, .answer = &said, .key = key->bytes,
	};

	answer->ret = bytemap_op(the_map, &req);
	if (!answer->ret) {
		answer->revision = said.revision;
		answer->deadline = said.expires;
		answer->len = said.out_len;
		memcpy(answer->bytes, bytemap_view_bytes(&req.found), said.out_len);
	}
	bytemap_request_release(&req);
	return answer->ret;
}

/* As INFO tells it */
static bool has_name(void)
{
	struct bytemap_name name;

	bytemap_name_read(the_map, &init_user_ns, &name);
	return !(name.state & SYNCMAP_MAP_REMOVED) &&
	       !strcmp(name.name, the_path.name);
}

static void unmap(struct vm_area_struct **vma)
{
	if (*vma)
		shim_unmap(*vma);
	*vma = NULL;
}

static void serve_request(struct process *process, enum request request,
			  struct vm_area_struct **vma)
{
	struct reader *reader = process->reader;

	switch (request) {
	case REQUEST_MAP:
		reader->answer.ret = serve_map(process, vma);
		break;
	case REQUEST_UNMAP:
	case REQUEST_END:
		unmap(vma);
		break;
	case REQUEST_LOAD:
		serve_load(reader->argument, &reader->answer);
		break;
	case REQUEST_NAMED:
		reader->answer.ret = has_name();
		break;
	case REQUEST_FAULT:
		shim_fault(*vma, reader->argument);
		break;
	case REQUEST_NONE:
		break;
	}
}

/* Until it ends */
void serve(struct reader *reader)
{
	struct process process = { .mm.show = show_there, .reader = reader };
	struct vm_area_struct *vma = NULL;
	enum request request;

	do {
		request = reader_wait(&reader->request);
		serve_request(&process, request, &vma);
		reader_rest(&reader->request);
	} while (request != REQUEST_END);
}
