/* feed.h - events for the reporters' tests, and a place where their bytes are seen. */
#ifndef ITRUN_TESTS_REPORTERS_FEED_H
#define ITRUN_TESTS_REPORTERS_FEED_H
#include "itrun/reporters.h"

#define FEED_WALL_US 1764000000000000LL /* 2025-11-24T16:00:00Z */

#define CAPTURE_PARTS 8
struct capture {
    struct out out;
    struct text appended, replaced;   /* replaced: also the first of several parts */
    struct text parts[CAPTURE_PARTS]; /* from index 1 on */
    size_t part_count;
    size_t replace_count;
    int columns, rows;
    bool is_broken; /* every write fails */
};
void capture_init(struct capture *capture);
void capture_clear(struct capture *capture);

/* A run that is told event by event to one sink; times are set by hand. */
struct feed {
    struct sink *sink;
    int64_t now_us;
    uint64_t seq;
    size_t planned;
    struct text journal; /* the same events, encoded */
};
void feed_start(struct feed *feed, struct sink *sink, size_t suite_count);
void feed_event(struct feed *feed, struct event event);
/* A run of these suites; each has the group "api", the file "tests/NAME.py" and a repro command. */
void feed_plan(struct feed *feed, const char *const *names, size_t count);
void feed_attempt_start(struct feed *feed, size_t suite, int attempt);
void feed_attempt_end(struct feed *feed, size_t suite, int attempt, enum outcome outcome, const char *reason,
                      const struct report *report);
void feed_suite_end(struct feed *feed, size_t suite, int attempts, enum outcome outcome, const char *reason);
/* One attempt and its end. */
void feed_suite(struct feed *feed, size_t suite, enum outcome outcome, const char *reason,
                const struct report *report);
void feed_end(struct feed *feed, int exit_code);
void feed_flush(struct feed *feed);
void feed_clear(struct feed *feed); /* frees the sink */

struct test_case case_passed(const char *name);
struct test_case case_failed(const char *name, const char *message);
struct report report_of(struct test_case *cases, size_t count);
size_t count_of(const char *haystack, const char *needle);
#endif
