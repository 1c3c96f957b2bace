/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MEMCONTROL_H
#define SHIM_MEMCONTROL_H

#include <linux/types.h>

struct cgroup_subsys_state {
	int	refs;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
};

static inline bool css_tryget(struct cgroup_subsys_state *css)
{
	return true;
}

static inline void mem_cgroup_put(struct mem_cgroup *memcg)
{
}

#endif
