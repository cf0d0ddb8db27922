/* decide.c - what to do about a stack: one table over CloudFormation's statuses, then the fingerprint, then
 * the ledger.
 *
 * Status comes first: only three of them may lead to a skip, whatever the tags say (what tags a stack shows
 * after a rollback is not documented, and emulators disagree). Source: AWS "Stack status codes"; what
 * UpdateStack rejects: cloud-custodian #11037; aws-cdk #5151, #8948. */
#include "itrun/stacks.h"
#include "itrun/base/error.h"
#include <stdio.h>
#include <string.h>

#define NAMED_PARTS_MAX 3

struct row {
    enum stack_action action; /* SKIP: if the fingerprint agrees too */
    const char *why;
};
static const char foreign[] = "an operation that is not this run's is under way";
static const struct row rows[STACK_STATUS_COUNT] = {
    [STACK_ABSENT] = {STACK_CREATE, "there is no such stack"},
    [STACK_CREATE_IN_PROGRESS] = {STACK_WAIT, foreign},
    [STACK_CREATE_FAILED] = {STACK_RECREATE, "it was never created whole"},
    [STACK_CREATE_COMPLETE] = {STACK_SKIP, "up to date"},
    [STACK_ROLLBACK_IN_PROGRESS] = {STACK_WAIT, foreign},
    [STACK_ROLLBACK_FAILED] = {STACK_RECREATE, "its creation failed, and so did taking it back"},
    [STACK_ROLLBACK_COMPLETE] = {STACK_RECREATE, "its creation failed; it can only be deleted"},
    [STACK_DELETE_IN_PROGRESS] = {STACK_WAIT, "it is being deleted"},
    [STACK_DELETE_FAILED] = {STACK_DELETE_AGAIN, "a second deletion often succeeds"},
    [STACK_DELETE_COMPLETE] = {STACK_CREATE, "it was deleted"},
    [STACK_UPDATE_IN_PROGRESS] = {STACK_WAIT, foreign},
    [STACK_UPDATE_COMPLETE_CLEANUP_IN_PROGRESS] = {STACK_WAIT, "old resources are being removed"},
    [STACK_UPDATE_COMPLETE] = {STACK_SKIP, "up to date"},
    [STACK_UPDATE_FAILED] = {STACK_RECREATE, "an update failed and was not taken back"},
    [STACK_UPDATE_ROLLBACK_IN_PROGRESS] = {STACK_WAIT, foreign},
    [STACK_UPDATE_ROLLBACK_FAILED] = {STACK_CONTINUE_ROLLBACK, "taking back an update failed"},
    [STACK_UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS] = {STACK_WAIT,
                                                            "a failed update is being taken back"},
    [STACK_UPDATE_ROLLBACK_COMPLETE] = {STACK_UPDATE, "the last update failed and was taken back"},
    [STACK_REVIEW_IN_PROGRESS] = {STACK_RECREATE, "only a change set was made, never a stack"},
    [STACK_IMPORT_IN_PROGRESS] = {STACK_WAIT, foreign},
    [STACK_IMPORT_COMPLETE] = {STACK_SKIP, "up to date"},
    [STACK_IMPORT_ROLLBACK_IN_PROGRESS] = {STACK_WAIT, foreign},
    [STACK_IMPORT_ROLLBACK_FAILED] = {STACK_GIVE_UP, "it can neither be updated nor mended"},
    [STACK_IMPORT_ROLLBACK_COMPLETE] = {STACK_UPDATE, "the last import failed and was taken back"},
};

static const char *const action_names[STACK_ACTION_COUNT] = {
    [STACK_SKIP] = "skip",
    [STACK_WAIT] = "wait",
    [STACK_CREATE] = "create",
    [STACK_UPDATE] = "update",
    [STACK_CONTINUE_ROLLBACK] = "repair",
    [STACK_RECREATE] = "replace",
    [STACK_DELETE_AGAIN] = "delete again",
    [STACK_GIVE_UP] = "give up",
};

const char *stack_action_name(enum stack_action action)
{
    return action_names[action];
}

struct changes {
    struct text text;
    size_t count;
};

static void name_change(void *context, const char *part, const char *how)
{
    struct changes *changes = context;
    if (changes->count++ < NAMED_PARTS_MAX) {
        text_append_format(&changes->text, "%s%.60s %s", changes->count > 1 ? ", " : "", part, how);
    }
}

static void explain_unfinished(const struct ledger_entry *recorded, struct stack_decision *decision)
{
    snprintf(decision->reason, sizeof decision->reason, "a deploy of it was left unfinished (run %.64s)",
             recorded->run != NULL ? recorded->run : "unknown");
}

/* The ledger's parts explain only the fingerprint that it recorded: if the stack shows another one, somebody
 * else deployed it since. */
static void explain_difference(const struct stack_view *view, const char *tag,
                               struct stack_decision *decision)
{
    const struct ledger_entry *recorded = view->recorded;
    struct changes changes = {0};
    if (recorded != NULL && strcmp(recorded->fingerprint, tag) == 0) {
        fingerprint_compare(recorded->parts, recorded->part_count, view->wanted->parts,
                            view->wanted->part_count, name_change, &changes);
    }
    if (changes.count > NAMED_PARTS_MAX) {
        text_append_format(&changes.text, " and %zu more", changes.count - NAMED_PARTS_MAX);
    }
    if (changes.count > 0) {
        snprintf(decision->reason, sizeof decision->reason, "%s", text_string(&changes.text));
    } else if (recorded != NULL && recorded->is_unfinished) {
        explain_unfinished(recorded, decision);
    } else {
        snprintf(decision->reason, sizeof decision->reason,
                 "fingerprint differs (what changed is not recorded)");
    }
    text_clear(&changes.text);
}

/* Of a stack whose status allows a skip. */
static void decide_by_fingerprint(const struct stack_view *view, struct stack_decision *decision)
{
    MUST(view->live != NULL);
    const char *tag = pair_value(view->live->tags, view->live->tag_count, FINGERPRINT_TAG);
    decision->action = STACK_UPDATE;
    if (tag == NULL) {
        snprintf(decision->reason, sizeof decision->reason, "no %s tag", FINGERPRINT_TAG);
    } else if (strcmp(tag, view->wanted->hex) != 0) {
        explain_difference(view, tag, decision);
    } else if (view->recorded != NULL && view->recorded->is_unfinished) {
        explain_unfinished(view->recorded, decision);
    } else if (view->is_forced) {
        snprintf(decision->reason, sizeof decision->reason, "the deploy is forced");
    } else {
        decision->action = STACK_SKIP;
        snprintf(decision->reason, sizeof decision->reason, "up to date");
    }
}

/* A repair is tried once in a run; what it could not mend gets the next harder remedy. */
static void harden(const struct stack_view *view, struct stack_decision *decision, const char **why)
{
    if (decision->action == STACK_CONTINUE_ROLLBACK && view->was_repaired) {
        decision->action = STACK_RECREATE;
        *why = "taking back an update failed twice";
    }
    if (decision->action == STACK_DELETE_AGAIN && view->was_deleted_again) {
        decision->action = STACK_GIVE_UP;
        *why = "it could not be deleted twice";
    }
}

void stack_decide(const struct stack_view *view, struct stack_decision *ret_decision)
{
    enum stack_status status = view->live != NULL ? view->live->status : STACK_ABSENT;
    struct stack_decision decision = {.action = rows[status].action};
    if (decision.action == STACK_SKIP) {
        decide_by_fingerprint(view, &decision);
    } else {
        const char *why = rows[status].why;
        harden(view, &decision, &why);
        if (status == STACK_ABSENT) {
            snprintf(decision.reason, sizeof decision.reason, "%s", why);
        } else {
            snprintf(decision.reason, sizeof decision.reason, "status %s: %s", stack_status_name(status),
                     why);
        }
    }
    *ret_decision = decision;
}
