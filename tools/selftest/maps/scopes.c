// SPDX-License-Identifier: GPL-2.0-only
/* Names belong to the user namespace in which the device was opened */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/parameters.h"
#include "harness/passing.h"

#define NAME	TEST_NAME "scope"
#define FIRST	100000
#define READ	SYNCMAP_ACCESS_READ
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)
#define ADMIN	SYNCMAP_ACCESS_ADMIN

/* A process in a namespace of its own, and what it and the test have to say */
struct room {
	int	told[2];
	int	go[2];
	int	socket[2];
	pid_t	pid;
	__u64	scope;
	__u64	id;
	void	(*run)(struct room *room);
};

static void tell(const int *pipe)
{
	ASSERT_EQ(1, write(pipe[1], "", 1));
}

static void hear(const int *pipe)
{
	char c;

	ASSERT_EQ(1, read(pipe[0], &c, 1));
}

/* The number of the namespace that we are in */
static __u64 own_scope(void)
{
	struct stat st;

	ASSERT_EQ(0, stat("/proc/self/ns/user", &st));
	return st.st_ino;
}

static void live(int n, void *arg)
{
	struct room *room = arg;

	(void)n;
	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	room->pid = getpid();
	tell(room->told);
	hear(room->go);
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(0, 0, 0));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	/* Or nobody may write the uid_map of those in it */
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	room->scope = own_scope();
	room->run(room);
	tell(room->told);
}

static void write_map(const struct room *room, const char *name, unsigned int first)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", room->pid, name);
	snprintf(text, sizeof(text), "0 %u 1000", first);
	test_write(path, text);
}

static pid_t move_in(struct room *room, void (*run)(struct room *room),
		     unsigned int first)
{
	pid_t pid;

	ASSERT_EQ(0, pipe(room->told) ?: pipe(room->go));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, room->socket));
	room->run = run;
	pid = test_fork(live, 0, room);
	hear(room->told);
	write_map(room, "uid_map", first);
	write_map(room, "gid_map", first);
	tell(room->go);
	hear(room->told);
	return pid;
}

/* Runs until the process has told something, or has come to its end */
static struct room *new_room(void (*run)(struct room *room), pid_t *pid)
{
	struct room *room = test_shared(sizeof(*room));

	map_control();
	*pid = move_in(room, run, FIRST);
	return room;
}

static void leave(const struct room *room, pid_t pid)
{
	tell(room->go);
	test_wait(pid);
}

static int device(void)
{
	int fd = open(SYNCMAP_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

static int create_by(int control, const char *name)
{
	struct syncmap_create arg = {
		.key_type = SYNCMAP_KEY_U64, .mode = 0600,
	};

	strcpy(arg.name, name);
	return map_call(control, SYNCMAP_CREATE, &arg) ?: arg.fd;
}

static int open_by(int control, __u64 scope, const char *name, __u32 access)
{
	struct syncmap_open arg = { .access = access, .scope = scope };

	strcpy(arg.name, name);
	return map_call(control, SYNCMAP_OPEN, &arg) ?: arg.fd;
}

static int remove_by(int control, __u64 scope, const char *name)
{
	struct syncmap_remove arg = { .scope = scope };

	strcpy(arg.name, name);
	return map_call(control, SYNCMAP_REMOVE, &arg);
}

/* The number of the map that is opened, or an error */
static long long id_by(int control, __u64 scope, const char *name)
{
	int fd = open_by(control, scope, name, READ);
	long long id = fd;

	if (fd >= 0) {
		id = map_info(fd).id;
		close(fd);
	}
	return id;
}

/* How many of the name there are, and of which scope the last one is */
static int count_by(int control, __u64 scope, __u32 flags, __u64 *of)
{
	struct syncmap_map_info infos[16];
	struct syncmap_list list = {
		.buffer = PTR(infos), .entry_size = sizeof(infos[0]),
		.capacity = ARRAY_SIZE(infos), .scope = scope, .flags = flags,
	};
	int n = 0;

	while (list.cursor != SYNCMAP_END) {
		ASSERT_EQ(0, map_call(control, SYNCMAP_LIST, &list));
		for (__u32 i = 0; i < list.count; i++) {
			if (strcmp(infos[i].name, NAME))
				continue;
			*of = infos[i].scope;
			n++;
		}
	}
	return n;
}

static void expect_list(int control, __u64 scope, __u32 flags, int n, __u64 last)
{
	__u64 of = 0;

	EXPECT_EQ(n, count_by(control, scope, flags, &of));
	if (last)
		EXPECT_EQ(last, of);
}

static bool has_line(int fd, const char *begin)
{
	char path[64], line[256];
	bool has = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		has |= !strncmp(line, begin, strlen(begin));
	fclose(file);
	return has;
}

static void name_same(struct room *room)
{
	int control = device(), fd;

	EXPECT_EQ(-ENOENT, open_by(control, 0, NAME, READ));
	EXPECT_EQ(-ENOENT, remove_by(control, 0, NAME));
	expect_list(control, 0, SYNCMAP_LIST_BELOW, 0, 0);
	fd = create_by(control, NAME);
	ASSERT(fd >= 0);
	room->id = map_info(fd).id;
	EXPECT_EQ(room->scope, map_info(fd).scope);
	EXPECT_EQ(-EEXIST, create_by(control, NAME));
	EXPECT_EQ(room->id, id_by(control, 0, NAME));
	EXPECT_EQ(room->id, id_by(control, room->scope, NAME));
	expect_list(control, 0, 0, 1, room->scope);
	tell(room->told);
	hear(room->go);
	EXPECT_EQ(-ENOENT, open_by(control, 0, NAME, READ));
}

/* Above, below, by number, and of what there is not */
TEST(each_scope_has_its_names)
{
	int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);
	int control = map_control();
	__u64 id = map_info(fd).id, scope = own_scope();
	struct room *room;
	pid_t pid;

	EXPECT_EQ(scope, map_system().scope);
	EXPECT_EQ(scope, map_info(fd).scope);
	room = new_room(name_same, &pid);
	EXPECT(room->scope != scope);
	EXPECT_EQ(id, id_by(control, 0, NAME));
	EXPECT_EQ(id, id_by(control, scope, NAME));
	EXPECT_EQ(room->id, id_by(control, room->scope, NAME));
	EXPECT_EQ(-ENOENT, id_by(control, room->scope + 1000000, NAME));
	EXPECT_EQ(-ENOENT, id_by(control, room->scope | 1ULL << 32, NAME));
	expect_list(control, 0, 0, 1, scope);
	expect_list(control, room->scope, 0, 1, room->scope);
	expect_list(control, 0, SYNCMAP_LIST_BELOW, 2, 0);
	expect_list(control, room->scope + 1000000, 0, 0, 0);
	EXPECT_EQ(0, remove_by(control, room->scope, NAME));
	EXPECT_EQ(-ENOENT, remove_by(control, room->scope, NAME));
	EXPECT_EQ(id, id_by(control, 0, NAME));
	leave(room, pid);
}

static void look_up(struct room *room)
{
	int control = device();

	EXPECT_EQ(-ENOENT, id_by(control, room->id, NAME));
	EXPECT_EQ(-ENOENT, remove_by(control, room->id, NAME));
	expect_list(control, room->id, 0, 0, 0);
	expect_list(control, room->id, SYNCMAP_LIST_BELOW, 0, 0);
}

static void stay(struct room *room)
{
	int control = device();

	ASSERT(create_by(control, NAME) >= 0);
	tell(room->told);
	hear(room->go);
	EXPECT_EQ(0, remove_by(control, 0, NAME));
}

/* @id is the number of a scope that is to be tried */
static void expect_unseen(__u64 scope)
{
	struct room *room = test_shared(sizeof(*room));
	pid_t pid;

	room->id = scope;
	pid = move_in(room, look_up, FIRST);
	test_wait(pid);
}

TEST(nobody_sees_above_or_beside)
{
	struct room *room;
	pid_t pid;

	close(map_create(NAME, SYNCMAP_KEY_U64, NULL, 0666));
	expect_unseen(own_scope());
	room = new_room(stay, &pid);
	expect_unseen(room->scope);
	leave(room, pid);
}

static void use_what_is_above(struct room *room)
{
	int control = map_control(), fd;

	fd = open_by(control, 0, NAME, BOTH);
	ASSERT(fd >= 0);
	EXPECT_EQ(room->id, map_info(fd).id);
	EXPECT_EQ(SYNCMAP_MAP_ELSEWHERE, map_info(fd).state);
	EXPECT_EQ(0, map_info(fd).scope);
	EXPECT_EQ(0, map_info(fd).name[0]);
	EXPECT(has_line(fd, "syncmap-id:"));
	EXPECT(!has_line(fd, "syncmap-name:"));
	EXPECT(!has_line(fd, "syncmap-scope:"));
	map_fill(fd, 0, 10);
	EXPECT_EQ(-EEXIST, create_by(control, NAME));
	EXPECT(create_by(control, NAME "-made") >= 0);
	expect_list(control, 0, 0, 1, map_system().scope);
	EXPECT_EQ(-EPERM, remove_by(control, 0, NAME));
}

/* Whoever is handed a control descriptor is handed its scope */
TEST(handed_down)
{
	struct room *room = test_shared(sizeof(*room));
	int fd;

	umask(0);
	fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0666);
	room->id = map_info(fd).id;
	test_wait(move_in(room, use_what_is_above, FIRST));
	EXPECT_EQ(10, map_count(fd));
	EXPECT(has_line(fd, "syncmap-name:\t" NAME "\n"));
	EXPECT(has_line(fd, "syncmap-scope:"));
	EXPECT_EQ(0, map_remove(NAME "-made"));
}

static void hand_up(struct room *room)
{
	int control = device(), fd = create_by(control, NAME);

	ASSERT(fd >= 0);
	room->id = map_info(fd).id;
	tell(room->told);
	pass_fd(room->socket[0], control);
	hear(room->go);
}

TEST(handed_up)
{
	struct room *room;
	int control;
	pid_t pid;

	room = new_room(hand_up, &pid);
	control = receive_fd(room->socket[1]);
	EXPECT_EQ(room->id, id_by(control, 0, NAME));
	EXPECT_EQ(-ENOENT, id_by(map_control(), 0, NAME));
	expect_list(control, 0, 0, 1, room->scope);
	/* What is above it is not of it */
	close(map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600));
	expect_list(control, 0, SYNCMAP_LIST_BELOW, 1, room->scope);
	EXPECT_EQ(-ENOENT, id_by(control, own_scope(), NAME));
	EXPECT_EQ(0, remove_by(control, 0, NAME));
	leave(room, pid);
}

static void make_as(int n, void *arg)
{
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(n, n, n));
	ASSERT_EQ(0, setresuid(n, n, n));
	ASSERT(map_create(arg, SYNCMAP_KEY_U64, NULL, 0600) >= 0);
}

static void administer(struct room *room)
{
	int control = map_control();

	(void)room;
	EXPECT(open_by(control, 0, NAME, BOTH | ADMIN) >= 0);
	EXPECT_EQ(-EACCES, open_by(control, 0, NAME "-other", BOTH));
	EXPECT_EQ(-EPERM, open_by(control, 0, NAME "-other", ADMIN));
	EXPECT_EQ(-EPERM, remove_by(control, 0, NAME "-other"));
	EXPECT_EQ(0, remove_by(control, 0, NAME));
}

/* Root of a namespace may do what those may that are mapped there, no more */
TEST(root_of_a_namespace)
{
	pid_t pid;

	map_control();
	test_wait(test_fork(make_as, FIRST + 7, NAME));
	test_wait(test_fork(make_as, FIRST + 1000, NAME "-other"));
	new_room(administer, &pid);
	test_wait(pid);
	EXPECT_EQ(0, map_remove(NAME "-other"));
}

static int set_group(int fd, gid_t gid)
{
	struct syncmap_set arg = { .flags = SYNCMAP_SET_GROUP, .gid = gid };

	return map_call(fd, SYNCMAP_SET, &arg);
}

/* @id is a descriptor of a map that is owned above */
static void give_away(struct room *room)
{
	int fd = create_by(device(), NAME "-given");

	ASSERT(fd >= 0);
	EXPECT_EQ(0, set_group(fd, 7));
	EXPECT_EQ(7, map_info(fd).gid);
	EXPECT_EQ(-EINVAL, set_group(fd, 1000));
	EXPECT_EQ(7, map_info(fd).gid);
	EXPECT_EQ(-EPERM, set_group(room->id, 7));
	EXPECT_EQ(0, remove_by(device(), 0, NAME "-given"));
}

/* As chown(2): to any group that is mapped there, what is of there */
TEST(groups_of_a_namespace)
{
	struct room *room = test_shared(sizeof(*room));
	int fd = map_private(SYNCMAP_KEY_U64);

	room->id = fd;
	test_wait(move_in(room, give_away, FIRST));
	EXPECT_EQ(0, map_info(fd).gid);
}

static int publish_by(int control, int fd, const char *name, __u32 flags)
{
	struct syncmap_publish arg = { .fd = fd, .flags = flags };

	strcpy(arg.name, name);
	return map_call(control, SYNCMAP_PUBLISH, &arg);
}

/* Another user of the namespace than its root */
static void try_to_clean(int n, void *arg)
{
	int control = device(), own;

	(void)n;
	(void)arg;
	ASSERT_EQ(0, setresgid(7, 7, 7));
	ASSERT_EQ(0, setresuid(7, 7, 7));
	own = create_by(control, NAME "-own");
	ASSERT(own >= 0);
	EXPECT_EQ(0, remove_by(control, 0, NAME "-own"));
	EXPECT_EQ(-EPERM, remove_by(control, 0, NAME));
	EXPECT_EQ(-EPERM, publish_by(control, own, NAME,
				     SYNCMAP_PUBLISH_REPLACE));
}

/* @id is a descriptor of a map that is owned above */
static void clean(struct room *room)
{
	int control = device(), fd = room->id, own;

	EXPECT_EQ(0, publish_by(control, fd, NAME, 0));
	EXPECT_EQ(-EPERM, open_by(control, 0, NAME, ADMIN));
	test_wait(test_fork(try_to_clean, 0, NULL));
	EXPECT_EQ(0, remove_by(control, 0, NAME));
	EXPECT_EQ(0, publish_by(control, fd, NAME, 0));
	own = create_by(control, NAME "-own");
	EXPECT_EQ(0, remove_by(control, 0, NAME "-own"));
	EXPECT_EQ(0, publish_by(control, own, NAME, SYNCMAP_PUBLISH_REPLACE));
	EXPECT_EQ(map_info(own).id, id_by(control, 0, NAME));
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, map_info(fd).state);
	EXPECT_EQ(0, remove_by(control, 0, NAME));
}

/* Its root may take each name from a map, but is not the owner of that */
TEST(names_of_a_namespace)
{
	struct room *room = test_shared(sizeof(*room));

	room->id = map_private(SYNCMAP_KEY_U64);
	test_wait(move_in(room, clean, FIRST));
}

/* Three deep, each with a name; @id counts */
static void go_deeper(struct room *room)
{
	struct room *next = test_shared(sizeof(*next));
	int control = device();

	ASSERT(create_by(control, NAME) >= 0);
	if (room->id < 2) {
		next->id = room->id + 1;
		test_wait(move_in(next, go_deeper, 0));
	} else {
		expect_list(control, 0, SYNCMAP_LIST_BELOW, 1, room->scope);
	}
}

/* Whether there is room for one more map than there was */
static bool make_room(__u32 maps)
{
	struct parameter before = parameter_set("max_maps", maps);
	int fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);

	parameter_restore(&before);
	EXPECT(fd >= 0 || fd == -ENOSPC);
	close(fd);
	return fd >= 0;
}

static int count_below(void)
{
	__u64 of;

	return count_by(map_control(), 0, SYNCMAP_LIST_BELOW, &of);
}

TEST_LIMIT(names_end_with_their_namespace, 90)
{
	__u32 maps = map_system().maps;
	pid_t pid;

	new_room(go_deeper, &pid);
	test_wait(pid);
	AWAIT(!count_below());
	EXPECT_EQ(0, count_below());
	AWAIT(map_system().maps == maps);
	EXPECT_EQ(maps, map_system().maps);
}

static void leave_one(struct room *room)
{
	int control = device(), fd = create_by(control, NAME);

	ASSERT(fd >= 0);
	tell(room->told);
	pass_fd(room->socket[0], room->id ? fd : control);
	hear(room->go);
}

/* As long as somebody has a descriptor that was opened there, it is no end */
TEST_LIMIT(names_stay_while_somebody_could_come, 60)
{
	for (int of_map = 0; of_map < 2; of_map++) {
		struct room *room = test_shared(sizeof(*room));
		__u32 maps = map_system().maps;
		pid_t pid;
		int fd;

		test_context("descriptor of %s", of_map ? "a map" : "the device");
		room->id = of_map;
		pid = move_in(room, leave_one, FIRST);
		fd = receive_fd(room->socket[1]);
		leave(room, pid);
		for (int i = 0; i < 20; i++) {
			EXPECT(!make_room(maps + 1));
			usleep(10000);
		}
		EXPECT_EQ(1, count_below());
		close(fd);
		/* Who finds no room looks for himself */
		AWAIT(make_room(maps + 1));
		EXPECT_EQ(0, count_below());
	}
}

/* Nobody sweeps a name away while its maker is there. @id says what is left */
static void make_some(struct room *room)
{
	int control = device(), fd;

	for (int i = 0; i < 10; i++) {
		fd = create_by(control, NAME);
		EXPECT(fd >= 0 || fd == -ENOSPC);
		if (fd < 0)
			continue;
		EXPECT_EQ(map_info(fd).id, id_by(control, 0, NAME));
		close(fd);
		if (i < 9 || room->id)
			EXPECT_EQ(0, remove_by(control, 0, NAME));
	}
}

static void come_and_go(int n, void *arg)
{
	struct room *room = test_shared(sizeof(*room));

	(void)arg;
	for (unsigned int i = 0; i < test_times(100) && !test_failed(); i++) {
		room->id = (i + n) % 2;
		test_wait(move_in(room, make_some, FIRST));
		for (int end = 0; end < 2; end++) {
			close(room->told[end]);
			close(room->go[end]);
			close(room->socket[end]);
		}
	}
}

static void sweep_always(int n, void *arg)
{
	(void)n;
	for (;;)
		make_room(*(__u32 *)arg + 4);
}

TEST_LIMIT(sweepers_race, 90)
{
	__u32 maps = map_system().maps;
	struct parameter before = parameter_set("max_maps", maps + 8);
	pid_t sweeper;

	sweeper = test_fork(sweep_always, 0, &maps);
	test_parallel(3, come_and_go, NULL);
	kill(sweeper, SIGKILL);
	waitpid(sweeper, NULL, 0);
	parameter_restore(&before);
	AWAIT(make_room(maps + 1) && !count_below());
	EXPECT_EQ(0, count_below());
}
