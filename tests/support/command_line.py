"""The command line as a user meets it: a process of its own, beside which nothing is patched."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.terminal import Terminal

from rag_app.cli.main import main

RAG = (sys.executable, "-m", "rag_app")


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs ``rag`` in a folder, with a data folder.

    Calling it runs a process and returns the transcript; ``inside`` does so in this process, which is faster, and an
    exception that a user would see as a traceback ends the test; ``start`` returns a running process, ``at_terminal``
    one at a pseudo-terminal.
    """

    folder: Path
    data_dir: Path
    command: tuple[str, ...] = RAG

    def __call__(
        self, *arguments: str | bytes, stdin: str | bytes = b"", env: Mapping[str, str] | None = None
    ) -> Transcript:
        """Run a command to its end."""
        done = subprocess.run(
            [*self.command, *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=self.folder,
            env=self.environment(env),
            timeout=120,
            check=False,
        )
        encoding = (env or {}).get("PYTHONIOENCODING", "utf-8")
        return Transcript(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))

    def inside(self, *arguments: str, stdin: str | bytes = b"", env: Mapping[str, str] | None = None) -> Transcript:
        """Run a command to its end without a process of its own."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with pytest.MonkeyPatch.context() as own, redirect_stdout(out), redirect_stderr(err):
            own.chdir(self.folder)
            own.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
            for name, value in {"RAG_DATA_DIR": str(self.data_dir), **(env or {})}.items():
                own.setenv(name, value)
            try:
                code = main(arguments)
            except SystemExit as exc:  # argparse ends the process
                code = int(exc.code or 0)
        for stream in (out, err):
            stream.seek(0)
        return Transcript(code, out.read(), err.read())

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            cwd=self.folder,
            env=self.environment(env),
            text=True,
        )

    def at_terminal(self, *arguments: str, env: Mapping[str, str] | None = None, columns: int = 80) -> Terminal:
        """Start a command at a pseudo-terminal."""
        terminal_env = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **(env or {})}
        return Terminal([*self.command, *arguments], columns, cwd=str(self.folder), env=self.environment(terminal_env))

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables of the process, those of the test last."""
        own = {"RAG_DATA_DIR": str(self.data_dir), "PYTHONUNBUFFERED": "", "PYTHONWARNINGS": ""}
        return {**os.environ, **own, **(env or {})}


def status_json(rag: CommandLine) -> Any:
    """Return what ``rag index status --json`` prints."""
    return json.loads(rag.inside("index", "status", "--json").out)
