// SPDX-License-Identifier: GPL-2.0-only
#include "driver.h"
int check_all(void) { return 0; }
