// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "duration.h"
#include "log.h"
#include "options.h"

#define PASSWORD_MAX	4096

static const char usage[] =
"Usage: syncmap-etcd [OPTION]... --down MAP=PREFIX... --up MAP=PREFIX...\n"
"Keep maps of the kernel equal to what etcd has below prefixes, and the other\n"
"way round.\n"
"\n"
"  -d, --down MAP=PREFIX       keep MAP equal to the keys below PREFIX\n"
"  -u, --up MAP=PREFIX         publish owned entries of MAP below PREFIX\n"
"  -e, --endpoints URL,...     members of etcd (http://127.0.0.1:2379)\n"
"      --user NAME             log in, with the password in\n"
"      --password-file FILE    the first line of a file\n"
"      --ca FILE               trust these authorities alone\n"
"      --cert FILE, --key FILE show this certificate\n"
"      --timeout TIME          wait so long for an answer (3s)\n"
"      --fresh TIME            have @synced last so long (10s)\n"
"      --compare TIME          compare all of it so often (5m; never)\n"
"      --clear-after TIME      clear a map that is older (never)\n"
"      --exchange              show what is read anew as a whole\n"
"      --lease TIME            publish under a lease of so long (10s)\n"
"      --mode MODE             of maps that are made (644)\n"
"      --metrics FILE          write numbers for Prometheus there\n"
"  -h, --help\n"
"      --version\n"
"\n"
"'man syncmap-etcd' tells all there is.\n";

enum {
	OPTION_USER = 256,
	OPTION_PASSWORD_FILE,
	OPTION_CA,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_TIMEOUT,
	OPTION_FRESH,
	OPTION_COMPARE,
	OPTION_CLEAR_AFTER,
	OPTION_EXCHANGE,
	OPTION_LEASE,
	OPTION_MODE,
	OPTION_METRICS,
	OPTION_VERSION,
};

static const struct option longs[] = {
	{ "down", required_argument, NULL, 'd' },
	{ "up", required_argument, NULL, 'u' },
	{ "endpoints", required_argument, NULL, 'e' },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "fresh", required_argument, NULL, OPTION_FRESH },
	{ "compare", required_argument, NULL, OPTION_COMPARE },
	{ "clear-after", required_argument, NULL, OPTION_CLEAR_AFTER },
	{ "exchange", no_argument, NULL, OPTION_EXCHANGE },
	{ "lease", required_argument, NULL, OPTION_LEASE },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "metrics", required_argument, NULL, OPTION_METRICS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ },
};

static enum parsed wrong(const char *what, const char *why)
{
	say(LOG_ERROR, NULL, "%s: %s", what, why);
	return PARSED_WRONG;
}

/* "http://" may be left out; a path may not be there */
static enum parsed add_endpoint(struct options *options, size_t n,
				const char *text)
{
	struct bytes url = { };
	const char *host = strstr(text, "://");
	char *path;

	if (n == ENDPOINTS_MAX)
		return wrong(text, "too many endpoints");
	if (!host)
		bytes_append(&url, "http://", 7);
	else if (strncmp(text, "http://", 7) && strncmp(text, "https://", 8))
		return wrong(text, "neither http:// nor https://");
	bytes_append(&url, text, strlen(text) + 1);
	options->endpoints[n] = url.data;
	host = strstr(url.data, "://") + 3;
	path = strchr(host, '/');
	if (!*host || path == host || (path && path[1]))
		return wrong(text, "not an endpoint");
	if (path)
		*path = '\0';
	return PARSED;
}

static void free_endpoints(struct options *options)
{
	for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
		free(options->endpoints[i]);
		options->endpoints[i] = NULL;
	}
}

static enum parsed set_endpoints(struct options *options, char *list)
{
	enum parsed parsed = PARSED;
	size_t n = 0;

	free_endpoints(options);
	for (char *one = strtok(list, ","); one && parsed == PARSED;
	     one = strtok(NULL, ","))
		parsed = add_endpoint(options, n++, one);
	return parsed == PARSED && !n ? wrong("--endpoints", "there are none") :
					parsed;
}

static bool is_named(const struct options *options, const char *map)
{
	for (size_t i = 0; i < options->mirror_count; i++)
		if (!strcmp(options->mirrors[i].map, map))
			return true;
	for (size_t i = 0; i < options->publisher_count; i++)
		if (!strcmp(options->publishers[i].map, map))
			return true;
	return false;
}

/* Cut the text behind the map, and find the prefix. */
static enum parsed split(const struct options *options, size_t count, char *text,
			 const char **prefix)
{
	char *end = strchr(text, '=');

	if (!end || end == text)
		return wrong(text, "not MAP=PREFIX");
	*end = '\0';
	*prefix = end + 1;
	if (count == MAPS_MAX)
		return wrong(text, "too many maps");
	return is_named(options, text) ?
	       wrong(text, "one map cannot have two prefixes") : PARSED;
}

static enum parsed add_mirror(struct options *options, char *text)
{
	struct mirror_options *mirror = &options->mirrors[options->mirror_count];
	enum parsed parsed = split(options, options->mirror_count, text,
				   &mirror->prefix);

	if (parsed == PARSED) {
		mirror->map = text;
		options->mirror_count++;
	}
	return parsed;
}

/* Whatever else is below the prefix is deleted, which would be all of etcd. */
static enum parsed add_publisher(struct options *options, char *text)
{
	struct publish_options *publisher =
		&options->publishers[options->publisher_count];
	enum parsed parsed = split(options, options->publisher_count, text,
				   &publisher->prefix);

	if (parsed != PARSED)
		return parsed;
	if (!*publisher->prefix)
		return wrong(text, "--up needs a prefix");
	publisher->map = text;
	options->publisher_count++;
	return PARSED;
}

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/*
 * Below a prefix that is published nobody else may write, and so nothing may be read
 * that others have to write; what is published may be part of what is read.
 */
static enum parsed check_directions(const struct options *options)
{
	for (size_t i = 0; i < options->publisher_count; i++) {
		const char *up = options->publishers[i].prefix;

		for (size_t j = 0; j < options->mirror_count; j++)
			if (begins(options->mirrors[j].prefix, up))
				return wrong(up, "a prefix has one direction");
		for (size_t j = 0; j < options->publisher_count; j++)
			if (j != i && begins(options->publishers[j].prefix, up))
				return wrong(up, "two maps would be published there");
	}
	return PARSED;
}

static enum parsed set_time(uint64_t *ns, const char *text)
{
	const char *why = duration_parse(text, ns);

	return why ? wrong(text, why) : PARSED;
}

/* Zero: not at all */
static enum parsed set_time_or_never(uint64_t *ns, const char *text)
{
	enum parsed parsed = set_time(ns, text);

	if (*ns == DURATION_NEVER)
		*ns = 0;
	return parsed;
}

static enum parsed set_mode(struct options *options, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	options->mode = mode;
	return *end || end == text || mode & ~0666ul ?
	       wrong(text, "not a mode") : PARSED;
}

/* Nobody else sees it, as those see who list processes what is an argument. */
static enum parsed read_password(struct options *options, const char *path)
{
	struct bytes text = { };
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	char *end;

	if (fd < 0)
		return wrong(path, strerror(errno));
	err = bytes_read_fd(&text, fd, PASSWORD_MAX);
	close(fd);
	bytes_append_char(&text, '\n');
	end = memchr(text.data, '\n', text.len);
	*end = '\0';
	free(options->password);
	options->password = text.data;
	return err ? wrong(path, strerror(-err)) : PARSED;
}

static enum parsed say_help(const char *text)
{
	fputs(text, stdout);
	return PARSED_HELP;
}

static enum parsed take_file(const char **file, const char *path)
{
	*file = path;
	return PARSED;
}

static enum parsed set_flag(bool *flag)
{
	*flag = true;
	return PARSED;
}

static enum parsed take(struct options *options, int option, char *text)
{
	switch (option) {
	case 'd': return add_mirror(options, text);
	case 'u': return add_publisher(options, text);
	case 'e': return set_endpoints(options, text);
	case 'h': return say_help(usage);
	case OPTION_VERSION:
		return say_help("syncmap-etcd " SYNCMAP_VERSION "\n");
	case OPTION_USER: return take_file(&options->gateway.user, text);
	case OPTION_PASSWORD_FILE: return read_password(options, text);
	case OPTION_CA: return take_file(&options->gateway.ca, text);
	case OPTION_CERT: return take_file(&options->gateway.cert, text);
	case OPTION_KEY: return take_file(&options->gateway.key, text);
	case OPTION_TIMEOUT: return set_time(&options->gateway.timeout, text);
	case OPTION_FRESH: return set_time(&options->fresh, text);
	case OPTION_COMPARE: return set_time_or_never(&options->compare, text);
	case OPTION_CLEAR_AFTER:
		return set_time_or_never(&options->clear_after, text);
	case OPTION_EXCHANGE: return set_flag(&options->exchange);
	case OPTION_LEASE: return set_time(&options->lease, text);
	case OPTION_MODE: return set_mode(options, text);
	case OPTION_METRICS: return take_file(&options->metrics, text);
	default:
		fputs("Try 'syncmap-etcd --help'.\n", stderr);
		return PARSED_WRONG;
	}
}

static bool is_time(uint64_t ns)
{
	return ns >= 100 * MS && ns <= 24 * 3600 * SECOND;
}

static enum parsed finish(struct options *options)
{
	if (!options->mirror_count && !options->publisher_count)
		return wrong("--down, --up", "there is neither");
	if (options->gateway.user && !options->password)
		return wrong("--user", "there is no --password-file");
	if (!is_time(options->fresh) || !is_time(options->gateway.timeout))
		return wrong("--fresh, --timeout", "from 100ms to 24h");
	if (options->lease < 2 * SECOND || !is_time(options->lease))
		return wrong("--lease", "from 2s to 24h");
	for (size_t i = 0; i < options->publisher_count; i++)
		options->publishers[i].check = options->compare;
	for (size_t i = 0; i < options->mirror_count; i++) {
		options->mirrors[i].fresh = options->fresh;
		options->mirrors[i].compare = options->compare;
		options->mirrors[i].clear_after = options->clear_after;
		options->mirrors[i].mode = options->mode;
		options->mirrors[i].exchange = options->exchange;
	}
	options->gateway.endpoints = (const char *const *)options->endpoints;
	options->gateway.password = options->password;
	return check_directions(options);
}

enum parsed options_parse(struct options *options, int argc, char **argv)
{
	enum parsed parsed = PARSED;
	int option;

	*options = (struct options){
		.gateway.timeout = 3 * SECOND, .fresh = 10 * SECOND,
		.compare = 300 * SECOND, .lease = 10 * SECOND, .mode = 0644,
	};
	add_endpoint(options, 0, "127.0.0.1:2379");
	while (parsed == PARSED &&
	       (option = getopt_long(argc, argv, "d:u:e:h", longs, NULL)) != -1)
		parsed = take(options, option, optarg);
	if (parsed != PARSED)
		return parsed;
	if (optind < argc)
		return wrong(argv[optind], "not an option");
	return finish(options);
}

void options_free(struct options *options)
{
	free_endpoints(options);
	free(options->password);
}
