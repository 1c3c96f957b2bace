// SPDX-License-Identifier: GPL-2.0-only
/* Opening and removing a map only if it is the one that is meant */
#include <grp.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/map.h"

#define NAME	TEST_NAME "demands"
#define OTHER	1002
#define READ	SYNCMAP_ACCESS_READ

/* What was asked for last, and how the command ended */
static struct syncmap_open opened;
static struct syncmap_remove removed;

static int open_map(struct syncmap_open arg)
{
	int err;

	strcpy(arg.name, NAME);
	arg.access = READ;
	err = map_call(map_control(), SYNCMAP_OPEN, &arg);
	opened = arg;
	if (!err)
		close(arg.fd);
	else
		EXPECT_EQ(-1, arg.fd);
	EXPECT_EQ(err, arg.error.status);
	return err;
}

static int remove_map(struct syncmap_remove arg)
{
	int err;

	strcpy(arg.name, NAME);
	err = map_call(map_control(), SYNCMAP_REMOVE, &arg);
	removed = arg;
	EXPECT_EQ(err, arg.error.status);
	return err;
}

static __u64 make(void)
{
	int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0666);
	__u64 id;

	ASSERT(fd >= 0);
	id = map_info(fd).id;
	close(fd);
	return id;
}

static void as_other(int n, void *arg)
{
	(void)n;
	map_control();
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(OTHER, OTHER, OTHER));
	ASSERT_EQ(0, setresuid(OTHER, OTHER, OTHER));
	umask(0);
	((void (*)(void))arg)();
}

static void make_one(void)
{
	make();
}

#define OPEN(...)	open_map((struct syncmap_open){ __VA_ARGS__ })
#define REMOVE(...)	remove_map((struct syncmap_remove){ __VA_ARGS__ })
#define OPENED_BY(u)	.uid = (u), .flags = SYNCMAP_OPEN_OWNER
#define REMOVED_OF(u)	.uid = (u), .flags = SYNCMAP_REMOVE_OWNER

TEST(number)
{
	__u64 id = make();

	EXPECT_EQ(0, OPEN(.id = id));
	EXPECT_EQ(-ESTALE, OPEN(.id = id + 1));
	EXPECT_EQ(offsetof(struct syncmap_open, id), opened.error.field);
	EXPECT_EQ(-ESTALE, OPEN(.id = ~0ULL));
	EXPECT_EQ(-ESTALE, REMOVE(.id = id - 1));
	EXPECT_EQ(offsetof(struct syncmap_remove, id), removed.error.field);
	EXPECT_EQ(0, REMOVE(.id = id));
	EXPECT_EQ(-ENOENT, OPEN(.id = id));
	EXPECT_EQ(-ENOENT, REMOVE(.id = id));
}

TEST(owner)
{
	make();
	EXPECT_EQ(0, OPEN(OPENED_BY(0)));
	EXPECT_EQ(-ESTALE, OPEN(OPENED_BY(OTHER)));
	EXPECT_EQ(offsetof(struct syncmap_open, uid), opened.error.field);
	EXPECT_EQ(-ESTALE, OPEN(OPENED_BY(-1)));
	EXPECT_EQ(-ESTALE, REMOVE(REMOVED_OF(OTHER)));
	EXPECT_EQ(offsetof(struct syncmap_remove, uid), removed.error.field);
	EXPECT_EQ(0, REMOVE(REMOVED_OF(0)));
}

TEST(owner_without_flag)
{
	make();
	EXPECT_EQ(-EINVAL, OPEN(.uid = OTHER));
	EXPECT_EQ(offsetof(struct syncmap_open, uid), opened.error.field);
	EXPECT_EQ(-EINVAL, REMOVE(.uid = OTHER));
	EXPECT_EQ(offsetof(struct syncmap_remove, uid), removed.error.field);
	EXPECT_EQ(0, REMOVE());
}

/* Whoever came first: before, between and after */
TEST(squatter)
{
	__u64 id;

	test_wait(test_fork(as_other, 0, make_one));
	EXPECT_EQ(-ESTALE, OPEN(OPENED_BY(0)));
	EXPECT_EQ(0, OPEN(OPENED_BY(OTHER)));
	EXPECT_EQ(-ESTALE, REMOVE(REMOVED_OF(0)));
	EXPECT_EQ(0, REMOVE());
	id = make();
	EXPECT_EQ(0, OPEN(OPENED_BY(0), .id = id));
	EXPECT_EQ(0, REMOVE());
	test_wait(test_fork(as_other, 0, make_one));
	EXPECT_EQ(-ESTALE, OPEN(.id = id));
	EXPECT_EQ(-ESTALE, REMOVE(.id = id));
	/* What it is not comes before what may be done with it */
	EXPECT_EQ(-ESTALE, OPEN(OPENED_BY(0), .id = id));
	EXPECT_EQ(offsetof(struct syncmap_open, id), opened.error.field);
}

static void try_as_other(void)
{
	EXPECT_EQ(-ESTALE, REMOVE(REMOVED_OF(OTHER)));
	EXPECT_EQ(-EPERM, REMOVE(REMOVED_OF(0)));
	EXPECT_EQ(0, OPEN(OPENED_BY(0)));
}

TEST(rights_are_the_same)
{
	umask(0);
	make();
	test_wait(test_fork(as_other, 0, try_as_other));
}

struct tally {
	__u64		id;
	unsigned int	made;
	unsigned int	removed;
};

static void remove_and_make(int n, void *arg)
{
	struct tally *tally = arg;
	__u64 id;

	for (unsigned int i = 0; i < test_times(2000); i++) {
		id = __atomic_load_n(&tally->id, __ATOMIC_ACQUIRE);
		if (n) {
			if (!REMOVE(.id = id))
				__sync_fetch_and_add(&tally->removed, 1);
			continue;
		}
		if (OPEN(.id = id)) {
			/* It was removed, and nobody else makes one */
			EXPECT_EQ(-ENOENT, OPEN());
			__atomic_store_n(&tally->id, make(), __ATOMIC_RELEASE);
			tally->made++;
		}
	}
}

/* A number removes its map, or nothing */
TEST_LIMIT(remove_against_make, 60)
{
	struct tally *tally = test_shared(sizeof(*tally));

	tally->id = make();
	tally->made = 1;
	test_parallel(3, remove_and_make, tally);
	EXPECT(tally->removed > 0);
	tally->removed += !REMOVE(.id = tally->id);
	EXPECT_EQ(-ENOENT, REMOVE());
	EXPECT_EQ(tally->made, tally->removed);
}
