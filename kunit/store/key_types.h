/* SPDX-License-Identifier: GPL-2.0-only */
/* For cases of each type of keys: type_gen_params */
#ifndef _SYNCMAP_KUNIT_STORE_KEY_TYPES_H
#define _SYNCMAP_KUNIT_STORE_KEY_TYPES_H

#include "common.h"

static const u32 key_types[] = {
	SYNCMAP_KEY_U64, SYNCMAP_KEY_STRING, SYNCMAP_KEY_BYTES,
};

static void describe_type(const u32 *type, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "key type %u", *type);
}

KUNIT_ARRAY_PARAM(type, key_types, describe_type);

#endif /* _SYNCMAP_KUNIT_STORE_KEY_TYPES_H */
