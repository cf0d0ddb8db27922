"""--junit-strict against the schema by which Jenkins' xunit plugin refuses files."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from bed import ROOT

SCHEMA = ROOT / ".venv-tests/share/junit-10.xsd"  # scripts/setup tests brings it


def complaints(file: Path) -> list[str]:
    checker = etree.XMLSchema(etree.parse(str(SCHEMA)))
    checker.validate(etree.parse(str(file)))
    return [entry.message for entry in checker.error_log]


def test_the_strict_file_is_valid(mixed):
    assert complaints(mixed.file("--junit-strict")) == []


def test_the_usual_file_says_more_than_the_schema_knows(mixed):
    text = " ".join(complaints(mixed.file()))
    assert "'file'" in text and "'flakes'" in text, "the check sees nothing"


def test_a_run_writes_it_too(mixed):
    project = mixed.project
    result = project.run("run", "absent", "--junit-strict", "--junit", "mine.xml")
    assert result.code == 0, result.stderr
    for file in (project.root / "mine.xml", result.folder / "junit.xml"):
        assert complaints(file) == []


def test_where_it_makes_no_sense_it_is_refused(mixed):
    result = mixed.project.run("plan", "--junit-strict")
    assert result.code == 2
    assert "has no option --junit-strict" in result.stderr


def test_the_folder_of_a_copy_is_made_or_refused_before_anything_runs(mixed):
    project = mixed.project
    result = project.run("run", "absent", "--junit", "new/deep/mine.xml")
    assert result.code == 0, result.stderr
    assert complaints(project.root / "new/deep/mine.xml") != [], "the usual dialect, and it is there"
    before = sorted(path.name for path in (project.root / ".itrun/runs").iterdir())
    refused = project.run("run", "recovered", "--junit", "suite.sh/mine.xml")
    assert refused.code == 5
    assert "suite.sh" in refused.stderr and "not a folder" in refused.stderr
    started = set(path.name for path in (project.root / ".itrun/runs").iterdir()) - set(before)
    assert all('"attempt.started"' not in journal.read_text()
               for run in started for journal in (project.root / ".itrun/runs" / run).glob("events.ndjson"))
