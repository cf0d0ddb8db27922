/* statuses_http.c - posts statuses one after another; each is repeated as answer.c says. */
#include "answer.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include "itrun/github.h"
#include <string.h>
#include <uv.h>

struct posting {
    const struct github_options *options;
    struct http *http;
    uv_timer_t timer;
    const char *url;
    const struct github_status *statuses;
    size_t count, posted;
    int tries;
    int64_t until_ms; /* no repetition begins after it */
    struct error *error;
    bool is_over, is_fine;
    size_t open; /* handles */
};

static void post(struct posting *posting);

static void finish(struct posting *posting, bool is_fine)
{
    posting->is_over = true;
    posting->is_fine = is_fine;
}

static void timer_fired(uv_timer_t *timer)
{
    post(timer->data);
}

static void answered(void *context, const struct http_answer *answer)
{
    struct posting *posting = context;
    struct error error = {0};
    int64_t wait_ms = 0;
    switch (github_answer_judge(answer, posting->tries, &wait_ms, &error)) {
    case GITHUB_DONE:
        posting->posted++;
        posting->tries = 0;
        post(posting);
        return;
    case GITHUB_AGAIN:
        if (clock_monotonic_ms() + wait_ms <= posting->until_ms) {
            uv_timer_start(&posting->timer, timer_fired, (uint64_t)wait_ms, 0);
            return;
        }
        break;
    case GITHUB_NEVER: break;
    }
    *posting->error = error;
    error_prefix(posting->error, "the status %s", posting->statuses[posting->posted].context);
    finish(posting, false);
}

static void write_body(const struct github_status *status, struct text *text)
{
    struct json_writer writer;
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    json_write_string(&writer, "state", status->state);
    json_write_string(&writer, "context", status->context);
    json_write_string(&writer, "description", status->description);
    if (status->target_url != NULL) {
        json_write_string(&writer, "target_url", status->target_url);
    }
    json_write_end(&writer, '}');
}

static void post(struct posting *posting)
{
    if (posting->posted == posting->count) {
        finish(posting, true);
        return;
    }
    struct text body = {0}, authorization = {0};
    write_body(&posting->statuses[posting->posted], &body);
    text_append_format(&authorization, "Bearer %s", posting->options->token);
    const struct http_header headers[] = {
        {"Authorization", text_string(&authorization)},
        {"Accept", "application/vnd.github+json"},
        {"X-GitHub-Api-Version", "2022-11-28"},
        {"Content-Type", "application/json"},
    };
    const struct http_request request = {.url = posting->url,
                                         .headers = headers,
                                         .header_count = sizeof headers / sizeof *headers,
                                         .body = body.bytes,
                                         .body_length = body.length};
    posting->tries++;
    http_post(posting->http, &request, answered, posting);
    explicit_bzero(authorization.bytes, authorization.length);
    text_clear(&authorization);
    text_clear(&body);
}

/* ---- what is given ---- */

static bool is_made_of(const char *string, const char *extra)
{
    for (const char *c = string; *c != '\0'; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!is_letter && strchr(extra, *c) == NULL) {
            return false;
        }
    }
    return string[0] != '\0';
}

static bool check(const struct github_options *options, const char *commit, struct error *error)
{
    char host[256];
    bool is_tls = string_starts_with(options->api_url, "https://");
    const char *slash = strchr(options->repository, '/');
    if (!is_made_of(options->token, "_-.~+/=")) {
        error_set(error, ERROR_USAGE, "GITHUB_TOKEN is no token");
        return error_hint(error, "in a workflow: `env: {GITHUB_TOKEN: ${{ github.token }}}`");
    }
    if (!is_made_of(options->repository, "_-./") || slash == NULL || strchr(slash + 1, '/') != NULL ||
        strstr(options->repository, "..") != NULL) {
        error_set(error, ERROR_USAGE, "GITHUB_REPOSITORY is no repository");
        return error_hint(error, "it looks like owner/name; a workflow has it set");
    }
    if (!url_host(options->api_url, host, sizeof host) || !(is_tls || url_is_loopback(options->api_url))) {
        error_set(error, ERROR_USAGE,
                  "GITHUB_API_URL is no https address: the token would be seen on its way");
        return error_hint(error, "it looks like https://api.github.com; a workflow has it set");
    }
    if (!is_made_of(commit, "") || strlen(commit) < 40) {
        error_set(error, ERROR_USAGE, "the run is of no commit that GitHub could show");
        return error_hint(error, "run it in a git checkout");
    }
    return true;
}

/* ---- opening and closing ---- */

static void http_closed(void *context)
{
    ((struct posting *)context)->open--;
}

static void timer_closed(uv_handle_t *handle)
{
    ((struct posting *)handle->data)->open--;
}

static void turn_until(uv_loop_t *loop, const struct posting *posting)
{
    while (!posting->is_over) {
        uv_run(loop, UV_RUN_ONCE);
    }
}

bool github_post_statuses(uv_loop_t *loop, const struct github_options *options, const char *commit,
                          const struct github_status *statuses, size_t count, size_t *ret_posted,
                          struct error *error)
{
    if (!check(options, commit, error)) {
        return false;
    }
    struct text url = {0};
    text_append_format(&url, "%s/repos/%s/statuses/%s", options->api_url, options->repository, commit);
    const struct http_options http = {
        .ca_bundle = options->ca_bundle,
        .unreachable_hint = "is GITHUB_API_URL right and reachable? (network, proxy)",
        .untrusted_hint = "is a proxy's certificate missing? SSL_CERT_FILE names the file of trusted ones",
    };
    struct posting posting = {.options = options,
                              .url = text_string(&url),
                              .statuses = statuses,
                              .count = count,
                              .until_ms = clock_monotonic_ms() + options->retry_budget_ms,
                              .error = error,
                              .http = http_new(loop, &http, error)};
    if (posting.http == NULL) {
        text_clear(&url);
        return false;
    }
    uv_timer_init(loop, &posting.timer);
    posting.timer.data = &posting;
    posting.open = 2;
    post(&posting);
    turn_until(loop, &posting);
    http_close(posting.http, http_closed, &posting);
    uv_close((uv_handle_t *)&posting.timer, timer_closed);
    while (posting.open > 0) {
        uv_run(loop, UV_RUN_ONCE);
    }
    text_clear(&url);
    *ret_posted = posting.posted;
    return posting.is_fine;
}
