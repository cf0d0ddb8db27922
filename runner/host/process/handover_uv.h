/* handover_uv.h - itrun's own standard streams, given to one interactive command.
 *
 * Where input and output are a terminal, the command gets the far side of a pseudo-terminal and itrun carries
 * bytes between the two, its own terminal raw meanwhile: keys such as Ctrl-C go to the command's session,
 * which has job control, and not to itrun; its guard keeps the session apart as ever. Else it gets the
 * streams as they are. Nothing is recorded. ended() is called once, from the loop: all that the command wrote
 * is shown. The terminal is given back by then, or by hang_up and close. Loop thread only. */
#ifndef ITRUN_HOST_HANDOVER_H
#define ITRUN_HOST_HANDOVER_H
#include "itrun/loop.h"
#include "process/guard_wire.h"

struct handover;
struct handover *handover_new(uv_loop_t *loop, void (*ended)(void *context), void *context,
                              int ret_streams[GUARD_DESCRIPTORS], struct error *error);
bool handover_has_terminal(const struct handover *handover);
void handover_sent(struct handover *handover); /* the streams are on their way: our copies may go */
bool handover_has_ended(const struct handover *handover);
void handover_hang_up(
    struct handover *handover);                 /* the command's terminal goes away; ended() is not called */
void handover_close(struct handover *handover); /* forgets ended(); frees itself on the loop */
#endif
