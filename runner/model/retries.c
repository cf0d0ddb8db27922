#include "itrun/model/retries.h"
#include <stdlib.h>
#include <string.h>

#define BUDGET_MOST 1000000

struct retries retries_same(int count)
{
    struct retries retries = {.total = count};
    for (int i = 0; i < RETRY_CLASS_COUNT; i++) {
        retries.of[i] = count;
    }
    return retries;
}

bool retries_allow(const struct retries *retries, const int made[RETRY_CLASS_COUNT], enum outcome outcome)
{
    enum retry_class class = outcome_retry_class(outcome);
    if (class == RETRY_NEVER) {
        return false;
    }
    int sum = 0;
    for (int i = 0; i < RETRY_CLASS_COUNT; i++) {
        sum += made[i];
    }
    return made[class] < retries->of[class] && sum < retries->total;
}

bool retry_budget_parse(const char *word, const char *name, size_t suite_count, size_t *ret_budget,
                        struct error *error)
{
    size_t digits = strspn(word, "0123456789");
    bool is_percent = strcmp(word + digits, "%") == 0;
    size_t number = digits > 0 && digits <= 7 ? (size_t)strtoul(word, NULL, 10) : BUDGET_MOST + 1;
    bool is_usable =
        digits > 0 && (is_percent || word[digits] == '\0') && number <= (is_percent ? 100 : BUDGET_MOST);
    if (!is_usable) {
        error_set(error, ERROR_USAGE, "%s wants a number of retries or a share of the suites, not '%s'", name,
                  word);
        return error_hint(error, "for example 20 or 5%%");
    }
    *ret_budget = is_percent ? (number * suite_count + 99) / 100 : number;
    return true;
}
