// SPDX-License-Identifier: GPL-2.0-only
#include "record.h"
#include "replica.h"

const char *replica_key(unsigned int n)
{
	static char keys[REPLICA_KEYS][8];

	snprintf(keys[n], sizeof(keys[n]), "%c%02u",
		 n < REPLICA_KEYS / 2 ? 'a' : 'b', n % (REPLICA_KEYS / 2));
	return keys[n];
}

bool replica_is_counter(unsigned int n)
{
	return n % 4 == 3;
}

bool replica_watches(const struct replica *replica, unsigned int n)
{
	const struct syncmap_watch *params = &replica->params;

	if (params->flags & (SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX))
		return !memcmp(replica_key(n), (void *)(uintptr_t)params->filter,
			       params->filter_len);
	return true;
}

static unsigned int number_of(const void *key, __u32 len)
{
	for (unsigned int n = 0; n < REPLICA_KEYS; n++)
		if (len == REPLICA_KEY_LEN && !memcmp(key, replica_key(n), len))
			return n;
	ASSERT(!"a key of the map");
	return 0;
}

static void forget(struct replica *replica)
{
	memset(replica->entries, 0, sizeof(replica->entries));
}

void replica_begin(struct replica *replica, const struct syncmap_watch *params)
{
	if (!params->since)
		forget(replica);
	for (unsigned int n = 0; n < REPLICA_KEYS; n++)
		replica->entries[n].known = false;
	replica->params = *params;
	replica->dumping = params->flags & SYNCMAP_WATCH_DUMP;
	replica->last = params->revision;
}

static void put(struct replica_entry *entry, __u64 revision, const void *value,
		__u32 len)
{
	ASSERT(len <= REPLICA_VALUE);
	entry->there = true;
	entry->has_value = value;
	entry->len = len;
	entry->revision = revision;
	if (value)
		memcpy(entry->value, value, len);
}

static void apply_entry(struct replica *replica, struct replica_entry *entry,
			const struct syncmap_record *event, const void *value)
{
	EXPECT(replica->dumping);
	EXPECT(!entry->listed);
	EXPECT(event->revision > replica->params.since);
	EXPECT(event->revision > entry->revision);
	entry->listed = true;
	put(entry, event->revision, value, event->value_len);
}

/* What was there before, if that is known, is what the operation needs */
static void check_before(const struct replica_entry *entry,
			 const struct syncmap_record *event)
{
	if (!entry->known)
		return;
	switch (event->reason) {
	case SYNCMAP_OP_LOAD_OR_STORE:
		EXPECT(!entry->there);
		break;
	case SYNCMAP_OP_LOAD_AND_DELETE:
	case SYNCMAP_OP_DELETE:
	case SYNCMAP_OP_COMPARE_AND_SWAP:
	case SYNCMAP_OP_COMPARE_AND_DELETE:
	case SYNCMAP_REASON_EXPIRED:
	case SYNCMAP_REASON_ORPHANED:
		EXPECT(entry->there);
	}
}

/* Each adds one: none is missing, and none comes twice */
static void check_sum(const struct replica_entry *entry,
		      const struct syncmap_record *event, const void *value)
{
	__u64 before = 0, after;

	if (event->reason != SYNCMAP_OP_ADD || !entry->known || !value)
		return;
	if (entry->there && !entry->has_value)
		return;
	if (entry->there)
		memcpy(&before, entry->value, sizeof(before));
	memcpy(&after, value, sizeof(after));
	EXPECT_EQ(before + 1, after);
}

/* What was there is what it begins with */
static void check_grown(const struct replica_entry *entry,
			const struct syncmap_record *event, const void *value)
{
	if (event->reason != SYNCMAP_OP_APPEND || !entry->known || !value ||
	    !entry->there || !entry->has_value)
		return;
	ASSERT(event->value_len >= entry->len);
	EXPECT_MEM(entry->value, entry->len, value, entry->len);
}

static void apply_change(struct replica *replica, struct replica_entry *entry,
			 const struct syncmap_record *event, const void *value)
{
	if (replica->ranged && entry->revision >= event->revision)
		return;
	EXPECT(event->revision > entry->revision);
	check_before(entry, event);
	check_sum(entry, event, value);
	check_grown(entry, event, value);
	if (event->type == SYNCMAP_RECORD_STORE)
		put(entry, event->revision, value, event->value_len);
	else
		entry->there = false;
	entry->known = !replica->ranged;
}

static void apply_to_key(struct replica *replica,
			 const struct syncmap_record *event)
{
	unsigned int n = number_of(record_key(event), event->key_len);
	struct replica_entry *entry = &replica->entries[n];
	const void *value = record_value(event);

	test_context("%s, type %u, reason %#x, revision %llu", replica_key(n),
		     event->type, event->reason, event->revision);
	EXPECT(replica_watches(replica, n));
	if (event->type == SYNCMAP_RECORD_ENTRY)
		apply_entry(replica, entry, event, value);
	else
		apply_change(replica, entry, event, value);
}

static void apply_clear(struct replica *replica,
			const struct syncmap_record *event)
{
	for (unsigned int n = 0; n < REPLICA_KEYS; n++) {
		struct replica_entry *entry = &replica->entries[n];

		if (replica->ranged && entry->revision > event->revision)
			continue;
		EXPECT(entry->revision < event->revision);
		entry->there = false;
		entry->known = !replica->ranged;
	}
}

static void apply_dumped(struct replica *replica,
			 const struct syncmap_record *event)
{
	EXPECT(replica->dumping);
	EXPECT(event->revision >= replica->last);
	for (unsigned int n = 0; n < REPLICA_KEYS; n++) {
		EXPECT(replica->entries[n].revision <= event->revision);
		replica->entries[n].listed = false;
	}
	replica->dumping = false;
	replica->last = event->revision;
}

static void apply_overflow(struct replica *replica,
			   const struct syncmap_record *event)
{
	EXPECT(!replica->dumping);
	EXPECT(event->revision >= replica->last);
	replica->overflows++;
	replica->last = event->revision;
}

static void advance(struct replica *replica, const struct syncmap_record *event)
{
	EXPECT(!replica->dumping);
	EXPECT(event->revision > replica->last);
	replica->last = event->revision;
	replica->events++;
}

void replica_apply(struct replica *replica, const struct syncmap_record *event)
{
	ASSERT(event);
	test_context("type %u, revision %llu", event->type, event->revision);
	switch (event->type) {
	case SYNCMAP_RECORD_DUMPED:
		return apply_dumped(replica, event);
	case SYNCMAP_RECORD_OVERFLOW:
		return apply_overflow(replica, event);
	case SYNCMAP_RECORD_ENTRY:
		return apply_to_key(replica, event);
	}
	advance(replica, event);
	if (event->type == SYNCMAP_RECORD_CLEAR)
		apply_clear(replica, event);
	else
		apply_to_key(replica, event);
}

static void take(const struct syncmap_record *record, void *arg)
{
	unsigned int n = number_of(record_key(record), record->key_len);
	struct replica *replica = arg;

	if (replica_watches(replica, n))
		put(&replica->entries[n], record->revision,
		    record_value(record), record->value_len);
}

void replica_range(struct replica *replica, int map)
{
	forget(replica);
	replica->ranged = true;
	map_walk(map, 0, 1 << 16, take, replica);
}

static void list(const struct syncmap_record *record, void *arg)
{
	struct replica *replica = arg;

	replica->entries[number_of(record_key(record), record->key_len)].listed =
		true;
}

void replica_drop(struct replica *replica, int map)
{
	map_walk(map, SYNCMAP_RANGE_KEYS_ONLY, 1 << 16, list, replica);
	for (unsigned int n = 0; n < REPLICA_KEYS; n++) {
		if (!replica->entries[n].listed)
			replica->entries[n].there = false;
		replica->entries[n].listed = false;
	}
}

struct comparison {
	const struct replica	*replica;
	unsigned int		count;
};

static void compare(const struct syncmap_record *record, void *arg)
{
	struct comparison *comparison = arg;
	unsigned int n = number_of(record_key(record), record->key_len);
	const struct replica_entry *entry = &comparison->replica->entries[n];

	if (!replica_watches(comparison->replica, n))
		return;
	comparison->count++;
	test_context("%s is in the map", replica_key(n));
	EXPECT(entry->there);
	EXPECT_EQ(record->revision, entry->revision);
	EXPECT_EQ(record->value_len, entry->len);
	if (entry->has_value)
		EXPECT_MEM(record_value(record), record->value_len,
			   entry->value, entry->len);
}

void replica_compare(const struct replica *replica, int map)
{
	struct comparison comparison = { .replica = replica };
	unsigned int there = 0;

	map_walk(map, 0, 1 << 16, compare, &comparison);
	for (unsigned int n = 0; n < REPLICA_KEYS; n++)
		there += replica->entries[n].there;
	test_context("%s", "");
	EXPECT_EQ(comparison.count, there);
}
