/* invariants.c - the promises, checked by name after every simulated step. Numbers are those of the promises:
 * 1 declared means accounted for, 2 kill -9 loses only what is in flight, 3 one account one owner, 4 nothing
 * outlives the run, 6 a skip is never wrong; "retries" and "hold" are those of suites tried again, and of
 * accounts left for a person to look into. */
#include "world.h"
#include <string.h>

static size_t account_of(const struct actor *actor, const char *alias)
{
    for (size_t i = 0; alias != NULL && i < actor->inventory.account_count; i++) {
        if (strcmp(actor->inventory.accounts[i].alias, alias) == 0) {
            return i;
        }
    }
    return NO_INDEX;
}

static void check_outcome(struct world *world, int index, const struct event *event, uint64_t effect_id)
{
    struct actor *actor = &world->actors[index];
    struct truth *truth = &actor->truth[event->suite];
    if (!truth->is_announced) {
        world_break(world, "promise 1 declared", "suite %zu of actor %d ended, but was never announced",
                    event->suite, index);
    }
    if (truth->has_outcome) {
        world_break(world, "promise 1 declared", "suite %zu of actor %d has two outcomes", event->suite,
                    index);
    }
    if (event->outcome == OUTCOME_PASSED && (!truth->is_last_attempt_good || truth->attempts == 0)) {
        world_break(world, "promise 1 declared", "suite %zu of actor %d is called passed, nobody saw it pass",
                    event->suite, index);
    }
    truth->has_outcome = true;
    truth->outcome = event->outcome;
    truth->outcome_effect = effect_id;
}

static bool is_tests_fault(enum outcome outcome)
{
    return outcome == OUTCOME_FAILED || outcome == OUTCOME_ERROR || outcome == OUTCOME_TIMEOUT;
}

static void check_retry(struct world *world, int index, const struct event *event)
{
    struct actor *actor = &world->actors[index];
    struct truth *truth = &actor->truth[event->suite];
    if (event->attempt == 1) {
        return;
    }
    const struct retries *allowed = &actor->inventory.suites[event->suite].retries;
    enum retry_class class = outcome_retry_class(truth->last_outcome);
    if (class == RETRY_NEVER || ++truth->retries[class] > allowed->of[class] ||
        event->attempt - 1 > allowed->total) {
        world_break(world, "promise retries limits",
                    "suite %zu of actor %d is tried for the %d. time after %s", event->suite, index,
                    event->attempt, outcome_name(truth->last_outcome));
    }
    if (++actor->retries > actor->options.retry_budget) {
        world_break(world, "promise retries limits", "actor %d makes %zu retries with a budget of %zu", index,
                    actor->retries, actor->options.retry_budget);
    }
}

static void check_skip(struct world *world, int index, const struct event *event)
{
    struct actor *actor = &world->actors[index];
    size_t stack_index = 0;
    while (strcmp(actor->inventory.stacks[stack_index].name, event->stack) != 0) {
        MUST(++stack_index < STACKS);
    }
    struct sim_account *account = &world->accounts[account_of(actor, event->account)];
    struct sim_stack *stack = &account->stacks[stack_index];
    stack_settle(world, stack);
    if (!stack_status_is_succeeded(stack->status)) {
        world_break(world, "promise 6 skip", "stack %s was skipped in status %s", event->stack,
                    stack_status_name(stack->status));
    }
    if (stack->content != actor->content) {
        world_break(world, "promise 6 skip", "stack %s was skipped, but holds version %d, not %d",
                    event->stack, stack->content, actor->content);
    }
    if (account->ledger[stack_index].is_there && account->ledger[stack_index].is_unfinished) {
        world_break(world, "promise 6 skip", "stack %s was skipped, a deploy of it was left unfinished",
                    event->stack);
    }
}

/* People and dashboards are told of an account what the store was told. */
static void check_told_release(struct world *world, int index, const struct event *event)
{
    struct actor *actor = &world->actors[index];
    size_t account = account_of(actor, event->account);
    if (account == NO_INDEX || actor->is_local) {
        return;
    }
    if (strcmp(event->reason, "free") == 0 && actor->released_as[account] == ACCOUNT_DIRTY) {
        world_break(world, "promise told release", "actor %d calls %s free, it was released as dirty", index,
                    event->account);
    }
}

void check_event(struct world *world, int index, const struct event *event, uint64_t effect_id)
{
    struct actor *actor = &world->actors[index];
    switch (event->type) {
    case EVENT_SUITE_PLANNED: actor->truth[event->suite].is_announced = true; break;
    case EVENT_ATTEMPT_STARTED:
        check_retry(world, index, event);
        actor->truth[event->suite].attempts++;
        actor->truth[event->suite].is_last_attempt_good = false;
        break;
    case EVENT_ATTEMPT_FINISHED:
        actor->truth[event->suite].last_outcome = event->outcome;
        actor->truth[event->suite].last_account = account_of(actor, event->account);
        break;
    case EVENT_SUITE_FINISHED:
        check_outcome(world, index, event, effect_id);
        if (event->account != NULL && is_tests_fault(event->outcome)) {
            actor->has_bad_suite[account_of(actor, event->account)] = true;
        }
        break;
    case EVENT_STACK_DECIDED:
        if (strcmp(event->stack_action.action, stack_action_name(STACK_SKIP)) == 0) {
            check_skip(world, index, event);
        }
        break;
    case EVENT_RUN_STARTED:
    case EVENT_PLAN_ANNOUNCED:
    case EVENT_ACCOUNT_WAITING:
    case EVENT_ACCOUNT_RELEASED: check_told_release(world, index, event); break;
    case EVENT_ACCOUNT_LEASED:
    case EVENT_STACK_FINISHED:
    case EVENT_SUITE_STOLEN:
    case EVENT_SHARD_FINISHED:
    case EVENT_PROBLEM:
    case EVENT_RUN_FINISHED:
    case EVENT_TYPE_COUNT: break;
    }
}

static void check_needs(struct world *world, int index, const struct spawn *spawn)
{
    struct actor *actor = &world->actors[index];
    const struct suite *suite = &actor->inventory.suites[spawn->suite];
    for (size_t i = 0; i < suite->need_count; i++) {
        struct sim_stack *stack = &world->accounts[spawn->account].stacks[suite->needs[i]];
        stack_settle(world, stack);
        if (!stack_status_is_succeeded(stack->status) || stack->content != actor->content) {
            world_break(world, "promise 6 skip",
                        "suite %zu started on stack %zu in %s, version %d instead of %d", spawn->suite,
                        suite->needs[i], stack_status_name(stack->status), stack->content, actor->content);
        }
    }
}

/* What the infrastructure failed in an account is not tried there again while another lane could try it. */
void check_claim(struct world *world, int index, const struct effect *effect)
{
    struct actor *actor = &world->actors[index];
    const struct truth *truth = &actor->truth[effect->suite];
    const struct lane *lane = &actor->run->lanes[effect->lane];
    if (truth->attempts == 0 || truth->last_outcome != OUTCOME_INFRA ||
        truth->last_account != lane->account || actor->options.is_stealing_off) {
        return;
    }
    for (size_t i = 0; i < actor->run->lane_count; i++) {
        const struct lane *other = &actor->run->lanes[i];
        if (other != lane && other->state == LANE_OPEN && !other->wants_move &&
            choose_is_ready(other, effect->suite)) {
            world_break(world, "promise retries elsewhere",
                        "suite %zu of actor %d is tried again in account %zu, lane %zu could do it elsewhere",
                        effect->suite, index, lane->account, i);
        }
    }
}

/* An account in which a suite failed is held where that was asked for, and no other. */
void check_release(struct world *world, int index, const struct effect *effect)
{
    struct actor *actor = &world->actors[index];
    actor->released_as[effect->store.account] = effect->store.next;
    size_t account = effect->store.account;
    bool is_due = actor->has_bad_suite[account] && actor->options.hold_ms > 0;
    bool is_held = effect->store.next == ACCOUNT_HELD;
    bool is_lost = strcmp(effect->store.reason, "lease lost") == 0;
    actor->has_bad_suite[account] = false;
    if (is_held != is_due && !is_lost) {
        world_break(world, "promise hold failed", "actor %d lets account %zu go as %s (%s)", index, account,
                    account_state_name(effect->store.next), effect->store.reason);
    }
}

void check_spawn(struct world *world, int index, const struct spawn *spawn)
{
    struct actor *actor = &world->actors[index];
    if (!actor->is_announced) {
        world_break(world, "promise 1 declared",
                    "actor %d started something before its announcement was synced", index);
    }
    if (actor->is_local) {
        return;
    }
    const struct sim_account *account = &world->accounts[spawn->account];
    if (account->lease.owner != index || account->lease.expires_ms <= world_lease_now(world)) {
        world_break(world, "promise 3 one owner", "actor %d starts in account %zu without its lease", index,
                    spawn->account);
    }
    if (spawn->lease_stop_by_ms >= account->lease.expires_ms) {
        world_break(world, "promise 3 one owner",
                    "a guard's deadline is after the lease's end in account %zu", spawn->account);
    }
    for (size_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        bool is_other = process->actor != index || process->lane != spawn->lane;
        bool is_second = process->actor == index && process->lane == spawn->lane &&
                         process->suite != NO_INDEX && spawn->suite != NO_INDEX;
        if (process->is_alive && process->account == spawn->account && is_other) {
            world_break(world, "promise 3 one owner", "two lanes have processes in account %zu",
                        spawn->account);
        }
        if (process->is_alive && is_second) {
            world_break(world, "promise 3 one owner", "lane %zu of actor %d runs two suites at once",
                        spawn->lane, index);
        }
    }
    if (spawn->suite != NO_INDEX) {
        check_needs(world, index, spawn);
    }
}

void check_write(struct world *world, int index, size_t account)
{
    const struct sim_account *owned = &world->accounts[account];
    if (owned->lease.owner != index || owned->lease.expires_ms <= world_lease_now(world)) {
        world_break(world, "promise 3 one owner", "actor %d changes a stack in account %zu without its lease",
                    index, account);
    }
}

void check_step(struct world *world)
{
    for (size_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (world->actors[process->actor].is_local) {
            continue;
        }
        int owner = process->is_alive ? world->accounts[process->account].lease.owner : process->actor;
        if (owner >= 0 && owner != process->actor) {
            world_break(world, "promise 3 one owner",
                        "account %zu belongs to actor %d, a process of actor %d lives in it",
                        process->account, owner, process->actor);
        }
    }
}

/* --- the end of an actor ------------------------------------------------------------------------------- */

static void check_fold(struct world *world, int index, bool is_killed)
{
    struct actor *actor = &world->actors[index];
    struct fold *fold = fold_new();
    struct error error = {0};
    bool is_torn = false;
    if (!fold_journal(fold, actor->journal.bytes, actor->journal.length, &is_torn, &error)) {
        world_break(world, "promise 2 kill -9", "the journal cannot be folded: %s", error.what);
    }
    for (size_t i = 0; i < actor->inventory.suite_count && world->failure[0] == '\0'; i++) {
        const struct truth *truth = &actor->truth[i];
        enum outcome told = i < fold->suite_count ? fold->suites[i].outcome : OUTCOME_LOST;
        bool must_be_there = is_killed ? truth->is_outcome_synced : truth->has_outcome;
        if (must_be_there && told != truth->outcome) {
            world_break(world, "promise 2 kill -9", "suite %zu of actor %d: the journal says %s, it was %s",
                        i, index, outcome_name(told), outcome_name(truth->outcome));
        }
        if (!truth->has_outcome && told != OUTCOME_LOST) {
            world_break(world, "promise 2 kill -9",
                        "suite %zu of actor %d: the journal says %s, it has no outcome", i, index,
                        outcome_name(told));
        }
    }
    fold_free(fold);
}

static void check_verdict(struct world *world, int index)
{
    struct actor *actor = &world->actors[index];
    bool is_all_good = true;
    for (size_t i = 0; i < actor->inventory.suite_count; i++) {
        if (!actor->truth[i].has_outcome) {
            world_break(world, "promise 1 declared", "suite %zu of actor %d has no outcome at the end", i,
                        index);
        }
        is_all_good = is_all_good && !outcome_is_bad(actor->truth[i].outcome);
    }
    if (run_exit_code(actor->run) == 0 && !is_all_good) {
        world_break(world, "promise 1 declared", "actor %d exits with 0, not all of its suites passed",
                    index);
    }
}

static void check_nothing_left(struct world *world, int index)
{
    struct actor *actor = &world->actors[index];
    for (size_t i = 0; i < world->process_count; i++) {
        if (world->processes[i].is_alive && world->processes[i].actor == index) {
            world_break(world, "promise 4 nothing outlives", "actor %d ended, a process of lane %zu lives",
                        index, world->processes[i].lane);
        }
    }
    for (size_t i = 0; i < world->account_count; i++) {
        bool is_held = world->accounts[i].lease.owner == index &&
                       world->accounts[i].lease.expires_ms > world_lease_now(world);
        if (is_held && !actor->may_store_fail) {
            world_break(world, "promise 4 nothing outlives", "actor %d ended and still holds account %zu",
                        index, i);
        }
    }
}

void check_end(struct world *world, int index, bool is_killed)
{
    if (!is_killed) {
        check_verdict(world, index);
        check_nothing_left(world, index);
    }
    check_fold(world, index, is_killed);
}
