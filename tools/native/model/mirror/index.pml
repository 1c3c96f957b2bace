/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another index. All buckets are one group. What has been moved out of a bucket
 * is still written there: READY was taken from it for good
 */

#define FIRST(size)	BUCKET(size, 0)
#define LAST(size)	BUCKET(size, KEYS - 1)

/* A place in the bucket, or PLACES */
inline find_room(b, room)
{
	room = 0;
	do
	:: room < PLACES && PLACE(b, room) -> room++
	:: else -> break
	od
}

inline spill(b)
{
	if
	:: !IS(SPILL_NOT_SAID) -> word[b] = word[b] | SPILL(flag)
	:: else
	fi
}

inline move_slot(s)
{
	n = BUCKET(!left, slot_key[s]);
	find_room(n, j);
	if
	:: j < PLACES -> PLACE(n, j) = s
	:: else ->
		spill(n);
		wipe_slot(s)
	fi
}

inline move_spill(o)
{
	for (n : FIRST(!left) .. LAST(!left)) {
		word[n] = word[n] |
			  (IS(SPILL_LEFT_BEHIND) -> 0 : word[o] & SPILLED)
	}
}

inline move_bucket(o)
{
	if
	:: word[o] & READY ->
		move_spill(o);
		for (i : 0 .. PLACES - 1) {
			if
			:: PLACE(o, i) -> move_slot(PLACE(o, i))
			:: else
			fi
		}
		if
		:: !IS(MOVED_BUCKET_UNMARKED) && !IS(NEITHER_HEAD_NOR_MARK) ->
			word[o] = word[o] & ~READY
		:: else
		fi
	:: else
	fi
}

/* Under the lock: what the old index has for this place */
inline move()
{
	if
	:: left != NONE && left != SIZE(head) ->
		for (m : FIRST(left) .. LAST(left)) {
			move_bucket(m)
		}
	:: else
	fi
}

/* No window is open in the old buckets alone: the new ones are right */
inline settle()
{
	for (i : FIRST(!left) .. LAST(!left)) {
		word[i] = word[i] + VERSION + READY
	}
}

inline zap_index(size)
{
	for (i : FIRST(size) .. LAST(size)) {
		word[i] = 0;
		for (j : 0 .. PLACES - 1) {
			PLACE(i, j) = 0
		}
	}
}
