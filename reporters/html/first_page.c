#include "html/first_page.h"
#include "line.h"
#include <inttypes.h>
#include <string.h>

#define LINE_LIMIT     500
#define LOST_SUITES    10 /* named at each lost shard */
#define LOST_SHARDS    50
#define SHARDS_AT_MOST 100000 /* a damaged journal must not ask for gigabytes */

static void append_line(struct text *text, const char *string)
{
    struct text line = {0};
    markup_append_line(&line, string, LINE_LIMIT);
    markup_append(text, text_string(&line));
    text_clear(&line);
}

static void append_count(struct text *text, size_t count, const char *noun)
{
    text_append_format(text, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

static size_t bad_suites(const struct fold *fold)
{
    size_t count = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        count += outcome_is_bad(fold->suites[i].outcome);
    }
    return count;
}

int first_page_exit_code(const struct fold *fold)
{
    if (fold->is_finished) {
        return fold->end.end.exit_code;
    }
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    return verdict_exit_code(&verdict);
}

/* X: exit code, class of the page, word, sentence */
static const struct {
    int exit_code;
    const char *style, *word, *sentence;
} verdicts[] = {
    {EXIT_CODE_PASSED, "passed", "Passed", "Every planned suite passed or was skipped."},
    {EXIT_CODE_FAILED, "failed", "Failed", "Tests failed."},
    {EXIT_CODE_INFRA, "infra", "Infrastructure failed", "Only infrastructure failed: no test is to blame."},
    {EXIT_CODE_NOTHING, "lost", "Nothing ran", "No suite was selected."},
    {EXIT_CODE_RECORD, "lost", "Not recorded", "itrun could not record the run or write a report."},
    {EXIT_CODE_INCOMPLETE, "lost", "Incomplete", "Some suites never came to an outcome."},
    {EXIT_CODE_DEADLINE, "lost", "Out of time", "The run reached its own deadline."},
    {EXIT_CODE_SIGINT, "lost", "Stopped", "The run was stopped by a signal."},
    {EXIT_CODE_SIGTERM, "lost", "Stopped", "The run was stopped by a signal."},
};

static size_t verdict_row(const struct fold *fold)
{
    int exit_code = first_page_exit_code(fold);
    size_t count = sizeof verdicts / sizeof *verdicts;
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i].exit_code == exit_code) {
            return i;
        }
    }
    return 1;
}

void first_page_title(const struct first_page *page)
{
    size_t failed = page->totals->counts[CASE_FAILED] + page->totals->counts[CASE_ERROR];
    text_append(page->text, verdicts[verdict_row(page->fold)].word);
    if (failed > 0) {
        text_append_format(page->text, " (%zu)", failed);
    }
    text_append(page->text, " · ");
    append_line(page->text, page->fold->start.start.project);
    text_append(page->text, " · itrun");
}

static void append_faults(const struct first_page *page)
{
    bool has_any = false;
    for (int i = 0; i < FAULT_COUNT; i++) {
        size_t count = page->failures->counts[i];
        if (count > 0) {
            text_append(page->text, has_any ? "" : "<ul class=\"faults\" aria-label=\"whose fault\">\n");
            text_append_format(
                page->text, "<li class=\"fault-%s\"><a href=\"#fault-%s\"><strong>%zu</strong> %s</a></li>\n",
                fault_word((enum fault)i), fault_word((enum fault)i), count, fault_title((enum fault)i));
            has_any = true;
        }
    }
    text_append(page->text, has_any ? "</ul>\n" : "");
}

void first_page_verdict(const struct first_page *page)
{
    const struct fold *fold = page->fold;
    struct text *text = page->text;
    size_t row = verdict_row(fold);
    size_t bad = bad_suites(fold);
    size_t failed = page->totals->counts[CASE_FAILED] + page->totals->counts[CASE_ERROR];
    text_append_format(text, "<h1 class=\"verdict %s\">%s</h1>\n<p class=\"lead\">", verdicts[row].style,
                       verdicts[row].word);
    if (bad > 0) {
        append_count(text, failed, "bad result");
        text_append_format(text, " in %zu of ", bad);
        append_count(text, fold->suite_count, "suite");
        text_append(text, ". ");
    }
    text_append(text, verdicts[row].sentence);
    if (!fold->is_finished) {
        text_append(text, " The journal ends before the run does: this is what it holds.");
    }
    text_append_format(text, " Exit code %d.</p>\n", first_page_exit_code(fold));
    append_faults(page);
}

static void fact(struct text *text, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        text_append_format(text, "<div><dt>%s</dt><dd>", name);
        append_line(text, value);
        text_append(text, "</dd></div>\n");
    }
}

static void time_facts(const struct fold *fold, struct text *text)
{
    struct text value = {0};
    char started_at[32];
    time_format_utc(fold->start.wall_us, started_at);
    fact(text, "started", started_at);
    text_append_duration(&value, fold_makespan_ms(fold));
    if (fold->start.start.predicted_ms > 0) {
        text_append(&value, " (predicted ");
        text_append_duration(&value, fold->start.start.predicted_ms);
        text_append(&value, ", at best ");
        text_append_duration(&value, fold->start.start.lower_bound_ms);
        text_append_char(&value, ')');
    }
    fact(text, "took", text_string(&value));
    text_clear(&value);
}

static void count_facts(const struct first_page *page)
{
    const struct fold *fold = page->fold;
    struct text value = {0};
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    text_append_format(&value, "%zu", fold->suite_count);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (verdict.counts[i] > 0) {
            text_append_format(&value, " · %zu %s", verdict.counts[i], outcome_name((enum outcome)i));
        }
    }
    fact(page->text, "suites", text_string(&value));
    text_reset(&value);
    text_append_format(&value, "%zu", totals_count(page->totals));
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        if (page->totals->counts[i] > 0) {
            text_append_format(&value, " · %zu %s", page->totals->counts[i],
                               case_status_name((enum case_status)i));
        }
    }
    if (page->totals->flaky > 0) {
        text_append_format(&value, " · %zu flaky", page->totals->flaky);
    }
    fact(page->text, "tests", text_string(&value));
    text_reset(&value);
    const struct {
        size_t count;
        const char *word;
    } stacks[] = {{fold->stacks_skipped, "up to date"},
                  {fold->stacks_created, "created"},
                  {fold->stacks_updated, "updated"},
                  {fold->stacks_replaced, "replaced"},
                  {fold->stacks_failed, "failed"}};
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        if (stacks[i].count > 0) {
            text_append_format(&value, "%s%zu %s", value.length > 0 ? " · " : "", stacks[i].count,
                               stacks[i].word);
        }
    }
    fact(page->text, "stacks", text_string(&value));
    text_clear(&value);
}

void first_page_facts(const struct first_page *page)
{
    const struct fold *fold = page->fold;
    const struct event *start = &fold->start;
    struct text value = {0};
    text_append(page->text, "<dl class=\"facts\">\n");
    count_facts(page);
    time_facts(fold, page->text);
    text_append_format(&value, "%zu on %zu accounts, %zu at once", start->start.shard_count,
                       start->start.account_count, start->start.job_count);
    fact(page->text, "shards", text_string(&value));
    text_reset(&value);
    text_append_format(&value, "%s%s%s%s", start->start.commit != NULL ? start->start.commit : "",
                       start->start.branch != NULL ? " on " : "",
                       start->start.branch != NULL ? start->start.branch : "",
                       start->start.is_dirty ? ", with changes" : "");
    fact(page->text, "commit", text_string(&value));
    text_reset(&value);
    text_append_format(&value, "%" PRIu64, start->start.seed);
    fact(page->text, "seed", text_string(&value));
    fact(page->text, "run", start->run);
    text_append(page->text, "</dl>\n");
    text_clear(&value);
}

static void write_place(const struct first_page *page, const struct failure *failure)
{
    const struct fold_suite *suite = &page->fold->suites[failure->suite];
    struct text *text = page->text;
    text_append(text, "<p class=\"place\">");
    if (!failure->is_synthetic) { /* else the heading is the suite */
        append_line(text, suite->name);
        text_append(text, " · ");
    }
    if (failure->file[0] != '\0') {
        append_line(text, failure->file);
        text_append_format(text, failure->line > 0 ? ":%d · " : " · ", failure->line);
    }
    text_append_format(text, "shard %zu", suite->shard);
    if (suite->account != NULL) {
        text_append(text, " · ");
        append_line(text, suite->account);
    }
    if (failure->alike > 0) {
        text_append(text, " · the same in ");
        append_count(text, failure->alike, "more suite");
    }
    text_append(text, "</p>\n");
}

static void write_output_link(const struct first_page *page, const struct fold_suite *suite)
{
    const struct fold_attempt *attempt = fold_last_attempt(suite);
    if (attempt != NULL && attempt->output_path != NULL) {
        text_append(page->text, " <a class=\"output\" href=\"");
        markup_append_path(page->text, attempt->output_path);
        text_append(page->text, "\">output</a>");
    }
}

static void write_failure(const struct first_page *page, const struct failure *failure)
{
    const struct fold_suite *suite = &page->fold->suites[failure->suite];
    struct text *text = page->text;
    struct text command = {0};
    text_append_format(
        text, "<article class=\"failure\" id=\"t=%s\">\n<h4><span class=\"outcome %s\">%s %s</span> ",
        failure->anchor, outcome_name(failure->outcome), outcome_symbol(failure->outcome),
        outcome_name(failure->outcome));
    append_line(text, failure->is_synthetic ? suite->name : failure->name);
    text_append(text, "</h4>\n");
    write_place(page, failure);
    if (failure->message[0] != '\0') {
        text_append(text, "<pre class=\"message\">");
        markup_append(text, failure->message);
        text_append(text, "</pre>\n");
    }
    line_append_exact(&command, failure->repro);
    if (command.length > 0) {
        struct text clean = {0};
        markup_append_clean(&clean, text_string(&command), command.length);
        text_append(text, "<p class=\"repro\"><code>");
        markup_append(text, text_string(&clean));
        text_append(text, "</code>");
        write_output_link(page, suite);
        text_append(text, "</p>\n");
        text_clear(&clean);
    }
    text_append(text, "</article>\n");
    text_clear(&command);
}

static void write_fault(const struct first_page *page, enum fault fault, size_t room)
{
    const struct failures *failures = page->failures;
    size_t shown = failures->listed[fault] < room ? failures->listed[fault] : room;
    size_t told = shown;
    text_append_format(page->text,
                       "<section class=\"fault\" id=\"fault-%s\">\n<h3>%s <span>%zu</span></h3>\n<p "
                       "class=\"meaning\">%s</p>\n",
                       fault_word(fault), fault_title(fault), failures->counts[fault], fault_meaning(fault));
    for (size_t i = 0; i < shown; i++) {
        write_failure(page, &failures->lists[fault][i]);
        told += failures->lists[fault][i].alike;
    }
    if (told < failures->counts[fault]) {
        text_append_format(page->text,
                           "<p class=\"more\">and %zu more: summary.json and junit.xml hold them all</p>\n",
                           failures->counts[fault] - told);
    }
    text_append(page->text, "</section>\n");
}

void first_page_failures(const struct first_page *page)
{
    size_t room = FAILURES_SHOWN;
    size_t sections = 0;
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (page->failures->counts[i] > 0) {
            write_fault(page, (enum fault)i, room);
            size_t used = page->failures->listed[i] < room ? page->failures->listed[i] : room;
            room -= used;
            sections++;
        }
    }
    text_append(page->text, sections == 0 ? "<p class=\"nothing\">Nothing failed.</p>\n" : "");
}

static void write_lost_shard(const struct first_page *page, size_t shard, size_t lost)
{
    const struct fold *fold = page->fold;
    struct text *text = page->text;
    size_t named = 0;
    text_append_format(text, "<li>shard %zu", shard + 1);
    if (shard < fold->shard_count && fold->shards[shard].account != NULL) {
        text_append(text, " (");
        append_line(text, fold->shards[shard].account);
        text_append(text, ")");
    }
    text_append(text, ": ");
    append_count(text, lost, "suite");
    text_append(text, " without outcome: ");
    for (size_t i = 0; i < fold->suite_count && named < LOST_SUITES; i++) {
        if (fold->suites[i].shard == shard + 1 && fold->suites[i].outcome == OUTCOME_LOST) {
            text_append(text, named++ > 0 ? ", " : "");
            append_line(text, fold->suites[i].name);
        }
    }
    text_append(text, lost > named ? ", …</li>\n" : "</li>\n");
}

/* The plan may have been cut off before the shards were announced. */
static size_t highest_shard(const struct fold *fold)
{
    size_t highest = fold->shard_count;
    for (size_t i = 0; i < fold->suite_count; i++) {
        size_t shard = fold->suites[i].shard;
        highest = shard > highest && shard <= SHARDS_AT_MOST ? shard : highest;
    }
    return highest;
}

/* Which shards, since a whole machine may be gone. */
void first_page_lost(const struct first_page *page)
{
    const struct fold *fold = page->fold;
    size_t count = highest_shard(fold);
    size_t *lost = memory_new((count + 1) * sizeof *lost);
    size_t shards = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        size_t shard = fold->suites[i].shard;
        if (fold->suites[i].outcome == OUTCOME_LOST && shard > 0 && shard <= count) {
            shards += lost[shard - 1]++ == 0;
        }
    }
    if (shards > 0) {
        text_append_format(
            page->text,
            "<section id=\"lost\" aria-label=\"lost shards\">\n<h2>Lost shards <span>%zu</span></h2>\n<ul>\n",
            shards);
        size_t written = 0;
        for (size_t i = 0; i < count && written < LOST_SHARDS; i++) {
            if (lost[i] > 0) {
                write_lost_shard(page, i, lost[i]);
                written++;
            }
        }
        text_append(page->text, "</ul>\n");
        if (shards > written) {
            text_append_format(page->text, "<p class=\"more\">and %zu more</p>\n", shards - written);
        }
        text_append(page->text, "<p>Go on where it broke off: <code>itrun rerun</code> runs all that did not "
                                "pass.</p>\n</section>\n");
    }
    memory_free(lost);
}
