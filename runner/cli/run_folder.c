/* run_folder.c - which run a command means: a folder, an id, or the newest. */
#include "commands.h"
#include <sys/stat.h>

static bool has_journal(const char *folder)
{
    struct text path = {0};
    text_append_format(&path, "%s/events.ndjson", folder);
    struct stat status;
    bool is_there = stat(text_string(&path), &status) == 0;
    text_clear(&path);
    return is_there;
}

bool run_folder_find(const struct options *options, const char *word, struct text *ret_path,
                     struct error *error)
{
    if (word != NULL && has_journal(word)) {
        text_append(ret_path, word);
        return true;
    }
    if (!output_folder(options, ret_path, error)) {
        return false;
    }
    if (word != NULL) {
        text_append_format(ret_path, "/runs/%s", word);
    } else {
        text_append(ret_path, "/latest");
    }
    if (!has_journal(text_string(ret_path))) {
        if (word != NULL) {
            error_set(error, ERROR_USAGE, "there is no run %s (no events.ndjson in it, nor in %s)", word,
                      text_string(ret_path));
            return error_hint(error, "give a run's folder or its id; ls %s", text_string(ret_path));
        }
        error_set(error, ERROR_USAGE, "there is no earlier run here (%s)", text_string(ret_path));
        return error_hint(error, "give the folder of a run, or run itrun first");
    }
    return true;
}
