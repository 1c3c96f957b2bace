// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordered trees: each node is above those of lower rank. A node's rank is drawn from
 * its address, so that the depth is that of a random tree, whatever the order in
 * which nodes come.
 */
#include <linux/hash.h>
#include <linux/rbtree.h>
#include <linux/timerqueue.h>

static bool is_above(const struct rb_node *a, const struct rb_node *b)
{
	u64 rank = hash_ptr(a, 32), other = hash_ptr(b, 32);

	return rank > other || (rank == other && a > b);
}

static struct rb_node **link_to(struct rb_node *node, struct rb_root *root)
{
	if (!node->parent)
		return &root->top;
	return node->parent->left == node ? &node->parent->left :
					    &node->parent->right;
}

/* @to, or nothing, is in the place of @from */
static void replace(struct rb_node *from, struct rb_node *to,
		    struct rb_root *root)
{
	WRITE_ONCE(*link_to(from, root), to);
	if (to)
		to->parent = from->parent;
}

/* @node and its parent change places */
static void rotate(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = node->parent, **inner, *moved;
	bool left = parent->left == node;

	inner = left ? &node->right : &node->left;
	moved = *inner;
	replace(parent, node, root);
	*inner = parent;
	parent->parent = node;
	if (left)
		parent->left = moved;
	else
		parent->right = moved;
	if (moved)
		moved->parent = parent;
}

void rb_insert(struct rb_node *node, struct rb_node *parent,
	       struct rb_node **link, struct rb_root *root)
{
	*node = (struct rb_node){ .parent = parent };
	WRITE_ONCE(*link, node);
	while (node->parent && is_above(node, node->parent))
		rotate(node, root);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	while (node->left && node->right)
		rotate(is_above(node->left, node->right) ? node->left :
							   node->right, root);
	replace(node, node->left ?: node->right, root);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *next = node->right;

	if (next) {
		while (next->left)
			next = next->left;
		return next;
	}
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

static struct timerqueue_node *timer_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct timerqueue_node, node) : NULL;
}

bool timerqueue_add(struct timerqueue_head *head, struct timerqueue_node *node)
{
	struct rb_node **link = &head->root.top, *parent = NULL;
	bool first = true;

	WARN_ON_ONCE(!RB_EMPTY_NODE(&node->node));
	while (*link) {
		parent = *link;
		if (node->expires < timer_of(parent)->expires) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_insert(&node->node, parent, link, &head->root);
	if (first)
		head->first = node;
	return first;
}

bool timerqueue_del(struct timerqueue_head *head, struct timerqueue_node *node)
{
	WARN_ON_ONCE(RB_EMPTY_NODE(&node->node));
	if (head->first == node)
		head->first = timer_of(rb_next(&node->node));
	rb_erase(&node->node, &head->root);
	RB_CLEAR_NODE(&node->node);
	return head->first;
}
