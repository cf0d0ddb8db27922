/* Only failures fold, and each service's log in its own way. */
#include "feed.h"
#include <criterion/criterion.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct capture capture;
static struct feed feed;

static const char *log_of(enum ci_log log, const char *token)
{
    const struct console_options options = {.style = CONSOLE_PLAIN, .log = log, .stop_token = token};
    capture_init(&capture);
    feed_start(&feed, console_sink_new(&capture.out, &options), 3);
    struct test_case bad = case_failed("test_pays", "boom at 50%");
    struct report report = report_of(&bad, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed_suite(&feed, 1, OUTCOME_FAILED, NULL, &report);
    feed_suite(&feed, 2, OUTCOME_PASSED, NULL, NULL);
    feed_end(&feed, 1);
    return text_string(&capture.appended);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(console_groups, .fini = teardown);

Test(console_groups, github_folds_a_failure_between_two_moments_of_commands)
{
    const char *text = log_of(CI_LOG_GITHUB, TOKEN);
    const char *open = strstr(text, "::" TOKEN "::\n::group::✗ failed     api/order");
    cr_assert(open != NULL, "%s", text);
    const char *shut = strstr(open, "::" TOKEN "::\n::endgroup::\n::stop-commands::" TOKEN "\n");
    cr_assert(shut != NULL, "%s", text);
    const char *body = strstr(open, "test_pays: AssertionError: boom at 50%");
    cr_assert(body != NULL && body < shut, "%s", text);
    cr_assert_eq(count_of(text, "::group::"), 1);
    cr_assert_eq(count_of(text, "::" TOKEN "::\n"), count_of(text, "::stop-commands::" TOKEN "\n"));
}

Test(console_groups, gitlab_folds_a_failure_into_a_section)
{
    const char *text = log_of(CI_LOG_GITLAB, NULL);
    const char *open =
        strstr(text, "\033[0Ksection_start:1764000003:itrun_suite_1[collapsed=true]\r\033[0K✗ failed");
    cr_assert(open != NULL, "%s", text);
    cr_assert(strstr(open, "\033[0Ksection_end:1764000003:itrun_suite_1\r\033[0K\n") != NULL);
    cr_assert_eq(count_of(text, "section_start"), 1);
}

Test(console_groups, buildkite_opens_a_failure_and_folds_what_follows)
{
    const char *text = log_of(CI_LOG_BUILDKITE, NULL);
    const char *open = strstr(text, "\n+++ ✗ failed     api/order");
    cr_assert(open != NULL, "%s", text);
    cr_assert(strstr(open, "\n--- more suites\n") != NULL, "%s", text);
    cr_assert(strstr(open, "\n+++ the whole run\nFAILED") != NULL, "%s", text);
}

Test(console_groups, a_plain_log_has_no_marks)
{
    const char *text = log_of(CI_LOG_PLAIN, NULL);
    cr_assert(strstr(text, "\n✗ failed     api/order") != NULL, "%s", text);
    cr_assert(strstr(text, "\n::") == NULL && strstr(text, "section") == NULL && strstr(text, "+++") == NULL);
}
