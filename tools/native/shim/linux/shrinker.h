/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory is never short: a shrinker is only called by who tests it */
#ifndef _SHIM_SHRINKER_H
#define _SHIM_SHRINKER_H

#define SHRINK_STOP	(~0UL)
#define DEFAULT_SEEKS	2

struct shrink_control {
	unsigned long	nr_to_scan;
};

struct shrinker {
	unsigned long	(*count_objects)(struct shrinker *shrinker,
					 struct shrink_control *sc);
	unsigned long	(*scan_objects)(struct shrinker *shrinker,
					struct shrink_control *sc);
	int		seeks;
};

static inline int register_shrinker(struct shrinker *shrinker, const char *name)
{
	return 0;
}

static inline void unregister_shrinker(struct shrinker *shrinker)
{
}

#endif
