"""What a newcomer meets: help, the manual, completion in real shells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from bed import ITRUN, ROOT, Project, wait_until
from tmux import Tmux

CONFIG = """version: 1
project: demo
stacks:
  - {name: orders-data, template: t.yaml}
accounts: {provider: list, list: ["111111111111"], region: eu-west-1, role: r}
suites:
  - {name: checkout, command: "true"}
  - {name: shipping, command: "true"}
"""


def output_of(*words: str) -> str:
    return subprocess.run([ITRUN, *words], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def command_names() -> list[str]:
    return re.findall(r"^  ([a-z]+)[ \n]", output_of("--help"), re.MULTILINE)


def test_help_fits_a_screen_and_tells_every_command_and_exit_code():
    lines = output_of("--help").splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100
    assert {"run", "plan", "list", "explain", "rerun", "report", "completion", "manual"} <= set(command_names())
    for code in ("0 passed", "1 tests failed", "2 usage", "3 only infra", "4 nothing", "5 could", "6 incomplete", "124", "130/143"):
        assert code in "\n".join(lines), code
    for command in command_names():
        assert max(map(len, output_of(command, "--help").splitlines())) <= 110, command


def test_the_manual_is_clean_and_holds_all_that_help_holds():
    page = output_of("manual")
    shown = subprocess.run(["groff", "-man", "-ww", "-Tascii", "-P-cbou"], input=page, text=True, timeout=60,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr
    for command in command_names():
        assert re.search(rf"^ +itrun {command}\b", shown.stdout, re.MULTILINE), command
        for option in re.findall(r"--[a-z-]+", output_of(command, "--help")):
            assert option in shown.stdout, option


SHELLS = {
    "bash": ["bash", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
}
LOAD = {
    "bash": "source <(itrun completion bash)",
    "zsh": "autoload -Uz compinit && compinit -u -d ./zdump && source <(itrun completion zsh)",
    "fish": "itrun completion fish | source",
}


@pytest.fixture
def shell(request, tmp_path):
    """The shell, interactive in tmux, with itrun in PATH and its completions loaded."""
    name = request.param
    project = Project(tmp_path / "p", CONFIG, {"t.yaml": "Resources: {}\n"})
    os.mkdir(project.root / "bin")
    os.symlink(ITRUN, project.root / "bin/itrun")
    environment = {**project.environment, "PATH": f"{project.root}/bin:{project.environment['PATH']}", "PS1": "$ ",
                   "HOME": str(project.root), "XDG_CONFIG_HOME": str(project.root), "XDG_DATA_HOME": str(project.root)}
    assert shutil.which(name), f"scripts/setup tests installs {name}"
    tmux = Tmux(project.root, 120, 40, environment, SHELLS[name])
    tmux.type(LOAD[name] + "; echo load''ed")
    tmux.await_line("^loaded")
    yield tmux
    tmux.close()


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
@pytest.mark.parametrize("typed, completed", [
    ("itrun expl", "itrun explain "),
    ("itrun run chec", "itrun run checkout "),
    ("itrun explain ord", "itrun explain orders-data "),
    ("itrun plan --shard-t", "itrun plan --shard-timeout"),
    ("itrun run --progress pl", "itrun run --progress plain"),
    ("itrun rerun --suite shi", "itrun rerun --suite shipping"),
    ("itrun run --output bi", "itrun run --output bin"),
])
def test_a_shell_completes(shell, typed, completed):
    shell.keys("-l", typed)
    wait_until(lambda: any(typed in line for line in shell.screen()), "the line as typed")
    shell.keys("Tab")
    shell.await_line(re.escape(completed.rstrip()), 15)


def test_installing_brings_manual_and_completions(tmp_path):
    build = ITRUN.parent
    subprocess.run(["cmake", "--install", build, "--prefix", tmp_path], check=True, timeout=120, stdout=subprocess.DEVNULL)
    assert "TH ITRUN 1" in (tmp_path / "share/man/man1/itrun.1").read_text()
    for shell, path in (("bash", "bash-completion/completions/itrun"), ("zsh", "zsh/site-functions/_itrun"),
                        ("fish", "fish/vendor_completions.d/itrun.fish")):
        assert (tmp_path / "share" / path).read_text() == output_of("completion", shell)


def test_an_unknown_shell_is_told_which_there_are():
    answer = subprocess.run([ITRUN, "completion", "tcsh"], stderr=subprocess.PIPE, text=True, timeout=60)
    assert answer.returncode == 2
    assert "'tcsh'" in answer.stderr and "bash, zsh, fish" in answer.stderr
