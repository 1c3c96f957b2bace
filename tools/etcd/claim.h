/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A prefix that one node alone writes to: a key below it, under the lease of the node,
 * says which one that is. Whoever finds another's waits until that goes with its lease;
 * whoever begins again on the same node takes it over from what was there before, as its
 * maps are the same. Each change is made on condition that the key is still ours.
 */
#ifndef SYNCMAP_ETCD_CLAIM_H
#define SYNCMAP_ETCD_CLAIM_H

#include "gateway.h"
#include "lease.h"

struct claim {
	struct lease	*lease;
	const char	*map;
	struct bytes	key;
	struct span	node;		/* the value: its name, and which one it is */
	int64_t		held;		/* under which lease; 0: it is not */
	int64_t		asked;
	bool		had;		/* it has been, by this process */
	bool		said;		/* who else has it */
	struct call	*call;
	struct timer	timer;
	struct backoff	backoff;
	void		(*fn)(void *arg);
	void		*arg;
};

/*
 * @map: for what is told
 * @node: has to stay; see node.h
 * @fn: is called when the prefix has become ours
 */
void claim_begin(struct claim *claim, struct lease *lease, const char *map,
		 struct span prefix, struct span node, void (*fn)(void *arg),
		 void *arg);
void claim_end(struct claim *claim);

/* There is another lease, or a change was not made: see who has it */
void claim_renew(struct claim *claim);

bool claim_is_held(const struct claim *claim);

/* Whether this is the key of a claim, whatever prefix was left out of it */
bool claim_has_key(struct span key);

#endif
