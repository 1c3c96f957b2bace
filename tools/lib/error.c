// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const struct {
	int		err;
	const char	*text;
} texts[] = {
	{ ENODEV,	"there is no " SYNCMAP_DEVICE ": is the module loaded?" },
	{ ENOTTY,	"not a map, or a command that the module does not know" },
	{ E2BIG,	"the module is too old for this request" },
	{ EOPNOTSUPP,	"the module does not support this operation" },
	{ EINVAL,	"invalid argument" },
	{ ENAMETOOLONG,	"a name has at most 63 characters" },
	{ ENOENT,	"absent" },
	{ EEXIST,	"a map of this name exists" },
	{ EBUSY,	"it holds another value" },
	{ EFBIG,	"key or value is longer than the map allows" },
	{ EMSGSIZE,	"the value is larger than the buffer" },
	{ ENODATA,	"nobody can change the map any more" },
	{ ENOSPC,	"full" },
	{ EDQUOT,	"this user has too many maps, bytes, watchers or leases" },
	{ EACCES,	"permission denied" },
	{ EPERM,	"only the owner of the map may do this" },
	{ EBADF,	"the map is not open for this access" },
	{ EROFS,	"frozen: nobody can write any more" },
	{ EINTR,	"interrupted" },
	{ ESTALE,	"another one by now: the lease, or the map of this name" },
	{ EAGAIN,	"nothing yet: no record, or somebody else has the lease" },
	{ ETIMEDOUT,	"somebody else held the lease for too long" },
	{ ERANGE,	"the result would pass the bound, or not fit" },
	{ EILSEQ,	"the value is no number of this width" },
	{ ENOMEM,	"out of memory, or over the cgroup's memory limit" },
};

API const char *libsyncmap_strerror(int err)
{
	err = abs(err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == err)
			return texts[i].text;
	return strerror(err);
}

static const char *const limits[] = {
	[SYNCMAP_LIMITED_ENTRIES] =
		"the map is full: %" PRIu64 " of %" PRIu64 " entries",
	[SYNCMAP_LIMITED_BYTES] =
		"the map is full: %" PRIu64 " of %" PRIu64 " bytes",
	[SYNCMAP_LIMITED_KEY] =
		"the key is too long: %" PRIu64 " bytes of at most %" PRIu64,
	[SYNCMAP_LIMITED_VALUE] =
		"the value is too long: %" PRIu64 " bytes of at most %" PRIu64,
	[SYNCMAP_LIMITED_LEASES] =
		"the descriptor has too many leases: %" PRIu64
		" of at most %" PRIu64,
	[SYNCMAP_LIMITED_USER_LEASES] =
		"the user has too many leases: %" PRIu64 " of at most %" PRIu64,
	[SYNCMAP_LIMITED_WATCHERS] =
		"the map has too many watchers: %" PRIu64 " of at most %" PRIu64,
	[SYNCMAP_LIMITED_USER_WATCHERS] =
		"the user has too many watchers: %" PRIu64
		" of at most %" PRIu64,
	[SYNCMAP_LIMITED_MAPS] =
		"there are too many maps: %" PRIu64 " of at most %" PRIu64,
	[SYNCMAP_LIMITED_USER_MAPS] =
		"the user has too many maps: %" PRIu64 " of at most %" PRIu64,
	[SYNCMAP_LIMITED_USER_BYTES] =
		"the maps of the user take too much memory: %" PRIu64
		" of at most %" PRIu64 " bytes",
	[SYNCMAP_LIMITED_USER_MAP_WATCHERS] =
		"the user has too many watchers of this map: %" PRIu64
		" of at most %" PRIu64,
	[SYNCMAP_LIMITED_ALL_BYTES] =
		"all maps together take too much memory: %" PRIu64
		" of at most %" PRIu64 " bytes",
};

API const char *libsyncmap_explain(int err,
				   const struct syncmap_error *error,
				   char *text, size_t size)
{
	size_t which = error && err ? error->limited : SYNCMAP_LIMITED_NOT;

	if (which && which < sizeof(limits) / sizeof(limits[0]))
		snprintf(text, size, limits[which], error->used,
			 error->limit);
	else
		snprintf(text, size, "%s", libsyncmap_strerror(err));
	return text;
}
