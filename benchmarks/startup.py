"""Start-up: ``rag --help`` and ``rag ask`` as whole processes, in turn with the LangChain quickstart."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import spread, write_report

from rag_app import build

_QUESTION = "What is mode collapse?"
_ROUNDS = 7


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder:
        receipt = build(data_dir=folder).ingest()
        environment = {**os.environ, "RAG_DATA_DIR": folder, "HF_HUB_OFFLINE": "1"}
        rag = str(Path(sys.executable).with_name("rag"))
        commands = {
            "rag --help": [rag, "--help"],
            "rag ask": [rag, "ask", _QUESTION],
            "rag search": [rag, "search", _QUESTION],
            "LangChain quickstart": [
                sys.executable,
                str(Path(__file__).with_name("quickstart.py")),
                f"{folder}/chroma",
                _QUESTION,
            ],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(_ROUNDS + 1):  # the first round fills the file cache and is dropped
            for name, command in commands.items():
                seconds[name].append(_run(command, environment))
    baseline = seconds["LangChain quickstart"][1:]
    rows = [
        {
            "command": name,
            "seconds: median (min–max)": spread(values[1:]),
            "times faster than the quickstart": round(
                statistics.median(b / v for b, v in zip(baseline, values[1:], strict=True)), 2
            ),
        }
        for name, values in seconds.items()
    ]
    write_report("startup", rows, n_chunks=receipt.n_chunks, n_rounds=_ROUNDS, n_cpus=os.cpu_count())


def _run(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
