/* SPDX-License-Identifier: GPL-2.0-only */

/* The bucket's word, in its page; what it names is in one word, too */
#define WORD		key_in
#define OTHER_SIZE	32

inline store_in_index()
{
	WORD[file] = WORD[file] + WINDOW;
	d_step {
		revisions++;
		note(revisions)
	};
	value_in[file] = revisions;
	WORD[file] = WORD[file] + VERSION - WINDOW
}

inline put_in_file(p)
{
	file = p;
	come_back_when_over();
	zap()
}

/*
 * To an index of another size, and back to one of this: READY is taken from the
 * old page, it goes, and a new one comes. Meanwhile there may be a store
 */
inline change_twice()
{
	d_step { head = (head ^ OTHER_SIZE) + VERSION };
	d_step { WORD[file] = WORD[file] & ~READY };
	put_in_file(HOLE);
	d_step {
		WORD[page] = READY;	/* elsewhere */
		value_in[page] = 15
	};
	if
	:: d_step {
		revisions++;
		note(revisions)
	   }
	:: true
	fi;
	page = 3 - page;
	d_step {
		WORD[page] = 0;
		value_in[page] = 0
	};
	put_in_file(page);
	d_step { head = (head ^ OTHER_SIZE) + VERSION };
	value_in[page] = revisions;
	WORD[page] = WORD[page] + VERSION + READY
}

proctype change_index()
{
	byte page = 1, since, rounds;

	d_step {
		revisions = 1;
		note(1);
		value_in[1] = 1;
		WORD[1] = READY;
		file = 1
	};
	do
	:: rounds < ROUNDS ->
		rounds++;
		if
		:: store_in_index()
		:: change_twice()
		fi
	:: else -> break
	od
}

proctype load_from_index()
{
	byte page, began, h, w, value, again;

	atomic {
		revisions ->
		seen = BIT(revision_now);
		h = head;
		if
		:: h & OTHER_SIZE -> goto ask
		:: else
		fi
	};
	read(w, WORD[mapped]);
	if
	:: !IS_QUIET(w) -> goto ask
	:: else
	fi;
	read(value, value_in[mapped]);
	read(again, WORD[mapped]);
	atomic {
		if
		:: again != w || head != h -> goto ask
		:: else
		fi;
		CLAIM(value_that_was_not_there, seen & BIT(value))
	};
ask:
	seen = 0
}
