// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map is made for is keys that settle and are read much more than written.
 * Here are the other uses that its numbers show, each with what is better for it.
 *
 * Numbers of some seconds count for more than those since the map was made: what
 * filled it once is not how it is used. So whatever made the entries that are there
 * is no write to hold against it. Where there were too few operations for a
 * verdict there is none, nor where what it would be by is not known: loads from a
 * mapping are counted nowhere.
 */
#include "verdict.h"

/* Revisions of a map that was restored begin beyond it: they count no writes */
#define RESTORED	(UINT64_C(1) << 32)
/* So much more, of the loads: LOAD_OR_STORE, of a new key, is one of each */
#define WRITES_MORE	4
/* A new key costs a node, a lock and a promotion: a quarter of all is many */
#define CHURN_SHARE	4
/* Less are a coincidence, within some seconds */
#define GROWTH_KEYS	10
/* At most a key in so many that came has gone, where a map only grows */
#define GROWTH_KEEPS	100
/* In percent: time enough to do something about it */
#define LIMIT_NEAR	90
/* Saved calls are worth memory, and stores that take longer, from here on */
#define MIRROR_LOADS	10000
#define MIRROR_WRITES	100
/* Longer values are not in a mirror */
#define MIRROR_VALUE	4000
/* In a map of few keys one is used more than others by nature */
#define HOT_KEYS	10
/* So many, at least, have gone, or were refused; fewer are a coincidence */
#define CACHE_KEYS	100
/*
 * What has gone and came back soon would be there in a map of twice the size: one in
 * so many that were evicted, and a load in a hundred would have found it. A map that
 * is much too small remembers but few of those it has evicted
 */
#define EARLY_SHARE	20
#define EARLY_LOADS	100

/* What happened between two times */
struct use {
	uint64_t	loads;
	uint64_t	absent;		/* among these */
	uint64_t	writes;		/* without what was evicted */
	uint64_t	added;		/* new keys, at least; Clear hides some */
	uint64_t	removed;	/* keys that went, but by Clear or evicted */
	uint64_t	evicted;
	uint64_t	early;		/* of these, those that came back soon */
	uint64_t	mismatches;
	uint64_t	rejected;
	uint64_t	overflows;
	uint64_t	seconds;	/* rounded up; 0: since the map was made */
};

struct case_file {
	const struct patient	*patient;
	struct use		lately;
	struct use		ever;
	const struct use	*use;	/* that is judged by; NULL: too little */
	bool			restored;
	bool			loads_known;
};

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct use use_between(const struct vitals *from, const struct vitals *to)
{
	struct use use = {
		.absent = less(to->absent, from->absent),
		.evicted = less(to->evicted, from->evicted),
		.early = less(to->evicted_early, from->evicted_early),
		.mismatches = less(to->mismatches, from->mismatches),
		.rejected = less(to->rejected, from->rejected),
		.overflows = less(to->overflows, from->overflows),
	};
	uint64_t more = less(to->count + use.evicted, from->count);
	uint64_t fewer = less(from->count, to->count + use.evicted);
	uint64_t rest;

	use.writes = less(less(to->revision, from->revision), use.evicted);
	rest = less(use.writes, to->overwritten - from->overwritten);
	use.loads = use.absent + less(to->found, from->found);
	use.added = less(rest + more, fewer) / 2;
	if (use.added > rest)
		use.added = rest;
	use.removed = rest - use.added;
	return use;
}

static uint64_t operations(const struct use *use)
{
	return use->loads + use->writes;
}

static void open_file(const struct patient *patient, struct case_file *file)
{
	static const struct vitals none;
	const struct vitals *now = &patient->now;

	*file = (struct case_file){
		.patient = patient,
		.lately = use_between(&patient->before, now),
		.ever = use_between(&none, now),
		.restored = now->revision >= RESTORED,
		.loads_known = now->counts_loads && !now->mappings &&
			       !patient->before.mappings,
	};
	file->lately.seconds =
		(now->time - patient->before.time + 999999999) / 1000000000;
	if (operations(&file->lately) >= VERDICT_ENOUGH)
		file->use = &file->lately;
	else if (!file->restored && operations(&file->ever) >= VERDICT_ENOUGH)
		file->use = &file->ever;
}

static void prove(struct verdict *verdict, const char *name, uint64_t number)
{
	verdict->evidence[verdict->count].name = name;
	verdict->evidence[verdict->count++].number = number;
}

/* Those that did not make what is there */
static uint64_t later_writes(const struct case_file *file)
{
	uint64_t filled = file->use->seconds ? 0 : file->patient->now.count;

	return less(file->use->writes, filled);
}

static bool find_writes(const struct case_file *file, struct verdict *verdict)
{
	uint64_t writes = later_writes(file);

	if (!file->loads_known || writes < VERDICT_ENOUGH / 2 ||
	    writes <= file->use->loads + file->use->loads / WRITES_MORE)
		return false;
	prove(verdict, "writes", writes);
	prove(verdict, "loads", file->use->loads);
	return true;
}

static bool find_churn(const struct case_file *file, struct verdict *verdict)
{
	const struct use *use = file->use;
	uint64_t turnover = use->added + use->removed;

	if (!file->loads_known || use->added < VERDICT_ENOUGH / CHURN_SHARE ||
	    use->removed < use->added / 2 ||
	    turnover < operations(use) / CHURN_SHARE)
		return false;
	prove(verdict, "added", use->added);
	prove(verdict, "removed", use->removed);
	prove(verdict, "loads", use->loads);
	if (!use->seconds)
		prove(verdict, "promotions", file->patient->now.promotions);
	return true;
}

static bool evicts(const struct case_file *file)
{
	return file->patient->info->state & SYNCMAP_MAP_EVICTS;
}

/* New keys come, none goes, and neither time nor eviction will end them */
static bool only_grows(const struct case_file *file)
{
	const struct vitals *now = &file->patient->now;
	const struct use *lately = &file->lately;

	if (lately->added < GROWTH_KEYS || lately->removed ||
	    file->patient->info->ttl || evicts(file) ||
	    now->expiring > now->count / 2)
		return false;
	return !file->restored &&
	       file->ever.removed <= file->ever.added / GROWTH_KEEPS;
}

/* A load that finds nothing makes the key, as where values can be had anew */
static bool fills_itself(const struct case_file *file)
{
	return file->lately.absent >= file->lately.added / 2;
}

static void prove_growth(const struct case_file *file, struct verdict *verdict)
{
	const struct patient *patient = file->patient;
	const struct use *lately = &file->lately;
	uint64_t left = less(patient->info->limits.entries, patient->now.count);

	prove(verdict, "count", patient->now.count);
	prove(verdict, "added", lately->added);
	prove(verdict, "absent", lately->absent);
	prove(verdict, "seconds", lately->seconds);
	prove(verdict, "full_in_seconds",
	      (double)left / lately->added * lately->seconds);
}

static bool find_cache(const struct case_file *file, struct verdict *verdict)
{
	if (!only_grows(file) || !fills_itself(file))
		return false;
	prove_growth(file, verdict);
	return true;
}

/* Unless it is just filled, before it is used */
static bool find_growth(const struct case_file *file, struct verdict *verdict)
{
	if (!only_grows(file) || fills_itself(file) || !file->lately.loads ||
	    file->ever.loads < VERDICT_ENOUGH)
		return false;
	prove_growth(file, verdict);
	return true;
}

static bool find_absent(const struct case_file *file, struct verdict *verdict)
{
	const struct use *use = file->use;

	/* One before a key is made is how it should be, or would be with more room */
	if (!file->loads_known || use->loads < VERDICT_ENOUGH ||
	    less(use->absent, use->added + use->rejected) <= use->loads / 2)
		return false;
	prove(verdict, "absent", use->absent);
	prove(verdict, "loads", use->loads);
	prove(verdict, "added", use->added);
	return true;
}

static bool find_mismatches(const struct case_file *file,
			    struct verdict *verdict)
{
	const struct use *use = file->use;

	if (use->mismatches < VERDICT_ENOUGH / 2 ||
	    use->mismatches <= use->writes)
		return false;
	prove(verdict, "mismatches", use->mismatches);
	prove(verdict, "writes", use->writes);
	return true;
}

static bool find_idle_mirror(const struct case_file *file,
			     struct verdict *verdict)
{
	const struct vitals *now = &file->patient->now;

	if (!file->patient->info->mapped || now->mappings ||
	    file->patient->before.mappings)
		return false;
	prove(verdict, "mappings", now->mappings);
	prove(verdict, "mirror_bytes", now->mirror_bytes);
	prove(verdict, "writes", file->use->writes);
	return true;
}

static bool find_no_mirror(const struct case_file *file,
			   struct verdict *verdict)
{
	const struct vitals *now = &file->patient->now;
	uint64_t writes = later_writes(file);

	if (file->patient->info->mapped || now->mappings || !now->count ||
	    file->use->loads < MIRROR_LOADS ||
	    writes > file->use->loads / MIRROR_WRITES ||
	    file->use->absent > file->use->loads / 2 ||
	    now->bytes / now->count > MIRROR_VALUE)
		return false;
	prove(verdict, "loads", file->use->loads);
	prove(verdict, "writes", writes);
	prove(verdict, "bytes_per_entry", now->bytes / now->count);
	return true;
}

static bool is_nearly_full(const struct case_file *file)
{
	const struct syncmap_limits *limits = &file->patient->info->limits;
	const struct vitals *now = &file->patient->now;

	return now->count >= limits->entries / 100.0 * LIMIT_NEAR ||
	       now->bytes >= limits->bytes / 100.0 * LIMIT_NEAR;
}

/* Who finds a key absent stores it, and is refused */
static bool refuses_as_cache(const struct case_file *file)
{
	const struct use *use = file->use;

	return use && file->loads_known && is_nearly_full(file) &&
	       !evicts(file) &&
	       !(file->patient->info->state & SYNCMAP_MAP_FROZEN) &&
	       use->rejected >= CACHE_KEYS && use->absent >= use->rejected;
}

static bool find_full_cache(const struct case_file *file,
			    struct verdict *verdict)
{
	if (!refuses_as_cache(file))
		return false;
	prove(verdict, "rejected", file->use->rejected);
	prove(verdict, "absent", file->use->absent);
	prove(verdict, "count", file->patient->now.count);
	prove(verdict, "entries", file->patient->info->limits.entries);
	return true;
}

/* Of what was evicted: each counts as if it were in the middle of its range */
static uint64_t mean_age_ms(const struct case_file *file)
{
	const struct patient *patient = file->patient;
	bool lately = file->use == &file->lately;
	double sum = 0, below = 1;
	uint64_t n, all = 0;

	for (int i = 0; i < VERDICT_AGES; i++, below *= 4) {
		n = less(patient->now.evicted_age[i],
			 lately ? patient->before.evicted_age[i] : 0);
		sum += n * (i ? below * 5 / 8 : 0.5);
		all += n;
	}
	return all ? sum / all : 0;
}

static bool find_too_small(const struct case_file *file,
			   struct verdict *verdict)
{
	const struct use *use = file->use;

	if (!evicts(file) || use->evicted < CACHE_KEYS ||
	    use->early < use->evicted / EARLY_SHARE ||
	    (file->loads_known && use->early < use->loads / EARLY_LOADS))
		return false;
	prove(verdict, "evicted", use->evicted);
	prove(verdict, "evicted_early", use->early);
	prove(verdict, "mean_age_ms", mean_age_ms(file));
	prove(verdict, "loads", use->loads);
	return true;
}

/* One that evicts is to be full */
static bool find_limit(const struct case_file *file, struct verdict *verdict)
{
	const struct syncmap_map_info *info = file->patient->info;
	const struct vitals *now = &file->patient->now;

	if (info->state & SYNCMAP_MAP_FROZEN || refuses_as_cache(file) ||
	    (!file->lately.rejected && (evicts(file) || !is_nearly_full(file))))
		return false;
	prove(verdict, "count", now->count);
	prove(verdict, "entries", info->limits.entries);
	prove(verdict, "bytes", now->bytes);
	prove(verdict, "max_bytes", info->limits.bytes);
	prove(verdict, "rejected", now->rejected);
	return true;
}

static bool find_overflows(const struct case_file *file,
			   struct verdict *verdict)
{
	const struct vitals *now = &file->patient->now;

	if (!file->lately.overflows && (!now->watchers || !now->overflows))
		return false;
	prove(verdict, "overflows", now->overflows);
	prove(verdict, "events", now->events);
	prove(verdict, "watchers", now->watchers);
	return true;
}

static bool find_hot_key(const struct case_file *file, struct verdict *verdict)
{
	const struct hot_key *hot = &file->patient->hot;

	if (hot->sampled < VERDICT_ENOUGH || file->patient->now.count < HOT_KEYS ||
	    hot->operations <= hot->sampled / 2)
		return false;
	verdict->evidence[verdict->count].name = "key";
	verdict->evidence[verdict->count++].text = hot->key;
	prove(verdict, "operations", hot->operations);
	prove(verdict, "writes", hot->writes);
	prove(verdict, "sampled", hot->sampled);
	return true;
}

static const struct rule {
	const char	*name;
	bool		(*find)(const struct case_file *file,
				struct verdict *verdict);
	bool		alone;		/* needs no number of operations */
	const char	*why;
	const char	*advice;
} rules[] = {
	{ "writes", find_writes, false,
	  "More is written than read. The map is made for keys that are written "
	  "once and read many times; a write costs more than in other maps.",
	  "Keep what changes all the time in the program that changes it, or in "
	  "shards with a lock each, and store what others need to see, now and "
	  "then; count with 'add'; write many keys in a batch." },
	{ "churn", find_churn, false,
	  "Keys are stored and deleted rather than kept. Each new one costs a node "
	  "and a lock, and later a promotion copies the table.",
	  "To hand over work, take a queue or a pipe; for what comes and goes, a "
	  "table in shards with a lock each. Or keep the keys, and store over "
	  "their values." },
	{ "cache", find_cache, true,
	  "It is filled as a cache is, by those who find a key absent, and what is "
	  "there stays for ever: it grows until it is full.",
	  "'syncmapctl set --evict MAP' has those go that are not used, when it is "
	  "full; 'set --ttl TIME MAP' those that are old. 'load-or-compute' has each "
	  "computed once." },
	{ "growth", find_growth, true,
	  "New keys come, and none has gone: it grows until it is full.",
	  "Delete what nobody needs any more, or give it a time, with --ttl; if it "
	  "has an end, set the limit to that: 'syncmapctl set --entries'." },
	{ "full-cache", find_full_cache, false,
	  "It is full, and those who find a key absent and store it, as in a cache, "
	  "are refused: what is there stays, used or not.",
	  "'syncmapctl set --evict MAP' has what is not used make room for them; "
	  "what must stay is stored with --keep." },
	{ "too-small", find_too_small, false,
	  "It evicts entries that are wanted again soon after. A map with room for "
	  "twice as many would have had them.",
	  "If there is memory, 'syncmapctl set --entries' or '--bytes' lets it have "
	  "more; or cache less: not what is asked for once, and shorter values." },
	{ "limit", find_limit, true,
	  "It is full, or nearly: of new keys none can be stored then.",
	  "'syncmapctl set --entries' or '--bytes' makes room; 'biggest', 'delete "
	  "--prefix' and --ttl are for what is not needed; a cache evicts by itself, "
	  "with --evict." },
	{ "absent", find_absent, false,
	  "Most loads find nothing, and what they look for is not stored after "
	  "that either.",
	  "Is it the right map, and are keys written alike by all? If absent keys "
	  "are asked for by nature, store that they are, for a time (--ttl)." },
	{ "mismatches", find_mismatches, false,
	  "Most compare operations find that somebody was faster, and are done "
	  "again.",
	  "'add', 'min', 'max', 'or' and 'append' need no second attempt; or have "
	  "each writer use a key of its own, and sum up when reading." },
	{ "idle-mirror", find_idle_mirror, false,
	  "It has a mirror, but no process has it mapped: that takes memory, and "
	  "a store twice as long.",
	  "'syncmapctl set --no-mapped MAP', unless the programs that load from it "
	  "are only not running now. Do they use libsyncmap, and is SYNCMAP_MAPPED "
	  "not 0?" },
	{ "no-mirror", find_no_mirror, false,
	  "It is hardly written, small values are loaded all the time, and each "
	  "load is a call of the kernel.",
	  "'syncmapctl set --mapped MAP' saves these calls, if it holds no secrets: "
	  "see LOADS WITHOUT A SYSTEM CALL in syncmap(4)." },
	{ "overflows", find_overflows, true,
	  "Watchers have lost events, as they do not read as fast as others write, "
	  "and have to begin anew each time.",
	  "Watch a key or a prefix rather than all, without values if they are not "
	  "needed; read first and work later; ask for a larger queue "
	  "(queue_size)." },
	{ "hot-key", find_hot_key, true,
	  "Most operations are on one key. Those that write it wait for one "
	  "another, on however many processors.",
	  "If it is mostly written, split it, one key for each writer, and add "
	  "them up when reading. If it is mostly read, watch it and keep the value, "
	  "or give the map a mirror (--mapped)." },
};

uint64_t verdict_basis(const struct patient *patient)
{
	struct case_file file;
	uint64_t lately;

	open_file(patient, &file);
	if (file.use)
		return operations(file.use);
	lately = operations(&file.lately);
	return file.restored ? lately : operations(&file.ever);
}

void verdict_find(const struct patient *patient,
		  void (*tell)(const struct verdict *verdict, void *arg), void *arg)
{
	struct case_file file;

	open_file(patient, &file);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct verdict verdict = {
			.name = rules[i].name, .why = rules[i].why,
			.advice = rules[i].advice,
		};

		if (!rules[i].alone && !file.use)
			continue;
		if (!rules[i].find(&file, &verdict))
			continue;
		if (!rules[i].alone && file.use->seconds)
			prove(&verdict, "seconds", file.use->seconds);
		tell(&verdict, arg);
	}
}
