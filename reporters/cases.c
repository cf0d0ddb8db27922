/* cases.c - the attempts of a suite -> its test cases, each once, however often it was tried.
 *
 * Consumers of JUnit take a second <testcase> of the same name for another run, another test or nothing, so
 * the attempts of a case become one case; and a suite without cases vanishes, so one case speaks for it. The
 * same case speaks where the suite ended worse than its cases say: a timeout behind forty passes must not
 * look green. */
#include "tally.h"
#include "itrun/base/map.h"
#include "stable_name.h"
#include <string.h>

struct entry { /* a case while the attempts are read */
    const char *classname, *name;
    unsigned volatile_parts;
    const struct test_case *last;
    int last_attempt;
    const struct test_case **bad;
    size_t bad_count;
    int numbered_attempt; /* where this name came more than once: in which attempt, and up to which number */
    int number;
};
struct merge {
    const struct fold_suite *suite;
    const struct held *held;
    struct arena *arena;
    struct map *by_key;
    struct entry *entries;
    size_t count;
    struct text key, stable;
};

static bool is_bad(enum case_status status)
{
    return status == CASE_FAILED || status == CASE_ERROR;
}

/* What a broken account or a stop made of an attempt says nothing about its tests, once there is a later one.
 */
static bool is_trustworthy(const struct merge *merge, const struct held_attempt *attempt)
{
    const struct fold_attempt *last = fold_last_attempt(merge->suite);
    bool is_last = last == NULL || last->number <= attempt->number;
    return is_last || (attempt->outcome != OUTCOME_INFRA && attempt->outcome != OUTCOME_CANCELLED);
}

static struct entry *entry_at(struct merge *merge, const char *classname, const char *name)
{
    text_reset(&merge->key);
    text_append(&merge->key, classname);
    text_append_char(&merge->key, '\x1f');
    text_append(&merge->key, name);
    const char *key = text_string(&merge->key);
    struct entry *entry = map_get(merge->by_key, key);
    if (entry == NULL) {
        entry = &merge->entries[merge->count++];
        entry->classname = classname;
        entry->name = name;
        map_put(merge->by_key, key, entry);
    }
    return entry;
}

/* What its framework tried again by itself passed in the end, and failed first. */
static const struct test_case *split_retried(struct merge *merge, struct entry *entry,
                                             const struct test_case *result)
{
    struct test_case *first = arena_alloc(merge->arena, sizeof *first);
    struct test_case *passed = arena_alloc(merge->arena, sizeof *passed);
    *first = *passed = *result;
    first->status = CASE_FAILED;
    passed->type = passed->message = passed->body = NULL;
    entry->last = passed;
    return first;
}

static void entry_add(struct merge *merge, struct entry *entry, const struct test_case *result, int attempt)
{
    entry->last = result;
    entry->last_attempt = attempt;
    if (result->status == CASE_PASSED && result->message != NULL) {
        result = split_retried(merge, entry, result);
    }
    if (is_bad(result->status)) {
        if (entry->bad == NULL) {
            entry->bad = arena_alloc(merge->arena, merge->held->count * sizeof(struct test_case *));
        }
        entry->bad[entry->bad_count++] = result;
    }
}

/* pytest reports a test that fails and whose teardown breaks as two cases of one name. */
static void join_results(struct merge *merge, struct entry *entry, const struct test_case *second)
{
    const char *second_text = second->body != NULL ? second->body : second->message;
    const char *first_text = entry->last->body != NULL ? entry->last->body : entry->last->message;
    struct test_case *joined = arena_alloc(merge->arena, sizeof *joined);
    *joined = *entry->last;
    joined->body =
        arena_format(merge->arena, "%s\n\n---- and then: %s ----\n%s", first_text != NULL ? first_text : "",
                     second->type != NULL ? second->type : "error", second_text != NULL ? second_text : "");
    joined->duration_us += second->duration_us;
    entry->last = joined;
    entry->bad[entry->bad_count - 1] = joined;
}

/* The second test of a name in one attempt: "adds item #2". Order keeps the numbers stable. */
static struct entry *read_namesake(struct merge *merge, struct entry *first, const struct test_case *result,
                                   int attempt)
{
    if (first->numbered_attempt != attempt) {
        first->numbered_attempt = attempt;
        first->number = 1;
    }
    struct entry *entry;
    do {
        const char *name = arena_format(merge->arena, "%s #%d", first->name, ++first->number);
        entry = entry_at(merge, first->classname, name);
    } while (entry->last != NULL && entry->last_attempt == attempt);
    entry_add(merge, entry, result, attempt);
    return entry;
}

/* The name or class without what changes in every run; that is the one under which attempts meet. */
static const char *stable(struct merge *merge, const char *name, unsigned *volatile_parts)
{
    unsigned found = stable_name(name, &merge->stable);
    *volatile_parts |= found;
    return found != 0 ? arena_string(merge->arena, text_string(&merge->stable)) : name;
}

static bool is_broken_teardown(const struct test_case *result)
{
    return result->message != NULL && string_starts_with(result->message, "failed on teardown");
}

static void read_case(struct merge *merge, const struct test_case *result, int attempt)
{
    unsigned volatile_parts = 0;
    const char *classname = stable(merge, result->classname, &volatile_parts);
    struct entry *entry = entry_at(merge, classname, stable(merge, result->name, &volatile_parts));
    if (entry->last == NULL || entry->last_attempt != attempt) {
        entry_add(merge, entry, result, attempt);
    } else if (entry->last->status == CASE_FAILED && result->status == CASE_ERROR &&
               strcmp(entry->last->name, result->name) == 0 && is_broken_teardown(result)) {
        join_results(merge, entry, result);
    } else {
        entry = read_namesake(merge, entry, result, attempt);
    }
    entry->volatile_parts |= volatile_parts;
}

/* A suite that passed in the end, but whose last attempt did not report a case that had been bad before:
 * nobody saw it pass, and the suite did not fail by it. */
static const struct test_case *unseen_case(struct merge *merge, const struct entry *entry)
{
    struct test_case *unseen = arena_alloc(merge->arena, sizeof *unseen);
    *unseen = *entry->last;
    unseen->status = CASE_SKIPPED;
    unseen->type = "unseen";
    unseen->message =
        arena_format(merge->arena, "%s in attempt %d; the attempt that passed did not report it",
                     case_status_name(entry->last->status), entry->last_attempt);
    return unseen;
}

static void report_entry(struct merge *merge, const struct entry *entry, struct reported *reported)
{
    struct reported_case *reported_case = &reported->list[reported->count++];
    *reported_case = (struct reported_case){.classname = entry->classname,
                                            .name = entry->name,
                                            .volatile_parts = entry->volatile_parts,
                                            .main = entry->last,
                                            .status = entry->last->status,
                                            .duration_us = entry->last->duration_us};
    if (is_bad(entry->last->status)) {
        const struct fold_attempt *last = fold_last_attempt(merge->suite);
        bool was_outlived = last != NULL && entry->last_attempt < last->number;
        if (outcome_is_bad(merge->suite->outcome) || !was_outlived) {
            reported_case->main = entry->bad[0];
            reported_case->others = entry->bad + 1;
            reported_case->other_count = entry->bad_count - 1;
        } else {
            reported_case->main = unseen_case(merge, entry);
            reported_case->status = CASE_SKIPPED;
        }
    } else if (entry->last->status == CASE_PASSED && entry->bad_count > 0) {
        reported_case->is_flaky = true;
        reported_case->others = entry->bad;
        reported_case->other_count = entry->bad_count;
    }
}

static enum case_status status_of_outcome(enum outcome outcome)
{
    const char *element = outcome_junit_element(outcome);
    if (strcmp(element, "failure") == 0) {
        return CASE_FAILED;
    }
    if (strcmp(element, "error") == 0) {
        return CASE_ERROR;
    }
    return strcmp(element, "skipped") == 0 ? CASE_SKIPPED : CASE_PASSED;
}

static const char *lost_message(struct arena *arena, const struct fold_suite *suite)
{
    const struct fold_attempt *attempt = fold_last_attempt(suite);
    if (attempt != NULL && !attempt->is_finished) {
        return arena_format(arena, "no outcome was recorded; attempt %d had started", attempt->number);
    }
    return "no outcome was recorded";
}

static const char *describe_attempt(struct arena *arena, const struct fold_attempt *attempt)
{
    if (attempt == NULL || (attempt->output_tail == NULL && attempt->output_path == NULL)) {
        return NULL;
    }
    const char *tail = attempt->output_tail != NULL ? attempt->output_tail : "";
    const char *path = attempt->output_path != NULL ? attempt->output_path : "not kept";
    return arena_format(arena, "%s\n(whole output: %s)", tail, path);
}

static const struct test_case *suite_result(struct arena *arena, enum outcome outcome, const char *reason,
                                            const struct fold_attempt *attempt, int64_t duration_us)
{
    struct test_case *result = arena_alloc(arena, sizeof *result);
    result->classname = "";
    result->name = SYNTHETIC_NAME;
    result->status = status_of_outcome(outcome);
    result->duration_us = duration_us > 0 ? duration_us : 0;
    if (result->status != CASE_PASSED) {
        result->type = outcome_name(outcome);
        result->message = reason != NULL ? reason : outcome_name(outcome);
        result->body = describe_attempt(arena, attempt);
    }
    return result;
}

static bool has_bad_case_from(const struct merge *merge, int number)
{
    for (size_t i = 0; merge->held != NULL && i < merge->held->count; i++) {
        const struct held_attempt *attempt = &merge->held->attempts[i];
        for (size_t k = 0; attempt->number == number && k < attempt->count; k++) {
            if (is_bad(attempt->cases[k].status)) {
                return true;
            }
        }
    }
    return false;
}

/* Attempts before the last that broke in a way that no case shows. */
static size_t hidden_attempts(const struct merge *merge, const struct test_case **ret_results)
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < merge->suite->attempt_count; i++) {
        const struct fold_attempt *attempt = &merge->suite->attempts[i];
        bool is_suites_fault = attempt->outcome == OUTCOME_FAILED || attempt->outcome == OUTCOME_ERROR ||
                               attempt->outcome == OUTCOME_TIMEOUT;
        if (attempt->is_finished && is_suites_fault && !has_bad_case_from(merge, attempt->number)) {
            ret_results[count++] = suite_result(merge->arena, attempt->outcome, attempt->reason, attempt,
                                                attempt->duration_ms * 1000);
        }
    }
    return count;
}

static int64_t time_in_cases(const struct reported *reported)
{
    int64_t sum_us = 0;
    for (size_t i = 0; i < reported->count; i++) {
        sum_us += reported->list[i].duration_us;
    }
    return sum_us;
}

/* The case that speaks for the suite, where one must. */
static void report_suite(struct merge *merge, struct reported *reported)
{
    const struct fold_suite *suite = merge->suite;
    bool has_bad = false;
    for (size_t i = 0; i < reported->count; i++) {
        has_bad = has_bad || is_bad(reported->list[i].status);
    }
    bool is_said_by_cases = reported->count > 0 && (!outcome_is_bad(suite->outcome) ||
                                                    (suite->outcome == OUTCOME_FAILED && has_bad));
    const struct test_case **hidden =
        arena_alloc(merge->arena, (suite->attempt_count + 1) * sizeof(struct test_case *));
    size_t hidden_count = hidden_attempts(merge, hidden);
    bool is_flaky = suite->outcome == OUTCOME_PASSED && hidden_count > 0;
    if (is_said_by_cases && !is_flaky) {
        return;
    }
    const char *reason = suite->is_finished ? suite->reason : lost_message(merge->arena, suite);
    int64_t rest_us = suite->duration_ms * 1000 - time_in_cases(reported);
    const struct test_case *result =
        suite_result(merge->arena, suite->outcome, reason, fold_last_attempt(suite), rest_us);
    struct reported_case *reported_case = &reported->list[reported->count++];
    *reported_case = (struct reported_case){.classname = "",
                                            .name = SYNTHETIC_NAME,
                                            .main = result,
                                            .status = result->status,
                                            .duration_us = result->duration_us,
                                            .is_synthetic = true,
                                            .is_flaky = is_flaky};
    if (is_flaky || is_bad(result->status)) {
        reported_case->others = hidden;
        reported_case->other_count = hidden_count;
    }
}

void cases_merge(const struct fold_suite *suite, const struct held *held, struct reported *ret_reported)
{
    struct merge merge = {.suite = suite, .held = held, .arena = arena_new(), .by_key = map_new()};
    size_t at_most = 1;
    for (size_t i = 0; held != NULL && i < held->count; i++) {
        at_most += held->attempts[i].count;
    }
    merge.entries = arena_alloc(merge.arena, at_most * sizeof *merge.entries);
    for (size_t i = 0; held != NULL && i < held->count; i++) {
        const struct held_attempt *attempt = &held->attempts[i];
        for (size_t k = 0; is_trustworthy(&merge, attempt) && k < attempt->count; k++) {
            read_case(&merge, &attempt->cases[k], attempt->number);
        }
    }
    struct reported reported = {.arena = merge.arena};
    reported.list = arena_alloc(merge.arena, (merge.count + 1) * sizeof *reported.list);
    for (size_t i = 0; i < merge.count; i++) {
        report_entry(&merge, &merge.entries[i], &reported);
    }
    report_suite(&merge, &reported);
    for (size_t i = 0; i < reported.count; i++) {
        reported.totals.counts[reported.list[i].status]++;
        reported.totals.flaky += reported.list[i].is_flaky;
    }
    map_free(merge.by_key);
    text_clear(&merge.key);
    text_clear(&merge.stable);
    *ret_reported = reported;
}

bool case_has_own_repro(const struct fold_suite *suite, const struct reported_case *reported_case)
{
    return suite->repro != NULL && suite->can_select && !reported_case->is_synthetic &&
           !reported_case->main->is_no_test;
}

void case_append_repro(const struct fold_suite *suite, const struct reported_case *reported_case,
                       struct text *text)
{
    if (suite->repro == NULL) {
        return;
    }
    text_append(text, suite->repro);
    if (case_has_own_repro(suite, reported_case)) {
        struct text selector = {0}, clean = {0};
        test_case_selector(reported_case->main, &selector);
        text_append_printable(&clean, selector.bytes, selector.length); /* a journal may be anybody's */
        text_append(text, " --test ");
        text_append_shell_word(text, text_string(&clean));
        text_clear(&selector);
        text_clear(&clean);
    }
}
