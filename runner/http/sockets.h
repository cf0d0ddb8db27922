/* sockets.h - one CURLM on one uv loop: its sockets as uv_poll handles, its timeout as a uv_timer. */
#ifndef ITRUN_HTTP_SOCKETS_H
#define ITRUN_HTTP_SOCKETS_H
#include "itrun/loop.h"
#include <curl/curl.h>

struct sockets;
/* acted() comes after each action on the multi: read its messages there. Owns multi from now on. */
struct sockets *sockets_new(uv_loop_t *loop, CURLM *multi, void (*acted)(void *context), void *context);
/* From the loop: last(), where every easy handle must be taken out; then the multi is freed; then closed().
 */
void sockets_close(struct sockets *sockets, void (*last)(void *context), void (*closed)(void *context),
                   void *context);
#endif
