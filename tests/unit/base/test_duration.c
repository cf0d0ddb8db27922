#include <criterion/criterion.h>
#include "itrun/base/text.h"

static int64_t parsed(const char *string)
{
    int64_t ms = -1;
    return duration_parse(string, &ms) ? ms : -1;
}

Test(duration, units_are_read_alone_and_together)
{
    cr_assert_eq(parsed("90s"), 90000);
    cr_assert_eq(parsed("5m"), 300000);
    cr_assert_eq(parsed("1h30m"), 5400000);
    cr_assert_eq(parsed("500ms"), 500);
    cr_assert_eq(parsed("1h2m3s4ms"), 3723004);
    cr_assert_eq(parsed("0s"), 0);
    cr_assert_eq(parsed("36h"), 129600000);
}

Test(duration, anything_else_is_refused_and_leaves_the_result_alone)
{
    const char *bad[] = {"",   "90",    "s",    "-5s",  "5 m", " 5m", "5m ", "1.5s", "5x",
                         "5M", "30m1h", "1m1m", "1h30", "ms",  "1d",  "+1s", "1ms1s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = 77;
        cr_assert_not(duration_parse(bad[i], &ms), "%s", bad[i]);
        cr_assert_eq(ms, 77, "%s", bad[i]);
    }
}

Test(duration, what_does_not_fit_is_refused)
{
    cr_assert_eq(parsed("9223372036854775807ms"), INT64_MAX);
    cr_assert_eq(parsed("9223372036854775808ms"), -1);
    cr_assert_eq(parsed("9223372036854775807s"), -1);
    cr_assert_eq(parsed("1s9223372036854775807ms"), -1);
    cr_assert_eq(parsed("99999999999999999999999h"), -1);
}

static void assert_shown(int64_t ms, const char *wanted)
{
    struct text text = {0};
    text_append_duration(&text, ms);
    cr_assert_str_eq(text_string(&text), wanted);
    text_clear(&text);
}

Test(duration, is_shown_in_two_units_at_most)
{
    assert_shown(93210, "1m 33s");
    assert_shown(4210, "4.2s");
    assert_shown(310, "310ms");
    assert_shown(0, "0ms");
    assert_shown(1000, "1.0s");
    assert_shown(60000, "1m 0s");
    assert_shown(3600000, "1h 0m");
    assert_shown(90061000, "25h 1m");
}

Test(duration, is_cut_and_never_rounded_into_the_next_unit)
{
    assert_shown(999, "999ms");
    assert_shown(59999, "59.9s");
    assert_shown(3599999, "59m 59s");
}

Test(duration, may_be_negative)
{
    assert_shown(-4210, "-4.2s");
    assert_shown(INT64_MIN, "-2562047788015h 12m");
}

static void assert_time(int64_t wall_us, const char *wanted)
{
    char string[32];
    time_format_utc(wall_us, string);
    cr_assert_str_eq(string, wanted);
}

Test(utc, known_moments_are_written)
{
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(INT64_C(1795531465123999), "2026-11-24T14:44:25.123Z");
    assert_time(INT64_C(951782400000000), "2000-02-29T00:00:00.000Z");
    assert_time(INT64_C(4107542400000000), "2100-03-01T00:00:00.000Z");
    assert_time(-1, "1969-12-31T23:59:59.999Z");
    assert_time(INT64_MAX, "294247-01-10T04:00:54.775Z");
    assert_time(INT64_MIN, "-290308-12-21T19:59:05.224Z");
}

static int64_t time_of(const char *string)
{
    int64_t wall_us = -7;
    return time_parse_utc(string, &wall_us) ? wall_us : -7;
}

Test(utc, known_moments_are_read)
{
    cr_assert_eq(time_of("2026-11-24T14:44:25Z"), INT64_C(1795531465000000));
    cr_assert_eq(time_of("2026-11-24T14:44:25.123Z"), INT64_C(1795531465123000));
    cr_assert_eq(time_of("2026-11-24T14:44:25.1234567Z"), INT64_C(1795531465123456));
    cr_assert_eq(time_of("2026-11-24T14:44:25.5Z"), INT64_C(1795531465500000));
    cr_assert_eq(time_of("1970-01-01T00:00:00Z"), 0);
    cr_assert_eq(time_of("0000-01-01T00:00:00Z"), INT64_C(-62167219200000000));
}

Test(utc, what_is_no_moment_is_refused)
{
    const char *bad[] = {"",
                         "2026-11-24",
                         "2026-11-24T14:44:25",
                         "2026-11-24 14:44:25Z",
                         "2026-11-24T14:44:25+01:00",
                         "2026-11-24T14:44:25.Z",
                         "2026-11-24T14:44:25Zx",
                         "2026-13-01T00:00:00Z",
                         "2026-00-01T00:00:00Z",
                         "2026-02-29T00:00:00Z",
                         "2100-02-29T00:00:00Z",
                         "2026-04-31T00:00:00Z",
                         "2026-01-00T00:00:00Z",
                         "2026-01-01T24:00:00Z",
                         "2026-01-01T00:60:00Z",
                         "2026-01-01T00:00:60Z",
                         "2026-1-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(time_of(bad[i]), -7, "%s", bad[i]);
}

Test(utc, every_day_of_eight_centuries_round_trips)
{
    const int64_t day_us = INT64_C(86400000000);
    for (int64_t day = -146097; day < 146097; day++) {
        char string[32];
        time_format_utc(day * day_us + 1000, string);
        cr_assert_eq(time_of(string), day * day_us + 1000, "%s", string);
    }
}
