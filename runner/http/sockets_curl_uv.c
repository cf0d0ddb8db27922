#include "sockets.h"
#include "itrun/base/memory.h"
#include <uv.h>

struct sockets {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    size_t watch_count; /* poll handles whose close has not come back */
    bool is_closing, is_emptied;
    void (*acted)(void *context);
    void *context;
    void (*last)(void *context);
    void (*closed)(void *context);
    void *closing_context;
};

/* One a descriptor, from its first POLL_IN/OUT to POLL_REMOVE. */
struct watch {
    uv_poll_t poll;
    struct sockets *sockets;
    curl_socket_t socket;
};

static void finish_if_empty(struct sockets *sockets)
{
    if (!sockets->is_emptied || sockets->watch_count > 0)
        return;
    void (*closed)(void *) = sockets->closed;
    void *context = sockets->closing_context;
    memory_free(sockets);
    closed(context);
}

static void watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct sockets *sockets = watch->sockets;
    memory_free(watch);
    sockets->watch_count--;
    finish_if_empty(sockets);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct sockets *sockets = watch->sockets;
    int what = 0;
    int running;
    if (sockets->is_closing)
        return;
    if (status < 0)
        what |= CURL_CSELECT_ERR;
    if ((events & UV_READABLE) != 0)
        what |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        what |= CURL_CSELECT_OUT;
    curl_multi_socket_action(sockets->multi, watch->socket, what,
                             &running); /* watch may be closing after this */
    sockets->acted(sockets->context);
}

static struct watch *watch_new(struct sockets *sockets, curl_socket_t socket)
{
    struct watch *watch = memory_new(sizeof *watch);
    watch->sockets = sockets;
    watch->socket = socket;
    watch->poll.data = watch;
    if (uv_poll_init_socket(sockets->loop, &watch->poll, socket) != 0) {
        memory_free(watch);
        return NULL;
    }
    sockets->watch_count++;
    curl_multi_assign(sockets->multi, socket, watch);
    return watch;
}

static int socket_wanted(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context)
{
    (void)easy;
    struct sockets *sockets = context;
    struct watch *watch = socket_context;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            curl_multi_assign(sockets->multi, socket, NULL);
            uv_close((uv_handle_t *)&watch->poll, watch_closed);
        }
        return 0;
    }
    if (watch == NULL)
        watch = watch_new(sockets, socket);
    if (watch == NULL)
        return -1;
    int events = 0;
    if ((what & CURL_POLL_IN) != 0)
        events |= UV_READABLE;
    if ((what & CURL_POLL_OUT) != 0)
        events |= UV_WRITABLE;
    return uv_poll_start(&watch->poll, events, socket_ready) == 0 ? 0 : -1;
}

static void timer_fired(uv_timer_t *timer)
{
    struct sockets *sockets = timer->data;
    int running;
    curl_multi_socket_action(sockets->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    sockets->acted(sockets->context);
}

static int timeout_wanted(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct sockets *sockets = context;
    if (sockets->is_closing)
        return 0;
    if (timeout_ms < 0)
        uv_timer_stop(&sockets->timer);
    else /* never act from inside: libcurl forbids it */
        uv_timer_start(&sockets->timer, timer_fired, (uint64_t)timeout_ms, 0);
    return 0;
}

struct sockets *sockets_new(uv_loop_t *loop, CURLM *multi, void (*acted)(void *context), void *context)
{
    struct sockets *sockets = memory_new(sizeof *sockets);
    sockets->loop = loop;
    sockets->multi = multi;
    sockets->acted = acted;
    sockets->context = context;
    uv_timer_init(loop, &sockets->timer);
    sockets->timer.data = sockets;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timeout_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, sockets);
    return sockets;
}

static void timer_closed(uv_handle_t *handle)
{
    struct sockets *sockets = handle->data;
    sockets->last(sockets->closing_context);
    curl_multi_cleanup(sockets->multi); /* closes idle connections, and with them their poll handles */
    sockets->multi = NULL;
    sockets->is_emptied = true;
    finish_if_empty(sockets);
}

void sockets_close(struct sockets *sockets, void (*last)(void *context), void (*closed)(void *context),
                   void *context)
{
    sockets->is_closing = true;
    sockets->last = last;
    sockets->closed = closed;
    sockets->closing_context = context;
    uv_close((uv_handle_t *)&sockets->timer, timer_closed);
}
