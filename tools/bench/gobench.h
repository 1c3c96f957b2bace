/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmarks that Go's sync.Map comes with, by their names there, made for
 * a contender that has all of its operations
 *
 * The variable that a thread counts with in Go, from a start of its own, is
 * @fresh here. gobench.c says how many keys the map has.
 */

#define RUN_GO(name, operation)						\
RUN(go_##name, {							\
	operation							\
	fresh++;							\
})

/* So many turns a key of the map, then so many turns one that is not there */
#define PICK(present, absent)						\
	number = fresh % ((present) + (absent));			\
	if (number >= (present))					\
		number = fresh;						\
	key = key_of(number);						\
	value = value_of(number, n);

#define PICK_NEW							\
	number = fresh;							\
	key = key_of(number);						\
	value = value_of(number, n);

#define PICK_SMALL							\
	key = key_of(fresh % 1024);

#define PICK_FIRST							\
	key = key_of(0);						\
	value = value_of(0, n);

RUN_GO(LoadMostlyHits, {
	PICK_SMALL
	hits += map_load(map, &key, &value);
})

RUN_GO(LoadMostlyMisses, {
	PICK_SMALL
	hits += map_load(map, &key, &value);
})

RUN_GO(LoadOrStoreBalanced, {
	PICK(128, 128)
	hits += map_load_or_store(map, &key, value, &value);
})

RUN_GO(LoadOrStoreUnique, {
	PICK_NEW
	hits += map_load_or_store(map, &key, value, &value);
})

RUN_GO(LoadOrStoreCollision, {
	PICK_FIRST
	hits += map_load_or_store(map, &key, value, &value);
})

RUN_GO(LoadAndDeleteBalanced, {
	PICK(128, 128)
	hits += map_load_and_delete(map, &key, &value);
})

RUN_GO(LoadAndDeleteUnique, {
	PICK_NEW
	hits += map_load_and_delete(map, &key, &value);
})

RUN_GO(LoadAndDeleteCollision, {
	PICK_FIRST
	if (map_load_and_delete(map, &key, &value)) {
		hits++;
		map_store(map, &key, value_of(0, n));
	}
})

RUN_BY(go_Range, 1, {
	sum += map_range(map);
})

/* A new key after one load more than the time before: each is a miss */
RUN_GO(AdversarialAlloc, {
	PICK_NEW
	hits += map_load(map, &key, &value);
	if (++sum > hits) {
		sum = 0;
		hits++;
		map_load_or_store(map, &key, value_of(number, n), &value);
	}
})

/* Among many loads, one key goes and another one comes */
RUN_GO(AdversarialDelete, {
	PICK_NEW
	hits += map_load(map, &key, &value);
	if (fresh % 1024 == 0) {
		map_delete_any(map);
		map_store(map, &key, value_of(number, n));
	}
})

RUN_GO(DeleteCollision, {
	PICK_FIRST
	hits += map_delete(map, &key);
})

RUN_GO(SwapCollision, {
	PICK_FIRST
	hits += map_swap(map, &key, value, &value);
})

RUN_GO(SwapMostlyHits, {
	PICK(1023, 1)
	hits += map_swap(map, &key, value, &value);
	if (number == fresh)
		map_delete(map, &key);
})

RUN_GO(SwapMostlyMisses, {
	PICK(1, 1023)
	hits += map_swap(map, &key, value, &value);
	if (number == fresh)
		map_delete(map, &key);
})

RUN_GO(CompareAndSwapCollision, {
	PICK_FIRST
	if (map_compare_and_swap(map, &key, value, value_of(1, n))) {
		hits++;
		map_compare_and_swap(map, &key, value_of(1, n), value);
	}
})

RUN_GO(CompareAndSwapNoExistingKey, {
	PICK_NEW
	hits += map_compare_and_swap(map, &key, value, value);
})

RUN_GO(CompareAndSwapValueNotEqual, {
	PICK_FIRST
	hits += map_compare_and_swap(map, &key, value_of(1, n), value);
})

RUN_GO(CompareAndSwapMostlyHits, {
	PICK(1023, 1)
	hits += map_compare_and_swap(map, &key, value, value);
})

RUN_GO(CompareAndSwapMostlyMisses, {
	PICK(1, 1023)
	hits += map_compare_and_swap(map, &key, value, value);
})

RUN_GO(CompareAndDeleteCollision, {
	PICK_FIRST
	if (map_compare_and_delete(map, &key, value)) {
		hits++;
		map_store(map, &key, value);
	}
})

RUN_GO(CompareAndDeleteMostlyHits, {
	PICK(1023, 1)
	if (map_compare_and_delete(map, &key, value)) {
		hits++;
		map_store(map, &key, value);
	}
})

RUN_GO(CompareAndDeleteMostlyMisses, {
	PICK(1, 1023)
	if (map_compare_and_delete(map, &key, value)) {
		hits++;
		map_store(map, &key, value);
	}
})

RUN_GO(Clear, {
	key = key_of(fresh % 256);
	map_clear(map);
	map_store(map, &key, value_of(fresh % 256, n));
})
