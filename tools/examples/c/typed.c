// SPDX-License-Identifier: GPL-2.0-only
/*
 * A typed map: a macro makes functions that take and give a struct user, so that
 * the compiler sees who passes something else. What another program may have
 * stored under such a key is noticed by its length.
 *
 * Output:
 *	user 7 is ann, 34 years
 *	user 7 was there before bob
 *	2 users, 75 years together
 *	what is no user is not taken for one
 */
#include "example.h"

#define TYPED_MAP(name, K, V)						\
static int name##_store(const struct libsyncmap *map, K key,		\
			const V *value)					\
{									\
	return libsyncmap_store(map, whole(key), value, sizeof(*value),	\
				NULL);					\
}									\
									\
static int name##_fits(int err, size_t len)				\
{									\
	if (err == -EMSGSIZE || (!err && len != sizeof(V)))		\
		return -EILSEQ;						\
	return err;							\
}									\
									\
static int name##_load(const struct libsyncmap *map, K key, V *value)	\
{									\
	struct libsyncmap_result result = {				\
		.buffer = value, .size = sizeof(*value),		\
	};								\
	int err = libsyncmap_load(map, whole(key), &result);		\
									\
	return name##_fits(err, result.len);				\
}									\
									\
/* @value becomes what is there, if that is not what it was */		\
static int name##_load_or_store(const struct libsyncmap *map, K key,	\
				V *value, bool *loaded)			\
{									\
	V mine = *value;						\
	struct libsyncmap_result result = {				\
		.buffer = value, .size = sizeof(*value),		\
	};								\
	int err = libsyncmap_load_or_store(map, whole(key), whole(mine),\
					   &result);			\
									\
	*loaded = result.loaded;					\
	return name##_fits(err, *loaded ? result.len : sizeof(V));	\
}									\
									\
struct name##_range {							\
	int	(*fn)(K key, const V *value, void *arg);		\
	void	*arg;							\
};									\
									\
static int name##_each(const struct libsyncmap_record *entry, void *arg)\
{									\
	struct name##_range *range = arg;				\
	K key;								\
	V value;							\
									\
	if (entry->value_len != sizeof(value))				\
		return -EILSEQ;						\
	memcpy(&key, entry->key, sizeof(key));				\
	memcpy(&value, entry->value, sizeof(value));			\
	return range->fn(key, &value, range->arg);			\
}									\
									\
static int name##_range(const struct libsyncmap *map,			\
			int (*fn)(K key, const V *value, void *arg),	\
			void *arg)					\
{									\
	struct name##_range range = { fn, arg };			\
									\
	return libsyncmap_range(map, 0, name##_each, &range);		\
}

struct user {
	char		name[16];
	unsigned int	age;
};

TYPED_MAP(user, uint64_t, struct user)

static int add_age(uint64_t id, const struct user *user, void *sum)
{
	(void)id;
	*(unsigned int *)sum += user->age;
	return 0;
}

int main(void)
{
	struct libsyncmap *users = new_map(SYNCMAP_KEY_U64);
	struct user user = { "ann", 34 };
	uint64_t entries, id = 9;
	unsigned int sum = 0;
	bool loaded;

	must(user_store(users, 7, &user));
	memset(&user, 0, sizeof(user));
	must(user_load(users, 7, &user));
	printf("user 7 is %s, %u years\n", user.name, user.age);

	user = (struct user){ "bob", 41 };
	must(user_load_or_store(users, 7, &user, &loaded));
	check(loaded && !strcmp(user.name, "ann"));
	user = (struct user){ "bob", 41 };
	must(user_load_or_store(users, 8, &user, &loaded));
	check(!loaded);
	printf("user 7 was there before bob\n");

	must(user_range(users, add_age, &sum));
	must(libsyncmap_count(users, &entries));
	printf("%d users, %u years together\n", (int)entries, sum);

	must(libsyncmap_store(users, whole(id), text("carla"), NULL));
	check(user_load(users, id, &user) == -EILSEQ);
	check(user_range(users, add_age, &sum) == -EILSEQ);
	printf("what is no user is not taken for one\n");
	return 0;
}
