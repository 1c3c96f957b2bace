// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference, and what a range over it has to show.
 */
#include <linux/string.h>

#include "fuzz.h"

void model_begin(struct model *m, unsigned int keys)
{
	memset(m, 0, sizeof(*m));
	m->keys = keys;
}

void model_put(struct model *m, unsigned int key, unsigned int value)
{
	struct walk *walk;

	m->count += !m->present[key];
	m->present[key] = true;
	m->value[key] = value;
	for (walk = m->walks; walk; walk = walk->next)
		walk->had[key] |= 1 << value;
}

void model_remove(struct model *m, unsigned int key)
{
	struct walk *walk;

	m->count -= m->present[key];
	m->present[key] = false;
	for (walk = m->walks; walk; walk = walk->next)
		walk->stable[key] = false;
}

void model_clear(struct model *m)
{
	unsigned int key;

	for (key = 0; key < m->keys; key++) {
		if (!m->present[key])
			continue;
		m->due[m->value[key]]++;
		model_remove(m, key);
	}
}

void walk_begin(struct model *m, struct walk *walk)
{
	unsigned int key;

	memset(walk->seen, 0, sizeof(walk->seen));
	for (key = 0; key < m->keys; key++) {
		walk->stable[key] = m->present[key];
		walk->had[key] = m->present[key] << m->value[key];
	}
	walk->next = m->walks;
	m->walks = walk;
}

void walk_see(struct walk *walk, unsigned int key, unsigned int value)
{
	if (walk->seen[key])
		wrong("a range shows key %u twice", key);
	if (!(walk->had[key] & 1 << value))
		wrong("a range shows key %u with value %u, which it never had",
		      key, value);
	walk->seen[key] = true;
}

void walk_end(struct model *m, struct walk *walk, bool whole)
{
	struct walk **link = &m->walks;
	unsigned int key;

	while (*link != walk)
		link = &(*link)->next;
	*link = walk->next;
	for (key = 0; whole && key < m->keys; key++)
		if (walk->stable[key] && !walk->seen[key])
			wrong("a range misses key %u, which was always there",
			      key);
}
