// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <unistd.h>

#include "harness.h"
#include "parameters.h"

struct parameter parameter_set(const char *name, unsigned long value)
{
	struct parameter parameter = { };
	char text[32];
	int fd;

	snprintf(parameter.path, sizeof(parameter.path),
		 "/sys/module/syncmap/parameters/%s", name);
	snprintf(text, sizeof(text), "%lu", value);
	fd = open(parameter.path, O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT(read(fd, parameter.before, sizeof(parameter.before) - 1) > 0);
	close(fd);
	ASSERT(test_try_write(parameter.path, text));
	return parameter;
}

void parameter_restore(const struct parameter *parameter)
{
	ASSERT(test_try_write(parameter->path, parameter->before));
}
