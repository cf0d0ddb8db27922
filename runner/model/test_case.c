/* test_case.c - the test cases of one attempt, and the words for their statuses. */
#include "itrun/model/test_case.h"
#include "itrun/base/memory.h"
#include <string.h>

#define CASES_FIRST 8

static const char *const names[CASE_STATUS_COUNT] = {
    [CASE_PASSED] = "passed",
    [CASE_FAILED] = "failed",
    [CASE_ERROR] = "error",
    [CASE_SKIPPED] = "skipped",
};

const char *case_status_name(enum case_status status)
{
    return names[status];
}

bool case_status_parse(const char *word, enum case_status *ret_status)
{
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        if (strcmp(names[i], word) == 0) {
            *ret_status = (enum case_status)i;
            return true;
        }
    }
    return false;
}

void test_case_selector(const struct test_case *test_case, struct text *text)
{
    if (test_case->classname && test_case->classname[0]) {
        text_append(text, test_case->classname);
        text_append(text, "::");
    }
    text_append(text, test_case->name);
}

bool test_case_is_selected(const struct test_case *test_case, const char *selector)
{
    if (strcmp(selector, test_case->name) == 0)
        return true;
    size_t length = strlen(selector);
    size_t name_length = strlen(test_case->name);
    if (length < name_length + 2 || strcmp(selector + length - name_length, test_case->name) != 0 ||
        memcmp(selector + length - name_length - 2, "::", 2) != 0)
        return false;
    size_t prefix_length = length - name_length - 2;
    size_t class_length = test_case->classname ? strlen(test_case->classname) : 0;
    if (prefix_length > class_length)
        return false;
    const char *end = test_case->classname ? test_case->classname + class_length - prefix_length : "";
    return memcmp(selector, end, prefix_length) == 0 &&
           (prefix_length == class_length || prefix_length == 0 || strchr("./: ", end[-1]));
}

struct report *report_new(void)
{
    struct report *report = memory_new(sizeof *report);
    report->arena = arena_new();
    return report;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    memory_free(report->cases);
    arena_free(report->arena);
    memory_free(report);
}

/* The capacity is not kept: it is the count's next power of two. */
struct test_case *report_add(struct report *report)
{
    size_t count = report->count;
    bool is_full = count == 0 || (count >= CASES_FIRST && (count & (count - 1)) == 0);
    if (is_full) {
        size_t capacity = count == 0 ? CASES_FIRST : count * 2;
        report->cases = memory_resize(report->cases, capacity * sizeof *report->cases);
    }
    struct test_case *added = &report->cases[report->count++];
    *added = (struct test_case){0};
    return added;
}

size_t report_count_status(const struct report *report, enum case_status status)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->cases[i].status == status;
    return count;
}
