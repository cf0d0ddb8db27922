#include "itrun/base/gzip.h"
#include "itrun/base/error.h"
#include "itrun/base/memory.h"
#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW  31 /* 15, and 16 for the gzip header */
#define MEMORY_LEVEL 8

struct gzip {
    z_stream stream;
    struct text *out;
    unsigned char buffer[16384];
};

struct gzip *gzip_new(struct text *out)
{
    struct gzip *gzip = memory_new(sizeof *gzip);
    gzip->out = out;
    int done = deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                            Z_DEFAULT_STRATEGY);
    MUST(done == Z_OK); /* it fails only for want of memory */
    return gzip;
}

static void pump(struct gzip *gzip, int flush)
{
    do {
        gzip->stream.next_out = gzip->buffer;
        gzip->stream.avail_out = sizeof gzip->buffer;
        int done = deflate(&gzip->stream, flush);
        MUST(done != Z_STREAM_ERROR);
        text_append_bytes(gzip->out, (const char *)gzip->buffer,
                          sizeof gzip->buffer - gzip->stream.avail_out);
    } while (gzip->stream.avail_out == 0);
}

void gzip_add(struct gzip *gzip, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t piece = length < INT_MAX ? length : INT_MAX;
        gzip->stream.next_in = (z_const unsigned char *)bytes;
        gzip->stream.avail_in = (unsigned int)piece;
        pump(gzip, Z_NO_FLUSH);
        bytes += piece;
        length -= piece;
    }
}

void gzip_finish(struct gzip *gzip)
{
    gzip->stream.avail_in = 0;
    pump(gzip, Z_FINISH);
    deflateEnd(&gzip->stream);
    memory_free(gzip);
}
