#include "run_id.h"
#include "itrun/base/error.h"
#include "itrun/loop.h"
#include <stdio.h>
#include <sys/random.h>

void run_id_make(char ret_id[RUN_ID_SIZE])
{
    unsigned char b[16];
    MUST(getrandom(b, sizeof b, 0) == (ssize_t)sizeof b);
    uint64_t ms = (uint64_t)(clock_wall_us() / 1000);
    for (int i = 0; i < 6; i++) {
        b[i] = (unsigned char)(ms >> (8 * (5 - i)));
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x70);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(ret_id, RUN_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
