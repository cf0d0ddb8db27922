/* judgement.h - a verdict under way, shared by the files of the gate. */
#ifndef ITRUN_GATE_JUDGEMENT_H
#define ITRUN_GATE_JUDGEMENT_H
#include "itrun/base/map.h"
#include "itrun/gate.h"

struct judged_suite {
    const struct result_suite *suite; /* its newest result */
    bool is_recovered;                /* an older run of the same commit was bad */
    bool is_excused;
    struct gate_group *group;
};
struct judgement {
    const struct gate_question *question;
    struct arena *arena;
    struct gate_verdict *verdict;
    const char *today; /* "2026-11-24", UTC */
    struct judged_suite *suites;
    size_t suite_count;
    size_t reason_capacity;
    struct map *by_name; /* -> one of suites */
};
void judgement_add(struct judgement *judgement, const struct gate_reason *reason);

/* quarantine.c */
/* Whether everything bad in this suite is under entries that still excuse. Says so, and names expired ones.
 */
bool quarantine_excuses(struct judgement *judgement, const struct judged_suite *judged);
bool quarantine_covers(const struct judgement *judgement, const char *suite, const char *test);
/* Entries that did not run, have expired in vain, or have served their time. */
void quarantine_review(struct judgement *judgement);
#endif
