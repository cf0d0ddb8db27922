/* nearest.c - "did you mean": edit distance where a swap of two neighbours counts as one mistake. */
#include "itrun/base/text.h"
#include "itrun/base/memory.h"
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment over three rows of width columns each, given as scratch memory. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length, size_t *rows)
{
    size_t width = b_length + 1;
    size_t *before = rows;
    size_t *previous = rows + width;
    size_t *current = rows + 2 * width;
    for (size_t j = 0; j < width; j++)
        previous[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        current[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = previous[j - 1] + (a[i - 1] != b[j - 1]);
            best = smaller(best, smaller(previous[j], current[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = smaller(best, before[j - 2] + 1);
            current[j] = best;
        }
        size_t *oldest = before;
        before = previous;
        previous = current;
        current = oldest;
    }
    return previous[b_length];
}

const char *nearest_name(const char *wrong, const char *const *names, size_t count)
{
    size_t wrong_length = strlen(wrong);
    size_t best_distance = wrong_length / 3 + 2; /* one more than is allowed */
    size_t longest = wrong_length + best_distance;
    size_t *rows = memory_new(3 * (longest + 1) * sizeof *rows);
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        size_t difference = length > wrong_length ? length - wrong_length : wrong_length - length;
        if (difference >= best_distance)
            continue; /* also keeps thousands of long names cheap */
        size_t distance = edit_distance(wrong, wrong_length, names[i], length, rows);
        if (distance < best_distance) {
            best_distance = distance;
            best = names[i];
        }
    }
    memory_free(rows);
    return best;
}
