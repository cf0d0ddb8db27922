/* judge.c - what an attempt came to: the contract's rules, in the order in which they win. */
#include "machines.h"
#include <string.h>

#define EXIT_SKIPPED 77
#define EXIT_INFRA   99

static enum outcome judge_cut(const struct judged *judged, struct text *ret_reason)
{
    text_append(ret_reason, judged->cut_reason);
    switch (judged->cut) {
    case CUT_SUITE_TIMEOUT:
    case CUT_SHARD_TIMEOUT: return OUTCOME_TIMEOUT;
    case CUT_LEASE_LOST: return OUTCOME_INFRA;
    case CUT_NONE:
    case CUT_CANCELLED: break;
    }
    return OUTCOME_CANCELLED;
}

/* How to get the framework; a suite's own command may lack anything. */
static void append_install(const struct judged *judged, struct text *text)
{
    if (judged->framework->install != NULL && judged->suite->command == NULL) {
        text_append_format(text, "; %s is not installed: %s", judged->framework->name,
                           judged->framework->install);
    }
}

/* The command never ran, or nobody saw how it ended. */
static enum outcome judge_broken_process(const struct judged *judged, struct text *ret_reason)
{
    const struct process_end *end = judged->end;
    text_append(ret_reason, end->error.what);
    if (end->error.kind == ERROR_GONE) {
        append_install(judged, ret_reason);
    }
    if (end->error.hint[0] != '\0') {
        text_append_format(ret_reason, "; %s", end->error.hint);
    }
    bool is_suites_fault = end->error.kind == ERROR_GONE || end->error.kind == ERROR_DENIED;
    return is_suites_fault ? OUTCOME_ERROR : OUTCOME_INFRA;
}

static void append_exit(const struct process_end *end, struct text *text)
{
    if (end->signal != 0) {
        text_append_format(text, "signal %d (%s)", end->signal, strsignal(end->signal));
    } else {
        text_append_format(text, "exit status %d", end->exit_code);
    }
}

static enum outcome judge_exit_status(const struct process_end *end, struct text *ret_reason)
{
    if (end->exit_code == 0) {
        return OUTCOME_PASSED;
    }
    append_exit(end, ret_reason);
    if (end->exit_code == EXIT_SKIPPED) {
        text_append(ret_reason, ": the command says it does not apply here");
        return OUTCOME_SKIPPED;
    }
    if (end->exit_code == EXIT_INFRA) {
        text_append(ret_reason, ": the command blames the infrastructure");
        return OUTCOME_INFRA;
    }
    return OUTCOME_ERROR;
}

static enum outcome judge_unusable_report(const struct judged *judged, struct text *ret_reason)
{
    if (!judged->report->is_present) {
        text_append(ret_reason, "no report was written, ");
        append_exit(judged->end, ret_reason);
    } else {
        text_append_format(ret_reason, "report not usable: %s; %zu cases were readable",
                           judged->report->problem != NULL ? judged->report->problem : "incomplete",
                           judged->report->count);
    }
    if (framework_is_absent(judged->framework, judged->end->exit_code, judged->end->output_tail)) {
        append_install(judged, ret_reason);
    }
    return OUTCOME_ERROR;
}

/* --test: an empty report may also come of a session that was stopped before its first test. */
static bool may_have_no_match(const struct judged *judged)
{
    unsigned statuses = judged->framework->no_match_statuses;
    int exit_code = judged->end->exit_code;
    return statuses == 0 || (exit_code >= 0 && exit_code < 32 && (statuses & 1u << exit_code) != 0);
}

static enum outcome judge_report(const struct judged *judged, struct text *ret_reason)
{
    const struct report *report = judged->report;
    if (!report->is_present || !report->is_complete) {
        return judge_unusable_report(judged, ret_reason);
    }
    size_t bad = report_count_status(report, CASE_FAILED) + report_count_status(report, CASE_ERROR);
    if (bad > 0) {
        text_append_format(ret_reason, "%zu of %zu test cases failed", bad, report->count);
        return OUTCOME_FAILED;
    }
    if (report->count == 0 && judged->is_one_test && may_have_no_match(judged)) {
        text_append(ret_reason, REASON_NO_SUCH_TEST);
        return OUTCOME_SKIPPED;
    }
    if (report->count == 0 && judged->framework->is_empty_wrong) {
        text_append(ret_reason, "the suite holds no test case");
        return OUTCOME_ERROR;
    }
    if (judged->end->exit_code != 0) {
        text_append(ret_reason, "the report is clean, but ");
        append_exit(judged->end, ret_reason);
        return OUTCOME_ERROR;
    }
    if (report->count == 0 && judged->suite->estimate.case_count > 0) {
        text_append_format(ret_reason, "no test case was reported, the last passed run had %zu",
                           judged->suite->estimate.case_count);
        return OUTCOME_ERROR;
    }
    if (report->count > 0 && report_count_status(report, CASE_SKIPPED) == report->count) {
        text_append(ret_reason, "every test case was skipped");
        return OUTCOME_SKIPPED;
    }
    return OUTCOME_PASSED;
}

/* A plain command may write a report without having declared one; a declared one must be there. */
static bool is_report_declared(const struct judged *judged)
{
    return judged->suite->report != NULL || judged->framework->has_report;
}

bool attempt_report_is_missing(const struct judged *judged)
{
    return judged->cut == CUT_NONE && judged->end->error.kind == ERROR_NONE && judged->report != NULL &&
           is_report_declared(judged) && !judged->report->is_present;
}

enum outcome attempt_judge(const struct judged *judged, struct text *ret_reason)
{
    const struct process_end *end = judged->end;
    if (judged->cut != CUT_NONE) {
        return judge_cut(judged, ret_reason);
    }
    if (end->error.kind != ERROR_NONE) {
        return judge_broken_process(judged, ret_reason);
    }
    if (end->is_killed_by_guard) {
        text_append(ret_reason, "stopped by its guard: the account's lease ran out");
        return OUTCOME_INFRA;
    }
    bool is_bad_end = end->signal != 0 || end->exit_code != 0;
    if (end->infra_reason != NULL && is_bad_end) {
        text_append_format(ret_reason, "the suite says: %s", end->infra_reason);
        return OUTCOME_INFRA;
    }
    if (end->signal != 0) {
        text_append(ret_reason, "died of ");
        append_exit(end, ret_reason);
        return OUTCOME_ERROR;
    }
    bool has_written = judged->report != NULL && judged->report->is_present;
    if (judged->report != NULL &&
        (is_report_declared(judged) ||
         (has_written && end->exit_code != EXIT_SKIPPED && end->exit_code != EXIT_INFRA))) {
        return judge_report(judged, ret_reason);
    }
    return judge_exit_status(end, ret_reason);
}
