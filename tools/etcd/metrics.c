// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "metrics.h"

static uint64_t lag(const struct mirror *mirror)
{
	int64_t known = mirror->synced > mirror->revision ? mirror->synced :
							    mirror->revision;

	return mirror->etcd_revision > known ? mirror->etcd_revision - known : 0;
}

static uint64_t seconds(const struct mirror *mirror)
{
	return mirror->beaten ? mirror_age(mirror) / SECOND : UINT32_MAX;
}

static uint64_t is_synced(const struct mirror *mirror)
{
	return mirror->beaten && mirror_age(mirror) < mirror->options->fresh;
}

static uint64_t unfit(const struct mirror *mirror)
{
	return mirror->counts.unfit + mirror->pass.unfit;
}

#define MEMBER(type, name, member)					\
	static uint64_t name(const struct type *type)			\
	{								\
		return type->member;					\
	}

MEMBER(mirror, revision, revision)
MEMBER(mirror, events, counts.events)
MEMBER(mirror, stored, table.stored)
MEMBER(mirror, deleted, table.deleted)
MEMBER(mirror, refused, table.refused)
MEMBER(mirror, watches, counts.watches)
MEMBER(mirror, snapshots, counts.snapshots)
MEMBER(mirror, comparisons, counts.comparisons)
MEMBER(mirror, repaired, counts.repaired)
MEMBER(mirror, pages, pass.pages)
MEMBER(mirror, beats_failed, counts.beats_failed)
MEMBER(mirror, cleared, counts.cleared)

MEMBER(publisher, published, counts.stored)
MEMBER(publisher, withdrawn, counts.deleted)
MEMBER(publisher, unpublished, counts.refused)
MEMBER(publisher, checks, counts.checks)

static uint64_t leased(const struct publisher *publisher)
{
	return publisher->lease->id != 0;
}

static uint64_t claimed(const struct publisher *publisher)
{
	return claim_is_held(&publisher->claim);
}

static uint64_t leases(const struct publisher *publisher)
{
	return publisher->lease->granted;
}

static const struct metric {
	const char	*name;
	const char	*type;
	uint64_t	(*value)(const struct mirror *mirror);
	const char	*help;
} metrics[] = {
	{ "synced", "gauge", is_synced, "Whether @synced is there." },
	{ "revision", "gauge", revision,
	  "Revision of etcd up to which all events are in the map." },
	{ "lag_revisions", "gauge", lag,
	  "Revisions of etcd, of whatever keys, that the map may lack." },
	{ "lag_seconds", "gauge", seconds, "Seconds since all was well." },
	{ "events_total", "counter", events, "Events that the watch has brought." },
	{ "stored_total", "counter", stored, "Values that were stored." },
	{ "deleted_total", "counter", deleted, "Keys that were deleted." },
	{ "refused_total", "counter", refused,
	  "Operations that the map has refused." },
	{ "unfit_total", "counter", unfit, "Keys that no map can have." },
	{ "watches_total", "counter", watches, "Watches that were begun." },
	{ "snapshots_total", "counter", snapshots,
	  "How often all was read anew." },
	{ "comparisons_total", "counter", comparisons,
	  "How often the map was compared with etcd." },
	{ "repaired_total", "counter", repaired,
	  "Keys that a comparison has set right." },
	{ "pages_total", "counter", pages, "Pages of keys that were read." },
	{ "beats_failed_total", "counter", beats_failed,
	  "Beats that no member has answered." },
	{ "cleared_total", "counter", cleared,
	  "How often the map was cleared as it was too old." },
};

static const struct publisher_metric {
	const char	*name;
	const char	*type;
	uint64_t	(*value)(const struct publisher *publisher);
	const char	*help;
} publisher_metrics[] = {
	{ "leased", "gauge", leased, "Whether the node has a lease." },
	{ "claimed", "gauge", claimed, "Whether the prefix is this node's." },
	{ "leases_total", "counter", leases, "Leases that the node has had." },
	{ "published_total", "counter", published, "Values that were published." },
	{ "withdrawn_total", "counter", withdrawn,
	  "Keys that were deleted from etcd." },
	{ "unpublished_total", "counter", unpublished,
	  "Changes that etcd has refused." },
	{ "checks_total", "counter", checks,
	  "How often etcd was compared with the map." },
};

#define END(array)	((array) + sizeof(array) / sizeof(*(array)))

static void write_head(FILE *file, const char *name, const char *type,
		       const char *help)
{
	fprintf(file, "# HELP syncmap_etcd_%s %s\n# TYPE syncmap_etcd_%s %s\n",
		name, help, name, type);
}

/* The names of maps are such that they need no escapes. */
static void write_value(FILE *file, const char *name, const char *map,
			uint64_t value)
{
	fprintf(file, "syncmap_etcd_%s{map=\"%s\"} %" PRIu64 "\n", name, map,
		value);
}

void metrics_write_mirrors(FILE *file, const struct mirror *mirrors, size_t count)
{
	for (const struct metric *m = metrics; count && m < END(metrics); m++) {
		write_head(file, m->name, m->type, m->help);
		for (size_t i = 0; i < count; i++)
			write_value(file, m->name, mirrors[i].options->map,
				    m->value(&mirrors[i]));
	}
}

void metrics_write_publishers(FILE *file, const struct publisher *publishers,
			      size_t count)
{
	const struct publisher_metric *m = publisher_metrics;

	for (; count && m < END(publisher_metrics); m++) {
		write_head(file, m->name, m->type, m->help);
		for (size_t i = 0; i < count; i++)
			write_value(file, m->name, publishers[i].options->map,
				    m->value(&publishers[i]));
	}
}

void metrics_write_gateway(FILE *file, const struct gateway *gateway)
{
	write_head(file, "failovers_total", "counter",
		   "How often a member was left for the next one.");
	fprintf(file, "syncmap_etcd_failovers_total %" PRIu64 "\n",
		gateway->failovers);
	write_head(file, "received_bytes_total", "counter",
		   "Bytes of the answers of etcd.");
	fprintf(file, "syncmap_etcd_received_bytes_total %" PRIu64 "\n",
		gateway->received);
}
