/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines on standard error, with the level that journald knows them by */
#ifndef SYNCMAP_ETCD_LOG_H
#define SYNCMAP_ETCD_LOG_H

enum log_level {
	LOG_ERROR	= 3,
	LOG_WARNING	= 4,
	LOG_NOTICE	= 5,
	LOG_INFO	= 6,
};

__attribute__((format(printf, 3, 4)))
void say(enum log_level level, const char *map, const char *format, ...);

#endif
