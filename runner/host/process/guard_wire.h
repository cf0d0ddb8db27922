/* guard_wire.h - what itrun and a guard say to each other over one stream socket (the guard's descriptor 3).
 *
 * itrun -> guard: struct guard_message, and after GUARD_RUN `length` bytes: cwd, then the arguments, then the
 * variables "NAME=value", each ended by a NUL. On the first byte of a
 * GUARD_RUN ride descriptors: the write end of the output pipe; or, for an interactive command, its standard
 * input, output and error. guard -> itrun: one struct guard_report for each GUARD_RUN, when the command and
 * all its descendants are gone. End of stream: the other side died. Both sides are built together and live on
 * one machine: plain structs do. */
#ifndef ITRUN_HOST_GUARD_WIRE_H
#define ITRUN_HOST_GUARD_WIRE_H
#include <stdint.h>

#define GUARD_VERSION      "2" /* argv[1] of a guard */
#define GUARD_CONTROL_FD   3
#define GUARD_DESCRIPTORS  3  /* the most that ride on a message */
#define GUARD_EXIT_VERSION 64 /* exit status: itrun speaks another version */

enum guard_message_type { GUARD_RUN = 1, GUARD_SIGNAL, GUARD_SET_DEADLINE };

struct guard_message {
    uint32_t type;
    uint32_t length;
    int64_t deadline_ms;     /* RUN, SET_DEADLINE: CLOCK_BOOTTIME; INT64_MAX: none */
    uint64_t open_files;     /* RUN: the soft limit that the command gets back */
    uint32_t argument_count; /* RUN */
    uint32_t variable_count; /* RUN */
    int32_t signal;          /* SIGNAL: SIGTERM or SIGKILL, to the whole tree */
    int32_t has_terminal;    /* RUN: its standard input is a terminal, to be that of its session */
};

enum guard_stage { /* how far the command came */
                   GUARD_STARTED,
                   GUARD_NO_PROCESS,     /* no process could be made */
                   GUARD_NO_FOLDER,      /* its working directory */
                   GUARD_NO_COMMAND,     /* the program is not there, or may not be run */
                   GUARD_NO_INTERPRETER, /* the program is there, what its first line names is not */
                   GUARD_TOO_LATE        /* the deadline had passed before the start */
};

struct guard_report {
    int32_t stage;
    int32_t problem;     /* errno, unless it started */
    int32_t wait_status; /* of the main process, when it started */
    int32_t leaked_count;
    int32_t is_past_deadline;
    int32_t unused;
    int64_t user_us, system_us, max_rss_bytes;
};
#endif
