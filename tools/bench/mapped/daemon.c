// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"

#define TRIES	200

const char *daemon_prepare(struct daemon *daemon)
{
	strcpy(daemon->directory, DAEMON_DIRECTORY);
	if (!mkdtemp(daemon->directory))
		return strerror(errno);
	snprintf(daemon->path, sizeof(daemon->path), "%s/socket",
		 daemon->directory);
	return NULL;
}

int daemon_connect(const struct daemon *daemon)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, daemon->path);
	if (!connect(file, (void *)&address, sizeof(address)))
		return file;
	close(file);
	return -1;
}

void daemon_end(struct daemon *daemon)
{
	int status;

	kill(daemon->pid, SIGKILL);
	waitpid(daemon->pid, &status, 0);
	unlink(daemon->path);
	rmdir(daemon->directory);
}

static void be_server(const struct daemon *daemon, const char *const *argv)
{
	/* It goes when who has started it does */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen("/dev/null", "w", stdout) ||
	    !freopen("/dev/null", "w", stderr) || chdir(daemon->directory))
		_exit(127);
	execvp(argv[0], (char **)argv);
	_exit(127);
}

const char *daemon_start(struct daemon *daemon, const char *const *argv)
{
	int tries, status, file;

	daemon->pid = fork();
	if (!daemon->pid)
		be_server(daemon, argv);
	for (tries = 0; tries < TRIES; tries++) {
		if (waitpid(daemon->pid, &status, WNOHANG) == daemon->pid) {
			rmdir(daemon->directory);
			return "it cannot be started";
		}
		file = daemon_connect(daemon);
		if (file >= 0) {
			close(file);
			return NULL;
		}
		usleep(50000);
	}
	daemon_end(daemon);
	return "it does not answer";
}
