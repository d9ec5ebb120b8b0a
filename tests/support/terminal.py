"""A program at a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import codecs
import os
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

_LOGIN = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
_TOKEN = re.compile(
    r"\x1b\[(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])"  # a control sequence: ESC [ numbers letter
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_=>]"  # titles, key modes: nothing to see
    r"|(?P<control>[\r\n\x08])|(?P<text>[^\x1b\r\n\x08])",
    re.DOTALL,
)
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")


class Screen:
    """Lines of text as escape sequences, line ends and backspaces have arranged them. It has no lower edge.

    Parameters
    ----------
    columns : int
        Where a line goes on in the next.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self._held = ""

    def feed(self, data: str) -> None:
        """Show what a program wrote."""
        data = self._held + data
        unfinished = _UNFINISHED.search(data)
        self._held = unfinished.group() if unfinished else ""
        for match in _TOKEN.finditer(data.removesuffix(self._held)):
            if match["text"]:
                self._put(match["text"])
            elif match["control"]:
                self._control(match["control"])
            elif match["final"]:
                self._obey(match["final"], match["arguments"])

    def lines(self, first: int = 0) -> list[str]:
        """Return the lines from one on, without the space at their ends."""
        return ["".join(row).rstrip() for row in self.rows[first:]]

    def _put(self, character: str) -> None:
        if self.column == self.columns:
            self._go(self.row + 1, 0)
        row = self.rows[self.row]
        row.extend(" " * (self.column + 1 - len(row)))
        row[self.column] = character
        self.column += 1

    def _control(self, character: str) -> None:
        if character == "\n":
            self._go(self.row + 1, self.column)
        else:
            self.column = 0 if character == "\r" else max(self.column - 1, 0)

    def _obey(self, final: str, arguments: str) -> None:
        number = int(arguments) if arguments.isdecimal() else 0
        step = max(number, 1)
        if final in "AB":
            self._go(max(self.row + (step if final == "B" else -step), 0), self.column)
        elif final in "CD":
            self.column = min(max(self.column + (step if final == "C" else -step), 0), self.columns)
        elif final == "K":
            del self.rows[self.row][0 if number == 2 else self.column :]
        elif final == "J":
            del self.rows[self.row][self.column :]
            del self.rows[self.row + 1 :]

    def _go(self, row: int, column: int) -> None:
        self.row, self.column = row, column
        self.rows.extend([] for _ in range(row + 1 - len(self.rows)))


class Terminal:
    """A program at a pseudo-terminal of 50 lines.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    columns : int
        Width.
    **options
        For `subprocess.Popen`: folder and environment.
    """

    def __init__(self, command: list[str], columns: int, **options: Any) -> None:
        self.screen = Screen(columns)
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (50, columns))
        # `pty.fork` would run Python in a copy of this process, whose other threads may have held locks.
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOGIN, *command], stdin=theirs, stdout=theirs, stderr=theirs, **options
        )
        self._theirs = theirs  # stays open: what a program wrote last must not go with it

    def __del__(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait_until(self, is_shown: Callable[[Screen], bool], timeout_s: float = 60) -> None:
        """Read what the program writes until the screen shows something."""
        deadline = time.monotonic() + timeout_s
        while not is_shown(self.screen):
            if time.monotonic() > deadline:
                raise TimeoutError("\n".join(self.screen.lines()))
            self._read(0.2)

    def wait_for(self, text: str, first: int = 0) -> None:
        """Read until a text is on the screen, on one line from `first` on."""
        self.wait_until(lambda screen: any(text in line for line in screen.lines(first)))

    def wait_for_prompt(self, row: int = 0) -> None:
        """Read until the cursor waits behind an empty prompt, not above `row`."""
        self.wait_until(lambda s: s.row >= row and s.column == 2 and s.lines(s.row) == [">"])

    def ask(self, keys: str) -> str:
        """Type at the prompt, press Enter and return the lines between this prompt and the next."""
        row = self.screen.row
        self.send(keys + "\r")
        self.wait_for_prompt(row + 1)
        return "\n".join(self.screen.lines(row + 1)[:-1]) + "\n"

    def read_to_end(self) -> list[str]:
        """Return the whole screen after the program has ended."""
        deadline = time.monotonic() + 60
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError("\n".join(self.screen.lines()))
            self._read(0.2)
        while self._read(0):
            pass
        return self.screen.lines()

    def raw_lines(self) -> list[str]:
        """Return the lines that the program ended itself, without escape sequences."""
        return _SEQUENCE.sub("", self.raw).replace("\r", "").split("\n")

    @property
    def exit_code(self) -> int | None:
        """The exit code, after the end."""
        return self._process.returncode

    def _read(self, timeout_s: float) -> bool:
        """Take what the program has written, if there is something in time."""
        if not select.select([self._ours], [], [], timeout_s)[0]:
            return False
        text = self._decoder.decode(os.read(self._ours, 65536))
        self.raw += text
        self.screen.feed(text)
        return True
