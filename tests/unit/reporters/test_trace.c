#include "feed.h"
#include "itrun/base/json.h"
#include <criterion/criterion.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void setup(void)
{
    capture_init(&capture);
    feed_start(&feed, trace_sink_new(&capture.out), 3);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(trace, .init = setup, .fini = teardown);

static struct event of_lane(enum event_type type, size_t shard)
{
    return (struct event){.type = type, .suite = NO_INDEX, .shard = shard, .account = "account-001"};
}

static void decide(const char *stack, const char *action)
{
    struct event event = of_lane(EVENT_STACK_DECIDED, 1);
    event.stack = stack;
    event.stack_action.action = action;
    feed_event(&feed, event);
}

static void finish(const char *stack, const char *action)
{
    struct event event = of_lane(EVENT_STACK_FINISHED, 1);
    event.stack = stack;
    event.stack_action.action = action;
    event.stack_action.is_ok = true;
    feed_event(&feed, event);
}

/* How many slices ("X") have this name; ret_us: how long the last of them lasts; ret_thread: where. */
static size_t slices(const char *name, int64_t *ret_us, int64_t *ret_thread)
{
    struct error error;
    size_t count = 0;
    feed_flush(&feed);
    struct json *root = json_parse(capture.replaced.bytes, capture.replaced.length, &error);
    cr_assert_not_null(root, "%s", error.what);
    const struct json *events = json_get(root, "traceEvents");
    for (const struct json *event = json_first(events); event != NULL; event = json_next(event)) {
        if (strcmp(json_get_string(event, "ph", ""), "X") == 0 &&
            strcmp(json_get_string(event, "name", ""), name) == 0) {
            count++;
            *ret_us = json_get_int(event, "dur", -1);
            *ret_thread = json_get_int(event, "tid", -1);
        }
    }
    json_free(root);
    return count;
}

Test(trace, deploys_side_by_side_stand_in_threads_of_their_own)
{
    int64_t us = 0, data = 0, orders = 0, lone = 0;
    decide("data", "create");
    feed.now_us += 1000;
    decide("orders", "update");
    feed.now_us += 1000;
    finish("data", "create");
    decide("lone", "create");
    feed.now_us += 1000;
    finish("orders", "update");
    finish("lone", "create");
    cr_assert_eq(slices("create data", &us, &data), 1);
    cr_assert_eq(us, 2000);
    cr_assert_eq(slices("update orders", &us, &orders), 1);
    cr_assert_eq(slices("create lone", &us, &lone), 1);
    cr_assert_neq(data, orders);
    cr_assert_eq(data, lone, "a free thread is used again");
    cr_assert_neq(data, 1, "the lane's own thread is for waits and suites");
}

Test(trace, a_wait_for_somebody_elses_deploy_ends_with_the_next_decision)
{
    int64_t us = 0, thread = 0;
    decide("data", "wait");
    feed.now_us += 3000;
    decide("data", "skip");
    feed.now_us += 9000;
    cr_assert_eq(slices("wait data", &us, &thread), 1);
    cr_assert_eq(us, 3000);
}

Test(trace, a_stack_that_is_deleted_and_made_again_is_one_deploy)
{
    int64_t us = 0, thread = 0;
    decide("data", "delete again");
    feed.now_us += 3000;
    decide("data", "create");
    feed.now_us += 4000;
    finish("data", "replace");
    cr_assert_eq(slices("replace data", &us, &thread), 1);
    cr_assert_eq(us, 7000);
}

Test(trace, a_lost_account_ends_its_deploys_and_begins_another_wait)
{
    int64_t us = 0, thread = 0;
    feed.now_us += 1000;
    feed_event(&feed, of_lane(EVENT_ACCOUNT_LEASED, 1));
    decide("data", "create");
    feed.now_us += 2000;
    struct event lost = of_lane(EVENT_ACCOUNT_RELEASED, 1);
    lost.reason = "lost";
    feed_event(&feed, lost);
    feed.now_us += 5000;
    cr_assert_eq(slices("create data", &us, &thread), 1);
    cr_assert_eq(us, 2000);
    cr_assert_eq(slices("wait for an account", &us, &thread), 4, "two of lane 1, and those of lanes 2 and 3");
    feed_event(&feed, of_lane(EVENT_ACCOUNT_LEASED, 1));
    cr_assert_eq(slices("wait for an account", &us, &thread), 4);
}

Test(trace, what_is_under_way_ends_with_the_last_event_and_is_written_once)
{
    int64_t us = 0, thread = 0;
    feed_attempt_start(&feed, 0, 1);
    feed.now_us += 2500;
    decide("data", "create");
    cr_assert_eq(slices("attempt 1", &us, &thread), 1);
    cr_assert_eq(slices("api/cart", &us, &thread), 1);
    cr_assert_eq(us, 2500);
    feed_attempt_end(&feed, 0, 1, OUTCOME_PASSED, NULL, NULL);
    feed_suite_end(&feed, 0, 1, OUTCOME_PASSED, NULL);
    cr_assert_eq(slices("attempt 1", &us, &thread), 1);
    cr_assert_eq(slices("api/cart", &us, &thread), 1);
}

Test(trace, a_suite_that_went_on_in_another_lane_has_attempts_but_no_slice_around_them)
{
    int64_t us = 0, thread = 0;
    feed_attempt_start(&feed, 0, 1);
    feed_attempt_end(&feed, 0, 1, OUTCOME_INFRA, NULL, NULL);
    struct event started = {
        .type = EVENT_ATTEMPT_STARTED, .suite = 0, .suite_name = "api/cart", .shard = 2, .attempt = 2};
    feed_event(&feed, started);
    feed_attempt_end(&feed, 0, 2, OUTCOME_PASSED, NULL, NULL);
    feed_suite_end(&feed, 0, 2, OUTCOME_PASSED, NULL);
    cr_assert_eq(slices("attempt 1", &us, &thread), 1);
    cr_assert_eq(slices("api/cart", &us, &thread), 0);
}
