"""Load on the service, beside a FastAPI endpoint over the LangChain quickstart that has the same vectors.

Usage: service_load.py [N_REQUESTS]. The servers run in turn on one processor, the clients on the other. Questions are
those of the course: "new" ones have a number behind them, so that none was asked before; "again" means that each was;
"as people ask" means that the n-th most frequent of 20,000 is asked 1/n as often as the first (Zipf's law).
With N_REQUESTS, that many are sent to a server of its own instead, and its memory is read on the way.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report

from rag_app import build
from rag_app.content import content_dir
from rag_app.tools.requests import read_request

_CONCURRENCIES = (1, 8, 32, 128)
_SECONDS = 3.0
_ROUNDS = 3
_K = 5
_N_DIFFERENT = 20_000  # questions that people ask
_N_PREPARED = 5_000  # for a run
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Target:
    """What is asked: which server, the path, and which questions."""

    server: str
    path: str
    asked: str

    @property
    def name(self) -> str:
        """The name in the table."""
        names = {"plain": " without late interaction", "quickstart": " of the LangChain quickstart behind FastAPI"}
        return f"{self.path}{names.get(self.server, '')}, {self.asked}"


_NEW, _MIXED, _AGAIN = "new questions", "as people ask", "again"
_TARGETS = (
    *(Target("rag", path, asked) for path in ("/search", "/ask") for asked in (_NEW, _MIXED, _AGAIN)),
    Target("plain", "/search", _NEW),
    Target("quickstart", "/search", _NEW),
)


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder:
        n_chunks = build(data_dir=folder).ingest().n_chunks
        questions = _questions()
        about = {"n_chunks": n_chunks, "n_questions": len(questions), "n_cpus": os.cpu_count()}
        if len(sys.argv) > 1:
            with _rag(folder) as rag:
                write_report("service_memory", _watch_memory(rag, questions, int(sys.argv[1])), **about)
            return
        with _rag(folder) as rag, _rag(folder, 8713, late="off") as plain, _quickstart(folder) as quickstart:
            servers = {"rag": rag, "plain": plain, "quickstart": quickstart}
            write_report("service_load", _compare(servers, questions), **about)


def _compare(servers: dict[str, Server], questions: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for concurrency in _CONCURRENCIES:
        measured: dict[str, list[Measured]] = {t.name: [] for t in _TARGETS}
        for _ in range(_ROUNDS):
            for target in _TARGETS:
                server = servers[target.server]
                asked = _ASKED[target.asked](questions)
                if target.asked == _AGAIN:  # the service remembers a thousand: ask before the clock runs
                    asyncio.run(_send(server.port, target.path, asked, 8, n_most=len(asked)))
                measured[target.name].append(_load(server, target.path, asked, concurrency))
        baseline = [m.per_second for m in measured[_TARGETS[-1].name]]
        for target in _TARGETS:
            runs = measured[target.name]
            ratios = [m.per_second / b for m, b in zip(runs, baseline, strict=True)]
            latencies = np.concatenate([m.latencies_s for m in runs]) * 1000
            rows.append(
                {
                    "endpoint": target.name,
                    "clients": concurrency,
                    "requests/s": round(float(np.median([m.per_second for m in runs])), 1),
                    "times the quickstart": round(float(np.median(ratios)), 2),
                    "p50, ms": round(float(np.quantile(latencies, 0.5)), 1),
                    "p99, ms": round(float(np.quantile(latencies, 0.99)), 1),
                    "processor, ms a request": round(1000 * float(np.median([m.cpu_s_per_request for m in runs])), 2),
                    "errors": sum(m.n_errors for m in runs),
                }
            )
    return rows


def _watch_memory(server: Server, questions: Sequence[str], n_requests: int) -> list[dict[str, Any]]:
    """Return a row for each tenth of the requests: searches and answers, new questions and the same again."""
    rows: list[dict[str, Any]] = [{"requests": 0, "errors": 0, "memory, MiB": server.memory_mib()}]
    part = max(n_requests // 40, 1)
    for done in range(4 * part, n_requests + 1, 4 * part):
        runs = [
            asyncio.run(_send(server.port, path, asked(questions), 32, n_most=part))
            for path in ("/search", "/ask")
            for asked in (list, _numbered)
        ]
        errors = sum(status != _OK for _, statuses in runs for status in statuses)
        rows.append({"requests": done, "errors": errors, "memory, MiB": server.memory_mib()})
        print(rows[-1], file=sys.stderr)
    return rows


_OK = 200


@dataclass(frozen=True)
class Measured:
    """One run of load."""

    per_second: float
    latencies_s: list[float]
    n_errors: int
    cpu_s_per_request: float


class Server:
    """A server in a process of its own, on the first processor."""

    def __init__(self, command: Sequence[str], env: dict[str, str], port: int) -> None:
        self.port = port
        pinned = ["taskset", "-c", "0", *command] if (os.cpu_count() or 1) > 1 else list(command)
        self.process = subprocess.Popen(pinned, env=env, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Return when it answers."""
        while True:
            try:
                _, statuses = asyncio.run(_send(self.port, "/search", ["ready?"], 1, n_most=1))
            except OSError:
                time.sleep(0.1)
                continue
            if statuses == [_OK]:
                return

    def cpu_s(self) -> float:
        """Return the processor's seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> int:
        """Return the resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def _load(server: Server, path: str, questions: Sequence[str], concurrency: int) -> Measured:
    began, cpu = time.perf_counter(), server.cpu_s()
    latencies, statuses = asyncio.run(_send(server.port, path, questions, concurrency, seconds=_SECONDS))
    elapsed = time.perf_counter() - began
    n_errors = sum(status != _OK for status in statuses)
    return Measured(len(statuses) / elapsed, latencies, n_errors, (server.cpu_s() - cpu) / max(len(statuses), 1))


async def _send(
    port: int,
    path: str,
    questions: Sequence[str],
    concurrency: int,
    *,
    seconds: float = float("inf"),
    n_most: float = float("inf"),
) -> tuple[list[float], list[int]]:
    """Return the latency and the status of each request that so many clients send, each over one connection."""
    end, latencies, statuses = time.perf_counter() + seconds, [], []
    numbers = iter(range(10**9))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end and (number := next(numbers)) < n_most:
            began = time.perf_counter()
            writer.write(_request(path, questions[number % len(questions)]))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append(time.perf_counter() - began)
            statuses.append(int(head.split(b" ", 2)[1]))
        writer.close()

    await asyncio.gather(*(client() for _ in range(concurrency)))
    return latencies, statuses


def _request(path: str, question: str) -> bytes:
    body = json.dumps({"question": question} | ({"k": _K} if path == "/search" else {})).encode()
    head = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": len(body)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


_counter = iter(range(10**9))
_random = np.random.default_rng(0)


def _numbered(questions: Sequence[str]) -> list[str]:
    """Return enough questions for a run, none of which was returned before."""
    return [f"{questions[n % len(questions)]} {next(_counter)}" for n in range(_N_PREPARED)]


def _mixed(questions: Sequence[str]) -> list[str]:
    """Return enough questions for a run, the frequent ones many times."""
    shares = 1 / np.arange(1, _N_DIFFERENT + 1)
    ranks = _random.choice(_N_DIFFERENT, _N_PREPARED, p=shares / shares.sum()).tolist()
    return [f"{questions[rank % len(questions)]} No. {rank}" for rank in ranks]


_ASKED: dict[str, Callable[[Sequence[str]], list[str]]] = {_NEW: _numbered, _MIXED: _mixed, _AGAIN: list}


def _questions() -> list[str]:
    cases = (content_dir("evals") / "data" / "course" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in cases]
    # "causal mask" with a number behind it is a request to a tool.
    return [q for q in questions if read_request(f"{q} 1") is None]


@contextmanager
def _rag(folder: str, port: int = 8711, *, late: str = "on") -> Iterator[Server]:
    command = [str(Path(sys.executable).with_name("rag")), "serve", "--port", str(port)]
    with _running(command, {"RAG_DATA_DIR": folder, "RAG_LATE_INTERACTION": late}, port) as server:
        yield server


@contextmanager
def _quickstart(folder: str) -> Iterator[Server]:
    command = [sys.executable, str(_HERE / "quickstart_service.py"), f"{folder}/chroma", "8712"]
    with _running(command, {"HF_HUB_OFFLINE": "1"}, 8712) as server:
        yield server


@contextmanager
def _running(command: Sequence[str], env: dict[str, str], port: int) -> Iterator[Server]:
    server = Server(command, {**os.environ, **env}, port)
    try:
        server.wait()
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {1})
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


if __name__ == "__main__":
    main()
