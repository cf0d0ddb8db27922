"""The terminal as people see it: itrun inside a real tmux, looked at by capture-pane."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest
from bed import ITRUN, Project, wait_until
from tmux import Tmux

LANES = 200
# Suites wait at a named pipe: whoever opens it for writing lets all go that wait there.
GATE = """#!/bin/sh
echo "suite $ITRUN_SUITE waits"
cat gate
touch "through-$ITRUN_SUITE"
case $ITRUN_SUITE in *-bad) echo "it broke here"; exit 1 ;; esac
"""


@pytest.fixture
def terminal(tmp_path):
    """terminal(suites, columns, rows, **environment): a project and a tmux that stands in it."""
    opened = []

    def make(suites: list[str], columns: int = 100, rows: int = 30, **environment: str):
        names = "".join(f"  - {{name: {name}, command: ./gate.sh}}\n" for name in suites)
        project = Project(tmp_path / "p", f"version: 1\nproject: demo\naccounts: {{provider: local}}\nsuites:\n{names}",
                          {"gate.sh": GATE})
        os.mkfifo(project.root / "gate")
        os.symlink(ITRUN, project.root / "itrun")
        tmux = Tmux(project.root, columns, rows, {**project.environment, **environment})
        opened.append(tmux)
        return project, tmux

    yield make
    for tmux in opened:
        tmux.close()


def open_gate(project) -> None:
    with open(project.root / "gate", "w"):
        pass


def bars(lines: list[str]) -> list[str]:
    return [line for line in lines if re.search(r"[█░]{3}", line)]


def is_one_block(lines: list[str], columns: int, rows: int) -> bool:
    """One bar, and below it the oldest suites, a line each."""
    bar = bars(lines)
    oldest = [line for line in lines if re.match(r" +[\d.]+m?s  s\d{3}|^ +\dm \d+s  s\d{3}", line)]
    return len(bar) == 1 and len(bar[0]) < columns and len(oldest) == min(8, rows // 3)


def test_two_hundred_lanes_never_tear_the_screen(terminal):
    """One bar at any time, whatever the size of the window becomes; none is left when the run has ended."""
    suites = [f"s{i:03}{'-bad' if i % 40 == 7 else ''}" for i in range(LANES)]
    project, tmux = terminal(suites)
    tmux.type(f"./itrun --shards {LANES} --jobs {LANES}; echo code $?")
    tmux.await_line(rf"\] 0/{LANES} .*{LANES} running")
    assert is_one_block(tmux.screen(), 100, 30)
    for columns, rows in ((64, 21), (140, 40), (80, 24)):
        tmux.resize(columns, rows)
        wait_until(lambda: is_one_block(tmux.screen(), columns, rows), f"one block of {columns} columns")
    open_gate(project)
    tmux.await_line("^code 1$", 120)
    lines = tmux.all()
    assert bars(lines) == [], "the bar is left behind"
    for name in (s for s in suites if s.endswith("-bad")):
        told = [line for line in lines if line.startswith("✗ error") and f" {name} " in line]
        assert len(told) == 1, f"{name} is told {len(told)} times"
    assert len(list(project.root.glob("through-*"))) == LANES


def test_twenty_columns_are_enough(terminal):
    project, tmux = terminal(["one", "two-bad"], columns=20, rows=10)
    tmux.type("./itrun; echo code $?")
    # In the block nothing wraps: numbers, and the two suites one line each.
    block = r"\n0/2  ✓ 0[^\n]*\n +\S+  one[^\n]*\n +\S+  two-bad[^\n]*$"
    wait_until(lambda: re.search(block, "\n".join(tmux.screen()).rstrip()), "the block")
    open_gate(project)
    tmux.await_line("^code 1$")


def test_t_shows_what_runs_with_its_last_lines_and_the_terminal_is_given_back(terminal):
    project, tmux = terminal(["one", "two"])
    tmux.type("stty -a > before; ./itrun; echo code $?; stty -a > after; echo restored")
    tmux.await_line("2 running")
    assert [line for line in tmux.screen() if "press t to see what runs" in line]
    # Asked until both have said something: each answer is whole.
    wait_until(lambda: tmux.keys("t") or {"| suite one waits", "| suite two waits"} <= {l.strip() for l in tmux.screen()},
               "the suites' last lines")
    assert "t" not in [line.strip() for line in tmux.screen()], "the key was echoed"
    open_gate(project)
    tmux.await_line("^restored$")
    assert (project.root / "before").read_text() == (project.root / "after").read_text()


def test_ctrl_c_still_stops_in_order(terminal):
    project, tmux = terminal(["one"])
    tmux.type("./itrun; echo code $?")
    tmux.await_line("1 running")
    tmux.keys("C-c")
    tmux.await_line("^code 130$")
    assert not (project.root / "through-one").exists()


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_obeyed(terminal, no_color):
    project, tmux = terminal(["one-bad"], **({"NO_COLOR": no_color} if no_color else {}))
    tmux.type("./itrun; echo code $?")
    tmux.await_line("1 running")
    open_gate(project)
    tmux.await_line("^code 1$")
    coloured = [line for line in tmux.all("-e") if "\x1b[" in line]
    assert bool(coloured) is not bool(no_color), coloured[:3]


def test_a_stopped_terminal_holds_up_no_suite(terminal):
    """Ctrl-S: whoever stops the screen to read does not stop the run, nor its leases."""
    project, tmux = terminal(["a-bad", "b-bad"])
    tmux.type("./itrun --shards 1; echo code $?")
    tmux.await_line("1 running")
    tmux.keys("C-s")
    first = wait_until(lambda: open_gate_if_awaited(project) and list(project.root.glob("through-*")), "the first suite")
    assert len(first) == 1
    # The second starts after the failure of the first was told to a terminal that takes nothing.
    wait_until(lambda: open_gate_if_awaited(project) and len(list(project.root.glob("through-*"))) == 2, "the second suite")
    tmux.keys("C-q")
    tmux.await_line("^code 1$")
    lines = tmux.all()
    assert sum(line.startswith("✗ error") for line in lines) == 2


def open_gate_if_awaited(project) -> bool:
    """Opens the gate if somebody waits there; never waits for one itself."""
    try:
        os.close(os.open(project.root / "gate", os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        pass  # nobody yet
    return True


def test_sigusr1_tells_a_log_what_runs(terminal):
    project, _ = terminal(["one"])
    process = project.start("run")
    line = wait_until(process.stderr.readline, "the first line")
    while "first suite runs" not in line:
        line = process.stderr.readline()
        assert line, "itrun ended"
    # Its output is there when the journal of the operating system says so: the suite is in cat, after its echo.
    wait_until(lambda: subprocess.run(["pgrep", "-f", "^cat gate$"], stdout=subprocess.DEVNULL).returncode == 0, "the suite's cat")
    process.send_signal(signal.SIGUSR1)
    seen = ""
    while "suite one waits" not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
        if "(no output yet)" in line:
            process.send_signal(signal.SIGUSR1)
    assert re.search(r"^ +\S+  one · shard 1 · local-001\n +\| suite one waits$", seen, re.MULTILINE), seen
    open_gate(project)
    assert project.finish(process).code == 0
