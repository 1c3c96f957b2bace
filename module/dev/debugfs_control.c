// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debugfs file "control": a map driven by hand
 *
 *	store KEY VALUE		VALUE is the rest of the line
 *	load KEY		fails if the key is absent
 *	delete KEY
 *	clear
 *	promote
 *
 * A key is a number in a map of u64 keys, else a word; one that begins with 0x
 * is hexadecimal in a map of bytes. What was written succeeds or fails with the
 * errno of the operation. Nothing can be read here: entries and stats show what
 * came of it.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifdef HAVE_LINUX_HEX_H
#include <linux/hex.h>
#endif

#include "../store/bytemap.h"
#include "../store/clear.h"
#include "../store/map.h"
#include "../store/op.h"
#include "../store/request.h"
#include "dev.h"

#define LINE_SIZE	(32 << 10)

static int parse_hex(u8 *key, const char *word, u32 *len)
{
	size_t digits = strlen(word);

	if (digits % 2 || digits / 2 > BYTEMAP_KEY_MAX)
		return -EINVAL;
	*len = digits / 2;
	return hex2bin(key, word, *len) ? -EINVAL : 0;
}

/* In place: a key is never longer than the word that says it */
static int parse_key(const struct bytemap *map, char *word, u64 *number,
		     struct syncmap_op *op, struct bytemap_request *req)
{
	req->key = word;
	op->key_len = strlen(word);
	switch (map->key_type) {
	case SYNCMAP_KEY_U64:
		req->key = number;
		op->key_len = sizeof(*number);
		return kstrtou64(word, 0, number);
	case SYNCMAP_KEY_BYTES:
		return strncmp(word, "0x", 2) ? 0 : parse_hex(word, word + 2,
							      &op->key_len);
	default:
		return 0;
	}
}

static int run_op(struct bytemap *map, u32 code, char *word, const char *value)
{
	struct syncmap_op op = { .op = code };
	struct syncmap_answer answer;
	struct bytemap_request req = {
		.op = &op, .answer = &answer, .value = value,
	};
	bool store = code == SYNCMAP_OP_STORE;
	u64 number;
	int err;

	if (!word || !*word || store == !value)
		return -EINVAL;
	err = parse_key(map, word, &number, &op, &req);
	if (err)
		return err;
	op.value_len = value ? strlen(value) : 0;
	err = bytemap_request_check(map, &op, &answer);
	if (!err)
		err = bytemap_op(map, &req);
	bytemap_request_release(&req);
	return err;
}

static int run_line(struct bytemap *map, char *line)
{
	char *verb = strsep(&line, " ");
	char *word = strsep(&line, " ");

	if (!strcmp(verb, "store"))
		return run_op(map, SYNCMAP_OP_STORE, word, line);
	if (!strcmp(verb, "load"))
		return run_op(map, SYNCMAP_OP_LOAD, word, line);
	if (!strcmp(verb, "delete"))
		return run_op(map, SYNCMAP_OP_DELETE, word, line);
	if (word)
		return -EINVAL;
	if (!strcmp(verb, "clear"))
		return bytemap_clear(map);
	if (!strcmp(verb, "promote"))
		return bytemap_promote(map);
	return -EINVAL;
}

static ssize_t control_write(struct file *file, const char __user *user,
			     size_t size, loff_t *pos)
{
	char *line;
	int err;

	if (size > LINE_SIZE)
		return -EINVAL;
	line = memdup_user_nul(user, size);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = strlen(line) == size ? 0 : -EINVAL;
	if (size && line[size - 1] == '\n')
		line[size - 1] = '\0';
	err = err ?: run_line(file->private_data, line);
	kfree(line);
	return err ?: size;
}

static int control_open(struct inode *inode, struct file *file)
{
	file->private_data = inode->i_private;
	return bytemap_get_unless_zero(inode->i_private) ? 0 : -ENODEV;
}

static int control_release(struct inode *inode, struct file *file)
{
	bytemap_put(inode->i_private);
	return 0;
}

const struct file_operations syncmap_debugfs_control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.write = control_write,
	.release = control_release,
	.llseek = noop_llseek,
};
