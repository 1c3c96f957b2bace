// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Loads from a mapping, which is made when the first load of a map comes
 *
 * Of each map there is one mapping in a process, however many have it open. It is
 * made of a descriptor of its own, which may only read: so closing a map ends at
 * once what it owns and leases. The last of those who have it open unmaps it.
 *
 * A load takes no lock. What it looks at first, a view, lies in a page that is
 * zero in a child of fork(2), where the mapping is not: so a child, also one of
 * clone(2) itself, makes it anew, and asks for its clock. What is not wiped is how
 * many have the map open, for they have it open in a child, too. The lock is wiped;
 * who has held it is not in the child, and each change is one store. Whoever finds
 * the lock taken, a signal handler perhaps, asks the kernel this time.
 *
 * A map that evicts has to know what is used, and nobody counts loads from a mapping.
 * So of such a map some loads ask the kernel, whatever the mapping says. Which ones is
 * drawn: of keys that are loaded in turn, a count would have the same ones seen.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"
#include "syncmap_mapped.h"

/* A map may be given a mirror, and its limit of mappings be one no more */
#define LOADS_BEFORE_RETRY	1000

/* Of a map that evicts the kernel sees one load, or batch, in 2^n */
#define SEEN_SHIFT		6

enum {
	VIEW_WIPED	= 0,
	VIEW_GOOD,
};

struct mapping_view {
	int			state;
	uint32_t		key_size;
	uint64_t		size;
	struct syncmap_mapped	mapped;
};

/* A page, and that of the view behind it */
struct mapping {
	struct mapping		*next;
	struct mapping_view	*view;
	uint64_t		id;		/* of the map */
	uint64_t		users;
};

static pthread_mutex_t *lock;		/* wiped: it is free in a child */
static struct mapping *mappings;	/* those of this process, and its parent's */

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Return: @pages, the last of which is zero in a child of fork(); or NULL */
static void *get_pages(size_t pages)
{
	size_t size = page_size();
	char *base = mmap(NULL, pages * size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	if (madvise(base + (pages - 1) * size, size, MADV_WIPEONFORK)) {
		munmap(base, pages * size);
		return NULL;
	}
	return base;
}

/* A mutex of zeroes is one that is free */
static pthread_mutex_t *find_lock(void)
{
	pthread_mutex_t *there = __atomic_load_n(&lock, __ATOMIC_ACQUIRE), *new;

	if (there)
		return there;
	new = get_pages(1);
	if (!new)
		return NULL;
	if (__atomic_compare_exchange_n(&lock, &there, new, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return new;
	munmap(new, page_size());
	return there;
}

static struct mapping *new_mapping(uint64_t id)
{
	struct mapping *mapping = get_pages(2);

	if (!mapping)
		return NULL;
	mapping->view = (void *)((char *)mapping + page_size());
	mapping->id = id;
	mapping->next = mappings;
	__atomic_store_n(&mappings, mapping, __ATOMIC_RELEASE);
	return mapping;
}

static struct mapping *find_mapping(uint64_t id)
{
	struct mapping *mapping = mappings;

	while (mapping && mapping->id != id)
		mapping = mapping->next;
	return mapping ? mapping : new_mapping(id);
}

/* In a child nothing is at the address any more, or something else */
static void free_mapping(struct mapping *mapping)
{
	struct mapping **link = &mappings;

	while (*link != mapping)
		link = &(*link)->next;
	__atomic_store_n(link, mapping->next, __ATOMIC_RELEASE);
	if (mapping->view->state == VIEW_GOOD)
		munmap((void *)mapping->view->mapped.base, mapping->view->size);
	munmap(mapping, 2 * page_size());
}

/* No function of the C library: a load is no point of cancellation */
static void close_quietly(int fd)
{
	syscall(SYS_close, fd);
}

static int show(int fd, const struct syncmap_map_info *info,
		struct mapping_view *view)
{
	void *base = mmap(NULL, info->mapped, PROT_READ, MAP_SHARED, fd, 0);
	int err;

	if (base == MAP_FAILED)
		return -errno;
	err = syncmap_mapped_attach(&view->mapped, base, info->mapped);
	if (err) {
		munmap(base, info->mapped);
		return err;
	}
	view->mapped.boottime_offset = info->boottime_offset;
	view->key_size = info->limits.key_size;
	view->size = info->mapped;
	__atomic_store_n(&view->state, VIEW_GOOD, __ATOMIC_RELEASE);
	return 0;
}

static int show_to(const struct libsyncmap *map,
		   const struct syncmap_map_info *info,
		   struct mapping_view *view)
{
	struct syncmap_restrict less = { .access = SYNCMAP_ACCESS_READ };
	int err = control(map->fd, SYNCMAP_RESTRICT, &less);

	if (err)
		return err;
	err = show(less.fd, info, view);
	close_quietly(less.fd);
	return err;
}

static int find_out(const struct libsyncmap *map, struct syncmap_map_info *info)
{
	int err;

	if (map->unmapped)
		return -EOPNOTSUPP;
	memset(info, 0, sizeof(*info));
	err = control(map->fd, SYNCMAP_MAP_INFO, info);
	if (err)
		return err;
	if (!(info->access & SYNCMAP_ACCESS_READ))
		return -EBADF;
	return info->mapped ? 0 : -ENODEV;
}

/* Once counted, the map has the mapping until it is closed */
static int attach_locked(struct libsyncmap *map,
			 const struct syncmap_map_info *info)
{
	int err = 0;

	if (!map->mapping) {
		struct mapping *mapping = find_mapping(info->id);

		if (!mapping)
			return -ENOMEM;
		mapping->users++;
		__atomic_store_n(&map->mapping, mapping, __ATOMIC_RELEASE);
	}
	if (map->mapping->view->state != VIEW_GOOD)
		err = show_to(map, info, map->mapping->view);
	if (!err)
		__atomic_store_n(&map->view, map->mapping->view,
				 __ATOMIC_RELEASE);
	return err;
}

static int try_to_attach(struct libsyncmap *map,
			 const struct syncmap_map_info *info)
{
	pthread_mutex_t *held = find_lock();
	int err = held ? -pthread_mutex_trylock(held) : -ENOMEM;

	if (err)
		return err;
	err = attach_locked(map, info);
	pthread_mutex_unlock(held);
	return err;
}

/*
 * For a map without a mirror this is one call in so many loads, and no memory.
 *
 * Return: 0, or why it is the kernel that is to be asked
 */
static int attach(struct libsyncmap *map)
{
	struct syncmap_map_info info;
	int err = find_out(map, &info);

	if (!err)
		err = try_to_attach(map, &info);
	if (err && err != -EBUSY)
		__atomic_store_n(&map->waits, LOADS_BEFORE_RETRY,
				 __ATOMIC_RELAXED);
	return err;
}

/* It need not be exact */
static bool waits(struct libsyncmap *map)
{
	unsigned int left = __atomic_load_n(&map->waits, __ATOMIC_RELAXED);

	if (left)
		__atomic_store_n(&map->waits, left - 1, __ATOMIC_RELAXED);
	return left;
}

static inline bool is_good(const struct mapping_view *view)
{
	return view &&
	       __atomic_load_n(&view->state, __ATOMIC_ACQUIRE) == VIEW_GOOD;
}

/* Return: what there is to look at, though it may say "ask"; or NULL */
static const struct mapping_view *mapped_view(const struct libsyncmap *map)
{
	const struct mapping *mapping = __atomic_load_n(&map->mapping,
							__ATOMIC_ACQUIRE);

	return mapping && is_good(mapping->view) ? mapping->view : NULL;
}

static const struct syncmap_mapped_head *head_of(const struct mapping_view *view)
{
	return (const void *)view->mapped.base;
}

/* Return: whether there is a mirror, and all is in it */
static bool is_filled(const struct mapping_view *view)
{
	return syncmap_mapped_read(&head_of(view)->word) & SYNCMAP_MAPPED_READY;
}

/*
 * The mirror has been taken away. Others may be about to look at it, so it stays
 * mapped; but until it is there again, a load looks at one word of it only
 */
static void let_go(struct libsyncmap *map, const struct mapping_view *view)
{
	if (!is_filled(view))
		__atomic_store_n(&map->view, NULL, __ATOMIC_RELAXED);
}

static const struct mapping_view *look_for_view(struct libsyncmap *map)
{
	const struct mapping_view *view = mapped_view(map);

	if (!view)
		return waits(map) || attach(map) ? NULL : mapped_view(map);
	if (!is_filled(view))
		return NULL;
	__atomic_store_n(&map->view, map->mapping->view, __ATOMIC_RELEASE);
	return view;
}

/* What a load finds out about the map is no change of it */
static inline const struct mapping_view *view_of(const struct libsyncmap *map)
{
	const struct mapping_view *view =
		__atomic_load_n(&map->view, __ATOMIC_ACQUIRE);

	return is_good(view) ? view : look_for_view((struct libsyncmap *)map);
}

API int libsyncmap_mapped(const struct libsyncmap *map)
{
	const struct mapping_view *view =
		__atomic_load_n(&map->view, __ATOMIC_ACQUIRE);

	return is_good(view) && is_filled(view) ?
	       0 : attach((struct libsyncmap *)map);
}

/* No call, if no map has lost its name since it was asked for last */
API int libsyncmap_current(const struct libsyncmap *map)
{
	const struct mapping_view *view = mapped_view(map);
	struct syncmap_map_info info = { .flags = 0 };
	uint64_t moved = 0;
	int err;

	/* Before the call: a name that goes after that is counted */
	if (view)
		moved = __atomic_load_n(&head_of(view)->moved,
					__ATOMIC_ACQUIRE) + 1;
	if (moved && moved == __atomic_load_n(&map->named, __ATOMIC_RELAXED))
		return 0;
	err = control(map->fd, SYNCMAP_MAP_INFO, &info);
	if (err)
		return err;
	if (info.state & SYNCMAP_MAP_REMOVED)
		return -ESTALE;
	if (info.state & SYNCMAP_MAP_PRIVATE)
		return -ENOENT;
	if (map->name[0] && !(info.state & SYNCMAP_MAP_ELSEWHERE) &&
	    strcmp(map->name, info.name))
		return -ESTALE;
	__atomic_store_n(&((struct libsyncmap *)map)->named, moved,
			 __ATOMIC_RELAXED);
	return 0;
}

void libsyncmap_mapping_close(struct libsyncmap *map)
{
	if (!map->mapping)
		return;
	pthread_mutex_lock(lock);
	if (!--map->mapping->users)
		free_mapping(map->mapping);
	pthread_mutex_unlock(lock);
}

/* Of this thread; not to be allocated, as a load may be in the handler of a signal */
static __thread uint32_t drawn __attribute__((tls_model("initial-exec")));

/* Return: whether it is this load, or batch, that the kernel is to see */
static bool is_to_be_seen(const struct mapping_view *view)
{
	if (!syncmap_mapped_evicts(&view->mapped))
		return false;
	drawn = drawn * 1664525 + 1013904223;
	return !(drawn >> (32 - SEEN_SHIFT));
}

/* Is it none that a key of the map can be? Then that is the answer, not "absent" */
static bool is_wrong_key(const struct mapping_view *view, const void *key,
			 size_t key_len)
{
	return key_len > view->key_size ||
	       (view->mapped.key_type == SYNCMAP_KEY_STRING && key_len &&
		memchr(key, 0, key_len));
}

/* As the kernel shifts what it tells: no time becomes one that means something else */
static uint64_t shift_time(uint64_t time, uint64_t offset)
{
	uint64_t sum = time + offset;

	if ((int64_t)offset < 0)
		return sum < time && sum ? sum : 1;
	return sum < time || sum == SYNCMAP_NEVER ? SYNCMAP_NEVER - 1 : sum;
}

static uint64_t time_to_user(const struct mapping_view *view, uint64_t time,
			     bool from_now)
{
	if (time == SYNCMAP_NEVER || !time)
		return time;
	return shift_time(time, from_now ? -syncmap_mapped_now(&view->mapped) :
					   (uint64_t)view->mapped.boottime_offset);
}

static int find(const struct mapping_view *view, const void *key, size_t key_len,
		void *buffer, size_t size, struct syncmap_mapped_result *found)
{
	uint64_t number;
	int ret;

	if (view->mapped.key_type == SYNCMAP_KEY_U64) {
		if (key_len != sizeof(number) || !key)
			return SYNCMAP_MAPPED_ASK;
		memcpy(&number, key, sizeof(number));
		return syncmap_mapped_load_u64(&view->mapped, number, buffer,
					       size, found);
	}
	if (key_len > UINT32_MAX || (key_len && !key))
		return SYNCMAP_MAPPED_ASK;
	ret = syncmap_mapped_load(&view->mapped, key, key_len, buffer, size,
				  found);
	return ret == -ENOENT && is_wrong_key(view, key, key_len) ?
	       SYNCMAP_MAPPED_ASK : ret;
}

/* In place of an answer of the kernel */
static void set_found(const struct mapping_view *view, int ret,
		      const struct syncmap_mapped_result *found, bool unchanged,
		      struct libsyncmap_result *result)
{
	bool loaded = ret != -ENOENT;

	result->len = loaded ? found->len : 0;
	result->loaded = loaded;
	result->expired = false;
	result->unchanged = unchanged;
	result->owned = false;
	result->revision = loaded ? found->revision : 0;
	result->previous = 0;
	result->expires = loaded ? time_to_user(view, found->deadline,
						result->from_now) : 0;
	result->lease_ends = 0;
	result->error = (struct syncmap_error){ .status = ret };
}

int libsyncmap_mapping_load(const struct libsyncmap *map, const void *key,
			    size_t key_len, uint64_t newer,
			    struct libsyncmap_result *result)
{
	const struct mapping_view *view = view_of(map);
	struct syncmap_mapped_result found;
	bool unchanged = false;
	size_t size = 0;
	int ret = 0;

	if (!view || is_to_be_seen(view))
		return SYNCMAP_MAPPED_ASK;
	if (result && result->buffer)
		size = result->size < UINT32_MAX ? result->size : UINT32_MAX;
	/* What the caller has stays where it is, if there is nothing newer */
	if (newer || !size) {
		ret = find(view, key, key_len, NULL, 0, &found);
		ret = ret == -EMSGSIZE ? 0 : ret;
		unchanged = !ret && found.revision <= newer;
	}
	if (size && !ret && !unchanged)
		ret = find(view, key, key_len, result->buffer, size, &found);
	if (ret == SYNCMAP_MAPPED_ASK)
		let_go((struct libsyncmap *)map, view);
	else if (result)
		set_found(view, ret, &found, unchanged, result);
	return ret;
}

bool libsyncmap_mapping_takes_batch(const struct libsyncmap *map)
{
	const struct mapping_view *view = view_of(map);

	return view && !is_to_be_seen(view);
}

static bool is_zero(const void *bytes, size_t size)
{
	const char *p = bytes;

	return !size || (!p[0] && !memcmp(p, p + 1, size - 1));
}

/* Nothing that the kernel would refuse, nor what it would not find at an address */
bool libsyncmap_mapping_is_load(const struct libsyncmap *map, const void *op,
				size_t op_size)
{
	const size_t used = offsetof(struct syncmap_op, value_len);
	const struct syncmap_op *load = op;

	return op_size >= SYNCMAP_OP_SHORT && load->op == SYNCMAP_OP_LOAD &&
	       !(load->flags & ~SYNCMAP_FLAG_FROM_NOW) &&
	       (load->key || !load->key_len) && (load->out || !load->out_size) &&
	       (load->answer || !load->answer_size) &&
	       load->answer_size <= sizeof(struct syncmap_answer) &&
	       is_zero((const char *)op + used, op_size - used) &&
	       (load->key_len == sizeof(uint64_t) ||
		map->mapping->view->mapped.key_type != SYNCMAP_KEY_U64);
}

static void set_answer(const struct mapping_view *view,
		       const struct syncmap_op *op,
		       const struct syncmap_mapped_item *item)
{
	struct syncmap_answer answer = { .error.status = item->status };

	if (item->status != -ENOENT) {
		answer.result = SYNCMAP_RESULT_LOADED;
		answer.out_len = item->result.len;
		answer.revision = item->result.revision;
		answer.expires = time_to_user(view, item->result.deadline,
					      op->flags & SYNCMAP_FLAG_FROM_NOW);
	}
	memcpy((void *)(uintptr_t)op->answer, &answer, op->answer_size);
}

static const struct syncmap_op *op_at(const void *ops, size_t op_size, size_t i)
{
	return (const void *)((const char *)ops + i * op_size);
}

static void finish_item(const struct mapping_view *view,
			const struct syncmap_op *op,
			struct syncmap_mapped_item *item)
{
	if (item->status == -EMSGSIZE && !op->out_size)
		item->status = 0;
	if (item->status == -ENOENT &&
	    view->mapped.key_type != SYNCMAP_KEY_U64 &&
	    is_wrong_key(view, item->key, item->key_len))
		item->status = SYNCMAP_MAPPED_ASK;
	if (item->status != SYNCMAP_MAPPED_ASK && op->answer_size)
		set_answer(view, op, item);
}

size_t libsyncmap_mapping_batch(const struct libsyncmap *map, const void *ops,
				size_t op_size, size_t count, size_t *first,
				size_t *last)
{
	struct syncmap_mapped_item items[LIBSYNCMAP_LOADS];
	const struct mapping_view *view = view_of(map);
	const struct syncmap_op *op;
	size_t i, left = 0;

	*first = 0;
	*last = count - 1;
	if (!view)
		return count;
	for (i = 0; i < count; i++) {
		op = op_at(ops, op_size, i);
		items[i].key = (const void *)(uintptr_t)op->key;
		items[i].key_len = op->key_len;
		items[i].buf = (void *)(uintptr_t)op->out;
		items[i].size = op->out_size;
	}
	syncmap_mapped_load_batch(&view->mapped, items, count);
	for (i = 0; i < count; i++) {
		finish_item(view, op_at(ops, op_size, i), &items[i]);
		if (items[i].status != SYNCMAP_MAPPED_ASK)
			continue;
		if (!left++)
			*first = i;
		*last = i;
	}
	if (left == count)
		let_go((struct libsyncmap *)map, view);
	return left;
}
