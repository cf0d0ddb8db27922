/* run_id.h - a run's id: UUIDv7, so that ids sort by time. Source: RFC 9562, section 5.7. */
#ifndef ITRUN_CLI_RUN_ID_H
#define ITRUN_CLI_RUN_ID_H
#define RUN_ID_SIZE 37
void run_id_make(char ret_id[RUN_ID_SIZE]);
#endif
