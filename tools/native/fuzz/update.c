// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that change the map. What fails for want of memory, which it does only
 * by order and only for a key that is absent, changes nothing.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fuzz.h"

static const struct key *take_key(struct fuzz *f, unsigned int *n)
{
	*n = take(&f->in, f->kind->keys);
	return kind_key(f->kind, *n);
}

static gfp_t take_gfp(struct fuzz *f)
{
	bool atomic = take(&f->in, 2);

	return atomic || !kernel_may_sleep() ? GFP_ATOMIC : GFP_KERNEL;
}

static bool no_memory(const struct fuzz *f, int ret)
{
	return ret == -ENOMEM && f->fails && !current->fail_nth;
}

static void store(struct fuzz *f, unsigned int n, unsigned int value, gfp_t gfp)
{
	const struct key *key = kind_key(f->kind, n);
	int ret;

	ret = syncmap_store(&f->map, key->bytes, key->len, value_of(value), gfp);
	if (!f->model.present[n] && no_memory(f, ret))
		return;
	expect(!ret);
	model_put(&f->model, n, value);
}

void fuzz_store(struct fuzz *f)
{
	unsigned int n = take(&f->in, f->kind->keys);
	unsigned int value = take(&f->in, VALUES);

	say(f, "store %u %u", n, value);
	store(f, n, value, take_gfp(f));
}

/* Of many keys, a stretch that begins at any */
static unsigned int take_stretch(struct fuzz *f, unsigned int *first)
{
	*first = take(&f->in, 256) * 3;
	return take(&f->in, 256) * 2;
}

void fuzz_fill(struct fuzz *f)
{
	unsigned int first, n = take_stretch(f, &first);
	unsigned int value = take(&f->in, VALUES);
	gfp_t gfp = take_gfp(f);

	n = min(n, f->kind->keys);
	say(f, "fill %u + %u: %u", first, n, value);
	for (; n; n--)
		store(f, first++ % f->kind->keys, value, gfp);
}

void fuzz_erase(struct fuzz *f)
{
	unsigned int first, n = take_stretch(f, &first);
	const struct key *key;
	bool present;

	n = min(n, f->kind->keys);
	say(f, "erase %u + %u", first, n);
	for (; n; n--, first++) {
		first %= f->kind->keys;
		key = kind_key(f->kind, first);
		present = f->model.present[first];
		model_remove(&f->model, first);
		expect(syncmap_delete(&f->map, key->bytes, key->len) == present);
	}
}

void fuzz_swap(struct fuzz *f)
{
	struct model *m = &f->model;
	unsigned int n;
	const struct key *key = take_key(f, &n);
	unsigned int value = take(&f->in, VALUES);
	void *previous = &f->map;
	int ret;

	say(f, "swap %u %u", n, value);
	ret = syncmap_swap(&f->map, key->bytes, key->len, value_of(value),
			   &previous, take_gfp(f));
	if (!m->present[n] && no_memory(f, ret))
		return;
	expect(ret == m->present[n]);
	expect(previous == (ret ? value_of(m->value[n]) : NULL));
	model_put(m, n, value);
}

/* What is prepared may fail, too; it stays for the next time, or it does not */
static int load_or_store_hashed(struct fuzz *f, struct syncmap_hashed_key *key,
				void *value, void **actual, gfp_t gfp)
{
	unsigned int how = take(&f->in, 4);
	int ret;

	if (how & 1) {
		ret = syncmap_prepare_hashed(&f->map, key, gfp);
		expect(!ret || no_memory(f, ret));
	}
	ret = syncmap_load_or_store_hashed(&f->map, key, value, actual, gfp);
	if (how & 2)
		syncmap_finish_hashed(&f->map, key, gfp);
	return ret;
}

void fuzz_load_or_store(struct fuzz *f)
{
	struct model *m = &f->model;
	unsigned int n;
	const struct key *key = take_key(f, &n);
	unsigned int value = take(&f->in, VALUES);
	bool hashed = take(&f->in, 2);
	void *actual = &f->map;
	gfp_t gfp = take_gfp(f);
	int ret;

	say(f, "load_or_store%s %u %u", hashed ? "_hashed" : "", n, value);
	if (hashed)
		ret = load_or_store_hashed(f, &f->hashed[n], value_of(value),
					   &actual, gfp);
	else
		ret = syncmap_load_or_store(&f->map, key->bytes, key->len,
					    value_of(value), &actual, gfp);
	if (!m->present[n] && no_memory(f, ret))
		return;
	expect(ret == m->present[n]);
	if (!ret)
		model_put(m, n, value);
	expect(actual == value_of(m->value[n]));
}

struct computation {
	struct fuzz	*f;
	unsigned int	key;
	unsigned int	value;
	bool		fails;
	bool		begun;
};

static void *compute(const void *key, size_t len, void *arg)
{
	struct computation *c = arg;
	struct fuzz *f = c->f;

	expect(kind_number(f->kind, key, len) == c->key);
	expect(!f->model.present[c->key]);
	c->begun = true;
	f->computing[c->key] = true;
	f->depth++;
	interlude(f);
	f->depth--;
	f->computing[c->key] = false;
	return c->fails ? ERR_PTR(-EIO) : value_of(c->value);
}

/* What is computed is stored, unless something came before; then it is freed */
static void computed(struct fuzz *f, const struct computation *c, int ret,
		     const void *actual)
{
	struct model *m = &f->model;

	if (c->fails) {
		expect(ret == -EIO);
		return;
	}
	if (ret < 0 || m->present[c->key])
		m->due[c->value]++;
	if (!m->present[c->key] && no_memory(f, ret))
		return;
	expect(ret == m->present[c->key]);
	if (!ret)
		model_put(m, c->key, c->value);
	expect(actual == value_of(m->value[c->key]));
}

void fuzz_load_or_compute(struct fuzz *f)
{
	struct computation c = { f };
	const struct key *key = take_key(f, &c.key);
	bool present = f->model.present[c.key];
	bool own = f->computing[c.key];
	void *actual = NULL;
	int ret;

	if (!kernel_may_sleep())
		return;
	c.value = take(&f->in, VALUES);
	c.fails = !take(&f->in, 8);
	say(f, "load_or_compute %u %u", c.key, c.value);
	ret = syncmap_load_or_compute(&f->map, key->bytes, key->len, compute,
				      &c, &actual, GFP_KERNEL);
	if (c.begun) {
		expect(!present && !own);
		computed(f, &c, ret, actual);
	} else if (present) {
		expect(ret == 1 && actual == value_of(f->model.value[c.key]));
	} else {
		expect((own && ret == -EDEADLK) || no_memory(f, ret));
	}
}

void fuzz_load_and_delete(struct fuzz *f)
{
	struct model *m = &f->model;
	unsigned int n;
	const struct key *key = take_key(f, &n);
	void *value = &f->map;
	bool yes;

	say(f, "load_and_delete %u", n);
	yes = syncmap_load_and_delete(&f->map, key->bytes, key->len, &value);
	expect(yes == m->present[n]);
	expect(value == (yes ? value_of(m->value[n]) : &f->map));
	model_remove(m, n);
}

void fuzz_delete(struct fuzz *f)
{
	unsigned int n;
	const struct key *key = take_key(f, &n);
	bool present = f->model.present[n];

	say(f, "delete %u", n);
	model_remove(&f->model, n);
	expect(syncmap_delete(&f->map, key->bytes, key->len) == present);
}

static bool matches(const struct fuzz *f, unsigned int key, unsigned int value)
{
	return f->model.present[key] && f->model.value[key] == value;
}

void fuzz_compare_and_swap(struct fuzz *f)
{
	unsigned int n;
	const struct key *key = take_key(f, &n);
	unsigned int old = take(&f->in, VALUES);
	unsigned int new = take(&f->in, VALUES);
	bool hashed = take(&f->in, 2);
	bool match = matches(f, n, old);
	bool yes;

	say(f, "compare_and_swap%s %u %u %u", hashed ? "_hashed" : "", n, old,
	    new);
	if (match)
		model_put(&f->model, n, new);
	yes = hashed ? syncmap_compare_and_swap_hashed(&f->map, &f->hashed[n],
						       value_of(old),
						       value_of(new)) :
		       syncmap_compare_and_swap(&f->map, key->bytes, key->len,
						value_of(old), value_of(new));
	expect(yes == match);
}

void fuzz_compare_and_delete(struct fuzz *f)
{
	unsigned int n;
	const struct key *key = take_key(f, &n);
	unsigned int old = take(&f->in, VALUES);
	bool hashed = take(&f->in, 2);
	bool match = matches(f, n, old);
	bool yes;

	say(f, "compare_and_delete%s %u %u", hashed ? "_hashed" : "", n, old);
	if (match)
		model_remove(&f->model, n);
	yes = hashed ? syncmap_compare_and_delete_hashed(&f->map, &f->hashed[n],
							 value_of(old)) :
		       syncmap_compare_and_delete(&f->map, key->bytes, key->len,
						  value_of(old));
	expect(yes == match);
}

static void swap_reserved(struct fuzz *f, struct reserved *r)
{
	struct model *m = &f->model;
	unsigned int value = take(&f->in, VALUES);
	void *previous = &f->map;
	bool yes;

	say(f, "swap_reserved %u %u", r->key, value);
	yes = syncmap_swap_reserved(&f->map, r->res, value_of(value), &previous);
	r->res = NULL;
	expect(yes == m->present[r->key]);
	expect(previous == (yes ? value_of(m->value[r->key]) : NULL));
	model_put(m, r->key, value);
}

/* Make a reservation, or use one that was made before */
void fuzz_reserve(struct fuzz *f)
{
	struct reserved *r = &f->reserved[take(&f->in, RESERVED)];
	const struct key *key;

	if (r->res) {
		swap_reserved(f, r);
		return;
	}
	key = take_key(f, &r->key);
	say(f, "reserve %u", r->key);
	r->res = syncmap_reserve(&f->map, key->bytes, key->len, take_gfp(f));
	if (!IS_ERR_OR_NULL(r->res))
		return;
	expect(no_memory(f, PTR_ERR(r->res)));
	r->res = NULL;
}

void fuzz_unreserve(struct fuzz *f)
{
	struct reserved *r = &f->reserved[take(&f->in, RESERVED)];

	if (!r->res)
		return;
	say(f, "unreserve %u", r->key);
	syncmap_unreserve(&f->map, r->res);
	r->res = NULL;
}

/* What is no key of this map, and what is no value */
static void refuse_key(struct fuzz *f, void *value, size_t len)
{
	static u8 bytes[SYNCMAP_KEY_MAX + 1];
	struct syncmap_lookup lookup = { .key = bytes, .len = len };
	struct syncmap *map = &f->map;
	void *out = NULL;

	expect(!syncmap_load(map, bytes, len, &out));
	expect(!syncmap_load_many(map, &lookup, 1) && !lookup.found);
	expect(syncmap_store(map, bytes, len, value, GFP_ATOMIC) == -EINVAL);
	expect(syncmap_swap(map, bytes, len, value, &out, GFP_ATOMIC) ==
	       -EINVAL);
	expect(syncmap_load_or_store(map, bytes, len, value, &out,
				     GFP_ATOMIC) == -EINVAL);
	expect(syncmap_load_or_compute(map, bytes, len, NULL, NULL, &out,
				       GFP_ATOMIC) == -EINVAL);
	expect(!syncmap_delete(map, bytes, len));
	expect(!syncmap_compare_and_swap(map, bytes, len, value, value));
	expect(!syncmap_compare_and_delete(map, bytes, len, value));
	expect(PTR_ERR(syncmap_reserve(map, bytes, len, GFP_ATOMIC)) ==
	       -EINVAL);
}

static void refuse_value(struct fuzz *f, const struct key *key, void *value)
{
	struct syncmap *map = &f->map;
	void *out = NULL;

	expect(syncmap_store(map, key->bytes, key->len, value, GFP_ATOMIC) ==
	       -EINVAL);
	expect(syncmap_load_or_store(map, key->bytes, key->len, value, &out,
				     GFP_ATOMIC) == -EINVAL);
	expect(!syncmap_compare_and_swap(map, key->bytes, key->len, value,
					 value_of(1)));
	expect(!syncmap_compare_and_delete(map, key->bytes, key->len, value));
}

void fuzz_refuse(struct fuzz *f)
{
	static void *const values[] = {
		(void *)1, (void *)2, (void *)4, (void *)0x1001,
	};
	size_t len = f->kind->params.key_len;
	unsigned int n;
	const struct key *key = take_key(f, &n);

	say(f, "refuse %u", n);
	refuse_key(f, value_of(1), len ? len + n % 8 + 1 : SYNCMAP_KEY_MAX + 1);
	refuse_value(f, key, values[n % ARRAY_SIZE(values)]);
}

void fuzz_clear(struct fuzz *f)
{
	say(f, "clear");
	syncmap_clear(&f->map);
	model_clear(&f->model);
}

void fuzz_promote(struct fuzz *f)
{
	int err;

	if (!kernel_may_sleep())
		return;
	err = syncmap_promote(&f->map);
	say(f, "promote: %d", err);
	expect(!err || no_memory(f, err));
}
