/* quarantine.c - what may fail until a day, who looks after it, and when that is over. */
#include "judgement.h"
#include <string.h>

static bool has_expired(const struct judgement *judgement, const struct quarantine_entry *entry)
{
    return strcmp(judgement->today, entry->expires) > 0; /* both are YYYY-MM-DD */
}

static bool is_about(const struct quarantine_entry *entry, const char *suite, const char *test)
{
    bool is_suite = strcmp(entry->suite, suite) == 0;
    return is_suite && (entry->test == NULL || (test != NULL && strcmp(entry->test, test) == 0));
}

static const char *name_of(struct judgement *judgement, const struct quarantine_entry *entry)
{
    return entry->test != NULL ? arena_format(judgement->arena, "%s: %s", entry->suite, entry->test)
                               : entry->suite;
}

static bool is_bad(const struct result_case *one)
{
    return one->status == CASE_FAILED || one->status == CASE_ERROR;
}

/* The entry that is about it: one that still excuses, else one that no longer does. */
static const struct quarantine_entry *entry_for(const struct judgement *judgement, const char *suite,
                                                const char *test)
{
    const struct gate_policy *policy = judgement->question->policy;
    const struct quarantine_entry *found = NULL;
    for (size_t i = 0; i < policy->quarantine_count; i++) {
        const struct quarantine_entry *entry = &policy->quarantine[i];
        if (is_about(entry, suite, test) && (found == NULL || has_expired(judgement, found))) {
            found = entry;
        }
    }
    return found;
}

bool quarantine_covers(const struct judgement *judgement, const char *suite, const char *test)
{
    const struct quarantine_entry *entry = entry_for(judgement, suite, test);
    return entry != NULL && !has_expired(judgement, entry);
}

/* One bad thing: is it excused? Either way its entry is named. */
static bool judge_one(struct judgement *judgement, const struct result_suite *suite, const char *test)
{
    const struct quarantine_entry *entry = entry_for(judgement, suite->name, test);
    if (entry == NULL) {
        return false;
    }
    const char *name = name_of(judgement, entry);
    if (has_expired(judgement, entry)) {
        judgement_add(
            judgement,
            &(struct gate_reason){.weight = GATE_BLOCKS,
                                  .exit_code = EXIT_CODE_FAILED,
                                  .what = arena_format(judgement->arena,
                                                       "%s is bad, and its quarantine expired on %s (%s)",
                                                       name, entry->expires, entry->ticket),
                                  .mend = "mend it, or give the entry a new date and say why in the ticket",
                                  .repro = suite->repro});
        return false;
    }
    judgement_add(
        judgement,
        &(struct gate_reason){.weight = GATE_EXCUSED,
                              .what = arena_format(judgement->arena, "%s is bad, in quarantine until %s (%s)",
                                                   name, entry->expires, entry->ticket),
                              .repro = suite->repro});
    return true;
}

/* Nobody's fault and no result are not excused: what is in quarantine still runs. */
bool quarantine_excuses(struct judgement *judgement, const struct judged_suite *judged)
{
    const struct result_suite *suite = judged->suite;
    bool is_judged = suite->outcome == OUTCOME_FAILED || suite->outcome == OUTCOME_ERROR ||
                     suite->outcome == OUTCOME_TIMEOUT;
    bool is_all = true;
    size_t bad = 0;
    for (size_t i = 0; is_judged && i < suite->case_count; i++) {
        const struct result_case *one = &suite->cases[i];
        if (is_bad(one)) {
            bad++;
            is_all = judge_one(judgement, suite, one->is_synthetic ? NULL : one->name) && is_all;
        }
    }
    if (is_judged && bad == 0) { /* the suite itself broke */
        return judge_one(judgement, suite, NULL);
    }
    return is_judged && is_all;
}

enum gate_seen gate_entry_seen(const struct quarantine_entry *entry, const struct results *results)
{
    for (size_t i = 0; i < results->suite_count; i++) {
        const struct result_suite *suite = &results->suites[i];
        if (strcmp(suite->name, entry->suite) != 0) {
            continue;
        }
        if (entry->test == NULL) {
            bool has_run = suite->outcome != OUTCOME_SKIPPED && suite->outcome != OUTCOME_LOST &&
                           suite->outcome != OUTCOME_CANCELLED && suite->outcome != OUTCOME_INFRA;
            bool is_good = suite->outcome == OUTCOME_PASSED && !suite->is_flaky;
            return !has_run ? GATE_ABSENT : is_good ? GATE_GOOD : GATE_BAD;
        }
        for (size_t c = 0; c < suite->case_count; c++) {
            const struct result_case *one = &suite->cases[c];
            if (!one->is_synthetic && strcmp(one->name, entry->test) == 0 && one->status != CASE_SKIPPED) {
                return one->status == CASE_PASSED && !one->is_flaky ? GATE_GOOD : GATE_BAD;
            }
        }
    }
    return GATE_ABSENT;
}

/* In the newest run that has the suite. */
static enum gate_seen seen_now(const struct judgement *judgement, const struct quarantine_entry *entry)
{
    const struct judged_suite *judged = map_get(judgement->by_name, entry->suite);
    if (judged == NULL) {
        return GATE_ABSENT;
    }
    struct result_suite suite = *judged->suite;
    const struct results one = {.suites = &suite, .suite_count = 1};
    return gate_entry_seen(entry, &one);
}

static void review_entry(struct judgement *judgement, size_t index)
{
    const struct gate_question *question = judgement->question;
    const struct quarantine_entry *entry = &question->policy->quarantine[index];
    const char *name = name_of(judgement, entry);
    enum gate_seen seen = seen_now(judgement, entry);
    size_t streak = question->streaks != NULL ? question->streaks[index] : 0;
    if (seen == GATE_ABSENT) {
        judgement_add(judgement,
                      &(struct gate_reason){
                          .weight = GATE_BLOCKS,
                          .exit_code = EXIT_CODE_INCOMPLETE,
                          .what = arena_format(judgement->arena, "%s is in quarantine and did not run (%s)",
                                               name, entry->ticket),
                          .mend = "what is in quarantine still runs; if it is gone, remove its entry"});
    } else if (seen == GATE_GOOD && has_expired(judgement, entry)) {
        judgement_add(judgement, &(struct gate_reason){
                                     .weight = GATE_SAYS,
                                     .what = arena_format(judgement->arena,
                                                          "the quarantine of %s expired on %s, and it is "
                                                          "good (%s)",
                                                          name, entry->expires, entry->ticket),
                                     .mend = "remove its entry"});
    } else if (seen == GATE_GOOD && streak >= question->policy->quarantine_passes) {
        judgement_add(judgement, &(struct gate_reason){
                                     .weight = GATE_SAYS,
                                     .what = arena_format(judgement->arena,
                                                          "%s is in quarantine and was good in its last "
                                                          "%zu runs (%s)",
                                                          name, streak, entry->ticket),
                                     .mend = "remove its entry"});
    }
}

void quarantine_review(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->question->policy->quarantine_count; i++) {
        review_entry(judgement, i);
    }
}
