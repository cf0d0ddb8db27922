/* markdown.c - the run as a page of Markdown: GitHub's step summary, a Buildkite annotation, a comment.
 *
 * Everything but output stands in HTML blocks, which Markdown leaves alone until a blank line; what tests and
 * people named stands there in <code>, on one line and escaped, where neither @somebody nor #123 is a link.
 * Output stands in fences longer than any run of backticks in it. */
#include "line.h"
#include "tally.h"
#include "itrun/base/xml.h"
#include <string.h>

#define NAME_LIMIT    200
#define MESSAGE_LIMIT 300
#define BODY_LIMIT    (4 * 1024)
#define ENTRY_SLACK   (256) /* for the lines that count what was left out */
#define SLOW_SHOWN    10
#define FENCE_LEAST   3

enum section { SECTION_FAILURES, SECTION_INFRA, SECTION_UNFINISHED, SECTION_FLAKY, SECTION_COUNT };
static const char *const titles[SECTION_COUNT] = {
    [SECTION_FAILURES] = "Failures",
    [SECTION_INFRA] = "Infrastructure: nobody's test",
    [SECTION_UNFINISHED] = "Not finished",
    [SECTION_FLAKY] = "Flaky: failed, then passed",
};

struct entries {
    const char **list; /* each a block of its own, in the arena */
    size_t count, capacity, bytes;
    size_t dropped; /* beyond what the page could hold in any case */
};
struct markdown {
    struct sink sink;
    struct out *out;
    size_t limit_bytes;
    struct arena *arena;
    struct tally *tally;
    struct totals totals;
    struct entries sections[SECTION_COUNT];
    bool is_changed;
};

/* One line, as code in an HTML block. */
static void append_code(struct text *text, const char *string, size_t limit)
{
    struct text line = {0};
    line_append(&line, string, limit);
    text_append(text, "<code>");
    text_append_xml_text(text, text_string(&line));
    text_append(text, "</code>");
    text_clear(&line);
}

static void append_exact(struct text *text, const char *string)
{
    struct text line = {0};
    line_append_exact(&line, string);
    text_append(text, "<code>");
    text_append_xml_text(text, text_string(&line));
    text_append(text, "</code>");
    text_clear(&line);
}

static size_t longest_run_of_backticks(const char *string)
{
    size_t longest = 0;
    for (const char *c = string; *c != '\0';) {
        size_t run = strspn(c, "`");
        longest = run > longest ? run : longest;
        c += run > 0 ? run : 1;
    }
    return longest;
}

static void append_fenced(struct text *text, const char *body)
{
    struct text clean = {0};
    size_t length = strlen(body);
    bool is_cut = length > BODY_LIMIT;
    text_append_printable(&clean, body, is_cut ? BODY_LIMIT : length);
    size_t fence = longest_run_of_backticks(text_string(&clean)) + 1;
    fence = fence < FENCE_LEAST ? FENCE_LEAST : fence;
    text_append_char(text, '\n');
    for (size_t i = 0; i < fence; i++) {
        text_append_char(text, '`');
    }
    text_append_format(text, "text\n%s%s\n", text_string(&clean),
                       is_cut ? "\n… (cut: see the files of the run)" : "");
    for (size_t i = 0; i < fence; i++) {
        text_append_char(text, '`');
    }
    text_append(text, "\n\n");
    text_clear(&clean);
}

static void keep(struct markdown *markdown, enum section section, struct text *entry)
{
    struct entries *entries = &markdown->sections[section];
    if (entries->bytes + entry->length > markdown->limit_bytes) {
        entries->dropped++;
    } else {
        entries->list = memory_grow(entries->list, entries->count, &entries->capacity, sizeof *entries->list);
        entries->list[entries->count++] = arena_string(markdown->arena, text_string(entry));
        entries->bytes += entry->length;
    }
    text_clear(entry);
}

static void append_place(struct text *text, const struct fold_suite *suite)
{
    if (suite->shard > 0) {
        text_append_format(text, " · shard %zu", suite->shard);
    }
    if (suite->account != NULL) {
        text_append(text, " · ");
        append_code(text, suite->account, NAME_LIMIT);
    }
}

static void note_bad_case(struct markdown *markdown, enum section section, const struct fold_suite *suite,
                          const struct reported_case *bad)
{
    struct text entry = {0};
    const struct test_case *result = bad->main;
    const char *message = result->message != NULL ? result->message : suite->reason;
    text_append_format(&entry, "<details><summary>%s ", outcome_symbol(suite->outcome));
    append_code(&entry, suite->name, NAME_LIMIT);
    if (!bad->is_synthetic) {
        text_append(&entry, " · ");
        append_code(&entry, bad->name, NAME_LIMIT);
    }
    if (message != NULL) {
        struct text first = {0};
        line_append_first(&first, message, MESSAGE_LIMIT);
        text_append(&entry, ": ");
        append_code(&entry, text_string(&first), SIZE_MAX);
        text_clear(&first);
    }
    text_append(&entry, "</summary>\n");
    const struct fold_attempt *attempt = fold_last_attempt(suite);
    const char *output = attempt != NULL ? attempt->output_tail : NULL;
    const char *body = result->body != NULL ? result->body : output;
    if (body != NULL && body[0] != '\0') {
        append_fenced(&entry, body);
    }
    text_append_format(&entry, "<p>%s", outcome_name(suite->outcome));
    append_place(&entry, suite);
    if (suite->repro != NULL) {
        struct text repro = {0};
        case_append_repro(suite, bad, &repro);
        text_append(&entry, "<br>reproduce: ");
        append_exact(&entry, text_string(&repro));
        text_clear(&repro);
    }
    text_append(&entry, "</p></details>\n\n");
    keep(markdown, section, &entry);
}

static void note_line(struct markdown *markdown, enum section section, const struct fold_suite *suite,
                      const char *test, const char *what)
{
    struct text entry = {0};
    text_append(&entry, "<p>");
    append_code(&entry, suite->name, NAME_LIMIT);
    if (test != NULL) {
        text_append(&entry, " · ");
        append_code(&entry, test, NAME_LIMIT);
    }
    text_append_format(&entry, " · %s</p>\n\n", what);
    keep(markdown, section, &entry);
}

static enum section section_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_INFRA: return SECTION_INFRA;
    case OUTCOME_CANCELLED:
    case OUTCOME_LOST: return SECTION_UNFINISHED;
    case OUTCOME_PASSED:
    case OUTCOME_SKIPPED:
    case OUTCOME_FAILED:
    case OUTCOME_TIMEOUT:
    case OUTCOME_ERROR:
    case OUTCOME_COUNT: break;
    }
    return SECTION_FAILURES;
}

static void note_suite(struct markdown *markdown, size_t index)
{
    const struct fold_suite *suite = &markdown->tally->fold->suites[index];
    enum section section = section_of(suite->outcome);
    struct reported reported;
    tally_cases(markdown->tally, index, &reported);
    totals_add(&markdown->totals, &reported.totals);
    if (section == SECTION_UNFINISHED) {
        note_line(markdown, section, suite, NULL, outcome_name(suite->outcome));
    }
    for (size_t i = 0; i < reported.count; i++) {
        const struct reported_case *one = &reported.list[i];
        bool is_bad = one->status == CASE_FAILED || one->status == CASE_ERROR;
        if (is_bad && section != SECTION_UNFINISHED) {
            note_bad_case(markdown, section, suite, one);
        } else if (one->is_flaky) {
            note_line(markdown, SECTION_FLAKY, suite, one->is_synthetic ? NULL : one->name,
                      "passed in the end");
        }
    }
    reported_clear(&reported);
    tally_drop(markdown->tally, index);
}

static void append_heading(const struct markdown *markdown, const struct verdict *verdict, struct text *text)
{
    const struct fold *fold = markdown->tally->fold;
    size_t bad = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        bad += outcome_is_bad((enum outcome)i) ? verdict->counts[i] : 0;
    }
    int exit_code = fold->is_finished ? fold->end.end.exit_code : verdict_exit_code(verdict);
    text_append(text, exit_code == EXIT_CODE_PASSED ? "<h3>✅ " : "<h3>❌ ");
    append_code(text, fold->start.start.project, NAME_LIMIT);
    if (bad == 0) {
        text_append_format(text, ": all %zu suites passed</h3>\n", fold->suite_count);
    } else {
        text_append_format(text, ": %zu of %zu suites did not pass</h3>\n", bad, fold->suite_count);
    }
    text_append_format(text, "<p>exit code %d", exit_code);
    if (fold->end.reason != NULL) {
        text_append(text, " · ");
        append_code(text, fold->end.reason, MESSAGE_LIMIT);
    }
    text_append_format(text, "</p>\n");
}

static void append_origin(const struct fold *fold, struct text *text)
{
    const struct event *start = &fold->start;
    text_append(text, "<p>run ");
    append_code(text, start->run, NAME_LIMIT);
    if (start->start.commit != NULL) {
        text_append(text, " · commit ");
        append_code(text, start->start.commit, NAME_LIMIT);
    }
    if (start->start.branch != NULL) {
        text_append(text, " on ");
        append_code(text, start->start.branch, NAME_LIMIT);
    }
    if (start->start.job != NULL) {
        text_append(text, " · ");
        append_code(text, start->start.job, NAME_LIMIT);
    }
    text_append(text, " · took ");
    text_append_duration(text, fold_makespan_ms(fold));
    text_append_format(text, " on %zu shards · seed <code>%llu</code></p>\n", start->start.shard_count,
                       (unsigned long long)start->start.seed);
}

static void append_counts(const struct markdown *markdown, const struct verdict *verdict, struct text *text)
{
    struct totals totals = markdown->totals;
    tally_add_unfinished(markdown->tally, &totals);
    text_append(text, "<table><tr><th></th>");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        text_append_format(text, "<th>%s</th>", outcome_name((enum outcome)i));
    }
    text_append(text, "<th>flaky</th></tr>\n<tr><td>suites</td>");
    size_t flaky = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        text_append_format(text, "<td>%zu</td>", verdict->counts[i]);
    }
    for (size_t i = 0; i < markdown->tally->fold->suite_count; i++) {
        flaky += markdown->tally->fold->suites[i].is_flaky;
    }
    text_append_format(text, "<td>%zu</td></tr></table>\n", flaky);
    text_append_format(text,
                       "<p>%zu tests: %zu passed, %zu failed, %zu errors, %zu skipped, %zu flaky</p>\n\n",
                       totals_count(&totals), totals.counts[CASE_PASSED], totals.counts[CASE_FAILED],
                       totals.counts[CASE_ERROR], totals.counts[CASE_SKIPPED], totals.flaky);
}

static void append_section(const struct markdown *markdown, enum section section, struct text *text)
{
    const struct entries *entries = &markdown->sections[section];
    size_t total = entries->count + entries->dropped;
    if (total == 0 || text->length + 2 * (size_t)ENTRY_SLACK > markdown->limit_bytes) {
        return;
    }
    text_append_format(text, "<h4>%s (%zu)</h4>\n\n", titles[section], total);
    size_t shown = 0;
    while (shown < entries->count &&
           text->length + strlen(entries->list[shown]) + ENTRY_SLACK <= markdown->limit_bytes) {
        text_append(text, entries->list[shown++]);
    }
    if (shown < total) {
        text_append_format(
            text,
            "<p><b>and %zu more</b>, left out: this page may have %zu KiB. summary.json has all.</p>\n\n",
            total - shown, markdown->limit_bytes / 1024);
    }
}

static void append_slow(const struct markdown *markdown, struct text *text)
{
    const struct fold *fold = markdown->tally->fold;
    const struct fold_suite *slow[SLOW_SHOWN];
    size_t count = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        const struct fold_suite *suite = &fold->suites[i];
        size_t at = count;
        while (at > 0 && slow[at - 1]->duration_ms < suite->duration_ms) {
            at--;
        }
        if (at == SLOW_SHOWN || suite->attempt_count == 0) {
            continue;
        }
        count += count < SLOW_SHOWN;
        memmove(&slow[at + 1], &slow[at], (count - at - 1) * sizeof *slow);
        slow[at] = suite;
    }
    struct text list = {0};
    text_append_format(&list, "<details><summary>The %zu slowest suites</summary>\n<ul>\n", count);
    for (size_t i = 0; i < count; i++) {
        text_append(&list, "<li>");
        append_code(&list, slow[i]->name, NAME_LIMIT);
        text_append(&list, " · ");
        text_append_duration(&list, slow[i]->duration_ms);
        text_append(&list, "</li>\n");
    }
    text_append(&list, "</ul></details>\n\n");
    if (count > 0 && text->length + list.length <= markdown->limit_bytes) {
        text_append(text, text_string(&list));
    }
    text_clear(&list);
}

/* Suites without an outcome make no event: they are lost, if nothing comes any more. */
static void append_lost(const struct fold *fold, const struct verdict *verdict, struct text *text)
{
    if (!fold->is_finished && verdict->counts[OUTCOME_LOST] > 0) {
        text_append_format(text, "<p><b>This run has no end:</b> %zu of its suites have no outcome.</p>\n\n",
                           verdict->counts[OUTCOME_LOST]);
    }
}

static void write_page(const struct markdown *markdown, struct text *text)
{
    struct verdict verdict;
    fold_verdict(markdown->tally->fold, &verdict);
    append_heading(markdown, &verdict, text);
    append_origin(markdown->tally->fold, text);
    append_counts(markdown, &verdict, text);
    append_lost(markdown->tally->fold, &verdict, text);
    for (int i = 0; i < SECTION_COUNT; i++) {
        append_section(markdown, (enum section)i, text);
    }
    append_slow(markdown, text);
}

static bool markdown_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct markdown *markdown = (struct markdown *)sink;
    if (!tally_event(markdown->tally, event, error)) {
        return false;
    }
    markdown->is_changed = true;
    if (event->type == EVENT_SUITE_FINISHED) {
        note_suite(markdown, event->suite);
    }
    return true;
}

static bool markdown_flush(struct sink *sink, struct error *error)
{
    struct markdown *markdown = (struct markdown *)sink;
    if (!markdown->is_changed) {
        return true;
    }
    struct text text = {0};
    write_page(markdown, &text);
    bool fits = text.length <= markdown->limit_bytes;
    bool is_ok = markdown->out->replace(markdown->out, text_string(&text), fits ? text.length : 0, error);
    text_clear(&text);
    markdown->is_changed = !is_ok;
    return is_ok;
}

static void markdown_free(struct sink *sink)
{
    struct markdown *markdown = (struct markdown *)sink;
    for (int i = 0; i < SECTION_COUNT; i++) {
        memory_free(markdown->sections[i].list);
    }
    arena_free(markdown->arena);
    tally_free(markdown->tally);
    memory_free(markdown);
}

struct sink *markdown_sink_new(struct out *out, size_t limit_bytes)
{
    struct markdown *markdown = memory_new(sizeof *markdown);
    markdown->sink = (struct sink){
        .name = "markdown", .on_event = markdown_on_event, .flush = markdown_flush, .free = markdown_free};
    markdown->out = out;
    markdown->limit_bytes = limit_bytes;
    markdown->arena = arena_new();
    markdown->tally = tally_new();
    return &markdown->sink;
}
