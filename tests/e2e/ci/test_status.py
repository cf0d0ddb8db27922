"""Commit statuses, posted to a stand-in for GitHub's API that checks every request as GitHub would."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest

from bed import texts_below
from ci.shop import commit, github, shop, suite

TOKEN = "ghs_canaryCANARY0123456789canaryCANARY012"


class GitHub:
    """Keeps what was asked; answers what `answers` says, else 201."""

    def __init__(self):
        self.requests: list[dict] = []
        self.answers: list[tuple[int, dict[str, str], dict]] = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.requests.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
                status, headers, answer = fake.answers.pop(0) if fake.answers else (201, {}, {"id": 1})
                data = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def api():
    fake = GitHub()
    yield fake
    fake.close()


@pytest.fixture
def project(tmp_path):
    """A finished run on GitHub Actions: api passed, e2e failed (advisory), web failed."""
    made = shop(tmp_path / "project", suite("api", [("test_pays", None)]), suite("e2e", [("test_opens", "boom")]),
                suite("web", [("test_clicks", "boom")]), more="gate: {advisory: [e2e]}\n")
    made.sha = commit(made.root)
    event = {"pull_request": {"head": {"sha": "a" * 40}}}
    assert made.run(**github(made.root, made.sha, event)).code == 1
    return made


def post(project, api, *arguments: str, **environment: str):
    return project.run("report", *arguments, "--github-status", **{
        "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_API_URL": api.url, **environment})


def test_each_group_gets_a_status_on_the_head_of_the_pull_request(project, api):
    result = post(project, api)
    assert result.code == 0, result.stderr
    assert {request["path"] for request in api.requests} == {"/repos/acme/shop/statuses/" + "a" * 40}
    for request in api.requests:
        assert request["headers"]["Authorization"] == f"Bearer {TOKEN}"
        assert request["headers"]["Accept"] == "application/vnd.github+json"
        assert request["headers"]["X-GitHub-Api-Version"] == "2022-11-28"
        assert request["headers"]["User-Agent"].startswith("itrun/")
        assert len(request["body"]["description"]) <= 140
        assert request["body"]["target_url"] == "https://github.com/acme/shop/actions/runs/77"
        assert set(request["body"]) == {"state", "context", "description", "target_url"}
    said = {request["body"]["context"]: (request["body"]["state"], request["body"]["description"]) for request in api.requests}
    assert said == {"itrun/api": ("success", "1 passed"), "itrun/e2e": ("success", "1 failed (advisory)"),
                    "itrun/web": ("failure", "1 failed")}
    assert "itrun/web: failure: 1 failed" in result.stdout


def test_the_token_is_nowhere_but_in_its_header(project, api):
    api.answers = [(401, {}, {"message": f"Bad credentials {'x' * 10}"})]
    result = post(project, api)
    assert result.code == 3
    assert TOKEN not in result.stdout + result.stderr
    assert not [path for path, text in texts_below(Path(project.root)).items() if TOKEN.encode() in text]
    assert 'the status itrun/api: GitHub says "Bad credentials' in result.stderr and "mend: is GITHUB_TOKEN set" in result.stderr


def test_an_outage_and_a_secondary_limit_are_waited_for(project, api):
    api.answers = [(502, {}, {}), (403, {"Retry-After": "1"}, {"message": "You have exceeded a secondary rate limit"}),
                   (201, {}, {}), (429, {"Retry-After": "1"}, {})]
    result = post(project, api)
    assert result.code == 0, result.stderr
    assert [request["body"]["context"] for request in api.requests] == ["itrun/api"] * 3 + ["itrun/e2e"] * 2 + ["itrun/web"]


def test_a_limit_that_lasts_longer_than_the_budget_is_given_up_at_once(project, api):
    api.answers = [(403, {"Retry-After": "3600"}, {"message": "rate limit"})]
    result = post(project, api)
    assert result.code == 3 and "GitHub is asked too often (HTTP 403)" in result.stderr
    assert len(api.requests) == 1


@pytest.mark.parametrize("status, code, mend", [
    (403, 3, "permissions: {statuses: write}"), (404, 2, "GITHUB_REPOSITORY"), (422, 2, "pushed")])
def test_what_cannot_be_mended_by_waiting_names_its_mend(project, api, status, code, mend):
    api.answers = [(status, {}, {"message": "no"})]
    result = post(project, api)
    assert result.code == code and mend in result.stderr and len(api.requests) == 1


@pytest.mark.parametrize("variables, said", [
    ({"GITHUB_TOKEN": ""}, "--github-status needs GITHUB_TOKEN, which is not set"),
    ({"GITHUB_TOKEN": "x\r\nX-Evil: 1"}, "GITHUB_TOKEN is no token"),
    ({"GITHUB_REPOSITORY": "acme/shop/../../user"}, "GITHUB_REPOSITORY is no repository"),
    ({"GITHUB_REPOSITORY": "$(id)/shop"}, "GITHUB_REPOSITORY is no repository"),
    ({"GITHUB_API_URL": "http://api.example.com"}, "the token would be seen on its way"),
    ({"GITHUB_API_URL": "file:///etc"}, "GITHUB_API_URL is no https address")])
def test_bad_variables_are_refused_before_anything_is_sent(project, api, variables, said):
    result = post(project, api, **variables)
    assert result.code == 2 and said in result.stderr and "mend: " in result.stderr
    assert api.requests == []


def test_it_works_from_a_copied_run_without_a_configuration_and_is_strict_then(project, api, tmp_path):
    folder = (project.root / ".itrun/latest").resolve()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copied = elsewhere / folder.name
    folder.rename(copied)
    project.root = elsewhere
    result = post(project, api, str(copied))
    assert result.code == 0, result.stderr
    said = {request["body"]["context"]: request["body"]["state"] for request in api.requests}
    assert said["itrun/e2e"] == "failure", "no policy: nothing is advisory"

