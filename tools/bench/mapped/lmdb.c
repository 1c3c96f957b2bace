// SPDX-License-Identifier: GPL-2.0-only
/*
 * LMDB, as it loads fastest: a read transaction that is renewed for each load, or
 * batch, for otherwise nobody would see what others have stored
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rival.h"

#define DIRECTORY	"/dev/shm/bench-lmdb-XXXXXX"

static char directory[sizeof(DIRECTORY)];
static MDB_env *env;
static MDB_txn *txn;
static MDB_dbi dbi;
static size_t key_len;

static void need(int err)
{
	if (err)
		abort();
}

static void open_env(unsigned int flags)
{
	need(mdb_env_create(&env));
	need(mdb_env_set_mapsize(env, 1UL << 30));
	need(mdb_env_open(env, directory, flags | MDB_NOTLS | MDB_NORDAHEAD,
			  0600));
}

static void fill(const struct scene *scene)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8], i;
	MDB_val k = { scene->key_len, key }, v = { scene->value_len, value };

	open_env(MDB_WRITEMAP | MDB_NOSYNC);
	need(mdb_txn_begin(env, NULL, 0, &txn));
	need(mdb_dbi_open(txn, NULL, scene->key_len == 8 ? MDB_INTEGERKEY : 0,
			  &dbi));
	for (i = 0; i < scene->n; i++) {
		key_of(scene, key, i);
		link_value((__u64 *)value, scene->value_len, i, scene->n);
		need(mdb_put(txn, dbi, &k, &v, 0));
	}
	need(mdb_txn_commit(txn));
	mdb_env_close(env);
}

static const char *open_lmdb(const struct scene *scene)
{
	pid_t child;
	int status;

	strcpy(directory, DIRECTORY);
	if (!mkdtemp(directory))
		return "no /dev/shm";
	child = fork();
	if (!child) {
		fill(scene);
		_exit(0);
	}
	waitpid(child, &status, 0);
	need(status);
	open_env(MDB_RDONLY);
	need(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
	need(mdb_dbi_open(txn, NULL, 0, &dbi));
	mdb_txn_reset(txn);
	key_len = scene->key_len;
	return NULL;
}

static void close_lmdb(void)
{
	char path[sizeof(directory) + 16];

	mdb_txn_abort(txn);
	mdb_env_close(env);
	snprintf(path, sizeof(path), "%s/data.mdb", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lock.mdb", directory);
	unlink(path);
	rmdir(directory);
}

static inline bool get(const uint64_t *key, uint64_t *value)
{
	MDB_val k = { key_len, (void *)key }, v;

	if (mdb_get(txn, dbi, &k, &v))
		return false;
	memcpy(value, v.mv_data, v.mv_size);
	return true;
}

static inline bool load(const uint64_t *key, uint64_t *value)
{
	bool found;

	need(mdb_txn_renew(txn));
	found = get(key, value);
	mdb_txn_reset(txn);
	return found;
}

static void run_lmdb(struct run *run)
{
	struct run part = *run;
	uint64_t i;

	if (run->shape != BATCHED) {
		RUN_SINGLE(run, load);
		return;
	}
	part.ops = BATCH;
	for (i = 0; i < run->ops; i += BATCH) {
		need(mdb_txn_renew(txn));
		RUN_SINGLE(&part, get);
		mdb_txn_reset(txn);
	}
	run->sum = part.sum;
	run->asked = part.asked;
}

const struct rival rival_lmdb = {
	.name = "LMDB", .summary = "its read transaction is renewed each time",
	.open = open_lmdb, .run = run_lmdb, .close = close_lmdb,
};
