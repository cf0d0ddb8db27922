/* worker_uv.c - one thread, one queue: jobs in the order given, their completions on the loop in the same
 * order.
 *
 * Two lists under one lock: `waiting` for the thread, `finished` for the loop. The thread wakes the loop by
 * one uv_async; wake-ups may be merged, so the loop takes the whole list each time. */
#include "itrun/base/memory.h"
#include "itrun/loop.h"
#include <pthread.h>
#include <signal.h>
#include <uv.h>

struct job {
    void (*work)(void *context);
    void (*done)(void *context);
    void *context;
    struct job *next;
};

struct job_list {
    struct job *first;
    struct job **end; /* where the next one is hung in */
};

struct worker {
    uv_async_t finished_async;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t is_work_there;
    struct job_list waiting;
    struct job_list finished;
    bool is_closing; /* under lock: no more jobs will come */
    bool has_ended;  /* under lock: the thread touches nothing any more */
    bool is_async_closed;
    void (*closed)(void *context);
    void *closed_context;
};

static void list_clear(struct job_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_append(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static struct job *list_take_first(struct job_list *list)
{
    struct job *job = list->first;
    list->first = job->next;
    if (list->first == NULL) {
        list->end = &list->first;
    }
    return job;
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    pthread_mutex_lock(&worker->lock);
    for (;;) {
        while (worker->waiting.first == NULL && !worker->is_closing) {
            pthread_cond_wait(&worker->is_work_there, &worker->lock);
        }
        if (worker->waiting.first == NULL) {
            break;
        }
        struct job *job = list_take_first(&worker->waiting);
        pthread_mutex_unlock(&worker->lock);
        job->work(job->context);
        pthread_mutex_lock(&worker->lock);
        list_append(&worker->finished, job);
        uv_async_send(&worker->finished_async);
    }
    worker->has_ended = true;
    uv_async_send(&worker->finished_async);
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

static void on_async_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;
    void (*closed)(void *) = worker->closed;
    void *context = worker->closed_context;
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->is_work_there);
    memory_free(worker);
    if (closed != NULL) {
        closed(context);
    }
}

static void on_finished(uv_async_t *async)
{
    struct worker *worker = async->data;
    pthread_mutex_lock(&worker->lock);
    struct job *job = worker->finished.first;
    list_clear(&worker->finished);
    bool has_ended = worker->has_ended;
    pthread_mutex_unlock(&worker->lock);
    while (job != NULL) {
        struct job *next = job->next;
        if (job->done != NULL) {
            job->done(job->context);
        }
        memory_free(job);
        job = next;
    }
    if (has_ended && !worker->is_async_closed) {
        worker->is_async_closed = true;
        pthread_join(worker->thread, NULL);
        uv_close((uv_handle_t *)&worker->finished_async, on_async_closed);
    }
}

/* Signals are the loop's business: the thread must never be the one that gets them. */
static int thread_start(struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&worker->thread, NULL, worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

static void free_handle(uv_handle_t *handle)
{
    memory_free(handle->data);
}

struct worker *worker_new(uv_loop_t *loop, const char *name, struct error *error)
{
    struct worker *worker = memory_new(sizeof *worker);
    list_clear(&worker->waiting);
    list_clear(&worker->finished);
    worker->finished_async.data = worker;
    MUST(uv_async_init(loop, &worker->finished_async, on_finished) == 0);
    MUST(pthread_mutex_init(&worker->lock, NULL) == 0);
    MUST(pthread_cond_init(&worker->is_work_there, NULL) == 0);
    int result = thread_start(worker);
    if (result != 0) {
        uv_close((uv_handle_t *)&worker->finished_async, free_handle);
        error_set(error, ERROR_LIMIT, "cannot start the thread %s: error %d", name, result);
        error_hint(error, "the limit on processes and threads (ulimit -u) may be reached");
        return NULL;
    }
    char short_name[16] = {0}; /* the system keeps no more */
    for (size_t i = 0; i + 1 < sizeof short_name && name[i] != '\0'; i++) {
        short_name[i] = name[i];
    }
    pthread_setname_np(worker->thread, short_name);
    return worker;
}

void worker_submit(struct worker *worker, void (*work)(void *context), void (*done)(void *context),
                   void *context)
{
    struct job *job = memory_new(sizeof *job);
    job->work = work;
    job->done = done;
    job->context = context;
    pthread_mutex_lock(&worker->lock);
    MUST(!worker->is_closing);
    list_append(&worker->waiting, job);
    pthread_cond_signal(&worker->is_work_there);
    pthread_mutex_unlock(&worker->lock);
}

void worker_close(struct worker *worker, void (*closed)(void *context), void *context)
{
    pthread_mutex_lock(&worker->lock);
    MUST(!worker->is_closing);
    worker->closed = closed;
    worker->closed_context = context;
    worker->is_closing = true;
    pthread_cond_signal(&worker->is_work_there);
    pthread_mutex_unlock(&worker->lock);
}
