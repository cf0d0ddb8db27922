"""Flaky suites: retries by outcome, budgets, holds. Counted by the lines that the suites themselves wrote."""

from __future__ import annotations

import json

import pytest
from bed import Project, as_yaml, lone_stack

# One line an execution: suite, attempt, account, seed. Then it does what PLAN says of this attempt; the last word stays.
SUITE = """#!/bin/sh
echo "$ITRUN_SUITE $ITRUN_ATTEMPT $ITRUN_ACCOUNT_ID $ITRUN_SEED" >> "$LEDGER"
set -- $PLAN
while [ "$ITRUN_ATTEMPT" -gt 1 ] && [ $# -gt 1 ]; do ITRUN_ATTEMPT=$((ITRUN_ATTEMPT - 1)); shift; done
case "$1" in
  pass) exit 0 ;;
  infra) exit 99 ;;
  error) exit 3 ;;
  hang) exec sleep 600 ;;
  wait) while [ ! -e "$GATE" ]; do sleep 0.02; done ;;
  open) : > "$GATE"; exit 99 ;;
esac
"""


class Flaky(Project):
    """Suites by what they do in each attempt: {"name": ("infra pass", {"retries": 1})}."""

    def __init__(self, root, suites: dict[str, tuple[str, dict]], **keys):
        self.ledger = root / "ledger.txt"
        env = {"LEDGER": str(self.ledger), "GATE": str(root / "gate")}
        listed = [{"name": name, "command": "./suite.sh", "env": {**env, "PLAN": plan}, **more}
                  for name, (plan, more) in suites.items()]
        config = {"version": 1, "project": "shop", "suites": listed, **keys}
        super().__init__(root, as_yaml(config), {"suite.sh": SUITE})

    def ran(self) -> list[list[str]]:
        return [line.split() for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []

    def attempts(self) -> dict[str, int]:
        names = [line[0] for line in self.ran()]
        return {name: names.count(name) for name in names}


@pytest.fixture
def flaky(tmp_path):
    return lambda suites, **keys: Flaky(tmp_path / "project", suites, **keys)


# --- retries ----------------------------------------------------------------------------------------------


def test_each_class_of_outcome_has_its_own_retries(flaky):
    limits = {"retries": {"error": 1, "infra": 2}, "timeout": "500ms"}
    shop = flaky({"breaks": ("error", limits), "blames": ("infra", limits), "hangs": ("hang", limits),
                  "recovers": ("infra error pass", limits), "heals": ("infra pass", limits)})
    result = shop.run("--shards", "2")
    assert result.code == 1
    assert shop.attempts() == {"breaks": 2, "blames": 3, "hangs": 1, "recovers": 3, "heals": 2}
    assert result.outcomes() == {"breaks": "error", "blames": "infra", "hangs": "timeout", "recovers": "passed",
                                 "heals": "passed"}
    assert result.summary["suites"]["flaky"] == 1, "what only the infrastructure failed is not flaky"


def test_the_command_line_overrides_and_a_plain_number_counts_all_classes(flaky):
    shop = flaky({"mixed": ("infra error pass", {"retries": 1}), "never": ("error", {"retries": {"error": 4}})})
    assert shop.run().outcomes() == {"mixed": "error", "never": "error"}
    assert shop.attempts() == {"mixed": 2, "never": 5}
    shop.ledger.unlink()
    assert shop.run("--retries", "2").outcomes() == {"mixed": "passed", "never": "error"}
    assert shop.attempts() == {"mixed": 3, "never": 3}
    shop.ledger.unlink()
    shop.run("--retries", "0")
    assert shop.attempts() == {"mixed": 1, "never": 1}


@pytest.mark.parametrize("arguments, keys, expected", [
    (["--retry-budget", "3"], {}, 3), ([], {"retry_budget": "25%"}, 5), ([], {"retry_budget": 4}, 4),
    (["--retry-budget", "0"], {"retry_budget": 9}, 0)])
def test_a_broken_environment_is_not_retried_suite_by_suite(flaky, arguments, keys, expected):
    shop = flaky({f"s{n}": ("error", {"retries": 2}) for n in range(20)}, **keys)
    result = shop.run("--shards", "4", *arguments)
    assert result.code == 1
    assert len(shop.ran()) == 20 + expected
    assert result.stderr.count("retry budget of") == 1, "said once"
    assert result.summary["retries"] == {"made": expected, "is_budget_spent": True}


def test_a_budget_that_lasts_is_not_spoken_of(flaky):
    shop = flaky({"heals": ("error pass", {"retries": 1})}, retry_budget=1)
    result = shop.run()
    assert result.code == 0 and "retry budget" not in result.stderr
    assert result.summary["retries"] == {"made": 1, "is_budget_spent": False}


@pytest.mark.parametrize("word", ["many", "5 %", "101%", "-1"])
def test_a_budget_that_is_none_is_a_usage_error_with_its_mend(flaky, word):
    result = flaky({"s": ("pass", {})}).run(f"--retry-budget={word}")
    assert result.code == 2 and word in result.stderr and "for example 20 or 5%" in result.stderr


def test_infra_is_tried_again_in_another_account_that_is_at_work(flaky):
    shop = flaky({"blames": ("open pass", {"retries": {"infra": 1}}), "works": ("wait", {"timeout": "30s"})})
    result = shop.run("--shards", "2")
    assert result.code == 0, result.stderr
    accounts = [account for suite, _, account, _ in shop.ran() if suite == "blames"]
    assert len(accounts) == 2 and accounts[0] != accounts[1], accounts


def test_infra_is_tried_again_here_where_there_is_no_other_account(flaky):
    shop = flaky({"blames": ("infra pass", {"retries": {"infra": 1}})})
    assert shop.run().code == 0
    assert len(shop.ran()) == 2


def test_a_lane_alone_moves_to_an_idle_account_and_deploys_there(aws_project):
    command = "sh -c './note.sh; test $ITRUN_ATTEMPT = 2 || exit 99'"
    project = aws_project([{"name": "blames", "command": command, "needs": ["lone"], "retries": {"infra": 1}}],
                          [lone_stack()], count=2)
    result = project.run("--shards", "1")
    assert result.code == 0, result.stderr
    assert len({account for _, _, account, _ in project.notes()}) == 2
    assert project.live(0) and project.live(1), "the stack was deployed in both accounts"
    states = [account["state"] for account in json.loads(project.run("list", "accounts", "--json").stdout)]
    assert sorted(states) == ["dirty", "free"], "whoever gets the suspect next looks twice"
