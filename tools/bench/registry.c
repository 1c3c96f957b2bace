// SPDX-License-Identifier: GPL-2.0-only
/*
 * All contenders, by kind of key.
 */
#include "driver.h"

#define CONTENDER(name)							\
extern const struct contender name##_8_fast, name##_8_sip,		\
			      name##_16_fast, name##_32_fast;
#include "contenders.h"
#undef CONTENDER

const struct kind kinds[KINDS] = {
	[KIND_U64] = {
		.name = "u64",
		.contenders = {
#define CONTENDER(name)	&name##_8_fast,
#include "contenders.h"
#undef CONTENDER
		},
	},
	[KIND_U64_SIP] = {
		.name = "u64-siphash",
		.contenders = {
#define CONTENDER(name)	&name##_8_sip,
#include "contenders.h"
#undef CONTENDER
		},
	},
	[KIND_16] = {
		.name = "16-byte",
		.contenders = {
#define CONTENDER(name)	&name##_16_fast,
#include "contenders.h"
#undef CONTENDER
		},
	},
	[KIND_32] = {
		.name = "32-byte",
		.contenders = {
#define CONTENDER(name)	&name##_32_fast,
#include "contenders.h"
#undef CONTENDER
		},
	},
};

const char *contender_name(int contender)
{
	if (contender >= CONTENDERS)
		return go_name(contender - CONTENDERS);
	return kinds[0].contenders[contender]->name;
}

/* -1 if there is none */
int contender_index(const char *name)
{
	int i;

	for (i = ENTRANTS - 1; i >= 0; i--)
		if (!strcmp(contender_name(i), name))
			break;
	return i;
}

const siphash_key_t bench_seed = {
	{ 0x452821e638d01377ULL, 0xbe5466cf34e90c6cULL },
};
