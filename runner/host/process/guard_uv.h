/* guard_uv.h - itrun's end of a guard: started, told, listened to, reaped.
 *
 * A guard is idle or runs one command. ended() gives the report of the command; died() comes once, when the
 * guard's process is gone and reaped, wanted or not; the struct is freed after it. Loop thread only: a
 * parent-death signal goes by the thread that started the process. */
#ifndef ITRUN_HOST_GUARD_UV_H
#define ITRUN_HOST_GUARD_UV_H
#include "itrun/base/text.h"
#include "itrun/loop.h"
#include "process/guard_wire.h"
#include "process/nursery_linux.h"
#include <sys/types.h>

struct guard_options {
    uv_loop_t *loop;
    void (*ended)(void *context, const struct guard_report *report);
    void (*died)(void *context, int wait_status);
    void *context;
};
struct guard;
struct guard *guard_start(struct nursery *nursery, const struct guard_options *options, struct error *error);
/* Sends the message, `payload` behind it, and the descriptors (guard_wire.h); closes nothing. A broken socket
 * shows as died(). */
void guard_run(struct guard *guard, struct guard_message *message, const struct text *payload,
               const int *descriptors, size_t descriptor_count);
void guard_signal(struct guard *guard, int signal);
void guard_set_deadline(struct guard *guard, int64_t deadline_ms);
void guard_kill(struct guard *guard); /* the guard itself, at once: it no longer answers */
void guard_leave(
    struct guard *guard); /* ends the socket: the guard ends its command, then itself; died() follows */
pid_t guard_pid(const struct guard *guard);
#endif
