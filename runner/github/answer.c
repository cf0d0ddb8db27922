#include "answer.h"
#include "itrun/base/json.h"
#include <string.h>

#define TRIES_MOST    6
#define FIRST_WAIT_MS 1000
#define LIMIT_WAIT_MS 60000 /* GitHub: "wait at least one minute" when a limit names no time */
#define MESSAGE_LIMIT 200

static const struct meaning {
    int status;
    enum error_kind kind;
    const char *what, *hint;
} meanings[] = {
    {401, ERROR_DENIED, "GitHub does not know the token",
     "is GITHUB_TOKEN set to a token that has not expired?"},
    {403, ERROR_DENIED, "GitHub does not let the token write statuses",
     "give the job `permissions: {statuses: write}`; a pull request from a fork never has it"},
    {404, ERROR_GONE, "GitHub knows no such repository",
     "look at GITHUB_REPOSITORY and GITHUB_API_URL; a token that may not see it gets this answer too"},
    {422, ERROR_INVALID, "GitHub does not take the status",
     "is the run's commit pushed to this repository? A commit holds at most 1000 statuses of one context"},
};

/* GitHub's own sentence; nothing of the request is in it. */
static void append_message(const struct http_answer *answer, struct error *error)
{
    struct json *root = json_parse(answer->body, answer->body_length, NULL);
    const char *message = json_get_string(root, "message", NULL);
    struct text text = {0};
    if (message != NULL) {
        size_t length = strlen(message);
        text_append_printable(&text, message, length < MESSAGE_LIMIT ? length : MESSAGE_LIMIT);
        for (size_t i = 0; i < text.length; i++) {
            text.bytes[i] = text.bytes[i] == '\n' ? ' ' : text.bytes[i];
        }
        error_prefix(error, "GitHub says \"%s\"", text_string(&text));
    }
    text_clear(&text);
    json_free(root);
}

/* Secondary limits come as 403 or 429, with a time or with words. */
static bool is_limit(const struct http_answer *answer)
{
    bool is_status = answer->status == 403 || answer->status == 429;
    return is_status && (answer->status == 429 || answer->retry_after_ms > 0 ||
                         strstr(answer->body, "rate limit") != NULL);
}

static void explain(const struct http_answer *answer, struct error *error)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].status == answer->status) {
            error_set(error, meanings[i].kind, "%s (HTTP %d)", meanings[i].what, answer->status);
            error_hint(error, "%s", meanings[i].hint);
            append_message(answer, error);
            return;
        }
    }
    error_set(error, ERROR_INVALID, "GitHub answered HTTP %d", answer->status);
    error_hint(error, "look at GITHUB_API_URL: is it GitHub's API?");
    append_message(answer, error);
}

enum github_next github_answer_judge(const struct http_answer *answer, int tries, int64_t *ret_wait_ms,
                                     struct error *ret_error)
{
    int64_t wait_ms = (int64_t)FIRST_WAIT_MS << (tries - 1);
    if (answer->error.kind != ERROR_NONE) {
        *ret_error = answer->error;
    } else if (answer->status == 201 || answer->status == 200) {
        return GITHUB_DONE;
    } else if (is_limit(answer)) {
        error_set(ret_error, ERROR_THROTTLED, "GitHub is asked too often (HTTP %d)", answer->status);
        error_hint(ret_error, "try again later");
        wait_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : LIMIT_WAIT_MS;
    } else if (answer->status >= 500) {
        error_set(ret_error, ERROR_TRANSIENT, "GitHub could not do it (HTTP %d)", answer->status);
        error_hint(ret_error, "try again later; githubstatus.com tells of outages");
        wait_ms = answer->retry_after_ms > wait_ms ? answer->retry_after_ms : wait_ms;
    } else {
        explain(answer, ret_error);
    }
    bool is_for_later = ret_error->kind == ERROR_THROTTLED || ret_error->kind == ERROR_TRANSIENT;
    if (!is_for_later || tries >= TRIES_MOST) {
        return GITHUB_NEVER;
    }
    *ret_wait_ms = wait_ms;
    return GITHUB_AGAIN;
}
