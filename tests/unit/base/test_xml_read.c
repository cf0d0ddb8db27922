#include <criterion/criterion.h>
#include <string.h>
#include "itrun/base/memory.h"
#include "itrun/base/xml.h"

/* Writes down what the reader tells: <name key=value> text </name>. */
static void started(void *context, const char *name, const char *const *attributes)
{
    struct text *told = context;
    text_append_format(told, "<%s", name);
    for (; *attributes; attributes += 2)
        text_append_format(told, " %s=%s", attributes[0], attributes[1]);
    text_append(told, ">");
}

static void ended(void *context, const char *name)
{
    text_append_format(context, "</%s>", name);
}

static void texted(void *context, const char *bytes, size_t length)
{
    text_append_bytes(context, bytes, length);
}

struct reading {
    struct text told;
    struct error error;
    bool is_good;
    bool is_complete;
};

static struct reading read_pieces(const char *bytes, size_t length, size_t piece)
{
    struct reading reading = {.is_good = true};
    struct xml_handler handler = {&reading.told, started, ended, texted};
    struct xml_reader *reader = xml_reader_new(&handler);
    for (size_t at = 0; at < length && reading.is_good; at += piece) {
        size_t some = length - at < piece ? length - at : piece;
        reading.is_good = xml_reader_feed(reader, bytes + at, some, false, &reading.error);
    }
    if (reading.is_good)
        reading.is_good = xml_reader_feed(reader, NULL, 0, true, &reading.error);
    reading.is_complete = xml_reader_is_complete(reader);
    xml_reader_free(reader);
    return reading;
}

static void assert_told_bytes(const char *bytes, size_t length, const char *wanted)
{
    for (size_t piece = 1; piece <= length; piece = piece < 8 ? piece + 1 : piece * 2) {
        struct reading reading = read_pieces(bytes, length, piece);
        cr_assert(reading.is_good, "%s at %s", reading.error.what, reading.error.where);
        cr_assert(reading.is_complete);
        cr_assert_str_eq(text_string(&reading.told), wanted);
        text_clear(&reading.told);
    }
}

static void assert_told(const char *xml, const char *wanted)
{
    assert_told_bytes(xml, strlen(xml), wanted);
}

static void assert_refused(const char *xml, enum error_kind kind, const char *where)
{
    struct reading reading = read_pieces(xml, strlen(xml), 7);
    cr_assert_not(reading.is_good);
    cr_assert_not(reading.is_complete);
    cr_assert_eq(reading.error.kind, kind);
    cr_assert_str_not_empty(reading.error.what);
    if (where)
        cr_assert_str_eq(reading.error.where, where);
    text_clear(&reading.told);
}

Test(xml, a_document_is_told_the_same_however_it_is_cut)
{
    assert_told("<?xml version=\"1.0\"?><a x=\"1\" y='&lt;&#10;'><b/>t&amp;<![CDATA[<c>]]></a>",
                "<a x=1 y=<\n><b></b>t&<c></a>");
    assert_told("<r/>", "<r></r>");
    assert_told("<x:a xmlns:x=\"u\" x:b=\"1\"/>", "<x:a xmlns:x=u x:b=1></x:a>");
}

Test(xml, bytes_after_the_root_are_ignored)
{
    assert_told("<a>1</a>\nProgram finished & <broken", "<a>1</a>");
    assert_told("<a/><b/>", "<a></a>");
    assert_told("<a></a>\033[0m", "<a></a>");
}

Test(xml, blanks_before_the_declaration_are_skipped)
{
    assert_told(" \n\r\n\t<?xml version=\"1.0\"?><a/>", "<a></a>");
    assert_told("\xEF\xBB\xBF<?xml version=\"1.0\"?><a/>", "<a></a>");
}

Test(xml, usual_encodings_are_read)
{
    assert_told("<?xml version='1.0' encoding='utf8'?><a>\xC3\xA9\xF0\x9F\x98\x80</a>",
                "<a>\xC3\xA9\xF0\x9F\x98\x80</a>");
    assert_told("<?xml version=\"1.0\" encoding = \"UTF8\" ?><a>\xC3\xA9</a>", "<a>\xC3\xA9</a>");
    assert_told("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>", "<a>\xC3\xA9</a>");
    assert_told_bytes("\xFF\xFE<\0a\0>\0\xE9\0<\0/\0a\0>\0", 18, "<a>\xC3\xA9</a>");
}

Test(xml, an_error_names_line_and_column)
{
    assert_refused("<a>\n  <b></c>\n</a>", ERROR_INVALID, "2:8");
    assert_refused("\n\n <a>\x1B</a>", ERROR_INVALID, "3:5");
    assert_refused("<a>\xFF</a>", ERROR_INVALID, "1:4");
}

Test(xml, what_ends_too_early_is_refused)
{
    assert_refused("", ERROR_INVALID, NULL);
    assert_refused("  \n", ERROR_INVALID, NULL);
    assert_refused("<a><b></b>", ERROR_INVALID, NULL);
    assert_refused("<a x=", ERROR_INVALID, NULL);
    assert_refused("not xml at all", ERROR_INVALID, "1:1");
}

Test(xml, after_an_error_every_feed_fails_alike)
{
    struct text told = {0};
    struct xml_handler handler = {&told, started, ended, NULL};
    struct xml_reader *reader = xml_reader_new(&handler);
    struct error first = {0};
    struct error second = {0};
    cr_assert_not(xml_reader_feed(reader, "<a><b></a>", 10, false, &first));
    cr_assert_not(xml_reader_feed(reader, "<a></a>", 7, true, &second));
    cr_assert_str_eq(second.what, first.what);
    cr_assert_str_eq(second.where, first.where);
    cr_assert_not(xml_reader_feed(reader, "", 0, true, NULL));
    cr_assert_str_eq(text_string(&told), "<a><b>");
    xml_reader_free(reader);
    xml_reader_free(NULL);
    text_clear(&told);
}

static struct reading read_nested(int depth)
{
    struct text xml = {0};
    for (int i = 0; i < depth; i++)
        text_append(&xml, "<d>");
    for (int i = 0; i < depth; i++)
        text_append(&xml, "</d>");
    struct reading reading = read_pieces(xml.bytes, xml.length, 4096);
    text_clear(&xml);
    text_clear(&reading.told);
    return reading;
}

Test(xml, depth_is_bounded)
{
    cr_assert(read_nested(256).is_good);
    struct reading deep = read_nested(257);
    cr_assert_not(deep.is_good);
    cr_assert_eq(deep.error.kind, ERROR_LIMIT);
    cr_assert_str_eq(deep.error.where, "1:769");
}

static struct reading read_attribute(size_t length)
{
    struct text xml = {0};
    text_append(&xml, "<a x='");
    for (size_t i = 0; i < length; i++)
        text_append_char(&xml, 'v');
    text_append(&xml, "'/>");
    struct reading reading = read_pieces(xml.bytes, xml.length, (size_t)4 << 20);
    text_clear(&xml);
    text_clear(&reading.told);
    return reading;
}

Test(xml, an_attribute_is_bounded)
{
    cr_assert(read_attribute((size_t)1 << 20).is_good);
    struct reading reading = read_attribute(((size_t)1 << 20) + 1);
    cr_assert_not(reading.is_good);
    cr_assert_eq(reading.error.kind, ERROR_LIMIT);
}

Test(xml, a_tag_that_never_ends_is_stopped)
{
    struct text told = {0};
    struct xml_handler handler = {&told, started, ended, texted};
    struct xml_reader *reader = xml_reader_new(&handler);
    struct error error = {0};
    static char megabyte[1 << 20];
    memset(megabyte, 'v', sizeof megabyte);
    cr_assert(xml_reader_feed(reader, "<a><b x='", 9, false, &error));
    int fed = 0;
    while (fed < 64 && xml_reader_feed(reader, megabyte, sizeof megabyte, false, &error))
        fed++;
    cr_assert_lt(fed, 18, "%d", fed);
    cr_assert_eq(error.kind, ERROR_LIMIT);
    xml_reader_free(reader);
    text_clear(&told);
}

Test(xml, a_long_text_is_not_a_long_token)
{
    struct text xml = {0};
    text_append(&xml, "<a>");
    for (int i = 0; i < 40 * 1024; i++)
        text_append_format(&xml, "%01024d", 0);
    text_append(&xml, "</a>");
    struct reading reading = read_pieces(xml.bytes, xml.length, xml.length);
    cr_assert(reading.is_good, "%s", reading.error.what);
    cr_assert_eq(reading.told.length, xml.length);
    text_clear(&xml);
    text_clear(&reading.told);
}

Test(xml, entities_that_multiply_are_stopped)
{
    struct text xml = {0};
    text_append(&xml, "<!DOCTYPE a [<!ENTITY e0 'ha ha ha ha ha ha ha ha ha ha'>");
    for (int i = 1; i < 10; i++) {
        text_append_format(&xml, "<!ENTITY e%d '", i);
        for (int j = 0; j < 10; j++)
            text_append_format(&xml, "&e%d;", i - 1);
        text_append(&xml, "'>");
    }
    text_append(&xml, "]><a>&e9;</a>");
    struct reading reading = read_pieces(xml.bytes, xml.length, xml.length);
    cr_assert_not(reading.is_good);
    cr_assert_eq(reading.error.kind, ERROR_LIMIT);
    text_clear(&xml);
    text_clear(&reading.told);
}

Test(xml, external_entities_are_never_read)
{
    assert_told("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>[&e;]</a>", "<a>[]</a>");
}

Test(xml, attributes_are_found_by_name)
{
    const char *attributes[] = {"name", "a", "time", "1.5", NULL};
    cr_assert_str_eq(xml_attribute(attributes, "time"), "1.5");
    cr_assert_null(xml_attribute(attributes, "a"));
    cr_assert_null(xml_attribute(attributes, "Time"));
}
