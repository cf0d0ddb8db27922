#include "itrun/base/gzip.h"
#include "itrun/base/memory.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append_numbers(struct text *text)
{
    for (int i = 0; i < 20000; i++) {
        text_append_format(text, "row %d of many\n", i * 7919 % 4999);
    }
}

/* What gunzip, not our own library, makes of the bytes. */
static void gunzip(const struct text *packed, struct text *ret_plain)
{
    char path[] = "/tmp/itrun-gzip-XXXXXX";
    char command[100];
    char buffer[4096];
    int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "wb");
    fwrite(packed->bytes, 1, packed->length, file);
    fclose(file);
    snprintf(command, sizeof command, "gzip -dc <%s", path);
    FILE *pipe = popen(command, "r");
    for (size_t got = 1; got > 0;) {
        got = fread(buffer, 1, sizeof buffer, pipe);
        text_append_bytes(ret_plain, buffer, got);
    }
    cr_assert_eq(pclose(pipe), 0, "gzip refuses the stream");
    remove(path);
}

Test(gzip, pieces_come_back_whole_and_smaller)
{
    struct text plain = {0};
    struct text packed = {0};
    struct text back = {0};
    append_numbers(&plain);
    struct gzip *gzip = gzip_new(&packed);
    gzip_add(gzip, plain.bytes, 11);
    gzip_add(gzip, "", 0);
    gzip_add(gzip, plain.bytes + 11, plain.length - 11);
    gzip_finish(gzip);
    gunzip(&packed, &back);
    cr_assert_lt(packed.length, plain.length / 4);
    cr_assert_eq(back.length, plain.length);
    cr_assert_eq(memcmp(back.bytes, plain.bytes, plain.length), 0);
    text_clear(&plain);
    text_clear(&packed);
    text_clear(&back);
}

Test(gzip, the_same_bytes_give_the_same_stream_however_they_are_cut)
{
    struct text plain = {0};
    struct text packed[2] = {{0}, {0}};
    append_numbers(&plain);
    for (size_t i = 0; i < 2; i++) {
        struct gzip *gzip = gzip_new(&packed[i]);
        size_t piece = i == 0 ? plain.length : 1000;
        for (size_t at = 0; at < plain.length; at += piece) {
            gzip_add(gzip, plain.bytes + at, plain.length - at < piece ? plain.length - at : piece);
        }
        gzip_finish(gzip);
    }
    cr_assert_eq(packed[0].length, packed[1].length);
    cr_assert_eq(memcmp(packed[0].bytes, packed[1].bytes, packed[0].length), 0);
    text_clear(&plain);
    text_clear(&packed[0]);
    text_clear(&packed[1]);
}

Test(base64, the_vectors_of_the_rfc)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct text text = {0};
        text_append_base64(&text, pairs[i][0], strlen(pairs[i][0]));
        cr_assert_str_eq(text_string(&text), pairs[i][1]);
        text_clear(&text);
    }
}
