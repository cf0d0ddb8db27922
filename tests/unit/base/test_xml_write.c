#include <criterion/criterion.h>
#include "itrun/base/xml.h"

typedef void append(struct text *text, const char *value);

static void assert_appended(append *f, const char *value, const char *wanted)
{
    struct text text = {0};
    f(&text, value);
    cr_assert_str_eq(text_string(&text), wanted);
    text_clear(&text);
}

Test(xml_write, an_attribute_keeps_its_line_breaks)
{
    assert_appended(text_append_xml_attribute, "a&<>\"'\n\t\rz", "a&amp;&lt;&gt;&quot;'&#10;&#9;&#13;z");
    assert_appended(text_append_xml_attribute, "", "");
}

Test(xml_write, text_escapes_what_it_must)
{
    assert_appended(text_append_xml_text, "a&b<c>d\"e\n", "a&amp;b&lt;c&gt;d\"e\n");
}

Test(xml_write, cdata_falls_back_to_text_where_it_would_end_early)
{
    assert_appended(text_append_xml_cdata, "a<b>&", "<![CDATA[a<b>&]]>");
    assert_appended(text_append_xml_cdata, "", "<![CDATA[]]>");
    assert_appended(text_append_xml_cdata, "a]]>b", "a]]&gt;b");
    assert_appended(text_append_xml_cdata, "a]]", "<![CDATA[a]]]]>");
}

static void value_seen(void *context, const char *name, const char *const *attributes)
{
    (void)name;
    text_append(context, xml_attribute(attributes, "v"));
}

static void name_ignored(void *context, const char *name)
{
    (void)context;
    (void)name;
}

static void text_seen(void *context, const char *bytes, size_t length)
{
    text_append_bytes(context, bytes, length);
}

Test(xml_write, what_was_written_reads_back_the_same)
{
    const char *nasty = "a & <b> \"c\" 'd' ]]> \n\t e";
    struct text xml = {0};
    struct text seen = {0};
    text_append(&xml, "<a v=\"");
    text_append_xml_attribute(&xml, nasty);
    text_append(&xml, "\">");
    text_append_xml_cdata(&xml, nasty);
    text_append(&xml, "</a>");
    struct xml_handler handler = {&seen, value_seen, name_ignored, text_seen};
    struct xml_reader *reader = xml_reader_new(&handler);
    cr_assert(xml_reader_feed(reader, xml.bytes, xml.length, true, NULL));
    struct text twice = {0};
    text_append_format(&twice, "%s%s", nasty, nasty);
    cr_assert_str_eq(text_string(&seen), text_string(&twice));
    xml_reader_free(reader);
    text_clear(&xml);
    text_clear(&seen);
    text_clear(&twice);
}
