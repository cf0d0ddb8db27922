/* doctor.h - what the files of `itrun doctor` share: one list of findings, each with the command that mends
 * it. */
#ifndef ITRUN_CLI_DOCTOR_H
#define ITRUN_CLI_DOCTOR_H
#include "commands.h"

enum health { HEALTH_FINE, HEALTH_DOUBTFUL, HEALTH_BAD };

struct finding {
    enum health health;
    const char *name;        /* of the check: one word */
    const char *what, *mend; /* mend NULL: nothing to do */
    bool is_infrastructure;  /* the pool or AWS, not this machine or the configuration */
};
struct doctor {
    struct workspace *workspace;
    struct arena *arena; /* the findings' */
    struct finding *list;
    size_t count, capacity;
};
/* Returns the finding, to be completed before the next one. what is formatted. */
struct finding *doctor_say(struct doctor *doctor, enum health health, const char *name, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));
/* An error as a bad finding: its hint is the mend. */
struct finding *doctor_say_error(struct doctor *doctor, const char *name, const struct error *error);

/* doctor_machine.c: this machine and what the suites call; the workspace holds the files at least. */
void doctor_check_machine(struct doctor *doctor);
/* doctor_accounts.c: identity, clock, pool, roles, leases, quotas; the workspace holds accounts and stores.
 */
void doctor_check_accounts(struct doctor *doctor);
#endif
