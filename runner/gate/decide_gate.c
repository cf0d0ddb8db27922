/* decide_gate.c - the rules of a gate, one function each; whatever blocks adds its reason. */
#include "judgement.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HUNDRED_PERCENT 10000 /* in hundredths of a per cent */

void judgement_add(struct judgement *judgement, const struct gate_reason *reason)
{
    struct gate_verdict *verdict = judgement->verdict;
    verdict->reasons = memory_grow(verdict->reasons, verdict->reason_count, &judgement->reason_capacity,
                                   sizeof *verdict->reasons);
    verdict->reasons[verdict->reason_count++] = *reason;
}

static void block(struct judgement *judgement, int exit_code, const char *what, const char *mend,
                  const char *repro)
{
    judgement_add(
        judgement,
        &(struct gate_reason){
            .weight = GATE_BLOCKS, .exit_code = exit_code, .what = what, .mend = mend, .repro = repro});
}

static bool is_listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static struct gate_group *group_of(struct judgement *judgement, const char *name)
{
    struct gate_verdict *verdict = judgement->verdict;
    for (size_t i = 0; i < verdict->group_count; i++) {
        if (strcmp(verdict->groups[i].name, name) == 0) {
            return &verdict->groups[i];
        }
    }
    const struct gate_policy *policy = judgement->question->policy;
    struct gate_group *group = &verdict->groups[verdict->group_count++]; /* there is room for one a suite */
    *group = (struct gate_group){.name = name,
                                 .is_advisory = is_listed(name, policy->advisory, policy->advisory_count)};
    return group;
}

/* ---- the runs ---- */

static bool check_runs(const struct gate_question *question, struct error *error)
{
    for (size_t i = 1; i < question->run_count; i++) {
        const struct results *first = &question->runs[0], *other = &question->runs[i];
        if (!string_equal(first->project, other->project) || !string_equal(first->commit, other->commit)) {
            error_set(error, ERROR_USAGE, "the runs are not of one commit: %s of %s, %s of %s", first->run,
                      first->commit != NULL ? first->commit : "no commit", other->run,
                      other->commit != NULL ? other->commit : "no commit");
            return error_hint(error, "give the runs of one commit; a gate judges nothing else");
        }
        for (size_t k = 0; k < i; k++) {
            if (string_equal(question->runs[k].run, other->run)) {
                error_set(error, ERROR_USAGE, "the run %s is given twice", other->run);
                return error_hint(error, "give each run once");
            }
        }
    }
    return true;
}

/* Oldest first. */
static void add_suite(struct judgement *judgement, const struct result_suite *suite)
{
    struct judged_suite *judged = map_get(judgement->by_name, suite->name);
    if (judged == NULL) {
        judged = &judgement->suites[judgement->suite_count++];
        map_put(judgement->by_name, suite->name, judged);
    } else {
        judged->is_recovered = judged->is_recovered || outcome_is_bad(judged->suite->outcome);
    }
    judged->suite = suite;
}

/* Of a suite that was run again, the newest result counts: that is what a rerun is for. */
static void gather(struct judgement *judgement)
{
    const struct gate_question *question = judgement->question;
    size_t most = 0;
    for (size_t i = 0; i < question->run_count; i++) {
        most += question->runs[i].suite_count;
    }
    judgement->suites = arena_alloc(judgement->arena, most * sizeof *judgement->suites + 1);
    bool *is_taken = arena_alloc(judgement->arena, question->run_count * sizeof *is_taken + 1);
    for (size_t taken = 0; taken < question->run_count; taken++) {
        size_t oldest = question->run_count;
        for (size_t i = 0; i < question->run_count; i++) {
            bool is_older = oldest == question->run_count ||
                            question->runs[i].started_us < question->runs[oldest].started_us;
            oldest = !is_taken[i] && is_older ? i : oldest;
        }
        is_taken[oldest] = true;
        for (size_t s = 0; s < question->runs[oldest].suite_count; s++) {
            add_suite(judgement, &question->runs[oldest].suites[s]);
        }
    }
}

static void judge_run(struct judgement *judgement, const struct results *run)
{
    const struct gate_question *question = judgement->question;
    struct arena *arena = judgement->arena;
    if (!run->is_finished) {
        block(judgement, EXIT_CODE_INCOMPLETE, arena_format(arena, "the run %s has no end", run->run),
              "it was killed, or still runs; run it again", NULL);
    } else if (run->exit_code == EXIT_CODE_RECORD || run->exit_code == EXIT_CODE_USAGE) {
        block(judgement, EXIT_CODE_INCOMPLETE,
              arena_format(arena, "the run %s could not record everything (exit code %d)", run->run,
                           run->exit_code),
              "run it again", NULL);
    }
    int64_t age_ms = (question->now_us - run->started_us) / 1000;
    if (question->policy->max_age_ms > 0 && age_ms > question->policy->max_age_ms) {
        struct text text = {0};
        text_append_format(&text, "the run %s is ", run->run);
        text_append_duration(&text, age_ms);
        text_append(&text, " old, at most ");
        text_append_duration(&text, question->policy->max_age_ms);
        text_append(&text, " is allowed");
        block(judgement, EXIT_CODE_INCOMPLETE, arena_string(arena, text_string(&text)), "run it again", NULL);
        text_clear(&text);
    }
    if (question->base != NULL && !string_equal(question->base, run->base_commit)) {
        block(judgement, EXIT_CODE_INCOMPLETE,
              arena_format(arena, "the run %s was on the base %s, not on %s", run->run,
                           run->base_commit != NULL ? run->base_commit : "(not recorded)", question->base),
              "merge or rebase on the base branch and run it again", NULL);
    }
}

/* ---- the suites ---- */

static bool has_not_run(enum outcome outcome)
{
    return outcome == OUTCOME_LOST || outcome == OUTCOME_CANCELLED;
}

static void group_worse(struct gate_group *group, int exit_code)
{
    static const int order[] = {EXIT_CODE_PASSED, EXIT_CODE_INFRA, EXIT_CODE_INCOMPLETE, EXIT_CODE_FAILED};
    size_t now = 0, then = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        now = order[i] == group->exit_code ? i : now;
        then = order[i] == exit_code ? i : then;
    }
    group->exit_code = order[now > then ? now : then];
}

static const char *describe(struct judgement *judgement, const struct result_suite *suite)
{
    if (suite->reason != NULL) {
        return arena_format(judgement->arena, "%s: %s: %s", suite->name, outcome_name(suite->outcome),
                            suite->reason);
    }
    return arena_format(judgement->arena, "%s: %s", suite->name, outcome_name(suite->outcome));
}

static void judge_suite(struct judgement *judgement, struct judged_suite *judged)
{
    const struct result_suite *suite = judged->suite;
    struct gate_group *group = group_of(judgement, suite->group);
    judged->group = group;
    group->counts[suite->outcome]++;
    if (!outcome_is_bad(suite->outcome)) {
        return;
    }
    if (has_not_run(suite->outcome)) {
        group_worse(group, EXIT_CODE_INCOMPLETE);
        block(judgement, EXIT_CODE_INCOMPLETE, describe(judgement, suite),
              "it did not run: a gate is not green about what nobody saw", suite->repro);
    } else if (quarantine_excuses(judgement, judged)) {
        judged->is_excused = true;
        group->excused++;
    } else if (group->is_advisory) {
        judgement_add(judgement, &(struct gate_reason){.weight = GATE_EXCUSED,
                                                       .what = arena_format(judgement->arena, "%s (advisory)",
                                                                            describe(judgement, suite)),
                                                       .repro = suite->repro});
    } else {
        int exit_code = suite->outcome == OUTCOME_INFRA ? EXIT_CODE_INFRA : EXIT_CODE_FAILED;
        group_worse(group, exit_code);
        block(judgement, exit_code, describe(judgement, suite), NULL, suite->repro);
    }
}

static void judge_required(struct judgement *judgement)
{
    const struct gate_policy *policy = judgement->question->policy;
    size_t before = judgement->verdict->group_count;
    for (size_t i = 0; i < policy->required_count; i++) {
        bool is_there = false;
        for (size_t g = 0; g < before; g++) {
            const struct gate_group *group = &judgement->verdict->groups[g];
            size_t ran = 0;
            for (int o = 0; o < OUTCOME_COUNT; o++) {
                ran += o != OUTCOME_SKIPPED ? group->counts[o] : 0;
            }
            is_there = is_there || (strcmp(group->name, policy->required[i]) == 0 && ran > 0);
        }
        if (!is_there) {
            block(judgement, EXIT_CODE_INCOMPLETE,
                  arena_format(judgement->arena, "the required group %s did not run", policy->required[i]),
                  "run it; a selection (--filter, --tag, a name) may have left it out", NULL);
        }
    }
}

/* ---- the tests ---- */

static void count_tests(struct judgement *judgement)
{
    struct gate_verdict *verdict = judgement->verdict;
    for (size_t i = 0; i < judgement->suite_count; i++) {
        const struct judged_suite *judged = &judgement->suites[i];
        bool counts = !judged->group->is_advisory;
        bool is_any_flaky = false;
        for (size_t c = 0; c < judged->suite->case_count; c++) {
            const struct result_case *one = &judged->suite->cases[c];
            verdict->test_count += !one->is_synthetic && one->status != CASE_SKIPPED;
            bool is_flaky =
                one->is_flaky && counts &&
                !quarantine_covers(judgement, judged->suite->name, one->is_synthetic ? NULL : one->name);
            verdict->flaky_count += is_flaky;
            is_any_flaky = is_any_flaky || one->is_flaky;
        }
        /* Bad in one run, good in a newer one of the same commit: that is flaky too. */
        bool is_recovered = judged->is_recovered && judged->suite->outcome == OUTCOME_PASSED && !is_any_flaky;
        verdict->flaky_count +=
            is_recovered && counts && !quarantine_covers(judgement, judged->suite->name, NULL);
    }
}

/* "0.5%" -> 50 hundredths of a per cent */
static size_t ratio_of(const char *percent)
{
    char *end = NULL;
    size_t whole = (size_t)strtoul(percent, &end, 10) * 100;
    if (*end != '.') {
        return whole;
    }
    size_t tenth = (size_t)(end[1] - '0') * 10;
    return whole + tenth + (end[2] >= '0' && end[2] <= '9' ? (size_t)(end[2] - '0') : 0);
}

static void judge_tests(struct judgement *judgement)
{
    const struct gate_policy *policy = judgement->question->policy;
    const struct gate_verdict *verdict = judgement->verdict;
    struct arena *arena = judgement->arena;
    if (verdict->test_count < policy->minimum_tests) {
        block(judgement, EXIT_CODE_INCOMPLETE,
              arena_format(arena, "%zu tests ran, at least %zu are expected", verdict->test_count,
                           policy->minimum_tests),
              "find out which did not run; skipped ones do not count", NULL);
    }
    if (verdict->flaky_count > policy->flaky_limit) {
        block(judgement, EXIT_CODE_FAILED,
              arena_format(arena, "%zu tests were flaky, at most %zu are allowed", verdict->flaky_count,
                           policy->flaky_limit),
              "mend one, or put it into quarantine with a ticket", NULL);
    }
    size_t most = policy->flaky_ratio != NULL ? ratio_of(policy->flaky_ratio) : HUNDRED_PERCENT;
    if (verdict->flaky_count * HUNDRED_PERCENT > most * verdict->test_count && policy->flaky_ratio != NULL) {
        block(judgement, EXIT_CODE_FAILED,
              arena_format(arena, "%zu of %zu tests were flaky, at most %s are allowed", verdict->flaky_count,
                           verdict->test_count, policy->flaky_ratio),
              "mend one, or put it into quarantine with a ticket", NULL);
    }
}

/* ---- the verdict ---- */

static void conclude(struct judgement *judgement)
{
    static const int order[] = {EXIT_CODE_FAILED, EXIT_CODE_INCOMPLETE, EXIT_CODE_INFRA, EXIT_CODE_NOTHING};
    struct gate_verdict *verdict = judgement->verdict;
    for (size_t o = 0; o < sizeof order / sizeof *order && verdict->exit_code == EXIT_CODE_PASSED; o++) {
        for (size_t i = 0; i < verdict->reason_count; i++) {
            const struct gate_reason *reason = &verdict->reasons[i];
            if (reason->weight == GATE_BLOCKS && reason->exit_code == order[o]) {
                verdict->exit_code = order[o];
            }
        }
    }
    struct gate_reason *kept = arena_alloc(judgement->arena, verdict->reason_count * sizeof *kept + 1);
    size_t count = 0;
    for (int weight = GATE_BLOCKS; weight <= GATE_SAYS;
         weight++) { /* by weight, else in the order of finding */
        for (size_t i = 0; i < verdict->reason_count; i++) {
            if (verdict->reasons[i].weight == (enum gate_weight)weight) {
                kept[count++] = verdict->reasons[i];
            }
        }
    }
    memory_free(verdict->reasons);
    verdict->reasons = kept;
}

bool gate_decide(const struct gate_question *question, struct arena *arena, struct gate_verdict *ret_verdict,
                 struct error *error)
{
    if (!check_runs(question, error)) {
        return false;
    }
    char today[32];
    time_format_utc(question->now_us, today);
    today[10] = '\0';
    struct gate_verdict verdict = {.exit_code = EXIT_CODE_PASSED};
    struct judgement judgement = {
        .question = question, .arena = arena, .verdict = &verdict, .today = today, .by_name = map_new()};
    gather(&judgement);
    verdict.groups = arena_alloc(arena, judgement.suite_count * sizeof *verdict.groups + 1);
    verdict.suite_count = judgement.suite_count;
    for (size_t i = 0; i < question->run_count; i++) {
        judge_run(&judgement, &question->runs[i]);
    }
    for (size_t i = 0; i < judgement.suite_count; i++) {
        judge_suite(&judgement, &judgement.suites[i]);
    }
    if (judgement.suite_count == 0) {
        block(&judgement, EXIT_CODE_NOTHING, "no suite ran", "a gate is not green about nothing", NULL);
    }
    judge_required(&judgement);
    count_tests(&judgement);
    judge_tests(&judgement);
    quarantine_review(&judgement);
    conclude(&judgement);
    map_free(judgement.by_name);
    *ret_verdict = verdict;
    return true;
}
