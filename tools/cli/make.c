// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "make.h"

/* A call is made when there are so many bytes of keys and values. */
#define ROOM	(1 << 20)

/* Returns a descriptor or a negative errno. The map is for who creates it. */
static int create_as(uid_t uid, int device, struct syncmap_create *params)
{
	mode_t mask = umask(0);
	uid_t before = setfsuid(uid);
	int err = 0;

	if ((uid_t)setfsuid(-1) != uid)
		err = -EPERM;
	else if (ioctl(device, SYNCMAP_CREATE, params))
		err = -errno;
	setfsuid(before);
	umask(mask);
	return err ? err : params->fd;
}

/* The rights on the device are ours, not those of the owner. */
static int create(const struct syncmap_map_info *info,
		  struct syncmap_create *params)
{
	int device = open(SYNCMAP_DEVICE, O_RDWR | O_CLOEXEC);
	int fd;

	if (device < 0)
		return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
	fd = create_as(info->uid, device, params);
	close(device);
	return fd;
}

static int set_group(const struct libsyncmap *map, gid_t gid)
{
	struct syncmap_set set = { .flags = SYNCMAP_SET_GROUP, .gid = gid };
	struct syncmap_map_info now;
	int err = libsyncmap_info(map, &now, sizeof(now));

	if (err || now.gid == gid)
		return err;
	return libsyncmap_set(map, &set, sizeof(set));
}

static void explain_create(int err, const struct syncmap_create *params,
			   char *wrong, size_t size)
{
	wrong[0] = '\0';
	if (err == -EPERM)
		snprintf(wrong, size, "only root can make a map for somebody else");
	else if (err == -EINVAL)
		snprintf(wrong, size, "limits are at most what 'syncmapctl info' "
			 "tells");
	else if (err == -ENOSPC || err == -EDQUOT)
		libsyncmap_explain(err, &params->error, wrong, size);
}

int make_map(const struct syncmap_map_info *info, struct libsyncmap **map,
	     char *wrong, size_t size)
{
	struct syncmap_create params = {
		.flags = info->mapped ? SYNCMAP_CREATE_MAPPED : 0,
		.key_type = info->key_type, .value_kind = info->value_kind,
		.mode = info->mode, .limits = info->limits, .ttl = info->ttl,
		.stale = info->stale, .revision = info->revision,
	};
	int err, fd = create(info, &params);

	if (fd < 0) {
		explain_create(fd, &params, wrong, size);
		return fd;
	}
	err = libsyncmap_from_fd(fd, map);
	if (err) {
		close(fd);
		return err;
	}
	err = set_group(*map, info->gid);
	if (!err)
		return 0;
	if (err == -EPERM)
		snprintf(wrong, size, "group %u is none of yours", info->gid);
	libsyncmap_close(*map);
	*map = NULL;
	return err;
}

int let_evict(const struct libsyncmap *map)
{
	struct syncmap_set set = { .flags = SYNCMAP_SET_EVICT };

	return libsyncmap_set(map, &set, sizeof(set));
}

static int fail_fill(struct fill *fill, uint64_t line, int err,
		     const struct syncmap_error *error)
{
	fill->line = line;
	explain(err, error, fill->wrong, sizeof(fill->wrong));
	return err;
}

/* Nobody else knows of the map: what was replaced was added before */
static int find_twice(struct fill *fill, size_t done)
{
	for (size_t i = 0; i < done; i++) {
		if (!fill->answers[i].previous)
			continue;
		fill->line = fill->lines[i];
		strcpy(fill->wrong, "the key is there twice");
		return -EEXIST;
	}
	return 0;
}

static int store_all(struct fill *fill)
{
	uintptr_t base = (uintptr_t)fill->bytes.data;
	size_t done, last;
	int err;

	for (size_t i = 0; i < fill->count; i++) {
		fill->ops[i].key += base;
		fill->ops[i].value += base;
	}
	err = libsyncmap_batch(fill->map, fill->ops, sizeof(fill->ops[0]),
			       fill->count, SYNCMAP_BATCH_STOP, &done);
	last = done ? done - 1 : 0;
	if (find_twice(fill, done))
		err = -EEXIST;
	else if (done && fill->answers[last].error.status)
		err = fail_fill(fill, fill->lines[last],
				fill->answers[last].error.status,
				&fill->answers[last].error);
	else if (err)
		err = fail_fill(fill, fill->lines[last], err, NULL);
	fill->stored += fill->count;
	fill->count = 0;
	fill->bytes.len = 0;
	return err;
}

int fill_add(struct fill *fill, const struct record *record, uint64_t deadline,
	     uint64_t line)
{
	fill->lines[fill->count] = line;
	fill->ops[fill->count] = (struct syncmap_op){
		.op = SYNCMAP_OP_STORE,
		.flags = record->life.kept ? SYNCMAP_FLAG_KEEP : 0,
		.key = fill->bytes.len,
		.key_len = record->key.len,
		.value = fill->bytes.len + record->key.len,
		.value_len = record->value.len,
		.deadline = deadline,
		.answer = (uintptr_t)&fill->answers[fill->count],
		.answer_size = sizeof(fill->answers[0]),
	};
	fill->count++;
	bytes_append(&fill->bytes, record->key.data, record->key.len);
	bytes_append(&fill->bytes, record->value.data, record->value.len);
	if (fill->count < FILL_MAX && fill->bytes.len < ROOM)
		return 0;
	return store_all(fill);
}

int fill_finish(struct fill *fill)
{
	int err = fill->count ? store_all(fill) : 0;

	bytes_free(&fill->bytes);
	return err;
}
