// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which hosts send to this one, and how much: read /proc/syncmap_packets. Packets
 * are counted in a softirq, by a hook of netfilter. Here a value is an object; so
 * counting is an atomic addition, and only the first packet of a host stores.
 *
 * Addresses come from the network: they are hashed with a secret, and there is a
 * limit to how many are kept.
 */
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netfilter_ipv4.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/syncmap.h>

#define HOSTS_MAX	65536

struct host {
	atomic_long_t	packets;
	atomic_long_t	bytes;
};

static void free_host(void *host, void *unused)
{
	kfree(host);
}

static DEFINE_SYNCMAP(hosts, .key_len = sizeof(__be32),
		      .hash = SYNCMAP_HASH_SIPHASH, .free_value = free_host);
DEFINE_SYNCMAP_TYPE(host, __be32, struct host);

/* In a softirq, and in a read section of RCU */
static struct host *new_host(__be32 address)
{
	struct host *host, *actual;
	int ret;

	if (syncmap_count(&hosts) >= HOSTS_MAX)
		return NULL;
	host = kzalloc(sizeof(*host), GFP_ATOMIC);
	if (!host)
		return NULL;
	ret = host_load_or_store(&hosts, address, host, &actual, GFP_ATOMIC);
	if (!ret)
		return host;
	/* Another CPU was faster, or there is no memory */
	kfree(host);
	return ret > 0 ? actual : NULL;
}

static unsigned int count_packet(void *unused, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	__be32 address = ip_hdr(skb)->saddr;
	struct host *host = host_load(&hosts, address);

	if (!host)
		host = new_host(address);
	if (host) {
		atomic_long_inc(&host->packets);
		atomic_long_add(skb->len, &host->bytes);
	}
	return NF_ACCEPT;
}

static const struct nf_hook_ops hook = {
	.hook		= count_packet,
	.pf		= NFPROTO_IPV4,
	.hooknum	= NF_INET_LOCAL_IN,
	.priority	= NF_IP_PRI_FIRST,
};

static int show_host(const struct syncmap_entry *entry, void *file)
{
	struct host *host = entry->value;

	seq_printf(file, "%pI4 %ld %ld\n", entry->key,
		   atomic_long_read(&host->packets),
		   atomic_long_read(&host->bytes));
	return 0;
}

static int show_hosts(struct seq_file *file, void *unused)
{
	return syncmap_range(&hosts, show_host, file);
}

static int __init packets_init(void)
{
	int err;

	if (!proc_create_single("syncmap_packets", 0444, NULL, show_hosts))
		return -ENOMEM;
	err = nf_register_net_hook(&init_net, &hook);
	if (err)
		remove_proc_entry("syncmap_packets", NULL);
	return err;
}
module_init(packets_init);

static void __exit packets_exit(void)
{
	nf_unregister_net_hook(&init_net, &hook);
	remove_proc_entry("syncmap_packets", NULL);
	/* Hooks that have begun end within a grace period */
	synchronize_rcu();
	syncmap_destroy(&hosts);
}
module_exit(packets_exit);

MODULE_DESCRIPTION("Packets of each host, counted in a syncmap");
MODULE_LICENSE("GPL");
