// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: what is done in the background, for whom, and in which turn
 *
 * A job runs for a portion, of some hundred entries, waits for nobody, and
 * queues itself again when there is more to do. The jobs of a user take turns,
 * and so do the users who have any: what one of them leaves to the background
 * makes another's wait for no more than a portion of each user, and takes no
 * more than one worker.
 *
 * A job is not run twice at a time, nor beside another one of its share.
 *
 * Promotions take as long as a map is large, and cannot be cut into portions; what
 * a map has had is taken apart by the core, in portions of its own; and who works on
 * mirrors waits for grace periods, and for processes that map them. Each user has
 * a workqueue for each of the three, which do one at a time, and the
 * scheduler sees to it that those of different users get on. Nothing here has
 * WQ_MEM_RECLAIM, as nobody who reclaims waits for it: a thread for each user would
 * be too much.
 */
#include <linux/slab.h>

#include "gfp.h"
#include "job.h"

/* However many users there are */
#define WORKERS		4

static struct workqueue_struct *workers;

/* Before the first map. Return: 0 or -ENOMEM */
int bytemap_job_start(void)
{
	workers = alloc_workqueue("syncmap_store", WQ_UNBOUND, WORKERS);
	return workers ? 0 : -ENOMEM;
}

/* After the last map is gone */
void bytemap_job_exit(void)
{
	destroy_workqueue(workers);
}

/* May sleep */
void bytemap_job_share_put(struct bytemap_share *share)
{
	if (!refcount_dec_and_test(&share->refs))
		return;
	if (share->builders)
		destroy_workqueue(share->builders);
	if (share->freers)
		destroy_workqueue(share->freers);
	if (share->mirrors)
		destroy_workqueue(share->mirrors);
	kfree(share);
}

/* That @place has, or a new one; NULL: no memory */
static struct workqueue_struct *get_workqueue(struct workqueue_struct **place,
					      const char *name)
{
	/* Pairs with the cmpxchg() below */
	struct workqueue_struct *wq = smp_load_acquire(place);
	struct workqueue_struct *fresh;

	if (wq)
		return wq;
	fresh = alloc_workqueue("%s", WQ_UNBOUND, 1, name);
	if (!fresh)
		return NULL;
	wq = cmpxchg(place, NULL, fresh);
	if (!wq)
		return fresh;
	destroy_workqueue(fresh);
	return wq;
}

/*
 * Return: a workqueue for promotions of maps that end before the share; or NULL: no
 * memory
 */
struct workqueue_struct *bytemap_job_share_builders(struct bytemap_share *share)
{
	return get_workqueue(&share->builders, "syncmap_build");
}

/* Return: the same for what these maps have had */
struct workqueue_struct *bytemap_job_share_freers(struct bytemap_share *share)
{
	return get_workqueue(&share->freers, "syncmap_free");
}

/* Return: the same for their mirrors */
struct workqueue_struct *bytemap_job_share_mirrors(struct bytemap_share *share)
{
	return get_workqueue(&share->mirrors, "syncmap_mirror");
}

/* Queued work has a reference, as the user may go before its turn comes */
static void queue_locked(struct bytemap_share *share)
{
	lockdep_assert_held(&share->lock);
	if (!list_empty(&share->jobs) && queue_work(workers, &share->work))
		refcount_inc(&share->refs);
}

static void run_next(struct work_struct *work)
{
	struct bytemap_share *share = container_of(work, struct bytemap_share,
						   work);
	struct bytemap_job *job;

	spin_lock_irq(&share->lock);
	job = list_first_entry_or_null(&share->jobs, struct bytemap_job, node);
	if (job)
		list_del_init(&job->node);
	spin_unlock_irq(&share->lock);
	if (job)
		job->run(job);
	spin_lock_irq(&share->lock);
	queue_locked(share);
	spin_unlock_irq(&share->lock);
	bytemap_job_share_put(share);
}

/* Return: a share with one reference; or NULL: no memory */
struct bytemap_share *bytemap_job_share_alloc(void)
{
	struct bytemap_share *share = kzalloc(sizeof(*share), BYTEMAP_GFP);

	if (!share)
		return NULL;
	refcount_set(&share->refs, 1);
	spin_lock_init(&share->lock);
	INIT_LIST_HEAD(&share->jobs);
	INIT_WORK(&share->work, run_next);
	return share;
}

/* Return: the share, with one more reference */
struct bytemap_share *bytemap_job_share_get(struct bytemap_share *share)
{
	refcount_inc(&share->refs);
	return share;
}

/*
 * Has a portion done when its turn comes. From any context.
 *
 * Return: false if it is queued already.
 */
bool bytemap_job_queue(struct bytemap_job *job)
{
	struct bytemap_share *share = job->share;
	unsigned long flags;
	bool queued;

	spin_lock_irqsave(&share->lock, flags);
	queued = list_empty(&job->node);
	if (queued)
		list_add_tail(&job->node, &share->jobs);
	queue_locked(share);
	spin_unlock_irqrestore(&share->lock, flags);
	return queued;
}

static void ring(struct work_struct *work)
{
	bytemap_job_queue(container_of(to_delayed_work(work),
				       struct bytemap_job, timer));
}

/* Have it queued in so many jiffies, instead of when it was to be */
void bytemap_job_delay(struct bytemap_job *job, unsigned long delay)
{
	mod_delayed_work(workers, &job->timer, delay);
}

/* @share outlives the job */
void bytemap_job_init(struct bytemap_job *job, struct bytemap_share *share,
		      void (*run)(struct bytemap_job *job))
{
	job->share = share;
	job->run = run;
	INIT_LIST_HEAD(&job->node);
	INIT_DELAYED_WORK(&job->timer, ring);
}

/* Nobody queues it any more; the caller is a job of the same share */
void bytemap_job_stop(struct bytemap_job *job)
{
	cancel_delayed_work_sync(&job->timer);
	spin_lock_irq(&job->share->lock);
	list_del_init(&job->node);
	spin_unlock_irq(&job->share->lock);
}
