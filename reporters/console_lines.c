/* console_lines.c - one thing said in one line, and a failure in a few. All that is not ours goes through
 * line.h. */
#include "console.h"
#include <string.h>

#define MESSAGE_LIMIT  300
#define TAIL_LINES     10
#define PROBLEMS_SHOWN 3
#define COMMIT_SHOWN   10

void console_paint(struct console *console, const char *colour, const char *string)
{
    if (console->options.is_coloured && string[0] != '\0') {
        text_append_format(&console->text, "\033[%sm%s\033[0m", colour, string);
    } else {
        text_append(&console->text, string);
    }
}

static void say_limit(struct console *console, const struct event *start)
{
    if (start->start.predicted_ms == 0) {
        return;
    }
    text_append(&console->text, "predicted ");
    text_append_duration(&console->text, start->start.predicted_ms);
    text_append(&console->text, ", at best ");
    text_append_duration(&console->text, start->start.lower_bound_ms);
    if (start->start.limited_by != NULL) {
        text_append(&console->text, ", limited by ");
        line_append(&console->text, start->start.limited_by, MESSAGE_LIMIT);
    }
    text_append_char(&console->text, '\n');
}

void console_say_start(struct console *console)
{
    const struct event *start = &console->tally->fold->start;
    struct text *text = &console->text;
    text_append(text, "itrun ");
    line_append(text, start->start.version, NAME_LIMIT);
    if (start->start.project != NULL) {
        text_append(text, " · ");
        line_append(text, start->start.project, NAME_LIMIT);
    }
    text_append(text, " · run ");
    line_append(text, start->run, NAME_LIMIT);
    if (start->start.commit != NULL) {
        text_append(text, " · commit ");
        size_t length = strlen(start->start.commit);
        text_append_printable(text, start->start.commit, length < COMMIT_SHOWN ? length : COMMIT_SHOWN);
        text_append(text, start->start.is_dirty ? " with local changes" : "");
    }
    if (start->start.branch != NULL) {
        text_append(text, " on ");
        line_append(text, start->start.branch, NAME_LIMIT);
    }
    text_append_char(text, '\n');
}

static void append_count(struct text *text, size_t count, const char *noun, const char *after)
{
    text_append_format(text, "%zu %s%s%s", count, noun, count == 1 ? "" : "s", after);
}

void console_say_plan(struct console *console)
{
    const struct fold *fold = console->tally->fold;
    const struct event *start = &fold->start;
    append_count(&console->text, fold->suite_count, "suite", " on ");
    append_count(&console->text, start->start.shard_count, "shard", " · ");
    append_count(&console->text, start->start.account_count, "account", " · ");
    text_append_format(&console->text, "%zu at once · seed %llu\n", start->start.job_count,
                       (unsigned long long)start->start.seed);
    say_limit(console, start);
    if (console->options.has_keys) {
        text_append(&console->text, "press t to see what runs\n");
    }
}

void console_append_place(struct text *text, const struct fold_suite *suite)
{
    if (suite->shard != 0) {
        text_append_format(text, " · shard %zu", suite->shard);
    }
    if (suite->account != NULL) {
        text_append(text, " · ");
        line_append(text, suite->account, NAME_LIMIT);
    }
}

void console_append_test(struct text *text, const struct reported_case *reported_case)
{
    const struct test_case *result = reported_case->main;
    const char *message = result->message != NULL ? result->message : result->body;
    if (!reported_case->is_synthetic) {
        line_append(text, reported_case->name, NAME_LIMIT);
        text_append(text, ": ");
    }
    /* Most frameworks begin the message with the type. */
    if (result->type != NULL && (message == NULL || !string_starts_with(message, result->type))) {
        line_append(text, result->type, NAME_LIMIT);
        text_append(text, message != NULL ? ": " : "");
    }
    line_append_first(text, message, MESSAGE_LIMIT);
}

/* The case that speaks for a broken suite is no test that failed. */
static void say_counts(struct text *text, const struct reported *reported)
{
    size_t count = 0;
    size_t bad = 0;
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        bool is_bad = reported_case->status == CASE_FAILED || reported_case->status == CASE_ERROR;
        bool is_test = !reported_case->is_synthetic || reported_case->status == CASE_PASSED;
        count += is_test;
        bad += is_test && is_bad;
    }
    if (bad > 0) {
        text_append_format(text, " · %zu of %zu tests failed", bad, count);
    } else if (count > 0) {
        text_append_format(text, " · %zu test%s", count, count == 1 ? "" : "s");
    }
    if (reported->totals.flaky > 0) {
        text_append_format(text, ", %zu flaky", reported->totals.flaky);
    }
}

/* The command for the one test that failed, or else for the suite. */
static void say_reproduce(struct text *text, const struct fold_suite *suite, const struct reported *reported)
{
    const struct reported_case *only = NULL;
    size_t bad = 0;
    for (size_t i = 0; i < reported->count; i++) {
        if (reported->list[i].status == CASE_FAILED || reported->list[i].status == CASE_ERROR) {
            only = &reported->list[i];
            bad++;
        }
    }
    struct text repro = {0};
    if (bad == 1) {
        case_append_repro(suite, only, &repro);
    } else if (suite->repro != NULL) {
        text_append(&repro, suite->repro);
    }
    if (repro.length > 0) {
        text_append(text, "      reproduce: ");
        line_append_exact(text, text_string(&repro));
        text_append_char(text, '\n');
    }
    text_clear(&repro);
}

static void say_failure_details(struct console *console, const struct fold_suite *suite,
                                const struct reported *reported)
{
    struct text *text = &console->text;
    size_t bad = 0;
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        if ((reported_case->status == CASE_FAILED || reported_case->status == CASE_ERROR) &&
            bad++ < TESTS_SHOWN) {
            text_append(text, "      ");
            console_append_test(text, reported_case);
            text_append_char(text, '\n');
        }
    }
    if (bad > TESTS_SHOWN) {
        text_append_format(text, "      and %zu more\n", bad - TESTS_SHOWN);
    }
    const struct fold_attempt *attempt = fold_last_attempt(suite);
    if (attempt != NULL) {
        line_append_last(text, attempt->output_tail, TAIL_LINES, "      | ");
    }
    say_reproduce(text, suite, reported);
}

void console_say_suite(struct console *console, size_t suite_index, const struct reported *reported)
{
    const struct fold_suite *suite = &console->tally->fold->suites[suite_index];
    struct text *text = &console->text;
    size_t start = text->length;
    struct text word = {0};
    text_append_format(&word, "%s %-9s", outcome_symbol(suite->outcome), outcome_name(suite->outcome));
    console_paint(console, outcome_colour(suite->outcome), text_string(&word));
    text_clear(&word);
    text_append(text, "  ");
    line_append(text, suite->name, NAME_LIMIT);
    console_append_place(text, suite);
    if (suite->attempt_count > 0) {
        text_append(text, " · ");
        text_append_duration(text, suite->duration_ms);
        say_counts(text, reported);
    }
    if (suite->is_flaky) {
        text_append_format(text, " · passed on attempt %zu", suite->attempt_count);
    }
    if (!outcome_is_bad(suite->outcome) || suite->outcome == OUTCOME_CANCELLED) {
        text_append_char(text, '\n');
        return;
    }
    char *headline = memory_copy_string(text->bytes + start);
    text_truncate(text, start);
    console_open_group(console, suite_index, headline);
    memory_free(headline);
    say_failure_details(console, suite, reported);
    console_close_group(console, suite_index);
}

void console_say_retry(struct console *console, const struct event *event)
{
    const struct fold_suite *suite = &console->tally->fold->suites[event->suite];
    struct text *text = &console->text;
    console_paint(console, "33", "↻ again    ");
    text_append(text, "  ");
    line_append(text, suite->name, NAME_LIMIT);
    text_append_format(text, " · attempt %d", event->attempt);
    console_append_place(text, suite);
    if (suite->attempt_count > 1) {
        const struct fold_attempt *before = &suite->attempts[suite->attempt_count - 2];
        text_append_format(text, " · was %s", outcome_name(before->outcome));
        if (before->reason != NULL) {
            text_append(text, ": ");
            line_append_first(text, before->reason, MESSAGE_LIMIT);
        }
    }
    text_append_char(text, '\n');
}

/* Two hundred lanes may wait for one run: it is named once. */
void console_say_waiting(struct console *console, const struct event *event)
{
    const char *holder = event->reason != NULL ? event->reason : "another run";
    if (string_equal(text_string(&console->last_holder), holder)) {
        return;
    }
    text_reset(&console->last_holder);
    text_append(&console->last_holder, holder);
    text_append_format(&console->text, "shard %zu waits for an account: held by ", event->shard);
    line_append_first(&console->text, holder, MESSAGE_LIMIT);
    text_append_char(&console->text, '\n');
}

static void say_event_place(struct text *text, const struct event *event)
{
    struct fold_suite place = {.shard = event->shard, .account = event->account};
    console_append_place(text, &place);
}

void console_say_stack_failure(struct console *console, const struct event *event)
{
    struct text *text = &console->text;
    console_paint(console, outcome_colour(OUTCOME_ERROR), "✗ deploy   ");
    text_append(text, "  stack ");
    line_append(text, event->stack, NAME_LIMIT);
    say_event_place(text, event);
    text_append(text, " · ");
    line_append(text, event->stack_action.action, NAME_LIMIT);
    text_append(text, ": ");
    line_append_first(text, event->reason != NULL ? event->reason : "failed", MESSAGE_LIMIT);
    text_append_char(text, '\n');
}

/* How many of this kind were seen before. */
static size_t count_problem(struct console *console, const char *kind)
{
    size_t i = 0;
    while (i < console->problem_count && strcmp(console->problems[i].kind, kind) != 0) {
        i++;
    }
    if (i == PROBLEM_KINDS) {
        return PROBLEMS_SHOWN;
    }
    if (i == console->problem_count) {
        console->problems[console->problem_count++].kind = arena_string(console->arena, kind);
    }
    return console->problems[i].count++;
}

void console_say_problem(struct console *console, const struct event *event)
{
    const char *kind = event->problem_kind != NULL ? event->problem_kind : "other";
    if (strcmp(kind, "deploy") == 0 || strcmp(kind, "report_missing") == 0) {
        return; /* the stack's or the suite's own line says it */
    }
    size_t before = count_problem(console, kind);
    if (before >= PROBLEMS_SHOWN) {
        return;
    }
    struct text *text = &console->text;
    console_paint(console, outcome_colour(OUTCOME_INFRA), "! problem  ");
    text_append(text, "  ");
    line_append(text, kind, NAME_LIMIT);
    say_event_place(text, event);
    if (event->reason != NULL) {
        text_append(text, ": ");
        line_append_first(text, event->reason, MESSAGE_LIMIT);
    }
    text_append(text, before + 1 == PROBLEMS_SHOWN ? " (more of this kind are only counted)\n" : "\n");
}

void console_say_progress(struct console *console)
{
    const struct fold *fold = console->tally->fold;
    struct text *text = &console->text;
    struct lanes_now lanes;
    size_t finished, bad;
    console_count_lanes(console, &lanes);
    console_count_suites(console, &finished, &bad);
    text_append_char(text, '[');
    text_append_duration(text, console->now_us / 1000);
    text_append_format(text, "] %zu/%zu suites, %zu running", finished, fold->suite_count,
                       console->running_count);
    if (bad > 0) {
        text_append_format(text, ", %zu not passed", bad);
    }
    if (lanes.preparing > 0) {
        text_append_format(text, ", %zu lanes preparing stacks", lanes.preparing);
    }
    if (lanes.waiting > 0) {
        text_append_format(text, ", %zu lanes waiting", lanes.waiting);
    }
    if (console->running_count > 0) {
        text_append(text, ", oldest ");
        line_append(text, fold->suites[console->running[0].suite].name, NAME_LIMIT);
        text_append_char(text, ' ');
        text_append_duration(text, (console->now_us - console->running[0].started_us) / 1000);
    }
    text_append_char(text, '\n');
}
