// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ending a map for all who have it open
 *
 * It is frozen, emptied, and loses its name for good. So nothing has to be asked by
 * operations that is not asked anyway: no key is there, and none can be stored.
 * Whoever has it open goes on with an empty map, and holds no more than that of what
 * its owner may have. The name comes last: by it the owner can go on if he is killed
 * before.
 */
#include <linux/atomic.h>
#include <linux/string.h>

#include "account.h"
#include "bytemap.h"
#include "clear.h"
#include "freeze.h"
#include "name.h"
#include "retire.h"
#include "tell.h"

/*
 * Ends the map; @name is that which it has, or has had. Sleeps for a grace period.
 *
 * Return: 0; as bytemap_freeze() and bytemap_clear_frozen(): it can be done again.
 */
int bytemap_retire(struct bytemap *map, struct bytemap_name *name)
{
	int err;

	memset(name, 0, sizeof(*name));
	err = bytemap_freeze(map) ?: bytemap_clear_frozen(map);
	if (err)
		return err;
	bytemap_name_end(map, name);
	/* Watchers have the last record. Pairs with bytemap_reader_has_ended() */
	if (!xchg(&map->retired, true))
		bytemap_account_uncount_map(map->account);
	bytemap_tell_end(map);
	return 0;
}
