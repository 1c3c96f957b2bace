/* SPDX-License-Identifier: GPL-2.0-only */
/* Leases in a test: of the key "k" in the map LEASES */
#ifndef LEASES_H
#define LEASES_H

#include "map.h"

#define LEASES		TEST_NAME "lease"

#define WAIT		.wait_until = SYNCMAP_NEVER
#define NOWAIT		.flags = SYNCMAP_FLAG_NOWAIT

/* The map, made; another client of it */
int leases_map(void);
int leases_client(void);

/* Become the holder; the token */
__u64 leases_take(int fd);

/* A place in line; or a negative errno */
int leases_await_fd(int fd, __u64 lease_for);

/*
 * LOAD_OR_LEASE, which waits for as long as it takes: in the call, or in a place
 * in line. @out may be NULL
 */
int leases_wait(int fd, bool in_place, char *out, __u32 size);

void leases_expect_value(int fd, const char *value);

/* Nothing is left. Descriptors are released behind a process's back, but soon */
void leases_expect_clean(int fd);

/* Until so many operations have waited */
void leases_await(int fd, __u64 n);

/* Processes that wait, in this order */
void leases_crowd(int fd, pid_t *pids, int n, void (*fn)(int n, void *arg),
		  void *arg);

/* What others do to the key in the meantime; ends with one that has no name */
struct meddling {
	const char		*name;
	struct syncmap_op	op;
	int			ret;
	bool			keeps;	/* the lease goes on */
	bool			stores;
};

extern const struct meddling leases_meddling[];

void leases_meddle(int fd, const struct meddling *m);

#endif /* LEASES_H */
