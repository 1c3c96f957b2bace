/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters of the module, as long as a test needs them */
#ifndef PARAMETERS_H
#define PARAMETERS_H

struct parameter {
	char	path[128];
	char	before[32];
};

struct parameter parameter_set(const char *name, unsigned long value);
void parameter_restore(const struct parameter *parameter);

#endif /* PARAMETERS_H */
