/* stack_status.h - CloudFormation's 23 stack statuses, and a stack as DescribeStacks shows it. */
#ifndef ITRUN_MODEL_STACK_STATUS_H
#define ITRUN_MODEL_STACK_STATUS_H
#include "itrun/model/inventory.h"

/* Source: botocore's service model, StackStatus. ABSENT is ours. */
/* clang-format off */
#define STACK_STATUS_TABLE(X)                                                                                \
    X(ABSENT)                                                                                                \
    X(CREATE_IN_PROGRESS)                                                                                    \
    X(CREATE_FAILED) X(CREATE_COMPLETE) X(ROLLBACK_IN_PROGRESS) X(ROLLBACK_FAILED) X(ROLLBACK_COMPLETE)      \
        X(DELETE_IN_PROGRESS) X(DELETE_FAILED) X(DELETE_COMPLETE) X(UPDATE_IN_PROGRESS)                      \
            X(UPDATE_COMPLETE_CLEANUP_IN_PROGRESS) X(UPDATE_COMPLETE) X(UPDATE_FAILED)                       \
                X(UPDATE_ROLLBACK_IN_PROGRESS) X(UPDATE_ROLLBACK_FAILED)                                     \
                    X(UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS) X(UPDATE_ROLLBACK_COMPLETE)              \
                        X(REVIEW_IN_PROGRESS) X(IMPORT_IN_PROGRESS) X(IMPORT_COMPLETE)                       \
                            X(IMPORT_ROLLBACK_IN_PROGRESS) X(IMPORT_ROLLBACK_FAILED)                         \
                                X(IMPORT_ROLLBACK_COMPLETE)
/* clang-format on */

enum stack_status {
#define X(name) STACK_##name,
    STACK_STATUS_TABLE(X)
#undef X
        STACK_STATUS_COUNT
};
const char *stack_status_name(enum stack_status status); /* "CREATE_COMPLETE"; "ABSENT" */
bool stack_status_parse(const char *word, enum stack_status *ret_status);
/* SUCCEEDED: CREATE_COMPLETE, UPDATE_COMPLETE, IMPORT_COMPLETE: the only three from which a skip is allowed.
 */
bool stack_status_is_settled(enum stack_status status); /* nothing is in progress */
bool stack_status_is_succeeded(enum stack_status status);

/* One stack of one account, as seen. Lives in the arena of the answer that carried it. */
struct live_stack {
    const char *stack_id;
    const char *stack_name;
    enum stack_status status;
    const char *status_reason; /* may be NULL */
    const struct pair *tags;
    size_t tag_count;
    const struct pair *outputs;
    size_t output_count;
    const struct pair *parameters;
    size_t parameter_count;
};
const char *pair_value(const struct pair *pairs, size_t count, const char *name); /* NULL when absent */
#define FINGERPRINT_TAG "itrun:fingerprint"
#endif
