#include "itrun/stacks.h"
#include <criterion/criterion.h>
#include <string.h>

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct pair tag_a = {FINGERPRINT_TAG, HEX_A};
static const struct fingerprint wanted_a = {.hex = HEX_A};

static enum stack_action decide(enum stack_status status, struct stack_decision *ret_decision)
{
    struct live_stack live = {.stack_name = "s", .status = status, .tags = &tag_a, .tag_count = 1};
    struct stack_view view = {.live = status == STACK_ABSENT ? NULL : &live, .wanted = &wanted_a};
    stack_decide(&view, ret_decision);
    return ret_decision->action;
}

/* The stack's tag is the wanted one in every row: only the status decides. */
static const struct {
    enum stack_status status;
    enum stack_action action;
} rows[] = {
    {STACK_ABSENT, STACK_CREATE},
    {STACK_CREATE_IN_PROGRESS, STACK_WAIT},
    {STACK_CREATE_FAILED, STACK_RECREATE},
    {STACK_CREATE_COMPLETE, STACK_SKIP},
    {STACK_ROLLBACK_IN_PROGRESS, STACK_WAIT},
    {STACK_ROLLBACK_FAILED, STACK_RECREATE},
    {STACK_ROLLBACK_COMPLETE, STACK_RECREATE},
    {STACK_DELETE_IN_PROGRESS, STACK_WAIT},
    {STACK_DELETE_FAILED, STACK_DELETE_AGAIN},
    {STACK_DELETE_COMPLETE, STACK_CREATE},
    {STACK_UPDATE_IN_PROGRESS, STACK_WAIT},
    {STACK_UPDATE_COMPLETE_CLEANUP_IN_PROGRESS, STACK_WAIT},
    {STACK_UPDATE_COMPLETE, STACK_SKIP},
    {STACK_UPDATE_FAILED, STACK_RECREATE},
    {STACK_UPDATE_ROLLBACK_IN_PROGRESS, STACK_WAIT},
    {STACK_UPDATE_ROLLBACK_FAILED, STACK_CONTINUE_ROLLBACK},
    {STACK_UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS, STACK_WAIT},
    {STACK_UPDATE_ROLLBACK_COMPLETE, STACK_UPDATE},
    {STACK_REVIEW_IN_PROGRESS, STACK_RECREATE},
    {STACK_IMPORT_IN_PROGRESS, STACK_WAIT},
    {STACK_IMPORT_COMPLETE, STACK_SKIP},
    {STACK_IMPORT_ROLLBACK_IN_PROGRESS, STACK_WAIT},
    {STACK_IMPORT_ROLLBACK_FAILED, STACK_GIVE_UP},
    {STACK_IMPORT_ROLLBACK_COMPLETE, STACK_UPDATE},
};

Test(decide, every_status_has_its_action_and_says_why)
{
    cr_assert_eq(sizeof rows / sizeof *rows, STACK_STATUS_COUNT, "one row a status");
    for (size_t i = 0; i < STACK_STATUS_COUNT; i++) {
        struct stack_decision decision;
        cr_assert_eq(rows[i].status, (enum stack_status)i, "the rows are in the order of the statuses");
        cr_expect_eq(decide(rows[i].status, &decision), rows[i].action, "%s gives %s",
                     stack_status_name(rows[i].status), stack_action_name(decision.action));
        cr_expect(decision.reason[0] != '\0', "%s has no reason", stack_status_name(rows[i].status));
        if (rows[i].action != STACK_SKIP && rows[i].status != STACK_ABSENT) {
            cr_expect(strstr(decision.reason, stack_status_name(rows[i].status)) != NULL, "%s",
                      decision.reason);
        }
    }
}

Test(decide, only_three_statuses_are_ever_skipped)
{
    for (int i = 0; i < STACK_STATUS_COUNT; i++) {
        struct stack_decision decision;
        bool is_skip = decide((enum stack_status)i, &decision) == STACK_SKIP;
        cr_expect_eq(is_skip, i != STACK_ABSENT && stack_status_is_succeeded((enum stack_status)i));
    }
}

static struct stack_decision decide_complete(const struct stack_view *given, const struct pair *tags,
                                             size_t tag_count)
{
    struct live_stack live = {
        .stack_name = "s", .status = STACK_CREATE_COMPLETE, .tags = tags, .tag_count = tag_count};
    struct stack_view view = *given;
    struct stack_decision decision;
    view.live = &live;
    stack_decide(&view, &decision);
    return decision;
}

Test(decide, a_stack_without_our_tag_is_updated)
{
    struct stack_view view = {.wanted = &wanted_a};
    struct stack_decision decision = decide_complete(&view, NULL, 0);
    cr_assert_eq(decision.action, STACK_UPDATE);
    cr_assert_str_eq(decision.reason, "no itrun:fingerprint tag");
}

Test(decide, an_unfinished_deploy_is_never_taken_for_done)
{
    struct ledger_entry recorded = {.fingerprint = HEX_A, .is_unfinished = true, .run = "r7"};
    struct stack_view view = {.wanted = &wanted_a, .recorded = &recorded};
    struct stack_decision decision = decide_complete(&view, &tag_a, 1);
    cr_assert_eq(decision.action, STACK_UPDATE);
    cr_assert_str_eq(decision.reason, "a deploy of it was left unfinished (run r7)");
    recorded.is_unfinished = false;
    cr_assert_eq(decide_complete(&view, &tag_a, 1).action, STACK_SKIP);
}

Test(decide, a_forced_deploy_updates_what_is_up_to_date)
{
    struct stack_view view = {.wanted = &wanted_a, .is_forced = true};
    cr_assert_eq(decide_complete(&view, &tag_a, 1).action, STACK_UPDATE);
}

Test(decide, changed_parts_are_named_three_at_most)
{
    struct fingerprint_part old_parts[] = {{"file a", "1"}, {"file b", "1"}, {"file c", "1"},
                                           {"file d", "1"}, {"file e", "1"}, {"same", "1"}};
    struct fingerprint_part new_parts[] = {
        {"file a", "2"}, {"file c", "2"}, {"file d", "2"}, {"file f", "1"}, {"same", "1"}};
    struct ledger_entry recorded = {.fingerprint = HEX_B, .parts = old_parts, .part_count = 6};
    struct fingerprint wanted = {.hex = HEX_A, .parts = new_parts, .part_count = 5};
    struct stack_view view = {.wanted = &wanted, .recorded = &recorded};
    struct pair tag = {FINGERPRINT_TAG, HEX_B};
    struct stack_decision decision = decide_complete(&view, &tag, 1);
    cr_assert_eq(decision.action, STACK_UPDATE);
    cr_assert_str_eq(decision.reason, "file a changed, file c changed, file d changed and 3 more");
    recorded.part_count = 1;
    wanted.part_count = 1;
    cr_assert_str_eq(decide_complete(&view, &tag, 1).reason, "file a changed");
}

Test(decide, parts_of_another_fingerprint_explain_nothing)
{
    struct fingerprint_part old_part = {"template", "1"};
    struct fingerprint_part new_part = {"template", "2"};
    struct ledger_entry recorded = {.fingerprint = HEX_A, .parts = &old_part, .part_count = 1};
    struct fingerprint wanted = {.hex = HEX_A, .parts = &new_part, .part_count = 1};
    struct stack_view view = {.wanted = &wanted, .recorded = &recorded};
    struct pair tag = {FINGERPRINT_TAG, HEX_B};
    cr_assert_str_eq(decide_complete(&view, &tag, 1).reason,
                     "fingerprint differs (what changed is not recorded)");
    recorded.is_unfinished = true;
    recorded.run = "r8";
    cr_assert_str_eq(decide_complete(&view, &tag, 1).reason, "a deploy of it was left unfinished (run r8)");
}

Test(decide, a_repair_that_failed_gets_the_harder_remedy)
{
    struct live_stack live = {.stack_name = "s", .status = STACK_UPDATE_ROLLBACK_FAILED};
    struct stack_view view = {
        .live = &live, .wanted = &wanted_a, .was_repaired = true, .was_deleted_again = true};
    struct stack_decision decision;
    stack_decide(&view, &decision);
    cr_assert_eq(decision.action, STACK_RECREATE);
    live.status = STACK_DELETE_FAILED;
    stack_decide(&view, &decision);
    cr_assert_eq(decision.action, STACK_GIVE_UP);
}
