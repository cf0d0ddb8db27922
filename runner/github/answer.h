/* answer.h - what an answer of GitHub means: done, again later, or never. Pure. */
#ifndef ITRUN_GITHUB_ANSWER_H
#define ITRUN_GITHUB_ANSWER_H
#include "itrun/http.h"

enum github_next { GITHUB_DONE, GITHUB_AGAIN, GITHUB_NEVER };
/* tries: of this request so far, at least 1. AGAIN: *ret_wait_ms; the error is set unless DONE. */
enum github_next github_answer_judge(const struct http_answer *answer, int tries, int64_t *ret_wait_ms,
                                     struct error *ret_error);
#endif
