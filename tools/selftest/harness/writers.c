// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stats.h"
#include "writers.h"

struct writer {
	struct writers	*writers;
	int		fd;
	unsigned int	key;
	__u64		one;
	char		text[REPLICA_VALUE];
	char		out[REPLICA_VALUE];
};

static void note(const struct writer *writer, bool changed)
{
	if (changed && got.revision < WRITERS_LOG)
		writer->writers->log[got.revision] = 1 + writer->key;
}

static int do_op(const struct writer *writer, struct syncmap_op op)
{
	int ret;

	op.key = PTR(replica_key(writer->key));
	op.key_len = REPLICA_KEY_LEN;
	ret = map_op(writer->fd, op);
	EXPECT(!ret || ret == -ENOENT || ret == -EBUSY || ret == -EAGAIN ||
	       ret == -ESTALE || (ret == -EFBIG && op.op == SYNCMAP_OP_APPEND));
	return ret;
}

#define ON_KEY(writer, code, ...)					\
	do_op(writer, (struct syncmap_op){ .op = SYNCMAP_OP_##code,	\
					   __VA_ARGS__ })

/* Copied and held ones, in place and replaced */
static __u32 any_length(const struct writer *writer)
{
	static const __u32 lens[] = { 0, 1, 60, 64, 65, 256, 257, REPLICA_VALUE };

	if (replica_is_counter(writer->key))
		return sizeof(__u64);
	return lens[test_random() % ARRAY_SIZE(lens)];
}

static __u64 any_deadline(void)
{
	switch (test_random() % 8) {
	case 0:
		return 1;
	case 1:
		return map_now() + test_random() % (20 * MS);
	case 2:
		return map_now() + 60 * SECOND;
	}
	return 0;
}

static __u32 any_owner(void)
{
	return test_random() % 8 ? 0 : SYNCMAP_FLAG_OWNED;
}

#define NEW(w)	VALUE_N((w)->text, any_length(w)), \
		.deadline = any_deadline(), .flags = any_owner()

static void compare(const struct writer *w)
{
	__u64 revision;
	__u32 len;

	if (ON_KEY(w, LOAD, OUT(w->out)))
		return;
	revision = got.revision;
	len = got.out_len;
	switch (test_random() % 4) {
	case 0:
		return note(w, !ON_KEY(w, COMPARE_AND_SWAP, REVISION(revision),
				       VALUE_N(w->text, any_length(w)),
				       .deadline = any_deadline()));
	case 1:
		return note(w, !ON_KEY(w, COMPARE_AND_SWAP, OLD_N(w->out, len),
				       NEW(w)));
	case 2:
		return note(w, !ON_KEY(w, COMPARE_AND_DELETE,
				       REVISION(revision)));
	}
	note(w, !ON_KEY(w, COMPARE_AND_DELETE, OLD_N(w->out, len)));
}

static void lease(const struct writer *w)
{
	if (ON_KEY(w, LOAD_OR_LEASE, .flags = SYNCMAP_FLAG_NOWAIT) ||
	    !(got.result & SYNCMAP_RESULT_LEASED))
		return;
	switch (test_random() % 4) {
	case 0:
		return;
	case 1:
		ON_KEY(w, UNLEASE, .token = got.leased);
		return;
	}
	note(w, !ON_KEY(w, STORE, .token = got.leased, NEW(w)));
}

static void delete(const struct writer *w)
{
	bool done = test_random() % 2 ? !ON_KEY(w, DELETE) :
					!ON_KEY(w, LOAD_AND_DELETE);

	note(w, done && got.result & SYNCMAP_RESULT_LOADED);
}

/* What concerns the whole map, and all that the writer has a claim to */
static void do_more(struct writer *w)
{
	switch (test_random() % 8) {
	case 0:
		if (w->writers->clear)
			map_clear(w->fd);
		break;
	case 1:
		map_promote(w->fd);
		break;
	case 2:
		close(w->fd);
		w->fd = map_open(WRITERS_MAP, SYNCMAP_ACCESS_READ |
					      SYNCMAP_ACCESS_WRITE);
		ASSERT(w->fd >= 0);
	}
}

static void add(const struct writer *w)
{
	note(w, !ON_KEY(w, ADD, .operand = 1,
			.flags = SYNCMAP_FLAG_INITIAL));
}

/* As far as a replica has room */
static void append(const struct writer *w)
{
	if (!replica_is_counter(w->key))
		note(w, !ON_KEY(w, APPEND, NEW(w)));
}

static void load_or_store(const struct writer *w)
{
	note(w, !ON_KEY(w, LOAD_OR_STORE, NEW(w)) &&
		!(got.result & SYNCMAP_RESULT_LOADED));
}

static void step(struct writer *w)
{
	w->key = test_random() % REPLICA_KEYS;
	if (replica_is_counter(w->key) && test_random() % 4)
		return add(w);
	switch (test_random() % 12) {
	case 0:
		return load_or_store(w);
	case 1:
		return note(w, !ON_KEY(w, SWAP, NEW(w)));
	case 2:
		return compare(w);
	case 3:
		return lease(w);
	case 4:
		return delete(w);
	case 5:
		ON_KEY(w, TOUCH, .deadline = any_deadline());
		return;
	case 6:
	case 7:
		return append(w);
	}
	note(w, !ON_KEY(w, STORE, NEW(w)));
}

static void run(int n, void *arg)
{
	struct writer writer = { .writers = arg };

	writer.fd = map_open(WRITERS_MAP, SYNCMAP_ACCESS_READ |
					  SYNCMAP_ACCESS_WRITE);
	ASSERT(writer.fd >= 0);
	while (!test_failed()) {
		memset(writer.text, 'a' + test_random() % 26,
		       sizeof(writer.text));
		step(&writer);
		if (test_random() % 64 == 0)
			do_more(&writer);
	}
	(void)n;
}

/* Each is another one to the random numbers */
static void start(struct writers *writers, unsigned int i)
{
	test_random();
	writers->pids[i] = test_fork(run, i, writers);
}

struct writers *writers_new(unsigned int n, bool clear)
{
	struct writers *writers = test_shared(sizeof(*writers));

	writers->n = n;
	writers->clear = clear;
	return writers;
}

int writers_start(struct writers *writers)
{
	const struct syncmap_limits limits = { .value_size = REPLICA_VALUE };
	int map = map_create(WRITERS_MAP, SYNCMAP_KEY_STRING, &limits, 0600);

	ASSERT(map >= 0);
	for (unsigned int i = 0; i < writers->n; i++)
		start(writers, i);
	return map;
}

static void stop(const struct writers *writers, unsigned int i)
{
	int status;

	ASSERT_EQ(0, kill(writers->pids[i], SIGKILL));
	ASSERT_EQ(writers->pids[i], waitpid(writers->pids[i], &status, 0));
	EXPECT(WIFSIGNALED(status));
}

void writers_replace(struct writers *writers)
{
	unsigned int i = test_random() % writers->n;

	stop(writers, i);
	start(writers, i);
}

static bool is_quiet(int map)
{
	struct stats stats = stats_get(map);

	return !stats_of(&stats, "expiring") && !stats_of(&stats, "leases") &&
	       !stats_of(&stats, "owned");
}

void writers_stop(struct writers *writers, int map)
{
	for (unsigned int i = 0; i < writers->n; i++)
		stop(writers, i);
	for (unsigned int n = 0; n < REPLICA_KEYS; n++)
		DO(map, TOUCH, KEY_N(replica_key(n), REPLICA_KEY_LEN),
		   .deadline = SYNCMAP_NEVER);
	while (!is_quiet(map))
		usleep(1000);
	writers->ended = true;
}
