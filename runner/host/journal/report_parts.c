/* report_parts.c - a report's parts -> files; what an earlier writing left beyond them goes. */
#include "report_parts.h"
#include "itrun/base/memory.h"
#include "itrun/loop.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MARK_WITHIN 512 /* bytes from the start of a file */

struct content {
    struct chunk **chunks; /* of all parts */
    size_t *ends;          /* of part i: one behind its last chunk */
    size_t count;          /* parts */
    char *mark;
};

struct content *content_new(const struct out_part *parts, size_t count, const char *mark)
{
    struct content *content = memory_new(sizeof *content);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += parts[i].count;
    }
    content->chunks = memory_new((total + 1) * sizeof(struct chunk *));
    content->ends = memory_new((count + 1) * sizeof *content->ends);
    content->count = count;
    content->mark = mark != NULL ? memory_copy_string(mark) : NULL;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < parts[i].count; k++) {
            content->chunks[at++] = chunk_keep(parts[i].chunks[k]);
        }
        content->ends[i] = at;
    }
    return content;
}

void content_free(struct content *content)
{
    if (content == NULL) {
        return;
    }
    size_t total = content->count > 0 ? content->ends[content->count - 1] : 0;
    for (size_t i = 0; i < total; i++) {
        chunk_drop(content->chunks[i]);
    }
    memory_free(content->chunks);
    memory_free(content->ends);
    memory_free(content->mark);
    memory_free(content);
}

bool content_has_parts(const struct content *content)
{
    return content->mark != NULL;
}

static struct out_part part_of(const struct content *content, size_t index)
{
    size_t start = index > 0 ? content->ends[index - 1] : 0;
    return (struct out_part){content->chunks + start, content->ends[index] - start};
}

static bool is_same_part(const struct content *a, const struct content *b, size_t index)
{
    if (b == NULL || index >= b->count) {
        return false;
    }
    struct out_part of_a = part_of(a, index);
    struct out_part of_b = part_of(b, index);
    bool is_same = of_a.count == of_b.count;
    for (size_t i = 0; is_same && i < of_a.count; i++) {
        is_same = chunk_equal(of_a.chunks[i], of_b.chunks[i]);
    }
    return is_same;
}

void part_path(const char *path, size_t number, struct text *ret_path)
{
    text_reset(ret_path);
    if (number == 1) {
        text_append(ret_path, path);
        return;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - path) : strlen(path);
    text_append_bytes(ret_path, path, stem);
    text_append_format(ret_path, "-%zu%s", number, path + stem);
}

/* Whether that file is a part that we or an earlier run wrote: somebody else's is not ours to remove. */
static bool has_mark(const char *path, const char *mark)
{
    char start[MARK_WITHIN + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    ssize_t length = read(fd, start, MARK_WITHIN);
    close(fd);
    start[length > 0 ? length : 0] = '\0';
    return strstr(start, mark) != NULL;
}

static bool remove_stale_parts(const struct content *content, const char *path, struct error *error)
{
    struct text name = {0};
    bool is_done = true;
    for (size_t number = content->count + 1; is_done; number++) {
        part_path(path, number, &name);
        if (!has_mark(text_string(&name), content->mark)) {
            break;
        }
        is_done = unlink(text_string(&name)) == 0 ||
                  file_error(error, errno, "remove the outdated", text_string(&name));
    }
    text_clear(&name);
    return is_done;
}

bool content_write(const struct content *content, const struct content *before, const char *path,
                   struct error *error)
{
    struct text name = {0};
    bool is_done = true;
    for (size_t i = 0; is_done && i < content->count; i++) {
        if (!is_same_part(content, before, i)) {
            struct out_part part = part_of(content, i);
            part_path(path, i + 1, &name);
            is_done = file_replace_chunks(text_string(&name), part.chunks, part.count, error);
        }
    }
    text_clear(&name);
    return is_done && (content->mark == NULL || remove_stale_parts(content, path, error));
}
