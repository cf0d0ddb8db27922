"""The emulator ends with whoever started it: parent gone, or lifeline closed."""

from __future__ import annotations

import os
import threading


def watch_parent(ended: threading.Event, period_s: float = 0.5) -> None:
    """Set `ended` when the process that started us is gone."""
    parent = os.getppid()

    def watch() -> None:
        while not ended.wait(period_s):
            if os.getppid() != parent:
                ended.set()

    threading.Thread(target=watch, daemon=True, name="parent").start()


def watch_descriptor(fd: int, ended: threading.Event) -> None:
    """Set `ended` when the other end of a pipe or socket is closed."""

    def watch() -> None:
        try:
            while os.read(fd, 4096):
                pass
        except OSError:
            pass
        ended.set()

    threading.Thread(target=watch, daemon=True, name="lifeline").start()
