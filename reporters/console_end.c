/* console_end.c - the last page: what the verdict is, whose fault it is, how to see it again, where the files
 * lie.
 *
 * Suites that broke for one and the same reason are said once: a denied role breaks two hundred. */
#include "console.h"
#include <string.h>

#define REASON_LIMIT  300
#define ENTRIES_SHOWN 12
#define NAMES_SHOWN   3
#define RULE          "────────────────────────────────────────────────────────────"

static const char *const fault_titles[FAULT_COUNT] = {
    [FAULT_TESTS] = "tests failed", [FAULT_SUITE] = "suite broke",    [FAULT_TIMEOUT] = "timeouts",
    [FAULT_DEPLOY] = "deploy",      [FAULT_INFRA] = "infrastructure", [FAULT_UNFINISHED] = "not finished",
};

enum fault console_fault(const struct fold_suite *suite)
{
    switch (suite->outcome) {
    case OUTCOME_FAILED: return FAULT_TESTS;
    case OUTCOME_TIMEOUT: return FAULT_TIMEOUT;
    case OUTCOME_INFRA: return FAULT_INFRA;
    case OUTCOME_CANCELLED:
    case OUTCOME_LOST: return FAULT_UNFINISHED;
    case OUTCOME_ERROR:
    case OUTCOME_PASSED:
    case OUTCOME_SKIPPED:
    case OUTCOME_COUNT: break;
    }
    /* A suite can break before it ran only by a stack that it needs. */
    return suite->attempt_count == 0 ? FAULT_DEPLOY : FAULT_SUITE;
}

void console_note_suite(struct console *console, size_t suite_index, const struct reported *reported)
{
    const struct fold_suite *suite = &console->tally->fold->suites[suite_index];
    console->notes =
        memory_grow(console->notes, console->note_count, &console->note_capacity, sizeof *console->notes);
    struct note *note = &console->notes[console->note_count++];
    *note = (struct note){.suite = suite_index, .fault = console_fault(suite)};
    struct text text = {0};
    line_append_first(&text, suite->reason != NULL ? suite->reason : outcome_name(suite->outcome),
                      REASON_LIMIT);
    note->reason = arena_string(console->arena, text_string(&text));
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        bool is_bad = reported_case->status == CASE_FAILED || reported_case->status == CASE_ERROR;
        if (!is_bad || reported_case->is_synthetic) {
            continue;
        }
        if (note->test_count < TESTS_SHOWN) {
            text_reset(&text);
            console_append_test(&text, reported_case);
            note->tests[note->test_count] = arena_string(console->arena, text_string(&text));
            text_reset(&text);
            if (case_has_own_repro(suite, reported_case)) {
                case_append_repro(suite, reported_case, &text);
                note->repros[note->test_count] = arena_string(console->arena, text_string(&text));
            }
        }
        note->test_count++;
    }
    text_clear(&text);
}

static const char *verdict_word(int exit_code)
{
    switch (exit_code) {
    case EXIT_CODE_PASSED: return "PASSED";
    case EXIT_CODE_FAILED: return "FAILED";
    case EXIT_CODE_INFRA: return "INFRASTRUCTURE FAILED";
    case EXIT_CODE_NOTHING: return "NOTHING RAN";
    case EXIT_CODE_RECORD: return "NOT RECORDED";
    case EXIT_CODE_INCOMPLETE: return "INCOMPLETE";
    case EXIT_CODE_DEADLINE: return "OUT OF TIME";
    default: return "STOPPED";
    }
}

static void say_verdict(struct console *console)
{
    const struct event *end = &console->tally->fold->end;
    int exit_code = end->end.exit_code;
    console_paint(console, exit_code == EXIT_CODE_PASSED ? "1;32" : "1;31", verdict_word(exit_code));
    text_append_format(&console->text, " (exit code %d)", exit_code);
    if (end->reason != NULL) {
        text_append(&console->text, ": ");
        line_append_first(&console->text, end->reason, REASON_LIMIT);
    }
    text_append_char(&console->text, '\n');
}

static void say_suite_counts(struct console *console)
{
    const struct fold *fold = console->tally->fold;
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    text_append_format(&console->text, "suites     %zu:", fold->suite_count);
    const char *separator = " ";
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (verdict.counts[i] == 0 && i != OUTCOME_PASSED) {
            continue;
        }
        struct text word = {0};
        text_append_format(&word, "%zu %s", verdict.counts[i], outcome_name((enum outcome)i));
        text_append(&console->text, separator);
        console_paint(console, outcome_colour((enum outcome)i), text_string(&word));
        text_clear(&word);
        separator = ", ";
    }
    size_t flaky = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        flaky += fold->suites[i].is_flaky;
    }
    if (flaky > 0) {
        text_append_format(&console->text, " (%zu of them flaky)", flaky);
    }
    text_append_char(&console->text, '\n');
}

static void say_test_counts(struct console *console)
{
    struct totals totals = console->totals;
    tally_add_unfinished(console->tally, &totals);
    text_append_format(&console->text, "tests      %zu: %zu passed", totals_count(&totals),
                       totals.counts[CASE_PASSED]);
    for (int i = CASE_PASSED + 1; i < CASE_STATUS_COUNT; i++) {
        if (totals.counts[i] > 0) {
            text_append_format(&console->text, ", %zu %s", totals.counts[i],
                               case_status_name((enum case_status)i));
        }
    }
    if (totals.flaky > 0) {
        text_append_format(&console->text, " (%zu flaky)", totals.flaky);
    }
    text_append_char(&console->text, '\n');
}

static void say_repro(struct console *console, const struct fold_suite *suite)
{
    if (suite->repro != NULL) {
        text_append(&console->text, "      ");
        line_append_exact(&console->text, suite->repro);
        text_append_char(&console->text, '\n');
    }
}

static void say_failed_tests(struct console *console, const struct note *note)
{
    const struct fold_suite *suite = &console->tally->fold->suites[note->suite];
    struct text *text = &console->text;
    text_append(text, "  ");
    line_append(text, suite->name, NAME_LIMIT);
    console_append_place(text, suite);
    text_append_char(text, '\n');
    bool needs_suite = note->test_count == 0 || note->test_count > TESTS_SHOWN;
    for (size_t i = 0; i < note->test_count && i < TESTS_SHOWN; i++) {
        text_append_format(text, "      %s\n", note->tests[i]);
        if (note->repros[i] != NULL) {
            text_append(text, "        ");
            line_append_exact(text, note->repros[i]);
            text_append_char(text, '\n');
        }
        needs_suite = needs_suite || note->repros[i] == NULL;
    }
    if (note->test_count > TESTS_SHOWN) {
        text_append_format(text, "      and %zu more\n", note->test_count - TESTS_SHOWN);
    }
    if (note->test_count == 0) {
        text_append_format(text, "      %s\n", note->reason);
    }
    if (needs_suite) {
        say_repro(console, suite);
    }
}

static bool is_told_before(const struct console *console, size_t index)
{
    const struct note *note = &console->notes[index];
    for (size_t i = 0; i < index; i++) {
        if (console->notes[i].fault == note->fault && strcmp(console->notes[i].reason, note->reason) == 0) {
            return true;
        }
    }
    return false;
}

/* All suites of one fault and one reason. */
static void say_cluster(struct console *console, size_t index)
{
    const struct note *note = &console->notes[index];
    const struct fold_suite *suites = console->tally->fold->suites;
    struct text *text = &console->text;
    text_append_format(text, "  %s\n", note->reason);
    size_t count = 0;
    for (size_t i = index; i < console->note_count; i++) {
        const struct note *other = &console->notes[i];
        if (other->fault != note->fault || strcmp(other->reason, note->reason) != 0) {
            continue;
        }
        if (count++ < NAMES_SHOWN) {
            text_append(text, "      ");
            line_append(text, suites[other->suite].name, NAME_LIMIT);
            console_append_place(text, &suites[other->suite]);
            text_append_char(text, '\n');
            for (size_t k = 0; k < other->test_count && k < TESTS_SHOWN; k++) {
                text_append_format(text, "        %s\n", other->tests[k]);
            }
        }
    }
    if (count > NAMES_SHOWN) {
        text_append_format(text, "      and %zu more suites\n", count - NAMES_SHOWN);
    }
    if (note->fault != FAULT_UNFINISHED) {
        say_repro(console, &suites[note->suite]);
    }
}

static void say_fault(struct console *console, enum fault fault)
{
    size_t count = 0;
    for (size_t i = 0; i < console->note_count; i++) {
        count += console->notes[i].fault == fault;
    }
    if (count == 0) {
        return;
    }
    struct text title = {0};
    text_append_format(&title, "\n%s: %zu suite%s\n", fault_titles[fault], count, count == 1 ? "" : "s");
    console_paint(console, "1", text_string(&title));
    text_clear(&title);
    size_t entries = 0;
    for (size_t i = 0; i < console->note_count; i++) {
        if (console->notes[i].fault != fault || (fault != FAULT_TESTS && is_told_before(console, i))) {
            continue;
        }
        if (entries++ >= ENTRIES_SHOWN) {
            continue;
        }
        if (fault == FAULT_TESTS) {
            say_failed_tests(console, &console->notes[i]);
        } else {
            say_cluster(console, i);
        }
    }
    if (entries > ENTRIES_SHOWN) {
        text_append_format(&console->text, "  and %zu more: see summary.json\n", entries - ENTRIES_SHOWN);
    }
}

/* Suites that have no outcome at all make no event, so they are noted here. */
static void note_lost(struct console *console)
{
    const struct fold *fold = console->tally->fold;
    for (size_t i = 0; i < fold->suite_count; i++) {
        if (!fold->suites[i].is_finished) {
            struct reported none = {0};
            console_note_suite(console, i, &none);
        }
    }
}

static void say_figures(struct console *console)
{
    const struct fold *fold = console->tally->fold;
    struct text *text = &console->text;
    text_append(text, "took       ");
    text_append_duration(text, fold_makespan_ms(fold));
    text_append(text, " (predicted ");
    text_append_duration(text, fold->start.start.predicted_ms);
    text_append(text, ", lower bound ");
    text_append_duration(text, fold->start.start.lower_bound_ms);
    text_append(text, ")\n");
    console_say_lane_times(console);
    size_t deployed = fold->stacks_created + fold->stacks_updated + fold->stacks_replaced;
    if (deployed + fold->stacks_skipped + fold->stacks_failed > 0) {
        text_append_format(text,
                           "stacks     %zu up to date, %zu deployed (%zu created, %zu updated, %zu replaced)",
                           fold->stacks_skipped, deployed, fold->stacks_created, fold->stacks_updated,
                           fold->stacks_replaced);
        if (fold->stacks_failed > 0) {
            text_append_format(text, ", %zu failed", fold->stacks_failed);
        }
        text_append_char(text, '\n');
    }
    if (fold->problem_count > 0) {
        text_append(text, "problems   ");
        for (size_t i = 0; i < fold->problem_count; i++) {
            text_append(text, i > 0 ? ", " : "");
            line_append(text, fold->problems[i].kind, NAME_LIMIT);
            text_append_format(text, " %zu", fold->problems[i].count);
        }
        text_append_char(text, '\n');
    }
}

void console_say_end(struct console *console)
{
    note_lost(console);
    text_append(&console->text, "\n" RULE "\n");
    console_say_end_heading(console);
    say_verdict(console);
    say_suite_counts(console);
    say_test_counts(console);
    for (int i = 0; i < FAULT_COUNT; i++) {
        say_fault(console, (enum fault)i);
    }
    console_say_flaky(console);
    console_say_repeats(console);
    text_append_char(&console->text, '\n');
    console_say_holds(console);
    if (console->options.directory != NULL) {
        text_append(&console->text, "files      ");
        line_append_exact(&console->text, console->options.directory);
        text_append(&console->text, " (report.html, junit.xml, summary.json, metrics.prom, events.ndjson)\n");
    }
    say_figures(console);
    if (console->note_count > 0) {
        say_verdict(console); /* again: the first one may have scrolled away */
    }
}
