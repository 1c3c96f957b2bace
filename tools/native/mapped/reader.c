// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who maps the map, and loads from there, and asks the kernel in turn. What it
 * knows by either way, and from others, must fit together.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shared.h"

#define PAGE	4096UL

/* Loads of a batch: more than are under way at a time */
#define BATCH	40

/* Time passes between any two loads from a mapping */
void reader_step(const volatile void *address);

/* What the kernel's side says the time is, and never goes back */
#define clock_gettime(clock, now)					\
	(reader_step(NULL), clock_gettime(CLOCK_MONOTONIC, now))
#define __atomic_load_n(p, order)					\
	(reader_step(p), __atomic_load_n(p, order))
#ifdef __SSE2__
#include <emmintrin.h>

#define _mm_loadu_si128(p)	(reader_step(p), _mm_loadu_si128(p))
#endif

#include "syncmap_mapped.h"

#undef _mm_loadu_si128
#undef __atomic_load_n
#undef clock_gettime

static __thread struct reader *self;

/* Who does not wait for a page, as it is in the midst of what brings it */
static __thread sigjmp_buf without;
static __thread bool is_hasty;

/* Bells */

static void futex(__u32 *word, int op, __u32 value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void set_bell(struct bell *bell, __u32 what)
{
	__atomic_store_n(&bell->what, what, __ATOMIC_SEQ_CST);
	futex(&bell->what, FUTEX_WAKE, 1);
}

void reader_ring(struct bell *bell, __u32 what)
{
	set_bell(bell, what);
}

void reader_rest(struct bell *bell)
{
	set_bell(bell, 0);
}

__u32 reader_wait(struct bell *bell)
{
	__u32 what;

	while (!(what = __atomic_load_n(&bell->what, __ATOMIC_ACQUIRE)))
		futex(&bell->what, FUTEX_WAIT, 0);
	return what;
}

void reader_wait_rest(struct bell *bell)
{
	__u32 what;

	while ((what = __atomic_load_n(&bell->what, __ATOMIC_ACQUIRE)))
		futex(&bell->what, FUTEX_WAIT, what);
}

/* From a handler of signals, too */
static void ask_kernel(enum request request, __u64 argument)
{
	self->argument = argument;
	reader_ring(&self->request, request);
	reader_wait_rest(&self->request);
}

/* What is there */

__u64 reader_random(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

__u64 reader_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The first word is drawn, and with the key it says all that follow */
static __u64 content_word(unsigned int key, __u64 nonce, __u32 at)
{
	__u64 state = nonce + ((__u64)key << 32) + at;

	return at ? reader_random(&state) : nonce;
}

void reader_fill(unsigned int key, __u64 nonce, void *bytes, __u32 len)
{
	__u64 word;
	__u32 at;

	for (at = 0; at < len; at += 8) {
		word = content_word(key, nonce, at);
		memcpy((char *)bytes + at, &word, len - at < 8 ? len - at : 8);
	}
}

static bool is_whole(unsigned int key, const char *bytes, __u32 len)
{
	__u64 nonce, word;
	__u32 at;

	if (len < 8)
		return true;
	memcpy(&nonce, bytes, sizeof(nonce));
	if (nonce % KEYS != key)
		return false;
	for (at = 8; at < len; at += 8) {
		word = content_word(key, nonce, at);
		if (memcmp(bytes + at, &word, len - at < 8 ? len - at : 8))
			return false;
	}
	return true;
}

/* What is appended begins anew */
bool reader_is_content(unsigned int key, const void *bytes, __u32 len)
{
	__u32 at;

	if (!key_is_log(key))
		return is_whole(key, bytes, len);
	for (at = 0; at < len; at += PIECE)
		if (!is_whole(key, (const char *)bytes + at, PIECE))
			return false;
	return true;
}

void reader_fail(const char *what, unsigned int key, __u64 a, __u64 b)
{
	if (!__atomic_exchange_n(&shared->failed, 1, __ATOMIC_SEQ_CST))
		snprintf(shared->what, sizeof(shared->what),
			 "key %u %s: %llu, %llu", key, what, a, b);
	__atomic_store_n(&shared->stop, 1, __ATOMIC_SEQ_CST);
}

bool reader_is_stopped(void)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

/* A mapping, whose pages come when they are touched */

/* It is no write, as ThreadSanitizer takes mmap() to be */
void reader_show(unsigned long at, size_t len, long page)
{
	long shown;

	if (page < 0)
		shown = syscall(SYS_mmap, at, len, PROT_NONE, MAP_PRIVATE |
				MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0L);
	else
		shown = syscall(SYS_mmap, at, len, PROT_READ,
				MAP_SHARED | MAP_FIXED, page_file, page * PAGE);
	if (shown != at)
		abort();
}

static void fault(int signal, siginfo_t *info, void *context)
{
	static const char text[] = "FAILED: there is nothing at an address\n";
	unsigned long at = (unsigned long)info->si_addr;

	(void)signal, (void)context;
	if (!self || at - (unsigned long)self->base >= self->size) {
		(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
		abort();
	}
	if (is_hasty)
		siglongjmp(without, 1);
	self->counts.faults++;
	ask_kernel(REQUEST_FAULT, at);
}

static void begin(struct reader *reader)
{
	struct sigaction action = { .sa_sigaction = fault };

	action.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGSEGV, &action, NULL);
	self = reader;
	reader->base = mmap(NULL, reader->size, PROT_NONE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reader->base == MAP_FAILED)
		abort();
}

static bool map_it(struct syncmap_mapped *mapped)
{
	ask_kernel(REQUEST_MAP, 0);
	if (self->answer.ret)
		return false;
	self->counts.maps++;
	if (syncmap_mapped_attach(mapped, self->base, self->size)) {
		reader_fail("is no mapping", 0, 0, 0);
		return false;
	}
	return true;
}

/* Who follows a name, see <linux/syncmap_mapped.h> */

static __thread struct {
	bool	named;		/* the kernel has said that the map has it, */
	__u64	moved;		/* when so many had gone, as the head counts */
	__u64	ended;		/* so many had gone by then, others go later */
} follow;

static __u64 read_moved(const struct syncmap_mapped *mapped)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)mapped->base;

	return __atomic_load_n(&head->moved, __ATOMIC_ACQUIRE);
}

static void follow_name(const struct syncmap_mapped *mapped)
{
	follow.moved = read_moved(mapped);
	ask_kernel(REQUEST_NAMED, 0);
	follow.named = self->answer.ret;
	follow.ended = __atomic_load_n(&shared->names_ended, __ATOMIC_SEQ_CST);
}

/* After a load that has begun when @ended had gone */
static void look_for_name(const struct syncmap_mapped *mapped, unsigned int k,
			  __u64 ended)
{
	__u64 moved = read_moved(mapped);

	self->counts.followed += follow.named;
	if (follow.named && moved == follow.moved && ended > follow.ended)
		reader_fail("has no name any more", k, ended, follow.ended);
	if (moved == follow.moved)
		return;
	self->counts.moved++;
	follow_name(mapped);
}

/* Loads */

/* Now and then there is little room */
static __u32 room_for(unsigned int k)
{
	return k % 7 == 3 ? 40 : VALUE_SIZE;
}

static void take_result(struct answer *answer, int ret,
			const struct syncmap_mapped_result *result)
{
	answer->ret = ret;
	answer->revision = result->revision;
	answer->deadline = result->deadline;
	answer->len = result->len;
}

static void load_mapped(const struct syncmap_mapped *mapped, unsigned int k,
			struct answer *answer)
{
	const struct key *key = &shared->key[k];
	struct syncmap_mapped_result result = { };
	__u64 number;
	int ret;

	if (shared->integers) {
		memcpy(&number, key->bytes, sizeof(number));
		ret = syncmap_mapped_load_u64(mapped, number, answer->bytes,
					      room_for(k), &result);
	} else {
		ret = syncmap_mapped_load(mapped, key->bytes, key->len,
					  answer->bytes, room_for(k), &result);
	}
	take_result(answer, ret, &result);
}

static void load_by_kernel(unsigned int k, struct answer *answer)
{
	ask_kernel(REQUEST_LOAD, k);
	*answer = self->answer;
	self->counts.kernel++;
}

static __u64 get(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void raise_to(__u64 *p, __u64 value)
{
	__u64 old = get(p);

	while (old < value &&
	       !__atomic_compare_exchange_n(p, &old, value, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* What one knows before a load, or after it */
struct known {
	__u64		alive;
	__u64		dead;
	__u64		begun;
	__u64		ended;
	__u64		names;		/* that have gone */
	__u64		now;
	struct told	told;
};

static void look_around(unsigned int k, struct known *known)
{
	const struct told *told = &shared->told[k];

	known->alive = get(&shared->seen[k].alive);
	known->dead = get(&shared->seen[k].dead);
	known->ended = get(&shared->clears_ended);
	known->names = get(&shared->names_ended);
	known->told.seq = get(&told->seq);
	known->told.loose = __atomic_load_n(&told->loose, __ATOMIC_RELAXED);
	known->told.revision = __atomic_load_n(&told->revision, __ATOMIC_RELAXED);
	known->told.deadline = __atomic_load_n(&told->deadline, __ATOMIC_RELAXED);
	known->told.before = __atomic_load_n(&told->before, __ATOMIC_RELAXED);
	known->told.clears = __atomic_load_n(&told->clears, __ATOMIC_RELAXED);
	/* Pairs with that of who writes it */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (get(&told->seq) != known->told.seq)
		known->told.seq = 1;
	known->begun = get(&shared->clears_begun);
	known->now = reader_now();
}

static void judge_found(unsigned int k, const struct answer *answer,
			const struct known *before)
{
	if (answer->revision < before->alive)
		reader_fail("goes back", k, answer->revision, before->alive);
	if (answer->revision <= before->dead)
		reader_fail("comes back", k, answer->revision, before->dead);
	if (!answer->ret && !reader_is_content(k, answer->bytes, answer->len))
		reader_fail("is torn", k, answer->revision, answer->len);
	raise_to(&shared->seen[k].alive, answer->revision);
}

static void judge_late(unsigned int k, const struct answer *answer, bool found,
		       const struct known *before, const struct known *after)
{
	__u64 deadline = before->told.deadline;

	if (found && before->now >= deadline)
		reader_fail("is late", k, before->now, deadline);
	if (!found && after->now < deadline)
		reader_fail("is not there", k, after->now, deadline);
	if (found && answer->revision != before->told.revision)
		reader_fail("is another one", k, answer->revision,
			    before->told.revision);
	if (found && answer->deadline != deadline)
		reader_fail("has another deadline", k, answer->deadline, deadline);
}

/* Nobody has written it meanwhile; there may have been a Clear */
static void judge_exactly(unsigned int k, const struct answer *answer, bool found,
			  const struct known *before, const struct known *after)
{
	const struct told *told = &before->told;

	if (key_is_for_all(k) || told->seq % 2 || told->seq != after->told.seq ||
	    told->loose)
		return;
	if (!told->revision || before->ended > told->clears) {
		self->counts.exact++;
		if (found)
			reader_fail("is gone", k, answer->revision, told->revision);
	} else if (after->begun == told->before) {
		self->counts.exact++;
		judge_late(k, answer, found, before, after);
	}
}

static void judge(unsigned int k, const struct answer *answer,
		  const struct known *before)
{
	struct known after;
	bool found = !answer->ret || answer->ret == -EMSGSIZE;

	look_around(k, &after);
	if (found)
		judge_found(k, answer, before);
	else if (answer->ret == -ENOENT)
		raise_to(&shared->seen[k].dead, before->alive);
	else
		reader_fail("fails", k, -answer->ret, 0);
	judge_exactly(k, answer, found, before, &after);
}

static void count(const struct answer *answer)
{
	struct counts *counts = &self->counts;

	counts->mapped++;
	counts->found += !answer->ret;
	counts->absent += answer->ret == -ENOENT;
	counts->longer += answer->ret == -EMSGSIZE;
	counts->asked += answer->ret == SYNCMAP_MAPPED_ASK;
}

static void end_load(unsigned int k, struct answer *answer,
		     const struct known *before)
{
	count(answer);
	if (answer->ret == SYNCMAP_MAPPED_ASK)
		load_by_kernel(k, answer);
	judge(k, answer, before);
}

static void load(const struct syncmap_mapped *mapped, unsigned int k, bool asks)
{
	static __thread struct answer answer;
	struct known before;

	look_around(k, &before);
	if (asks) {
		load_by_kernel(k, &answer);
		judge(k, &answer, &before);
		return;
	}
	load_mapped(mapped, k, &answer);
	look_for_name(mapped, k, before.names);
	end_load(k, &answer, &before);
}

/* Each has an instant of its own, between the beginning and the end */
static void load_batch(const struct syncmap_mapped *mapped, const unsigned int *keys)
{
	static __thread struct answer answers[BATCH];
	struct syncmap_mapped_item items[BATCH];
	struct known before[BATCH];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		look_around(keys[i], &before[i]);
		items[i] = (struct syncmap_mapped_item){
			.key = shared->key[keys[i]].bytes,
			.key_len = shared->key[keys[i]].len,
			.buf = answers[i].bytes, .size = room_for(keys[i]),
		};
	}
	syncmap_mapped_load_batch(mapped, items, BATCH);
	for (i = 0; i < BATCH; i++) {
		take_result(&answers[i], items[i].status, &items[i].result);
		end_load(keys[i], &answers[i], &before[i]);
	}
}

/* Some keys are looked at by all, all the time */
static unsigned int some_key(__u64 *state)
{
	__u64 random = reader_random(state);

	return (random >> 8) % (random & 1 ? 16 : KEYS);
}

static void look_for_index(const struct syncmap_mapped *mapped, __u64 *last)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)mapped->base;
	__u64 shift = syncmap_mapped_read(&head->word) >>
		      SYNCMAP_MAPPED_SHIFT & 63;

	self->counts.indexes += shift != *last;
	*last = shift;
}

/* By one way after the other, and by each after the other one */
static void read_on(const struct syncmap_mapped *mapped, __u64 *random)
{
	__u64 shift = 0;
	unsigned int keys[BATCH], n, i;

	for (n = 0; n < 2000 && !reader_is_stopped(); n++) {
		for (i = 0; i < BATCH; i++)
			keys[i] = some_key(random);
		load(mapped, keys[0], false);
		if (n & 15)
			continue;
		load(mapped, keys[0], n & 16);
		load(mapped, keys[0], !(n & 16));
		load_batch(mapped, keys);
		look_for_index(mapped, &shift);
	}
}

/* In the process in which it runs, whatever that is */
void reader_run(struct reader *reader)
{
	__u64 random = shared->seed + reader->id;
	struct syncmap_mapped mapped;
	unsigned int n;

	begin(reader);
	while (!reader_is_stopped()) {
		if (!map_it(&mapped)) {
			for (n = 0; n < 50; n++)
				load(NULL, some_key(&random), true);
			reader->counts.unmapped += n;
			continue;
		}
		follow_name(&mapped);
		for (n = 0; n < 8 && !reader_is_stopped(); n++)
			read_on(&mapped, &random);
		ask_kernel(REQUEST_UNMAP, 0);
	}
	ask_kernel(REQUEST_END, 0);
}

static __thread struct syncmap_mapped once;

/* There is no mapping of a map without a mirror */
static bool has_mapped(struct reader *reader)
{
	static __thread bool mapped;

	if (self != reader) {
		mapped = false;
		begin(reader);
	}
	mapped = mapped || map_it(&once);
	return mapped;
}

int reader_load_once(struct reader *reader, unsigned int key, struct answer *answer)
{
	answer->ret = SYNCMAP_MAPPED_ASK;
	if (has_mapped(reader))
		load_mapped(&once, key, answer);
	return answer->ret;
}

int reader_load_in_batch(struct reader *reader, unsigned int key,
			 unsigned int other, struct answer *answer)
{
	const struct key *keys[] = { &shared->key[other], &shared->key[key] };
	static __thread char bytes[VALUE_SIZE];
	struct syncmap_mapped_item items[] = {
		{ .key = keys[0]->bytes, .key_len = keys[0]->len, .buf = bytes,
		  .size = VALUE_SIZE },
		{ .key = keys[1]->bytes, .key_len = keys[1]->len,
		  .buf = answer->bytes, .size = room_for(key) },
	};

	answer->ret = SYNCMAP_MAPPED_ASK;
	if (!has_mapped(reader))
		return answer->ret;
	syncmap_mapped_load_batch(&once, items, 2);
	take_result(answer, items[1].status, &items[1].result);
	return answer->ret;
}

void reader_touch(__u64 offset, __u64 len)
{
	__u64 at;

	for (at = offset; at < offset + len; at += PAGE)
		syncmap_mapped_read((const __u64 *)(once.base + at));
}

int reader_load_hastily(unsigned int key, struct answer *answer)
{
	answer->ret = SYNCMAP_MAPPED_ASK;
	is_hasty = true;
	if (!sigsetjmp(without, 1))
		load_mapped(&once, key, answer);
	is_hasty = false;
	return answer->ret;
}

/* Does what the kernel says to the tables of pages of this process */
static void *show_pages(void *arg)
{
	struct reader *reader = arg;

	for (;;) {
		reader_wait(&reader->show);
		reader_show(reader->show_at, reader->show_len, reader->show_page);
		reader_rest(&reader->show);
	}
	return NULL;
}

void reader_run_process(struct reader *reader)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, show_pages, reader))
		abort();
	reader_run(reader);
	_exit(0);
}
