// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who a thread is, what it may do, and how it sleeps until it is woken.
 */
#include <linux/cred.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

struct user_namespace init_user_ns = {
	.ns = { .inum = 0xEFFFFFFDU, .count.refs.counter = 1 },
};
struct module shim_this_module;

static const struct cred root = {
	.cap_effective = ~0ULL, .user_ns = &init_user_ns,
};

const struct cred *current_cred(void)
{
	return current->cred ?: &root;
}

struct cred *prepare_creds(void)
{
	struct cred *cred = malloc(sizeof(*cred));

	if (!cred)
		return NULL;
	*cred = *current_cred();
	return cred;
}

const struct cred *override_creds(const struct cred *cred)
{
	const struct cred *before = current->cred;

	current->cred = cred;
	return before;
}

void revert_creds(const struct cred *before)
{
	current->cred = before;
}

void put_cred(const struct cred *cred)
{
	free((void *)cred);
}

/* Who owns a namespace may do all in it, and in those below; so may who may there */
bool ns_capable(const struct user_namespace *ns, int cap)
{
	const struct cred *cred = current_cred();

	for (; ns; ns = ns->parent) {
		if (ns == cred->user_ns)
			return cred->cap_effective & BIT_ULL(cap);
		if (ns->parent == cred->user_ns && uid_eq(ns->owner, cred->euid))
			return true;
	}
	return false;
}

int shim_sleep_until(const ktime_t *expires)
{
	bool early = true;

	shim_wait_begin();
	while (early && !signal_pending(current) &&
	       __atomic_load_n(&current->state, __ATOMIC_ACQUIRE)) {
		if (expires)
			early = shim_wait_until(*expires);
		else
			shim_wait();
	}
	shim_wait_end();
	__set_current_state(TASK_RUNNING);
	return early ? -EINTR : 0;
}
