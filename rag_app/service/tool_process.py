"""Processes that compute what tools are asked for, and that can be ended."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

from rag_app.errors import InvalidInputError

_COMMAND = (sys.executable, "-m", "rag_app.service.tool_worker")


class ToolProcesses:
    """As many processes as there are processors; each is started when it is first needed.

    Parameters
    ----------
    timeout_s : float
        Seconds that a tool may compute.

    Notes
    -----
    A thread cannot be ended, and arguments such as a billion epochs are easily sent: so tools are not called in the
    service's own process.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        self._workers = [_Worker() for _ in range(os.cpu_count() or 1)]
        for worker in self._workers:
            self._free.put(worker)

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any tool's result)
        """Return what a tool returns.

        Raises
        ------
        InvalidInputError
            If the arguments do not fit, break a rule of the tool, or ask for too much.
        """
        return self._ask(name, arguments, plot=False)

    def draw(self, name: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (JSON: here a text)
        """Return the picture of what a tool returns, as SVG; the errors are those of `call`."""
        return self._ask(name, arguments, plot=True)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.stop()

    def _ask(self, name: str, arguments: Mapping[str, Any], *, plot: bool) -> Any:  # noqa: ANN401
        line = json.dumps({"name": name, "arguments": dict(arguments), "plot": plot})
        worker = self._free.get()
        try:
            found = worker.ask(line, name, self._timeout_s)
        finally:
            self._free.put(worker)
        if "error" in found:
            raise InvalidInputError(found["error"]["message"], hint=found["error"]["hint"])
        return found["result"]


class _Worker:
    """One process, started anew after it had to be ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, line: str, name: str, timeout_s: float) -> dict[str, Any]:
        """Return what the process answers, or why it had to be ended."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        stopped = threading.Event()

        def stop() -> None:
            stopped.set()
            process.kill()

        timer = threading.Timer(timeout_s, stop)
        timer.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            said = process.stdout.readline()
        except BrokenPipeError:
            said = ""
        finally:
            timer.cancel()
        if said:
            return json.loads(said)  # type: ignore[no-any-return]  # what the worker writes
        self.stop()
        if stopped.is_set():
            return _refusal(f"The tool {name} must be done within {timeout_s:g} s; it was stopped.")
        return _refusal(f"The tool {name} has ended its process, as a rule for want of memory.")

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.wait()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(_COMMAND, stdin=pipe, stdout=pipe, encoding="utf-8")  # noqa: S603  (our own module)
            assert self._process.stdout is not None
            self._process.stdout.readline()  # "ready": loading is not the tool's time
        return self._process


def _refusal(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "hint": "Ask for fewer steps, or send less data."}}
