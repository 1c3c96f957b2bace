// SPDX-License-Identifier: GPL-2.0-only
/*
 * What syncmapctl shows on a terminal of 80 columns: it fits, with no more than
 * characters on it, and what matters can be read
 */
#include <pty.h>
#include <sys/wait.h>

#include "harness/harness.h"

#define COLUMNS	80

static const char make[] =
	"[ -e /etc/passwd ] || { mkdir -p /etc;"
	"echo root:x:0:0::/:/bin/sh >/etc/passwd; }\n"
	"syncmapctl create --entries 1M --bytes 64M --mode 644 flags &&"
	"syncmapctl store flags checkout/new-ui on &&"
	"syncmapctl store flags checkout/express off &&"
	"syncmapctl create --entries 8 --values-are number hits &&"
	"for i in 1 2 3 4 5 6; do"
	"	syncmapctl add --initial 0 hits page$i >/dev/null; done &&"
	"syncmapctl create --mapped --type u64 --ttl 30m --stale 5m sessions &&"
	"seq 20000 | sed 's/.*/&\t&/' | syncmapctl import sessions >/dev/null &&"
	"syncmapctl create a.very.long.name.of.a.map:which-nobody-would-like-to-type-again &&"
	"syncmapctl create countries && syncmapctl freeze countries";

static const char unmake[] =
	"for map in flags hits sessions countries "
	"a.very.long.name.of.a.map:which-nobody-would-like-to-type-again; do"
	"	syncmapctl remove $map; done";

static char screen[16384];

static void show(const char *command)
{
	struct winsize size = { .ws_row = 24, .ws_col = COLUMNS };
	size_t len = 0;
	int status, fd;
	ssize_t n;
	pid_t pid;

	pid = forkpty(&fd, NULL, NULL, &size);
	ASSERT(pid >= 0);
	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	while (len < sizeof(screen) - 1 &&
	       (n = read(fd, screen + len, sizeof(screen) - 1 - len)) > 0)
		len += n;
	screen[len] = '\0';
	close(fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Shown to who reads this, too */
static void expect_fits(int rows)
{
	char *place, *copy = strdup(screen);
	int n = 0;

	for (char *line = strtok_r(copy, "\r\n", &place); line;
	     line = strtok_r(NULL, "\r\n", &place)) {
		test_note("|%-*s|", COLUMNS, line);
		EXPECT(strlen(line) <= COLUMNS);
		for (const char *c = line; *c; c++)
			EXPECT(*c >= ' ' && *c <= '~');
		n++;
	}
	EXPECT(n <= rows);
	free(copy);
}

static void expect_line(const char *text)
{
	test_context("%s", text);
	EXPECT(strstr(screen, text));
}

TEST(list)
{
	ASSERT_EQ(0, system(make));
	show("syncmapctl list");
	expect_fits(24);
	expect_line("MAP ");
	expect_line(" FULL ");
	expect_line(" 75% ");
	expect_line(" 20000 ");
	expect_line("root ");
	expect_line("mapped,ttl");
	expect_line("frozen");
	expect_line("a.very.long.name.");
	show("syncmapctl create '' -- sh -c 'syncmapctl list --all; true'");
	expect_fits(24);
	expect_line("HELD BY");
	expect_line("nameless");
	expect_line("sh (");
	show("syncmapctl create '' -- sh -c 'syncmapctl list; true'");
	expect_line("1 more without a name, or of another namespace: "
		    "'syncmapctl list --all'");
	show("syncmapctl");
	expect_fits(24);
	expect_line("MAP ");
	expect_line("'syncmapctl help'");
	ASSERT_EQ(0, system(unmake));
	show("syncmapctl list");
	EXPECT_EQ(0, strlen(screen));
}

static unsigned int times(const char *text)
{
	unsigned int n = 0;

	for (const char *at = screen; (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* The heading comes back when it has gone */
TEST(stats)
{
	ASSERT_EQ(0, system(make));
	show("syncmapctl stats --interval 100ms --count 24 hits");
	expect_fits(26);
	EXPECT_EQ(2, times("LOADS/s"));
	EXPECT_EQ(24, times(" 75% "));
	ASSERT_EQ(0, system(unmake));
}

TEST(biggest)
{
	ASSERT_EQ(0, system(make));
	show("syncmapctl biggest flags");
	expect_fits(24);
	expect_line("BYTES");
	expect_line("        19");
	expect_line("checkout/express");
	ASSERT_EQ(0, system(unmake));
}

TEST(info)
{
	ASSERT_EQ(0, system(make));
	show("syncmapctl info sessions");
	expect_fits(40);
	expect_line("1800000000000");
	expect_line("30m");
	expect_line("root");
	show("syncmapctl info hits");
	expect_fits(24);
	expect_line("75% full");
	expect_line("owner rw, group --, others --");
	show("syncmapctl info flags");
	expect_fits(24);
	expect_line("67108864");
	expect_line("64M");
	show("syncmapctl info");
	expect_fits(40);
	ASSERT_EQ(0, system(unmake));
}
