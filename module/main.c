// SPDX-License-Identifier: GPL-2.0-only
/*
 * syncmap.ko: the core, the store and the device, brought up in this order
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "core/core.h"
#include "dev/dev.h"
#include "store/job.h"
#include "store/map.h"
#include "store/name.h"
#include "store/shrink.h"

static int __init syncmap_module_init(void)
{
	int err;

	err = syncmap_core_init();
	if (err)
		return err;
	err = bytemap_job_start();
	if (err)
		goto exit_core;
	err = bytemap_shrink_init();
	if (err)
		goto exit_jobs;
	err = syncmap_debugfs_init();
	if (err)
		goto exit_shrinker;
	syncmap_cursor_init();
	err = syncmap_control_init();
	if (err)
		goto exit_debugfs;
	return 0;

exit_debugfs:
	syncmap_debugfs_exit();
exit_shrinker:
	bytemap_shrink_exit();
exit_jobs:
	bytemap_job_exit();
exit_core:
	syncmap_core_exit();
	return err;
}

/* No descriptor and no name is left: each of them holds the module */
static void __exit syncmap_module_exit(void)
{
	syncmap_control_exit();
	/* What nobody has any more is being freed still */
	bytemap_wait_ended();
	/* Their last grace periods are over, but the callbacks may not have returned */
	rcu_barrier();
	syncmap_debugfs_exit();
	bytemap_name_exit();
	bytemap_shrink_exit();
	bytemap_job_exit();
	syncmap_core_exit();
}

module_init(syncmap_module_init);
module_exit(syncmap_module_exit);

MODULE_DESCRIPTION("Concurrent maps with the semantics of sync.Map");
MODULE_AUTHOR("The syncmap authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
