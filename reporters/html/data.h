/* data.h - what the page's script is given: one JSON value, gzipped, in base64.
 *
 *   {"outcomes": [[word, symbol], …], "faults": [[word, title, meaning], …],
 *    "run": {…},
 *    "stacks": [name, …],
 *    "lanes": [[account, why it ended, end ms, stacks left alone, [segment, …]], …],        lanes.c
 *    "problems": [[kind, message, shard, ms, count], …],
 *    "suites": [[name, framework, file, repro, shard, outcome, reason, account, is flaky, ms, expected ms,
 *                [[number, outcome, shard, account, ms, exit code, signal, leaked, reason, tail, output],
 * …]], …], "cases": [[suite, [[name, outcome, ms, class, detail], …]], …]}                         rows.c
 *
 * Outcomes, faults, suites and stacks are meant by number; a class of 0 is the class of the row before. */
#ifndef ITRUN_REPORTERS_HTML_DATA_H
#define ITRUN_REPORTERS_HTML_DATA_H
#include "html/lanes.h"
#include "html/rows.h"

/* Appends the base64. `unfinished`: rows of suites that have no outcome yet. */
void data_append(struct text *text, const struct fold *fold, const struct lanes *lanes,
                 const struct rows *rows, const struct rows *unfinished);
#endif
