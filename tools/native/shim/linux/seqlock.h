/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_SEQLOCK_H
#define _SHIM_SEQLOCK_H

#include <linux/sched.h>
#include <linux/spinlock.h>

typedef struct {
	unsigned int	sequence;	/* odd: somebody writes */
	spinlock_t	lock;
} seqlock_t;

static inline void seqlock_init(seqlock_t *seq)
{
	seq->sequence = 0;
	spin_lock_init(&seq->lock);
}

/* Up to read_seqretry(), what is read may be in change */
static inline unsigned int read_seqbegin(const seqlock_t *seq)
{
	unsigned int sequence;

	while ((sequence = smp_load_acquire(&seq->sequence)) & 1)
		cpu_relax();
	shim_race_begin();
	return sequence;
}

static inline bool read_seqretry(const seqlock_t *seq, unsigned int sequence)
{
	shim_race_end();
	smp_rmb();
	return READ_ONCE(seq->sequence) != sequence;
}

static inline void write_seqlock(seqlock_t *seq)
{
	spin_lock(&seq->lock);
	WRITE_ONCE(seq->sequence, seq->sequence + 1);
	smp_wmb();
}

static inline void write_sequnlock(seqlock_t *seq)
{
	smp_store_release(&seq->sequence, seq->sequence + 1);
	spin_unlock(&seq->lock);
}

#define read_seqlock_excl(seq)		spin_lock(&(seq)->lock)
#define read_sequnlock_excl(seq)	spin_unlock(&(seq)->lock)

#endif
