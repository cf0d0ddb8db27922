/* first_page.h - the part of the page that needs neither script nor style: verdict, whose fault, failures,
 * commands.
 *
 * It must be read by curl, by a screen reader, and where a content policy takes script and style away. */
#ifndef ITRUN_REPORTERS_HTML_FIRST_PAGE_H
#define ITRUN_REPORTERS_HTML_FIRST_PAGE_H
#include "html/failures.h"

struct first_page {
    const struct fold *fold;
    const struct totals *totals;
    const struct failures *failures;
    struct text *text;
};
void first_page_title(const struct first_page *page);
void first_page_verdict(const struct first_page *page);
void first_page_facts(const struct first_page *page);
void first_page_failures(const struct first_page *page);
void first_page_lost(const struct first_page *page);
int first_page_exit_code(const struct fold *fold);
#endif
