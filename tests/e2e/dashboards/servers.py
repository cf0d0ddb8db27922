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
