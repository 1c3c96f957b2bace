/* SPDX-License-Identifier: GPL-2.0-only */

/* Of the slab, which is a page with one slot */
mtype = { NONE, COMING, STOCKED, TAKEN, GOING };
mtype slab = NONE;
byte next = 1;

inline wipe(p)
{
	revision_in[p] = 0; key_in[p] = 0; value_in[p] = 0
}

inline add_slab()
{
	d_step {
		page = next;
		next = 3 - next;
		wipe(page)
	};
	file = page;
	atomic {
		if
		:: marked || (round && !IS(STOCKED_BESIDE_ROUND)) -> slab = COMING
		:: else -> slab = STOCKED
		fi
	}
}

#define CAN_STORE							\
	(slab == STOCKED || slab == TAKEN ||				\
	 (slab == COMING &&						\
	  (NAMED_EARLY || IS(PAGE_NAMED_BEFORE_IN_PLACE))))

/* What has no slot is not in the mirror */
inline store_in_slot()
{
	word++;
	d_step {
		revisions++;
		note(revisions)
	};
	if
	:: atomic { CAN_STORE -> slab = TAKEN };
		revision_in[file] = revisions;
		d_step {
			key_in[file] = MINE;
			value_in[file] = revisions
		};
		named = true;
		word = word | READY
	:: else -> word = word & ~READY
	fi;
	word = word + VERSION - WINDOW
}

/* The slot is wiped */
inline delete_slot()
{
	word++;
	d_step { note(0) };
	named = false;
	d_step { wipe(file) };
	d_step {
		slab = STOCKED;
		word = word + VERSION - WINDOW
	}
}

proctype write()
{
	byte page, rounds;

	do
	:: rounds < ROUNDS ->
		rounds++;
		if
		:: slab == NONE -> add_slab()
		:: CAN_STORE -> store_in_slot()
		:: slab == TAKEN && named -> delete_slot()
		:: true
		fi
	:: else -> break
	od
}

/* With this slab, or with another one of the group: all of it is zapped */
inline do_round()
{
	atomic {
		if
		:: IS(MARK_TAKEN_LATE)
		:: else -> marked = false
		fi;
		round = true;
		comes = slab == COMING
	};
	if
	:: !IS(ZAPPED_BEFORE_FAULTS_ARE_OVER) -> come_back_when_over(); zap()
	:: else -> zap(); come_back_when_over()
	fi;
	atomic {
		if
		:: IS(MARK_TAKEN_LATE) -> marked = false
		:: else
		fi;
		if
		:: comes && slab == COMING -> slab = STOCKED
		:: else
		fi;
		round = false
	}
}

/* The page goes, and is used elsewhere; then its place is another slab's */
inline trim()
{
	d_step {
		page = file;
		file = HOLE;
		if
		:: IS(PLACE_USED_BEFORE_ZAP) -> slab = NONE
		:: else
		fi
	};
	if
	:: !IS(ZAPPED_BEFORE_FAULTS_ARE_OVER) -> come_back_when_over(); zap()
	:: else -> zap(); come_back_when_over()
	fi;
	d_step {
		revision_in[page] = 15;
		key_in[page] = OTHER;
		value_in[page] = 15;
		if
		:: !IS(PLACE_USED_BEFORE_ZAP) -> slab = NONE
		:: else
		fi
	}
}

proctype work()
{
	byte page, since, works;
	bool comes;

	do
	:: works < WORKS ->
		works++;
		if
		:: !NAMED_EARLY || slab == COMING -> do_round()
		:: atomic { slab == STOCKED -> slab = GOING };
			trim()
		:: true
		fi
	:: else -> break
	od
}

proctype load_from_slot()
{
	byte page, began, w, revision, key, value;

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
	seen = 0
}
