#include "samples.h"

#define XML(string) string, sizeof(string) - 1

static const struct suite any = {.name = "any", .framework = "command", .cwd = "/repo"};

Test(junit, surefire_reads_with_reruns_commas_and_both_outputs)
{
    struct report *report = read_sample("command", &any, "surefire-3.xml");
    cr_assert(report->is_present && report->is_complete);
    cr_assert_eq(report->count, 4);
    assert_case(report, "shop.CartTest", "flaky", CASE_PASSED);
    assert_case(report, "shop.CartTest", "fails", CASE_FAILED);
    assert_case(report, "shop.CartTest", "breaks", CASE_ERROR);
    const struct test_case *fails = find_case(report, "shop.CartTest", "fails");
    cr_assert_eq(fails->duration_us, 1000500000);
    cr_assert_str_eq(fails->type, "org.opentest4j.AssertionFailedError");
    cr_assert_str_eq(fails->message, "expected: <1> but was: <2>");
    cr_assert_str_eq(fails->output, "out of the test\nerr of the test");
    cr_assert_not_null(strstr(fails->body, "CartTest.java:12"));
    cr_assert_null(strstr(fails->body, "again"));
    report_free(report);
}

Test(junit, jest_failures_without_attributes_are_joined)
{
    struct report *report = read_sample("command", &any, "jest-junit.xml");
    cr_assert_eq(report->count, 3);
    const struct test_case *sums = find_case(report, "cart sums up", "cart sums up");
    cr_assert_eq(sums->status, CASE_FAILED);
    cr_assert_str_eq(sums->message, "Error: expect(received).toBe(expected)");
    cr_assert_not_null(strstr(sums->body, "the hook failed too"));
    cr_assert_str_eq(sums->file, "src/cart.test.js");
    cr_assert_str_eq(sums->type, "failed");
    assert_case(report, "cart later", "cart later", CASE_SKIPPED);
    report_free(report);
}

Test(junit, gotestsum_and_ctest_read)
{
    struct report *go = read_sample("command", &any, "gotestsum.xml");
    cr_assert_eq(report_count_status(go, CASE_FAILED), 2);
    cr_assert_not_null(strstr(find_case(go, "example.org/shop/cart", "TestSum/of_two")->body,
                              "cart_test.go:9: got 1, want 2"));
    report_free(go);
    struct report *ctest = read_sample("command", &any, "ctest-3.xml");
    cr_assert(ctest->is_complete);
    cr_assert_eq(ctest->count, 6);
    assert_case(ctest, "fails", "fails", CASE_FAILED);
    assert_case(ctest, "skips", "skips", CASE_SKIPPED);
    assert_case(ctest, "off", "off", CASE_SKIPPED);
    assert_case(ctest, "passes", "passes", CASE_PASSED);
    report_free(ctest);
}

Test(junit, nested_suites_go_into_the_classname)
{
    struct report *node = read_sample("command", &any, "node-20.xml");
    cr_assert_eq(node->count, 6);
    assert_case(node, "cart", "works", CASE_PASSED);
    assert_case(node, "cart.adding", "works", CASE_PASSED);
    assert_case(node, "cart.adding", "fails", CASE_FAILED);
    assert_case(node, "", "at the root", CASE_PASSED);
    report_free(node);
    struct report *nested = read_sample("command", &any, "nested.xml");
    cr_assert_eq(nested->count, 6);
    assert_case(nested, "App.Tests.CartTest", "adds", CASE_PASSED);
    cr_assert_str_eq(find_case(nested, "App.Tests.CartTest", "adds")->file, "tests/CartTest.php");
    cr_assert_eq(find_case(nested, "App.Tests.CartTest", "adds")->line, 12);
    assert_case(nested, "default.prices", "adds", CASE_FAILED);
    assert_case(nested, "default.prices.Sum", "adds", CASE_FAILED);
    cr_assert_str_eq(find_case(nested, "default.prices.Sum", "adds")->message, "1 is not 2");
    cr_assert_str_eq(find_case(nested, "default.prices.Sum", "adds")->type, "Mismatch");
    cr_assert_eq(find_case(nested, "default", "loose")->duration_us, 500000);
    assert_case(nested, "Free", "alone", CASE_PASSED);
    report_free(nested);
}

Test(junit, an_error_of_a_suite_is_never_lost)
{
    struct report *report = read_sample("command", &any, "nested.xml");
    const struct test_case *broken = find_case(report, "broken", "(suite)");
    cr_assert_eq(broken->status, CASE_ERROR);
    cr_assert_str_eq(broken->message, "could not start");
    cr_assert_str_eq(broken->type, "Fatal");
    report_free(report);
}

Test(junit, a_truncated_report_keeps_its_complete_cases)
{
    struct text whole = sample_bytes("pytest-9.xml");
    size_t seen = 0;
    for (size_t length = 0; length < whole.length - strlen("</testsuites>"); length += 97) {
        struct report *report = read_xml(whole.bytes, length, 0);
        cr_assert_not(report->is_complete);
        cr_assert_not_null(report->problem);
        cr_assert_eq(report->is_present, length > 0);
        cr_assert_geq(report->count, seen);
        seen = report->count;
        report_free(report);
    }
    struct report *cut = read_xml(whole.bytes, whole.length - strlen("</testsuites>"), 0);
    cr_assert_eq(cut->count, 15);
    cr_assert(string_starts_with(cut->problem, "the report ends in the middle, at "), "%s", cut->problem);
    report_free(cut);
    text_clear(&whole);
}

Test(junit, pieces_of_any_size_read_the_same)
{
    static const char *const samples[] = {"pytest-9.xml", "node-20.xml", "surefire-3.xml", "nested.xml"};
    for (size_t s = 0; s < 4; s++) {
        struct text bytes = sample_bytes(samples[s]);
        struct report *whole = read_xml(bytes.bytes, bytes.length, 0);
        for (size_t step = 1; step < 9; step++) {
            struct report *pieces = read_xml(bytes.bytes, bytes.length, step);
            cr_assert_eq(pieces->count, whole->count);
            for (size_t i = 0; i < whole->count; i++) {
                cr_assert(string_equal(pieces->cases[i].name, whole->cases[i].name));
                cr_assert(string_equal(pieces->cases[i].body, whole->cases[i].body));
                cr_assert(string_equal(pieces->cases[i].message, whole->cases[i].message));
            }
            cr_assert(pieces->is_complete);
            report_free(pieces);
        }
        report_free(whole);
        text_clear(&bytes);
    }
}

Test(junit, forbidden_characters_are_repaired_and_escapes_go_whole)
{
    static const char bytes[] =
        "<testsuite><testcase name='a\x1b[31mred\x1b[0m\x01' classname='c&nbsp;d'>"
        "<failure message='x &#27;[1mbold&#x1B;[0m &#0;y'>a & b \x07 \xff ]]> \xe2\x82\xac"
        "</failure></testcase></testsuite>";
    for (size_t step = 0; step < 8; step++) {
        struct report *report = read_xml(bytes, sizeof bytes - 1, step);
        cr_assert(report->is_complete, "%s", report->problem);
        cr_assert_not_null(strstr(report->problem, "repaired"));
        cr_assert_eq(report->count, 1);
        cr_assert_str_eq(report->cases[0].name, "ared");
        cr_assert_str_eq(report->cases[0].classname, "c&nbsp;d");
        cr_assert_str_eq(report->cases[0].message, "x bold y");
        cr_assert_str_eq(report->cases[0].body, "a & b  \xef\xbf\xbd ]]> \xe2\x82\xac");
        report_free(report);
    }
}

Test(junit, cdata_keeps_its_ampersands)
{
    static const char bytes[] =
        "<testsuite><testcase name='a'><failure message='m'><![CDATA[x && y <b>&amp; ]] \x1b[1mz"
        "]]]]><![CDATA[> end]]> & more</failure></testcase></testsuite>";
    for (size_t step = 0; step < 12; step++) {
        struct report *report = read_xml(bytes, sizeof bytes - 1, step);
        cr_assert(report->is_complete, "%s", report->problem);
        cr_assert_str_eq(report->cases[0].body, "x && y <b>&amp; ]] z]]> end & more");
        report_free(report);
    }
}

Test(junit, blanks_before_and_junk_behind_do_no_harm)
{
    struct report *report = read_xml(XML("\n\n  <?xml version='1.1' encoding='utf8'?>\n<testsuite "
                                         "name='s'><testcase name='a'/></testsuite>\n"
                                         "Done in 3 s & <bye>"),
                                     0);
    cr_assert(report->is_complete, "%s", report->problem);
    assert_case(report, "s", "a", CASE_PASSED);
    report_free(report);
}

Test(junit, other_encodings_are_read)
{
    struct report *latin = read_xml(XML("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><testsuite><testcase "
                                        "classname=\"k\" name=\"\xfc\"/></testsuite>"),
                                    3);
    assert_case(latin, "k", "\xc3\xbc", CASE_PASSED);
    report_free(latin);
    struct report *marked =
        read_xml(XML("\xef\xbb\xbf<testsuite><testcase classname='k' name='a'/></testsuite>"), 1);
    assert_case(marked, "k", "a", CASE_PASSED);
    report_free(marked);
    static const char document[] =
        "<?xml version='1.0' encoding='UTF-16'?><testsuite><testcase classname='k' name='a'/></testsuite>";
    for (int is_big = 0; is_big < 2; is_big++) {
        struct text wide = {0};
        text_append_bytes(&wide, is_big ? "\xfe\xff" : "\xff\xfe", 2);
        for (size_t i = 0; i < sizeof document - 1; i++) {
            const char little[2] = {document[i], 0};
            const char big[2] = {0, document[i]};
            text_append_bytes(&wide, is_big ? big : little, 2);
        }
        for (size_t step = 0; step < 5; step++) {
            struct report *report = read_xml(wide.bytes, wide.length, step);
            cr_assert(report->is_complete, "%s", report->problem);
            assert_case(report, "k", "a", CASE_PASSED);
            report_free(report);
        }
        text_clear(&wide);
    }
}

Test(junit, an_empty_file_is_not_present)
{
    struct report *nothing = read_xml("", 0, 0);
    cr_assert_not(nothing->is_present);
    cr_assert_not(nothing->is_complete);
    report_free(nothing);
    struct report *blank = read_xml(XML(" \n\n"), 0);
    cr_assert_not(blank->is_present);
    report_free(blank);
}

Test(junit, what_is_no_junit_report_says_so)
{
    struct report *page = read_xml(XML("<html><body><testcase name='x'/></body></html>"), 0);
    cr_assert(page->is_present);
    cr_assert_not(page->is_complete);
    cr_assert_eq(page->count, 0);
    cr_assert_str_eq(page->problem, "not a JUnit report: its root element is <html>");
    report_free(page);
    struct report *garbage = read_xml(XML("Segmentation fault (core dumped)"), 0);
    cr_assert(garbage->is_present);
    cr_assert_not(garbage->is_complete);
    cr_assert_not_null(strstr(garbage->problem, "not XML"));
    report_free(garbage);
}

Test(junit, announced_failures_that_are_not_shown_make_it_incomplete)
{
    struct report *report = read_xml(
        XML("<testsuites><testsuite tests='2' failures='1'><testcase name='a'/></testsuite></testsuites>"),
        0);
    cr_assert_not(report->is_complete);
    cr_assert_str_eq(report->problem, "announces 1 failures and shows none");
    report_free(report);
}

Test(junit, a_status_in_an_attribute_counts)
{
    struct report *report = read_xml(XML("<testsuite><testcase classname='k' name='a' status='failed'/>"
                                         "<testcase classname='k' name='b' status='disabled'/></testsuite>"),
                                     0);
    assert_case(report, "k", "a", CASE_FAILED);
    assert_case(report, "k", "b", CASE_SKIPPED);
    report_free(report);
}

Test(junit, long_bodies_keep_head_and_tail_and_say_what_was_cut)
{
    struct text bytes = {0};
    text_append(&bytes, "<testsuite><testcase name='a'><failure message='m'>HEAD ");
    for (int i = 0; i < 100000; i++)
        text_append(&bytes, "\xc3\xa4y");
    text_append(&bytes, " TAIL</failure><system-out>short</system-out></testcase></testsuite>");
    for (size_t step = 0; step < 5000; step += 1777) {
        struct report *report = read_xml(bytes.bytes, bytes.length, step);
        const char *body = report->cases[0].body;
        cr_assert(string_starts_with(body, "HEAD "));
        cr_assert(string_ends_with(body, " TAIL"));
        cr_assert_leq(strlen(body), 64 * 1024 + 64);
        cr_assert_geq(strlen(body), 63 * 1024);
        cr_assert_not_null(strstr(body, "bytes cut"));
        cr_assert_null(strstr(body, "\xef\xbf\xbd"));
        cr_assert_str_eq(report->cases[0].output, "short");
        report_free(report);
    }
    text_clear(&bytes);
}

Test(junit, entities_of_a_doctype_are_not_expanded)
{
    struct report *report = read_xml(XML("<!DOCTYPE t [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>"
                                         "<testsuite><testcase classname='k' name='x&b;'/></testsuite>"),
                                     0);
    for (size_t i = 0; i < report->count; i++)
        cr_assert_null(strstr(report->cases[i].name, "aaaa"));
    cr_assert(report->is_present);
    report_free(report);
}

Test(junit, random_damage_never_breaks_the_reader)
{
    struct text bytes = sample_bytes("pytest-9.xml");
    unsigned seed = 7;
    for (int round = 0; round < 400; round++) {
        struct text copy = {0};
        text_append_bytes(&copy, bytes.bytes, bytes.length);
        for (int i = 0; i < 1 + round % 9; i++) {
            seed = seed * 1103515245u + 12345u;
            copy.bytes[(seed >> 8) % copy.length] = (char)(seed >> 3);
        }
        struct report *report = read_xml(copy.bytes, copy.length, round % 3 == 0 ? 7 : 0);
        cr_assert(report->is_present);
        cr_assert(report->is_complete || report->problem);
        for (size_t i = 0; i < report->count; i++) {
            cr_assert_not_null(report->cases[i].name);
            cr_assert(report->cases[i].name[0]);
        }
        report_free(report);
        text_clear(&copy);
    }
    text_clear(&bytes);
}

Test(junit, a_duration_is_read_in_every_spelling)
{
    static const struct {
        const char *time;
        int64_t us;
    } spellings[] = {
        {"0.123", 123000},
        {"12.345678", 12345678},
        {"12.3456789", 12345679},
        {"7", 7000000},
        {"7.", 7000000},
        {".5", 500000},
        {"0,5", 500000},
        {"2,503.1", 2503100000},
        {"1e-3", 1000},
        {"", 0},
        {"1234567.5", 1234567500000},
        {"-1", 0},
        {"fast", 0},
        {"999999", 999999000000},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct text xml = {0};
        text_append_format(&xml, "<testsuite><testcase name=\"a\" time=\"%s\"/></testsuite>",
                           spellings[i].time);
        struct report *report = read_bytes("command", &any, xml.bytes, xml.length);
        cr_assert_eq(report->count, 1);
        cr_assert_eq(report->cases[0].duration_us, spellings[i].us, "%s", spellings[i].time);
        report_free(report);
        text_clear(&xml);
    }
}
