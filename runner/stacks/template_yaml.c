/* template_yaml.c - YAML without its comments and trailing blanks, line by line.
 *
 * Not a parser: it knows just enough to tell a comment from a '#' inside a quoted, a block or a plain scalar.
 * Where a line could be read in two ways it says so, and the template is then hashed as it stands: a comment
 * may then cost a deploy that was not needed, but no change of a value is ever overlooked. Source:
 * YAML 1.2.2, sections 6.6 (comments), 7.3 (flow scalars), 8.1 (block scalars). */
#include "template.h"
#include <limits.h>
#include <string.h>

struct yaml {
    struct text *out;
    size_t blank_count; /* empty lines held back: they mean nothing where a key follows */
    char quote;         /* of a quoted scalar that goes on in the next line; 0: none */
    bool is_opened; /* the last line ended where a node must follow ("key:", "-", a tag; in a flow: "," "["
                       "{") */
    bool is_plain;  /* the last line ended in a plain scalar: a line indented more than `node` goes on with it
                     */
    bool is_block;  /* inside a block scalar */
    long node;      /* column of the innermost key or dash; -1: none */
    long block_indent; /* -1: its first line has not been seen */
    size_t depth;      /* of [ and { */
    /* the line at hand */
    const char *line;
    size_t length;
    size_t content; /* first character after indentation and leading dashes */
    bool is_continued;
    size_t closed_at; /* just after the last quoted scalar or flow collection that ended; 0: none */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static size_t trimmed(const char *line, size_t length)
{
    while (length > 0 && is_blank(line[length - 1])) {
        length--;
    }
    return length;
}

static long indent_of(const struct yaml *yaml)
{
    size_t indent = 0;
    while (indent < yaml->length && yaml->line[indent] == ' ') {
        indent++;
    }
    return (long)indent;
}

static bool ends_word(const struct yaml *yaml, size_t at)
{
    return at >= yaml->length || is_blank(yaml->line[at]);
}

/* A node (a quoted scalar, a flow collection, a block header) can begin at `at`. */
static bool is_node_start(const struct yaml *yaml, size_t at)
{
    const char *line = yaml->line;
    while (at > yaml->content) {
        size_t end = trimmed(line, at);
        if (end <= yaml->content) {
            break;
        }
        char before = line[end - 1];
        if (before == ':') { /* adjacent only after a quoted key in a flow mapping: {"a":"b"} */
            return end < at || (yaml->depth > 0 && yaml->closed_at + 1 == end);
        }
        if (before == ',' || before == '[' || before == '{') {
            return yaml->depth > 0;
        }
        size_t word = end;
        while (word > yaml->content && !is_blank(line[word - 1])) {
            word--;
        }
        if (end == at || (line[word] != '!' && line[word] != '&')) {
            return false;
        }
        at = word; /* a tag or an anchor: what stands before it decides */
    }
    return !yaml->is_continued;
}

/* Index after the closing quote; 0: it is not in this line. */
static size_t quote_end(const struct yaml *yaml, size_t from, char quote)
{
    for (size_t i = from; i < yaml->length; i++) {
        bool is_escape = quote == '"'
                             ? yaml->line[i] == '\\'
                             : yaml->line[i] == '\'' && i + 1 < yaml->length && yaml->line[i + 1] == '\'';
        if (is_escape) {
            i++;
        } else if (yaml->line[i] == quote) {
            return i + 1;
        }
    }
    return 0;
}

static bool may_follow_quote(const struct yaml *yaml, size_t at)
{
    size_t next = at;
    while (next < yaml->length && is_blank(yaml->line[next])) {
        next++;
    }
    if (next >= yaml->length) {
        return true;
    }
    char c = yaml->line[next];
    return c == ':' || (c == '#' && next > at) || (yaml->depth > 0 && (c == ',' || c == ']' || c == '}'));
}

/* Passes a quoted scalar, of which *at is the opening quote or (is_begun) anything inside. False: two
 * readings. */
static bool pass_quoted(struct yaml *yaml, size_t *at, char quote, bool is_begun)
{
    size_t end = quote_end(yaml, is_begun ? *at : *at + 1, quote);
    yaml->quote = end == 0 ? quote : '\0';
    *at = end == 0 ? yaml->length : end;
    yaml->closed_at = end;
    return end == 0 || may_follow_quote(yaml, end);
}

static void pass_bracket(struct yaml *yaml, size_t at)
{
    char c = yaml->line[at];
    if (c == '[' || c == '{') {
        yaml->depth += is_node_start(yaml, at);
    } else if (yaml->depth > 0) {
        yaml->depth--;
        yaml->closed_at = at + 1;
    }
}

/* From `at` on, which is outside any scalar: where this line's comment begins (its length: none). */
static bool scan_line(struct yaml *yaml, size_t at, size_t *ret_end)
{
    const char *line = yaml->line;
    for (; at < yaml->length; at++) {
        char c = line[at];
        if (c == '#' && (at == 0 || is_blank(line[at - 1]))) {
            break;
        }
        if ((c == '"' || c == '\'') && is_node_start(yaml, at)) {
            if (!pass_quoted(yaml, &at, c, false)) {
                return false;
            }
            at--;
        } else if (strchr("[]{}", c) != NULL) {
            pass_bracket(yaml, at);
        } else if (c == ':' && ends_word(yaml, at + 1) && yaml->depth == 0) {
            if (yaml->is_continued) {
                return false; /* a key where there can be none */
            }
            yaml->node = (long)yaml->content;
        }
    }
    *ret_end = at;
    return true;
}

/* "|", ">-", "|2+": opens a block scalar if it is the last word of a line and stands where a node begins. */
static bool open_block(struct yaml *yaml, size_t length)
{
    size_t word = length;
    while (word > yaml->content && !is_blank(yaml->line[word - 1])) {
        word--;
    }
    const char *header = yaml->line + word;
    size_t header_length = length - word;
    if (header_length == 0 || (header[0] != '|' && header[0] != '>') ||
        strspn(header + 1, "+-123456789") < header_length - 1 || !is_node_start(yaml, word)) {
        return true;
    }
    const char *key = memchr(yaml->line, ':', word);
    bool has_parent = key != NULL || yaml->content > (size_t)indent_of(yaml);
    yaml->is_block = true;
    yaml->block_indent = -1;
    for (size_t i = 1; i < header_length; i++) {
        if (header[i] > '0' && header[i] <= '9') {
            yaml->block_indent = yaml->node + (header[i] - '0');
        }
    }
    return has_parent; /* a header on a line of its own: whose indentation counts is not known here */
}

/* Where the line ended decides what the next one can be. */
static bool close_line(struct yaml *yaml, size_t length)
{
    const char *line = yaml->line;
    char last = line[length - 1];
    size_t word = length;
    while (word > yaml->content && !is_blank(line[word - 1])) {
        word--;
    }
    bool is_tag = word < length && (line[word] == '!' || line[word] == '&') && is_node_start(yaml, word);
    bool is_bare_dash = length <= yaml->content;
    if (yaml->depth > 0) {
        yaml->is_opened = strchr(",[{:", last) != NULL || is_tag;
        yaml->is_plain = false;
        return true;
    }
    yaml->is_opened = is_tag || is_bare_dash || (last == ':' && yaml->closed_at < length);
    yaml->is_plain = !yaml->is_opened && yaml->closed_at != length;
    return open_block(yaml, length);
}

static void write_line(struct yaml *yaml, size_t length)
{
    bool has_key =
        length > 0 && (yaml->line[length - 1] == ':' || memmem(yaml->line, length, ": ", 2) != NULL);
    for (; yaml->blank_count > 0; yaml->blank_count--) {
        if (!has_key) {
            text_append_char(yaml->out, '\n');
        }
    }
    text_append_bytes(yaml->out, yaml->line, length);
    text_append_char(yaml->out, '\n');
}

/* Finds where the content begins, and in which node. */
static bool open_line(struct yaml *yaml)
{
    size_t at = (size_t)indent_of(yaml);
    yaml->is_continued = yaml->is_plain && yaml->depth == 0 && (long)at > yaml->node;
    while (at < yaml->length && is_blank(yaml->line[at])) {
        at++;
    }
    yaml->content = at;
    if (yaml->is_continued) {
        return true;
    }
    if (yaml->depth > 0) { /* a quote here may be the middle of a plain scalar */
        return yaml->is_opened || at >= yaml->length || strchr("\"'[{", yaml->line[at]) == NULL;
    }
    while (at < yaml->length && (yaml->line[at] == '-' || yaml->line[at] == '?') && ends_word(yaml, at + 1)) {
        yaml->node = (long)at;
        at++;
        while (at < yaml->length && is_blank(yaml->line[at])) {
            at++;
        }
        yaml->content = at;
    }
    return true;
}

static bool is_marker(const struct yaml *yaml, size_t length)
{
    return length >= 3 && (memcmp(yaml->line, "---", 3) == 0 || memcmp(yaml->line, "...", 3) == 0);
}

static bool take_structure(struct yaml *yaml)
{
    size_t end = 0;
    size_t at = 0;
    yaml->closed_at = 0;
    if (yaml->quote != '\0') {
        yaml->content = 0;
        yaml->is_continued = false;
        if (!pass_quoted(yaml, &at, yaml->quote, true)) {
            return false;
        }
    } else if (!open_line(yaml)) {
        return false;
    }
    if (yaml->quote == '\0' && !scan_line(yaml, at, &end)) {
        return false;
    }
    if (yaml->quote != '\0') { /* goes on: its blanks may matter */
        write_line(yaml, yaml->length);
        yaml->is_plain = false;
        return true;
    }
    bool has_comment = end < yaml->length;
    size_t length = trimmed(yaml->line, end);
    if (length == 0) {
        yaml->is_plain = yaml->is_plain && !has_comment;
        yaml->blank_count += !has_comment;
        return true;
    }
    write_line(yaml, length);
    if (is_marker(yaml, length)) {
        yaml->node = -1;
        yaml->is_plain = false;
        yaml->is_opened = true;
        return length == 3;
    }
    bool is_certain = close_line(yaml, length);
    yaml->is_plain = yaml->is_plain && !has_comment;
    return is_certain;
}

/* True: the line belongs to the block scalar, and was written as it is. */
static bool take_block(struct yaml *yaml)
{
    if (trimmed(yaml->line, yaml->length) > 0) {
        long indent = indent_of(yaml);
        if (yaml->block_indent < 0) {
            yaml->block_indent = indent > yaml->node ? indent : LONG_MAX;
        }
        yaml->is_block = indent >= yaml->block_indent;
    }
    if (yaml->is_block) { /* a last line without its end is another value than one with it */
        bool has_end = yaml->line[yaml->length] == '\n';
        text_append_bytes(yaml->out, yaml->line, yaml->length + has_end);
    } else {
        yaml->is_plain = false;
        yaml->is_opened = false;
    }
    return yaml->is_block;
}

bool template_canonical_yaml(const char *body, struct text *ret_text)
{
    struct yaml yaml = {.out = ret_text, .node = -1, .is_opened = true};
    while (*body != '\0') {
        yaml.line = body;
        yaml.length = strcspn(body, "\n");
        body += yaml.length + (body[yaml.length] == '\n');
        if (yaml.is_block && take_block(&yaml)) {
            continue;
        }
        if (!take_structure(&yaml)) {
            return false;
        }
    }
    return yaml.quote == '\0' && yaml.depth == 0;
}
