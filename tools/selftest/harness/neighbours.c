// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "neighbours.h"
#include "stats.h"

#define CGROUP		"/sys/fs/cgroup/selftest-neighbour"
#define PROCESSES	16
#define ROUNDS		3
#define TRIALS		5
#define SAMPLES		16384
#define ENOUGH		300
#define BLOCK		8
#define BASELINE	(150 * MS)
#define ATTACK		(300 * MS)
#define PATIENCE	(8 * SECOND)

/* How much worse it may be: the victim, the owner */
#define VICTIM_RATIO	3
#define OWNER_RATIO	10
#define KILL_TIME	SECOND

/* What is seen of one of the two in a phase */
struct sight {
	__u64	p99;
	__u64	samples;
	__u64	sleeps;
};

struct phase {
	struct sight	victim;
	struct sight	owner;
};

struct trial {
	struct phase	peace[ROUNDS];
	struct phase	war[ROUNDS];
	__u64		steps;		/* of the attack */
	__u64		time;		/* that it took */
	__u64		lock_waits;	/* of the victim */
	__u64		alone;		/* to kill those that spin */
	__u64		took;		/* to kill those that attack */
};

/* In memory that all processes share */
struct stage {
	int			shared;		/* the owner's descriptor */
	int			victims;	/* the victim's map */
	__u64			bytes;		/* of these */
	volatile bool		attacking;
	volatile unsigned int	ready;
	volatile __u64		steps;
	pid_t			pids[PROCESSES];
	struct phase		now;
};

static struct stage *stage;

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

bool neighbours_timed(void)
{
	return access("/proc/lockdep", F_OK);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
}

/* Without the group of root, which would let it in */
static void become(uid_t uid)
{
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(uid, uid, uid));
	ASSERT_EQ(0, setresuid(uid, uid, uid));
}

static void map_users(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(text, sizeof(text), "0 %u 65536\n", SUBORDINATE);
	test_write(path, text);
}

/* As the attacker, in a namespace of users that root gives to that */
static void become_subordinate(uid_t uid)
{
	int fds[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(fds));
	pid = fork();
	if (!pid) {
		close(fds[1]);
		read(fds[0], &c, 1);
		map_users(getppid());
		_exit(EXIT_SUCCESS);
	}
	become(ATTACKER);
	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	close(fds[0]);
	close(fds[1]);
	test_wait(pid);
	ASSERT_EQ(0, setresuid(uid, uid, uid));
}

int neighbours_as(uid_t uid, int (*fn)(void))
{
	int fd;

	ASSERT_EQ(0, setegid(uid) ?: seteuid(uid));
	fd = fn();
	ASSERT_EQ(0, seteuid(0) ?: setegid(0));
	return fd;
}

bool neighbours_refused(int ret)
{
	return ret == -ENOMEM || ret == -ENOSPC || ret == -EDQUOT ||
	       ret == -EMFILE || ret == -ENFILE;
}

unsigned int neighbours_batch(int fd, struct syncmap_op op, __u64 from,
			      unsigned int n)
{
	__u64 keys[SYNCMAP_BATCH_MAX];
	struct syncmap_op ops[SYNCMAP_BATCH_MAX];
	struct syncmap_batch batch = {
		.ops = PTR(ops), .op_size = sizeof(op), .count = n,
	};

	for (unsigned int i = 0; i < n; i++) {
		keys[i] = from + i;
		ops[i] = op;
		ops[i].key = PTR(&keys[i]);
		ops[i].key_len = sizeof(keys[i]);
	}
	if (map_call(fd, SYNCMAP_BATCH, &batch))
		return 0;
	return batch.done - batch.failed;
}

/* Those who are timed */

static void expect_op(int fd, struct syncmap_op op)
{
	EXPECT_EQ(0, map_op(fd, op));
}

/*
 * What is timed: each kind of operation once, on keys of one's own. Together, as
 * else the tick of the clock would decide which of them is the slowest percent.
 */
static void transact(int fd, unsigned int n)
{
	__u64 key = n % (OWNED / 2), other = OWNED / 2 + n % (OWNED / 2);
	__u64 value = n;
	char out[64];

	expect_op(fd, (struct syncmap_op){ .op = SYNCMAP_OP_LOAD,
		KEY_N(&key, 8), OUT(out) });
	expect_op(fd, (struct syncmap_op){ .op = SYNCMAP_OP_STORE,
		KEY_N(&key, 8), VALUE_N(&value, 8) });
	expect_op(fd, (struct syncmap_op){ .op = SYNCMAP_OP_DELETE,
		KEY_N(&other, 8) });
	expect_op(fd, (struct syncmap_op){ .op = SYNCMAP_OP_LOAD_OR_STORE,
		KEY_N(&other, 8), VALUE_N(&value, 8), OUT(out) });
}

struct timing {
	int		fd;
	__u64		n;
	__u64		sleeps;
	__u32		samples[SAMPLES];
};

static __u64 sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

static void time_block(struct timing *timing)
{
	__u64 before = sleeps(), begin, end = now();

	for (int i = 0; i < BLOCK; i++) {
		begin = end;
		transact(timing->fd, timing->n);
		end = now();
		timing->samples[timing->n++ % SAMPLES] =
			end - begin < UINT32_MAX ? end - begin : UINT32_MAX;
	}
	timing->sleeps += sleeps() - before;
}

static int compare(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

static struct sight look(struct timing *timing)
{
	__u64 n = timing->n < SAMPLES ? timing->n : SAMPLES;

	qsort(timing->samples, n, sizeof(timing->samples[0]), compare);
	return (struct sight){
		.p99 = timing->samples[n * 99 / 100],
		.samples = timing->n,
		.sleeps = timing->sleeps,
	};
}

/* Until there is enough to tell a percent, however long it takes, or too long */
static void time_both(int n, void *arg)
{
	static struct timing victim, owner;
	__u64 begin = now(), time = *(__u64 *)arg, passed;

	(void)n;
	pin(1);
	become(VICTIM);
	victim.fd = stage->victims;
	owner.fd = stage->shared;
	do {
		time_block(&victim);
		time_block(&owner);
		passed = now() - begin;
	} while ((passed < time || victim.n < test_times(ENOUGH)) &&
		 passed < PATIENCE && !test_failed());
	stage->now.victim = look(&victim);
	stage->now.owner = look(&owner);
}

static int make_victims(void)
{
	return map_private(SYNCMAP_KEY_U64);
}

static int make_shared(void)
{
	mode_t mask = umask(0);
	int fd = map_create(SHARED, SYNCMAP_KEY_U64, NULL, 0666);

	umask(mask);
	return fd;
}

/* The attackers */

static void spin(void)
{
	for (volatile int i = 0; i < 1000; i++)
		;
}

static void *attack(void *arg)
{
	struct attacker *me = arg;

	for (;;) {
		if (stage->attacking)
			__sync_fetch_and_add(&stage->steps,
					     me->attack->step(me));
		else
			spin();
	}
	return NULL;
}

static void more_files(void)
{
	struct rlimit limit = { 8192, 8192 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

/* One process; what needs privileges comes first */
static void attack_as(int n, void *arg)
{
	const struct attack *what = arg;
	struct attacker me[what->threads];
	pthread_t thread;

	pin(0);
	more_files();
	map_control();
	if (what->memory)
		ASSERT(test_try_write(CGROUP "/cgroup.procs", "0"));
	if (what->subordinate)
		become_subordinate(n + 1);
	else
		become(ATTACKER);
	me[0] = (struct attacker){ .attack = what, .process = n, .fd = -1 };
	me[0].shared = map_open(SHARED, SYNCMAP_ACCESS_READ |
					SYNCMAP_ACCESS_WRITE);
	ASSERT(me[0].shared >= 0);
	if (what->begin)
		what->begin(&me[0]);
	__sync_fetch_and_add(&stage->ready, 1);
	/* Who begins has the processor for itself */
	while (stage->ready < what->processes)
		usleep(1000);
	for (unsigned int i = 1; i < what->threads; i++) {
		me[i] = me[0];
		me[i].thread = i;
		ASSERT_EQ(0, pthread_create(&thread, NULL, attack, &me[i]));
	}
	attack(&me[0]);
}

static void start(const struct attack *what)
{
	stage->ready = 0;
	stage->attacking = false;
	for (unsigned int i = 0; i < what->processes; i++)
		stage->pids[i] = test_fork(attack_as, i, (void *)what);
	while (stage->ready < what->processes) {
		for (unsigned int i = 0; i < what->processes; i++)
			ASSERT_EQ(0, waitpid(stage->pids[i], NULL, WNOHANG));
		usleep(1000);
	}
}

/* How long it takes until the last is gone, with all that it had */
static __u64 kill_all(const struct attack *what)
{
	__u64 begin = now();

	for (unsigned int i = 0; i < what->processes; i++)
		ASSERT_EQ(0, kill(stage->pids[i], SIGKILL));
	for (unsigned int i = 0; i < what->processes; i++)
		ASSERT_EQ(stage->pids[i], waitpid(stage->pids[i], NULL, 0));
	return now() - begin;
}

static void limit_memory(const char *max)
{
	test_try_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	if (!test_try_write(CGROUP "/memory.max", max))
		test_skip("no memory controller at " CGROUP);
}

/* The judge */

static void run_phases(struct phase *phases, bool attacking, __u64 time)
{
	stage->attacking = attacking;
	usleep(50000);
	for (int i = 0; i < ROUNDS; i++) {
		test_wait(test_fork(time_both, 0, &time));
		phases[i] = stage->now;
	}
}

static __u64 median(const struct phase *phases, bool owner)
{
	__u32 p99[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		p99[i] = owner ? phases[i].owner.p99 : phases[i].victim.p99;
	qsort(p99, ROUNDS, sizeof(p99[0]), compare);
	return p99[ROUNDS / 2];
}

/* As often as in peace, but for one transaction of a hundred */
static void judge_sleeps(struct sight peace, struct sight war)
{
	test_note("  victim waited in %llu of %llu transactions (%llu of %llu in peace)",
		  war.sleeps, war.samples, peace.sleeps, peace.samples);
	EXPECT(war.sleeps * peace.samples <=
	       peace.sleeps * war.samples + peace.samples * (war.samples / 100 + 3));
}

static bool is_slow(const struct trial *trial, bool owner)
{
	unsigned int most = owner ? OWNER_RATIO : VICTIM_RATIO;

	return median(trial->war, owner) > most * median(trial->peace, owner);
}

static void tell_times(const struct trial *trial, bool owner)
{
	__u64 before = median(trial->peace, owner);
	__u64 after = median(trial->war, owner);

	test_note("  %s p99 %llu us, %.1f times %llu us",
		  owner ? "owner" : "victim", after / 1000,
		  (double)after / before, before / 1000);
}

static struct sight sum_up(const struct phase *phases)
{
	struct sight sum = { };

	for (int i = 0; i < ROUNDS; i++) {
		sum.samples += phases[i].victim.samples;
		sum.sleeps += phases[i].victim.sleeps;
	}
	return sum;
}

static __u64 rate_of(const struct trial *trial)
{
	return trial->steps * SECOND / trial->time;
}

static void tell_rate(const struct attack *what, const struct trial *trial)
{
	test_note("  %llu %s a second", rate_of(trial), what->what);
}

static __u64 longest_kill(const struct trial *trial)
{
	return KILL_TIME * (neighbours_timed() ? 1 : 5) + 5 * trial->alone;
}

/* A machine that is busy itself may spoil a trial, but hardly each of them */
static bool is_spoilt(const struct attack *what, const struct trial *trial)
{
	return neighbours_timed() &&
	       (is_slow(trial, false) || is_slow(trial, true) ||
		rate_of(trial) < what->floor ||
		trial->took > longest_kill(trial));
}

static void judge(const struct attack *what, const struct trial *trial)
{
	tell_times(trial, false);
	tell_times(trial, true);
	judge_sleeps(sum_up(trial->peace), sum_up(trial->war));
	tell_rate(what, trial);
	/* Those of its own promotions, few as they are */
	test_note("  victim: %llu lock waits", trial->lock_waits);
	EXPECT(trial->lock_waits <= 10);
	test_note("  kill -9 took %llu ms (%llu ms of those that spin)",
		  trial->took / MS, trial->alone / MS);
	EXPECT(trial->took <= longest_kill(trial));
	if (!neighbours_timed())
		return;
	EXPECT(rate_of(trial) >= what->floor);
	EXPECT(!is_slow(trial, false));
	EXPECT(!is_slow(trial, true));
}

/* What is the victim's was nobody else's business, whatever the times were */
static void judge_counts(void)
{
	struct stats stats = stats_get(stage->victims);

	test_note("  victim: throttled %llu times", stats_of(&stats, "throttled"));
	EXPECT_EQ(0, stats_of(&stats, "rejected"));
	EXPECT_EQ(OWNED, stats_of(&stats, "count"));
	EXPECT_EQ(stage->bytes, stats_of(&stats, "bytes"));
}

static unsigned long oom_kills(void)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long n = 0;
	char line[128];

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "oom_kill %lu", &n);
	fclose(file);
	return n;
}

static void fill(int fd)
{
	const __u64 value = 0;
	struct syncmap_op store = {
		.op = SYNCMAP_OP_STORE, VALUE_N(&value, sizeof(value)),
	};

	for (int i = 0; i < OWNED; i += 500)
		ASSERT_EQ(500, neighbours_batch(fd, store, i, 500));
	map_promote(fd);
}

static void set_stage(const struct attack *what)
{
	stage = test_shared(sizeof(*stage));
	stage->victims = neighbours_as(VICTIM, make_victims);
	stage->shared = neighbours_as(OWNER, make_shared);
	ASSERT(stage->victims >= 0 && stage->shared >= 0);
	fill(stage->victims);
	fill(stage->shared);
	stage->bytes = map_info(stage->victims).bytes;
	if (what->memory)
		limit_memory(what->memory);
}

/* For as long as it takes to be one: a step is long where all is slow */
static void run_attack(struct trial *trial)
{
	__u64 begin = now(), steps = stage->steps;

	run_phases(trial->war, true, ATTACK);
	while (stage->steps == steps)
		usleep(10000);
	trial->steps = stage->steps - steps;
	trial->time = now() - begin;
}

/* First those who only spin, then those who attack */
static struct trial run_trial(const struct attack *what)
{
	struct attack idle = *what;
	__u64 waits = map_stat(stage->victims, "lock_waits");
	struct trial trial;

	idle.begin = NULL;
	start(&idle);
	run_phases(trial.peace, false, BASELINE);
	trial.alone = kill_all(&idle);
	start(what);
	run_attack(&trial);
	if (what->check)
		what->check(stage->shared);
	trial.lock_waits = map_stat(stage->victims, "lock_waits") - waits;
	trial.took = kill_all(what);
	return trial;
}

void neighbours_run(const struct attack *what)
{
	unsigned long kills = oom_kills();
	struct trial trial;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		test_skip("one processor");
	set_stage(what);
	pin(1);
	for (int i = 1;; i++) {
		trial = run_trial(what);
		if (!is_spoilt(what, &trial) || i == TRIALS)
			break;
		test_note("  trial %d:", i);
		tell_times(&trial, false);
		tell_times(&trial, true);
		tell_rate(what, &trial);
	}
	judge(what, &trial);
	judge_counts();
	if (!what->memory)
		EXPECT_EQ(kills, oom_kills());
	rmdir(CGROUP);
}
