/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the map has, and what a load may say: whatever it has been since
 */

inline look()
{
	seen = BIT(CURRENT(READS))
}

inline note()
{
	seen = seen | BIT(CURRENT(READS))
}

inline store(k, deadline)
{
	revisions++;
	revision_of[k] = revisions;
	deadline_of[k] = deadline;
	note()
}

inline delete(k)
{
	revision_of[k] = 0;
	deadline_of[k] = 0;
	note()
}

/* What is late is so at once, for all */
proctype ticks()
{
	do
	:: d_step {
		clock <= TICKS ->
		clock++;
		note();
		running = running - (clock > TICKS)
	   }
	:: else -> break
	od
}
