/* console_names.c - tests whose names change from run to run: said once a kind of part, with the test to
 * mend.
 */
#include "console.h"
#include "stable_name.h"
#include <string.h>

static void say_name(struct console *console, size_t suite, const struct reported_case *reported_case,
                     enum volatile_part part)
{
    struct text *text = &console->text;
    bool is_in_class = strcmp(reported_case->classname, reported_case->main->classname) != 0;
    const struct test_case *raw = reported_case->main;
    console_paint(console, "33", "! name     ");
    text_append(text, "  ");
    line_append(text, console->tally->fold->suites[suite].name, NAME_LIMIT);
    text_append(text, ": '");
    line_append(text, is_in_class ? raw->classname : raw->name, NAME_LIMIT);
    text_append_format(text, "' holds %s; reports say '", volatile_part_what(part));
    line_append(text, is_in_class ? reported_case->classname : reported_case->name, NAME_LIMIT);
    text_append(text, "', so that tomorrow it is the same test; a fixed name is better\n");
}

void console_say_names(struct console *console, size_t suite, const struct reported *reported)
{
    for (size_t i = 0; i < reported->count; i++) {
        unsigned news = reported->list[i].volatile_parts & ~console->volatile_parts_said;
        for (int part = 0; news != 0 && part < VOLATILE_COUNT; part++) {
            if ((news & 1u << part) != 0) {
                say_name(console, suite, &reported->list[i], (enum volatile_part)part);
            }
        }
        console->volatile_parts_said |= news;
    }
}
