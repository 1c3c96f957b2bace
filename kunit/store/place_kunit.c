// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places in line that nobody sleeps in
 */
#include "../../module/store/place.c"
#include "../../module/store/clear.h"
#include "common.h"

static struct bytemap_place *stand(struct kunit *test,
				   struct bytemap_client *client, u64 lease_for)
{
	struct syncmap_await params = { .key_len = 1, .lease_for = lease_for };
	struct syncmap_error error = {};
	struct bytemap_place *place;

	place = bytemap_place_create(client, &params, "k", &error);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, place);
	return place;
}

static u64 take(struct kunit *test, struct bytemap_place *place)
{
	struct syncmap_answer answer;

	KUNIT_EXPECT_TRUE(test, bytemap_place_is_over(place));
	KUNIT_EXPECT_EQ(test, bytemap_place_wait(place), 0);
	KUNIT_EXPECT_EQ(test, bytemap_place_take(place, &answer), 1);
	KUNIT_EXPECT_EQ(test, answer.result,
			answer.leased ? SYNCMAP_RESULT_LEASED : 0);
	return answer.leased;
}

static void its_turn_comes(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_place *place = stand(test, other, 0);
	struct syncmap_answer answer;

	KUNIT_EXPECT_EQ(test, atomic_read(&other->nr_leases), 1);
	KUNIT_EXPECT_EQ(test, bytemap_place_take(place, &answer), -EAGAIN);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&map->line));
	token = take(test, place);
	KUNIT_EXPECT_NE(test, token, 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_place_take(place, &answer), 0);
	bytemap_place_destroy(place);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->nr_leases), 1);
	KUNIT_EXPECT_EQ(test, store_leased(other, "k", "v", token), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->nr_leases), 0);
	store_client_end(client);
	store_client_end(other);
}

/* It could not be told: the place has it, and gives it back */
static void what_is_put_back_is_taken_again(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_place *place = stand(test, client, 0);

	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), 0);
	token = take(test, place);
	bytemap_place_put_back(place);
	KUNIT_EXPECT_EQ(test, take(test, place), token);
	bytemap_place_put_back(place);
	bytemap_place_destroy(place);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), -ESTALE);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	store_client_end(client);
}

/* It may wait, have the lease, or have nothing to wait for */
static void a_client_leaves_all_places(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct bytemap_place *places[3];
	unsigned int i;
	u64 token;

	places[0] = stand(test, other, 0);
	token = store_lease(client, "k");
	places[1] = stand(test, other, 0);
	places[2] = stand(test, other, 0);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->nr_leases), 3);
	bytemap_place_close(other);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->nr_leases), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&map->line));
	store_client_end(other);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		KUNIT_EXPECT_EQ(test, take(test, places[i]), 0ULL);
		bytemap_place_destroy(places[i]);
	}
	KUNIT_EXPECT_NE(test, store_lease(client, "k"), 0ULL);
	store_client_end(client);
}

/* Given to the place, and lost before anybody has looked */
static void a_lease_that_is_lost_is_not_told(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_place *place;
	u64 token;

	token = store_lease(client, "k");
	place = stand(test, client, 1);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), 0);
	KUNIT_EXPECT_EQ(test, take(test, place), 0ULL);
	bytemap_place_destroy(place);
	token = store_lease(client, "k");
	place = stand(test, client, 0);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), 0);
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	KUNIT_EXPECT_EQ(test, take(test, place), 0ULL);
	bytemap_place_destroy(place);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

static struct kunit_case place_cases[] = {
	KUNIT_CASE(its_turn_comes),
	KUNIT_CASE(what_is_put_back_is_taken_again),
	KUNIT_CASE(a_client_leaves_all_places),
	KUNIT_CASE(a_lease_that_is_lost_is_not_told),
	{}
};

static struct kunit_suite place_suite = {
	.name = "bytemap_place",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = place_cases,
};

kunit_test_suite(place_suite);
