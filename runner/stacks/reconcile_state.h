/* reconcile_state.h - the states of one stack in reconcile, and the moves it may make.
 *
 * Published for the simulation, which records through reconcile_options.moved that each move is taken. */
#ifndef ITRUN_STACKS_RECONCILE_STATE_H
#define ITRUN_STACKS_RECONCILE_STATE_H
#include "itrun/stacks.h"

#define RECONCILE_MOVE(state) (1u << RECONCILE_STATE_##state)

/* X(name, readiness, counts among the account's operations, something may run in AWS now, has a deadline,
 *   allowed next states) */
#define RECONCILE_TABLE(X)                                                                                   \
    X(UNWANTED, STACK_NOT_WANTED, false, false, false, RECONCILE_MOVE(PENDING))                              \
    X(PENDING, STACK_PENDING, false, false, false,                                                           \
      RECONCILE_MOVE(WAITING) | RECONCILE_MOVE(QUEUED) | RECONCILE_MOVE(ENDING) | RECONCILE_MOVE(READY) |    \
          RECONCILE_MOVE(FAILED))                                                                            \
    X(WAITING, STACK_PENDING, false, false, true, RECONCILE_MOVE(PENDING) | RECONCILE_MOVE(FAILED))          \
    X(QUEUED, STACK_PENDING, false, false, false,                                                            \
      RECONCILE_MOVE(AWAITING_SLOT) | RECONCILE_MOVE(BEGINNING) | RECONCILE_MOVE(FAILED))                    \
    X(AWAITING_SLOT, STACK_PENDING, false, false, false, RECONCILE_MOVE(QUEUED) | RECONCILE_MOVE(FAILED))    \
    X(BEGINNING, STACK_DEPLOYING, true, false, false,                                                        \
      RECONCILE_MOVE(WRITING) | RECONCILE_MOVE(RUNNING) | RECONCILE_MOVE(FAILED))                            \
    X(WRITING, STACK_DEPLOYING, true, true, false,                                                           \
      RECONCILE_MOVE(SETTLING) | RECONCILE_MOVE(DELETING) | RECONCILE_MOVE(ENDING) |                         \
          RECONCILE_MOVE(PENDING) | RECONCILE_MOVE(FAILED))                                                  \
    X(SETTLING, STACK_DEPLOYING, true, true, true,                                                           \
      RECONCILE_MOVE(PENDING) | RECONCILE_MOVE(ENDING) | RECONCILE_MOVE(EXPLAINING) |                        \
          RECONCILE_MOVE(FAILED))                                                                            \
    X(DELETING, STACK_DEPLOYING, true, true, true,                                                           \
      RECONCILE_MOVE(WRITING) | RECONCILE_MOVE(RUNNING) | RECONCILE_MOVE(PENDING) | RECONCILE_MOVE(FAILED))  \
    X(RUNNING, STACK_DEPLOYING, true, true, true,                                                            \
      RECONCILE_MOVE(VERIFYING) | RECONCILE_MOVE(TERMINATING) | RECONCILE_MOVE(FAILED))                      \
    X(TERMINATING, STACK_DEPLOYING, true, true, true, RECONCILE_MOVE(FAILED))                                \
    X(VERIFYING, STACK_DEPLOYING, true, true, true, RECONCILE_MOVE(ENDING) | RECONCILE_MOVE(FAILED))         \
    X(ENDING, STACK_DEPLOYING, false, false, false, RECONCILE_MOVE(READY))                                   \
    X(EXPLAINING, STACK_DEPLOYING, false, false, false, RECONCILE_MOVE(FAILED))                              \
    X(READY, STACK_READY, false, false, false, RECONCILE_MOVE(FAILED))                                       \
    X(FAILED, STACK_FAILED, false, false, false, 0)

enum reconcile_state {
#define X(name, readiness, is_operation, may_run, has_deadline, next) RECONCILE_STATE_##name,
    RECONCILE_TABLE(X)
#undef X
        RECONCILE_STATE_COUNT
};
struct reconcile_state_row {
    const char *name;
    enum stack_readiness readiness;
    bool is_operation;
    bool may_run;
    bool has_deadline;
    unsigned next;
};
extern const struct reconcile_state_row reconcile_states[RECONCILE_STATE_COUNT];
#endif
