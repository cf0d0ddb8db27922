/* samples.h - reading a sample report, from fixtures/reports or from the test itself. */
#ifndef TEST_SAMPLES_H
#define TEST_SAMPLES_H
#include <criterion/criterion.h>
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "itrun/frameworks.h"
#include <stdio.h>
#include <string.h>

static inline struct text sample_bytes(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/fixtures/reports/%s", ITRUN_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "no sample %s", path);
    struct text text = {0};
    char piece[4096];
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        text_append_bytes(&text, piece, got);
    fclose(file);
    return text;
}

static inline struct report *read_bytes(const char *framework, const struct suite *suite, const char *bytes,
                                        size_t length)
{
    struct report *report = report_new();
    framework_find(framework)->read(suite, bytes, length, report);
    return report;
}

static inline struct report *read_sample(const char *framework, const struct suite *suite, const char *name)
{
    struct text bytes = sample_bytes(name);
    struct report *report = read_bytes(framework, suite, bytes.bytes, bytes.length);
    text_clear(&bytes);
    return report;
}

/* Literal XML, `step` bytes at a time (0: all at once). */
static inline struct report *read_xml(const char *bytes, size_t length, size_t step)
{
    struct report *report = report_new();
    struct junit_reader *reader = junit_reader_new(report);
    for (size_t at = 0; at < length;) {
        size_t piece = step == 0 || length - at < step ? length - at : step;
        junit_reader_feed(reader, bytes + at, piece);
        at += piece;
    }
    junit_reader_finish(reader);
    junit_reader_free(reader);
    return report;
}

static inline const struct test_case *find_case(const struct report *report, const char *classname,
                                                const char *name)
{
    for (size_t i = 0; i < report->count; i++) {
        if (string_equal(report->cases[i].name, name) && string_equal(report->cases[i].classname, classname))
            return &report->cases[i];
    }
    cr_assert_fail("no case %s :: %s", classname, name);
    return NULL;
}

#define assert_case(report, the_classname, the_name, the_status)                                             \
    do {                                                                                                     \
        const struct test_case *found_ = find_case(report, the_classname, the_name);                         \
        cr_assert_eq(found_->status, the_status, "%s is %s", the_name, case_status_name(found_->status));    \
        if (found_->status != CASE_PASSED) {                                                                 \
            cr_assert_not_null(found_->message);                                                             \
            cr_assert_not_null(found_->type);                                                                \
        }                                                                                                    \
    } while (0)
#endif
