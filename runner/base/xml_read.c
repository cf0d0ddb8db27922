/* xml_read.c - expat, with the guards it lacks and the leniency that real reports need.
 *
 * The first bytes are held back until the XML declaration is whole: blanks before it (which expat refuses)
 * are skipped, and the common misspelling encoding="utf8" is read as UTF-8. Long pieces are given to expat in
 * slices, so that an unfinished tag is noticed before it fills the memory. */
#include "itrun/base/xml.h"
#include "itrun/base/memory.h"
#include <expat.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX       256
#define ATTRIBUTE_MAX   ((size_t)1024 * 1024)
#define TOKEN_MAX       ((size_t)16 * 1024 * 1024) /* a tag or comment that does not end */
#define SLICE_MAX       ((size_t)1024 * 1024)
#define DECLARATION_MAX 1024

enum xml_state {
    XML_HEAD, /* holding back the first bytes */
    XML_BODY,
    XML_DONE, /* the root element closed */
    XML_BROKEN
};

struct xml_reader {
    struct xml_handler handler;
    XML_Parser parser;
    enum xml_state state;
    int depth;
    struct text head;
    size_t unheard; /* bytes fed since expat last told something; its own byte index is not always known */
    unsigned long skipped_lines;
    unsigned long skipped_columns;
    struct error broken; /* why, for every later feed */
};

static bool fail(struct xml_reader *reader, enum error_kind kind, const char *what)
{
    unsigned long line = XML_GetCurrentLineNumber(reader->parser);
    unsigned long column = XML_GetCurrentColumnNumber(reader->parser) + 1;
    if (line <= 1)
        column += reader->skipped_columns;
    error_set(&reader->broken, kind, "%s", what);
    error_where(&reader->broken, "%lu:%lu", line + reader->skipped_lines, column);
    reader->state = XML_BROKEN;
    return false;
}

/* Stopping is only a request: expat may still report the end of an empty element, hence the look at state. */
static void stop_at_limit(struct xml_reader *reader, const char *what)
{
    fail(reader, ERROR_LIMIT, what);
    XML_StopParser(reader->parser, XML_FALSE);
}

static void XMLCALL element_started(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_reader *reader = context;
    reader->unheard = 0;
    if (reader->state != XML_BODY)
        return;
    if (++reader->depth > DEPTH_MAX) {
        stop_at_limit(reader, "XML elements are nested more than 256 deep");
        return;
    }
    for (const XML_Char **value = attributes; *value; value++) {
        if (strnlen(*value, ATTRIBUTE_MAX + 1) > ATTRIBUTE_MAX) {
            stop_at_limit(reader, "an XML attribute is longer than 1 MiB");
            return;
        }
    }
    if (reader->handler.start)
        reader->handler.start(reader->handler.context, name, (const char *const *)attributes);
}

static void XMLCALL element_ended(void *context, const XML_Char *name)
{
    struct xml_reader *reader = context;
    reader->unheard = 0;
    if (reader->state != XML_BODY)
        return;
    if (reader->handler.end)
        reader->handler.end(reader->handler.context, name);
    if (--reader->depth == 0) {
        reader->state = XML_DONE;
        XML_StopParser(reader->parser, XML_FALSE);
    }
}

static void XMLCALL text_found(void *context, const XML_Char *bytes, int length)
{
    struct xml_reader *reader = context;
    reader->unheard = 0;
    if (reader->state == XML_BODY && reader->handler.text)
        reader->handler.text(reader->handler.context, bytes, (size_t)length);
}

struct xml_reader *xml_reader_new(const struct xml_handler *handler)
{
    struct xml_reader *reader = memory_new(sizeof *reader);
    reader->handler = *handler;
    reader->parser = XML_ParserCreate(NULL);
    MUST(reader->parser);
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, element_started, element_ended);
    XML_SetCharacterDataHandler(reader->parser, text_found);
    return reader;
}

void xml_reader_free(struct xml_reader *reader)
{
    if (!reader)
        return;
    XML_ParserFree(reader->parser);
    text_clear(&reader->head);
    memory_free(reader);
}

static bool feed_slice(struct xml_reader *reader, const char *bytes, size_t length, bool is_last)
{
    reader->unheard += length;
    enum XML_Status status = XML_Parse(reader->parser, bytes, (int)length, is_last);
    if (reader->state == XML_DONE)
        return true;
    if (reader->state == XML_BROKEN)
        return false;
    if (status != XML_STATUS_OK) {
        enum XML_Error reason = XML_GetErrorCode(reader->parser);
        bool is_bomb = reason == XML_ERROR_AMPLIFICATION_LIMIT_BREACH; /* entities that multiply themselves */
        return fail(reader, is_bomb ? ERROR_LIMIT : ERROR_INVALID, XML_ErrorString(reason));
    }
    if (reader->unheard > TOKEN_MAX)
        return fail(reader, ERROR_LIMIT, "an XML tag or comment is longer than 16 MiB");
    return true;
}

static bool feed_body(struct xml_reader *reader, const char *bytes, size_t length, bool is_last)
{
    while (length > SLICE_MAX) {
        if (!feed_slice(reader, bytes, SLICE_MAX, false))
            return false;
        if (reader->state == XML_DONE)
            return true;
        bytes += SLICE_MAX;
        length -= SLICE_MAX;
    }
    return feed_slice(reader, bytes, length, is_last);
}

/* True where the declaration names "utf8", which is no registered name. */
static bool says_utf8(const struct text *head)
{
    const char *end = strstr(head->bytes, "?>");
    const char *at = strstr(head->bytes, "encoding");
    if (!string_starts_with(head->bytes, "<?xml") || !end || !at || at > end)
        return false;
    at += strlen("encoding");
    at += strspn(at, " \t\r\n=");
    return (*at == '"' || *at == '\'') && strncasecmp(at + 1, "utf8", 4) == 0 && at[5] == at[0];
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Skips blanks before the first byte, counting them for positions in messages. */
static size_t skip_blanks(struct xml_reader *reader, const char *bytes, size_t length)
{
    size_t at = 0;
    for (; at < length && is_blank(bytes[at]); at++) {
        reader->skipped_columns++;
        if (bytes[at] == '\n') {
            reader->skipped_lines++;
            reader->skipped_columns = 0;
        }
    }
    return at;
}

static bool feed_head(struct xml_reader *reader, const char *bytes, size_t length, bool is_last)
{
    if (reader->head.length == 0) {
        size_t blanks = skip_blanks(reader, bytes, length);
        bytes += blanks;
        length -= blanks;
    }
    size_t held = length < DECLARATION_MAX ? length : DECLARATION_MAX;
    text_append_bytes(&reader->head, bytes, held);
    bool is_whole = is_last || reader->head.length >= DECLARATION_MAX ||
                    memchr(reader->head.bytes, '>', reader->head.length);
    if (!is_whole)
        return true;
    if (says_utf8(&reader->head))
        XML_SetEncoding(reader->parser, "UTF-8");
    reader->state = XML_BODY;
    bool is_only = held == length;
    if (!feed_body(reader, reader->head.bytes, reader->head.length, is_last && is_only))
        return false;
    if (reader->state == XML_DONE || is_only)
        return true;
    return feed_body(reader, bytes + held, length - held, is_last);
}

bool xml_reader_feed(struct xml_reader *reader, const char *bytes, size_t length, bool is_last,
                     struct error *error)
{
    bool is_good = true;
    switch (reader->state) {
    case XML_HEAD: is_good = feed_head(reader, bytes, length, is_last); break;
    case XML_BODY: is_good = feed_body(reader, bytes, length, is_last); break;
    case XML_DONE: return true;
    case XML_BROKEN: is_good = false; break;
    }
    if (!is_good && error)
        *error = reader->broken;
    return is_good;
}

bool xml_reader_is_complete(const struct xml_reader *reader)
{
    return reader->state == XML_DONE;
}

const char *xml_attribute(const char *const *attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    }
    return NULL;
}
