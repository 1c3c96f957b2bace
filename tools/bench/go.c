// SPDX-License-Identifier: GPL-2.0-only
/*
 * Go's maps as contenders: a process for each, go/main.go, that does nothing
 * until it is asked to run a workload for a while. It keeps its map meanwhile,
 * and has no other one, for Go's collector would have to walk it, too.
 *
 * sync.Map is another one since Go 1.24, a trie; so the same program, compiled by
 * the current Go, has one more.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"

/* Larger maps take too long to fill, and all of them too much memory */
#define GO_KEYS_MAX	M

static struct process {
	const char	*contender;
	const char	*summary;
	const char	*map;		/* its name in go/maps.go */
	const char	*program;	/* behind the path of this one */
	pid_t		pid;
	FILE		*to;
	FILE		*from;
} processes[GO_CONTENDERS] = {
	{ "go_syncmap", "Go's sync.Map", "go_syncmap", "-go" },
	{ "go_current", "sync.Map of the current Go, a trie since 1.24",
	  "go_syncmap", "-go-current" },
	{ "go_mutex", "Go's map under a Mutex", "go_mutex", "-go" },
	{ "go_rwmutex", "Go's map under an RWMutex", "go_rwmutex", "-go" },
	{ "go_shards", "32 of Go's maps, each under an RWMutex", "go_shards",
	  "-go" },
	{ "go_cow", "Go's map, copied for each store", "go_cow", "-go" },
};

static const char *const works[RUN_TYPES] = {
	[RUN_LOAD] = "load",
	[RUN_LOAD_ZIPF] = "load_zipf",
	[RUN_MISS] = "miss",
	[RUN_LATENCY] = "latency",
	[RUN_MIX] = "mix",
	[RUN_MIX_ZIPF] = "mix_zipf",
	[RUN_CHURN] = "churn",
};

static const int key_lens[KINDS] = {
	[KIND_U64] = 8,
	[KIND_16] = 16,
	[KIND_32] = 32,
};

const char *go_name(int i)
{
	return processes[i].contender;
}

const char *go_summary(int i)
{
	return processes[i].summary;
}

/* Go's programs lie beside this one, if they could be built */
static const char *program(const char *suffix)
{
	static char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 16);

	if (len < 0)
		return NULL;
	strcpy(path + len, suffix);
	return access(path, X_OK) ? NULL : path;
}

static void be_program(int from, int to, const struct process *process)
{
	const char *path = program(process->program);

	dup2(from, STDIN_FILENO);
	dup2(to, STDOUT_FILENO);
	execl(path, path, process->map, NULL);
	_exit(127);
}

/* It ends when its input does, which no other process may hold open */
static void start(struct process *process)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		abort();
	process->pid = fork();
	if (process->pid < 0)
		abort();
	if (!process->pid)
		be_program(to[0], from[1], process);
	close(to[0]);
	close(from[1]);
	process->to = fdopen(to[1], "w");
	process->from = fdopen(from[0], "r");
}

bool go_takes_part(int i)
{
	return program(processes[i].program) &&
	       is_listed(options.maps, go_name(i));
}

/* Whether there is a map of this kind that can run this on so many keys */
bool go_is_able(int i, int kind, const struct workload *workload, u64 n)
{
	if (!go_takes_part(i) || !key_lens[kind] || !works[workload->type] ||
	    n > GO_KEYS_MAX)
		return false;
	return strcmp(go_name(i), "go_cow") ||
	       stores_little(workload, n);
}

/* Millions of operations in a second, and what share of the time was lost */
double go_rate(int i, int kind, const struct workload *workload, u64 n,
	       int threads, unsigned int warm_ms, double *disturbed)
{
	struct process *process = &processes[i];
	double rate;
	char answer[256] = "";

	if (!process->to)
		start(process);
	fprintf(process->to,
		"work=%s n=%llu len=%d threads=%d writes=%u warm=%u ms=%u\n",
		works[workload->type], n, key_lens[kind], threads,
		workload->writes, warm_ms, options.slice_ms);
	fflush(process->to);
	if (!fgets(answer, sizeof(answer), process->from) ||
	    sscanf(answer, "mops=%lf lost=%lf", &rate, disturbed) != 2) {
		fprintf(stderr, "bench: %s says: %s\n", process->contender,
			answer);
		exit(1);
	}
	return rate;
}

void go_stop(void)
{
	struct process *process;

	for (process = processes; process < processes + GO_CONTENDERS;
	     process++) {
		if (!process->to)
			continue;
		fclose(process->to);
		fclose(process->from);
		waitpid(process->pid, NULL, 0);
	}
}

/* Whether it gives right answers; says on stdout which are wrong */
bool go_check(int i)
{
	char command[4096 + 32];

	snprintf(command, sizeof(command), "'%s' check %s",
		 program(processes[i].program), processes[i].map);
	return !system(command);
}

/* Its output, line by line, each behind @before */
static void print_output(const char *before, const char *suffix,
			 const char *words)
{
	char line[512], command[4096 + 32];
	FILE *from;

	snprintf(command, sizeof(command), "'%s' %s", program(suffix), words);
	from = popen(command, "r");
	if (!from)
		abort();
	while (fgets(line, sizeof(line), from))
		report("%s%s", before, line);
	if (pclose(from))
		exit(1);
}

/* By which Go its maps were compiled, and which are left out */
void go_print(void)
{
	if (program("-go"))
		print_output("go:       ", "-go", "version");
	else
		report("left out: Go's maps: there is no Go\n");
	if (program("-go-current"))
		print_output("          go_current: ", "-go-current", "version");
	else
		report("left out: sync.Map of the current Go: there is no root "
		       "that has it (tools/vm/root sid)\n");
}

/* What the articles say of Go's maps; nothing where there is no Go */
void go_claims(void)
{
	char words[32];

	if (!program("-go"))
		return;
	snprintf(words, sizeof(words), "claims %d", options.repetitions);
	report("\nIn Go itself:\n");
	print_output("", "-go", words);
}
