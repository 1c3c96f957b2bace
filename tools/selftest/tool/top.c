// SPDX-License-Identifier: GPL-2.0-only
/*
 * syncmapctl top on a terminal: what is on its screen, and that the terminal is as
 * it was when top has ended, however that came about. The terminal is a VT52, which
 * has few sequences; needs the file vt52 of terminfo.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include "harness/harness.h"

#define ROWS_MAX	60
#define COLUMNS_MAX	200

static struct {
	int		master;
	int		slave;
	pid_t		pid;
	struct termios	before;
	int		rows;
	int		columns;
	char		cell[ROWS_MAX][COLUMNS_MAX + 1];
	int		row;
	int		column;
	unsigned char	sequence[4];	/* of which some has come */
	int		len;
	int		cleared;	/* how often as a whole */
} screen;

static void clear_from(int row, int column)
{
	memset(screen.cell[row] + column, ' ', screen.columns - column);
	screen.cell[row][screen.columns] = '\0';
}

static void clear_below(void)
{
	screen.cleared += !screen.row && !screen.column;
	clear_from(screen.row, screen.column);
	for (int row = screen.row + 1; row < screen.rows; row++)
		clear_from(row, 0);
}

static int within(int n, int limit)
{
	return n < 0 ? 0 : n < limit ? n : limit - 1;
}

/* It may not have heard yet that the screen is smaller now */
static void move_to(int row, int column)
{
	screen.row = within(row, screen.rows);
	screen.column = within(column, screen.columns);
}

static void do_sequence(void)
{
	const unsigned char *s = screen.sequence;

	switch (s[1]) {
	case 'Y':
		move_to(s[2] - ' ', s[3] - ' ');
		break;
	case 'A':
		move_to(screen.row - 1, screen.column);
		break;
	case 'B':
		move_to(screen.row + 1, screen.column);
		break;
	case 'C':
		move_to(screen.row, screen.column + 1);
		break;
	case 'D':
		move_to(screen.row, screen.column - 1);
		break;
	case 'H':
		move_to(0, 0);
		break;
	case 'J':
		clear_below();
		break;
	case 'K':
		clear_from(screen.row, screen.column);
		break;
	case '=':
	case '>':
	case 'F':
	case 'G':
		break;
	default:
		test_context("ESC %c", s[1]);
		ASSERT(!"a sequence of a VT52");
	}
}

static void type(char c)
{
	if (screen.len || c == '\033') {
		screen.sequence[screen.len++] = c;
		if (screen.len == 4 || (screen.len == 2 && c != 'Y')) {
			screen.len = 0;
			do_sequence();
		}
	} else if (c == '\r') {
		screen.column = 0;
	} else if (c == '\n') {
		move_to(screen.row + 1, screen.column);
	} else if (c == '\b') {
		move_to(screen.row, screen.column - 1);
	} else {
		if (c < ' ' || c > '~')
			test_context("character %d", c);
		ASSERT(c >= ' ' && c <= '~');
		screen.cell[screen.row][screen.column] = c;
		if (screen.column + 1 < screen.columns)
			screen.column++;
	}
}

/* What has been written so far, or in the time */
static void look(int milliseconds)
{
	struct pollfd fd = { .fd = screen.master, .events = POLLIN };
	char text[4096];
	ssize_t n;

	if (poll(&fd, 1, milliseconds) <= 0)
		return;
	n = read(screen.master, text, sizeof(text));
	for (ssize_t i = 0; i < n; i++)
		type(text[i]);
}

/* The first of the lines that have the text, or -1 */
static int line_of(const char *text)
{
	for (int row = 0; row < screen.rows; row++)
		if (strstr(screen.cell[row], text))
			return row;
	return -1;
}

#define AWAIT_SCREEN(condition)						\
	do {								\
		test_context("%s", #condition);				\
		while (!(condition))					\
			look(100);					\
	} while (0)

static bool shows(const char *text)
{
	return line_of(text) >= 0;
}

static void set_size(int rows, int columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	screen.rows = rows;
	screen.columns = columns;
	screen.row = 0;
	screen.column = 0;
	clear_below();
	ASSERT_EQ(0, ioctl(screen.slave, TIOCSWINSZ, &size));
}

static void start(const char *term, int rows, int columns)
{
	char slave[64];

	ASSERT_EQ(0, system("mkdir -p /tmp/terminfo/v && cp vt52 /tmp/terminfo/v"));
	memset(&screen, 0, sizeof(screen));
	ASSERT_EQ(0, openpty(&screen.master, &screen.slave, slave, NULL, NULL));
	ASSERT_EQ(0, fcntl(screen.master, F_SETFD, FD_CLOEXEC));
	ASSERT_EQ(0, tcgetattr(screen.slave, &screen.before));
	set_size(rows, columns);
	screen.pid = fork();
	ASSERT(screen.pid >= 0);
	if (screen.pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("TERM", term, 1);
	setenv("TERMINFO", "/tmp/terminfo", 1);
	login_tty(screen.slave);
	execlp("syncmapctl", "syncmapctl", "top", "--interval", "100ms", NULL);
	_exit(127);
}

static void press(const char *keys)
{
	ASSERT_EQ((ssize_t)strlen(keys), write(screen.master, keys, strlen(keys)));
}

/* Returns the status, when the terminal is as it was */
static int end(void)
{
	struct termios after;
	int status;

	while (!waitpid(screen.pid, &status, WNOHANG))
		look(10);
	ASSERT_EQ(0, tcgetattr(screen.slave, &after));
	EXPECT_EQ(screen.before.c_iflag, after.c_iflag);
	EXPECT_EQ(screen.before.c_oflag, after.c_oflag);
	EXPECT_EQ(screen.before.c_lflag, after.c_lflag);
	close(screen.master);
	close(screen.slave);
	return status;
}

static void expect_quits(void)
{
	press("q");
	EXPECT_EQ(0, end());
}

static void remove_maps(void)
{
	ASSERT_EQ(0, system("for map in flags hits new; do"
			    "	syncmapctl remove $map; done >/dev/null 2>&1; true"));
}

/* A test that has failed may have left some */
static void make_maps(void)
{
	remove_maps();
	ASSERT_EQ(0, system("syncmapctl create --entries 8 hits &&"
			    "syncmapctl create --mode 644 flags &&"
			    "syncmapctl store flags k v &&"
			    "for i in 1 2 3 4 5 6; do"
			    "	syncmapctl store hits $i v; done"));
}

static void show_screen(void)
{
	for (int row = 0; row < screen.rows; row++)
		test_note("|%s|", screen.cell[row]);
}

static bool is_line(int row, const char *text)
{
	const char *cells = screen.cell[row];
	size_t len = strlen(text);

	return !strncmp(cells, text, len) &&
	       cells[len + strspn(cells + len, " ")] == '\0';
}

/* How many lines of it are on the screen, too, one behind the other; -1: not all */
static int lines_of_once(void)
{
	FILE *once = popen("syncmapctl top --once --interval 100ms", "r");
	char line[COLUMNS_MAX + 2];
	bool same = true;
	int row = 0;

	ASSERT(once);
	for (; fgets(line, sizeof(line), once); row++) {
		line[strcspn(line, "\n")] = '\0';
		same &= is_line(row, line);
	}
	EXPECT_EQ(0, pclose(once));
	return same ? row : -1;
}

/* As soon as nothing goes on any more */
TEST(the_screen_is_what_once_prints)
{
	make_maps();
	start("vt52", 24, 80);
	AWAIT_SCREEN(lines_of_once() == 6);
	EXPECT_EQ(23, line_of("q quit"));
	show_screen();
	expect_quits();
	remove_maps();
}

TEST(keys)
{
	make_maps();
	start("vt52", 24, 80);
	AWAIT_SCREEN(shows("by loads, every"));
	AWAIT_SCREEN(line_of("flags ") < line_of("hits "));
	press("r");
	AWAIT_SCREEN(shows("by loads, reversed"));
	AWAIT_SCREEN(line_of("flags ") > line_of("hits "));
	press("r");
	AWAIT_SCREEN(!shows("reversed"));
	press(">>>>>>");
	AWAIT_SCREEN(shows("by entries"));
	AWAIT_SCREEN(line_of("flags ") > line_of("hits "));
	press("<<<<<<<");
	AWAIT_SCREEN(shows("by name"));
	/* The first is chosen, then the second, and there is no third */
	press("jjj\r");
	AWAIT_SCREEN(shows("map hits  number "));
	AWAIT_SCREEN(shows("entries 6 of 8 "));
	AWAIT_SCREEN(shows("75% full"));
	AWAIT_SCREEN(shows("now "));
	AWAIT_SCREEN(shows("300ms "));
	show_screen();
	press("\033");
	AWAIT_SCREEN(shows("(total)"));
	press("k\r");
	AWAIT_SCREEN(shows("map flags  number "));
	press("\033x");
	AWAIT_SCREEN(shows("(total)"));
	expect_quits();
	remove_maps();
}

/* What is done is seen, and what is not done is not written anew */
TEST(updates)
{
	FILE *busy;
	int cleared;

	make_maps();
	start("vt52", 24, 80);
	AWAIT_SCREEN(shows("hits"));
	cleared = screen.cleared;
	ASSERT_EQ(0, system("syncmapctl create new && syncmapctl store new k v"));
	AWAIT_SCREEN(shows("new "));
	busy = popen("while [ ! -e /tmp/enough ]; do"
		     "	syncmapctl load new k l >/dev/null 2>&1; done; true", "r");
	ASSERT(busy);
	AWAIT_SCREEN(shows(" 50% "));
	ASSERT_EQ(0, system("touch /tmp/enough"));
	EXPECT_EQ(0, pclose(busy));
	ASSERT_EQ(0, system("rm /tmp/enough"));
	AWAIT_SCREEN(!shows(" 50% "));
	press(">>>>>>>>>j\r");
	AWAIT_SCREEN(shows("map "));
	press("\033");
	AWAIT_SCREEN(shows("(total)"));
	ASSERT_EQ(0, system("syncmapctl remove new"));
	AWAIT_SCREEN(!shows("new "));
	EXPECT_EQ(cleared, screen.cleared);
	expect_quits();
	remove_maps();
}

/* Whose page is shown goes back to the others */
TEST(a_map_that_goes)
{
	make_maps();
	start("vt52", 24, 80);
	AWAIT_SCREEN(shows("flags"));
	press("j\r");
	AWAIT_SCREEN(shows("map flags "));
	ASSERT_EQ(0, system("syncmapctl remove flags"));
	AWAIT_SCREEN(shows("(total)") && !shows("flags"));
	expect_quits();
	remove_maps();
}

TEST(sizes)
{
	static const struct {
		int rows, columns;
	} sizes[] = {
		{ 40, 120 }, { 24, 80 }, { 10, 60 }, { 5, 30 }, { 1, 1 },
		{ 60, 200 },
	};

	make_maps();
	start("vt52", 24, 80);
	AWAIT_SCREEN(shows("hits"));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_size(sizes[i].rows, sizes[i].columns);
		ASSERT_EQ(0, kill(screen.pid, SIGWINCH));
		/* As much of the first line as there is room for */
		AWAIT_SCREEN(shows(sizes[i].columns > 6 ? "2 maps" : "2"));
		if (sizes[i].rows > 6)
			AWAIT_SCREEN(shows("hits"));
		if (sizes[i].columns >= 80)
			AWAIT_SCREEN(shows("WATCH"));
	}
	expect_quits();
	remove_maps();
}

TEST(ends)
{
	static const int signals[] = {
		SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV,
	};

	make_maps();
	start("vt52", 24, 80);
	AWAIT_SCREEN(shows("hits"));
	ASSERT_EQ(0, kill(screen.pid, SIGINT));
	EXPECT_EQ(0, end());
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		start("vt52", 24, 80);
		AWAIT_SCREEN(shows("hits"));
		test_context("signal %d", signals[i]);
		ASSERT_EQ(0, kill(screen.pid, signals[i]));
		EXPECT_EQ(signals[i], end() & 0x7f);
	}
	remove_maps();
}

TEST(terminals_that_nobody_knows)
{
	start("no-such-terminal", 24, 80);
	AWAIT_SCREEN(shows("TERM is 'no-such-terminal': no such terminal is known"));
	AWAIT_SCREEN(shows("'syncmapctl top --once' needs none."));
	EXPECT_EQ(1 << 8, end());
}
