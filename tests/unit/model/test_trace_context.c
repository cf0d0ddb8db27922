#include "itrun/model/trace_context.h"
#include <criterion/criterion.h>
#include <string.h>

#define RUN "01a20f34-317d-791f-9a5d-88436e61cb28"

Test(trace_context, a_run_of_its_own_is_the_root_of_a_trace_with_its_id)
{
    struct trace_context context;
    trace_context_of_run(RUN, NULL, &context);
    cr_assert_str_eq(context.trace_id, "01a20f34317d791f9a5d88436e61cb28");
    cr_assert_str_eq(context.parent_id, "");
    cr_assert_str_eq(context.flags, "01");
}

Test(trace_context, a_run_within_a_trace_is_a_part_of_the_span_it_was_given)
{
    struct trace_context context;
    trace_context_of_run(RUN, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", &context);
    cr_assert_str_eq(context.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    cr_assert_str_eq(context.parent_id, "00f067aa0ba902b7");
    cr_assert_str_eq(context.flags, "00");
    trace_context_of_run(RUN, "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", &context);
    cr_assert_str_eq(context.parent_id, "00f067aa0ba902b7");
}

Test(trace_context, what_is_no_traceparent_is_as_if_there_were_none)
{
    static const char *const wrong[] = {
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct trace_context context;
        trace_context_of_run(RUN, wrong[i], &context);
        cr_assert_str_eq(context.trace_id, "01a20f34317d791f9a5d88436e61cb28", "%s", wrong[i]);
        cr_assert_str_eq(context.parent_id, "", "%s", wrong[i]);
    }
}

Test(trace_context, a_run_id_that_is_no_uuid_gives_a_valid_trace_too)
{
    struct trace_context context;
    trace_context_of_run("nightly", NULL, &context);
    cr_assert_eq(strlen(context.trace_id), 32);
    cr_assert_eq(strspn(context.trace_id, "0123456789abcdef"), 32);
}

Test(trace_context, spans_have_the_same_id_every_time_and_never_that_of_another)
{
    const struct span_key keys[] = {
        {.kind = SPAN_RUN},
        {.kind = SPAN_LANE, .shard = 1},
        {.kind = SPAN_LANE, .shard = 2},
        {.kind = SPAN_STACK, .shard = 1, .name = "data", .account = "account-001"},
        {.kind = SPAN_STACK, .shard = 1, .name = "data", .account = "account-002"},
        {.kind = SPAN_SUITE, .name = "api"},
        {.kind = SPAN_ATTEMPT, .name = "api", .number = 1},
        {.kind = SPAN_ATTEMPT, .name = "api", .number = 2},
        {.kind = SPAN_CASE, .name = "api", .number = 1, .index = 0},
        {.kind = SPAN_CASE, .name = "api", .number = 1, .index = 1},
    };
    size_t count = sizeof keys / sizeof *keys;
    char ids[10][SPAN_ID_SIZE], again[SPAN_ID_SIZE], elsewhere[SPAN_ID_SIZE];
    for (size_t i = 0; i < count; i++) {
        span_id(RUN, &keys[i], ids[i]);
        span_id(RUN, &keys[i], again);
        span_id("another run", &keys[i], elsewhere);
        cr_assert_eq(strlen(ids[i]), 16);
        cr_assert_str_eq(ids[i], again);
        cr_assert_str_neq(ids[i], elsewhere);
        for (size_t k = 0; k < i; k++) {
            cr_assert_str_neq(ids[i], ids[k]);
        }
    }
}

Test(trace_context, a_traceparent_is_version_trace_span_and_flags)
{
    struct trace_context context;
    char traceparent[TRACEPARENT_SIZE];
    trace_context_of_run(RUN, NULL, &context);
    traceparent_write(&context, "00f067aa0ba902b7", traceparent);
    cr_assert_str_eq(traceparent, "00-01a20f34317d791f9a5d88436e61cb28-00f067aa0ba902b7-01");
}
