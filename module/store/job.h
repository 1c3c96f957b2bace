/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done in the background, a portion at a time: job.c
 */
#ifndef _SYNCMAP_STORE_JOB_H
#define _SYNCMAP_STORE_JOB_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* What one user has of the workers: one at a time for each kind of work */
struct bytemap_share {
	refcount_t		refs;
	spinlock_t		lock;		/* the list */
	struct list_head	jobs;
	struct work_struct	work;
	struct workqueue_struct	*builders;	/* with the first map */
	struct workqueue_struct	*freers;	/* likewise */
	struct workqueue_struct	*mirrors;	/* with the first mirror */
};

struct bytemap_job {
	struct bytemap_share	*share;
	void			(*run)(struct bytemap_job *job);
	struct list_head	node;		/* in share->jobs */
	struct delayed_work	timer;
};

int bytemap_job_start(void);
void bytemap_job_exit(void);
struct bytemap_share *bytemap_job_share_alloc(void);
struct bytemap_share *bytemap_job_share_get(struct bytemap_share *share);
void bytemap_job_share_put(struct bytemap_share *share);
struct workqueue_struct *bytemap_job_share_builders(struct bytemap_share *share);
struct workqueue_struct *bytemap_job_share_freers(struct bytemap_share *share);
struct workqueue_struct *bytemap_job_share_mirrors(struct bytemap_share *share);
void bytemap_job_init(struct bytemap_job *job, struct bytemap_share *share,
		      void (*run)(struct bytemap_job *job));
bool bytemap_job_queue(struct bytemap_job *job);
void bytemap_job_delay(struct bytemap_job *job, unsigned long delay);
void bytemap_job_stop(struct bytemap_job *job);

#endif /* _SYNCMAP_STORE_JOB_H */
