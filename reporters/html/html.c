/* html.c - report.html: one file that answers which tests, whose fault, which command.
 *
 * Written once, when the run has ended (and by `itrun report`): building megabytes every few seconds would be
 * waste, and until then the terminal tells. Until then only compact rows are kept. */
#include "html/data.h"
#include "html/first_page.h"
#include "html/page_assets.h"
#include "itrun/base/gzip.h"
#include "itrun/base/hash.h"
#include <string.h>

#define DIGEST_SIZE 32

struct html {
    struct sink sink;
    struct out *out;
    struct tally *tally;
    struct totals totals;     /* of finished suites */
    struct rows rows;         /* of finished suites */
    struct failures failures; /* of finished suites */
    struct lanes lanes;
    bool is_changed;
};

/* Everything that one page is made of, while it is made. */
struct page {
    const struct html *html;
    struct rows unfinished;
    struct first_page first;
    struct text *text;
};

/* A content policy names what may run by the digest of its bytes. */
static void append_digest(struct text *text, const char *source)
{
    char hex[HASH_HEX_SIZE];
    unsigned char digest[DIGEST_SIZE];
    hash_bytes(source, strlen(source), hex);
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        const char *pair = hex + 2 * i;
        unsigned int high = (unsigned int)(pair[0] <= '9' ? pair[0] - '0' : pair[0] - 'a' + 10);
        unsigned int low = (unsigned int)(pair[1] <= '9' ? pair[1] - '0' : pair[1] - 'a' + 10);
        digest[i] = (unsigned char)(high << 4 | low);
    }
    text_append(text, "'sha256-");
    text_append_base64(text, digest, sizeof digest);
    text_append_char(text, '\'');
}

static void slot_title(const struct page *page)
{
    first_page_title(&page->first);
}

static void slot_policy(const struct page *page)
{
    text_append(page->text,
                "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; script-src ");
    append_digest(page->text, page_script);
    text_append(page->text, "; style-src ");
    append_digest(page->text, page_style);
}

static void slot_style(const struct page *page)
{
    text_append(page->text, page_style);
}

static void slot_script(const struct page *page)
{
    text_append(page->text, page_script);
}

static void slot_verdict(const struct page *page)
{
    first_page_verdict(&page->first);
}

static void slot_facts(const struct page *page)
{
    first_page_facts(&page->first);
}

static void slot_failures(const struct page *page)
{
    first_page_failures(&page->first);
}

static void slot_lost(const struct page *page)
{
    first_page_lost(&page->first);
}

static void slot_version(const struct page *page)
{
    markup_append(page->text, page->html->tally->fold->start.start.version);
}

static void slot_data(const struct page *page)
{
    data_append(page->text, page->html->tally->fold, &page->html->lanes, &page->html->rows,
                &page->unfinished);
}

static const struct {
    const char *name;
    void (*write)(const struct page *page);
} slots[] = {
    {"title", slot_title},   {"policy", slot_policy},     {"style", slot_style}, {"verdict", slot_verdict},
    {"facts", slot_facts},   {"failures", slot_failures}, {"lost", slot_lost},   {"version", slot_version},
    {"script", slot_script}, {"data", slot_data},
};

static void write_slot(const struct page *page, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        if (strlen(slots[i].name) == length && memcmp(slots[i].name, name, length) == 0) {
            slots[i].write(page);
            return;
        }
    }
    MUST(!"page.html has a slot that nobody fills");
}

/* Only the template is searched for slots, never what was put into them. */
static void write_page(const struct page *page)
{
    const char *rest = page_html;
    for (const char *slot = strstr(rest, "{{"); slot != NULL; slot = strstr(rest, "{{")) {
        const char *end = strstr(slot, "}}");
        MUST(end != NULL);
        text_append_bytes(page->text, rest, (size_t)(slot - rest));
        write_slot(page, slot + 2, (size_t)(end - slot - 2));
        rest = end + 2;
    }
    text_append(page->text, rest);
}

/* Suites without an outcome are lost, and say so. `failures` and `totals` are copies to add to. */
static void add_unfinished(const struct tally *tally, struct page *page, struct failures *failures,
                           struct totals *totals)
{
    const struct fold *fold = tally->fold;
    for (size_t i = 0; i < fold->suite_count; i++) {
        if (!fold->suites[i].is_finished) {
            struct reported reported;
            tally_cases(tally, i, &reported);
            totals_add(totals, &reported.totals);
            failures_add(failures, fold, i, &reported);
            rows_add(&page->unfinished, fold, i, &reported);
            reported_clear(&reported);
        }
    }
}

static bool html_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct html *html = (struct html *)sink;
    if (!tally_event(html->tally, event, error)) {
        return false;
    }
    html->is_changed = true;
    lanes_event(&html->lanes, html->tally->fold, event);
    if (event->type == EVENT_SUITE_FINISHED) {
        struct reported reported;
        tally_cases(html->tally, event->suite, &reported);
        totals_add(&html->totals, &reported.totals);
        failures_add(&html->failures, html->tally->fold, event->suite, &reported);
        rows_add(&html->rows, html->tally->fold, event->suite, &reported);
        reported_clear(&reported);
        tally_drop(html->tally, event->suite);
    }
    return true;
}

static bool html_flush(struct sink *sink, struct error *error)
{
    struct html *html = (struct html *)sink;
    if (!html->is_changed) {
        return true;
    }
    struct text text = {0};
    struct totals totals = html->totals;
    struct failures failures;
    struct page page = {.html = html, .text = &text};
    failures_copy(&html->failures, &failures);
    add_unfinished(html->tally, &page, &failures, &totals);
    page.first = (struct first_page){
        .fold = html->tally->fold, .totals = &totals, .failures = &failures, .text = &text};
    write_page(&page);
    bool is_ok = html->out->replace(html->out, text_string(&text), text.length, error);
    html->is_changed = !is_ok;
    text_clear(&text);
    rows_clear(&page.unfinished);
    failures_clear(&failures);
    return is_ok;
}

static void html_free(struct sink *sink)
{
    struct html *html = (struct html *)sink;
    rows_clear(&html->rows);
    failures_clear(&html->failures);
    lanes_clear(&html->lanes);
    tally_free(html->tally);
    memory_free(html);
}

struct sink *html_sink_new(struct out *out)
{
    struct html *html = memory_new(sizeof *html);
    html->sink = (struct sink){.name = "html",
                               .writes_only_at_end = true,
                               .on_event = html_on_event,
                               .flush = html_flush,
                               .free = html_free};
    html->out = out;
    html->tally = tally_new();
    failures_init(&html->failures);
    lanes_init(&html->lanes);
    return &html->sink;
}
