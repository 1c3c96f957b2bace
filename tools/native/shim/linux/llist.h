/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_LLIST_H
#define _SHIM_LLIST_H

#include <linux/kernel.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *list)
{
	list->first = NULL;
}

static inline bool llist_empty(const struct llist_head *list)
{
	return !READ_ONCE(list->first);
}

static inline bool llist_add(struct llist_node *node, struct llist_head *list)
{
	struct llist_node *first = READ_ONCE(list->first);

	do
		node->next = first;
	while (!try_cmpxchg(&list->first, &first, node));
	return !first;
}

static inline struct llist_node *llist_del_all(struct llist_head *list)
{
	shim_point(list, true);
	return __atomic_exchange_n(&list->first, NULL, __ATOMIC_SEQ_CST);
}

/* Where the kernel goes on with what a failed cmpxchg has read, it reads again */
static inline struct llist_node *llist_del_first(struct llist_head *list)
{
	struct llist_node *first, *seen;

	do {
		first = smp_load_acquire(&list->first);
		if (!first)
			return NULL;
		seen = first;
	} while (!try_cmpxchg(&list->first, &seen, READ_ONCE(first->next)));
	return first;
}

#define llist_entry(node, type, member)	container_of(node, type, member)
#define llist_entry_safe(node, type, member)				\
({									\
	struct llist_node *_node = (node);				\
									\
	_node ? container_of(_node, type, member) : NULL;		\
})
#define llist_for_each_entry_safe(pos, n, node, member)			\
	for (pos = llist_entry_safe(node, __typeof__(*pos), member);	\
	     pos && (n = llist_entry_safe(pos->member.next,		\
					  __typeof__(*pos), member), true); \
	     pos = n)

#endif
