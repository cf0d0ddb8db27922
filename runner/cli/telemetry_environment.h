/* telemetry_environment.h - where the environment wants traces sent: OpenTelemetry's own variables.
 *
 * OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _TIMEOUT, _CERTIFICATE, _PROTOCOL, each with a _TRACES_ twin that
 * outranks it; OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER=none. Source: "OpenTelemetry Protocol Exporter". */
#ifndef ITRUN_CLI_TELEMETRY_ENVIRONMENT_H
#define ITRUN_CLI_TELEMETRY_ENVIRONMENT_H
#include "itrun/base/memory.h"
#include "itrun/host/telemetry.h"

/* NULL: nowhere, or not understood: then error.kind is CONFIG. Strings are in arena. */
const struct telemetry_options *telemetry_environment(const char *(*lookup)(void *context, const char *name),
                                                      void *context, struct arena *arena,
                                                      struct error *error);
#endif
