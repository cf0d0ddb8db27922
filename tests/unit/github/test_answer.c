#include "answer.h"
#include <criterion/criterion.h>
#include <string.h>

static int64_t wait_ms;
static struct error error;

static enum github_next judge(int status, const char *body, int64_t retry_after_ms, int tries)
{
    const struct http_answer answer = {
        .status = status, .body = body, .body_length = strlen(body), .retry_after_ms = retry_after_ms};
    wait_ms = 0;
    error = (struct error){0};
    return github_answer_judge(&answer, tries, &wait_ms, &error);
}

Test(answer, created_is_done)
{
    cr_assert_eq(judge(201, "{}", 0, 1), GITHUB_DONE);
}

Test(answer, an_outage_is_tried_again_twice_as_late_each_time_and_not_for_ever)
{
    static const int64_t waits[] = {1000, 2000, 4000, 8000, 16000};
    for (int tries = 1; tries <= 5; tries++) {
        cr_assert_eq(judge(502, "<html>", 0, tries), GITHUB_AGAIN);
        cr_assert_eq(wait_ms, waits[tries - 1]);
    }
    cr_assert_eq(judge(502, "<html>", 0, 6), GITHUB_NEVER);
    cr_assert_eq(error.kind, ERROR_TRANSIENT);
    cr_assert_eq(judge(503, "", 7000, 1), GITHUB_AGAIN);
    cr_assert_eq(wait_ms, 7000);
}

Test(answer, a_secondary_limit_waits_as_long_as_github_says)
{
    cr_assert_eq(judge(403, "{}", 5000, 1), GITHUB_AGAIN);
    cr_assert_eq(wait_ms, 5000);
    cr_assert_eq(judge(429, "{}", 0, 1), GITHUB_AGAIN);
    cr_assert_eq(wait_ms, 60000);
    cr_assert_eq(judge(403, "{\"message\": \"You have exceeded a secondary rate limit\"}", 0, 1),
                 GITHUB_AGAIN);
    cr_assert_eq(wait_ms, 60000);
    cr_assert_eq(error.kind, ERROR_THROTTLED);
}

Test(answer, what_will_not_change_is_not_tried_again_and_has_its_mend)
{
    static const struct {
        int status;
        const char *hint;
    } rows[] = {{401, "expired"},
                {403, "statuses: write"},
                {404, "GITHUB_REPOSITORY"},
                {422, "pushed"},
                {418, "GITHUB_API_URL"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(judge(rows[i].status, "{\"message\": \"No\\nway\"}", 0, 1), GITHUB_NEVER);
        cr_assert(strstr(error.hint, rows[i].hint) != NULL, "%d: %s", rows[i].status, error.hint);
        cr_assert(strstr(error.what, "GitHub says \"No way\"") != NULL, "%s", error.what);
    }
}

Test(answer, a_broken_network_is_tried_again)
{
    struct http_answer answer = {.body = ""};
    error_set(&answer.error, ERROR_TRANSIENT, "connection refused");
    error = (struct error){0};
    cr_assert_eq(github_answer_judge(&answer, 1, &wait_ms, &error), GITHUB_AGAIN);
    cr_assert_str_eq(error.what, "connection refused");
}
