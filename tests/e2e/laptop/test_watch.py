"""itrun run --watch: rounds on change and on keys. What ran is told by the suites themselves, in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from bed import Project, kill_9, processes_with, wait_until
from terminal import Terminal

CONFIG = """version: 1
project: watched
suites:
  - {name: unit, files: "tests/*.sh", tags: [quick]}
  - {name: whole, command: ./whole.sh, tags: [slow]}
"""
RUN = '#!/bin/sh\necho "$ITRUN_SUITE $ITRUN_RUN_ID" >> "$RAN"; . ./lib/code.sh\n'
FILES = {
    "tests/a.sh": RUN, "tests/b.sh": RUN, "whole.sh": RUN, "lib/code.sh": "true\n", ".gitignore": ".itrun/\n.state/\nignored/\n",
}


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "project", CONFIG, FILES)
    subprocess.run(["git", "init", "-q"], cwd=made.root, check=True)
    made.ran = tmp_path / "ran"
    made.ran.touch()
    made.environment |= {"RAN": str(made.ran)}
    return made


class Rounds:
    """The suites of each round, in the order in which they ran."""

    def __init__(self, project: Project):
        self.project = project

    def all(self) -> list[list[str]]:
        rounds: dict[str, list[str]] = {}
        for line in self.project.ran.read_text().splitlines():
            suite, run = line.split()
            rounds.setdefault(run, []).append(suite)
        return list(rounds.values())


class Watching:
    """itrun --watch without a terminal; its lines as they come."""

    def __init__(self, project: Project, *arguments: str, **environment: str):
        self.project, self.log = project, project.root.parent / f"log-{time.monotonic_ns()}"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(project.command(*arguments), cwd=project.root, stdin=subprocess.DEVNULL,
                                            env={**project.environment, **environment}, stdout=log, stderr=log)

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            kill_9(self.process)

    def rounds_done(self, count: int) -> None:
        wait_until(lambda: self.log.read_text().count("itrun: watching") >= count or self.process.poll() is not None,
                   f"round {count} is over")
        assert self.process.poll() is None and self.log.read_text().count("itrun: watching") == count, self.log.read_text()

    def is_idle(self) -> bool:
        return self.log.read_text().rstrip("\n").split("\n")[-1].startswith("itrun: watching")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


ALL = ["unit/tests/a.sh", "unit/tests/b.sh", "whole"]


def test_what_changed_decides_what_runs(project):
    rounds = Rounds(project)
    with Watching(project, "run", "--watch") as watching:
        watching.rounds_done(1)
        project.write({"tests/b.sh": RUN + "# changed\n"})
        watching.rounds_done(2)
        project.write({"lib/code.sh": "true # changed\n"})
        watching.rounds_done(3)
        project.write({"tests/new/deep.txt": "a new file in a new folder"})
        watching.rounds_done(4)
        project.write({"tests/c.sh": RUN})  # a new suite
        os.unlink(project.root / "tests/a.sh")  # whose suite is no more
        watching.rounds_done(5)
        os.unlink(project.root / "lib/code.sh")
        watching.rounds_done(6)
        assert watching.end() == 143
    assert [sorted(names) for names in rounds.all()] == [
        ALL, ["unit/tests/b.sh"], ALL, ALL, ["unit/tests/c.sh"], ["unit/tests/b.sh", "unit/tests/c.sh", "whole"]]


def test_what_git_ignores_and_what_changes_nothing_starts_no_round(project):
    with Watching(project, "run", "--watch", "--output", "results", "--filter", "tests/a") as watching:
        watching.rounds_done(1)
        project.write({"ignored/x": "1", "results/mine": "1", "tests/b.sh": RUN + "# not selected\n"})
        os.utime(project.root / "lib/code.sh")  # an event, and it was never seen to change: the one that counts
        watching.rounds_done(2)
        os.utime(project.root / "lib/code.sh")  # the same bytes again: it does not
        project.write({"lib/code.sh": "true\n"})
        project.write({"tests/a.sh": RUN + "# changed\n"})
        watching.rounds_done(3)
        assert watching.end(signal.SIGINT) == 130
    assert Rounds(project).all() == [["unit/tests/a.sh"]] * 3


def test_a_suite_that_writes_into_the_checkout_does_not_run_for_ever(project):
    project.write({"whole.sh": RUN + "echo same > written.txt\necho '<testsuite/>' > report-$$.tmp; rm report-$$.tmp\n"})
    with Watching(project, "run", "whole", "--watch") as watching:
        for count in (2, 3, 4):  # the new file is a change; its bytes are the same from then on
            wait_until(lambda: len(Rounds(project).all()) >= count and watching.is_idle(), f"round {count} is over")
            assert len(Rounds(project).all()) == count
            project.write({"lib/code.sh": f"true # {count}\n"})
        assert watching.end() == 143


def test_changes_during_a_round_make_one_more(project, tmp_path):
    os.mkfifo(tmp_path / "gate")
    project.write({"whole.sh": RUN + f"read line < {tmp_path}/gate\n"})
    with Watching(project, "run", "whole", "--watch") as watching:
        wait_until(lambda: Rounds(project).all(), "the first round runs")
        project.write({f"lib/{name}": "true # changed\n" for name in ("code.sh", "new.sh", "other.sh")})
        wait_until(lambda: "another round follows" in watching.log.read_text(), "it is queued")
        (tmp_path / "gate").write_text("go\n")
        wait_until(lambda: len(Rounds(project).all()) == 2, "the second round runs")
        (tmp_path / "gate").write_text("go\n")
        watching.rounds_done(1)
        assert watching.end() == 143
    assert Rounds(project).all() == [["whole"]] * 2
    assert watching.log.read_text().count("another round follows") == 1, watching.log.read_text()


def test_what_failed_comes_first(project):
    project.write({"whole.sh": RUN + "sleep 0.5\n"})  # the longest: else first
    with Watching(project, "run", "--watch", "--shards", "1") as watching:
        watching.rounds_done(1)
        project.write({"lib/code.sh": "true # changed\n"})
        watching.rounds_done(2)
        project.write({"tests/b.sh": RUN + "false\n"})
        watching.rounds_done(3)
        project.write({"lib/code.sh": "true # again\n"})
        watching.rounds_done(4)
        watching.end()
    rounds = Rounds(project).all()
    assert [names[0] for names in rounds[1:]] == ["whole", "unit/tests/b.sh", "unit/tests/b.sh"]


def test_a_broken_configuration_is_said_and_mended_by_the_next_change(project):
    with Watching(project, "run", "--watch") as watching:
        watching.rounds_done(1)
        project.write({"itrun.yaml": CONFIG + "nonsense: 1\n"})
        wait_until(lambda: "nonsense" in watching.log.read_text(), "the error is shown")
        project.write({"itrun.yaml": CONFIG})
        watching.rounds_done(2)
        watching.end()


def test_kill_9_of_the_watching_process_ends_the_round(project):
    project.write({"whole.sh": RUN + "exec sleep 600\n"})
    with Watching(project, "run", "whole", "--watch", MARK="watched-and-killed") as watching:
        wait_until(lambda: Rounds(project).all(), "the round runs")
        kill_9(watching.process)
        wait_until(lambda: not processes_with("MARK=watched-and-killed"), "nothing is left")


def test_rerun_watch_stays_with_what_failed(project):
    project.write({"tests/b.sh": RUN + "false\n"})
    assert project.run("run", "--seed", "5").code == 1
    project.ran.write_text("")
    with Watching(project, "rerun", "--watch") as watching:
        watching.rounds_done(1)
        project.write({"lib/code.sh": "true # changed\n"})
        watching.rounds_done(2)
        project.write({"tests/a.sh": RUN + "# passed: not in the selection\n", "tests/b.sh": RUN})
        watching.rounds_done(3)
        watching.end()
    assert Rounds(project).all() == [["unit/tests/b.sh"]] * 3
    assert "seed 5" in watching.log.read_text()


# --- keys -------------------------------------------------------------------------------------------------


def test_keys_run_again_what_failed_or_all_and_quit(project):
    project.write({"tests/b.sh": RUN + "false\n"})
    with Terminal(project.command("run", "--watch"), project.root, project.environment) as terminal:
        def done() -> None:
            terminal.expect("watching [0-9]+ files: Enter runs again")

        done()
        terminal.type("f")
        done()
        terminal.type("\r")  # the same as the last round
        done()
        terminal.type("a")
        done()
        terminal.type("xq")
        assert terminal.wait() == 1 and not terminal.is_raw()
    assert [sorted(names) for names in Rounds(project).all()] == [ALL, ["unit/tests/b.sh"], ["unit/tests/b.sh"], ALL]


def test_a_key_or_ctrl_c_cuts_a_round_short_in_order(project, tmp_path):
    project.write({"whole.sh": RUN + f"trap 'echo tidied >> {tmp_path}/tidied; exit 1' TERM; sleep 600 & wait\n"})
    with Terminal(project.command("run", "whole", "--watch"), project.root, project.environment) as terminal:
        for count, key in enumerate(["a", "\r", "q"], 1):
            wait_until(lambda: len(Rounds(project).all()) == count and terminal.read(), f"round {count} runs")
            terminal.type(key)
        assert terminal.wait() == 143
    with Terminal(project.command("run", "whole", "--watch"), project.root, project.environment) as terminal:
        wait_until(lambda: len(Rounds(project).all()) == 4 and terminal.read(), "round 4 runs")
        terminal.type("\x03")
        assert terminal.wait() == 130
    assert (tmp_path / "tidied").read_text() == "tidied\n" * 4
