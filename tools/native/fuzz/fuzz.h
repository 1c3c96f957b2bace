/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coverage-guided fuzzing
 *
 * An input is bytes, and every string of bytes is a sequence of operations on
 * one map. Each result is compared with that of a plain reference, and what the
 * map holds in memory with its own invariants.
 *
 * There is one thread, which also is all that runs beside it: the background is
 * an operation like any other. A callback of the map takes operations from the
 * same input; in it, they are those of other threads.
 */
#ifndef _FUZZ_H
#define _FUZZ_H

#include <linux/syncmap.h>

/* kernel.c: one thread, on the CPU that the input says, at the time it says */
void kernel_begin(void);
void kernel_run_on(unsigned int cpu);
/* Let time pass, and then each work run once that is due */
void kernel_background(u64 ns);
bool kernel_may_sleep(void);
unsigned long kernel_allocated(void);

void __printf(1, 2) __attribute__((noreturn)) wrong(const char *format, ...);

#define expect(holds)							\
do {									\
	if (!(holds))							\
		wrong("%s: %s", __func__, #holds);			\
} while (0)

/* key.c: kinds of maps, and their keys by number */
#define KEYS_MAX	640

struct kind {
	const char		*name;
	struct syncmap_params	params;
	unsigned int		keys;	/* few where look-ups are linear */
};

struct key {
	const void	*bytes;
	size_t		len;
};

const struct kind *kind_pick(unsigned int n);
const struct key *kind_key(const struct kind *kind, unsigned int n);
unsigned int kind_number(const struct kind *kind, const void *bytes,
			 size_t len);

/* Values by number; the first of them is NULL */
#define VALUES		8

void *value_of(unsigned int n);
unsigned int value_number(const void *value);

/* model.c: the reference */
struct walk {
	struct walk	*next;
	bool		stable[KEYS_MAX];	/* present since it began */
	bool		seen[KEYS_MAX];
	u8		had[KEYS_MAX];		/* values since it began: bits */
};

struct model {
	unsigned int	keys;
	bool		present[KEYS_MAX];
	u8		value[KEYS_MAX];
	unsigned int	count;
	/* values that the map has to free, and those that it has freed */
	unsigned int	due[VALUES];
	unsigned int	freed[VALUES];
	struct walk	*walks;			/* under way */
};

void model_begin(struct model *m, unsigned int keys);
void model_put(struct model *m, unsigned int key, unsigned int value);
void model_remove(struct model *m, unsigned int key);
void model_clear(struct model *m);

void walk_begin(struct model *m, struct walk *walk);
void walk_see(struct walk *walk, unsigned int key, unsigned int value);
/* @whole: it has come to the end of the map */
void walk_end(struct model *m, struct walk *walk, bool whole);

/* Zeros when no bytes are left */
struct input {
	const u8	*at;
	size_t		left;
};

static inline unsigned int take(struct input *in, unsigned int below)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++ % below;
}

#define CURSORS		2
#define RESERVED	4
#define DEPTH_MAX	3

struct reserved {
	struct syncmap_reservation	*res;
	unsigned int			key;
};

struct cursor {
	u64		at;
	bool		moving;
	struct walk	walk;
};

/* One sequence */
struct fuzz {
	struct input		in;
	const struct kind	*kind;
	struct syncmap		map;
	struct model		model;
	struct syncmap_hashed_key hashed[KEYS_MAX];
	struct reserved		reserved[RESERVED];
	struct cursor		cursors[CURSORS];
	bool			computing[KEYS_MAX];
	unsigned int		depth;		/* callbacks within callbacks */
	bool			fails;		/* an allocation does, by order */
	bool			show;
};

void __printf(2, 3) say(const struct fuzz *f, const char *format, ...);

/* target.c */
void step(struct fuzz *f);
/* In a callback: now and then a few steps */
void interlude(struct fuzz *f);

/* update.c, look.c: each is one step, or a few */
void fuzz_load(struct fuzz *f);
void fuzz_load_many(struct fuzz *f);
void fuzz_range(struct fuzz *f);
void fuzz_next(struct fuzz *f);
void fuzz_look(struct fuzz *f);
void fuzz_stats(struct fuzz *f);
void fuzz_check(struct fuzz *f);

void fuzz_store(struct fuzz *f);
void fuzz_fill(struct fuzz *f);
void fuzz_swap(struct fuzz *f);
void fuzz_load_or_store(struct fuzz *f);
void fuzz_load_or_compute(struct fuzz *f);
void fuzz_load_and_delete(struct fuzz *f);
void fuzz_delete(struct fuzz *f);
void fuzz_erase(struct fuzz *f);
void fuzz_compare_and_swap(struct fuzz *f);
void fuzz_compare_and_delete(struct fuzz *f);
void fuzz_reserve(struct fuzz *f);
void fuzz_unreserve(struct fuzz *f);
void fuzz_refuse(struct fuzz *f);
void fuzz_clear(struct fuzz *f);
void fuzz_promote(struct fuzz *f);

#endif
