/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots. The one that was free last is taken first
 */

inline take_slot(s)
{
	s = 1;
	do
	:: slots_used & BIT(s) -> s++
	:: else -> break
	od;
	slots_used = slots_used | BIT(s)
}

/* In two parts, as who reads it may come between */
inline write_name(s, k, r)
{
	slot_key[s] = k;
	slot_revision[s] = r
}

inline write_value(s, r, d)
{
	slot_value[s] = r;
	slot_deadline[s] = d
}

/* What was deleted does not stay readable */
inline wipe_slot(s)
{
	write_name(s, 0, 0);
	write_value(s, 0, 0);
	slots_used = slots_used & ~BIT(s)
}

inline fill_slot(s, k)
{
	slots_used = slots_used | BIT(s);
	write_name(s, k, revision_of[k]);
	write_value(s, revision_of[k], deadline_of[k])
}
