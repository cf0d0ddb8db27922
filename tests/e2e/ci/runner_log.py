"""What GitHub's runner makes of a step's log: the rules of ActionCommand.cs and ActionCommandManager.cs, written anew.

A line is a command if it begins, after blanks, with ::name …:: and the name is registered, or if it holds ##[name …]
anywhere. Between ::stop-commands::WORD and ::WORD:: nothing is.
"""

from __future__ import annotations

import re

REGISTERED = {"add-mask", "add-matcher", "remove-matcher", "debug", "notice", "warning", "error", "group", "endgroup",
              "echo", "set-output", "set-env", "save-state", "add-path", "stop-commands"}


def unescape(text: str, *more: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(code, char)
    return text


class Log:
    def __init__(self, text: str):
        self.commands: list[tuple[str, dict[str, str], str]] = []
        self.shown: list[str] = []
        stop = None
        for line in re.split(r"\r\n|\n|\r", text):
            command = self._parse(line, REGISTERED | ({stop} if stop else set()))
            if command and stop:
                if command[0].lower() == stop.lower():
                    stop = None
                else:
                    command = None
                    self.shown.append(line)
            elif command and command[0] == "stop-commands":
                stop = command[2]
                self.token = stop
            elif command:
                self.commands.append(command)
            else:
                self.shown.append(line)
        self.is_stopped = stop is not None

    @staticmethod
    def _parse(line: str, registered: set[str]):
        new = re.match(r"\s*::([^\s:]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$", line)
        if new and new.group(1).lower() in {name.lower() for name in registered}:
            properties = dict(part.split("=", 1) for part in (new.group(2) or "").split(",") if "=" in part)
            properties = {k: unescape(v, ("%3A", ":"), ("%2C", ",")) for k, v in properties.items()}
            return new.group(1), properties, unescape(new.group(3))
        old = re.search(r"##\[([^\s\]]+)([^\]]*)\](.*)$", line)
        return (old.group(1), {}, old.group(3)) if old and old.group(1).lower() in registered else None

    def of(self, name: str) -> list[tuple[str, dict[str, str], str]]:
        return [command for command in self.commands if command[0] == name]
