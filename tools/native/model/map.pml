/* SPDX-License-Identifier: GPL-2.0-only */

/* syncmap_clear() */
proctype clear()
{
	byte s;

	atomic {
		!token ->
		d_step {
			s = state;
			if
			:: s ->
				state = 0;
				world++;
				cleared[s] = !IS(CLEARED_AS_IF_PROMOTED);
				syncmap_retire(s)
			:: else
			fi;
			running--
		}
	}
}
