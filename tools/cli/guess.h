/* SPDX-License-Identifier: GPL-2.0-only */
/* What somebody may have meant who has typed a word that is none of ours */
#ifndef SYNCMAPCTL_GUESS_H
#define SYNCMAPCTL_GUESS_H

#include <stddef.h>

#define GUESSES_MAX	3

/* The names that are most like a word; zero-initialise it */
struct guess {
	char		names[GUESSES_MAX][64];
	int		n;
	unsigned int	distance;
};

/* The number of characters that were left out, put in, changed or swapped */
unsigned int guess_distance(const char *a, const char *b);

/* Is @name one of those that @word may have been meant for? */
void guess_try(struct guess *guess, const char *word, const char *name);

/* "Did you mean 'a', 'b' or 'c'?", with @dashes before each; "" for none */
void guess_print(const struct guess *guess, const char *dashes, char *text,
		 size_t size);

/*
 * Which verb other tools call @word, that has @nargs arguments: that, and maybe
 * options; or NULL
 */
const char *guess_foreign(const char *word, int nargs);

#endif
