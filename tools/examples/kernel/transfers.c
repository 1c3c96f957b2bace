// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many transfers each block device has completed, by dev_t: read
 * /proc/syncmap_transfers. They are counted where they complete, in whatever
 * context that is; so the first one of a device allocates with GFP_NOWAIT.
 */
#include <linux/bio.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/syncmap.h>
#include <trace/events/block.h>

static DEFINE_SYNCMAP(transfers, .key_len = sizeof(dev_t));
static atomic_long_t uncounted;

static void count_transfer(void *data, struct request_queue *queue,
			   struct bio *bio)
{
	dev_t dev = bio_dev(bio);
	void *now;
	int ret;

	ret = syncmap_load_or_store(&transfers, &dev, sizeof(dev),
				    syncmap_mk_value(1), &now, GFP_NOWAIT);
	/* It is there, and nobody deletes it: count until nobody is faster */
	while (ret > 0 &&
	       !syncmap_compare_and_swap(&transfers, &dev, sizeof(dev), now,
					 syncmap_mk_value(syncmap_to_value(now) + 1)))
		syncmap_load(&transfers, &dev, sizeof(dev), &now);
	if (ret < 0)
		atomic_long_inc(&uncounted);
}

static int show_device(const struct syncmap_entry *entry, void *file)
{
	dev_t dev = *(const dev_t *)entry->key;

	seq_printf(file, "%u:%u %lu\n", MAJOR(dev), MINOR(dev),
		   syncmap_to_value(entry->value));
	return 0;
}

static int show_transfers(struct seq_file *file, void *unused)
{
	seq_printf(file, "uncounted %ld\n", atomic_long_read(&uncounted));
	return syncmap_range(&transfers, show_device, file);
}

static int __init transfers_init(void)
{
	int err;

	if (!proc_create_single("syncmap_transfers", 0444, NULL, show_transfers))
		return -ENOMEM;
	err = register_trace_block_bio_complete(count_transfer, NULL);
	if (err)
		remove_proc_entry("syncmap_transfers", NULL);
	return err;
}
module_init(transfers_init);

static void __exit transfers_exit(void)
{
	unregister_trace_block_bio_complete(count_transfer, NULL);
	tracepoint_synchronize_unregister();
	remove_proc_entry("syncmap_transfers", NULL);
	syncmap_destroy(&transfers);
}
module_exit(transfers_exit);

MODULE_DESCRIPTION("Transfers of each block device, counted in a syncmap");
MODULE_LICENSE("GPL");
