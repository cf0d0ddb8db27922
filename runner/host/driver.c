/* driver.c - the corridor: effect -> performer, completion -> input. See driver.h.
 *
 * One step at a time: a completion that arrives while a step's effects are being taken is queued, and given
 * after. */
#include "itrun/host/driver.h"
#include "itrun/base/memory.h"
#include "itrun/host/credentials.h"
#include "itrun/host/files.h"
#include "itrun/host/journal.h"
#include "itrun/model/trace_context.h"
#include "peek.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define FLUSH_EVERY_MS 5000
#define TICK_EVERY_MS  200
#define SIGNAL_COUNT   4

struct driver {
    const struct driver_options *options;
    struct run *run;
    struct effects effects;
    bool is_stepping;
    struct input *queue; /* completions waiting for the step under way to end */
    size_t queue_count, queue_capacity;
    struct journal *journal;
    struct process_room *processes;
    struct collector collector;
    struct credentials_server *credentials;
    struct redactor **redactors; /* by account; one more at the end for those without an account */
    uint64_t event_seq;
    int64_t started_us;
    uv_timer_t work_timer, flush_timer, tick_timer;
    struct boot_timer *lease_timer;
    uv_signal_t signals[SIGNAL_COUNT];
    int closing_count;
    bool is_closing;
    struct error first_sink_error;
};

static void driver_close(struct driver *driver);

static void complain(const struct driver *driver, const struct error *error)
{
    if (error != NULL && error->kind != ERROR_NONE && driver->options->complain != NULL) {
        driver->options->complain(driver->options->complain_context, error);
    }
}

/* --- steps ------------------------------------------------------------------------------------------- */

static void take_effects(struct driver *driver);

static void set_timers(struct driver *driver);

static void step(struct driver *driver, struct input *input)
{
    input->now_ms = clock_monotonic_ms();
    input->lease_now_ms = clock_boottime_ms();
    driver->is_stepping = true;
    run_step(driver->run, input, &driver->effects);
    take_effects(driver);
    driver->is_stepping = false;
}

static void give(struct driver *driver, const struct input *input)
{
    if (driver->is_stepping) {
        driver->queue =
            memory_grow(driver->queue, driver->queue_count, &driver->queue_capacity, sizeof *driver->queue);
        driver->queue[driver->queue_count++] = *input;
        return;
    }
    struct input next = *input;
    step(driver, &next);
    for (size_t i = 0; i < driver->queue_count; i++) {
        next = driver->queue[i];
        step(driver, &next);
    }
    driver->queue_count = 0;
    if (run_is_finished(driver->run)) {
        driver_close(driver);
    } else {
        set_timers(driver);
    }
}

static struct input completion(enum input_type type, const struct effect *effect)
{
    return (struct input){.type = type, .effect_id = effect->id, .lane = effect->lane};
}

/* --- performers -------------------------------------------------------------------------------------- */

/* What a performer needs to answer later; the effect itself is gone by then. */
struct pending {
    struct driver *driver;
    uint64_t effect_id;
    size_t lane;
    size_t account;
    enum aws_operation operation;
};

static struct pending *pending_new(struct driver *driver, const struct effect *effect)
{
    struct pending *pending = memory_new(sizeof *pending);
    *pending = (struct pending){
        .driver = driver, .effect_id = effect->id, .lane = effect->lane, .account = NO_INDEX};
    return pending;
}

static void event_written(void *context, uint64_t effect_id, const struct error *error)
{
    struct pending *pending = context;
    struct input input = {.type = INPUT_EMITTED, .effect_id = effect_id, .lane = pending->lane};
    struct driver *driver = pending->driver;
    if (error->kind != ERROR_NONE) {
        input.error = *error;
    }
    memory_free(pending);
    give(driver, &input);
}

static void tell_sinks(struct driver *driver, const struct event *event)
{
    for (size_t i = 0; i < driver->options->sink_count; i++) {
        struct error error = {0};
        struct sink *sink = driver->options->sinks[i];
        if (!sink->on_event(sink, event, &error) && driver->first_sink_error.kind == ERROR_NONE) {
            error_prefix(&error, "%s", sink->name);
            driver->first_sink_error = error;
            complain(driver, &error);
        }
    }
}

static void perform_emit(struct driver *driver, const struct effect *effect)
{
    struct event event = *effect->event;
    event.seq = ++driver->event_seq;
    event.wall_us = clock_wall_us();
    event.monotonic_us = clock_monotonic_us() - driver->started_us;
    if (event.type == EVENT_RUN_FINISHED && driver->options->aws != NULL) {
        event.end.aws_requests =
            driver->options->aws_requests_before + aws_request_count(driver->options->aws);
        event.end.aws_throttles = aws_throttle_count(driver->options->aws);
    }
    struct text line = {0};
    event_encode(&event, &line);
    journal_append(driver->journal, line.bytes, line.length, event_type_is_synced(event.type), effect->id,
                   event_written, pending_new(driver, effect));
    text_clear(&line);
    tell_sinks(driver, &event);
}

static void perform_claim(struct driver *driver, const struct effect *effect)
{
    struct input input = completion(INPUT_CLAIMED, effect);
    input.is_granted = true; /* one worker: nobody else could have it */
    give(driver, &input);
}

static void store_answered(void *context, const struct input *answer)
{
    give(context, answer);
}

static void perform_store(struct driver *driver, const struct effect *effect)
{
    MUST(driver->options->lease_store != NULL);
    lease_store_perform(driver->options->lease_store, effect, store_answered, driver);
}

static void learn_secrets(struct driver *driver, size_t account)
{
    const struct aws_credentials *credentials = aws_account_credentials(driver->options->aws, account);
    if (credentials != NULL) {
        redactor_add(driver->redactors[account], credentials->secret_key);
        redactor_add(driver->redactors[account], credentials->token);
        if (driver->options->secret_learned != NULL) {
            driver->options->secret_learned(driver->options->secret_context, credentials->secret_key);
            driver->options->secret_learned(driver->options->secret_context, credentials->token);
        }
    }
}

static void aws_answered(void *context, const struct aws_answer *answer)
{
    struct pending *pending = context;
    struct driver *driver = pending->driver;
    if (pending->operation == AWS_ASSUME_ROLE && answer->error.kind == ERROR_NONE) {
        learn_secrets(driver, pending->account);
    }
    struct input input = {.type = INPUT_AWS_ANSWERED, .effect_id = pending->effect_id, .lane = pending->lane};
    input.aws = *answer;
    memory_free(pending);
    give(driver, &input);
}

static void perform_aws(struct driver *driver, const struct effect *effect)
{
    MUST(driver->options->aws != NULL);
    struct pending *pending = pending_new(driver, effect);
    pending->account = effect->aws.account;
    pending->operation = effect->aws.operation;
    aws_perform(driver->options->aws, &effect->aws, aws_answered, pending);
}

static struct redactor *redactor_of(struct driver *driver, size_t account)
{
    return driver->redactors[account == NO_INDEX ? driver->options->inventory->account_count : account];
}

static void process_ended(void *context, uint64_t effect_id, const struct process_end *end)
{
    struct pending *pending = context;
    struct driver *driver = pending->driver;
    if (driver->credentials != NULL && pending->account != NO_INDEX) {
        credentials_shut(driver->credentials, effect_id);
    }
    struct input input = {.type = INPUT_PROCESS_ENDED, .effect_id = effect_id, .lane = pending->lane};
    input.process = *end;
    memory_free(pending);
    give(driver, &input);
}

/* What it starts is a part of its span, so that the system's own traces join. */
static void make_traceparent(const struct driver *driver, const struct spawn *spawn,
                             char ret_traceparent[TRACEPARENT_SIZE])
{
    const struct inventory *inventory = driver->options->inventory;
    const struct run_options *run = driver->options->run;
    struct span_key attempt = {.kind = SPAN_ATTEMPT, .number = (size_t)spawn->attempt};
    struct span_key stack = {.kind = SPAN_STACK, .shard = spawn->lane + 1};
    bool is_attempt = spawn->suite != NO_INDEX;
    struct span_key *key = is_attempt ? &attempt : &stack;
    key->name = is_attempt ? inventory->suites[spawn->suite].name : inventory->stacks[spawn->stack].name;
    stack.account = spawn->account != NO_INDEX ? inventory->accounts[spawn->account].alias : NULL;
    struct trace_context context;
    char id[SPAN_ID_SIZE];
    trace_context_of_run(run->run_id, run->traceparent, &context);
    span_id(run->run_id, key, id);
    traceparent_write(&context, id, ret_traceparent);
}

static void perform_spawn(struct driver *driver, const struct effect *effect)
{
    const struct spawn *spawn = &effect->spawn;
    const struct inventory *inventory = driver->options->inventory;
    char traceparent[TRACEPARENT_SIZE], url[128], token[128];
    struct pair extra[8];
    size_t count = 0;
    make_traceparent(driver, spawn, traceparent);
    extra[count++] = (struct pair){"TRACEPARENT", traceparent};
    if (spawn->account != NO_INDEX) {
        const char *region = inventory->accounts[spawn->account].region;
        extra[count++] = (struct pair){"AWS_REGION", region};
        extra[count++] = (struct pair){"AWS_DEFAULT_REGION", region};
        credentials_open(driver->credentials, effect->id, spawn->account, url, token);
        redactor_add(driver->redactors[spawn->account], token);
        extra[count++] = (struct pair){"AWS_CONTAINER_CREDENTIALS_FULL_URI", url};
        extra[count++] = (struct pair){"AWS_CONTAINER_AUTHORIZATION_TOKEN", token};
        if (inventory->endpoint != NULL) {
            extra[count++] = (struct pair){"AWS_ENDPOINT_URL", inventory->endpoint};
        }
    }
    struct pending *pending = pending_new(driver, effect);
    pending->account = spawn->account;
    process_spawn(driver->processes, effect->id, spawn, extra, count, redactor_of(driver, spawn->account),
                  process_ended, pending);
}

static void perform_signal(struct driver *driver, const struct effect *effect)
{
    process_signal(driver->processes, effect->signal.spawn_id, effect->signal.is_kill);
    struct input input = completion(INPUT_SIGNALLED, effect);
    give(driver, &input);
}

static void perform_guard_deadline(struct driver *driver, const struct effect *effect)
{
    process_set_deadline(driver->processes, effect->lane, effect->lease_stop_by_ms);
    struct input input = completion(INPUT_SIGNALLED, effect);
    give(driver, &input);
}

static void perform_close_lane(struct driver *driver, const struct effect *effect)
{
    process_close_lane(driver->processes, effect->lane);
    struct input input = completion(INPUT_SIGNALLED, effect);
    give(driver, &input);
}

static void collected(void *context, uint64_t effect_id, const struct error *error,
                      const struct report *report)
{
    struct pending *pending = context;
    struct driver *driver = pending->driver;
    struct input input = {.type = INPUT_COLLECTED, .effect_id = effect_id, .lane = pending->lane};
    input.collected.error = *error;
    input.collected.report = report;
    memory_free(pending);
    give(driver, &input);
}

static void perform_collect(struct driver *driver, const struct effect *effect)
{
    static const struct report none = {0};
    const struct driver_options *options = driver->options;
    struct pending *pending = pending_new(driver, effect);
    driver->collector.loop = options->loop;
    if (!collect_start(&driver->collector, effect->id, &effect->collect,
                       &options->inventory->suites[effect->collect.suite], options->run->directory,
                       redactor_of(driver, effect->collect.account), collected, pending)) {
        struct error fine = {0};
        collected(pending, effect->id, &fine, &none);
    }
}

static void (*const performers[EFFECT_TYPE_COUNT])(struct driver *, const struct effect *) = {
    [EFFECT_EMIT] = perform_emit,
    [EFFECT_CLAIM] = perform_claim,
    [EFFECT_LEASE_ACQUIRE] = perform_store,
    [EFFECT_LEASE_RENEW] = perform_store,
    [EFFECT_LEASE_RELEASE] = perform_store,
    [EFFECT_LEDGER_READ] = perform_store,
    [EFFECT_LEDGER_BEGIN] = perform_store,
    [EFFECT_LEDGER_END] = perform_store,
    [EFFECT_AWS] = perform_aws,
    [EFFECT_SPAWN] = perform_spawn,
    [EFFECT_SIGNAL] = perform_signal,
    [EFFECT_GUARD_DEADLINE] = perform_guard_deadline,
    [EFFECT_COLLECT] = perform_collect,
    [EFFECT_LANE_CLOSE] = perform_close_lane,
};

static void take_effects(struct driver *driver)
{
    for (size_t i = 0; i < driver->effects.count; i++) {
        const struct effect *effect = &driver->effects.list[i];
        performers[effect->type](driver, effect);
    }
    effects_reset(&driver->effects);
}

/* --- timers and signals ------------------------------------------------------------------------------ */

static void work_deadline(uv_timer_t *timer)
{
    struct input input = {.type = INPUT_DEADLINE, .lane = NO_INDEX};
    give(timer->data, &input);
}

static void lease_deadline(void *context)
{
    struct input input = {.type = INPUT_DEADLINE, .lane = NO_INDEX};
    give(context, &input);
}

static void set_timers(struct driver *driver)
{
    int64_t work_ms = run_next_deadline_ms(driver->run);
    if (work_ms == INT64_MAX) {
        uv_timer_stop(&driver->work_timer);
    } else {
        int64_t left_ms = work_ms - clock_monotonic_ms();
        uv_update_time(driver->options->loop);
        uv_timer_start(&driver->work_timer, work_deadline, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
    }
    boot_timer_set(driver->lease_timer, run_next_lease_deadline_ms(driver->run));
}

static void flush_sinks(struct driver *driver, bool is_end)
{
    for (size_t i = 0; i < driver->options->sink_count; i++) {
        struct error error = {0};
        struct sink *sink = driver->options->sinks[i];
        if (sink->flush == NULL || (sink->writes_only_at_end && !is_end)) {
            continue;
        }
        if (!sink->flush(sink, &error)) {
            error_prefix(&error, "%s", sink->name);
            complain(driver, &error);
        }
    }
}

static void flush_due(uv_timer_t *timer)
{
    flush_sinks(timer->data, false);
}

static void tick_due(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    for (size_t i = 0; i < driver->options->sink_count; i++) {
        struct sink *sink = driver->options->sinks[i];
        if (sink->on_tick != NULL) {
            sink->on_tick(sink, clock_monotonic_us() - driver->started_us);
        }
    }
}

static void signal_came(uv_signal_t *handle, int number)
{
    if (number == SIGUSR1) {
        const struct driver *driver = handle->data;
        peek_show(driver->options, driver->processes);
        return;
    }
    struct input input = {
        .type = INPUT_STOP, .lane = NO_INDEX, .signal = number == SIGHUP ? SIGTERM : number};
    give(handle->data, &input);
}

static void start_timers_and_signals(struct driver *driver)
{
    uv_loop_t *loop = driver->options->loop;
    uv_timer_init(loop, &driver->work_timer);
    uv_timer_init(loop, &driver->flush_timer);
    uv_timer_init(loop, &driver->tick_timer);
    driver->work_timer.data = driver->flush_timer.data = driver->tick_timer.data = driver;
    uv_timer_start(&driver->flush_timer, flush_due, FLUSH_EVERY_MS, FLUSH_EVERY_MS);
    uv_timer_start(&driver->tick_timer, tick_due, TICK_EVERY_MS, TICK_EVERY_MS);
    static const int numbers[SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        uv_signal_init(loop, &driver->signals[i]);
        driver->signals[i].data = driver;
        uv_signal_start(&driver->signals[i], signal_came, numbers[i]);
    }
}

/* --- closing ----------------------------------------------------------------------------------------- */

static void journal_closed(void *context, const struct error *error)
{
    struct driver *driver = context;
    complain(driver, error);
    driver->closing_count--;
}

static void part_closed(void *context)
{
    struct driver *driver = context;
    driver->closing_count--;
}

static void handle_closed(uv_handle_t *handle)
{
    struct driver *driver = handle->data;
    driver->closing_count--;
}

static void close_handle(struct driver *driver, uv_handle_t *handle)
{
    driver->closing_count++;
    uv_close(handle, handle_closed);
}

static void driver_close(struct driver *driver)
{
    if (driver->is_closing) {
        return;
    }
    driver->is_closing = true;
    flush_sinks(driver, true);
    close_handle(driver, (uv_handle_t *)&driver->work_timer);
    close_handle(driver, (uv_handle_t *)&driver->flush_timer);
    close_handle(driver, (uv_handle_t *)&driver->tick_timer);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        close_handle(driver, (uv_handle_t *)&driver->signals[i]);
    }
    driver->closing_count += 3;
    boot_timer_close(driver->lease_timer, part_closed, driver);
    process_room_close(driver->processes, part_closed, driver);
    journal_close(driver->journal, journal_closed, driver);
    if (driver->credentials != NULL) {
        driver->closing_count++;
        credentials_server_close(driver->credentials, part_closed, driver);
    }
}

/* --- opening ----------------------------------------------------------------------------------------- */

static void make_redactors(struct driver *driver)
{
    const struct driver_options *options = driver->options;
    size_t count = options->inventory->account_count + 1;
    driver->redactors = memory_new(count * sizeof *driver->redactors);
    for (size_t i = 0; i < count; i++) {
        driver->redactors[i] = redactor_new();
        for (size_t s = 0; s < options->secret_count; s++) {
            redactor_add(driver->redactors[i], options->secrets[s]);
        }
    }
}

static bool open_performers(struct driver *driver, struct error *error)
{
    const struct driver_options *options = driver->options;
    struct process_options process = {
        .guard_path = options->guard_path,
        .tmp_root = options->run->tmp_root,
        .run_directory = options->run->directory,
        .base_environment = options->environment,
        .cookie = options->run->run_id,
        .lane_count = options->plan->shard_count,
    };
    driver->journal = journal_open(options->loop, options->journal_path, true, error);
    driver->processes = driver->journal != NULL ? process_room_new(options->loop, &process, error) : NULL;
    driver->lease_timer =
        driver->processes != NULL ? boot_timer_new(options->loop, lease_deadline, driver, error) : NULL;
    if (driver->lease_timer == NULL) {
        return false;
    }
    if (options->aws != NULL) {
        driver->credentials = credentials_server_new(options->loop, options->aws, error);
        return driver->credentials != NULL;
    }
    return true;
}

/* A performer that would not open: close the others. */
static void close_opened(struct driver *driver)
{
    if (driver->journal != NULL) {
        driver->closing_count++;
        journal_close(driver->journal, journal_closed, driver);
    }
    if (driver->processes != NULL) {
        driver->closing_count++;
        process_room_close(driver->processes, part_closed, driver);
    }
    if (driver->lease_timer != NULL) {
        driver->closing_count++;
        boot_timer_close(driver->lease_timer, part_closed, driver);
    }
}

static void run_loop(struct driver *driver)
{
    while (!driver->is_closing || driver->closing_count > 0) {
        uv_run(driver->options->loop, UV_RUN_ONCE);
    }
}

static void driver_clear(struct driver *driver)
{
    for (size_t i = 0; i <= driver->options->inventory->account_count; i++) {
        redactor_free(driver->redactors[i]);
    }
    memory_free(driver->redactors);
    memory_free(driver->queue);
    effects_clear(&driver->effects);
    run_free(driver->run);
}

bool driver_run(const struct driver_options *options, int *ret_exit_code, struct error *error)
{
    struct driver driver = {.options = options, .started_us = clock_monotonic_us()};
    make_redactors(&driver);
    effects_init(&driver.effects);
    driver.run = run_new(options->inventory, options->plan, options->run);
    bool is_open = open_performers(&driver, error);
    if (is_open) {
        start_timers_and_signals(&driver);
        struct input start = {.type = INPUT_START, .lane = NO_INDEX};
        give(&driver, &start);
    } else {
        driver.is_closing = true;
        close_opened(&driver);
    }
    run_loop(&driver);
    if (is_open) {
        *ret_exit_code = run_exit_code(driver.run);
    }
    driver_clear(&driver);
    return is_open;
}
