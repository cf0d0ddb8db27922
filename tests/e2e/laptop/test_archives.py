"""A run out of an archive, as CI hands it to a laptop: what is taken, and what is refused."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from bed import Project

CONFIG = """version: 1
project: archived
suites:
  - {name: good, command: ./say.sh, tags: [a]}
  - {name: bad, command: ./say.sh bad}
  - {name: more, files: "more/*.sh"}  # a folder of the run that is not ASCII
"""
SAY = """#!/bin/sh
[ -n "$SAID" ] && echo "$ITRUN_SUITE $ITRUN_SEED" >> "$SAID"
[ -z "$1" ]
"""
FILES = {"say.sh": SAY, "more/wörse.sh": SAY.replace("$1", "bad"), ".gitignore": ".itrun/\n.state/\n"}


def git(where: Path, *words: str) -> str:
    return subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.invalid", *words], cwd=where, check=True,
                          capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A checkout whose run failed; its output folder is read, never changed, by the tests."""
    there = Project(tmp_path_factory.mktemp("there"), CONFIG, FILES)
    git(there.root, "init", "-q")
    git(there.root, "add", ".")
    git(there.root, "commit", "-qm", "one")
    result = there.run("--seed", "4711")
    assert result.code == 1, result.stderr
    there.folder = result.folder
    return there


@pytest.fixture
def laptop(finished, tmp_path):
    """Another clone of the same commit, with a temporary folder of its own."""
    git(tmp_path, "clone", "-q", str(finished.root), "clone")
    clone = Project(tmp_path / "clone", CONFIG)
    (tmp_path / "tmp").mkdir()
    clone.said = tmp_path / "said"
    clone.environment |= {"TMPDIR": str(tmp_path / "tmp"), "SAID": str(clone.said)}
    return clone


def temporary(laptop: Project) -> list[str]:
    return os.listdir(laptop.environment["TMPDIR"])


def add_tree(archive: zipfile.ZipFile, folder: Path, inside: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            archive.write(path, f"{inside}{path.relative_to(folder)}")


def pack(finished: Project, kind: str, where: Path) -> Path:
    folder, run = finished.folder, finished.folder.name
    if kind == "artifact.zip":  # as actions/upload-artifact does: relative to what was named, here the output folder
        with zipfile.ZipFile(where / kind, "w", zipfile.ZIP_DEFLATED) as archive:
            add_tree(archive, folder, f"runs/{run}/")
    elif kind == "flat.zip":
        with zipfile.ZipFile(where / kind, "w", zipfile.ZIP_DEFLATED) as archive:
            add_tree(archive, folder, "")
    else:
        with tarfile.open(where / kind, "w:gz" if kind.endswith("gz") else "w") as archive:
            deep = "build/logs/" if kind == "deep.tar" else ""
            archive.add(finished.root / ".itrun" if kind == "whole.tgz" else folder, f"{deep}{run}")
    return where / kind


@pytest.mark.parametrize("kind", ["artifact.zip", "flat.zip", "run.tar.gz", "whole.tgz", "deep.tar"])
def test_rerun_takes_the_failures_and_the_seed_out_of_an_archive(finished, laptop, tmp_path, kind):
    result = laptop.run("rerun", str(pack(finished, kind, tmp_path)))
    assert result.code == 1, result.stderr
    assert sorted(laptop.said.read_text().split("\n")[:-1]) == ["bad 4711", "more/more/wörse.sh 4711"]
    assert "warning" not in result.stderr and temporary(laptop) == []


def test_one_suite_and_one_test_case_are_passed_on(finished, tmp_path):
    there = Project(tmp_path / "py", "version: 1\nproject: p\nsuites:\n  - {name: api, framework: pytest, files: 'test_*.py'}\n",
                    {"test_x.py": "def test_one():\n    assert False\n\n\ndef test_two():\n    assert False\n"})
    first = there.run()
    assert first.code == 1
    shutil.make_archive(str(tmp_path / "run"), "zip", first.folder)
    again = there.run("rerun", str(tmp_path / "run.zip"), "--suite", "api/test_x.py", "--test", "test_two")
    assert [case for _, case, _ in again.cases] == ["test_two"], again.stderr


def test_a_folder_or_archive_of_several_runs_asks_which(finished, laptop, tmp_path):
    second = finished.run("--seed", "12")
    ids = sorted([second.folder.name, finished.folder.name])
    download = tmp_path / "download"
    for number, run in enumerate(ids):
        shutil.copytree(finished.root / ".itrun/runs" / run, download / f"shard-{number}" / run)
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", download)
    for where in (str(download), archive):
        asked = laptop.run("rerun", where)
        assert asked.code == 2 and all(run in asked.stderr for run in ids), asked.stderr
        assert laptop.run("rerun", where, ids[1]).code == 1
        assert laptop.run("rerun", where, "0000").code == 2
    assert {line.split()[1] for line in laptop.said.read_text().splitlines()} == {"12"}


def test_reports_are_rebuilt_from_an_archive(finished, laptop, tmp_path):
    archive = pack(finished, "artifact.zip", tmp_path)
    result = laptop.run("report", str(archive), "--junit", str(tmp_path / "junit.xml"))
    assert result.code == 0, result.stderr
    assert (tmp_path / "junit.xml").read_bytes() == (finished.folder / "junit.xml").read_bytes()
    nowhere = laptop.run("report", str(archive))
    assert nowhere.code == 2 and "--junit" in nowhere.stderr and temporary(laptop) == []


def test_an_artifact_of_another_commit_is_warned_of(finished, laptop, tmp_path):
    archive = pack(finished, "artifact.zip", tmp_path)
    theirs = git(laptop.root, "rev-parse", "HEAD")
    git(laptop.root, "commit", "-qam", "two", "--allow-empty")
    result = laptop.run("rerun", str(archive))
    ours = git(laptop.root, "rev-parse", "HEAD")
    assert result.code == 1
    assert any("warning" in line and theirs in line and ours in line for line in result.stderr.splitlines())


# --- refused ----------------------------------------------------------------------------------------------


def tar_with(path: Path, *entries: tuple[str, dict], kind: str = "w") -> Path:
    with tarfile.open(path, kind) as archive:
        for name, keys in entries:
            member = tarfile.TarInfo(name)
            data = keys.pop("data", b"")
            for key, value in keys.items():
                setattr(member, key, value)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


REFUSED = {
    "..": [("../../outside/events.ndjson", {"data": b"{}\n"})],
    "inner ..": [("a/../../outside/events.ndjson", {"data": b"{}\n"})],
    "backslashes": [("..\\outside\\events.ndjson", {"data": b"{}\n"})],
    "absolute": [("/ABSOLUTE/events.ndjson", {"data": b"{}\n"})],
    "symlink": [("run", {"type": tarfile.SYMTYPE, "linkname": "OUTSIDE"}), ("run/events.ndjson", {"data": b"{}\n"})],
    "latest that leads out": [("latest", {"type": tarfile.SYMTYPE, "linkname": "runs/../../OUTSIDE"})],
    "hard link": [("run/events.ndjson", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})],
    "device": [("run/events.ndjson", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5})],
    "pipe": [("run/events.ndjson", {"type": tarfile.FIFOTYPE})],
    "twice": [("run/events.ndjson", {"data": b"{}\n"}), ("run/events.ndjson", {"data": b"{}\n"})],
    "too many": [(f"f{n}", {}) for n in range(10001)],
}
SAYS = {"symlink": "symbolic link", "latest that leads out": "symbolic link", "hard link": "hard link", "device": "device",
        "pipe": "device", "twice": "twice", "too many": "10,000 entries"}


@pytest.mark.parametrize("trick", REFUSED)
def test_an_archive_that_reaches_out_is_refused_whole(laptop, tmp_path, trick):
    outside = tmp_path / "outside"
    outside.mkdir()
    entries = [(name.replace("/ABSOLUTE", str(outside)),
                {k: v.replace("OUTSIDE", str(outside)) if isinstance(v, str) else v for k, v in keys.items()})
               for name, keys in REFUSED[trick]]
    archive = tar_with(tmp_path / "evil.tar", *entries)
    result = laptop.run("rerun", str(archive))
    assert result.code == 2 and SAYS.get(trick, "leads out") in result.stderr, result.stderr
    assert "tar czf" in result.stderr  # how to make a good one
    assert list(outside.iterdir()) == [] and temporary(laptop) == [] and not laptop.said.exists()


@pytest.mark.parametrize("name", ["events.ndjson", "video.mp4"])
def test_a_bomb_is_refused_before_it_fills_the_disk(laptop, tmp_path, name):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"run/{name}", b"\0" * 300_000_000)
    assert (tmp_path / "bomb.zip").stat().st_size < 1_000_000
    result = laptop.run("rerun", str(tmp_path / "bomb.zip"))
    assert result.code == 2 and "200 times" in result.stderr and temporary(laptop) == []


@pytest.mark.parametrize("kind", ["artifact.zip", "run.tar.gz", "deep.tar"])
def test_an_archive_cut_short_is_said_to_be(finished, laptop, tmp_path, kind):
    path = pack(finished, kind, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    result = laptop.run("rerun", str(path))
    assert result.code == 2 and "cut short" in result.stderr and temporary(laptop) == [], result.stderr


def test_what_is_no_archive_or_holds_no_run_says_how_to_make_one(laptop, tmp_path):
    (tmp_path / "x.zip").write_text("<html>404</html>\n")
    assert laptop.run("rerun", str(tmp_path / "x.zip")).code == 2
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("coverage/index.html", "x")
        archive.writestr("junit.xml", "x")
    result = laptop.run("rerun", str(tmp_path / "other.zip"))
    assert result.code == 2 and "coverage/ (1 file), junit.xml" in result.stderr and "tar czf" in result.stderr
    (tmp_path / "empty").mkdir()
    result = laptop.run("report", str(tmp_path / "empty"))
    assert result.code == 2 and "events.ndjson" in result.stderr
    assert laptop.run("rerun", str(tmp_path / "nothing.zip")).code == 2


def test_manifest_and_journal_of_different_runs_are_refused(finished, laptop, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(finished.folder, mixed)
    manifest = json.loads((mixed / "manifest.json").read_text())
    for change in ({"run": "0198c0de-0000-7000-8000-000000000000"}, {"commit": "0" * 40}, {"suites": manifest["suites"][:1]}):
        (mixed / "manifest.json").write_text(json.dumps(manifest | change))
        for command in ("rerun", "report"):
            result = laptop.run(command, str(mixed))
            assert result.code == 2 and "different runs" in result.stderr, (change, result.stderr)
    assert not laptop.said.exists()


def test_an_archive_cannot_choose_a_configuration_elsewhere(finished, laptop, tmp_path):
    evil = Project(tmp_path / "evil", CONFIG, {"say.sh": f"#!/bin/sh\ntouch {tmp_path}/pwned\nfalse\n"})
    mixed = tmp_path / "mixed"
    shutil.copytree(finished.folder, mixed)
    manifest = json.loads((mixed / "manifest.json").read_text())
    (mixed / "manifest.json").write_text(json.dumps(manifest | {"config": str(evil.root / "itrun.yaml")}))
    assert laptop.run("rerun", str(mixed)).code == 1
    assert laptop.said.exists() and not (tmp_path / "pwned").exists()
