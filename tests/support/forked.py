"""Python in processes that need not import what is large: most of a short run's time would go into that.

A run that is killed at a random point would mostly be killed while it imports, when nothing can break. Each process is
a copy of one that has imported packages, none of them ours, and has done nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    "chromadb",
    "fastapi",
    "filelock",
    "langchain_core.language_models",
    "langchain_core.runnables",
    "markdown_it",
    "tokenizers",
    "yaml",
)  # those that start threads when they are imported are not among them: a copy would wait for them at its end
SERVER = """
import importlib, json, os, runpy, sys

os.environ["ANONYMIZED_TELEMETRY"] = "False"
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print("ready", flush=True)
for line in sys.stdin:
    arguments, folder, environment, out, err = json.loads(line)
    child = os.fork()
    if child == 0:
        for number, name in enumerate((os.devnull, out, err)):
            file = os.open(name, os.O_RDWR | os.O_CREAT)
            os.dup2(file, number)
            os.close(file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[0] = arguments, folder
            runpy.run_path(arguments[0], run_name="__main__")
        break
    print(child, flush=True)
    sys.stdin.readline()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class ForkedPython:
    """Runs ``python``, one process at a time.

    Parameters
    ----------
    server : subprocess.Popen of str
        What makes the processes.
    folder : pathlib.Path
        Where their output goes.
    """

    def __init__(self, server: subprocess.Popen[str], folder: Path) -> None:
        self._server, self._out, self._err = server, folder / "out.txt", folder / "err.txt"

    def start(self, *arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> int:
        """Start a file or ``-m`` a module in a folder; return the id of the process, which holds until `wait`."""
        for file in (self._out, self._err):
            file.unlink(missing_ok=True)
        environment = {**os.environ, **(env or {})}
        self._say(json.dumps([arguments, str(folder), environment, str(self._out), str(self._err)]))
        return int(self._hear())

    def has_ended(self, process_id: int) -> bool:
        """Tell whether a process that nobody has waited for has ended."""
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def wait(self) -> tuple[int, str, str]:
        """Wait for the end of the process; return its exit code and what it printed."""
        self._say("wait")
        return int(self._hear()), self._out.read_text(encoding="utf-8"), self._err.read_text(encoding="utf-8")

    def kill(self, process_id: int) -> bool:
        """End the process as ``kill -9`` does; return whether it still ran."""
        os.kill(process_id, signal.SIGKILL)
        self._say("wait")
        return int(self._hear()) == -signal.SIGKILL

    def _say(self, line: str) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()

    def _hear(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline()


@contextmanager
def forked_python(folder: Path) -> Iterator[ForkedPython]:
    """Start what makes the processes; keep their output in a folder; end it.

    Yields
    ------
    ForkedPython
        Runs ``python``.
    """
    command, pipe = [sys.executable, "-c", SERVER, json.dumps(PACKAGES)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield ForkedPython(server, folder)
        server.stdin.close()
