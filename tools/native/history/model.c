// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sequential map.
 */
#include "history.h"

const char *const action_names[ACTIONS] = {
	"load", "store", "swap", "swap-reserved", "load-or-store",
	"load-or-compute", "load-and-delete", "delete", "compare-and-swap",
	"compare-and-delete", "load-many", "range", "next", "clear",
	"unreserve", "promote", "purge", "grow",
};

bool model_apply(unsigned int *value, const struct operation *op)
{
	unsigned int was = *value;
	bool match = was != ABSENT && was == op->old;

	switch (op->action) {
	case STORE:
		*value = op->new;
		return true;
	case SWAP:
	case SWAP_RESERVED:
		*value = op->new;
		break;
	case LOAD_OR_STORE:
	case LOAD_OR_COMPUTE:
		if (was == ABSENT)
			*value = op->new;
		break;
	case LOAD_AND_DELETE:
		*value = ABSENT;
		break;
	case DELETE:
		*value = ABSENT;
		return op->yes == (was != ABSENT);
	case COMPARE_AND_SWAP:
		if (match)
			*value = op->new;
		return op->yes == match;
	case COMPARE_AND_DELETE:
		if (match)
			*value = ABSENT;
		return op->yes == match;
	case CLEAR:
		*value = ABSENT;
		return true;
	case EXPIRE:
		if (match)
			*value = ABSENT;
		return true;
	case EVICT:
		*value = ABSENT;
		return match;
	default:
		break;
	}
	return op->yes == (was != ABSENT) && op->value == was;
}

void operation_print(const struct operation *op)
{
	fprintf(stderr, "#   [%lu, %lu] %s", op->begin, op->end,
		op->action < ACTIONS ? action_names[op->action] :
		op->action == EXPIRE ? "expire" : "evict");
	if (op->action < CLEAR || op->action >= ACTIONS)
		fprintf(stderr, " %u (%u -> %u): %s %u", op->key, op->old,
			op->new, op->yes ? "yes" : "no", op->value);
	fputc('\n', stderr);
}
