/* capture.h - one command's output: read from its pipe, redacted, limited, written to its file off the loop.
 *
 * Owns the read end and the file. The file and its folder appear with the first byte. Reading pauses while
 * much waits for the disk, so that memory stays bounded. ended() is called once: the pipe reached its end (or
 * capture_cut_off gave it up) and all was written. Loop thread only. */
#ifndef ITRUN_HOST_CAPTURE_H
#define ITRUN_HOST_CAPTURE_H
#include "itrun/host/output.h"
#include "itrun/loop.h"

struct capture_options {
    uv_loop_t *loop;
    const char *path; /* absolute; NULL: keep only the last lines */
    int64_t limit_bytes;
    const struct redactor *redactor; /* may be NULL */
    char *read_buffer;               /* shared by all captures of a loop */
    size_t read_size;
    void (*ended)(void *context);
    void *context;
};
struct capture;
struct capture *capture_new(int read_fd, const struct capture_options *options);
void capture_read_now(
    struct capture *capture); /* what is there, without waiting for the loop; may call ended */
bool capture_is_paused(const struct capture *capture); /* waits for the disk, not for the command */
bool capture_has_ended(const struct capture *capture);
void capture_cut_off(struct capture *capture); /* reads no more; ended follows, perhaps at once */
int64_t capture_bytes(const struct capture *capture);
bool capture_is_cut(const struct capture *capture);
const struct error *
capture_error(const struct capture *capture); /* of the file; kind NONE: all was written */
void capture_show_tail(const struct capture *capture, struct text *text);
void capture_free(struct capture *capture); /* after ended */
#endif
