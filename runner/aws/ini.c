#include "ini.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include <ctype.h>
#include <string.h>

struct ini {
    struct arena *arena;
    struct map *sections; /* name -> struct map of values */
};

void ini_free(struct ini *ini)
{
    if (ini == NULL)
        return;
    for (size_t i = 0; i < map_count(ini->sections); i++)
        map_free(map_value(ini->sections, i));
    map_free(ini->sections);
    arena_free(ini->arena);
    memory_free(ini);
}

static char *trim(char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    size_t length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        line[--length] = '\0';
    return line;
}

static void cut_comment(char *value)
{
    for (char *c = value; *c != '\0'; c++) {
        bool is_after_blank = c == value || isspace((unsigned char)c[-1]);
        if ((*c == '#' || *c == ';') && is_after_blank) {
            *c = '\0';
            return;
        }
    }
}

/* "[profile ci] # comment" -> "profile ci", blanks inside made one */
static const char *section_name(struct arena *arena, char *line)
{
    char *end = strchr(line, ']');
    if (end == NULL)
        return NULL;
    *end = '\0';
    char *name = arena_string(arena, trim(line + 1));
    char *to = name;
    for (const char *from = name; *from != '\0'; from++) {
        if (!isspace((unsigned char)*from))
            *to++ = *from;
        else if (to[-1] != ' ')
            *to++ = ' ';
    }
    *to = '\0';
    return name;
}

static struct map *section_open(struct ini *ini, const char *name)
{
    struct map *section = map_get(ini->sections, name);
    if (section == NULL) {
        section = map_new();
        map_put(ini->sections, name, section);
    }
    return section;
}

static bool parse_setting(struct ini *ini, struct map *section, char *line)
{
    char *equals = strchr(line, '=');
    if (equals == NULL || section == NULL)
        return false;
    *equals = '\0';
    char *name = trim(line);
    for (char *c = name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    cut_comment(equals + 1);
    map_put(section, name, arena_string(ini->arena, trim(equals + 1)));
    return name[0] != '\0';
}

struct ini *ini_parse(const char *bytes, size_t length, const char *path, struct error *error)
{
    struct ini *ini = memory_new(sizeof *ini);
    ini->arena = arena_new();
    ini->sections = map_new();
    struct map *section = NULL;
    int line_number = 0;
    char *copy = arena_bytes(ini->arena, bytes, length);
    if (string_starts_with(copy, "\xEF\xBB\xBF"))
        copy += 3;
    for (char *line = copy, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        line_number++;
        bool is_nested = line[0] == ' ' || line[0] == '\t';
        char *rest = trim(line);
        if (rest[0] == '\0' || rest[0] == '#' || rest[0] == ';' || is_nested)
            continue;
        const char *name = rest[0] == '[' ? section_name(ini->arena, rest) : NULL;
        if (name != NULL)
            section = section_open(ini, name);
        if (name != NULL || (rest[0] != '[' && parse_setting(ini, section, rest)))
            continue;
        error_set(error, ERROR_CONFIG, "neither [section] nor name = value");
        error_where(error, "%s:%d", path, line_number);
        ini_free(ini);
        return NULL;
    }
    return ini;
}

bool ini_has(const struct ini *ini, const char *section)
{
    return ini != NULL && map_has(ini->sections, section);
}

const char *ini_get(const struct ini *ini, const char *section, const char *name)
{
    const struct map *found = ini != NULL ? map_get(ini->sections, section) : NULL;
    return found != NULL ? map_get(found, name) : NULL;
}

size_t ini_section_count(const struct ini *ini)
{
    return ini != NULL ? map_count(ini->sections) : 0;
}

const char *ini_section(const struct ini *ini, size_t index)
{
    return map_key(ini->sections, index);
}
