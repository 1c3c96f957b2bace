// SPDX-License-Identifier: GPL-2.0-only
/* syncmap-etcd: maps that are equal to what etcd has, and the other way round */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "mirror.h"
#include "node.h"
#include "options.h"
#include "outfile.h"

/* A page of JSON is a megabyte or so of small pieces, which the next one needs again. */
#define KEPT_FREE	(16 << 20)

struct daemon {
	struct options		options;
	struct loop		loop;
	struct gateway		gateway;
	struct mirror		mirrors[MAPS_MAX];
	size_t			mirror_count;	/* that have begun */
	struct lease		lease;
	struct bytes		node;
	struct publisher	publishers[MAPS_MAX];
	size_t			publisher_count;
	struct timer		metrics;
	struct waiter		signals;
	bool			broken;
};

static void write_metrics(void *arg)
{
	struct daemon *daemon = arg;
	const char *path = daemon->options.metrics;
	struct outfile out;
	int err = outfile_open(&out, path);

	if (!err) {
		metrics_write_mirrors(out.file, daemon->mirrors,
				      daemon->mirror_count);
		metrics_write_publishers(out.file, daemon->publishers,
					 daemon->publisher_count);
		metrics_write_gateway(out.file, &daemon->gateway);
		err = outfile_close(&out, true);
	}
	if (err)
		say(LOG_WARNING, NULL, "%s: %s", path, strerror(-err));
	loop_set(&daemon->loop, &daemon->metrics, daemon->options.fresh / 2);
}

static void break_off(void *arg)
{
	struct daemon *daemon = arg;

	daemon->broken = true;
	daemon->loop.ended = true;
}

static void check_publishers(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->publisher_count; i++)
		publish_check(&daemon->publishers[i]);
}

static void renew_publishers(void *arg)
{
	struct daemon *daemon = arg;

	for (size_t i = 0; i < daemon->publisher_count; i++)
		publish_renew(&daemon->publishers[i]);
}

static void take_signal(void *arg)
{
	struct daemon *daemon = arg;
	struct signalfd_siginfo signal;

	if (read(daemon->signals.fd, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (signal.ssi_signo != SIGUSR1) {
		daemon->loop.ended = true;
		return;
	}
	for (size_t i = 0; i < daemon->mirror_count; i++)
		mirror_compare(&daemon->mirrors[i]);
	check_publishers(daemon);
}

static int await_signals(struct daemon *daemon)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	daemon->signals = (struct waiter){
		.fd = signalfd(-1, &signals, SFD_CLOEXEC),
		.fn = take_signal, .arg = daemon,
	};
	if (daemon->signals.fd < 0)
		return -errno;
	loop_await(&daemon->loop, &daemon->signals);
	return 0;
}

static int begin_publishers(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	int err = node_print(&daemon->node);
	struct span node = { daemon->node.data, daemon->node.len };

	if (err) {
		say(LOG_ERROR, NULL, "which node this is: %s", strerror(-err));
		return err;
	}
	for (size_t i = 0; i < options->publisher_count; i++) {
		publish_begin(&daemon->publishers[i], &daemon->gateway,
			      &daemon->lease, node, &options->publishers[i]);
		daemon->publisher_count++;
	}
	lease_begin(&daemon->lease, &daemon->gateway, options->lease / SECOND,
		    renew_publishers, daemon);
	return 0;
}

static int begin(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	int err = await_signals(daemon);

	for (size_t i = 0; !err && i < options->mirror_count; i++) {
		err = mirror_begin(&daemon->mirrors[i], &daemon->gateway,
				   &options->mirrors[i], break_off, daemon);
		daemon->mirror_count += !err;
	}
	if (!err && options->publisher_count)
		err = begin_publishers(daemon);
	if (!err && options->metrics)
		write_metrics(daemon);
	return err;
}

static void end(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->mirror_count; i++)
		mirror_end(&daemon->mirrors[i]);
	for (size_t i = 0; i < daemon->publisher_count; i++)
		publish_end(&daemon->publishers[i]);
	if (daemon->publisher_count)
		lease_end(&daemon->lease);
	gateway_end(&daemon->gateway);
	loop_end(&daemon->loop);
	bytes_free(&daemon->node);
	options_free(&daemon->options);
}

int main(int argc, char **argv)
{
	static struct daemon daemon;
	int err;

	switch (options_parse(&daemon.options, argc, argv)) {
	case PARSED_HELP: return 0;
	case PARSED_WRONG: return 2;
	case PARSED: break;
	}
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	loop_begin(&daemon.loop);
	gateway_begin(&daemon.gateway, &daemon.loop, &daemon.options.gateway);
	daemon.metrics = (struct timer){ .fn = write_metrics, .arg = &daemon };
	err = begin(&daemon);
	if (!err)
		loop_run(&daemon.loop);
	end(&daemon);
	curl_global_cleanup();
	return err || daemon.broken;
}
