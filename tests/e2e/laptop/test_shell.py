"""itrun shell: a person in a leased account. Judged on a real pseudo-terminal, by the AWS CLI and the emulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from bed import Project, lone_stack, processes_with, wait_until
from terminal import Terminal

SUITES = [{"name": "s1", "command": "./note.sh"}, {"name": "s2", "command": "false", "env": {"LOG_LEVEL": "debug"}}]


@pytest.fixture
def local(tmp_path):
    suites = "suites:\n  - {name: a, command: 'true'}\n  - {name: b, command: 'false', env: {FLAVOUR: sour}}\n"
    return Project(tmp_path / "local", f"version: 1\nproject: p\n{suites}")


def enter(project: Project, *arguments: str, **environment: str) -> Terminal:
    plain = project.root.parent / "plain-bash"  # no start-up file of this machine
    plain.write_text("#!/bin/sh\nexec bash --norc --noprofile\n")
    plain.chmod(0o755)
    return Terminal(project.command("shell", *arguments), project.root,
                    {**project.environment, "SHELL": str(plain), **environment})


# --- the terminal -----------------------------------------------------------------------------------------


def test_the_shell_has_a_real_terminal_with_job_control(local):
    with enter(local) as terminal:
        terminal.expect("this is local-001")
        terminal.type("tty && stty size; echo rea''dy\n")
        terminal.expect(r"/dev/pts/\d+\r\n30 100\r\nready")
        terminal.type("sleep 600; echo ended=$?\n")
        terminal.expect("sleep 600; echo")
        wait_until(lambda: foreground(terminal) == "sleep", "sleep has the terminal")
        terminal.type("\x03")  # to the shell's child, not to itrun
        terminal.expect(r"\$ ")
        terminal.type("sleep 601\n")
        wait_until(lambda: foreground(terminal) == "sleep", "sleep has the terminal")
        terminal.type("\x1a")
        terminal.expect("Stopped +sleep 601")
        terminal.type("kill -9 %1; wait %1; fg; echo jobs=''over\n")
        terminal.expect("jobs=over")
        terminal.resize(40, 132)
        terminal.type("sleep 0; stty size; exit 5\n")
        terminal.expect("40 132")
        assert terminal.wait() == 5
        assert not terminal.is_raw()


def foreground(terminal: Terminal) -> str:
    """The command that has the inner terminal, as the kernel says: of itrun's guard's child."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = open(f"/proc/{entry}/stat").read()
                comm, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
                environ = open(f"/proc/{entry}/environ", "rb").read()
            except OSError:
                continue
            if rest[2] == rest[5] and b"ITRUN_COOKIE" in environ and belongs_to(int(entry), terminal.pid):
                return comm
    return ""


def belongs_to(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            stat = open(f"/proc/{pid}/stat").read()
        except OSError:
            return False
        pid = int(stat[stat.rindex(")") + 2:].split()[1])
    return False


def test_what_a_shell_leaves_running_ends_with_it(local):
    with enter(local, MARK="left-by-a-shell") as terminal:
        terminal.type("setsid sleep 600 & disown; exit 0\n")
        assert terminal.wait() == 0
        assert "left behind" in terminal.shown
    assert processes_with("MARK=left-by-a-shell") == []


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_to_itrun_hangs_the_shell_up_and_gives_the_terminal_back(local, number, code):
    with enter(local, MARK="hung-up") as terminal:
        terminal.expect(r"\$ ")
        terminal.type(f"trap 'echo hung-up > {local.root}/told' EXIT; echo re''ady\n")
        terminal.expect("ready")
        assert terminal.is_raw()
        os.kill(terminal.pid, number)
        assert terminal.wait(20) == code and not terminal.is_raw()
    assert (local.root / "told").read_text() == "hung-up\n"
    assert processes_with("MARK=hung-up") == []


def test_kill_9_of_itrun_leaves_no_shell_behind(local):
    with enter(local, MARK="killed-nine") as terminal:
        terminal.expect(r"\$ ")
        assert len(processes_with("MARK=killed-nine")) > 1
        os.kill(terminal.pid, signal.SIGKILL)
        wait_until(lambda: not processes_with("MARK=killed-nine"), "the shell is gone")


def test_without_a_terminal_streams_and_status_are_the_command_s_own(local):
    def shell(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(local.command("shell", *arguments), cwd=local.root, env=local.environment, input=stdin,
                              capture_output=True, text=True, timeout=60)

    done = shell("--", "sh", "-c", "read x; echo \"out $x\"; echo err >&2; exit 42", stdin="line\n")
    assert (done.returncode, done.stdout) == (42, "out line\n") and "err\n" in done.stderr
    assert shell("--", "echo", "a b", "$HOME;", "'").stdout == "a b $HOME; '\n"
    assert shell(stdin="echo $ITRUN; exit 3").returncode == 3
    assert shell("--", "sh", "-c", "kill -KILL $$").returncode == 128 + 9
    assert shell("--", "no-such-program").returncode == 127
    assert shell("--", "sh", "-c", "exit 99").returncode == 99, "no outcome is made of it"
    assert not (local.root / ".itrun/latest").exists() and not (local.root / ".itrun/runs").exists(), "it is no run"


# --- in whose place ---------------------------------------------------------------------------------------


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_it_stands_in_for_the_failed_suite_of_the_shard(local):
    first = local.run("--shards", "2", "--seed", "99")
    shard = next(e["shard"] for e in first.events if e["type"] == "attempt.started" and e["suite_name"] == "b")
    for arguments in (("--shard", str(shard)), (first.folder.name,), (str(first.folder), "--suite", "b")):
        result = local.run("shell", *arguments, "--", "env")
        seen = variables(result.stdout)
        expected = {"ITRUN_SUITE": "b", "ITRUN_SHARD": str(shard), "ITRUN_SHARDS": "2", "ITRUN_SEED": "99", "FLAVOUR": "sour"}
        assert {name: seen.get(name) for name in expected} == expected, result.stderr
    assert local.run("shell", "--shard", "3").code == 2
    assert local.run("shell", "--suite", "bb").code == 2
    assert local.run("shell", "no-such-run").code == 2


def test_the_aws_cli_inside_is_in_the_leased_account(aws_project):
    project = aws_project(SUITES, [lone_stack()], count=3)
    project.config["suites"][1]["needs"] = ["lone"]
    project.configure()
    run = project.run("--shards", "2")
    shard = next(e["shard"] for e in run.events if e["type"] == "attempt.started" and e["suite_name"] == "s2")
    alias = next(e["account"] for e in run.events if e["type"] == "account.leased" and e["shard"] == shard)
    with enter(project, "--shard", str(shard)) as terminal:
        terminal.expect(f"this is {alias}, as shard {shard} had it")
        terminal.type("aws sts get-caller-identity --query Account --output text; echo acc''ount=$ITRUN_ACCOUNT_ID\n")
        account = terminal.expect(r"(\d{12})\r\n.*account=(\d{12})")
        assert account.group(1) == account.group(2) and account.group(1) in project.ids
        terminal.type("cat $ITRUN_OUTPUTS; echo; env | grep -c '^AWS_ACCESS_KEY_ID'; exit\n")
        outputs = terminal.expect(r"(\{\"lone\".*?\}\})\r\n0\r\n")
        assert "Arn" in json.loads(outputs.group(1))["lone"]
        assert terminal.wait() == 1  # of grep -c
    stacks = project.aws.get(f"/stacks?account={account.group(1)}")["stacks"]
    assert [stack["stack"] for stack in stacks] == ["lone"], "one account, the same, and nothing new in it"


def test_two_shells_and_a_run_never_share_an_account(aws_project):
    project = aws_project([{"name": "s", "command": "./note.sh"}], count=2, lease="3s")
    one, two = (enter(project) for _ in range(2))
    with one, two:
        accounts = []
        for terminal in (one, two):
            terminal.expect(r"\$ ")
            terminal.type("echo account=''$ITRUN_ACCOUNT_ID run=''$ITRUN_RUN_ID\n")
            found = terminal.expect(r"account=(\d{12}) run=(\S+)\r")
            accounts.append(found.group(1))
        assert sorted(accounts) == sorted(project.ids)
        with enter(project) as third:  # says for whom it waits, and gives up when asked
            third.expect("no account is free, held by run [0-9a-f-]{36} on .*waiting")
            third.type("\x03")
            assert third.wait() == 130
        running = project.start()  # a lease of 3 s has run out by the time that it got one, or it is renewed
        said = iter(running.stderr.readline, "")
        assert any("held by run" in line for line in said)
        assert running.poll() is None
        one.type("exit 0\n")
        assert one.wait() == 0
        assert project.finish(running).code == 0
        assert [note[2] for note in project.notes()] == [accounts[0]] * 2
        two.type("aws sts get-caller-identity --query Account --output text; exit 0\n")  # still its own
        two.expect(accounts[1] + r"\r\n")
        assert two.wait() == 0


def test_stacks_are_brought_up_to_date_but_a_failed_one_keeps_nobody_out(aws_project):
    project = aws_project([{"name": "s", "command": "./note.sh", "needs": ["lone"]}], [lone_stack()])
    show = ("--", "sh", "-c", "cat $ITRUN_OUTPUTS")
    nothing = project.run("shell", "--no-deploy", *show)
    assert (nothing.code, nothing.stdout) == (0, "{}") and "lone is not as it should be" in nothing.stderr
    made = project.run("shell", *show)
    assert made.code == 0 and "Arn" in json.loads(made.stdout)["lone"] and "stack lone: create" in made.stderr
    assert set(project.live()) == {"lone"}
    project.stack("lone")["parameters"]["Stage"] = "b"
    project.configure()
    since = project.aws.last_call()
    stale = project.run("shell", "--no-deploy", *show)
    assert stale.code == 0 and json.loads(stale.stdout) == json.loads(made.stdout) and project.writes(since) == []
    project.write({"stacks/lone.yaml": "Resources:\n  Bad: {Type: AWS::No::Such}\n"})
    broken = project.run("shell", "--", "sh", "-c", "exit 8")
    assert broken.code == 8 and "lone is not as it should be" in broken.stderr, broken.stderr


def test_a_shell_whose_account_is_lost_ends_and_says_so(aws_project):
    project = aws_project([{"name": "s", "command": "./note.sh"}], count=1, lease="2s")
    with enter(project, MARK="lost-its-lease") as terminal:
        terminal.expect(r"\$ ")
        os.kill(terminal.pid, signal.SIGSTOP)
        try:
            assert project.run(timeout_s=60).code == 0
            assert processes_with("MARK=lost-its-lease") == [terminal.pid], "its guard ended it while itrun was stopped"
        finally:
            os.kill(terminal.pid, signal.SIGCONT)
        assert terminal.wait() == 3
        assert "no longer ours" in terminal.shown


def test_a_held_account_is_entered_by_its_shard_s_shell_and_stays_held(aws_project):
    project = aws_project([{"name": "bad", "command": "false"}], [lone_stack()], count=2)
    failed = project.run("--hold-on-fail", "1h")
    assert failed.code == 1, failed.stderr
    alias = next(e["account"] for e in failed.events if e["type"] == "account.leased")

    def states() -> dict[str, str]:
        listed = json.loads(project.run("accounts", "list", "--json").stdout)
        return {account["alias"]: account["state"] for account in listed}

    assert states()[alias] == "held"
    inside = project.run("shell", "--shard", "1", "--", "sh", "-c", "echo $ITRUN_ACCOUNT_ID")
    assert (inside.code, inside.stdout.strip()) == (0, project.ids[int(alias[-3:]) - 1]), inside.stderr
    assert states()[alias] == "held", "it is left as it was"
    other = project.run("shell", "--", "sh", "-c", "echo $ITRUN_ACCOUNT_ID")
    assert other.stdout.strip() in project.ids and other.stdout != inside.stdout, "nobody else's shell gets in"
