#include "itrun/model/trace_context.h"
#include "itrun/base/hash.h"
#include <stdio.h>
#include <string.h>

static bool is_hex(const char *string, size_t length)
{
    return strspn(string, "0123456789abcdef") >= length;
}

static bool is_zero(const char *digits, size_t length)
{
    return strspn(digits, "0") >= length;
}

/* 00-<32>-<16>-<2>; a later version may have more behind. */
static bool parse(const char *traceparent, struct trace_context *ret_context)
{
    static const size_t lengths[] = {2, 32, 16, 2};
    const char *fields[4];
    const char *at = traceparent;
    for (size_t i = 0; i < 4; i++) {
        fields[i] = at;
        if (!is_hex(at, lengths[i]) || (i < 3 && at[lengths[i]] != '-')) {
            return false;
        }
        at += lengths[i] + (i < 3);
    }
    bool is_first_version = strncmp(fields[0], "00", 2) == 0;
    bool is_whole = *at == '\0' || (*at == '-' && !is_first_version);
    if (!is_whole || strncmp(fields[0], "ff", 2) == 0 || is_zero(fields[1], 32) || is_zero(fields[2], 16)) {
        return false;
    }
    snprintf(ret_context->trace_id, TRACE_ID_SIZE, "%.32s", fields[1]);
    snprintf(ret_context->parent_id, SPAN_ID_SIZE, "%.16s", fields[2]);
    snprintf(ret_context->flags, sizeof ret_context->flags, "%.2s", fields[3]);
    return true;
}

void trace_context_of_run(const char *run_id, const char *traceparent, struct trace_context *ret_context)
{
    *ret_context = (struct trace_context){.flags = "01"};
    if (traceparent != NULL && parse(traceparent, ret_context)) {
        return;
    }
    *ret_context = (struct trace_context){.flags = "01"};
    const char *id = run_id != NULL ? run_id : "";
    size_t count = 0;
    for (const char *c = id; *c != '\0' && count < 32; c++) {
        if (is_hex(c, 1)) {
            ret_context->trace_id[count++] = *c;
        }
    }
    if (count < 32 || is_zero(ret_context->trace_id, 32)) { /* no UUID */
        char digest[HASH_HEX_SIZE];
        hash_bytes(id, strlen(id), digest);
        memcpy(ret_context->trace_id, digest, 32);
    }
}

void span_id(const char *run_id, const struct span_key *key, char ret_id[SPAN_ID_SIZE])
{
    static const char *const kinds[] = {[SPAN_RUN] = "run",         [SPAN_LANE] = "lane",
                                        [SPAN_WAIT] = "wait",       [SPAN_STACK_WAIT] = "stack wait",
                                        [SPAN_STACK] = "stack",     [SPAN_SUITE] = "suite",
                                        [SPAN_ATTEMPT] = "attempt", [SPAN_CASE] = "case"};
    char numbers[80], digest[HASH_HEX_SIZE];
    snprintf(numbers, sizeof numbers, "%zu/%zu/%zu", key->shard, key->number, key->index);
    struct hash *hash = hash_new();
    hash_add_string(hash, run_id);
    hash_add_string(hash, kinds[key->kind]);
    hash_add_string(hash, key->name);
    hash_add_string(hash, key->account);
    hash_add_string(hash, numbers);
    hash_finish(hash, digest);
    hash_free(hash);
    snprintf(ret_id, SPAN_ID_SIZE, "%.16s", digest);
}

void traceparent_write(const struct trace_context *context, const char *span_id,
                       char ret_traceparent[TRACEPARENT_SIZE])
{
    snprintf(ret_traceparent, TRACEPARENT_SIZE, "00-%.32s-%.16s-%.2s", context->trace_id, span_id,
             context->flags);
}
