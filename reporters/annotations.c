/* annotations.c - failures as GitHub's annotations: beside the line in a pull request's diff.
 *
 * GitHub shows ten of a level for a step and drops the rest in silence: so the tenth counts them. */
#include "line.h"
#include "tally.h"

#define SHOWN         9
#define MESSAGE_LIMIT 1000
#define NAME_LIMIT    200

struct annotations {
    struct sink sink;
    struct out *out;
    struct annotations_options options;
    struct arena *arena;
    struct tally *tally;
    struct text lines;
    size_t count; /* of failures, shown or not */
};

/* "file=tests/x.py,line=7,": only where it is known. */
static void append_place(struct annotations *annotations, const struct fold_suite *suite,
                         const struct test_case *result)
{
    struct text path = {0};
    const char *file = result->file != NULL ? result->file : suite->file;
    if (file == NULL) {
        return;
    }
    if (annotations->options.folder[0] != '\0') {
        text_append_format(&path, "%s/", annotations->options.folder);
    }
    text_append(&path, file);
    text_append(&annotations->lines, "file=");
    ci_append_property(&annotations->lines, text_string(&path));
    text_append_char(&annotations->lines, ',');
    if (result->file != NULL && result->line > 0) {
        text_append_format(&annotations->lines, "line=%d,", result->line);
    }
    text_clear(&path);
}

static void append_message(struct text *text, const struct fold_suite *suite, const struct reported_case *bad)
{
    const char *message = bad->main->message != NULL ? bad->main->message : bad->main->body;
    line_append_first(text, message != NULL ? message : suite->reason, MESSAGE_LIMIT);
    if (suite->repro != NULL) {
        struct text repro = {0};
        case_append_repro(suite, bad, &repro);
        text_append(text, "\nreproduce: ");
        line_append_exact(text, text_string(&repro));
        text_clear(&repro);
    }
}

static void note_case(struct annotations *annotations, const struct fold_suite *suite,
                      const struct reported_case *bad)
{
    if (annotations->count++ >= SHOWN) {
        return;
    }
    struct text title = {0}, message = {0};
    line_append(&title, suite->name, NAME_LIMIT);
    if (!bad->is_synthetic) {
        text_append(&title, ": ");
        line_append(&title, bad->name, NAME_LIMIT);
    }
    append_message(&message, suite, bad);
    text_append(&annotations->lines, "::error ");
    append_place(annotations, suite, bad->main);
    text_append(&annotations->lines, "title=");
    ci_append_property(&annotations->lines, text_string(&title));
    text_append(&annotations->lines, "::");
    ci_append_data(&annotations->lines, text_string(&message));
    text_append_char(&annotations->lines, '\n');
    text_clear(&title);
    text_clear(&message);
}

/* Suites that never started are many and say nothing: the verdict counts them. */
static void note_suite(struct annotations *annotations, size_t index)
{
    const struct fold_suite *suite = &annotations->tally->fold->suites[index];
    struct reported reported;
    tally_cases(annotations->tally, index, &reported);
    for (size_t i = 0;
         i < reported.count && outcome_is_bad(suite->outcome) && suite->outcome != OUTCOME_CANCELLED; i++) {
        const struct reported_case *one = &reported.list[i];
        if (one->status == CASE_FAILED || one->status == CASE_ERROR) {
            note_case(annotations, suite, one);
        }
    }
    reported_clear(&reported);
    tally_drop(annotations->tally, index);
}

static bool say_all(struct annotations *annotations, struct error *error)
{
    const char *token = annotations->options.stop_token;
    struct text text = {0};
    if (annotations->count == 0) {
        return true;
    }
    if (token != NULL) {
        text_append_format(&text, "::%s::\n", token);
    }
    text_append(&text, text_string(&annotations->lines));
    if (annotations->count > SHOWN) {
        text_append_format(&text,
                           "::error title=itrun::and %zu more failures: the summary of this step has them\n",
                           annotations->count - SHOWN);
    }
    if (token != NULL) {
        text_append_format(&text, "::stop-commands::%s\n", token);
    }
    bool is_ok = annotations->out->append(annotations->out, text.bytes, text.length, error);
    text_clear(&text);
    return is_ok;
}

static bool annotations_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct annotations *annotations = (struct annotations *)sink;
    if (!tally_event(annotations->tally, event, error)) {
        return false;
    }
    if (event->type == EVENT_SUITE_FINISHED) {
        note_suite(annotations, event->suite);
    }
    return event->type != EVENT_RUN_FINISHED || say_all(annotations, error);
}

static void annotations_free(struct sink *sink)
{
    struct annotations *annotations = (struct annotations *)sink;
    text_clear(&annotations->lines);
    arena_free(annotations->arena);
    tally_free(annotations->tally);
    memory_free(annotations);
}

struct sink *annotations_sink_new(struct out *out, const struct annotations_options *options)
{
    struct annotations *annotations = memory_new(sizeof *annotations);
    annotations->sink =
        (struct sink){.name = "annotations", .on_event = annotations_on_event, .free = annotations_free};
    annotations->out = out;
    annotations->arena = arena_new();
    annotations->options.folder = arena_string(annotations->arena, options->folder);
    annotations->options.stop_token = arena_string(annotations->arena, options->stop_token);
    annotations->tally = tally_new();
    return &annotations->sink;
}
