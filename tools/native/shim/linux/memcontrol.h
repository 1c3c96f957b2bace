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

struct mm_struct;

/* Nobody is in one */
static inline struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	return NULL;
}

static inline bool mem_cgroup_online(struct mem_cgroup *memcg)
{
	return true;
}

static inline struct mem_cgroup *parent_mem_cgroup(struct mem_cgroup *memcg)
{
	return NULL;
}

static inline bool css_tryget(struct cgroup_subsys_state *css)
{
	return true;
}

static inline void mem_cgroup_put(struct mem_cgroup *memcg)
{
}

#endif
