// SPDX-License-Identifier: GPL-2.0-only
/*
 * A leaderboard: players submit scores from many machines, and the best of each
 * counts. To load a score, compare and store it would lose the better of two that
 * come at the same time; the greater one of both is one operation.
 *
 * Output:
 *	8 machines have submitted 1600 scores of 10 players
 *	1. player 3, 10002
 *	2. player 1, 9999
 *	3. player 6, 9997
 */
#include "example.h"

#define MACHINES	8
#define PLAYERS		10
#define ROUNDS		20

static struct libsyncmap *board;

struct row {
	uint64_t player;
	uint64_t score;
};

static uint64_t score_of(uint64_t player, int machine, int round)
{
	return (player * 7919 + machine * 104729 + round * 1299709) % 10007;
}

static void submit(uint64_t player, uint64_t score)
{
	struct libsyncmap_number number = {
		.operand = score, .flags = SYNCMAP_FLAG_INITIAL,
	};

	must(libsyncmap_calculate(board, SYNCMAP_OP_MAX, whole(player),
				  &number, NULL));
}

static void work(int machine)
{
	uint64_t player;
	int round;

	for (round = 0; round < ROUNDS; round++)
		for (player = 0; player < PLAYERS; player++)
			submit(player, score_of(player, machine, round));
}

struct table {
	struct row	rows[PLAYERS];
	int		count;
};

static int add_row(const struct libsyncmap_record *entry, void *arg)
{
	struct table *table = arg;
	struct row *row = &table->rows[table->count++];

	memcpy(&row->player, entry->key, sizeof(row->player));
	memcpy(&row->score, entry->value, sizeof(row->score));
	return 0;
}

static int best_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->score < y->score) - (x->score > y->score);
}

static uint64_t best_of(uint64_t player)
{
	uint64_t best = 0;
	int machine, round;

	for (machine = 0; machine < MACHINES; machine++)
		for (round = 0; round < ROUNDS; round++)
			if (score_of(player, machine, round) > best)
				best = score_of(player, machine, round);
	return best;
}

int main(void)
{
	struct table table = {};
	int i;

	board = new_map(SYNCMAP_KEY_U64);
	crowd(MACHINES, work);
	printf("%d machines have submitted %d scores of %d players\n", MACHINES,
	       MACHINES * ROUNDS * PLAYERS, PLAYERS);
	must(libsyncmap_range(board, 0, add_row, &table));
	check(table.count == PLAYERS);
	qsort(table.rows, PLAYERS, sizeof(*table.rows), best_first);
	for (i = 0; i < PLAYERS; i++)
		check(table.rows[i].score == best_of(table.rows[i].player));
	for (i = 0; i < 3; i++)
		printf("%d. player %d, %d\n", i + 1, (int)table.rows[i].player,
		       (int)table.rows[i].score);
	return 0;
}
