"""A real pseudo-terminal with a program in it, and what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

WAIT_S = 30


class Terminal:
    def __init__(self, command: list[str], cwd, environment: dict[str, str], rows: int = 30, columns: int = 100):
        self.shown = ""
        self._seen = 0
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], command, {**environment, "TERM": "xterm", "PS1": "$ "})

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self._fd)[3] & termios.ICANON

    def read(self) -> bool:
        """False: nobody has the terminal any more."""
        if select.select([self._fd], [], [], 0.1)[0]:
            try:
                chunk = os.read(self._fd, 65536)
            except OSError:
                return False
            self.shown += chunk.decode(errors="replace")
            return bool(chunk)
        return True

    def expect(self, pattern: str, timeout_s: float = WAIT_S) -> re.Match:
        """The first match in what was shown since the last one."""
        end = time.monotonic() + timeout_s
        while True:
            found = re.search(pattern, self.shown[self._seen:], re.S)
            if found:
                self._seen += found.end()
                return found
            assert self.read() or re.search(pattern, self.shown[self._seen:], re.S), f"{pattern}: ended: {self.shown}"
            assert time.monotonic() < end, f"{pattern}: not within {timeout_s} s: {self.shown}"

    def wait(self, timeout_s: float = WAIT_S) -> int:
        """Its exit status; it must end by itself."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                while self.read() and select.select([self._fd], [], [], 0)[0]:
                    pass
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it did not end: {self.shown}")
