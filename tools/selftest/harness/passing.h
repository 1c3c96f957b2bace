/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors that are passed over a socket; end the test when that fails */
#ifndef PASSING_H
#define PASSING_H

#include "harness.h"

void pass_fd(int socket, int fd);
int receive_fd(int socket);

#endif /* PASSING_H */
