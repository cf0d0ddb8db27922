"""The temporary folder of a killed run goes with a later run; that of a living one stays."""

from __future__ import annotations

import os

import pytest

from bed import Project, kill_9, wait_until

HANG = "#!/bin/sh\ntouch \"$ITRUN_TMPDIR/here\"; echo \"$ITRUN_TMPDIR\" > \"$WHERE\"; [ -z \"$HANG\" ] || exec sleep 600\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "tmp").mkdir()
    made = Project(tmp_path / "project", "version: 1\nproject: p\nsuites: [{name: s, command: ./hang.sh}]\n", {"hang.sh": HANG})
    made.tmp = tmp_path / "tmp"
    made.environment |= {"TMPDIR": str(made.tmp)}
    return made


def test_a_killed_run_s_folder_is_swept_and_a_living_one_s_is_not(project, tmp_path):
    started = {}
    for name in ("dead", "alive"):
        process = project.start(WHERE=str(tmp_path / name), HANG="1")
        wait_until(lambda: (tmp_path / name).exists() and (tmp_path / name).read_text().endswith("\n"), "the suite runs")
        started[name] = process, (tmp_path / name).read_text().strip()
    kill_9(started["dead"][0])
    (project.tmp / "itrun-strange").mkdir()  # of somebody else, who has no owner file
    os.symlink(tmp_path, project.tmp / "itrun-link")
    (tmp_path / "owner").write_text("")  # where the link leads
    before = {path.name for path in project.tmp.iterdir()}
    assert len(before) == 4
    assert project.run(WHERE=str(tmp_path / "later")).code == 0
    alive = started["alive"][1]
    assert {path.name for path in project.tmp.iterdir()} == {alive.split("/")[-2], "itrun-strange", "itrun-link"}
    assert os.path.exists(f"{alive}/here") and (tmp_path / "owner").exists() and project.root.exists()
    started["alive"][0].terminate()
    assert project.finish(started["alive"][0]).code == 143
    assert {path.name for path in project.tmp.iterdir()} == {"itrun-strange", "itrun-link"}
