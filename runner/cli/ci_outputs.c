#include "ci_outputs.h"
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/reporters.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* GitHub drops a summary over 1 MiB whole; what else the step appends needs room too. */
#define SUMMARY_BUDGET_BYTES ((size_t)900 * 1024)
#define SUMMARY_LEAST_BYTES  ((size_t)8 * 1024)
#define TOKEN_BYTES          16

struct ci_outputs {
    struct out summary_out; /* first: keeps the newest page until the end, then appends it once */
    const struct ci_facts *facts;
    struct out *terminal;
    const char *summary_path;
    struct text page;
    char stop_token[2 * TOKEN_BYTES + 1];
    bool is_log_private;
    struct sink *sinks[CI_SINKS_MAX];
    size_t sink_count;
};

static bool keep_page(struct out *out, const char *bytes, size_t length, struct error *error)
{
    struct ci_outputs *outputs = (struct ci_outputs *)out;
    (void)error;
    text_reset(&outputs->page);
    text_append_bytes(&outputs->page, bytes, length);
    return true;
}

static size_t file_size(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
}

static void open_summary(struct ci_outputs *outputs)
{
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    if (path == NULL || path[0] == '\0') {
        return;
    }
    size_t used = file_size(path);
    if (used + SUMMARY_LEAST_BYTES > SUMMARY_BUDGET_BYTES) {
        struct error error = {0};
        error_set(&error, ERROR_LIMIT, "this step's summary holds %zu KiB already: itrun adds nothing",
                  used / 1024);
        error_hint(
            &error,
            "GitHub drops one over 1 MiB whole; write less before itrun, or run it in a step of its own");
        complain(&error);
        return;
    }
    outputs->summary_path = path;
    outputs->summary_out.replace = keep_page;
    outputs->sinks[outputs->sink_count++] =
        markdown_sink_new(&outputs->summary_out, SUMMARY_BUDGET_BYTES - used);
}

/* Whether our log is the very pipe that our parent writes to, and no file: then nobody but the service reads
 * it. `itrun 2>&1 | tee log` makes a pipe of its own. */
static bool log_is_private(void)
{
    struct stat ours, parents;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)getppid());
    return fstat(STDERR_FILENO, &ours) == 0 && stat(path, &parents) == 0 && !S_ISREG(ours.st_mode) &&
           ours.st_dev == parents.st_dev && ours.st_ino == parents.st_ino;
}

static void say(struct ci_outputs *outputs, const struct text *text)
{
    if (text->length > 0) {
        outputs->terminal->append(outputs->terminal, text->bytes, text->length, NULL);
    }
}

static void stop_commands(struct ci_outputs *outputs)
{
    unsigned char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return; /* a word that can be guessed protects nothing; what we print is broken up anyway */
    }
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        snprintf(outputs->stop_token + 2 * i, 3, "%02x", bytes[i]);
    }
    struct text text = {0};
    text_append_format(&text, "::stop-commands::%s\n", outputs->stop_token);
    say(outputs, &text);
    text_clear(&text);
}

/* The configuration's folder as the repository sees it: what annotations' paths begin with. */
static void open_annotations(struct ci_outputs *outputs, const char *root)
{
    char *workspace = realpath(getenv("GITHUB_WORKSPACE") != NULL ? getenv("GITHUB_WORKSPACE") : ".", NULL);
    size_t length = workspace != NULL ? strlen(workspace) : 0;
    bool is_below = length > 0 && strncmp(root, workspace, length) == 0 && root[length] == '/';
    const struct annotations_options options = {.folder = is_below ? root + length + 1 : "",
                                                .stop_token = ci_outputs_stop_token(outputs)};
    outputs->sinks[outputs->sink_count++] = annotations_sink_new(outputs->terminal, &options);
    free(workspace);
}

struct ci_outputs *ci_outputs_open(const struct ci_facts *facts, struct out *terminal, const char *root)
{
    struct ci_outputs *outputs = memory_new(sizeof *outputs);
    outputs->facts = facts;
    outputs->terminal = terminal;
    if (facts->service != CI_GITHUB) {
        return outputs;
    }
    open_summary(outputs);
    if (terminal != NULL) {
        outputs->is_log_private = log_is_private();
        stop_commands(outputs);
        open_annotations(outputs, root);
    }
    return outputs;
}

size_t ci_outputs_sinks(struct ci_outputs *outputs, struct sink **ret_sinks, size_t capacity)
{
    MUST(outputs->sink_count <= capacity);
    memcpy(ret_sinks, outputs->sinks, outputs->sink_count * sizeof(struct sink *));
    return outputs->sink_count;
}

const char *ci_outputs_stop_token(const struct ci_outputs *outputs)
{
    return outputs->stop_token[0] != '\0' ? outputs->stop_token : NULL;
}

void ci_outputs_mask(void *context, const char *secret)
{
    struct ci_outputs *outputs = context;
    if (!outputs->is_log_private || secret == NULL) {
        return;
    }
    struct text mask = {0}, text = {0};
    ci_append_mask(&mask, secret);
    if (mask.length > 0 && outputs->stop_token[0] != '\0') {
        text_append_format(&text, "::%s::\n%s::stop-commands::%s\n", outputs->stop_token, text_string(&mask),
                           outputs->stop_token);
    } else {
        text_append(&text, text_string(&mask));
    }
    say(outputs, &text);
    text_clear(&mask);
    text_clear(&text);
}

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* Appended, since others of the same step append too. */
static bool write_summary(const struct ci_outputs *outputs)
{
    struct text bytes = {0};
    text_append(&bytes, file_size(outputs->summary_path) > 0
                            ? "\n\n"
                            : ""); /* an HTML block begins after a blank line */
    text_append_bytes(&bytes, outputs->page.bytes, outputs->page.length);
    int file = open(outputs->summary_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    bool is_written = file >= 0 && write_all(file, bytes.bytes, bytes.length);
    struct error error = {0};
    if (!is_written) {
        file_error(&error, errno, "append to", outputs->summary_path);
        error_prefix(&error, "GITHUB_STEP_SUMMARY");
        error_hint(&error, "it must name a file that this user may write; `--ci none` writes none");
        complain(&error);
    }
    if (file >= 0) {
        close(file);
    }
    text_clear(&bytes);
    return is_written;
}

void ci_outputs_resume(struct ci_outputs *outputs)
{
    if (outputs->stop_token[0] != '\0') {
        struct text text = {0};
        text_append_format(&text, "::%s::\n", outputs->stop_token);
        say(outputs, &text);
        text_clear(&text);
    }
}

bool ci_outputs_close(struct ci_outputs *outputs)
{
    bool is_written = outputs->page.length == 0 || write_summary(outputs);
    for (size_t i = 0; i < outputs->sink_count; i++) {
        outputs->sinks[i]->free(outputs->sinks[i]);
    }
    text_clear(&outputs->page);
    memory_free(outputs);
    return is_written;
}
