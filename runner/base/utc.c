/* utc.c - calendar dates as arithmetic on days; the clock is read elsewhere, time zones nowhere.
 *
 * Years are counted from March, so that the leap day is the last of its year, in eras of 400 years, which
 * always have 146097 days (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
#include "itrun/base/text.h"
#include "itrun/base/error.h"
#include <inttypes.h>
#include <stdio.h>

#define US_PER_S     INT64_C(1000000)
#define S_PER_DAY    INT64_C(86400)
#define DAYS_PER_ERA INT64_C(146097)
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */

static int64_t divide_down(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2)
        year--;
    int64_t era = divide_down(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

void time_format_utc(int64_t wall_us, char ret[32])
{
    int64_t s = divide_down(wall_us, US_PER_S);
    int64_t ms = ((wall_us % US_PER_S + US_PER_S) % US_PER_S) / 1000;
    int64_t days = divide_down(s, S_PER_DAY);
    int64_t second_of_day = s - days * S_PER_DAY;
    int64_t era = divide_down(days + DAYS_TO_1970, DAYS_PER_ERA);
    int64_t day_of_era = days + DAYS_TO_1970 - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    int length = snprintf(
        ret, 32,
        "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z",
        year, month, day, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60, ms);
    MUST(length > 0 && length < 32);
}

/* Exactly `digits` digits, then `after` (0: nothing is expected). */
static bool field_read(const char **at, int digits, char after, int64_t *ret_value)
{
    int64_t value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    if (after && *(*at)++ != after)
        return false;
    *ret_value = value;
    return true;
}

/* ".25" -> 250000. Digits beyond microseconds are read and dropped. */
static bool fraction_read(const char **at, int64_t *ret_us)
{
    int64_t us = 0;
    int64_t place = US_PER_S;
    const char *c = *at + 1;
    for (; *c >= '0' && *c <= '9'; c++) {
        place /= 10;
        us += place * (*c - '0');
    }
    if (c == *at + 1)
        return false;
    *at = c;
    *ret_us = us;
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29 : days[month - 1];
}

bool time_parse_utc(const char *string, int64_t *ret_wall_us)
{
    const char *at = string;
    int64_t year, month, day, hour, minute, second;
    int64_t us = 0;
    if (!field_read(&at, 4, '-', &year) || !field_read(&at, 2, '-', &month) ||
        !field_read(&at, 2, 'T', &day) || !field_read(&at, 2, ':', &hour) ||
        !field_read(&at, 2, ':', &minute) || !field_read(&at, 2, 0, &second))
        return false;
    if (*at == '.' && !fraction_read(&at, &us))
        return false;
    if (at[0] != 'Z' || at[1] != '\0')
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    int64_t s = days_from_date(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second;
    *ret_wall_us = s * US_PER_S + us;
    return true;
}
