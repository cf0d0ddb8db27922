"""More cases than a consumer takes in one file: parts, of which none is forgotten and none outlives its run."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree

import pytest
from junit_readers import READERS

from bed import Project, as_yaml


def report(count: int) -> str:
    bad = '<failure message="no">because</failure>'
    cases = "".join(f'<testcase classname="c" name="case {i}" time="0.001">{bad if i % 1000 == 7 else ""}</testcase>' for i in range(count))
    return f'<testsuites><testsuite name="s">{cases}</testsuite></testsuites>'


SIZES = {"one": 3000, "two": 2500, "three": 100, "huge": 5001, "last": 4}


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    suites = [{"name": name, "command": f"cp given-{name}.xml {name}.xml", "report": f"{name}.xml"} for name in SIZES]
    config = as_yaml({"version": 1, "project": "large", "suites": suites})
    project = Project(tmp_path_factory.mktemp("large") / "project", config,
                      {f"given-{name}.xml": report(size) for name, size in SIZES.items()})
    project.result = project.run("--shards", "5", "--seed", "1", "--junit", "out/mine.xml", timeout_s=120)
    assert project.result.code == 1, project.result.stderr
    return project


def parts(folder, stem) -> list:
    numbered = sorted(folder.glob(f"{stem}-*.xml"), key=lambda path: int(path.stem.rsplit("-", 1)[1]))
    return [folder / f"{stem}.xml", *numbered]


def test_the_parts_are_numbered_and_suites_stay_whole(large):
    for folder, stem in ((large.result.folder, "junit"), (large.root / "out", "mine")):
        files = parts(folder, stem)
        assert [f.name for f in files] == [f"{stem}.xml", *(f"{stem}-{i}.xml" for i in range(2, len(files) + 1))]
        where: dict[str, list[int]] = {}
        for number, file in enumerate(files):
            root = ElementTree.parse(file).getroot()
            cases = list(root.iter("testcase"))
            assert len(cases) == int(root.get("tests")) <= 5000
            assert file.stat().st_size <= 25_000_000
            for suite in root.iter("testsuite"):
                where.setdefault(suite.get("name"), []).append(number)
        assert {name for name, numbers in where.items() if len(numbers) > 1} == {"huge"}
        assert len(where["huge"]) == 2 and len(files) >= 3


@pytest.mark.parametrize("name", READERS)
def test_a_reader_of_all_parts_sees_every_case_once(large, name):
    read, _ = READERS[name]
    seen = read(parts(large.result.folder, "junit"))
    assert seen.cases == sorted((suite, f"case {i}", "failed" if i % 1000 == 7 else "passed")
                                for suite, size in SIZES.items() for i in range(size))
    assert large.result.summary["tests"]["total"] == len(seen.cases) == sum(SIZES.values())


def test_report_gives_the_same_parts(large):
    before = {file.name: file.read_bytes() for file in parts(large.result.folder, "junit")}
    copy = large.root / "copy"
    shutil.copytree(large.result.folder, copy)
    for file in parts(copy, "junit"):
        file.unlink()
    result = large.run("report", str(copy))
    assert result.code == 0, result.stderr
    assert {file.name: file.read_bytes() for file in parts(copy, "junit")} == before


def test_parts_of_an_earlier_run_go_and_strange_files_stay(large):
    folder = large.root / "again"
    shutil.copytree(large.root / "out", folder)
    count = len(parts(folder, "mine"))
    strange = folder / f"mine-{count + 1}.xml"
    strange.write_text('<testsuites name="of somebody else"/>')
    result = large.run("run", "three", "--junit", str(folder / "mine.xml"))
    assert result.code == 1, result.stderr
    assert sorted(file.name for file in folder.iterdir()) == sorted(["mine.xml", strange.name])
    assert strange.read_text() == '<testsuites name="of somebody else"/>'
