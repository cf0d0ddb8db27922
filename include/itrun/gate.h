/* gate.h - results to a verdict by a policy, and to the commit statuses that GitHub shows.
 *
 * Decides what blocks, what is excused and what is only said. Whatever did not run blocks, also in an
 * advisory group: a gate is never green about something that nobody saw. Reads no clock: `now_us` is given.
 * Pure; all that it answers is in the arena it is given, and borrows the names of the results. */
#ifndef ITRUN_GATE_H
#define ITRUN_GATE_H
#include "itrun/base/error.h"
#include "itrun/base/json.h"
#include "itrun/model/gate_policy.h"
#include "itrun/model/results.h"

enum gate_weight {
    GATE_BLOCKS,  /* the verdict is not green because of it */
    GATE_EXCUSED, /* bad, and allowed: advisory or quarantined */
    GATE_SAYS     /* worth knowing: an entry to remove */
};
struct gate_reason {
    enum gate_weight weight;
    int exit_code;     /* of BLOCKS */
    const char *what;  /* one line */
    const char *mend;  /* or NULL */
    const char *repro; /* the command that shows it again, or NULL */
};
struct gate_group {
    const char *name;
    bool is_advisory;
    size_t counts[OUTCOME_COUNT]; /* suites */
    size_t excused;               /* of them, by quarantine */
    int exit_code;                /* by its own suites alone; advisory: 0, unless something did not run */
};
struct gate_verdict {
    int exit_code;               /* the first of 1, 6, 3, 4 that applies, else 0 */
    struct gate_reason *reasons; /* blocking ones first */
    size_t reason_count;
    struct gate_group *groups; /* in order of first appearance */
    size_t group_count;
    size_t suite_count, test_count, flaky_count; /* tests: that passed or failed; flaky: that count */
};
struct gate_question {
    const struct gate_policy *policy;
    const struct results *runs; /* of one commit; of a suite that is in several, the newest counts */
    size_t run_count;
    int64_t now_us;        /* wall */
    const char *base;      /* the commit that the base branch must have had; NULL: any */
    const size_t *streaks; /* by quarantine entry: good runs in a row, with these; NULL: unknown */
};
/* False: the runs do not belong together (usage). */
bool gate_decide(const struct gate_question *question, struct arena *arena, struct gate_verdict *ret_verdict,
                 struct error *error);
/* What an entry is about in one run: was it there, and was it good? */
enum gate_seen { GATE_ABSENT, GATE_GOOD, GATE_BAD };
enum gate_seen gate_entry_seen(const struct quarantine_entry *entry, const struct results *results);
void gate_write_text(const struct gate_verdict *verdict, struct text *text);
void gate_write_json(const struct gate_verdict *verdict, struct text *text);

/* What GitHub shows beside a commit, one a group: branch protection can require each by its context. */
struct commit_status {
    const char *context;     /* "itrun/api" */
    const char *state;       /* "success", "failure", "error" */
    const char *description; /* at most 140 characters */
};
/* By the same verdict as the gate's. */
void commit_statuses(const struct gate_verdict *verdict, struct arena *arena,
                     struct commit_status **ret_statuses, size_t *ret_count);
#endif
