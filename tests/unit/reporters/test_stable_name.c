#include "../../../reporters/stable_name.h"
#include <criterion/criterion.h>
#include <string.h>

static void becomes(const char *name, const char *expected, unsigned parts)
{
    struct text text = {0};
    unsigned found = stable_name(name, &text);
    cr_assert_eq(found, parts, "%s: %x, not %x", name, found, parts);
    cr_assert_str_eq(found != 0 ? text_string(&text) : name, expected);
    text_clear(&text);
}

#define PART(name) (1u << VOLATILE_##name)

static void stays(const char *name)
{
    becomes(name, name, 0);
}

Test(stable_name, uuids)
{
    becomes("pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]", "pays[<uuid>]", PART(UUID));
    becomes("test_0B7F1C2E-31A7-4D0E-9A55-0C8F2F6A1B3D_x", "test_<uuid>_x", PART(UUID));
    becomes("run 0198c2e431a77d0e9a550c8f2f6a1b3d ends", "run <uuid> ends", PART(UUID));
    stays("sha 0198c2e431a70d0e9a550c8f2f6a1b3d");  /* no version: a digest */
    stays("x0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d"); /* inside a word */
    stays("0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d4");
    stays("deadbeef-cafe");
}

Test(stable_name, account_numbers_and_arns)
{
    becomes("in 123456789012", "in <account>", PART(ACCOUNT));
    becomes("table_123456789012_eu", "table_<account>_eu", PART(ACCOUNT));
    becomes("reads arn:aws:sns:eu-west-1:123456789012:topic, twice", "reads <arn>, twice", PART(ARN));
    becomes("[arn:aws-cn:s3:::bucket/key]", "[<arn>]", PART(ARN));
    stays("12345678901 or 1234567890123");
    stays("arn:aws:sns");
}

Test(stable_name, times_but_not_dates)
{
    becomes("at 2026-11-24T14:44:25.123Z.", "at <time>.", PART(TIME));
    becomes("at 2026-11-24 14:44", "at <time>", PART(TIME));
    becomes("[2026-11-24T14:44:25+01:00]", "[<time>]", PART(TIME));
    becomes("log-20261124T144425Z.txt", "log-<time>.txt", PART(TIME));
    stays("leap day 2024-02-29");
}

Test(stable_name, temporary_paths)
{
    becomes("opens /tmp/pytest-of-root/pytest-3/x0/a.json", "opens <tmp>", PART(PATH));
    becomes("opens('/var/folders/zz/abc/T/x')", "opens('<tmp>')", PART(PATH));
    becomes("file:///tmp/a", "file://<tmp>", PART(PATH));
    stays("src/tmp/a");
    stays("./tmp/a");
    stays("/tmpfs/a");
}

Test(stable_name, addresses_but_not_short_numbers)
{
    becomes("<Cart object at 0x7f3f7c0d1e90>", "<Cart object at <address>>", PART(ADDRESS));
    stays("0xff");
    stays("0x1F600");
}

Test(stable_name, ports_that_nobody_chose)
{
    becomes("GET http://localhost:49321/cart", "GET http://localhost:<port>/cart", PART(PORT));
    becomes("127.0.0.1:61000", "127.0.0.1:<port>", PART(PORT));
    becomes("[::1]:61000", "[::1]:<port>", PART(PORT));
    becomes("https://api.test:50123", "https://api.test:<port>", PART(PORT));
    stays("localhost:8080");
    stays("line:10000");
    stays("ratio 3:10000");
}

Test(stable_name, several_in_one_name)
{
    becomes("0x7f3f7c0d1e90 of 123456789012 on localhost:49321", "<address> of <account> on localhost:<port>",
            PART(ADDRESS) | PART(ACCOUNT) | PART(PORT));
}

Test(stable_name, most_names_are_left_alone)
{
    stays("");
    stays("test_total_of_an_order[7-customer-433]");
    stays("tests.api.test_orders_7.TestOrders");
    stays("f\xc3\xbcnf \xf0\x9f\x98\x80 a: b/c");
    for (int i = 0; i < VOLATILE_COUNT; i++) {
        cr_assert_gt(strlen(volatile_part_what((enum volatile_part)i)), 3);
    }
}
