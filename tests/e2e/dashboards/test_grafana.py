"""The Grafana dashboard: understood by Grafana's own types, every expression answered by a real Prometheus."""

from __future__ import annotations

import json
import re

import pytest

from bed import ROOT
from story import TWENTY

PATH = ROOT / "reporters/grafana/itrun.json"
DASHBOARD = json.loads(PATH.read_text())
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
JOBS = ("cold", "changed", "green")


@pytest.mark.parametrize("title, expression", EXPRESSIONS, ids=[f"{title} {i}" for i, (title, _) in enumerate(EXPRESSIONS)])
def test_prometheus_answers_it(prometheus, title, expression):
    assert '"$job"' in expression, "it would mix the jobs"
    answers = {job: (prometheus.query(expression.replace("$job", job)), prometheus.query_range(expression.replace("$job", job)))
               for job in JOBS}
    assert any(now and then for now, then in answers.values()), f"{title}: no data for {expression}"
    values = [float(series["value"][1]) for now, _ in answers.values() for series in now]
    assert any(value == value for value in values), f"{title}: no number but NaN"


def test_it_uses_our_names_alone_and_all_of_the_twenty(prometheus):
    ours = {name for name in prometheus.ask("label/__name__/values") if name.startswith("itrun_")}
    used = set(re.findall(r"\b[a-z_]*itrun_[a-z_]+", " ".join(expression for _, expression in EXPRESSIONS)))
    assert used <= ours
    assert {f"itrun_{name}" for name in TWENTY} <= {re.sub("_(bucket|sum|count)$", "", name) for name in used}


def test_the_list_of_jobs_is_found(prometheus):
    variable = next(one for one in DASHBOARD["templating"]["list"] if one["name"] == "job")
    name, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
    assert set(prometheus.ask(f"label/{label}/values", **{"match[]": name})) == set(JOBS)


def test_grafanas_own_types_read_it():
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard
    from grafana_foundation_sdk.models.prometheus import Dataquery

    register_default_plugins()
    read = Dashboard.from_json(DASHBOARD)
    assert all(isinstance(target, Dataquery) for panel in read.panels for target in panel.targets)
    written = json.loads(JSONEncoder().encode(read))
    assert [panel["title"] for panel in written["panels"]] == [panel["title"] for panel in DASHBOARD["panels"]]
    assert [target["expr"] for panel in written["panels"] for target in panel["targets"]] == [e for _, e in EXPRESSIONS]


def test_panels_have_numbers_of_their_own_and_do_not_overlap():
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
