/* SPDX-License-Identifier: GPL-2.0-only */

/* The page is in place, and nothing else is mapped there */
inline put_in_place()
{
	page = (page == 1 -> 2 : 1);
	d_step {
		revision_in[page] = 0; key_in[page] = 0; value_in[page] = 0
	};
	replace(page)
}

inline store_in_slot()
{
	word++;
	d_step {
		revisions++;
		note(revisions)
	};
	if
	:: NAMED_EARLY || IS(PAGE_NAMED_BEFORE_IN_PLACE) -> named = true
	:: file == HOLE -> put_in_place()
	:: else
	fi;
	if
	:: file != HOLE ->
		revision_in[file] = revisions;
		d_step {
			key_in[file] = MINE;
			value_in[file] = revisions
		};
		named = true
	:: else
	fi;
	word = word + VERSION - WINDOW;
	if
	:: file == HOLE ->
		page = (page == 1 -> 2 : 1);
		d_step {
			revision_in[page] = revisions;
			key_in[page] = MINE;
			value_in[page] = revisions
		};
		replace(page)
	:: else
	fi
}

/* The slot is wiped; the page goes, and is used elsewhere */
inline delete_slot()
{
	word++;
	d_step { note(0) };
	named = false;
	d_step {
		revision_in[file] = 0; key_in[file] = 0; value_in[file] = 0
	};
	word = word + VERSION - WINDOW;
	if
	:: replace(HOLE);
		d_step {
			revision_in[page] = 15;
			key_in[page] = OTHER;
			value_in[page] = 15
		}
	:: true
	fi
}

proctype change_slot()
{
	byte page, rounds;

	do
	:: rounds < ROUNDS ->
		rounds++;
		if
		:: store_in_slot()
		:: revision_now -> delete_slot()
		fi
	:: else -> break
	od
}

proctype load_from_slot()
{
	byte page, w, revision, key, value;

	atomic {
		seen = BIT(revision_now);
		w = word;
		if
		:: !IS_QUIET(w) -> goto ask
		:: else
		fi
	};
	if
	:: named ->
		read(revision, revision_in[mapped]);
		if
		:: !revision && ZERO_ASKS && !IS(REVISION_0_IS_ANOTHER_KEYS) ->
			goto ask
		:: else
		fi;
		read(key, key_in[mapped]);
		if
		:: key == MINE -> read(value, value_in[mapped])
		:: else -> revision = 0
		fi
	:: else
	fi;
	atomic {
		if
		:: word != w -> goto ask
		:: else
		fi;
		CLAIM(value_of_two_stores, revision == value);
		CLAIM(value_that_was_not_there, seen & BIT(value))
	};
ask:
	skip
}
