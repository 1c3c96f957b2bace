/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's side, which is a process with the store, and those who map
 * its map share. Readers are other processes, or threads of this one; they know
 * of the store what is here, and what their mapping shows.
 */
#ifndef _MAPPED_SHARED_H
#define _MAPPED_SHARED_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define READERS_MAX	8
#define KEYS		512
#define KEY_SIZE	40
#define VALUE_SIZE	5000

/* Of some keys, what is stored consists of pieces that are whole */
#define PIECE		16

static inline bool key_is_log(unsigned int key)
{
	return key % 8 == 1;
}

/* One is that of one writer, or of all */
static inline bool key_is_for_all(unsigned int key)
{
	return key % 4 == 0;
}

/* What a reader asks the kernel for: a system call, or a fault */
enum request {
	REQUEST_NONE,
	REQUEST_MAP,
	REQUEST_UNMAP,
	REQUEST_LOAD,
	REQUEST_FAULT,
	REQUEST_NAMED,		/* has the map its name? */
	REQUEST_END,
};

struct answer {
	int	ret;
	__u32	len;
	__u64	revision;
	__u64	deadline;
	__u8	bytes[VALUE_SIZE];
};

struct counts {
	__u64	mapped;		/* loads from a mapping */
	__u64	found;
	__u64	absent;
	__u64	longer;		/* than there was room for */
	__u64	asked;		/* only the kernel could tell */
	__u64	kernel;		/* loads by system call */
	__u64	exact;		/* nothing happened meanwhile: there is one answer */
	__u64	faults;
	__u64	maps;
	__u64	unmapped;	/* loads while there was no mapping */
	__u64	followed;	/* loads by a name that the map has had */
	__u64	moved;		/* names that have gone meanwhile */
	__u64	indexes;	/* that have come */
};

/* A futex where 0 is for rest. One side sets it, the other one zeroes it */
struct bell {
	__u32	what;
};

struct reader {
	unsigned int	id;
	bool		is_process;
	void		*base;		/* where it maps; reserved for ever */
	size_t		size;
	struct bell	request;
	__u64		argument;	/* a key, or an address */
	struct answer	answer;
	/* What the kernel has it show: pages of a file, or nothing */
	struct bell	show;
	unsigned long	show_at;
	size_t		show_len;
	long		show_page;	/* -1: none */
	struct counts	counts;
} __attribute__((aligned(64)));

/* Of a key that one thread writes: what it has written, while nobody clears */
struct told {
	__u64	seq;		/* odd: that is changing */
	bool	loose;		/* it may go at any time */
	__u64	revision;	/* 0: absent */
	__u64	deadline;
	__u64	before;		/* Clears that had ended before it was written, */
	__u64	clears;		/* and had begun after that */
};

/* What anybody knows of a key */
struct seen {
	__u64	alive;		/* the highest revision that was there */
	__u64	dead;		/* the highest that is known to be gone */
};

struct key {
	__u8	bytes[KEY_SIZE];
	__u32	len;
};

struct shared {
	bool		integers;	/* as keys */
	__u64		seed;
	__u32		stop;
	__u32		failed;
	char		what[200];
	__u64		size;		/* of a mapping */
	__u64		clears_begun;
	__u64		clears_ended;
	__u64		names_ended;	/* that were taken from the map */
	struct key	key[KEYS];
	struct told	told[KEYS];
	struct seen	seen[KEYS];
	struct reader	reader[READERS_MAX];
};

extern struct shared *shared;
extern int page_file;

/* reader.c */
__u64 reader_random(__u64 *state);
__u64 reader_now(void);
/* The first word is @nonce, which is the key by KEYS */
void reader_fill(unsigned int key, __u64 nonce, void *bytes, __u32 len);
void reader_fail(const char *what, unsigned int key, __u64 a, __u64 b);
void reader_show(unsigned long at, size_t len, long page);
void reader_run(struct reader *reader);
void reader_run_process(struct reader *reader);
void reader_ring(struct bell *bell, __u32 what);
__u32 reader_wait(struct bell *bell);
void reader_wait_rest(struct bell *bell);
void reader_rest(struct bell *bell);
bool reader_is_stopped(void);
bool reader_is_content(unsigned int key, const void *bytes, __u32 len);
/* A load by who has the mapping of @reader, or begins to */
int reader_load_once(struct reader *reader, unsigned int key,
		     struct answer *answer);
/* The same behind another one */
int reader_load_in_batch(struct reader *reader, unsigned int key,
			 unsigned int other, struct answer *answer);
/* The same without waiting for pages: rather "ask" */
int reader_load_hastily(unsigned int key, struct answer *answer);
/* A look at some pages, be there something or not */
void reader_touch(__u64 offset, __u64 len);

#endif
