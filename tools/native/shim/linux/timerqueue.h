/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_TIMERQUEUE_H
#define _SHIM_TIMERQUEUE_H

#include <linux/rbtree.h>

struct timerqueue_node {
	struct rb_node	node;
	ktime_t		expires;
};

struct timerqueue_head {
	struct rb_root		root;
	struct timerqueue_node	*first;
};

static inline void timerqueue_init(struct timerqueue_node *node)
{
	RB_CLEAR_NODE(&node->node);
}

static inline void timerqueue_init_head(struct timerqueue_head *head)
{
	*head = (struct timerqueue_head){};
}

static inline struct timerqueue_node *
timerqueue_getnext(struct timerqueue_head *head)
{
	return head->first;
}

/* Return: whether it is the first one now */
bool timerqueue_add(struct timerqueue_head *head, struct timerqueue_node *node);
/* Return: whether there are others */
bool timerqueue_del(struct timerqueue_head *head, struct timerqueue_node *node);

#endif
