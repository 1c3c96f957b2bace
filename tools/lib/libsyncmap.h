/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libsyncmap: concurrent maps in the kernel, from C
 *
 *	struct libsyncmap *map;
 *
 *	libsyncmap_open("routes", SYNCMAP_ACCESS_WRITE, &map);
 *	libsyncmap_store(map, "lo", 2, "up", 2, NULL);
 *	libsyncmap_close(map);
 *
 * Functions that return int return 0 or a negative errno, with the meanings
 * at the top of <linux/syncmap.h>, and besides
 *
 *	-ENODEV		there is no /dev/syncmap: the module is not loaded
 *	-EFBIG		a length that does not fit into 32 bits
 *	-ENODATA	the end of what can be watched
 *
 * What is said of each function leaves out what can come from any: -EBADF if
 * the map was not opened for that, -EROFS from all that write if it is frozen,
 * -EFAULT for a bad pointer, -ENAMETOOLONG for a name of more than 63 bytes.
 *
 * Lengths and sizes are bytes. Keys of a map of type SYNCMAP_KEY_U64 are the
 * eight bytes of a uint64_t. A key or value of length 0 may be NULL.
 *
 * Any number of threads and, after fork(), processes may use one map at a time.
 * All operations on one key
 * are linearizable, between threads and between processes: each takes effect
 * at one instant between call and return, and whoever sees its effect also
 * sees all that its caller wrote before it. Only a fatal signal ends a call
 * early (-EINTR), but for those that wait until others do something:
 * libsyncmap_load_or_lease(), libsyncmap_awaited(), libsyncmap_watch_next().
 *
 * Loads from a map that was made with SYNCMAP_CREATE_MAPPED, or given a mirror by
 * SYNCMAP_SET_MAPPED, make no system call: libsyncmap_load(), libsyncmap_load_newer(), and the loads of
 * libsyncmap_batch(). See libsyncmap_mapped().
 */
#ifndef LIBSYNCMAP_H
#define LIBSYNCMAP_H

#include <linux/syncmap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct libsyncmap - an open map; see libsyncmap_open() */
struct libsyncmap;

/* Or'ed to an access: loads ask the kernel. See libsyncmap_mapped() */
#define LIBSYNCMAP_UNMAPPED	0x80000000u

/**
 * struct libsyncmap_result - what an operation on one key found and did
 * @buffer: in: where the value that the operation finds is to go; NULL if it
 *	is not wanted
 * @size: in: size of @buffer; 0 if the value is not wanted
 * @from_now: in: whether @expires and @lease_ends, and the deadline or the end of
 *	a wait that the operation takes, are nanoseconds from now; see
 *	SYNCMAP_FLAG_FROM_NOW
 * @len: out: length of the value that was found, 0 if none; may exceed @size
 *	after -EMSGSIZE and -EBUSY, and then nothing was written to @buffer
 * @loaded: out: whether the key had a value before the operation
 * @revision: out: revision of what was loaded or stored or, after -EBUSY and
 *	-EMSGSIZE, of what is there
 * @previous: out: revision of what was replaced or deleted, or 0
 * @expires: out: deadline of what was stored, or else of what was found, in
 *	nanoseconds of CLOCK_BOOTTIME or from now, 1 if that has passed;
 *	SYNCMAP_NEVER if it has none; 0 if there is nothing
 * @lease_ends: out: when the lease ends that libsyncmap_load_or_lease() has got,
 *	likewise; 0 if it has got none
 * @expired: out: whether the value that was found is one that has expired: see
 *	libsyncmap_load_or_lease()
 * @unchanged: out: whether the value is not newer, and was not given: see
 *	libsyncmap_load_newer()
 * @owned: out: whether what was found was bound to an open file: see
 *	&libsyncmap_options.flags
 * @error: out: what is wrong: which field, or which limit
 * @reserved: room for what is to come
 *
 * Zero-initialise it, so that a value is not wanted unless you say so. Every
 * operation takes NULL for a caller that wants to know only the return value.
 */
struct libsyncmap_result {
	void			*buffer;
	size_t			size;
	bool			from_now;
	size_t			len;
	bool			loaded;
	uint64_t		revision;
	uint64_t		previous;
	uint64_t		expires;
	uint64_t		lease_ends;
	bool			expired;
	bool			unchanged;
	bool			owned;
	struct syncmap_error	error;
	uint64_t		reserved[4];
};

/**
 * struct libsyncmap_options - how long a value that is stored stays
 * @deadline: when it expires: what libsyncmap_deadline() returns,
 *	SYNCMAP_NEVER, or 0 for the default of the map
 * @token: the lease that libsyncmap_store_with() ends; 0 for all others
 * @flags: SYNCMAP_FLAG_OWNED: the entry goes when the map is closed, by
 *	whatever means, unless somebody else has stored another value;
 *	SYNCMAP_FLAG_FROM_NOW: @deadline is so many nanoseconds from now;
 *	SYNCMAP_FLAG_KEEP: the entry is never evicted, see SYNCMAP_CREATE_EVICT
 * @reserved: room for what is to come: zero
 *
 * For the functions that end in _with(). Zero-initialise it. NULL, and the
 * functions that take none, mean zero in each field. Each store sets them anew:
 * one without a deadline cancels the one that the entry had, and what was kept is
 * kept no longer.
 */
struct libsyncmap_options {
	uint64_t	deadline;
	uint64_t	token;
	unsigned int	flags;
	uint64_t	reserved[4];
};

/* Maps */

/**
 * libsyncmap_create - make a map, and open it for all that there is
 * @name: up to 63 of [A-Za-z0-9._:-]; NULL or "" for a private map, which goes
 *	with its last descriptor
 * @key_type: what its keys are
 * @limits: what it may hold, 0 in a field for the default; NULL for all
 *	defaults
 * @mode: read and write permission as for a file, less the umask
 * @map: out: the open map, to be closed by libsyncmap_close()
 *
 * Return: 0; -EEXIST if there is a map of this name; -EINVAL for a bad name,
 * type, limit or mode; -ENOSPC, -EDQUOT if there are too many maps; -ENODEV,
 * -EACCES, -ENOMEM.
 */
int libsyncmap_create(const char *name, enum syncmap_key_type key_type,
		      const struct syncmap_limits *limits, mode_t mode,
		      struct libsyncmap **map);

/**
 * libsyncmap_create_with - make a map, with all that the ABI has to offer
 * @params: its name, type, limits, mode; also what libsyncmap_create() has no
 *	argument for, as the time that its entries live, and @params->flags:
 *	SYNCMAP_CREATE_MAPPED, SYNCMAP_CREATE_EVICT; the results are written to it
 * @size: sizeof(*params)
 * @map: out: the open map, to be closed by libsyncmap_close()
 *
 * Return: as libsyncmap_create(); @params->error says more.
 */
int libsyncmap_create_with(struct syncmap_create *params, size_t size,
			   struct libsyncmap **map);

/**
 * libsyncmap_open - open a named map
 * @name: its name
 * @access: SYNCMAP_ACCESS_READ, SYNCMAP_ACCESS_WRITE or both; or'ed to this, or
 *	alone, SYNCMAP_ACCESS_ADMIN for what is the owner's; and
 *	LIBSYNCMAP_UNMAPPED, as wherever an access is told
 * @map: out: the open map, to be closed by libsyncmap_close()
 *
 * Return: 0; -ENOENT if there is no such map; -EACCES if its mode forbids it;
 * -EPERM if only its owner may do it; -EINVAL, -ENODEV, -ENOMEM.
 */
int libsyncmap_open(const char *name, unsigned int access,
		    struct libsyncmap **map);

/**
 * libsyncmap_open_with - open a named map, with all that the ABI has to offer
 * @params: its name and the access; also which number or owner it has to have,
 *	or the scope of the name; the results are written to it
 * @size: sizeof(*params)
 * @map: out: the open map, to be closed by libsyncmap_close()
 *
 * Return: as libsyncmap_open(); -ESTALE if the map of this name is another one,
 * and @params->error.field is the offset of what it does not have.
 */
int libsyncmap_open_with(struct syncmap_open *params, size_t size,
			 struct libsyncmap **map);

/**
 * libsyncmap_from_fd - use a map descriptor that came from elsewhere
 * @fd: a descriptor of a map, inherited or received over a socket; on success
 *	it belongs to the map and is closed with it
 * @map: out: the open map
 *
 * Return: 0; -ENOTTY if @fd is not a map; -EBADF, -ENOMEM.
 */
int libsyncmap_from_fd(int fd, struct libsyncmap **map);

/**
 * libsyncmap_restrict - open a map once more, for less
 * @map: an open map
 * @access: see libsyncmap_open()
 * @less: out: the same map, to be closed by libsyncmap_close(), with a
 *	descriptor for those who are to do no more than this
 *
 * Return: 0; -EBADF if @map is not open for that; -EINVAL, -ENOMEM.
 */
int libsyncmap_restrict(const struct libsyncmap *map, unsigned int access,
			struct libsyncmap **less);

/**
 * libsyncmap_fd - the descriptor of a map
 * @map: an open map
 *
 * Return: the close-on-exec descriptor, which stays the map's: for sending it
 * to another process, which then has the same access.
 */
int libsyncmap_fd(const struct libsyncmap *map);

/**
 * libsyncmap_close - close a map
 * @map: an open map, or NULL; not to be used again
 *
 * The map itself stays, unless it is private and this was the last descriptor.
 * Not from the handler of a signal.
 */
void libsyncmap_close(struct libsyncmap *map);

/**
 * libsyncmap_mapped - do loads go without a system call?
 * @map: an open map
 *
 * The first load of a map that has a mirror maps it, see
 * <linux/syncmap_mapped.h>, and this does, too. There is one mapping in a process,
 * however many have the map open in it; when the last of these closes it, that
 * goes. It takes none of the descriptors that a program has, but one for a moment
 * when it is made. A child of fork() makes its own.
 *
 * A load from the mapping is linearizable with all other operations, as ever; what
 * cannot be told from there, the kernel is asked for. Different is that it is not
 * in the statistics; that a bad pointer is a fault of the program, not -EFAULT;
 * and that bytes of a buffer are undefined that the value does not fill, or if the
 * load fails.
 *
 * Of a map that evicts (SYNCMAP_CREATE_EVICT), one load in 64 on average, and one
 * batch, asks the kernel, which does not see the others: so it knows what is used.
 *
 * SYNCMAP_MAPPED=0 in the environment when the map is opened, or
 * LIBSYNCMAP_UNMAPPED, has all loads ask the kernel. A process that enters another time
 * namespace by setns(2) opens its maps anew. A child of a fork() in the handler of
 * a signal that has interrupted a load must not return to it.
 *
 * Return: 0; or why they ask the kernel: -ENODEV: the map has no mirror; -EBADF: it
 * is not open for reading; -EOPNOTSUPP: that was asked for; -EPROTO: its layout is
 * one that the library does not know; -ENOSPC, -EDQUOT: there are too many mappings
 * of it, or of this user; -EBUSY: another thread is about to map it; -EMFILE, -ENFILE:
 * there is no descriptor to map it by; -ENOMEM, -EAGAIN and others of mmap(2). Loads
 * try again after a thousand that have asked the kernel.
 */
int libsyncmap_mapped(const struct libsyncmap *map);

/**
 * libsyncmap_current - does the name of a map still lead to it?
 * @map: an open map
 *
 * Who has a map open stays with it when its name is removed, or given to another
 * map with SYNCMAP_PUBLISH_REPLACE. Who would rather follow the name asks with
 * this, and opens it again on -ESTALE. Of a map that loads come from without a
 * system call, this takes none either, as long as the name leads to it.
 *
 * The name is the one by which it was opened or made; of a map that was taken from
 * a descriptor, or made without a name, it is whichever the map has.
 *
 * Return: 0; -ESTALE: the map has lost its name, or has another one; -ENOENT: it has
 * had none; an error of SYNCMAP_MAP_INFO.
 */
int libsyncmap_current(const struct libsyncmap *map);

/**
 * libsyncmap_remove - remove a named map
 * @name: its name
 *
 * The name is free at once. Whoever has the map open can go on using it; it
 * goes with the last descriptor.
 *
 * Return: 0; -ENOENT if there is no such map; -EPERM for others than its
 * owner, and the root of the user namespace that the name is of; -EINVAL, -ENODEV.
 */
int libsyncmap_remove(const char *name);

/**
 * libsyncmap_remove_with - remove a named map, if it is the one that is meant
 * @params: its name; also which number or owner it has to have, or the scope of
 *	the name; the results are written to it
 * @size: sizeof(*params)
 *
 * Return: as libsyncmap_remove(); -ESTALE if the map of this name is another
 * one.
 */
int libsyncmap_remove_with(struct syncmap_remove *params, size_t size);

/**
 * libsyncmap_publish - give a name to a map without one, at one instant
 * @map: a map opened with SYNCMAP_ACCESS_ADMIN, as for whoever made it
 * @name: up to 63 of [A-Za-z0-9._:-]
 * @flags: 0: if it is free; SYNCMAP_PUBLISH_REPLACE: or take it from the map that
 *	has it, which goes on without, as after libsyncmap_remove()
 * @id: the number of the map that must have it; 0: any, or none
 *
 * So a map is filled first, and shown when it is complete; and what is read all
 * the time is exchanged as a whole.
 *
 * Return: 0; -EEXIST if the name is another map's; -EINVAL if @name is none;
 * -ESTALE if @map has a name; -EROFS if it is retired; with @id -ESTALE if the name
 * is that of yet another map, -ENOENT if of none; -EPERM if the caller may not
 * remove that; -EBADF, -ENODEV, -ENOMEM, -EINTR.
 */
int libsyncmap_publish(const struct libsyncmap *map, const char *name,
		       unsigned int flags, uint64_t id);

/**
 * libsyncmap_publish_with - publish a map, and be told what is wrong
 * @params: all that the kernel wants to know, the descriptor of the map with it;
 *	the results are written to it: which map has had the name, and with an
 *	error which field is at fault
 * @size: sizeof(*params)
 *
 * Return: as libsyncmap_publish().
 */
int libsyncmap_publish_with(struct syncmap_publish *params, size_t size);

/**
 * libsyncmap_list - call a function for each named map
 * @scope: 0: of the caller's user namespace; or of one below it: what stat(2)
 *	of /proc/PID/ns/user has as the number of the inode
 * @flags: 0; SYNCMAP_LIST_BELOW: of those below it, too
 * @fn: called with one map at a time; a value other than 0 ends the walk
 * @arg: second argument of @fn
 *
 * The order is arbitrary. A map that is there throughout is shown once. @fn
 * may do anything, also create and remove maps.
 *
 * Return: 0; what @fn returned; -ENODEV, -EACCES, -ENOMEM.
 */
int libsyncmap_list(uint64_t scope, unsigned int flags,
		    int (*fn)(const struct syncmap_map_info *info, void *arg),
		    void *arg);

/**
 * libsyncmap_system_info - ask what this kernel offers
 * @info: out: ABI level, features and limits
 * @size: sizeof(*info); fields that the kernel does not know become 0
 *
 * Return: 0; -ENODEV, -EACCES.
 */
int libsyncmap_system_info(struct syncmap_info *info, size_t size);

/**
 * libsyncmap_info - ask what a map is
 * @map: a map opened for anything
 * @info: out: name, type, owner, mode, count and limits
 * @size: sizeof(*info); fields that the kernel does not know become 0
 *
 * Return: 0.
 */
int libsyncmap_info(const struct libsyncmap *map,
		    struct syncmap_map_info *info, size_t size);

/**
 * libsyncmap_set - change what a map is
 * @map: a map opened with SYNCMAP_ACCESS_ADMIN
 * @set: what to change, and @set->flags which of it: its mode, group, limits,
 *	default times, what its values are, whether it has a mirror, and whether
 *	it evicts; @set->error says more of an error
 * @size: sizeof(*set)
 *
 * Return: 0; -EPERM for a group that is not one of the caller's; -EINVAL for
 * values that no map can have, or that are not in the flags; -EOPNOTSUPP; -EINTR;
 * -ENOMEM, -EDQUOT, -ENOSPC: there is no memory for a mirror, or a limit is
 * reached. After an error the map is as it was.
 */
int libsyncmap_set(const struct libsyncmap *map, struct syncmap_set *set,
		   size_t size);

/**
 * libsyncmap_stats - ask what a map is doing
 * @map: a map opened for anything
 * @fn: called with one number at a time; a value other than 0 ends the walk
 * @arg: second argument of @fn
 *
 * Which numbers there are is up to the kernel; syncmap(4) has their names. Each
 * is read at a time of its own. Numbers of one name, told apart by their index,
 * come one after the other.
 *
 * Return: 0; what @fn returned; -ENOMEM.
 */
int libsyncmap_stats(const struct libsyncmap *map,
		     int (*fn)(const struct syncmap_stat *stat, void *arg),
		     void *arg);

/**
 * libsyncmap_stat - ask for one number of a map
 * @map: a map opened for anything
 * @name: its name; of several of that name, the first one is meant
 * @value: out: the number
 *
 * Return: 0; -ENOENT if this kernel has no such number; -ENOMEM.
 */
int libsyncmap_stat(const struct libsyncmap *map, const char *name,
		    uint64_t *value);

/**
 * libsyncmap_count - number of entries
 * @map: a map opened for anything
 * @count: out: the number; exact when nobody writes
 *
 * Return: 0.
 */
int libsyncmap_count(const struct libsyncmap *map, uint64_t *count);

/* Operations on one key */

/**
 * libsyncmap_load - get the value of a key
 * @map: a map opened for reading
 * @key: the key
 * @key_len: its length
 * @result: where the value goes, and its revision
 *
 * Takes no lock and waits for nobody.
 *
 * Return: 0; -ENOENT if the key is absent; -EMSGSIZE if the buffer is smaller
 * than @result->len; -EFBIG, -EINVAL for a key that the map cannot have.
 */
int libsyncmap_load(const struct libsyncmap *map,
		    const void *key, size_t key_len,
		    struct libsyncmap_result *result);

/**
 * libsyncmap_load_newer - get the value of a key unless the caller has it
 * @map: a map opened for reading
 * @key: the key
 * @key_len: its length
 * @revision: of the value that the caller has; 0 if none
 * @result: where the value goes, if its revision is above @revision; else
 *	@result->unchanged is true
 *
 * Return: as libsyncmap_load().
 */
int libsyncmap_load_newer(const struct libsyncmap *map,
			  const void *key, size_t key_len, uint64_t revision,
			  struct libsyncmap_result *result);

/**
 * libsyncmap_store - set the value of a key
 * @map: a map opened for writing
 * @key: the key
 * @key_len: its length
 * @value: the value
 * @value_len: its length
 * @result: the new revision and the previous one
 *
 * Return: 0; -ENOSPC if the map is full (@result->error says of what); -EFBIG if
 * key or value is too long; -EINVAL for a key that the map cannot have; -ENOMEM.
 * After an error the map is as it was.
 */
int libsyncmap_store(const struct libsyncmap *map,
		     const void *key, size_t key_len,
		     const void *value, size_t value_len,
		     struct libsyncmap_result *result);

/**
 * libsyncmap_load_or_store - get the value of a key; if it has none, set it
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @value: the value to store if the key is absent
 * @value_len: its length
 * @result: @result->loaded says which of the two happened; if it loaded, the
 *	value that is there goes into the buffer
 *
 * Of any number of callers that find a key absent, exactly one stores.
 *
 * Return: as libsyncmap_store(); -EMSGSIZE if there is a value and the buffer
 * is smaller than @result->len.
 */
int libsyncmap_load_or_store(const struct libsyncmap *map,
			     const void *key, size_t key_len,
			     const void *value, size_t value_len,
			     struct libsyncmap_result *result);

/**
 * libsyncmap_load_and_delete - take a key out of a map
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @result: where the value goes
 *
 * Of any number of callers, exactly one gets the value.
 *
 * Return: 0; -ENOENT if the key is absent; -EMSGSIZE if the buffer is smaller
 * than @result->len: the key is still there; -EFBIG, -EINVAL, -ENOMEM.
 */
int libsyncmap_load_and_delete(const struct libsyncmap *map,
			       const void *key, size_t key_len,
			       struct libsyncmap_result *result);

/**
 * libsyncmap_delete - delete a key
 * @map: a map opened for writing
 * @key: the key
 * @key_len: its length
 * @result: the revision of what was deleted, in @result->previous
 *
 * Return: 0, also when the key was absent; -EFBIG, -EINVAL, -ENOMEM.
 */
int libsyncmap_delete(const struct libsyncmap *map,
		      const void *key, size_t key_len,
		      struct libsyncmap_result *result);

/**
 * libsyncmap_swap - set the value of a key and get the previous one
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @value: the new value
 * @value_len: its length
 * @result: where the previous value goes; @result->loaded says if there was one
 *
 * Return: as libsyncmap_store(); -EMSGSIZE if the buffer is smaller than
 * @result->len: nothing was stored.
 */
int libsyncmap_swap(const struct libsyncmap *map,
		    const void *key, size_t key_len,
		    const void *value, size_t value_len,
		    struct libsyncmap_result *result);

/**
 * libsyncmap_compare_and_swap - set the value of a key if it is @old
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @old: the content to compare with
 * @old_len: its length
 * @value: the new value
 * @value_len: its length
 * @result: after -EBUSY: the value that is there instead
 *
 * Return: 0 if it was swapped; -EBUSY if the value differs; -ENOENT if the key
 * is absent, whatever @old is; else as libsyncmap_store().
 */
int libsyncmap_compare_and_swap(const struct libsyncmap *map,
				const void *key, size_t key_len,
				const void *old, size_t old_len,
				const void *value, size_t value_len,
				struct libsyncmap_result *result);

/**
 * libsyncmap_compare_and_swap_revision - set the value of a key if it is still
 *	the one of a revision
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @revision: what an earlier operation gave in @result->revision
 * @value: the new value
 * @value_len: its length
 * @result: after -EBUSY: the value and revision that are there instead
 *
 * Return: as libsyncmap_compare_and_swap(). A value that was changed and then
 * changed back differs.
 */
int libsyncmap_compare_and_swap_revision(const struct libsyncmap *map,
					 const void *key, size_t key_len,
					 uint64_t revision,
					 const void *value, size_t value_len,
					 struct libsyncmap_result *result);

/**
 * libsyncmap_compare_and_delete - delete a key if its value is @old
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @old: the content to compare with
 * @old_len: its length
 * @result: after -EBUSY: the value that is there instead
 *
 * Return: 0 if it was deleted; -EBUSY if the value differs; -ENOENT if the key
 * is absent; -EFBIG, -EINVAL, -ENOMEM.
 */
int libsyncmap_compare_and_delete(const struct libsyncmap *map,
				  const void *key, size_t key_len,
				  const void *old, size_t old_len,
				  struct libsyncmap_result *result);

/**
 * libsyncmap_compare_and_delete_revision - delete a key if its value is still
 *	the one of a revision
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @revision: what an earlier operation gave in @result->revision
 * @result: after -EBUSY: the value and revision that are there instead
 *
 * Return: as libsyncmap_compare_and_delete().
 */
int libsyncmap_compare_and_delete_revision(const struct libsyncmap *map,
					   const void *key, size_t key_len,
					   uint64_t revision,
					   struct libsyncmap_result *result);

/* The same with options, and what belongs to them */

/**
 * libsyncmap_deadline - the time at which an entry expires, for those who need it
 *	more than once
 * @ttl: in so many nanoseconds; SYNCMAP_NEVER stays what it is
 *
 * Return: nanoseconds of CLOCK_BOOTTIME, which also runs while the machine is
 * suspended.
 */
uint64_t libsyncmap_deadline(uint64_t ttl);

/**
 * libsyncmap_store_with - libsyncmap_store() with options
 * @map: a map opened for writing
 * @key: the key
 * @key_len: its length
 * @value: the value
 * @value_len: its length
 * @options: for what is stored, or NULL
 * @result: as for libsyncmap_store(), and when the entry expires
 *
 * Return: as libsyncmap_store().
 */
int libsyncmap_store_with(const struct libsyncmap *map,
			  const void *key, size_t key_len,
			  const void *value, size_t value_len,
			  const struct libsyncmap_options *options,
			  struct libsyncmap_result *result);

/**
 * libsyncmap_load_or_store_with - libsyncmap_load_or_store() with options
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @value: the value to store if the key is absent
 * @value_len: its length
 * @options: for what is stored, or NULL; a value that is there keeps its own
 * @result: as for libsyncmap_load_or_store(), and when the entry expires
 *
 * Return: as libsyncmap_load_or_store().
 */
int libsyncmap_load_or_store_with(const struct libsyncmap *map,
				  const void *key, size_t key_len,
				  const void *value, size_t value_len,
				  const struct libsyncmap_options *options,
				  struct libsyncmap_result *result);

/**
 * libsyncmap_swap_with - libsyncmap_swap() with options
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @value: the new value
 * @value_len: its length
 * @options: for what is stored, or NULL
 * @result: as for libsyncmap_swap(), and when the entry expires
 *
 * Return: as libsyncmap_swap().
 */
int libsyncmap_swap_with(const struct libsyncmap *map,
			 const void *key, size_t key_len,
			 const void *value, size_t value_len,
			 const struct libsyncmap_options *options,
			 struct libsyncmap_result *result);

/**
 * libsyncmap_compare_and_swap_with - libsyncmap_compare_and_swap() with options
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @old: the content to compare with
 * @old_len: its length
 * @value: the new value
 * @value_len: its length
 * @options: for what is stored, or NULL
 * @result: as for libsyncmap_compare_and_swap(), and when the entry expires
 *
 * Return: as libsyncmap_compare_and_swap().
 */
int libsyncmap_compare_and_swap_with(const struct libsyncmap *map,
				     const void *key, size_t key_len,
				     const void *old, size_t old_len,
				     const void *value, size_t value_len,
				     const struct libsyncmap_options *options,
				     struct libsyncmap_result *result);

/**
 * libsyncmap_compare_and_swap_revision_with - the same, for a revision
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @revision: what an earlier operation gave in @result->revision
 * @value: the new value
 * @value_len: its length
 * @options: for what is stored, or NULL
 * @result: as for libsyncmap_compare_and_swap_revision(), and when the entry
 *	expires
 *
 * Return: as libsyncmap_compare_and_swap().
 */
int libsyncmap_compare_and_swap_revision_with(const struct libsyncmap *map,
				const void *key, size_t key_len,
				uint64_t revision,
				const void *value, size_t value_len,
				const struct libsyncmap_options *options,
				struct libsyncmap_result *result);

/**
 * libsyncmap_batch - do many operations
 * @map: a map opened for what they need
 * @ops: the operations, as for libsyncmap_op(); each has an answer of its own, or
 *	none
 * @op_size: sizeof(*ops)
 * @count: how many there are; any number
 * @flags: SYNCMAP_BATCH_STOP to end behind the first that fails
 * @done: out: how many were carried out, the first of @ops
 *
 * Makes as few calls of the kernel as possible. Each operation is what it would
 * be alone: a batch is not a transaction.
 *
 * Return: 0 if all were carried out, whatever their status; with
 * SYNCMAP_BATCH_STOP the status of the one that failed, or -ECANCELED if that has
 * no answer; or why it could not go on, as in &struct syncmap_batch.
 */
int libsyncmap_batch(const struct libsyncmap *map, const struct syncmap_op *ops,
		     size_t op_size, size_t count, unsigned int flags,
		     size_t *done);

/**
 * libsyncmap_touch - get the value of a key, and set its deadline
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @deadline: as in &struct libsyncmap_options
 * @result: where the value goes
 *
 * Neither the value nor its revision changes. libsyncmap_load() does not set
 * the deadline.
 *
 * Return: as libsyncmap_load(); -ENOMEM; -ENOSPC if the map has no room for
 * what a deadline takes, when the entry had none before.
 */
int libsyncmap_touch(const struct libsyncmap *map,
		     const void *key, size_t key_len, uint64_t deadline,
		     struct libsyncmap_result *result);

/**
 * libsyncmap_append - put bytes behind the value of a key
 * @map: a map opened for writing
 * @key: the key
 * @key_len: its length
 * @value: what is appended, or, if the key is absent, stored
 * @value_len: its length
 * @options: for a key that is absent, as in libsyncmap_store_with(); NULL: none
 * @result: the new revision and the previous one; @result->loaded says if there
 *	was a value, and @result->len its length; its buffer is not used
 *
 * Of any number of callers each one's bytes are there, whole. A key that is
 * there keeps its deadline and owner.
 *
 * Return: as libsyncmap_store(); -EFBIG and nothing changed if the value would
 * become longer than the map allows.
 */
int libsyncmap_append(const struct libsyncmap *map,
		      const void *key, size_t key_len,
		      const void *value, size_t value_len,
		      const struct libsyncmap_options *options,
		      struct libsyncmap_result *result);

/**
 * struct libsyncmap_number - arithmetic on a value that is a number
 * @operand: in: what is added, subtracted, and so on
 * @flags: in: SYNCMAP_FLAG_U32 for a number of four bytes, not eight;
 *	SYNCMAP_FLAG_INITIAL, SYNCMAP_FLAG_BOUNDED
 * @initial: in: with SYNCMAP_FLAG_INITIAL: what an absent key counts as
 * @bound: in: with SYNCMAP_FLAG_BOUNDED: the highest result of an addition, the
 *	lowest of a subtraction
 * @deadline: in: with SYNCMAP_FLAG_INITIAL: when a key that was absent expires,
 *	as in &struct libsyncmap_options; one that is there keeps its own
 * @before: out: the number that was found, or @initial
 * @after: out: the number that is there now
 * @reserved: room for what is to come: zero
 */
struct libsyncmap_number {
	uint64_t	operand;
	unsigned int	flags;
	uint64_t	initial;
	uint64_t	bound;
	uint64_t	deadline;
	uint64_t	before;
	uint64_t	after;
	uint64_t	reserved[4];
};

/**
 * libsyncmap_calculate - change a number at one instant
 * @map: a map opened for reading and writing
 * @op: SYNCMAP_OP_ADD, SUB, MIN, MAX, AND, OR or XOR
 * @key: the key
 * @key_len: its length
 * @number: operands and answer
 * @result: the new revision and the previous one; @result->loaded says if there
 *	was a number; its buffer is not used
 *
 * The number is a uint64_t, or uint32_t, in the byte order of the machine. Of
 * any number of callers each one counts. No memory is allocated unless the key
 * is absent.
 *
 * Return: 0; -ENOENT if the key is absent and there is no initial value;
 * -ERANGE if the result would wrap around or pass the bound: nothing has
 * changed, @number->before is what is there; -EILSEQ if the value is no number
 * of this width, but of @result->len bytes; else as libsyncmap_store().
 */
int libsyncmap_calculate(const struct libsyncmap *map,
			 enum syncmap_op_code op,
			 const void *key, size_t key_len,
			 struct libsyncmap_number *number,
			 struct libsyncmap_result *result);

/* A value that one computes for all */

/**
 * libsyncmap_load_or_lease - get the value of a key; if it has none, become the
 *	one who computes it, or wait for the one who does
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @flags: SYNCMAP_FLAG_NOWAIT: do not wait; SYNCMAP_FLAG_STALE: rather than
 *	wait, take a value that has expired, if the map keeps such;
 *	SYNCMAP_FLAG_FROM_NOW: @wait_until is so many nanoseconds from now
 * @wait_until: how long to wait for somebody else: what libsyncmap_deadline()
 *	returns, or SYNCMAP_NEVER; 0 with SYNCMAP_FLAG_NOWAIT
 * @lease_for: how many nanoseconds the caller may have the lease, from when it is
 *	given; 0: as long as the map is open
 * @token: out: 0: there is a value; else the lease: compute the value, and call
 *	libsyncmap_store_with() with the token, or libsyncmap_unlease()
 * @result: where the value goes; @result->expired if it is one that has
 *	expired, which may be there besides a token, too; with a token
 *	@result->lease_ends tells when the lease ends
 *
 * Of any number of callers that find a key absent, exactly one gets the lease;
 * those who wait get it one after the other, in the order in which they came,
 * as long as there is no value. It ends when anybody stores the key or deletes
 * it, absent as it is, when @lease_for is over, and when the last copy of @map's
 * descriptor is closed: with a process that dies, unless another has inherited it.
 *
 * Unlike most calls this one can be interrupted by a signal, unless its
 * handler was installed with SA_RESTART: then it goes on to wait, at the end of
 * the line. With SYNCMAP_FLAG_FROM_NOW any handler ends it.
 *
 * Return: 0; -EAGAIN with SYNCMAP_FLAG_NOWAIT, and -ETIMEDOUT, if somebody else
 * has the lease; -EINTR; -EDQUOT if there are too many leases; -EMSGSIZE if
 * there is a value and the buffer is smaller than @result->len; -ENOSPC if the
 * map has no room for one more entry; -EFBIG, -EINVAL, -ENOMEM.
 */
int libsyncmap_load_or_lease(const struct libsyncmap *map,
			     const void *key, size_t key_len,
			     unsigned int flags, uint64_t wait_until,
			     uint64_t lease_for, uint64_t *token,
			     struct libsyncmap_result *result);

/**
 * libsyncmap_await - stand in line for the lease of a key, and do something else
 *	meanwhile
 * @map: a map opened for reading and writing
 * @key: the key
 * @key_len: its length
 * @flags: SYNCMAP_AWAIT_FROM_NOW: libsyncmap_awaited() is to tell the end of the
 *	lease in nanoseconds from now; else 0
 * @lease_for: as in libsyncmap_load_or_lease()
 * @fd: out: a descriptor that can be polled; when it can be read, call
 *	libsyncmap_awaited(), and close it
 * @error: out: which limit was reached, or field is at fault; or NULL
 *
 * For those who wait for more than one thing, and were told -EAGAIN by
 * libsyncmap_load_or_lease(). Closed before that it leaves the line, or gives the
 * lease back.
 *
 * Return: 0; -EDQUOT if there are too many leases; -EMFILE, -EFBIG, -EINVAL,
 * -EBADF, -ENOMEM.
 */
int libsyncmap_await(const struct libsyncmap *map,
		     const void *key, size_t key_len,
		     unsigned int flags, uint64_t lease_for,
		     int *fd, struct syncmap_error *error);

/**
 * libsyncmap_awaited - what the wait has come to
 * @fd: from libsyncmap_await(); it waits, unless that has O_NONBLOCK
 * @token: out: the lease, to compute the value, as from
 *	libsyncmap_load_or_lease(); 0: call that again
 * @ends: out: with a token: when the lease ends, in nanoseconds of CLOCK_BOOTTIME
 *	or from now, or SYNCMAP_NEVER; may be NULL
 *
 * Return: 0; -EAGAIN: nothing yet; -ENODATA: it was asked before; -EINTR.
 */
int libsyncmap_awaited(int fd, uint64_t *token, uint64_t *ends);

/**
 * libsyncmap_unlease - give up a lease without a value
 * @map: the map, or copy of its descriptor, that got it
 * @key: the key
 * @key_len: its length
 * @token: the lease
 *
 * The next one who waits gets it.
 *
 * Return: 0; -ESTALE if it had ended before; -EFBIG, -EINVAL.
 */
int libsyncmap_unlease(const struct libsyncmap *map,
		       const void *key, size_t key_len, uint64_t token);

/* Operations on all keys */

/**
 * struct libsyncmap_record - an entry of a range or dump, or what has happened
 * @type: which of these: SYNCMAP_RECORD_ENTRY, SYNCMAP_RECORD_STORE and the like
 * @reason: of a store or deletion: the operation, of enum syncmap_op_code, or
 *	SYNCMAP_REASON_EXPIRED and the like
 * @key: the key; not terminated
 * @key_len: its length
 * @value: the value: of a range, one that the key had during the call; not
 *	terminated; NULL if it was left out
 * @value_len: its length even then
 * @revision: that of the value, or of the change
 * @expires: when the value expires, or SYNCMAP_NEVER; of what is no value, 0
 * @flags: SYNCMAP_RECORD_OWNED and the like
 * @reserved: room for what is to come
 *
 * <linux/syncmap.h> has the details. The pointers are valid until the callback
 * returns, or until the next call for the same watch.
 */
struct libsyncmap_record {
	enum syncmap_record_type	type;
	unsigned int			reason;
	const void			*key;
	size_t				key_len;
	const void			*value;
	size_t				value_len;
	uint64_t			revision;
	uint64_t			expires;
	unsigned int			flags;
	uint64_t			reserved[4];
};

/**
 * libsyncmap_record_next - the next record of a buffer of records
 * @buffer: a buffer of the caller's that the kernel has filled: of
 *	libsyncmap_range_next(), or of read(2) from libsyncmap_watch_fd()
 * @used: how many bytes of it are filled
 * @at: where to go on, 0 at first; it is moved
 * @record: out: the record, which points into the buffer
 *
 * Goes past records of types that this library does not know.
 *
 * Return: true; false at the end.
 */
bool libsyncmap_record_next(const void *buffer, size_t used, size_t *at,
			    struct libsyncmap_record *record);

/**
 * libsyncmap_range - call a function for each entry
 * @map: a map opened for reading
 * @flags: 0 or SYNCMAP_RANGE_KEYS_ONLY
 * @fn: called with one entry at a time; a value other than 0 ends the range
 * @arg: second argument of @fn
 *
 * The order is arbitrary. No key is shown twice, and every key that is there
 * throughout is shown. @fn may use the map in any way; no lock is held.
 *
 * Return: 0; what @fn returned; -ENOMEM, -EINTR.
 */
int libsyncmap_range(const struct libsyncmap *map, unsigned int flags,
		     int (*fn)(const struct libsyncmap_record *entry, void *arg),
		     void *arg);

/**
 * libsyncmap_range_next - get some entries into a buffer of the caller's
 * @map: a map opened for reading
 * @range: cursor, buffer, size and flags; the answer
 * @size: sizeof(*range)
 *
 * For those who want to stop and go on later, perhaps in another process: the
 * cursor is a plain number and stays valid for ever. libsyncmap_record_next() goes
 * through the records in the buffer.
 *
 * Return: 0; -EMSGSIZE if the next entry needs a buffer of @range->needed;
 * -ENOMEM, -EINTR.
 */
int libsyncmap_range_next(const struct libsyncmap *map,
			  struct syncmap_range *range, size_t size);

/**
 * libsyncmap_clear - delete all entries
 * @map: a map opened for writing
 * @flags: 0, or SYNCMAP_CLEAR_WAIT: return when their memory is free
 *
 * The map is empty at one instant of the call. What was in it is freed in the
 * background, and counts as bytes until then.
 *
 * Return: 0; -EINTR.
 */
int libsyncmap_clear(const struct libsyncmap *map, unsigned int flags);

/**
 * libsyncmap_freeze - let nobody write any more, for good
 * @map: a map opened with SYNCMAP_ACCESS_ADMIN
 *
 * When it returns, no write is under way, and those that come fail with -EROFS;
 * leases have ended. Entries expire as before.
 *
 * Return: 0; -EINTR.
 */
int libsyncmap_freeze(const struct libsyncmap *map);

/**
 * libsyncmap_retire - let nobody use a map any more
 * @map: a map opened with SYNCMAP_ACCESS_ADMIN
 *
 * The map loses its name, is frozen, and then emptied, for good: to those who
 * have it open no key is there, and none can be stored (-EROFS). Who watches it
 * comes to the end. It counts as a map no more.
 *
 * Return: 0; -EINTR.
 */
int libsyncmap_retire(const struct libsyncmap *map);

/* Watching */

/** struct libsyncmap_watch - a watched map; see libsyncmap_watch_open() */
struct libsyncmap_watch;

/**
 * libsyncmap_watch_open - begin to watch a map
 * @map: a map opened for reading; it may be closed while it is watched
 * @params: what to watch: SYNCMAP_WATCH_DUMP and other flags, a filter; its
 *	results are written to it; NULL for all keys, without values
 * @size: sizeof(*params)
 * @watch: out: to be closed by libsyncmap_watch_close()
 *
 * Return: 0; -EINVAL for bad parameters; -EFBIG for a filter longer than a key,
 * -ENOSPC, -EDQUOT if there are too many watchers (@params->error says more);
 * -EBADF, -ENOMEM.
 */
int libsyncmap_watch_open(const struct libsyncmap *map,
			  struct syncmap_watch *params, size_t size,
			  struct libsyncmap_watch **watch);

/**
 * libsyncmap_watch_next - get the next event
 * @watch: a watched map; one thread at a time
 * @timeout: how many milliseconds to wait for one; negative: for ever
 * @event: out: the event
 *
 * SYNCMAP_RECORD_OVERFLOW is an event like any other: it says that events have
 * been lost. A watch with SYNCMAP_WATCH_DUMP then shows all entries again.
 *
 * Return: 0; -EAGAIN if there was none in time; -ENODATA if there will be none
 * any more, as nobody can change the map; -EINTR if a signal came first.
 */
int libsyncmap_watch_next(struct libsyncmap_watch *watch, int timeout,
			  struct libsyncmap_record *event);

/**
 * libsyncmap_watch_fd - the descriptor of a watched map
 * @watch: a watched map
 *
 * Return: the close-on-exec descriptor, which stays the watch's, for poll():
 * when it can be read, call libsyncmap_watch_next() until that says -EAGAIN.
 */
int libsyncmap_watch_fd(const struct libsyncmap_watch *watch);

/**
 * libsyncmap_watch_close - watch no longer
 * @watch: a watched map, or NULL; not to be used again
 */
void libsyncmap_watch_close(struct libsyncmap_watch *watch);

/* The command itself, and errors */

/**
 * libsyncmap_op - do one operation as the ABI has it
 * @map: a map opened for what the operation needs
 * @op: the operation, and where its answer is to be written
 * @size: sizeof(*op)
 *
 * The other functions are made of it.
 *
 * Return: 0 or a negative errno, as in &syncmap_answer.error.
 */
int libsyncmap_op(const struct libsyncmap *map, const struct syncmap_op *op,
		  size_t size);

/**
 * libsyncmap_strerror - an error in words
 * @err: what a function returned, negative or not
 *
 * Return: a text that says what the errno means here, not in general.
 */
const char *libsyncmap_strerror(int err);

/**
 * libsyncmap_explain - the error of an operation in words, with the limit
 * @err: what the operation returned
 * @error: what is in its result, answer or parameters, or NULL
 * @text: buffer for the text; it is cut to fit
 * @size: size of @text, 128 is enough
 *
 * For example "the map is full: 1000 of 1000 entries".
 *
 * Return: @text.
 */
const char *libsyncmap_explain(int err, const struct syncmap_error *error,
			       char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* LIBSYNCMAP_H */
