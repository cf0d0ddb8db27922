#include "itrun/loop.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <uv.h>

struct log {
    int worked[1000], done[1000];
    int worked_count, done_count;
    pthread_t loop_thread, worker_thread;
    bool is_closed, is_thread_wrong;
    struct entry {
        struct log *log;
        int number;
    } entries[1000];
};

static void work(void *context)
{
    struct entry *entry = context;
    struct log *log = entry->log;
    if (log->worked_count == 0) {
        log->worker_thread = pthread_self();
    }
    log->is_thread_wrong |= !pthread_equal(pthread_self(), log->worker_thread);
    log->worked[log->worked_count++] = entry->number;
}

static void done(void *context)
{
    struct entry *entry = context;
    struct log *log = entry->log;
    log->is_thread_wrong |= !pthread_equal(pthread_self(), log->loop_thread);
    log->done[log->done_count++] = entry->number;
}

static void closed(void *context)
{
    ((struct log *)context)->is_closed = true;
}

Test(worker, performs_in_order_on_one_thread_and_completes_in_order_on_the_loop)
{
    static struct log log;
    uv_loop_t loop;
    uv_loop_init(&loop);
    log.loop_thread = pthread_self();
    struct worker *worker = worker_new(&loop, "a name that is too long for it", NULL);
    for (int i = 0; i < 1000; i++) {
        log.entries[i] = (struct entry){&log, i};
        worker_submit(worker, work, done, &log.entries[i]);
    }
    cr_assert_eq(log.done_count, 0, "completed from inside the call");
    worker_close(worker, closed, &log); /* what is queued is still performed */
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert(log.is_closed);
    cr_assert_eq(log.worked_count, 1000);
    cr_assert_eq(log.done_count, 1000);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(log.worked[i], i);
        cr_assert_eq(log.done[i], i);
    }
    cr_assert_not(log.is_thread_wrong);
    cr_assert_not(pthread_equal(log.worker_thread, log.loop_thread));
    cr_assert_eq(uv_loop_close(&loop), 0);
}

static struct worker *chained_worker;

static void done_and_again(void *context)
{
    struct entry *entry = context;
    done(context);
    if (entry->log->done_count < 10) {
        worker_submit(chained_worker, work, done_and_again, entry + 1);
    } else {
        worker_close(chained_worker, closed, entry->log);
    }
}

Test(worker, completions_may_submit_and_close)
{
    static struct log log;
    uv_loop_t loop;
    uv_loop_init(&loop);
    log.loop_thread = pthread_self();
    for (int i = 0; i < 1000; i++) {
        log.entries[i] = (struct entry){&log, i};
    }
    chained_worker = worker_new(&loop, "chain", NULL);
    worker_submit(chained_worker, work, done_and_again, &log.entries[0]);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert(log.is_closed);
    cr_assert_eq(log.done_count, 10);
    cr_assert_eq(log.done[9], 9);
    cr_assert_eq(uv_loop_close(&loop), 0);
}
