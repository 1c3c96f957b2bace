/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One try of a load. Between the first words and the comparisons it may read in
 * any order, as the processor does. The clock is read once for a batch, between
 * all first words and all comparisons
 */

/* A slot that is wiped is one to ask about: it is no other key's */
inline read_slot()
{
	do
	:: d_step {
		!(read & 1) ->
		revision = slot_revision[slot];
		read = read | 1
	   }
	:: d_step {
		!(read & 2) ->
		found = slot_key[slot] == READS;
		read = read | 2
	   }
	:: d_step {
		!(read & 4) ->
		value = slot_value[slot];
		deadline = slot_deadline[slot];
		read = read | 4
	   }
	:: atomic {
		read == 7 && !revision ->
		goto ask
	   }
	:: atomic {
		read == 7 && revision ->
		read = 0; slot = 0;
		if
		:: !found -> revision = 0; value = 0; deadline = 0
		:: else
		fi;
		break
	   }
	od
}

inline read_places()
{
	do
	:: atomic {
		tried < PLACES && !found ->
		slot = PLACE(b, tried);
		tried++
	   };
		if
		:: slot -> read_slot()
		:: else
		fi
	:: atomic {
		tried == PLACES && !found ->
		if
		:: w & SPILLED -> goto ask
		:: else
		fi;
		break
	   }
	:: found -> break
	od
}

inline read_floor()
{
	f = floor
}

inline read_clock()
{
	time = clock
}

#define IS_CLEARED	(revision < f && !IS(FLOOR_IGNORED))
#define IS_OVER		(deadline && deadline <= time)

inline judge()
{
	if
	:: found && !IS_CLEARED && !IS_OVER ->
		CLAIM(value_of_two_stores, value == revision);
		CLAIM(value_that_was_not_there, seen & BIT(revision))
	:: else -> CLAIM(value_that_was_not_there, seen & BIT(0))
	fi
}

inline compare_words()
{
	if
	:: atomic {
		word[b] != w && !IS(WORD_NOT_COMPARED) ->
		goto ask
	   }
	:: else
	fi;
	if
	:: atomic {
		head != h && !IS(HEAD_NOT_COMPARED) &&
		!IS(NEITHER_HEAD_NOR_MARK) ->
		goto ask
	   }
	:: else
	fi
}

inline read_first_words()
{
	atomic {
		look();
		time = (IS(CLOCK_READ_FIRST) -> clock : 0);
		h = head;
		if
		:: !IS_QUIET(h) -> goto ask
		:: else
		fi
	};
	if
	:: h & CLEARED -> read_floor()
	:: h & CLEARED
	:: else
	fi;
	atomic {
		b = BUCKET(SIZE(h), READS);
		w = word[b];
		if
		:: !IS_QUIET(w) -> goto ask
		:: else
		fi
	}
}

proctype reader()
{
	short h, w;
	byte f, b, time, tried, slot, read, revision, value, deadline;
	bool found;

	read_first_words();
	if
	:: TICKS && !time && !IS(CLOCK_READ_LAST) -> read_clock()
	:: true
	fi;
	read_places();
	if
	:: found && h & CLEARED && !f -> read_floor()
	:: else
	fi;
	if
	:: deadline && !time && !IS(CLOCK_READ_LAST) -> read_clock()
	:: else
	fi;
	compare_words();
	if
	:: deadline && IS(CLOCK_READ_LAST) -> read_clock()
	:: else
	fi;
	atomic { judge() };
ask:
	atomic {
		h = 0; w = 0; f = 0; b = 0; time = 0; tried = 0;
		slot = 0; read = 0; revision = 0; value = 0; deadline = 0;
		found = 0; seen = 0;
		running--
	}
}
