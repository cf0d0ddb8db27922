"""Traces over OTLP/HTTP, decoded by OpenTelemetry's own code, joined to what each suite was told."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest

from bed import Project, texts_below
from servers import Collector, as_protobuf, attributes
from story import CASES, OUTCOMES, Told, told

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TOKEN = "Bearer canary-4f1c93aa07"
ERROR = 2


class Traced:
    def __init__(self, told_run: Told, collector: Collector):
        self.told, self.collector = told_run, collector
        self.spans = {span.span_id.hex() if isinstance(span.span_id, bytes) else span.span_id: span for span in collector.spans}
        self.attributes = {identity: attributes(span) for identity, span in self.spans.items()}

    def of(self, **wanted) -> dict[str, dict]:
        """Attributes by span id of the spans that have these ("__" stands for ".")."""
        keys = {key.replace("__", "."): value for key, value in wanted.items()}
        return {identity: found for identity, found in self.attributes.items()
                if all((found.get(key) == value) if value is not ... else key in found for key, value in keys.items())}

    def parent(self, identity: str) -> str:
        parent = self.spans[identity].parent_span_id
        return parent.hex() if isinstance(parent, bytes) else parent


@pytest.fixture(scope="module")
def traced(shop, changed, tmp_path_factory):
    shop.stack("lone")["parameters"] = {"Stage": "c"}
    shop.configure()
    shop.write({"deploy.sh": (shop.root / "deploy.sh").read_text() + "# changed\n"})
    path = tmp_path_factory.mktemp("otlp") / "spans.json"
    with Collector() as collector:
        run = told(shop, "--otlp", str(path), TRACEPARENT=PARENT, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url + "/",
                   OTEL_EXPORTER_OTLP_HEADERS="authorization=" + TOKEN.replace(" ", "%20") + ", x-team = shop",
                   OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=ci,team=a%20b,service.name=other",
                   OTEL_SERVICE_NAME="shop-tests", GITHUB_ACTIONS="true")
        assert run.result.outcomes() == OUTCOMES, run.result.stderr
        assert "spans" not in run.result.stderr
        read = Traced(run, collector)
        read.file = path
        yield read


def test_one_trace_whose_root_is_a_part_of_the_callers_span(traced):
    assert len(traced.spans) == len(traced.collector.spans), "a span was sent twice"
    assert {span.trace_id.hex() if isinstance(span.trace_id, bytes) else span.trace_id for span in traced.spans.values()} == {
        PARENT.split("-")[1]}
    roots = [identity for identity in traced.spans if traced.parent(identity) not in traced.spans]
    assert len(roots) == 1 and traced.parent(roots[0]) == PARENT.split("-")[2]
    run = traced.spans[roots[0]]
    assert (run.name, int(run.kind), int(run.status.code)) == ("RUN shop", 2, ERROR)
    said = traced.attributes[roots[0]]
    assert (said["cicd.pipeline.result"], said["error.type"], said["cicd.pipeline.action.name"]) == ("failure", "failed", "RUN")
    assert traced.told.began_s < run.start_time_unix_nano / 1e9 < run.end_time_unix_nano / 1e9 < traced.told.ended_s


def test_the_resource_says_what_the_run_is_of(traced):
    for said in traced.collector.resources:
        assert said["service.name"] == "shop-tests" and said["team"] == "a b"
        assert said["deployment.environment.name"] == "ci"
        assert said["cicd.pipeline.name"] == "shop" and said["cicd.pipeline.run.id"] == traced.told.folder.name


def test_requests_go_to_the_path_with_the_headers(traced):
    for path, headers, body in traced.collector.requests:
        assert path == "/v1/traces" and headers["Content-Type"] == "application/json"
        assert headers["authorization"] == TOKEN and headers["x-team"] == "shop"
    assert TOKEN.split()[1].encode() not in b"".join(texts_below(traced.told.folder).values())


def test_each_suite_was_told_the_span_of_its_attempt(traced):
    attempts = traced.of(itrun__attempt=...)
    noted = {(suite, int(attempt)): traceparent for suite, attempt, traceparent in traced.told.attempts}
    sent = {(said["test.suite.name"], said["itrun.attempt"]): f"00-{PARENT.split('-')[1]}-{identity}-01"
            for identity, said in attempts.items()}
    assert sent == noted
    deploys = {traceparent for _, traceparent in traced.told.deploys}
    by_hand = {f"00-{PARENT.split('-')[1]}-{identity}-01" for identity in traced.of(itrun__stack__name="byhand")}
    assert by_hand and by_hand == deploys


def test_every_span_hangs_where_it_belongs_and_within_its_parent(traced):
    kinds = {}
    for identity, said in traced.attributes.items():
        if "test.case.name" in said:
            kinds[identity] = "case"
        elif "itrun.attempt" in said:
            kinds[identity] = "attempt"
        elif "itrun.suite.attempts" in said:
            kinds[identity] = "suite"
        elif "itrun.stack.name" in said:
            kinds[identity] = "stack"
        elif said.get("cicd.pipeline.task.name") == "wait for an account":
            kinds[identity] = "wait"
        else:
            kinds[identity] = "lane" if "cicd.pipeline.task.name" in said else "run"
    above = {"case": "attempt", "attempt": "suite", "suite": "lane", "stack": "lane", "wait": "lane", "lane": "run"}
    for identity, kind in kinds.items():
        if kind == "run":
            continue
        parent = traced.parent(identity)
        assert kinds[parent] == above[kind], (kind, traced.spans[identity].name)
        span, holder = traced.spans[identity], traced.spans[parent]
        assert holder.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= holder.end_time_unix_nano
    counts = Counter(kinds.values())
    writes = traced.told.writes
    assert counts["lane"] == 3 and counts["wait"] == 3 and counts["suite"] == len(OUTCOMES)
    assert counts["attempt"] == len(traced.told.attempts)
    assert counts["stack"] == writes["CreateStack"] + writes["UpdateStack"] + len(traced.told.deploys)


def test_tasks_have_what_the_convention_requires(traced):
    results = {"passed": "success", "failed": "failure", "error": "error", "timeout": "timeout", "infra": "error", "skipped": "skip"}
    statuses = {"passed": "success", "failed": "failure", "error": "failure", "timeout": "timed_out", "infra": "aborted",
                "skipped": "skipped"}
    tasks = traced.of(cicd__pipeline__task__name=...)
    identities = [said["cicd.pipeline.task.run.id"] for said in tasks.values()]
    assert len(set(identities)) == len(identities)
    for identity, said in tasks.items():
        bad = said["cicd.pipeline.task.run.result"] in ("failure", "error", "timeout")
        assert ("error.type" in said) == bad == (int(traced.spans[identity].status.code or 0) == ERROR), said
    for identity, said in traced.of(itrun__suite__attempts=...).items():
        outcome = OUTCOMES[said["test.suite.name"]]
        assert said["cicd.pipeline.task.type"] == "test" and said["cicd.pipeline.task.run.result"] == results[outcome]
        assert said["test.suite.run.status"] == statuses[outcome]
        assert ("itrun.repro" in said) == (outcome not in ("passed", "skipped"))
        assert said["itrun.suite.is_flaky"] == (said["test.suite.name"] == "api/tests/test_flaky.py")


def test_every_case_of_every_attempt_is_a_span(traced):
    expected = Counter()
    for suite, attempt, _ in traced.told.attempts:
        for case, result in CASES.get(suite.removeprefix("api/"), {}).items():
            is_first_of_flaky = case == "test_flaky" and attempt == "1"
            expected[suite, case, "failed" if is_first_of_flaky else result] += 1
    cases = traced.of(test__case__name=...)
    assert Counter((said["test.suite.name"], said["test.case.name"], said["itrun.case.status"]) for said in cases.values()) == expected
    for identity, said in cases.items():
        bad = said["itrun.case.status"] in ("failed", "error")
        assert said.get("test.case.result.status") == {"passed": "pass", "skipped": None}.get(said["itrun.case.status"], "fail")
        events = traced.spans[identity].events
        assert [event.name for event in events] == (["exception"] if bad else [])
        if said["test.case.name"] == "test_total":
            assert "the discount is missing" in attributes(events[0])["exception.message"]


def test_the_file_holds_what_was_sent_and_report_writes_it_again(traced, shop, tmp_path):
    whole = traced.file.read_bytes()
    as_protobuf(whole)
    spans = [span for scope in json.loads(whole)["resourceSpans"][0]["scopeSpans"] for span in scope["spans"]]
    sent = [span for _, _, body in traced.collector.requests for resource in json.loads(body)["resourceSpans"]
            for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert spans == sent
    again = shop.run("report", str(traced.told.folder), "--otlp", str(tmp_path / "again.json"))
    assert again.code == 0, again.stderr
    assert (tmp_path / "again.json").read_bytes() == whole


# --- collectors that are not well -------------------------------------------------------------------------

QUICK = "version: 1\nproject: p\nsuites:\n  - {name: one, command: 'true'}\n"
SECONDS = "version: 1\nproject: p\nsuites:\n" + "".join(f"  - {{name: s{i}, command: sleep 1.5}}\n" for i in range(5))


def warnings(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("itrun: ") and "spans" in line]


def test_a_collector_that_is_down_costs_one_warning_and_no_verdict(tmp_path):
    with Collector() as gone:
        url = gone.url
    began = time.monotonic()
    result = Project(tmp_path / "p", QUICK).run(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert result.code == 0
    assert len(warnings(result)) == 1 and "1 of 1 requests of spans were not taken" in warnings(result)[0]
    assert "is the collector running?" in result.stderr
    assert time.monotonic() - began < 8  # nobody waits for who is not there


def test_the_token_for_the_collector_stands_in_no_byte_that_itrun_writes(tmp_path):
    with Collector() as collector:
        project = Project(tmp_path / "p", "version: 1\nproject: p\nsuites:\n  - {name: one, command: 'env; echo Bearer canary-88f1 && false'}\n")
        result = project.run(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20canary-88f1")
        assert result.code == 1 and collector.requests[0][1]["authorization"] == "Bearer canary-88f1"
        written = texts_below(project.root / ".itrun")
        assert any(b"OTEL_EXPORTER_OTLP_HEADERS=[redacted]" in text for text in written.values())
        assert [path for path, text in written.items() if b"canary-88f1" in text] == []
        assert "canary" not in result.stdout + result.stderr
        assert b"canary" not in b"".join(body for _, _, body in collector.requests)


def test_a_collector_that_never_answers_is_waited_for_as_long_as_was_said(tmp_path):
    with Collector() as stuck:
        stuck.may_answer.clear()
        began = time.monotonic()
        result = Project(tmp_path / "p", QUICK).run(OTEL_EXPORTER_OTLP_ENDPOINT=stuck.url, OTEL_EXPORTER_OTLP_TIMEOUT="700")
        assert result.code == 0 and len(warnings(result)) == 1
        assert 0.7 <= time.monotonic() - began < 8


def test_what_a_collector_refuses_for_now_is_sent_again(tmp_path):
    with Collector(lambda number: (503, {"Retry-After": "1"}, b"busy") if number == 0 else (200, {}, b"{}")) as busy:
        result = Project(tmp_path / "p", SECONDS).run("--shards", "1", OTEL_EXPORTER_OTLP_ENDPOINT=busy.url)
        assert result.code == 0 and warnings(result) == []
        assert busy.requests[0][2] in [body for _, _, body in busy.requests[1:]]
        assert {span.name for span in busy.spans} >= {"RUN p", "shard 1", "s0", "s4"}


@pytest.mark.parametrize("answer, said", [
    ((401, {}, b"no such token\nsecond line"), "the collector answered 401: no such token"),
    ((200, {}, b'{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}'), "refused some spans: too old"),
    ((302, {"Location": "http://127.0.0.1:1/"}, b""), "the collector answered 302"),
])
def test_what_a_collector_will_never_take_is_said_once(tmp_path, answer, said):
    with Collector(lambda _: answer) as strict:
        result = Project(tmp_path / "p", QUICK).run(OTEL_EXPORTER_OTLP_ENDPOINT=strict.url)
        assert result.code == 0
        assert len(warnings(result)) == 1 and said in warnings(result)[0]
        assert len(strict.requests) == 1


@pytest.mark.parametrize("variables, said", [
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "is no http or https URL"),
    ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "itrun sends http/json alone"),
    ({"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, "wants milliseconds, not '10s'"),
    ({"OTEL_EXPORTER_OTLP_HEADERS": "token-canary-77"}, "OTEL_EXPORTER_OTLP_HEADERS is not understood"),
])
def test_a_setting_that_is_not_understood_is_said_and_nothing_is_sent(tmp_path, variables, said):
    with Collector() as collector:
        result = Project(tmp_path / "p", QUICK).run(**{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **variables})
        assert result.code == 0 and said in result.stderr and "canary" not in result.stderr
        assert len(warnings(result)) == 1 and collector.requests == []


@pytest.mark.parametrize("variables", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_traces_can_be_switched_off(tmp_path, variables):
    with Collector() as collector:
        result = Project(tmp_path / "p", QUICK).run(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **variables)
        assert result.code == 0 and collector.requests == [] and warnings(result) == []


def test_the_traces_own_settings_outrank_the_general_ones(tmp_path):
    with Collector() as collector:
        result = Project(tmp_path / "p", QUICK).run(
            OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url + "/own",
            OTEL_EXPORTER_OTLP_HEADERS="a=1", OTEL_EXPORTER_OTLP_TRACES_HEADERS="b=2", TRACEPARENT="garbage")
        assert result.code == 0 and warnings(result) == []
        [(path, headers, _)] = collector.requests
        assert path == "/own" and headers["b"] == "2" and "a" not in headers
        run = next(span for span in collector.spans if span.name == "RUN p")
        assert not run.parent_span_id


def test_a_request_holds_at_most_512_spans(tmp_path):
    script = ("#!/usr/bin/env python3\nimport os\n"
              "cases = ''.join(f'<testcase classname=\"c\" name=\"case {i}\" time=\"0.001\"/>' for i in range(1500))\n"
              "open(os.environ['ITRUN_REPORT'], 'w').write(f'<testsuite name=\"many\">{cases}</testsuite>')\n")
    with Collector() as collector:
        result = Project(tmp_path / "p", "version: 1\nproject: p\nsuites:\n  - {name: many, command: ./many.py, report: many.xml}\n",
                         {"many.py": script}).run(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        assert result.code == 0, result.stderr
        assert sum(span.name.startswith("case ") for span in collector.spans) == 1500
        sizes = [len(json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]) for _, _, body in collector.requests]
        assert max(sizes) == 512 and len(sizes) == 3
