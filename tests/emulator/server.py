"""cheroot, with kept connections and the request as it came over the wire.

WSGI folds header names and decodes paths; a signature covers them as sent. So
the raw target and the raw header lines travel in the environ beside the usual.
"""

from __future__ import annotations

import socket
import struct
from typing import Any
from urllib.parse import unquote_to_bytes

from cheroot import server, wsgi


class RecordingReader(server.HeaderReader):
    """Reads headers as cheroot does and keeps each line."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, rfile: Any, hdict: dict | None = None) -> dict:
        return super().__call__(_Tee(rfile, self.lines), hdict)


class _Tee:
    def __init__(self, rfile: Any, lines: list[tuple[str, str]]) -> None:
        self.rfile = rfile
        self.lines = lines

    def readline(self) -> bytes:
        line = self.rfile.readline()
        name, colon, value = line.rstrip(b"\r\n").partition(b":")
        if colon:
            self.lines.append((name.strip().decode("latin-1"), value.strip().decode("utf-8", "replace")))
        return line


class Request(server.HTTPRequest):
    def read_request_headers(self) -> bool:
        # Trailers of a chunked body are read with the same reader: keep only the first lines.
        self.header_reader = RecordingReader()
        result = super().read_request_headers()
        self.raw_headers = list(self.header_reader.lines)
        return result


class Connection(server.HTTPConnection):
    RequestHandlerClass = Request


class Gateway(wsgi.Gateway_10):
    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        target = self.req.uri.decode("latin-1")
        environ["emulator.target"] = target
        environ["emulator.headers"] = self.req.raw_headers
        environ["emulator.reset"] = self._reset
        environ["emulator.cut"] = self._cut
        environ["RAW_URI"] = target
        path = target.split("?", 1)[0] if target.startswith("/") else environ["PATH_INFO"]
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        return environ

    def _reset(self) -> None:
        """End the connection without an answer."""
        linger = struct.pack("ii", 1, 0)  # close with a reset
        self.req.conn.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.req.close_connection = True
        self.req.sent_headers = True  # cheroot must believe that all is said

    def _cut(self) -> None:
        """Let the answer be shorter than its Content-Length says."""
        self.req.close_connection = True


class Server(wsgi.Server):
    ConnectionClass = Connection

    def __init__(self, address: tuple[str, int], application: Any, threads: int) -> None:
        super().__init__(address, application, numthreads=threads, max=threads,
                         server_name="emulator", request_queue_size=256, shutdown_timeout=1)
        self.gateway = Gateway
        self.keep_alive_conn_limit = 512
        self.timeout = 60
