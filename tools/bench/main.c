// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and dispatch.
 */
#include <stdlib.h>
#include <unistd.h>

#include "driver.h"
#include "module/core/core.h"

struct options options = {
	.repetitions = 5,
	.slice_ms = 15,
};

/* Whether @word is one of the words of a list with commas; NULL has all */
bool is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	if (!list)
		return true;
	for (; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, word, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

static void usage(FILE *file)
{
	const struct workload *workload;
	const struct part *part;
	int i;

	fputs("usage: bench [-q | -f] [-t] [-p PARTS] [-m MAPS] [-w WORKLOADS]\n"
	      "             [-k KINDS] [-r N] [-s MS] [-o DIR]\n"
	      "       bench -c\n"
	      "  -q  quick: up to 1M keys, fewer repetitions\n"
	      "  -f  full: all kinds of keys in all sizes, more repetitions\n"
	      "  -t  no more than the targets are about\n"
	      "  -p  these parts only; a list with commas\n"
	      "  -m  these contenders only\n"
	      "  -w  these workloads only, of those that maps take turns with\n"
	      "  -k  these keys only: u64, u64-siphash, 16-byte, 32-byte\n"
	      "  -r  repetitions\n"
	      "  -s  milliseconds of each\n"
	      "  -o  leave a report in this directory\n"
	      "  -c  check that all contenders give right answers\n\nparts:\n",
	      file);
	for (part = parts; part->name; part++)
		fprintf(file, "  %-13s %s\n", part->name, part->summary);
	fputs("\nworkloads:\n", file);
	for (workload = workloads; workload->name; workload++)
		fprintf(file, "  %-13s %s\n", workload->name, workload->summary);
	fputs("\ncontenders:\n", file);
	for (i = 0; i < CONTENDERS; i++)
		fprintf(file, "  %-13s %s\n", contender_name(i),
			kinds[0].contenders[i]->summary);
	for (i = 0; i < GO_CONTENDERS; i++)
		fprintf(file, "  %-13s %s\n", go_name(i), go_summary(i));
}

static int number_of(const char *text, int most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 1 || n > most) {
		fprintf(stderr, "bench: '%s' is not a number from 1 to %d\n",
			text, most);
		exit(2);
	}
	return n;
}

/* Each word of the list must be the name of something */
static void expect_names(const char *list, bool (*is_name)(const char *word))
{
	char word[64];
	size_t len;

	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if (!is_name(word)) {
			fprintf(stderr, "bench: there is no '%s'\n", word);
			exit(2);
		}
	}
}

static bool is_part(const char *word)
{
	const struct part *part;

	for (part = parts; part->name; part++)
		if (!strcmp(part->name, word))
			return true;
	return false;
}

static bool is_contender(const char *word)
{
	return contender_index(word) >= 0;
}

static bool is_workload(const char *word)
{
	const struct workload *workload;

	for (workload = workloads; workload->name; workload++)
		if (!strcmp(workload->name, word))
			return true;
	return false;
}

static bool is_kind(const char *word)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (!strcmp(kinds[kind].name, word))
			return true;
	return false;
}

static bool parse(int argc, char **argv)
{
	bool check = false, targets = false;
	int option;

	while ((option = getopt(argc, argv, "qftp:m:w:k:r:s:o:ch")) != -1) {
		switch (option) {
		case 'q':
			options.quick = true;
			options.repetitions = 3;
			break;
		case 'f':
			options.full = true;
			options.repetitions = 7;
			options.slice_ms = 30;
			break;
		case 't':
			targets = true;
			break;
		case 'p':
			expect_names(options.parts = optarg, is_part);
			break;
		case 'm':
			expect_names(options.maps = optarg, is_contender);
			break;
		case 'w':
			expect_names(options.workloads = optarg, is_workload);
			break;
		case 'k':
			expect_names(options.kinds = optarg, is_kind);
			break;
		case 'r':
			options.repetitions = number_of(optarg, SAMPLES_MAX);
			break;
		case 's':
			options.slice_ms = number_of(optarg, 10000);
			break;
		case 'o':
			options.report = optarg;
			break;
		case 'c':
			check = true;
			break;
		default:
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
	options.whole = !options.parts && !options.maps && !options.workloads &&
			!options.kinds;
	if (targets)
		targets_select();
	return check;
}

/* All parts that are wanted, and a line that says how long each took */
static void run_parts(void)
{
	const struct part *part;
	char took[512] = "";
	size_t len = 0;
	u64 start;

	for (part = parts; part->name; part++) {
		if (!is_listed(options.parts, part->name))
			continue;
		start = ktime_get_ns();
		part->run();
		len += snprintf(took + len, sizeof(took) - len, " %s %llu",
				part->name,
				(ktime_get_ns() - start) / NSEC_PER_SEC);
	}
	report("\nseconds that each part took:%s\n", took);
}

int main(int argc, char **argv)
{
	bool check = parse(argc, argv);
	bool measured;

	if (syncmap_core_init()) {
		fputs("bench: out of memory\n", stderr);
		return 1;
	}
	clock_calibrate();
	if (check)
		return check_all();
	report_open(argc, argv);
	run_parts();
	go_stop();
	measured = report_targets();
	claims_print();
	report_close();
	return !measured;
}
