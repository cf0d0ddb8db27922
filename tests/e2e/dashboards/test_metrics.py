"""metrics.prom, scraped by a real Prometheus and compared with what happened."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from story import OUTCOMES, TWENTY


def test_the_story_went_as_it_was_written(cold, changed):
    for told in (cold, changed):
        assert told.result.outcomes() == OUTCOMES, told.result.stderr
        assert told.result.code == 1


def test_promtool_finds_nothing(cold, shop):
    text = (cold.folder / "metrics.prom").read_text()
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, env=shop.environment)
    assert check.returncode == 0 and check.stdout + check.stderr == ""


def test_prometheus_has_every_name_and_its_type(prometheus):
    known = prometheus.ask("targets/metadata", match_target='{job="cold"}')
    types = {one["metric"]: one["type"] for one in known}
    for name in TWENTY:
        wanted = "histogram" if name in ("account_wait_seconds", "stack_deploy_seconds") else "gauge"
        assert types.get(f"itrun_{name}") == wanted, name
        assert prometheus.query(f'{{__name__=~"itrun_{name}(_count)?",job="cold"}}'), name


def test_suites_and_tests_are_those_that_ran(prometheus, cold):
    suites = prometheus.by('itrun_suites{job="cold"}', "outcome")
    assert suites == {"passed": 3, "failed": 1, "error": 2, "timeout": 1, "infra": 1, "skipped": 1, "cancelled": 0, "lost": 0}
    tests = prometheus.by('itrun_tests{job="cold"}', "result")
    assert tests == dict(cold.tests)
    assert prometheus.value('itrun_flaky_tests{job="cold"}') == 1
    durations = prometheus.by('itrun_suite_duration_seconds{job="cold"}', "suite")
    assert set(durations) == set(OUTCOMES)
    assert 1 <= durations["slow"] < 20


def test_retries_are_the_attempts_that_were_noted(prometheus, cold):
    noted = {suite for suite, attempt, _ in cold.attempts if attempt == "2"}
    assert noted == {"api/tests/test_flaky.py", "api/tests/test_broken.py"}
    retried = prometheus.by('itrun_retried_attempts{job="cold"}', "reason")
    assert retried == {"failed": 2, "error": 0, "timeout": 0, "infra": 0, "lost": 0}
    assert 0 < prometheus.value('itrun_retry_seconds{job="cold"}') < cold.ended_s - cold.began_s


def test_stacks_are_those_that_the_emulator_saw(prometheus, cold, changed):
    for job, told, skipped in (("cold", cold, 0), ("changed", changed, None)):
        actions = prometheus.by(f'itrun_stack_actions{{job="{job}"}}', "action")
        by_hand = len(told.deploys)  # the command makes its stack by a change set
        assert actions["create"] == told.writes["CreateStack"] + (by_hand if job == "cold" else 0), actions
        assert actions["update"] == told.writes["UpdateStack"]
        assert actions["recreate"] == 0
        assert skipped is None or actions["skip"] == skipped
        deploys = prometheus.by(f'itrun_stack_deploy_seconds_count{{job="{job}"}}', "action")
        assert deploys == {"create": actions["create"], "update": actions["update"], "recreate": 0}
    assert changed.writes["UpdateStack"] >= 1
    assert actions["skip"] >= 1
    assert prometheus.value('itrun_stack_saved_seconds{job="changed"}') == 30 * actions["skip"]
    assert prometheus.value('itrun_stack_saved_seconds{job="cold"}') == 0


def test_lane_seconds_are_lanes_times_makespan(prometheus):
    for job in ("cold", "changed"):
        makespan = prometheus.value(f'itrun_run_duration_seconds{{job="{job}"}}')
        assert prometheus.value(f'sum(itrun_lane_seconds{{job="{job}"}})') == pytest.approx(3 * makespan, abs=1e-4)
        assert set(prometheus.by(f'itrun_lane_seconds{{job="{job}"}}', "phase")) == {"wait", "reconcile", "test", "reset", "idle"}


def test_a_run_without_stacks_spends_no_time_on_them(prometheus):
    assert prometheus.value('itrun_lane_seconds{job="green",phase="reconcile"}') == 0
    assert prometheus.value('itrun_lane_seconds{job="cold",phase="reconcile"}') > 0


def test_accounts_waits_and_times_fit_what_the_clock_says(prometheus, cold):
    accounts = prometheus.by('itrun_accounts{job="cold"}', "state")
    assert sum(accounts.values()) == 3 and accounts["free"] == 3
    assert prometheus.value('itrun_account_wait_seconds_count{job="cold"}') == 3
    assert cold.began_s < prometheus.value('itrun_run_end_timestamp_seconds{job="cold"}') < cold.ended_s
    assert prometheus.value('itrun_run_duration_seconds{job="cold"}') < cold.ended_s - cold.began_s
    assert 0 < prometheus.value('itrun_first_failure_seconds{job="cold"}') < cold.ended_s - cold.began_s
    assert prometheus.value('itrun_run_last_success_timestamp_seconds{job="cold"}') == 0
    assert prometheus.value('itrun_run_lower_bound_seconds{job="cold"}') <= prometheus.value('itrun_run_predicted_seconds{job="cold"}')


def test_the_run_says_what_and_where_it_was(prometheus):
    labels = prometheus.query('itrun_run_info{job="cold"}')[0]["metric"]
    assert (labels["ci"], labels["result"], labels["project"]) == ("github", "failed", "shop")
    assert prometheus.query('itrun_run_info{job="changed"}')[0]["metric"].get("ci", "") == ""


def test_problems_of_the_infrastructure_are_counted_by_kind(prometheus):
    kinds = prometheus.by('itrun_infra_problems{job="cold"}', "kind")
    assert kinds == {"lease_lost": 0, "throttle": 0, "credentials": 0, "deploy": 0, "report_missing": 1, "leak": 1}


def test_counts_agree_with_junit(prometheus, cold):
    cases = ElementTree.parse(cold.folder / "junit.xml").getroot().iter("testcase")
    assert sum(1 for _ in cases) == prometheus.value('sum(itrun_tests{job="cold"})')


def test_a_failing_run_keeps_the_last_success_of_the_one_before(shop, tmp_path):
    from bed import Project
    project = Project(tmp_path / "p", "version: 1\nproject: p\nsuites:\n  - {name: one, command: ./one.sh}\n",
                      {"one.sh": "#!/bin/sh\nexit 0\n"})

    def last_success(*wanted: int) -> str:
        result = project.run()
        assert result.code in wanted, result.stderr
        lines = (result.folder / "metrics.prom").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("itrun_run_last_success_timestamp_seconds "))

    passed = float(last_success(0))
    assert passed > 0
    project.write({"one.sh": "#!/bin/sh\nexit 1\n"})
    assert float(last_success(1)) == pytest.approx(passed, abs=0.001)
    assert float(last_success(1)) == pytest.approx(passed, abs=0.001)
