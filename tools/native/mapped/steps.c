// SPDX-License-Identifier: GPL-2.0-only
/*
 * One in the midst of the other: a change at each step of a load from a mapping;
 * such a load at each step of a change; and a change at each step of another one,
 * as far as the two go together. What is seen is what was there before the change,
 * or comes after it, and whoever has seen that, by whatever way, goes not back.
 *
 * Usage: steps [-x] [pairs [NAME]]: without, the last of these is left out. NAME: one
 * of the changes. -x: the first that fails is the last.
 */
#include <pthread.h>
#include <unistd.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/string.h>

#include "module/store/mirror.c"
#include "module/core/core.h"
#include "module/store/clear.h"
#include "module/store/client.h"
#include "module/store/fresh.h"
#include "module/store/job.h"
#include "module/store/map.h"
#include "module/store/op.h"
#include "module/store/request.h"
#include "module/store/set.h"
#include "module/store/sweep.h"

#include "kernel.h"

/* What is looked at, and who gets what it had; of the bucket that is full */
#define KEY		5
#define OTHER		6
#define IN_FLOOD	(KEYS - 1)
#define FILLERS		420

#define SOON		(300 * 1000)
#define LARGE		4000
#define STATES		32

/* Of the arena, more than are ever used */
#define PAGES		48

/* With a change that takes no step, as the other one stands still */
#define PATIENCE_MS	1

/* Of long changes not each step is tried */
#define STRIDE		32

/* Of the work, more than there ever are */
#define PORTIONS	20000

/* What is seen of the key by one way: 0 is absent, else the revision */
#define ASKED		(~0ULL)

struct scenario {
	const char	*name;
	unsigned int	key;
	void		(*prepare)(void);
	void		(*change)(void);
	void		(*at_first)(void);	/* when a load or a change begins */
	bool		owned;		/* or too long: the mapping does not tell */
	bool		keeps;		/* what the key has */
};

static struct reader *looker;
static struct bytemap_client *client;
static const struct scenario *scenario;
static u64 nonces, looks, asks;

/* What the key was, in this order, as the store says */
static u64 truths[STATES];
static unsigned int nr_truths;

bool shim_points = true;

/* What this thread does at its steps, and after how many */
static __thread void (*at_step)(void);
static __thread unsigned int steps;
static void (*in_load)(void);

void shim_reach(const volatile void *address, bool write)
{
	void (*fn)(void) = at_step;

	if (!fn)
		return;
	steps++;
	at_step = NULL;
	fn();
	at_step = fn;
}

bool shim_at_hand(void)
{
	return true;
}

void reader_step(const volatile void *address)
{
	void (*fn)(void) = in_load;

	if (!fn)
		return;
	steps++;
	in_load = NULL;
	fn();
	in_load = fn;
}

static void wrong(const char *what, u64 a, u64 b)
{
	char text[100];

	snprintf(text, sizeof(text), "%s: %s", scenario->name, what);
	reader_fail(text, scenario->key, a, b);
}

/* Changes */

static int operate(unsigned int k, struct syncmap_op *op)
{
	static __thread u8 value[VALUE_SIZE];
	const struct key *key = &shared->key[k];
	struct syncmap_answer answer = { };
	struct bytemap_request req = {
		.op = op, .answer = &answer, .client = client,
		.key = key->bytes, .value = value,
	};
	int err = 0;

	op->key_len = key->len;
	reader_fill(k, ++nonces * KEYS + k, value, op->value_len);
	if (op->value_len > BYTEMAP_SMALL) {
		err = bytemap_fresh_for(the_map, &req);
		memcpy(req.fresh->bytes, value, op->value_len);
		req.value = req.fresh->bytes;
	}
	err = err ?: bytemap_op(the_map, &req);
	bytemap_request_release(&req);
	return err;
}

static void store_until(unsigned int k, u32 len, u64 deadline, u32 flags)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_STORE, .value_len = len, .deadline = deadline,
		.flags = flags,
	};
	int err = operate(k, &op);

	if (err)
		wrong("is not stored", -err, len);
}

static void store(unsigned int k, u32 len)
{
	store_until(k, len, 0, 0);
}

static void delete(unsigned int k)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_DELETE };

	operate(k, &op);
}

static void touch(unsigned int k, u64 deadline)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_TOUCH, .deadline = deadline };

	operate(k, &op);
}

static void do_nothing(struct work_struct *work)
{
}

static pthread_mutex_t at_work = PTHREAD_MUTEX_INITIALIZER;
static unsigned int portions;

/* All that there is to do, and nobody else does it, nor works at it now */
static void work_off(void)
{
	struct bytemap_mirror *mirror = the_map->mirror;
	unsigned long pause;
	unsigned int n = 0;

	pthread_mutex_lock(&at_work);
	mirror->repair_due = jiffies;
	mirror->retry_due = jiffies;
	mirror->arena.retry = jiffies;
	while ((pause = work_portion(mirror)) <= 1 && n < PORTIONS) {
		n++;
		WRITE_ONCE(portions, portions + 1);
		/* It waits for somebody */
		if (pause)
			usleep(100);
	}
	if (n == PORTIONS)
		wrong("the work does not end", mirror->phase, 0);
	pthread_mutex_unlock(&at_work);
}

static void fill_up(void)
{
	unsigned int k;

	for (k = 7; k < FILLERS; k++)
		store(k, 8);
}

static void empty_out(void)
{
	unsigned int k;

	for (k = 7; k < FILLERS; k++)
		delete(k);
}

static void clear_all(void)
{
	if (bytemap_clear(the_map) || bytemap_clear_wait(the_map))
		wrong("is not cleared", 0, 0);
}

/* Loads */

static u64 what_is_there(void)
{
	static __thread struct answer answer;

	return serve_load(scenario->key, &answer) ? 0 : answer.revision;
}

static u64 judge(const struct answer *answer)
{
	looks++;
	asks += answer->ret == 1;
	if (answer->ret == 1)
		return ASKED;
	if (answer->ret == -ENOENT)
		return 0;
	if (!answer->ret && !reader_is_content(scenario->key, answer->bytes,
					       answer->len))
		wrong("is torn", answer->revision, answer->len);
	return answer->revision;
}

static bool in_batch;

static u64 what_is_shown(void)
{
	static __thread struct answer answer;

	if (in_batch)
		reader_load_in_batch(looker, scenario->key, OTHER, &answer);
	else
		reader_load_once(looker, scenario->key, &answer);
	return judge(&answer);
}

static u64 what_is_shown_now(void)
{
	static __thread struct answer answer;

	reader_load_hastily(scenario->key, &answer);
	return judge(&answer);
}

/* For changes that consist of several */
static void note_state(void)
{
	if (nr_truths < STATES)
		truths[nr_truths++] = what_is_there();
}

/* Whether processes are to load from it */
static void set_mapped(u32 flag)
{
	const struct syncmap_set set = { .flags = flag };
	struct syncmap_error error = { };

	if (bytemap_set(the_map, &set, &error))
		wrong("is not set", flag, 0);
	work_off();
}

static void begin_now(void)
{
	if (scenario->at_first)
		scenario->at_first();
}

static void reset(void)
{
	clear_all();
	set_mapped(SYNCMAP_SET_MAPPED);
	nr_truths = 0;
	/* What is there, and what is not yet */
	what_is_shown();
	reader_touch(the_map->mirror->arena_at, PAGES * PAGE_SIZE);
	scenario->prepare();
	note_state();
	what_is_shown();
	begin_now();
}

static void expect_truth(u64 shown)
{
	u64 truth = what_is_there();

	if (shown != ASKED && shown != truth)
		wrong("differs in the end", shown, truth);
}

static void hide_all(void)
{
	unmap_mapping_range(&the_map->mapping, 0, shared->size, 1);
}

/* What a fault shows where it finds nothing */
static void show_zeroes(void)
{
	u64 at;

	for (at = 0; at < PAGES * PAGE_SIZE; at += PAGE_SIZE)
		reader_show((unsigned long)looker->base +
			    the_map->mirror->arena_at + at, PAGE_SIZE, 0);
}

static void store_and_show_zeroes(void)
{
	store(scenario->key, 20);
	show_zeroes();
}

static bool is_zero(const struct page *page)
{
	return !memchr_inv(page_address(page), 0, PAGE_SIZE);
}

/*
 * What is mapped is what there is now, for nobody comes back to it; or zeroes where a
 * page waits to be used
 */
static void expect_pages(void)
{
	struct bytemap_mirror *mirror = the_map->mirror;
	struct page *shown, *page;
	u64 at;

	for (at = 0; at < mirror->arena_at + PAGES * PAGE_SIZE; at += PAGE_SIZE) {
		shown = serve_area->shown[at / PAGE_SIZE];
		rcu_read_lock();
		page = bytemap_mirror_page(mirror, at);
		rcu_read_unlock();
		if (shown == ZERO_PAGE(0) && (!page || is_zero(page)))
			continue;
		if (shown && shown != page)
			wrong("another page is mapped", at, page_to_pfn(shown));
	}
}

/* When the work is done, what is not full is not asked for */
static void end(void)
{
	if (scenario->change == hide_all)
		hide_all();
	expect_pages();
	expect_truth(what_is_shown());
	work_off();
	expect_pages();
	expect_truth(what_is_shown());
	if (bytemap_is_mirrored(the_map) && scenario->key != IN_FLOOD &&
	    !scenario->owned && what_is_shown() == ASKED)
		wrong("is asked for in the end", 0, 0);
}

/* A change at a step of a load */

static unsigned int change_at;

static void change_now(void)
{
	if (steps == 1)
		begin_now();
	if (steps != change_at)
		return;
	scenario->change();
	note_state();
}

static bool was_true(u64 shown)
{
	unsigned int i;

	for (i = 0; i < nr_truths; i++)
		if (truths[i] == shown)
			return true;
	return shown == ASKED;
}

/* Return: whether there were as many steps */
static bool change_in_load(unsigned int at)
{
	u64 shown;

	reset();
	change_at = at;
	steps = 0;
	in_load = change_now;
	shown = what_is_shown();
	in_load = NULL;
	if (!was_true(shown))
		wrong("has never been so", shown, truths[0]);
	if (steps < at)
		return false;
	end();
	return true;
}

/* A load at each step of a change */

static u64 last_truth;
static u64 shown_since[256];
static unsigned int nr_shown;

/* Meanwhile it was what it had been, or what it is now, and did not go back */
static void judge_since(u64 truth)
{
	bool changed = false;
	unsigned int i;

	for (i = 0; i < nr_shown; i++) {
		if (shown_since[i] == ASKED)
			continue;
		changed |= shown_since[i] != last_truth;
		if (changed && shown_since[i] != truth)
			wrong("goes back", shown_since[i], truth);
	}
	nr_shown = 0;
	last_truth = truth;
}

/* Who holds a lock may have changed it or not: that is known later */
static void look_now(void)
{
	u64 shown, truth;

	if (shim_locks) {
		if (nr_shown < ARRAY_SIZE(shown_since))
			shown_since[nr_shown++] = what_is_shown_now();
		return;
	}
	truth = what_is_there();
	judge_since(truth);
	shown = what_is_shown_now();
	if (shown != ASKED && shown != truth && what_is_there() == truth)
		wrong("is not what is there", shown, truth);
}

static void load_in_change(void)
{
	reset();
	last_truth = what_is_there();
	nr_shown = 0;
	at_step = look_now;
	scenario->change();
	at_step = NULL;
	judge_since(what_is_there());
	end();
}

/* A change at a step of another one, by another thread */

static struct {
	unsigned int	at;
	unsigned int	locks;
	struct bell	paused;
	struct bell	stands;
	bool		again;		/* when it has had its effect: */
	u64		truth;		/* it is this no more */
} hold;

static void stand_still(void)
{
	if (steps != hold.at && (!hold.again || shim_locks ||
				 what_is_there() == hold.truth))
		return;
	hold.again = false;
	hold.locks = shim_locks;
	reader_ring(&hold.stands, 1);
	reader_ring(&hold.paused, 1);
	reader_wait_rest(&hold.stands);
}

static void *change_with_pause(void *arg)
{
	const struct scenario *other = arg;

	steps = 0;
	at_step = stand_still;
	other->change();
	at_step = NULL;
	/* It had not so many steps, or no effect */
	if (steps < hold.at || hold.again)
		reader_ring(&hold.paused, 2);
	hold.again = false;
	return NULL;
}

static bool changed;
static unsigned int progress;

static void make_progress(void)
{
	WRITE_ONCE(progress, progress + 1);
}

static void *change_meanwhile(void *arg)
{
	at_step = make_progress;
	scenario->change();
	at_step = NULL;
	smp_store_release(&changed, true);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *arg), const void *arg)
{
	if (pthread_create(thread, NULL, fn, (void *)arg))
		abort();
}

/* It may have to wait until the other one goes on, and takes no step then */
static bool has_changed_soon(void)
{
	u64 end = ktime_get_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	unsigned int last = READ_ONCE(progress);

	while (!smp_load_acquire(&changed) && ktime_get_ns() < end) {
		usleep(20);
		if (READ_ONCE(progress) != last)
			end = ktime_get_ns() + PATIENCE_MS * NSEC_PER_MSEC;
		last = READ_ONCE(progress);
	}
	return smp_load_acquire(&changed);
}

/* Return: whether there were as many steps */
static bool change_in_change(const struct scenario *other, unsigned int at)
{
	pthread_t slow, quick;
	bool paused;

	reset();
	hold.at = at;
	start(&slow, change_with_pause, other);
	paused = reader_wait(&hold.paused) == 1;
	reader_rest(&hold.paused);
	if (paused) {
		changed = false;
		start(&quick, change_meanwhile, NULL);
		if ((has_changed_soon() || scenario->keeps) && !hold.locks)
			expect_truth(what_is_shown());
		reader_rest(&hold.stands);
		pthread_join(quick, NULL);
	}
	pthread_join(slow, NULL);
	if (!paused)
		scenario->change();
	end();
	return paused;
}

/* A change while readers go over to another index, in which it begins and ends */

static struct bell goes;

/* It has been waited for those who have a window in the old one alone */
static void stand_before_it_goes(void)
{
	static bool stood;
	bool now = the_map->mirror->stripe[BYTEMAP_STRIPES - 1].old_shift;

	if (now && !stood) {
		reader_ring(&goes, 1);
		reader_wait_rest(&goes);
	}
	stood = now;
}

static void *change_index_with_pause(void *arg)
{
	at_step = stand_before_it_goes;
	work_off();
	at_step = NULL;
	return NULL;
}

/* Then it may wait for those who have begun meanwhile */
static void wait_until_gone(u8 from)
{
	const struct bytemap_mirror *mirror = the_map->mirror;

	while (READ_ONCE(mirror->shift) == from ||
	       READ_ONCE(mirror->stripe[BYTEMAP_STRIPES - 1].old_shift))
		usleep(20);
}

/* What was left would be free by now, did nobody wait for those who look at it */
static void wait_until_left(u8 from)
{
	const struct bytemap_mirror *mirror = the_map->mirror;
	u64 end = ktime_get_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	unsigned int left;

	/* They may be in the way of that */
	while (READ_ONCE(mirror->index[from]) && ktime_get_ns() < end)
		usleep(20);
	left = READ_ONCE(portions);
	while (READ_ONCE(portions) - left < 2 && ktime_get_ns() < end)
		usleep(20);
}

/* It goes on to its effect, which it has not had perhaps, and then to its end */
static void let_go_on(void)
{
	hold.truth = what_is_there();
	hold.again = true;
	reader_rest(&hold.stands);
	if (reader_wait(&hold.paused) == 1) {
		expect_truth(what_is_shown());
		reader_rest(&hold.stands);
	}
	reader_rest(&hold.paused);
}

/* Return: whether there were as many steps */
static bool change_where_it_goes(const struct scenario *other, unsigned int at)
{
	pthread_t slow, mover;
	bool paused;
	u8 from;

	reset();
	from = the_map->mirror->shift;
	start(&mover, change_index_with_pause, NULL);
	reader_wait(&goes);
	hold.at = at;
	start(&slow, change_with_pause, other);
	paused = reader_wait(&hold.paused) == 1;
	reader_rest(&hold.paused);
	reader_rest(&goes);
	if (paused && !hold.locks) {
		wait_until_gone(from);
		expect_truth(what_is_shown());
		wait_until_left(from);
	}
	if (paused && hold.locks)
		reader_rest(&hold.stands);
	else if (paused)
		let_go_on();
	pthread_join(slow, NULL);
	pthread_join(mover, NULL);
	end();
	return paused;
}

/* What is there before, and what is done */

static void nothing(void)
{
}

static void store_8(void)
{
	store(scenario->key, 8);
}

static void store_20(void)
{
	store(scenario->key, 20);
}

static void store_500(void)
{
	store(scenario->key, 500);
}

static void store_too_much(void)
{
	store(scenario->key, VALUE_SIZE);
}

static void delete_it(void)
{
	delete(scenario->key);
}

static void delete_and_store(void)
{
	delete(scenario->key);
	note_state();
	store(scenario->key, 20);
}

/* Others get what it has had, and it gets what another one has had */
static void give_slot_away(void)
{
	delete(scenario->key);
	note_state();
	store(OTHER, 20);
	store(scenario->key, 24);
	note_state();
	delete(OTHER);
}

static u64 deadline;

static void store_mortal(void)
{
	deadline = ktime_get_boottime_ns() + SOON;
	store_until(scenario->key, 20, deadline, 0);
}

static void wait_until_late(void)
{
	while (ktime_get_boottime_ns() <= deadline)
		;
}

/* It has been there all the time */
static void touch_and_wait(void)
{
	touch(scenario->key, SYNCMAP_NEVER);
	note_state();
	wait_until_late();
}

static void wait_and_sweep(void)
{
	wait_until_late();
	note_state();
	bytemap_sweep(the_map);
	store(OTHER, 20);
}

/* Nobody ever finds it: it is late by the time, though not when all begins */
static void be_soon(void)
{
	deadline = ktime_get_boottime_ns() + SOON;
}

static void store_late(void)
{
	wait_until_late();
	store_until(scenario->key, 20, deadline, 0);
}

static void store_and_hide(void)
{
	store(scenario->key, 20);
	hide_all();
}

static void detach(void)
{
	set_mapped(SYNCMAP_SET_UNMAPPED);
}

static void attach(void)
{
	set_mapped(SYNCMAP_SET_MAPPED);
}

static void store_and_detach(void)
{
	store(scenario->key, 20);
	detach();
}

/* All is given back, until somebody has it mapped again */
static void park(void)
{
	the_map->mirror->mapping.count--;
	bytemap_mirror_park(the_map);
	work_off();
	the_map->mirror->mapping.count++;
	bytemap_mirror_mapped(the_map->mirror);
	work_off();
}

/* Each has a page of its own, which has to be got */
static void take_pages(void)
{
	unsigned int k;

	for (k = OTHER; k < OTHER + PAGES / 2; k++)
		store(k, LARGE);
	store(scenario->key, LARGE);
}

static void give_pages_back(void)
{
	unsigned int k;

	for (k = OTHER; k < OTHER + PAGES / 2; k++)
		delete(k);
	work_off();
}

/* The head, the small indexes, and what is used of the arena */
static void fault_all(void)
{
	unsigned long base = (unsigned long)looker->base;
	u64 at;

	shim_fault(serve_area, base);
	for (at = syncmap_mapped_index(6); at < syncmap_mapped_index(10); at += PAGE_SIZE)
		shim_fault(serve_area, base + at);
	for (at = 0; at < PAGES * PAGE_SIZE; at += PAGE_SIZE)
		shim_fault(serve_area, base + the_map->mirror->arena_at + at);
}

/* The index that is in use when readers are about to go over to another one */
static void fault_first(void)
{
	shim_fault(serve_area, (unsigned long)looker->base +
		   syncmap_mapped_index(the_map->mirror->shift));
}

/* Where other indexes begin, of which there is none yet */
static void fault_ahead(void)
{
	unsigned long base = (unsigned long)looker->base;

	shim_fault(serve_area, base + syncmap_mapped_index(7));
	shim_fault(serve_area, base + syncmap_mapped_index(8));
}

static void clear(void)
{
	clear_all();
	note_state();
	work_off();
}

static void clear_and_store(void)
{
	if (bytemap_clear(the_map))
		wrong("is not cleared", 0, 0);
	note_state();
	store(scenario->key, 20);
}

/* All but the last of a bucket that holds so many */
static void flood(void)
{
	unsigned int k;

	for (k = KEYS - 1 - SYNCMAP_MAPPED_SLOTS; k < KEYS - 1; k++)
		store(k, 8);
}

static void flood_over(void)
{
	flood();
	store(IN_FLOOD, 20);
}

static void flood_over_and_show_zeroes(void)
{
	flood_over();
	show_zeroes();
}

static void end_flood(void)
{
	unsigned int k;

	for (k = KEYS - 1 - SYNCMAP_MAPPED_SLOTS; k < KEYS - 1; k++)
		delete(k);
	work_off();
}

static void store_and_fill(void)
{
	store(scenario->key, 20);
	fill_up();
}

static void fill_and_store(void)
{
	fill_up();
	work_off();
	store(scenario->key, 20);
}

static void grow(void)
{
	fill_up();
	work_off();
}

static void grow_and_delete(void)
{
	grow();
	delete(scenario->key);
	note_state();
}

static void shrink(void)
{
	empty_out();
	work_off();
}

static void grow_and_shrink(void)
{
	grow();
	delete(scenario->key);
	note_state();
	store(scenario->key, 20);
	note_state();
	shrink();
}

static void store_grow_and_shrink(void)
{
	store(scenario->key, 20);
	grow();
	shrink();
}

/*
 * An index of the same size comes again, with the same words. The key was there all
 * the time, and its slot is another one's
 */
static void grow_and_shrink_again(void)
{
	grow();
	store(scenario->key, 500);
	note_state();
	store(OTHER, 20);
	shrink();
}

static void flood_and_grow(void)
{
	flood_over();
	grow();
}

static void store_owned(void)
{
	store_until(scenario->key, 20, 0, SYNCMAP_FLAG_OWNED);
}

static void open_client(void)
{
	kref_get(&the_map->refs);
	client = bytemap_client_create(the_map, 0);
	if (IS_ERR(client))
		abort();
}

static void close_client(void)
{
	bytemap_client_close(client);
	open_client();
}

static void lease(void)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD_OR_LEASE, .flags = SYNCMAP_FLAG_NOWAIT,
		.out_size = VALUE_SIZE,
	};

	operate(scenario->key, &op);
	note_state();
	store(scenario->key, 20);
}

static const struct scenario scenarios[] = {
	{ "insert", KEY, nothing, store_20 },
	{ "replace", KEY, store_20, store_20 },
	{ "replace in place", KEY, store_8, store_8 },
	{ "replace by a bit more", KEY, store_8, store_20 },
	{ "replace by a bit less", KEY, store_20, store_8 },
	{ "replace by longer", KEY, store_20, store_500 },
	{ "replace by shorter", KEY, store_500, store_8 },
	{ "replace by too much", KEY, store_20, store_too_much, .owned = true },
	{ "replace what is too much", KEY, store_too_much, store_20 },
	{ "delete", KEY, store_20, delete_it },
	{ "delete and store", KEY, store_20, delete_and_store },
	{ "give slot away", KEY, store_20, give_slot_away },
	{ "touch", KEY, store_mortal, touch_and_wait },
	{ "sweep", KEY, store_mortal, wait_and_sweep },
	{ "store what is late", KEY, nothing, store_late, .at_first = be_soon },
	{ "show zeroes", KEY, store_and_show_zeroes, hide_all },
	{ "show zeroes for many", IN_FLOOD, flood_over_and_show_zeroes, hide_all },
	{ "hide", KEY, store_20, hide_all },
	{ "fault", KEY, store_and_hide, fault_all },
	{ "take pages", KEY, nothing, take_pages },
	{ "give pages back", KEY, take_pages, give_pages_back },
	{ "detach", KEY, store_20, detach, .owned = true, .keeps = true },
	{ "attach", KEY, store_and_detach, attach, .keeps = true },
	{ "park", KEY, store_20, park, .keeps = true },
	{ "clear", KEY, store_20, clear },
	{ "clear and store", KEY, store_20, clear_and_store },
	{ "spill", IN_FLOOD, flood, store_20 },
	{ "spilled", IN_FLOOD, flood_over, store_500 },
	{ "repair", IN_FLOOD, flood_over, end_flood },
	{ "grow", KEY, store_20, grow, .keeps = true },
	{ "grow and delete", KEY, store_20, grow_and_delete },
	{ "shrink", KEY, fill_and_store, shrink, .keeps = true },
	{ "grow and shrink", KEY, store_20, grow_and_shrink },
	{ "grow and shrink again", KEY, store_grow_and_shrink,
	  grow_and_shrink_again },
	{ "grow with a flood", IN_FLOOD, flood_and_grow, shrink },
	{ "own", KEY, store_20, store_owned, .owned = true },
	{ "disown", KEY, store_owned, close_client, .owned = true },
	{ "lease", KEY, nothing, lease },
};

/* Each with these at its steps, and the other way round */
static const struct scenario others[] = {
	{ "insert", KEY, nothing, store_20 },
	{ "replace", KEY, store_20, store_500 },
	{ "delete", KEY, store_20, delete_it },
	{ "clear", KEY, store_20, clear_all },
	{ "grow", KEY, store_20, grow },
	{ "fault", KEY, store_and_hide, fault_all },
	{ "fault ahead", KEY, store_20, fault_ahead },
	{ "detach", KEY, store_20, detach },
	{ "attach", KEY, store_20, attach },
	{ "work", KEY, store_20, work_off },
};

static void look_into(const struct scenario *s)
{
	unsigned int at;

	scenario = s;
	for (at = 1; !shared->failed && change_in_load(at); at++)
		;
	in_batch = true;
	for (at = 1; !shared->failed && change_in_load(at); at++)
		;
	in_batch = false;
	if (!shared->failed)
		load_in_change();
}

static void begin(bool integers)
{
	static struct shared nobody;

	*shared = nobody;
	shared->integers = integers;
	make_map();
	the_map->mirror->work.work.func = do_nothing;
	open_client();
	looker = &shared->reader[integers];
	looker->size = shared->size;
}

static void *run_server(void *arg)
{
	serve(arg);
	return NULL;
}

static void leave(pthread_t server)
{
	reader_ring(&looker->request, REQUEST_END);
	pthread_join(server, NULL);
	bytemap_client_close(client);
	end_map();
}

static void pair_with_others(const struct scenario *s)
{
	const struct scenario *other;
	unsigned int at;

	scenario = s;
	for (other = others; other < others + ARRAY_SIZE(others); other++)
		for (at = 1; !shared->failed && change_in_change(other, at);
		     at += 1 + at / STRIDE)
			;
}

static unsigned int passed, failed;
static bool ends_at_first;

static void end_scenario(void)
{
	printf("%-24s %s, %llu looks, %llu asks\n", scenario->name,
	       shared->failed ? "FAILED" : "ok", looks, asks);
	if (shared->failed)
		printf("FAILED: %s\n", shared->what);
	passed += !shared->failed;
	failed += shared->failed;
	shared->failed = 0;
	shared->stop = 0;
	looks = 0, asks = 0;
}

static const struct scenario going_over = {
	"go over", KEY, store_and_fill, .at_first = hide_all,
};

/* Changes that leave the work to who is at it */
static void go_over(void)
{
	static const struct scenario changes[] = {
		{ "insert", .change = store_20 },
		{ "replace", .change = store_500 },
		{ "delete", .change = delete_it },
		{ "fault", .change = fault_first },
	};
	const struct scenario *change;
	unsigned int at;

	scenario = &going_over;
	for (change = changes; change < changes + ARRAY_SIZE(changes); change++)
		for (at = 1; !shared->failed && change_where_it_goes(change, at); at++)
			;
	end_scenario();
}

static bool is_over(void)
{
	return failed && ends_at_first;
}

static void run_all(bool integers, bool pairs, const char *name)
{
	const struct scenario *s;
	pthread_t server;

	begin(integers);
	start(&server, run_server, looker);
	for (s = scenarios; s < scenarios + ARRAY_SIZE(scenarios) && !is_over(); s++) {
		if (name && strcmp(name, s->name))
			continue;
		look_into(s);
		if (pairs)
			pair_with_others(s);
		end_scenario();
	}
	if (!is_over() && (!name || !strcmp(name, going_over.name)))
		go_over();
	leave(server);
}

int main(int argc, char **argv)
{
	const char *name;
	bool pairs;

	ends_at_first = argc > 1 && !strcmp(argv[1], "-x");
	argc -= ends_at_first, argv += ends_at_first;
	pairs = argc > 1;
	name = argc > 2 ? argv[2] : NULL;
	setlinebuf(stdout);
	map_shared();
	if (syncmap_core_init() || bytemap_job_start())
		abort();
	run_all(false, pairs, name);
	if (!is_over())
		run_all(true, pairs, name);
	bytemap_job_exit();
	syncmap_core_exit();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
