#include "html/failures.h"
#include <string.h>

#define NAME_LIMIT    500
#define MESSAGE_LIMIT 1500

void failures_init(struct failures *failures)
{
    *failures = (struct failures){.arena = arena_new()};
    for (int i = 0; i < FAULT_COUNT; i++) {
        failures->lists[i] = arena_alloc(failures->arena, FAILURES_SHOWN * sizeof(struct failure));
    }
}

void failures_copy(const struct failures *failures, struct failures *ret_copy)
{
    failures_init(ret_copy);
    for (int i = 0; i < FAULT_COUNT; i++) {
        ret_copy->listed[i] = failures->listed[i];
        ret_copy->counts[i] = failures->counts[i];
        memcpy(ret_copy->lists[i], failures->lists[i], failures->listed[i] * sizeof(struct failure));
    }
}

void failures_clear(struct failures *failures)
{
    arena_free(failures->arena);
}

static const char *one_line(struct arena *arena, const char *string)
{
    struct text text = {0};
    markup_append_line(&text, string, NAME_LIMIT);
    const char *kept = arena_string(arena, text_string(&text));
    text_clear(&text);
    return kept;
}

static const char *lines(struct arena *arena, const char *string)
{
    struct text text = {0};
    markup_append_clean(&text, string, MESSAGE_LIMIT);
    const char *kept = arena_string(arena, text_string(&text));
    text_clear(&text);
    return kept;
}

/* "KeyError: 'total'": the message alone may say little. What the message begins with is not said twice. */
static const char *message_of(struct arena *arena, const struct test_case *result)
{
    const char *message = result->message != NULL ? result->message : result->body;
    bool is_said = result->type == NULL || message == NULL || string_starts_with(message, result->type);
    bool is_word = result->type != NULL && outcome_parse(result->type, &(enum outcome){OUTCOME_PASSED});
    if (is_said || is_word) {
        return lines(arena, message);
    }
    return lines(arena, arena_format(arena, "%s: %s", result->type, message));
}

/* One stack that cannot be deployed stops forty suites: that is one thing to read, not forty. */
static struct failure *find_alike(const struct failures *failures, enum fault fault, const char *message)
{
    for (size_t i = 0; i < failures->listed[fault]; i++) {
        struct failure *failure = &failures->lists[fault][i];
        if (failure->is_synthetic && message[0] != '\0' && strcmp(failure->message, message) == 0) {
            return failure;
        }
    }
    return NULL;
}

static void add_one(struct failures *failures, const struct fold_suite *suite, size_t index,
                    const struct reported_case *reported_case, enum fault fault)
{
    const struct test_case *result = fault == FAULT_FLAKE && reported_case->other_count > 0
                                         ? reported_case->others[0]
                                         : reported_case->main;
    failures->counts[fault]++;
    if (reported_case->is_synthetic) {
        struct failure *alike = find_alike(failures, fault, message_of(failures->arena, result));
        if (alike != NULL) {
            alike->alike++;
            return;
        }
    }
    if (failures->listed[fault] == FAILURES_SHOWN) {
        return;
    }
    struct text repro = {0};
    case_append_repro(suite, reported_case, &repro);
    struct failure *failure = &failures->lists[fault][failures->listed[fault]++];
    *failure = (struct failure){.suite = index,
                                .outcome = fault_outcome(suite, reported_case),
                                .name = one_line(failures->arena, reported_case->name),
                                .classname = one_line(failures->arena, result->classname),
                                .file = one_line(failures->arena, result->file),
                                .message = message_of(failures->arena, result),
                                .repro = arena_string(failures->arena, text_string(&repro)),
                                .line = result->line,
                                .is_synthetic = reported_case->is_synthetic};
    text_clear(&repro);
    markup_anchor(one_line(failures->arena, suite->name), failure->classname, failure->name, failure->anchor);
}

void failures_add(struct failures *failures, const struct fold *fold, size_t suite,
                  const struct reported *reported)
{
    for (size_t i = 0; i < reported->count; i++) {
        enum fault fault = fault_of(&fold->suites[suite], &reported->list[i]);
        if (fault != FAULT_NONE) {
            add_one(failures, &fold->suites[suite], suite, &reported->list[i], fault);
        }
    }
}
