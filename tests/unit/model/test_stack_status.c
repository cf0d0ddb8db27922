#include "itrun/model/effect.h"
#include <criterion/criterion.h>
#include <string.h>

Test(stack_status, aws_has_23_and_each_is_read_back)
{
    cr_assert_eq(STACK_STATUS_COUNT, 24, "23 and ABSENT");
    for (int i = 0; i < STACK_STATUS_COUNT; i++) {
        enum stack_status read = STACK_STATUS_COUNT;
        cr_assert(stack_status_parse(stack_status_name((enum stack_status)i), &read));
        cr_expect_eq((int)read, i);
    }
    enum stack_status untouched = STACK_ABSENT;
    cr_expect_not(stack_status_parse("CREATE_PERHAPS", &untouched));
}

Test(stack_status, only_three_allow_a_skip)
{
    int count = 0;
    for (int i = 0; i < STACK_STATUS_COUNT; i++) {
        count += stack_status_is_succeeded((enum stack_status)i) ? 1 : 0;
    }
    cr_expect_eq(count, 3);
    cr_expect(stack_status_is_succeeded(STACK_CREATE_COMPLETE));
    cr_expect(stack_status_is_succeeded(STACK_UPDATE_COMPLETE));
    cr_expect(stack_status_is_succeeded(STACK_IMPORT_COMPLETE));
}

Test(stack_status, what_is_in_progress_is_not_settled)
{
    cr_expect_not(stack_status_is_settled(STACK_UPDATE_COMPLETE_CLEANUP_IN_PROGRESS));
    cr_expect_not(stack_status_is_settled(STACK_DELETE_IN_PROGRESS));
    cr_expect(stack_status_is_settled(STACK_REVIEW_IN_PROGRESS),
              "a leftover of a change set: nothing goes on");
    cr_expect(stack_status_is_settled(STACK_ROLLBACK_FAILED));
}

Test(effects, ids_grow_and_never_come_again)
{
    struct effects effects;
    effects_init(&effects);
    uint64_t first = effects_add(&effects, EFFECT_CLAIM, 0)->id;
    effects_reset(&effects);
    struct effect *second = effects_add(&effects, EFFECT_EMIT, 3);
    cr_expect_gt(second->id, first);
    cr_expect_eq(second->lane, 3);
    cr_expect_eq(effects.count, 1);
    effects_clear(&effects);
}
