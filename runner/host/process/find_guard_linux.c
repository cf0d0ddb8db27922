/* find_guard_linux.c - the guard belongs to this very itrun: beside it, in ../libexec/itrun, at last in PATH.
 */
#include "itrun/base/memory.h"
#include "itrun/host/process.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_program(struct text *path)
{
    return access(text_string(path), X_OK) == 0;
}

static bool find_in_path(struct text *path)
{
    const char *rest = getenv("PATH");
    while (rest != NULL && *rest != '\0') {
        size_t length = strcspn(rest, ":");
        text_reset(path);
        text_append_bytes(path, rest, length);
        text_append(path, length > 0 ? "/itrun-guard" : "./itrun-guard");
        if (is_program(path)) {
            return true;
        }
        rest = rest[length] == ':' ? rest + length + 1 : NULL;
    }
    return false;
}

bool process_find_guard(struct text *ret_path, struct error *error)
{
    static const char *const places[] = {"itrun-guard", "../libexec/itrun/itrun-guard"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    struct text path = {0};
    bool is_found = false;
    for (size_t i = 0; length > 0 && !is_found && i < sizeof places / sizeof *places; i++) {
        self[length] = '\0';
        char *slash = strrchr(self, '/');
        text_reset(&path);
        text_append_bytes(&path, self, (size_t)(slash - self) + 1);
        text_append(&path, places[i]);
        is_found = is_program(&path);
    }
    if (!is_found && !find_in_path(&path)) {
        text_clear(&path);
        error_set(error, ERROR_CONFIG, "itrun-guard was not found beside itrun, nor in PATH");
        return error_hint(
            error, "install it beside itrun: without it nothing that a suite leaves behind could be ended");
    }
    text_clear(ret_path);
    *ret_path = path;
    return true;
}
