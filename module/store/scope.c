// SPDX-License-Identifier: GPL-2.0-only
/*
 * What names are unique in: user namespaces
 *
 * A map that has a name, or has had one, holds the scope of that, and a scope the
 * one reference that all of us have on its namespace. What is of a scope is seen
 * from its namespace and from those above.
 *
 * Nobody tells a module that a namespace comes to its end, so it is asked. When
 * the reference of its scope is the last one there is no process in the namespace,
 * no other namespace below it, and no descriptor that was opened in it: all of
 * these hold references. Nor can there be one again, as they only come from one
 * another. (Since Linux 6.18 root can open a namespace by its number. What is left
 * of such a one has no names.)
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ns_common.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "gfp.h"
#include "scope.h"

struct bytemap_scope {
	struct rb_node		node;
	struct user_namespace	*ns;
	unsigned int		refs;
};

static DEFINE_SPINLOCK(scope_lock);
static struct rb_root scopes;		/* by number */

/* Return: what a link like /proc/PID/ns/user shows */
u64 bytemap_scope_number(const struct user_namespace *ns)
{
	return ns->ns.inum;
}

/* The same of a scope */
u64 bytemap_scope_number_of(const struct bytemap_scope *scope)
{
	return bytemap_scope_number(scope->ns);
}

static struct bytemap_scope *scope_of(const struct rb_node *node)
{
	return rb_entry(node, struct bytemap_scope, node);
}

static int compare_number(const void *number, const struct rb_node *node)
{
	u64 a = *(const u64 *)number;
	u64 b = bytemap_scope_number_of(scope_of(node));

	return a < b ? -1 : a > b;
}

static int compare_scopes(struct rb_node *node, const struct rb_node *other)
{
	u64 number = bytemap_scope_number_of(scope_of(node));

	return compare_number(&number, other);
}

static struct bytemap_scope *find_locked(u64 number)
{
	struct rb_node *node;

	lockdep_assert_held(&scope_lock);
	node = rb_find(&number, &scopes, compare_number);
	return node ? scope_of(node) : NULL;
}

/* With a reference. @fresh, if it is not NULL, is for when there is none */
static struct bytemap_scope *get_scope(struct user_namespace *ns,
				       struct bytemap_scope *fresh)
{
	struct bytemap_scope *scope;

	spin_lock(&scope_lock);
	scope = find_locked(bytemap_scope_number(ns));
	if (!scope && fresh) {
		scope = fresh;
		scope->ns = get_user_ns(ns);
		rb_find_add(&scope->node, &scopes, compare_scopes);
	}
	if (scope)
		scope->refs++;
	spin_unlock(&scope_lock);
	return scope;
}

/*
 * May sleep. The caller holds @ns.
 *
 * Return: its scope, with a reference; or ERR_PTR(-ENOMEM).
 */
struct bytemap_scope *bytemap_scope_get(struct user_namespace *ns)
{
	struct bytemap_scope *scope = get_scope(ns, NULL), *fresh;

	if (scope)
		return scope;
	fresh = kzalloc(sizeof(*fresh), BYTEMAP_GFP);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	scope = get_scope(ns, fresh);
	if (scope != fresh)
		kfree(fresh);
	return scope;
}

/* From any context, with a reference that the caller knows of. Return: @scope */
struct bytemap_scope *bytemap_scope_hold(struct bytemap_scope *scope)
{
	spin_lock(&scope_lock);
	scope->refs++;
	spin_unlock(&scope_lock);
	return scope;
}

/* Process context. NULL is none */
void bytemap_scope_put(struct bytemap_scope *scope)
{
	bool last;

	if (!scope)
		return;
	spin_lock(&scope_lock);
	last = !--scope->refs;
	if (last)
		rb_erase(&scope->node, &scopes);
	spin_unlock(&scope_lock);
	if (!last)
		return;
	put_user_ns(scope->ns);
	kfree(scope);
}

/* Return: whether what is of @scope is seen from @ns */
bool bytemap_scope_is_shown(const struct bytemap_scope *scope,
			    const struct user_namespace *ns)
{
	const struct user_namespace *at;

	for (at = scope->ns; at; at = at->parent)
		if (at == ns)
			return true;
	return false;
}

/*
 * Return: whether @scope is seen from @ns and is that of @number, or @below that.
 * Number 0 is that of @ns.
 */
bool bytemap_scope_is_of(const struct bytemap_scope *scope,
			 const struct user_namespace *ns, u64 number,
			 bool below)
{
	const struct user_namespace *at;
	bool found = false;

	number = number ?: bytemap_scope_number(ns);
	for (at = scope->ns; at; at = at->parent) {
		if (bytemap_scope_number(at) == number)
			found |= below || at == scope->ns;
		if (at == ns)
			return found;
	}
	return false;
}

/*
 * Which scope somebody in @ns means by @number. From any context.
 *
 * Return: that of @ns for 0; @number if there is such a scope, and it is seen; 0
 * if not.
 */
u64 bytemap_scope_find(const struct user_namespace *ns, u64 number)
{
	u64 own = bytemap_scope_number(ns);
	struct bytemap_scope *scope;

	if (!number || number == own)
		return own;
	spin_lock(&scope_lock);
	scope = find_locked(number);
	if (!scope || !bytemap_scope_is_shown(scope, ns))
		number = 0;
	spin_unlock(&scope_lock);
	return number;
}

/* Process context. Return: whether the caller has the capability there */
bool bytemap_scope_is_capable(const struct bytemap_scope *scope, int cap)
{
	return ns_capable(scope->ns, cap);
}

/* Return: whether that may come to pass */
bool bytemap_scope_may_end(const struct bytemap_scope *scope)
{
	return scope->ns != &init_user_ns;
}

#ifdef HAVE_NS_REF_READ
static unsigned int count_references(const struct user_namespace *ns)
{
	return __ns_ref_read(&ns->ns);
}
#else
static unsigned int count_references(const struct user_namespace *ns)
{
	return refcount_read(&ns->ns.count);
}
#endif

/* Return: whether nobody is in it, nor will be */
bool bytemap_scope_has_ended(const struct bytemap_scope *scope)
{
	return bytemap_scope_may_end(scope) && count_references(scope->ns) == 1;
}
