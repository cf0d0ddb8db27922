/* credentials.h - a loopback container-credentials endpoint: suites get their account's credentials, and
 * renewed ones.
 *
 * http://127.0.0.1:PORT/<spawn>, each with its own Authorization token. Serves a spawn only while it is open,
 * and only what lookup gives now. Source: "Container credential provider" of the AWS SDKs and Tools
 * reference. */
#ifndef ITRUN_HOST_CREDENTIALS_H
#define ITRUN_HOST_CREDENTIALS_H
#include "itrun/aws.h"

struct credentials_server;
struct credentials_server *credentials_server_new(uv_loop_t *loop, const struct aws *aws,
                                                  struct error *error);
/* Opens an entry; ret_url and ret_token (each 128 bytes) go into AWS_CONTAINER_CREDENTIALS_FULL_URI and
 * AWS_CONTAINER_AUTHORIZATION_TOKEN. */
void credentials_open(struct credentials_server *server, uint64_t spawn_id, size_t account, char ret_url[128],
                      char ret_token[128]);
void credentials_shut(struct credentials_server *server, uint64_t spawn_id);
void credentials_server_close(struct credentials_server *server, void (*closed)(void *context),
                              void *context);
#endif
