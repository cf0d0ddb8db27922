"""Real counterparts on loopback: a Prometheus that scrapes a file, and the little server it scrapes it from."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bed import wait_until


class FileServer:
    """Serves one file as text at /metrics; a function makes its bytes."""

    def __init__(self, content):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = content()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Prometheus:
    """A real one with targets {job: port}; its API is asked, and nothing else."""

    def __init__(self, folder: Path, targets: dict[str, int], environment: dict[str, str]):
        jobs = "".join(f"  - job_name: {job}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
                       for job, port in targets.items())
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text(f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}")
        self._log = (folder / "log.txt").open("w")
        for port in self._free_ports():
            self.url = f"http://127.0.0.1:{port}"
            self._process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
                env=environment, stdout=self._log, stderr=self._log)
            if wait_until(lambda: self._process.poll() is not None or self._is_ready(), "Prometheus", 60) and self._is_ready():
                return
        raise AssertionError((folder / "log.txt").read_text())

    @staticmethod
    def _free_ports():
        import socket
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            yield port

    def _is_ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._log.close()

    def ask(self, path: str, **parameters) -> dict | list:
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expression: str) -> list[dict]:
        return self.ask("query", query=expression)["result"]

    def query_range(self, expression: str) -> list[dict]:
        now = time.time()
        return self.ask("query_range", query=expression, start=now - 600, end=now, step="15")["result"]

    def value(self, expression: str) -> float:
        found = self.query(expression)
        assert len(found) == 1, (expression, found)
        return float(found[0]["value"][1])

    def by(self, expression: str, label: str) -> dict[str, float]:
        return {series["metric"].get(label, ""): float(series["value"][1]) for series in self.query(expression)}

    def await_scrapes(self, job: str) -> None:
        wait_until(lambda: self.query(f'count_over_time(up{{job="{job}"}}[5m]) >= 2 and up{{job="{job}"}} == 1'),
                   f"two scrapes of {job}", 60)


class Collector:
    """Receives OTLP/HTTP in JSON. Decodes each request twice: by OpenTelemetry's own JSON codec, and by protobuf's into
    the published message type. Answers as `answer(number)` says: (status, headers, body)."""

    def __init__(self, answer=None):
        from opentelemetry.proto_json.collector.trace.v1.trace_service import ExportTraceServiceRequest

        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.taken: list = []  # decoded
        self.problems: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                number = len(collector.requests)
                collector.requests.append((self.path, dict(self.headers.items()), body))
                collector.may_answer.wait()
                status, headers, text = answer(number) if answer else (200, {}, b"{}")
                if status == 200:
                    try:
                        as_protobuf(body)
                        collector.taken.append(ExportTraceServiceRequest.from_json(body))
                    except Exception as error:  # told by the test, not by a thread
                        collector.problems.append(f"{error!r}: {body[:300]!r}")
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_: object) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def spans(self) -> list:
        assert not self.problems, self.problems
        return [span for request in self.taken for resource in request.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    @property
    def resources(self) -> list[dict]:
        return [attributes(resource.resource) for request in self.taken for resource in request.resource_spans]


def as_protobuf(body: bytes):
    """The request as protobuf has it, every field known; OTLP's JSON has ids in hex where protobuf's has base64."""
    from base64 import b64encode

    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    document = json.loads(body)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key, size in (("traceId", 16), ("spanId", 8), ("parentSpanId", 8)):
                    if key in span:
                        raw = bytes.fromhex(span[key])
                        assert len(raw) == size and any(raw), (key, span[key])
                        span[key] = b64encode(raw).decode()
    return json_format.ParseDict(document, ExportTraceServiceRequest())


def attributes(holder) -> dict:
    found = {}
    for one in holder.attributes:
        assert one.key not in found, f"{one.key} twice"
        value = one.value
        found[one.key] = next(v for v in (value.string_value, value.int_value, value.bool_value) if v is not None)
    return found
