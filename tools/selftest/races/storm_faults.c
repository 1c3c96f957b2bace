// SPDX-License-Identifier: GPL-2.0-only
/* Everything at once, while memory runs out: what is left adds up */
#include "harness/fault.h"
#include "harness/rage.h"

TEST_LIMIT(adds_up, 120)
{
	int fd = rage_map();

	fault_need();
	for (unsigned int i = 0; i < test_times(200) && !test_failed(); i++)
		rage_round(fd, i, true);
}
