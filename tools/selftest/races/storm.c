// SPDX-License-Identifier: GPL-2.0-only
/* Everything at once, by processes that are killed: what is left adds up */
#include "harness/harness.h"
#include "harness/rage.h"

TEST_LIMIT(adds_up, 120)
{
	int fd = rage_map();

	for (unsigned int i = 0; i < test_times(60) && !test_failed(); i++)
		rage_round(fd, i, false);
}
