/* SPDX-License-Identifier: GPL-2.0-only */

/* syncmap_clear(), which waits for nobody */
proctype clear()
{
	byte s;

	d_step {
		s = state;
		if
		:: s ->
			state = 0;
			world++;
			cleared[s] = !IS(CLEARED_AS_IF_PROMOTED);
			if
			:: IS(CLEARED_THOUGH_PINNED) ->
				pins[s] = 1
			:: else
			fi;
			syncmap_state_unpin(s)
		:: else
		fi;
		running--
	}
}
