// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Maps as a whole */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define LIST_CHUNK	32
#define STATS_CHUNK	64

/* Not exported, but in the archive, among the names of programs */
int libsyncmap_control(int fd, unsigned long command, void *arg, size_t size)
{
	if (size > _IOC_SIZEMASK)
		return -E2BIG;
	command &= ~((unsigned long)_IOC_SIZEMASK << _IOC_SIZESHIFT);
	return control(fd, command | size << _IOC_SIZESHIFT, arg);
}

static int ask(int fd, unsigned long command, void *arg, size_t size)
{
	memset(arg, 0, size <= _IOC_SIZEMASK ? size : 0);
	return libsyncmap_control(fd, command, arg, size);
}

static int open_device(void)
{
	int fd = open(SYNCMAP_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
}

static int control_device(unsigned long command, void *arg, size_t size)
{
	int fd = open_device();
	int err;

	if (fd < 0)
		return fd;
	err = libsyncmap_control(fd, command, arg, size);
	close(fd);
	return err;
}

static int set_name(char *field, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len >= SYNCMAP_NAME_SIZE)
		return -ENAMETOOLONG;
	memcpy(field, name ? name : "", len);
	return 0;
}

/* Here, and not when a map is loaded from: the environment is not for threads */
static bool is_switched_off(void)
{
	const char *wish = getenv("SYNCMAP_MAPPED");

	return wish && !strcmp(wish, "0");
}

static int new_map(int fd, struct libsyncmap **map)
{
	*map = calloc(1, sizeof(**map));
	if (!*map)
		return -ENOMEM;
	(*map)->fd = fd;
	(*map)->unmapped = is_switched_off();
	return 0;
}

/* @access is what the caller has asked for */
static int adopt(int fd, unsigned int access, struct libsyncmap **map)
{
	int err = new_map(fd, map);

	if (err)
		close(fd);
	else if (access & LIBSYNCMAP_UNMAPPED)
		(*map)->unmapped = true;
	return err;
}

API int libsyncmap_create(const char *name, enum syncmap_key_type key_type,
			  const struct syncmap_limits *limits, mode_t mode,
			  struct libsyncmap **map)
{
	struct syncmap_create params = { .key_type = key_type, .mode = mode };
	int err = set_name(params.name, name);

	*map = NULL;
	if (limits)
		params.limits = *limits;
	return err ? err : libsyncmap_create_with(&params, sizeof(params), map);
}

/* What it needs comes first: a map that there is cannot be taken back. */
API int libsyncmap_create_with(struct syncmap_create *params, size_t size,
			       struct libsyncmap **map)
{
	int err = new_map(-1, map);

	if (err)
		return err;
	err = control_device(SYNCMAP_CREATE, params, size);
	if (err) {
		free(*map);
		*map = NULL;
		return err;
	}
	(*map)->fd = params->fd;
	memcpy((*map)->name, params->name, SYNCMAP_NAME_SIZE);
	return 0;
}

API int libsyncmap_open(const char *name, unsigned int access,
			struct libsyncmap **map)
{
	struct syncmap_open params = { .access = access };
	int err = set_name(params.name, name);

	*map = NULL;
	return err ? err : libsyncmap_open_with(&params, sizeof(params), map);
}

API int libsyncmap_open_with(struct syncmap_open *params, size_t size,
			     struct libsyncmap **map)
{
	const unsigned int access = params->access;
	int err;

	*map = NULL;
	params->access &= ~LIBSYNCMAP_UNMAPPED;
	err = control_device(SYNCMAP_OPEN, params, size);
	params->access = access;
	if (!err)
		err = adopt(params->fd, access, map);
	if (!err)
		memcpy((*map)->name, params->name, SYNCMAP_NAME_SIZE);
	return err;
}

API int libsyncmap_from_fd(int fd, struct libsyncmap **map)
{
	struct syncmap_map_info info = { };
	int err = control(fd, SYNCMAP_MAP_INFO, &info);

	*map = NULL;
	return err ? err : new_map(fd, map);
}

API int libsyncmap_restrict(const struct libsyncmap *map, unsigned int access,
			    struct libsyncmap **less)
{
	struct syncmap_restrict arg = {
		.access = access & ~LIBSYNCMAP_UNMAPPED,
	};
	int err = control(map->fd, SYNCMAP_RESTRICT, &arg);

	*less = NULL;
	if (!err)
		err = adopt(arg.fd, access, less);
	if (!err)
		memcpy((*less)->name, map->name, SYNCMAP_NAME_SIZE);
	return err;
}

API int libsyncmap_fd(const struct libsyncmap *map)
{
	return map->fd;
}

API void libsyncmap_close(struct libsyncmap *map)
{
	if (!map)
		return;
	libsyncmap_mapping_close(map);
	close(map->fd);
	free(map);
}

API int libsyncmap_remove(const char *name)
{
	struct syncmap_remove params = { };
	int err = set_name(params.name, name);

	return err ? err : libsyncmap_remove_with(&params, sizeof(params));
}

API int libsyncmap_remove_with(struct syncmap_remove *params, size_t size)
{
	return control_device(SYNCMAP_REMOVE, params, size);
}

API int libsyncmap_publish(const struct libsyncmap *map, const char *name,
			   unsigned int flags, uint64_t id)
{
	struct syncmap_publish params = {
		.flags = flags, .fd = map->fd, .id = id,
	};
	int err = set_name(params.name, name);

	return err ? err : libsyncmap_publish_with(&params, sizeof(params));
}

API int libsyncmap_publish_with(struct syncmap_publish *params, size_t size)
{
	return control_device(SYNCMAP_PUBLISH, params, size);
}

static int list_all(int fd, struct syncmap_list *list,
		    const struct syncmap_map_info *infos,
		    int (*fn)(const struct syncmap_map_info *info, void *arg),
		    void *arg)
{
	int ret = 0;

	while (!ret && list->cursor != SYNCMAP_END) {
		ret = control(fd, SYNCMAP_LIST, list);
		for (uint32_t i = 0; !ret && i < list->count; i++)
			ret = fn(&infos[i], arg);
	}
	return ret;
}

API int libsyncmap_list(uint64_t scope, unsigned int flags,
			int (*fn)(const struct syncmap_map_info *info,
				  void *arg), void *arg)
{
	struct syncmap_list list = {
		.flags = flags, .scope = scope, .capacity = LIST_CHUNK,
		.entry_size = sizeof(struct syncmap_map_info),
	};
	struct syncmap_map_info *infos;
	int fd = open_device();
	int ret = -ENOMEM;

	if (fd < 0)
		return fd;
	infos = calloc(LIST_CHUNK, sizeof(*infos));
	list.buffer = (uintptr_t)infos;
	if (infos)
		ret = list_all(fd, &list, infos, fn, arg);
	free(infos);
	close(fd);
	return ret;
}

API int libsyncmap_system_info(struct syncmap_info *info, size_t size)
{
	int fd = open_device();
	int err;

	if (fd < 0)
		return fd;
	err = ask(fd, SYNCMAP_INFO, info, size);
	close(fd);
	return err;
}

API int libsyncmap_info(const struct libsyncmap *map,
			struct syncmap_map_info *info, size_t size)
{
	return ask(map->fd, SYNCMAP_MAP_INFO, info, size);
}

API int libsyncmap_set(const struct libsyncmap *map, struct syncmap_set *set,
		       size_t size)
{
	return libsyncmap_control(map->fd, SYNCMAP_SET, set, size);
}

/* All at once; a kernel may have more than we think. The array is to be freed. */
static int get_stats(const struct libsyncmap *map, struct syncmap_stats *array)
{
	struct syncmap_stat *stats;
	int err;

	*array = (struct syncmap_stats){
		.entry_size = sizeof(*stats), .total = STATS_CHUNK,
	};
	do {
		array->capacity = array->total;
		stats = realloc((void *)(uintptr_t)array->buffer,
				array->capacity * sizeof(*stats));
		if (!stats)
			return -ENOMEM;
		array->buffer = (uintptr_t)stats;
		err = control(map->fd, SYNCMAP_STATS, array);
	} while (!err && array->total > array->capacity);
	return err;
}

API int libsyncmap_stats(const struct libsyncmap *map,
			 int (*fn)(const struct syncmap_stat *stat, void *arg),
			 void *arg)
{
	const struct syncmap_stat *stat;
	struct syncmap_stats array;
	int ret = get_stats(map, &array);

	stat = (const void *)(uintptr_t)array.buffer;
	for (uint32_t i = 0; !ret && i < array.count; i++)
		ret = fn(&stat[i], arg);
	free((void *)(uintptr_t)array.buffer);
	return ret;
}

struct wanted {
	const char	*name;
	uint64_t	*value;
};

static int compare_name(const struct syncmap_stat *stat, void *arg)
{
	const struct wanted *wanted = arg;

	if (strncmp(stat->name, wanted->name, sizeof(stat->name)))
		return 0;
	*wanted->value = stat->value;
	return 1;
}

API int libsyncmap_stat(const struct libsyncmap *map, const char *name,
			uint64_t *value)
{
	struct wanted wanted = { .name = name, .value = value };
	int ret = libsyncmap_stats(map, compare_name, &wanted);

	if (ret > 0)
		return 0;
	return ret ? ret : -ENOENT;
}

API int libsyncmap_count(const struct libsyncmap *map, uint64_t *count)
{
	struct syncmap_map_info info = { };
	int err = control(map->fd, SYNCMAP_MAP_INFO, &info);

	*count = info.count;
	return err;
}

API int libsyncmap_clear(const struct libsyncmap *map, unsigned int flags)
{
	struct syncmap_clear arg = { .flags = flags };

	return control(map->fd, SYNCMAP_CLEAR, &arg);
}

API int libsyncmap_freeze(const struct libsyncmap *map)
{
	struct syncmap_freeze arg = { };

	return control(map->fd, SYNCMAP_FREEZE, &arg);
}

API int libsyncmap_retire(const struct libsyncmap *map)
{
	struct syncmap_retire arg = { };

	return control(map->fd, SYNCMAP_RETIRE, &arg);
}
