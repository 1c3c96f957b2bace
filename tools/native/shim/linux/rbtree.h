/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order is a binary tree's; what keeps it flat is another thing than colours,
 * that needs no room: store/rbtree.c
 */
#ifndef _SHIM_RBTREE_H
#define _SHIM_RBTREE_H

#include <linux/kernel.h>

struct rb_node {
	struct rb_node	*parent;	/* the node itself: in no tree */
	struct rb_node	*left;
	struct rb_node	*right;
};

struct rb_root {
	struct rb_node	*top;
};

#define RB_ROOT			((struct rb_root){})
#define RB_EMPTY_ROOT(root)	(!READ_ONCE((root)->top))
#define RB_EMPTY_NODE(node)	((node)->parent == (node))
#define RB_CLEAR_NODE(node)	((void)((node)->parent = (node)))

#define rb_entry(node, type, member)	container_of(node, type, member)

/* It has found its place below @parent, at @link */
void rb_insert(struct rb_node *node, struct rb_node *parent,
	       struct rb_node **link, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);

static inline struct rb_node *
rb_find(const void *key, const struct rb_root *root,
	int (*compare)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->top;
	int order;

	while (node) {
		order = compare(key, node);
		if (!order)
			break;
		node = order < 0 ? node->left : node->right;
	}
	return node;
}

/* Return: the node that is there already; NULL: @node is added */
static inline struct rb_node *
rb_find_add(struct rb_node *node, struct rb_root *root,
	    int (*compare)(struct rb_node *node, const struct rb_node *other))
{
	struct rb_node **link = &root->top, *parent = NULL;
	int order;

	while (*link) {
		parent = *link;
		order = compare(node, parent);
		if (!order)
			return parent;
		link = order < 0 ? &parent->left : &parent->right;
	}
	rb_insert(node, parent, link, root);
	return NULL;
}

#endif
