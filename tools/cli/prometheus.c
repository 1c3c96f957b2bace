// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "metrics.h"
#include "outfile.h"
#include "prometheus.h"

struct collection {
	struct measured	*list;
	size_t		n;
};

/* A name that the map has had may be another one's now */
static void name_map(struct measured *measured)
{
	const struct syncmap_map_info *info = &measured->sample.info;

	if (info->name[0] && !(info->state & (SYNCMAP_MAP_REMOVED |
					      SYNCMAP_MAP_ELSEWHERE)))
		snprintf(measured->map, sizeof(measured->map), "%s",
			 info->name);
	else
		snprintf(measured->map, sizeof(measured->map), "#%" PRIu64,
			 (uint64_t)info->id);
	user_name(info->uid, measured->owner, sizeof(measured->owner));
}

static void add_sample(struct collection *all, const struct sample *sample)
{
	struct measured *list = reallocarray(all->list, all->n + 1,
					     sizeof(*list));

	if (!list)
		abort();
	list[all->n] = (struct measured){ .sample = *sample };
	name_map(&list[all->n++]);
	all->list = list;
}

static int add_listed(const struct syncmap_map_info *info, void *arg)
{
	struct sample sample;

	sample_listed(info, &sample);
	if (sample.opened)
		add_sample(arg, &sample);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct measured *x = a, *y = b;

	return strcmp(x->map, y->map);
}

static int collect_all(struct cli *cli, struct collection *all)
{
	int err = libsyncmap_list(cli->scope, 0, add_listed, all);

	if (err)
		return fail_system(cli, err);
	if (all->n)
		qsort(all->list, all->n, sizeof(*all->list), by_name);
	return EXIT_YES;
}

static int open_next(struct cli *cli, const char *name)
{
	close_map(cli);
	return open_map(cli, name);
}

static bool is_there(const struct collection *all, const struct sample *sample)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].sample.info.id == sample->info.id)
			return true;
	return false;
}

/* The first one is open already. Twice named is once shown. */
static int collect_named(struct cli *cli, struct collection *all)
{
	struct sample sample;
	int code, err;

	for (int i = 0; i < cli->nargs; i++) {
		code = i ? open_next(cli, cli->args[i]) : EXIT_YES;
		if (code)
			return code;
		err = sample_take(cli->map, &sample);
		if (err)
			return fail_map(cli, cli->name, err);
		if (!is_there(all, &sample))
			add_sample(all, &sample);
	}
	return EXIT_YES;
}

static int write_all(struct cli *cli, const struct collection *all)
{
	const char *path = cli->output ? cli->output : "-";
	struct outfile out;
	int err = outfile_open(&out, path);

	if (err)
		return fail(cli, "%s: %s", path, strerror(-err));
	metrics_write(all->list, all->n, out.file);
	err = outfile_close(&out, true);
	/* Of standard output main() tells */
	if (err && !out.is_stdout)
		return fail(cli, "%s: %s", path, strerror(-err));
	return err ? EXIT_ERROR : EXIT_YES;
}

int say_prometheus(struct cli *cli)
{
	struct collection all = { };
	int code;

	code = cli->nargs ? collect_named(cli, &all) : collect_all(cli, &all);
	if (!code)
		code = write_all(cli, &all);
	free(all.list);
	return code;
}
