// SPDX-License-Identifier: GPL-2.0-only
/* top: what all maps are doing, on a screen that is kept up to date */
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <curses.h>

#include "cli.h"
#include "pace.h"
#include "page.h"

#define INTERVAL	1000000000	/* unless --interval says otherwise */

struct top {
	struct cli	*cli;
	struct live	live;
	struct page	page;
	bool		one;		/* map, the chosen one, is shown */
	bool		done;
	int		line;		/* that is written next */
	int		signals;	/* to read them from */
	int		signal;		/* that has ended it */
};

static void put_line(void *arg, const char *line, enum page_look look)
{
	static const attr_t looks[] = {
		[LOOK_PLAIN]	= A_NORMAL,
		[LOOK_HEADING]	= A_REVERSE,
		[LOOK_CHOSEN]	= A_BOLD | A_REVERSE,
		[LOOK_KEYS]	= A_DIM,
	};
	struct top *top = arg;

	mvaddnstr(top->line, 0, line, COLS);
	mvchgat(top->line++, 0, -1, looks[look], 0, NULL);
}

static void draw(struct top *top)
{
	const struct live_map *map = NULL;

	if (top->one)
		map = live_find(&top->live, top->page.chosen);
	top->one = map;
	top->page.width = COLS;
	top->page.height = LINES;
	top->line = 0;
	erase();
	if (map)
		page_map(&top->page, map);
	else
		page_all(&top->page, &top->live);
	refresh();
}

/* The map @by rows below the chosen one; the first if there is none */
static void choose(struct top *top, int by)
{
	const struct live_map **sorted = page_sort(&top->page, &top->live);
	size_t n = top->live.n, at = 0;

	while (at < n && sorted[at]->sample.info.id != top->page.chosen)
		at++;
	if (at == n)
		at = 0;
	else if (by < 0 ? at : at + 1 < n)
		at += by;
	if (n)
		top->page.chosen = sorted[at]->sample.info.id;
	free(sorted);
}

static void press(struct top *top, int key)
{
	struct page *page = &top->page;

	switch (key) {
	case 'q':
		top->done = true;
		break;
	case '<':
		page->order = (page->order + PAGE_ORDERS - 1) % PAGE_ORDERS;
		break;
	case '>':
		page->order = (page->order + 1) % PAGE_ORDERS;
		break;
	case 'r':
		page->reverse = !page->reverse;
		break;
	case KEY_UP:
	case 'k':
		choose(top, -1);
		break;
	case KEY_DOWN:
	case 'j':
		choose(top, 1);
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		choose(top, 0);
		top->one = true;
		break;
	case 27:
		top->one = false;
		break;
	}
}

static void take_signal(struct top *top)
{
	struct signalfd_siginfo info;

	if (read(top->signals, &info, sizeof(info)) != sizeof(info))
		return;
	top->signal = info.ssi_signo;
	top->done = true;
}

/* Until there is something to do, or the interval is over. A new size is a key. */
static void wait_for_keys(struct top *top, uint64_t left)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = top->signals, .events = POLLIN },
	};
	int n, key;

	n = poll(fds, 2, left / 1000000 + 1);
	if (n > 0 && fds[1].revents)
		take_signal(top);
	/* Nobody is there any more */
	if (n > 0 && fds[0].revents & ~POLLIN)
		top->done = true;
	while (!top->done && (key = getch()) != ERR)
		press(top, key);
}

static int show(struct top *top)
{
	struct pace pace;
	uint64_t left;
	int err = 0;

	pace_begin(&pace, top->page.interval);
	while (!top->done && !err) {
		draw(top);
		left = pace_left(&pace);
		if (left)
			wait_for_keys(top, left);
		else
			err = live_update(&top->live);
	}
	return err;
}

/* Those that end it are read, so that the terminal is as it was before */
static void hold_signals(struct top *top, sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
	sigprocmask(SIG_BLOCK, set, NULL);
	top->signals = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A bug, or no memory: nothing else can be done */
static void give_back(int number)
{
	endwin();
	signal(number, SIG_DFL);
	raise(number);
}

static void set_screen_up(void)
{
	static const int fatal[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		signal(fatal[i], give_back);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
}

static int run_screen(struct top *top)
{
	SCREEN *screen;
	sigset_t set;
	int err;

	hold_signals(top, &set);
	setlocale(LC_CTYPE, "");
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		advise(top->cli, "'syncmapctl top --once' needs none.");
		return fail(top->cli, "TERM is '%s': no such terminal is known",
			    getenv("TERM") ? getenv("TERM") : "");
	}
	set_screen_up();
	err = show(top);
	endwin();
	delscreen(screen);
	close(top->signals);
	if (top->signal && top->signal != SIGINT) {
		signal(top->signal, SIG_DFL);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		raise(top->signal);
	}
	return err ? fail_system(top->cli, err) : EXIT_YES;
}

static void print_line(void *arg, const char *line, enum page_look look)
{
	(void)arg;
	(void)look;
	puts(line);
}

static struct json_object *map_json(const struct live_map *map)
{
	struct json_object *json = json_object_new_object();
	const struct syncmap_map_info *info = &map->sample.info;
	struct row row;

	live_last_row(map, &row);
	add_named(json, "map", json_object_new_string(info->name));
	add_u64(json, "id", info->id);
	add_u64(json, "uid", info->uid);
	row_add_json(json, &row);
	return json;
}

static void say_top_json(struct top *top)
{
	const struct live_map **sorted = page_sort(&top->page, &top->live);
	struct json_object *json = json_object_new_object();
	struct json_object *maps = json_object_new_array();
	struct json_object *total = json_object_new_object();

	for (size_t i = 0; i < top->live.n; i++)
		json_object_array_add(maps, map_json(sorted[i]));
	row_add_json(total, &top->live.total);
	add_json(json, "maps", maps);
	add_json(json, "total", total);
	add_u64(json, "all_bytes", top->live.system.all_bytes);
	add_u64(json, "max_all_bytes", top->live.system.max_all_bytes);
	say_json(top->cli, json);
	free(sorted);
}

/* Nothing, if somebody does not want to wait */
static int say_once(struct top *top)
{
	struct pace pace;
	int err;

	pace_begin(&pace, top->page.interval);
	if (!pace_wait(&pace))
		return EXIT_YES;
	err = live_update(&top->live);
	if (err)
		return fail_system(top->cli, err);
	if (top->cli->json)
		say_top_json(top);
	else
		page_all(&top->page, &top->live);
	return EXIT_YES;
}

static int check_terminal(struct cli *cli)
{
	if (cli->once)
		return EXIT_YES;
	if (cli->json)
		return fail_usage(cli, "--json is for --once");
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return EXIT_YES;
	advise(cli, "'syncmapctl top --once' needs none.");
	return fail(cli, "top: this is no terminal");
}

int verb_top(struct cli *cli)
{
	struct top top = {
		.cli = cli,
		.page = {
			.width = PAGE_WIDTH_MIN,
			.interval = cli->interval ? cli->interval : INTERVAL,
			.order = PAGE_BY_LOADS,
			.put = cli->once ? print_line : put_line,
			.arg = &top,
		},
	};
	int code = check_terminal(cli), err;

	if (code)
		return code;
	err = live_update(&top.live);
	if (err)
		return fail_system(cli, err);
	code = cli->once ? say_once(&top) : run_screen(&top);
	live_free(&top.live);
	return code;
}
