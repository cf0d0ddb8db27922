/* sample.h - reading fixtures/config and parsing them with an environment of the test's own. */
#ifndef TEST_CONFIG_SAMPLE_H
#define TEST_CONFIG_SAMPLE_H
#include "itrun/config.h"

#define SAMPLE_SECRET "hunter2"

/* Bytes of a file below fixtures/config; owner: memory_free. The test fails when it is not there. */
char *sample_read(const char *name, size_t *ret_length);
/* REGION, GREETING, EMPTY and SECRET are set, nothing else. */
const char *sample_lookup(void *context, const char *name);
/* A file of fixtures/config/good; the test fails with the report when it is refused. Owner: config_free. */
struct config *sample_good(const char *name);
struct config *sample_parse(const char *yaml, struct text *report, struct error *error);
#endif
