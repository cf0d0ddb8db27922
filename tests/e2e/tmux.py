"""A real terminal for tests: a tmux server, keys sent to it, its screen read."""

from __future__ import annotations

import re
import subprocess

from bed import wait_until


class Tmux:
    """One session of a tmux server of its own."""

    def __init__(self, folder, columns: int, rows: int, environment: dict[str, str],
                 shell: list[str] | None = None):
        self.socket = str(folder / "tmux.sock")
        kept = {**environment, "TERM": "xterm-256color", "PS1": "$ ", "ENV": ""}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", "main",
                  "-c", str(folder), *(shell or ["sh"]), environment=kept)
        self.tmux("set-option", "-g", "history-limit", "100000")

    def tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *words], env=environment, check=True, timeout=30,
                              stdout=subprocess.PIPE, text=True).stdout

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "main", *keys)

    def type(self, line: str) -> None:
        self.keys("-l", line)
        self.keys("Enter")

    def screen(self) -> list[str]:
        return self.tmux("capture-pane", "-p", "-t", "main").splitlines()

    def all(self, *options: str) -> list[str]:
        """With what has scrolled away; lines that were wrapped are one again."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "main", *options).splitlines()

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-t", "main", "-x", str(columns), "-y", str(rows))

    def await_line(self, pattern: str, timeout_s: float = 60) -> str:
        found = wait_until(lambda: [line for line in self.screen() if re.search(pattern, line)], f"'{pattern}' on the screen",
                           timeout_s)
        return found[-1]

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, timeout=30, stderr=subprocess.DEVNULL)
