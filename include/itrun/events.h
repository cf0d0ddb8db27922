/* events.h - what happened in a run: the only thing that leaves it, and how it is written and read back.
 *
 * One object a line in events.ndjson. The live event and the recorded one are the same struct. Only run/
 * makes events: facts for users, not private transitions. The driver stamps seq and times once, before any
 * sink. Published as events.schema.json beside this header. Sinks read no clock and touch no file.
 *
 * Owns: an event borrows all it points to; event_decode puts everything in the arena it is given.
 * Source: the idea of announcing first and resolving later is Bazel's Build Event Protocol. */
#ifndef ITRUN_EVENTS_H
#define ITRUN_EVENTS_H
#include "itrun/base/chunk.h"
#include "itrun/base/text.h"
#include "itrun/model/input.h"

#define EVENT_SCHEMA_VERSION 1

/* X(constant, word, must be synced before it counts as emitted) */
#define EVENT_TABLE(X)                                                                                       \
    X(RUN_STARTED, "run.started", false)                                                                     \
    X(SUITE_PLANNED, "suite.planned", false)  /* one a suite, before anything runs */                        \
    X(PLAN_ANNOUNCED, "plan.announced", true) /* how many suites were planned; nothing starts before it */   \
    X(ACCOUNT_WAITING, "account.waiting", false) /* all are held; by whom */                                 \
    X(ACCOUNT_LEASED, "account.leased", false)                                                               \
    X(ACCOUNT_RELEASED, "account.released", false) /* reason: free, dirty, lost, held (for duration_ms) */   \
    X(STACK_DECIDED, "stack.decided", false)       /* action and reason */                                   \
    X(STACK_FINISHED, "stack.finished", false)                                                               \
    X(SUITE_STOLEN, "suite.stolen", false)                                                                   \
    X(ATTEMPT_STARTED, "attempt.started", false)                                                             \
    X(ATTEMPT_FINISHED, "attempt.finished", false)                                                           \
    X(SUITE_FINISHED, "suite.finished", true)                                                                \
    X(SHARD_FINISHED, "shard.finished", false)                                                               \
    X(PROBLEM, "problem", false) /* infrastructure: kind, message */                                         \
    X(RUN_FINISHED, "run.finished", true)

enum event_type {
#define X(constant, word, synced) EVENT_##constant,
    EVENT_TABLE(X)
#undef X
        EVENT_TYPE_COUNT
};
const char *event_type_name(enum event_type type);
bool event_type_is_synced(enum event_type type);

struct event {
    enum event_type type;
    uint64_t seq;
    int64_t wall_us;      /* since 1970 */
    int64_t monotonic_us; /* since the run's start */
    const char *run;
    const char *worker;
    size_t shard;           /* 1-based; 0: none */
    size_t suite;           /* 0-based index in the plan's announcement; NO_INDEX: none */
    int attempt;            /* 1-based; 0: none */
    const char *suite_name; /* wherever suite is set */

    /* Which of these are set depends on the type; the rest are zero. */
    const char *account; /* alias */
    const char *stack;
    const char *reason; /* why: of a decision, a release, a theft, an end, a problem's message */
    enum outcome outcome;
    int64_t duration_ms;

    struct { /* RUN_STARTED */
        const char *version, *project, *commit, *branch, *config, *limited_by;
        const char *base, *base_commit, *job, *job_url; /* of the CI job, where one ran it */
        uint64_t seed;
        size_t shard_count, account_count, job_count;
        int64_t predicted_ms, lower_bound_ms;
        bool is_dirty;
        const char *resumed_from;
        const char *ci;          /* the CI service it ran in: "github", "gitlab", ...; NULL: none */
        const char *traceparent; /* W3C: the span that the run is a part of; NULL: none */
        const char *resource;    /* OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, as "key=value,..." */
        int64_t last_success_us; /* wall: when the last passed run before it ended; 0: unknown */
    } start;
    struct { /* SUITE_PLANNED; PLAN_ANNOUNCED sets suite_count only */
        const char *group, *framework, *file, *repro;
        const char *repeat_of; /* --repeat: the suite that this is one execution of; NULL: none */
        size_t repeat;         /* which one, from 1 */
        bool can_select;       /* `repro --test CASE` runs one case */
        int64_t expected_ms;
        size_t suite_count;
        size_t case_count; /* of the last passed run; 0 unknown */
    } planned;
    struct {                /* STACK_DECIDED, STACK_FINISHED */
        const char *action; /* "skip" "wait" "create" "update" "repair" "replace" "give up" */
        bool is_ok;
        const char *fingerprint;
        int64_t expected_ms; /* STACK_DECIDED: what the planner takes the action to last, a skip to spare */
    } stack_action;
    uint64_t fence;    /* ACCOUNT_LEASED */
    size_t from_shard; /* SUITE_STOLEN */
    struct {           /* ATTEMPT_FINISHED */
        int exit_code, signal, leaked_count;
        int64_t user_us, system_us, max_rss_bytes, output_bytes;
        bool is_output_cut;
        const char *output_tail;     /* last lines */
        const char *output_path;     /* relative to the run's directory */
        const struct report *report; /* NULL: none */
    } ended;
    struct { /* SUITE_FINISHED */
        int attempts;
        bool is_flaky; /* passed after an attempt that did not */
    } suite_end;
    const char *problem_kind; /* PROBLEM: "lease_lost" "throttle" "credentials" "deploy" "report_missing"
                               * "leak" "retry_budget" */
    struct {                  /* RUN_FINISHED */
        int exit_code;
        int64_t makespan_ms;
        uint64_t aws_requests, aws_throttles; /* throttles: answers that asked to come again later */
        int stopped_by_signal;
        bool is_past_deadline;
    } end;
};

/* One line, newline included. */
void event_encode(const struct event *event, struct text *text);
/* Strings live in arena; so does ended.report (its arena field is NULL then). Unknown fields are ignored, an
 * unknown type gives false with kind GONE (skip the line), a broken line kind INVALID. */
bool event_decode(const char *line, size_t length, struct arena *arena, struct event *ret_event,
                  struct error *error);

/* Every event of a journal, in order; events of types unknown here are passed over. False: a damaged line, or
 * what visit answered. A last line torn by a crash is dropped, and *ret_torn (may be NULL) says so. An event
 * and what it points to live until visit returns. */
typedef bool event_visit(void *context, const struct event *event, struct error *error);
bool events_read(const char *bytes, size_t length, event_visit *visit, void *context, bool *ret_torn,
                 struct error *error);

/* What runs at this moment: for whoever asks (SIGUSR1, a key); never journaled. Valid during the call. */
struct peek {
    size_t shard, suite; /* shard 1-based; suite NO_INDEX: a deploy */
    const char *stack;   /* of a deploy: its name; NULL: an attempt */
    int64_t running_ms;
    const char *tail; /* its last lines of output, redacted; "" none yet */
};

/* Receives every event, in order. One shape for journal, reporters, console, history. */
struct sink {
    const char *name;
    bool writes_only_at_end; /* what it writes is too much to be written every 5 s */
    bool (*on_event)(struct sink *sink, const struct event *event, struct error *error);
    /* Write out what is known so far (the driver calls it at most every 5 s and at the end); may be NULL. */
    bool (*flush)(struct sink *sink, struct error *error);
    void (*on_tick)(struct sink *sink,
                    int64_t monotonic_us); /* console only: redraw; not journaled; may be NULL */
    /* console only: shows what runs; may be NULL */
    void (*on_peek)(struct sink *sink, const struct peek *peeks, size_t count);
    void (*free)(struct sink *sink);
};
struct out_part {
    struct chunk *const *chunks; /* one after the other */
    size_t count;
};
/* Where a sink's bytes go; cli wires it to a file, a terminal, a buffer. The callee copies or writes at once.
 */
struct out {
    bool (*append)(struct out *out, const char *bytes, size_t length, struct error *error);
    bool (*replace)(struct out *out, const char *bytes, size_t length,
                    struct error *error); /* whole content, atomically */
    /* As replace, for what one file may not hold: part 1 is the file itself, part 2 of junit.xml is
     * junit-2.xml. A part that is the same as last time is left alone; one of a higher number that an earlier
     * writing left there goes away, if `mark` stands near its start. Keeps the chunks that it needs. */
    bool (*replace_parts)(struct out *out, const struct out_part *parts, size_t count, const char *mark,
                          struct error *error);
    bool is_terminal;
    bool is_behind; /* what was appended is not all written: more of what can wait would only pile up */
    int (*columns)(struct out *out); /* terminals: width now; may be NULL */
    int (*rows)(struct out *out);    /* terminals: height now; may be NULL */
};

/* fold: the events of a run -> the state of that run. Feeding the journal gives what the live run had.
 *
 * Decides what is an impossible history (kind INVALID): a suite announced twice, not announced, or finished
 * twice; a count that does not match. Keeps no test cases. Owns all its strings. */
struct fold_attempt {
    int number; /* 1-based */
    enum outcome outcome;
    const char *reason;
    int64_t started_us, duration_ms; /* started_us: wall */
    size_t shard;
    const char *account; /* alias */
    int exit_code, signal, leaked_count;
    const char *output_tail; /* of bad attempts only: a fold is kept as long as the run */
    const char *output_path;
    size_t case_counts[CASE_STATUS_COUNT]; /* the cases themselves are not kept */
    bool is_finished;
};
struct fold_suite {
    const char *name, *group, *framework, *file, *repro;
    const char *repeat_of; /* --repeat: of which suite this is an execution; NULL: none */
    bool can_select;       /* a case of it is reproduced by `repro --test CASE` */
    size_t shard;          /* where it ran last, or was planned */
    size_t planned_shard;
    int64_t expected_ms;
    size_t expected_cases; /* of the last passed run; 0 unknown */
    bool is_finished;
    enum outcome outcome; /* OUTCOME_LOST until it is finished */
    const char *reason;
    const char *account; /* alias, where it ran last */
    bool is_flaky;
    int64_t started_us, duration_ms; /* started_us: wall, of the first attempt; 0: none started */
    struct fold_attempt *attempts;
    size_t attempt_count, attempt_capacity;
};
/* What a lane does at any moment; the four add up to the time from the announcement to the lane's end. */
enum fold_phase { FOLD_WAIT, FOLD_RECONCILE, FOLD_TEST, FOLD_IDLE, FOLD_PHASE_COUNT };
struct fold_shard {                     /* index 0 is shard 1; times are monotonic */
    const char *account;                /* alias, the last one leased */
    int64_t phase_us[FOLD_PHASE_COUNT]; /* up to the last change; fold_shard_now adds what is under way */
    int64_t wait_us, longest_wait_us;   /* for an account: the newest wait, under way or not; the longest */
    int64_t since_us;                   /* the last change */
    bool is_leased, is_testing, is_finished;
    size_t deploys_open;
    const char *reason; /* why it ended */
};
struct fold_hold { /* an account that was left for a person to look into */
    size_t shard;
    const char *account;
    int64_t hold_ms; /* from the end of the run */
};
struct fold {
    struct arena *arena;
    struct event start; /* RUN_STARTED, copied */
    struct fold_suite *suites;
    size_t suite_count, suite_capacity;
    struct fold_shard *shards;
    size_t shard_count, shard_capacity;
    size_t stacks_skipped, stacks_created, stacks_updated, stacks_replaced, stacks_failed;
    int64_t stack_deploy_ms;
    size_t leaked_processes, retried_attempts;
    bool is_retry_budget_spent;
    struct fold_hold *holds;
    size_t hold_count, hold_capacity;
    int64_t retry_ms;
    int64_t first_failure_us; /* monotonic; 0: none */
    struct {
        const char *kind;
        size_t count;
    } problems[16];
    size_t problem_count;
    bool is_announced, is_finished;
    struct event end;     /* RUN_FINISHED, when is_finished */
    int64_t announced_us; /* monotonic */
    int64_t last_monotonic_us, last_wall_us;
    uint64_t last_seq;
};
struct fold *fold_new(void);
void fold_free(struct fold *fold);
bool fold_event(struct fold *fold, const struct event *event, struct error *error);
/* Reads a whole journal; a torn last line is dropped (and said in *ret_torn). */
bool fold_journal(struct fold *fold, const char *bytes, size_t length, bool *ret_torn, struct error *error);
void fold_verdict(const struct fold *fold, struct verdict *ret_verdict);
/* A lane with its times up to the last event; index 0 is shard 1. */
void fold_shard_now(const struct fold *fold, size_t index, struct fold_shard *ret_shard);
/* Of the run: as it ended, or up to the last event. */
int64_t fold_makespan_ms(const struct fold *fold);
/* The newest attempt of a suite, or NULL. */
const struct fold_attempt *fold_last_attempt(const struct fold_suite *suite);
#endif
