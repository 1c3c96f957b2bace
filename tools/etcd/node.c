// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "node.h"

#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX	64

int node_print(struct bytes *text)
{
	struct utsname names;
	int fd, err;

	if (uname(&names))
		return -errno;
	fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	bytes_set(text, names.nodename, strlen(names.nodename));
	bytes_append_char(text, ' ');
	err = bytes_read_fd(text, fd, BOOT_ID_MAX);
	close(fd);
	while (text->len && text->data[text->len - 1] == '\n')
		text->len--;
	return err;
}
