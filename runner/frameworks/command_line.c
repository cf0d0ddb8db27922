/* command_line.c - from the command of a configuration to an argv.
 *
 * A command without shell metacharacters runs directly: no shell stands between the guard and the test, and a
 * signal's exit status stays what it was. */
#include "adapters.h"
#include <string.h>

/* Words that only a shell knows; without them `exit 77` would be a missing program. */
static bool is_shell_word(const char *word, size_t length)
{
    static const char *const words[] = {".",      "cd",     "eval", "exec",  "exit",  "export", "if",
                                        "for",    "while",  "case", "until", "trap",  "set",    "unset",
                                        "source", "ulimit", "read", "umask", "shift", "wait",   ":"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
            return true;
    }
    return false;
}

/* "A=1 cmd" sets a variable; "cmd a=1" does not. */
static bool needs_shell(const char *command)
{
    if (strpbrk(command, "|&;<>()$`\\\"'*?[]#{}!~\n"))
        return true;
    const char *start = command + strspn(command, " \t");
    size_t length = strcspn(start, " \t");
    return memchr(start, '=', length) || is_shell_word(start, length);
}

static size_t count_words(const char *command)
{
    size_t count = 0;
    for (const char *at = command + strspn(command, " \t"); *at; at += strspn(at, " \t")) {
        at += strcspn(at, " \t");
        count++;
    }
    return count;
}

static const char *const *through_shell(const char *command, const char *const *arguments, size_t count,
                                        struct arena *arena)
{
    struct text line = {0};
    text_append(&line, command);
    for (size_t i = 0; i < count; i++) {
        text_append_char(&line, ' ');
        text_append_shell_word(&line, arguments[i]);
    }
    const char **argv = arena_alloc(arena, 4 * sizeof *argv);
    argv[0] = "sh";
    argv[1] = "-c";
    argv[2] = arena_string(arena, text_string(&line));
    text_clear(&line);
    return argv;
}

const char *const *command_line(const char *command, const char *const *arguments, size_t count,
                                struct arena *arena)
{
    if (needs_shell(command))
        return through_shell(command, arguments, count, arena);
    const char **argv = arena_alloc(arena, (count_words(command) + count + 1) * sizeof *argv);
    size_t filled = 0;
    for (const char *at = command + strspn(command, " \t"); *at; at += strspn(at, " \t")) {
        size_t length = strcspn(at, " \t");
        argv[filled++] = arena_bytes(arena, at, length);
        at += length;
    }
    for (size_t i = 0; i < count; i++)
        argv[filled++] = arguments[i];
    return argv;
}

const char *const *command_argv(const char *command, struct arena *arena)
{
    return command_line(command, NULL, 0, arena);
}

const char *file_argument(const struct suite *suite, struct arena *arena)
{
    return suite->file[0] == '-' ? arena_format(arena, "./%s", suite->file) : suite->file;
}
