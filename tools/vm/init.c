// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the test machine. Runs /rig/script with its output on a serial port of
 * its own (rig_port=TTY on the kernel's command line), then looks at what the
 * kernel has to say, and writes the verdict as the very last line:
 *
 *	verdict: missing=0 status=0 dmesg=0 leaks=0
 *
 * With rig=shell that port is the console, and a shell follows the script, or
 * what the script has left in /rig/prompt.
 * rig_cpus=N says how many processors the machine was given: the script does not
 * run when some of them are missing, for what it would show about concurrency is
 * not so.
 *
 * If there is a /rig/init, all of that is its business.
 *
 * Data races of the kernel's own are no news: those in functions that begin a
 * line of /rig/known-races, if there is one, are not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define KNOWN		"/rig/known-races"
#define RACE		"BUG: KCSAN: data-race in "

static const struct {
	const char *type;
	const char *dir;
} mounts[] = {
	{ "devtmpfs", "/dev" },
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
	{ "tmpfs", "/tmp" },
	{ "tmpfs", "/dev/shm" },
	{ "devpts", "/dev/pts" },
	{ "debugfs", "/sys/kernel/debug" },
	{ "tracefs", "/sys/kernel/tracing" },
	{ "cgroup2", "/sys/fs/cgroup" },
};

/* What a kernel message must not contain. */
static const char *const reports[] = {
	"WARNING:", "BUG:", "kernel BUG at", "Oops:", "INFO: task ",
	"INFO: trying to register", "general protection fault", "UBSAN:",
	"ODEBUG:", "detected stall", "list_add corruption",
	"list_del corruption", "refcount_t:", "suspicious RCU",
	"Kernel memory leak detector disabled", "bad unlock balance",
	"lockdep: fixme", "turning off the locking correctness validator",
};

static FILE *report;

static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].dir, 0755);
		mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0, NULL);
	}
	chmod("/tmp", 01777);
	symlink("/proc/self/fd", "/dev/fd");
}

static void open_port(bool raw)
{
	char path[32];
	struct termios t;
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", getenv("rig_port"));
	fd = open(path, O_RDWR | O_NOCTTY);
	if (raw && !tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		tcsetattr(fd, TCSANOW, &t);
	}
	report = fdopen(fd, "w");
	if (!report)
		reboot(RB_AUTOBOOT);
}

static int wait_for(pid_t child)
{
	int status;
	pid_t pid;

	do {
		pid = wait(&status);
	} while (pid != child && (pid > 0 || errno == EINTR));
	if (pid != child)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(int in, int out, char *const argv[], bool terminal)
{
	pid_t child = fork();

	if (!child) {
		dup2(in, 0);
		dup2(out, 1);
		dup2(out, 2);
		if (terminal) {
			setsid();
			ioctl(0, TIOCSCTTY, 1);
		}
		execv(argv[0], argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return wait_for(child);
}

static bool is_report(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++)
		if (strstr(line, reports[i]))
			return true;
	return false;
}

static bool is_known(const char *function)
{
	char line[256], name[128];
	bool known = false;
	FILE *f;

	f = fopen(KNOWN, "r");
	while (f && !known && fgets(line, sizeof(line), f))
		known = sscanf(line, "%127s", name) == 1 &&
			!strcmp(name, function);
	if (f)
		fclose(f);
	return known;
}

/* The functions of a module are followed by its name, so they are never known. */
static bool is_known_race(const char *line)
{
	char a[128], b[128] = "";

	line = strstr(line, RACE);
	if (!line || sscanf(line, RACE "%127[^/\n]/ %127[^\n]", a, b) < 1)
		return false;
	a[strcspn(a, " ")] = '\0';
	return !strstr(line, " [") && (is_known(a) || is_known(b));
}

/* A record is "priority,sequence,time,flags;text\n"; facility 0 is the kernel. */
static int scan_dmesg(void)
{
	char record[8192 + 1];
	unsigned long long sequence, expected = 0;
	unsigned int priority;
	int found = 0;
	ssize_t n;
	int fd;

	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	for (;;) {
		n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno == EPIPE)
			continue;
		record[n < 0 ? 0 : n] = '\0';
		if (sscanf(record, "%u,%llu,", &priority, &sequence) != 2) {
			fprintf(report, "dmesg: unreadable: %m\n");
			found++;
			break;
		}
		if (sequence != expected) {
			fprintf(report, "dmesg: messages were lost\n");
			found++;
		}
		expected = sequence + 1;
		if (priority >> 3 || !is_report(record) || is_known_race(record))
			continue;
		fprintf(report, "dmesg: %s", strchr(record, ';') + 1);
		found++;
	}
	close(fd);
	return found;
}

/*
 * The second line of a report tells who has allocated the object. What the boot of
 * the kernel itself has lost, such as ACPI's caches, is not ours.
 */
static int count_leaks(void)
{
	char first[256], line[256];
	bool ours = false;
	int found = 0;
	FILE *f;

	f = fopen(KMEMLEAK, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "unreferenced", 12)) {
			strcpy(first, line);
			ours = !fgets(line, sizeof(line), f) ||
			       !strstr(line, "comm \"swapper/");
			found += ours;
			if (ours)
				fprintf(report, "leak: %s", first);
		}
		if (ours)
			fprintf(report, "leak: %s", line);
	}
	if (f)
		fclose(f);
	return found;
}

/*
 * An object is reported when it is over five seconds old, and when its content
 * has not changed since the scan before.
 */
static int scan_leaks(void)
{
	int found = 0;
	int fd;

	fd = open(KMEMLEAK, O_RDWR);
	if (fd < 0)
		return 0;
	sleep(6);
	for (int i = 0; i < 2; i++) {
		if (write(fd, "scan", 4) != 4) {
			fprintf(report, "leak: cannot scan: %m\n");
			found++;
		}
	}
	close(fd);
	return found + count_leaks();
}

/* How many processors of those that the machine was given the kernel has not */
static int count_missing(void)
{
	const char *given = getenv("rig_cpus");
	int wanted = given ? atoi(given) : 1;
	int online = sysconf(_SC_NPROCESSORS_ONLN);

	if (online >= wanted)
		return 0;
	fprintf(report, "cpus: %d of %d are online, so the script does not run\n",
		online, wanted);
	fflush(report);
	return wanted - online;
}

static int run_all(bool shell, bool complete)
{
	char *applets[] = { "/bin/busybox", "--install", "-s", "/bin", NULL };
	char *script[] = { "/rig/script", NULL };
	char *prompt[] = { "/rig/prompt", NULL };
	int out = fileno(report);
	int in = shell ? out : open("/dev/null", O_RDONLY);
	int status = 0;

	run(in, out, applets, false);
	if (complete)
		status = run(in, out, script, false);
	if (access(prompt[0], X_OK))
		prompt[0] = "/bin/sh";
	/* Last, the kernel hangs up the terminal of a session that ends. */
	if (shell)
		run(in, out, prompt, true);
	return status;
}

int main(void)
{
	const char *rig = getenv("rig");
	bool shell = rig && !strcmp(rig, "shell");
	int missing, status, dmesg, leaks;

	execl("/rig/init", "/rig/init", NULL);
	mount_all();
	open_port(!shell);
	setenv("PATH", "/rig:/bin", 1);
	setenv("LD_LIBRARY_PATH", "/rig", 1);
	setenv("HOME", "/tmp", 1);
	chdir("/rig");

	missing = count_missing();
	status = run_all(shell, !missing);
	if (!shell) {
		kill(-1, SIGKILL);
		while (wait(NULL) > 0)
			;
		leaks = scan_leaks();
		dmesg = scan_dmesg();
		fprintf(report, "\nverdict: missing=%d status=%d dmesg=%d leaks=%d\n",
			missing, status, dmesg, leaks);
	}
	fflush(report);
	tcdrain(fileno(report));
	reboot(RB_AUTOBOOT);
	return 1;
}
