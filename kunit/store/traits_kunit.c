// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operations may do
 */
#include "../../module/store/traits.c"
#include "common.h"

static void access_is_what_an_operation_does(struct kunit *test)
{
	const u32 read = SYNCMAP_ACCESS_READ, write = SYNCMAP_ACCESS_WRITE;
	u32 op;

	KUNIT_EXPECT_EQ(test, bytemap_op_access(SYNCMAP_OP_LOAD), read);
	KUNIT_EXPECT_EQ(test, bytemap_op_access(SYNCMAP_OP_STORE), write);
	KUNIT_EXPECT_EQ(test, bytemap_op_access(SYNCMAP_OP_DELETE), write);
	KUNIT_EXPECT_EQ(test, bytemap_op_access(SYNCMAP_OP_APPEND), write);
	KUNIT_EXPECT_EQ(test, bytemap_op_access(SYNCMAP_OP_UNLEASE), write);
	for (op = SYNCMAP_OP_LOAD_OR_STORE; op < BYTEMAP_OPS; op++)
		if (bytemap_traits[op] && op != SYNCMAP_OP_DELETE &&
		    op != SYNCMAP_OP_APPEND && op != SYNCMAP_OP_UNLEASE)
			KUNIT_EXPECT_EQ(test, bytemap_op_access(op),
					read | write);
}

static struct kunit_case traits_cases[] = {
	KUNIT_CASE(access_is_what_an_operation_does),
	{}
};

static struct kunit_suite traits_suite = {
	.name = "bytemap_traits",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = traits_cases,
};

kunit_test_suite(traits_suite);
