/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lease that this node has in etcd, which ends when nobody keeps it alive. It is
 * not given back at the end: who begins again in time publishes under another one
 * what others have seen all the time.
 */
#ifndef SYNCMAP_ETCD_LEASE_H
#define SYNCMAP_ETCD_LEASE_H

#include "gateway.h"

struct lease {
	struct gateway	*gateway;
	unsigned int	seconds;	/* that it lasts without being kept alive */
	int64_t		id;		/* 0: there is none now */
	struct call	*call;
	struct timer	timer;
	struct backoff	backoff;
	uint64_t	granted;
	void		(*fn)(void *arg);
	void		*arg;
};

/* @fn is called when there is another one. */
void lease_begin(struct lease *lease, struct gateway *gateway, unsigned int seconds,
		 void (*fn)(void *arg), void *arg);
void lease_end(struct lease *lease);

/* It is not there any more, as etcd has said: there will be another one. */
void lease_lost(struct lease *lease);

#endif
