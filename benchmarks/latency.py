"""How long `app.search` and `app.ask` take in a warm process on 10,000 chunks, with everything that is on by default.

Usage: latency.py DATA, with squad/dev_half.json, squad/distractor_paragraphs.json and scifact/corpus_train.csv in it.

The corpus is real: paragraphs of SQuAD's articles and abstracts of SciFact, a Markdown file for each article and each
20 abstracts, ingested as a user's folder is, until there are 10,000 chunks. Questions are SQuAD's, each asked once.
Beside the time that passed stands the time that the processor worked, which a busy machine distorts less.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report

from rag_app import build

_N_CHUNKS = 10_000
_N_WARM_UP = 20
_N_QUESTIONS = 300


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1])
    questions = _questions(data / "squad")
    with tempfile.TemporaryDirectory() as folder:
        app = build(data_dir=Path(folder, "index"))
        n_chunks = _ingest(app, data, Path(folder, "files"))
        rows = [
            {"call": name} | _quantiles(_milliseconds(call, questions[offset:]))
            for name, call, offset in (("app.search", app.search, 0), ("app.ask", app.ask, _N_WARM_UP + _N_QUESTIONS))
        ]
    write_report("latency", rows, n_chunks=n_chunks, n_questions=_N_QUESTIONS, n_cpus=os.cpu_count())


def _ingest(app: Any, data: Path, files: Path) -> int:  # noqa: ANN401  (an App)
    """Ingest files until the index has 10,000 chunks; return how many it has."""
    files.mkdir()
    rest = list(_articles(data))
    n_chunks = 0
    while rest and n_chunks < _N_CHUNKS:
        part = rest[: 100 if n_chunks < 0.9 * _N_CHUNKS else 10]
        rest = rest[len(part) :]
        for name, text in part:
            (files / f"{name}.md").write_text(text, encoding="utf-8")
        n_chunks = app.ingest([files]).n_chunks
        print(f"{n_chunks} chunks", file=sys.stderr)
    return int(n_chunks)


def _articles(data: Path) -> Iterator[tuple[str, str]]:
    for article in json.loads((data / "squad/dev_half.json").read_text(encoding="utf-8"))["data"]:
        yield _file(article["title"], [p["context"] for p in article["paragraphs"]])
    for article in json.loads((data / "squad/distractor_paragraphs.json").read_text(encoding="utf-8")):
        yield _file(article["title"], article["paragraphs"])
    with (data / "scifact/corpus_train.csv").open(encoding="utf-8", newline="") as file:
        texts = [re.sub(r"['\"]\s+['\"]", " ", row["abstract"]).strip("[]'\"") for row in csv.DictReader(file)]
    for i in range(0, len(texts), 20):
        yield _file(f"Abstracts_{i // 20}", texts[i : i + 20])


def _file(title: str, paragraphs: Sequence[str]) -> tuple[str, str]:
    name = re.sub(r"\W+", "_", title)
    return name, f"# {title.replace('_', ' ')}\n\n" + "\n\n".join(" ".join(p.split()) for p in paragraphs)


def _questions(squad: Path) -> list[str]:
    articles = json.loads((squad / "dev_half.json").read_text(encoding="utf-8"))["data"]
    every = [q["question"] for a in articles for p in a["paragraphs"] for q in p["qas"]]
    return random.Random(0).sample(every, 2 * (_N_WARM_UP + _N_QUESTIONS))


def _milliseconds(call: Callable[[str], object], questions: Sequence[str]) -> np.ndarray:
    """Return, for each question after the first few, the time that passed and the time that the processor worked."""
    durations = []
    for question in questions[: _N_WARM_UP + _N_QUESTIONS]:
        began = time.perf_counter(), time.process_time()
        call(question)
        durations.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return 1000 * np.array(durations[_N_WARM_UP:])


def _quantiles(durations: np.ndarray) -> dict[str, float]:
    columns = {"": durations[:, 0], "processor ": durations[:, 1]}
    return {f"{n}p{q}, ms": round(float(np.percentile(v, q)), 1) for n, v in columns.items() for q in (50, 95, 99)}


if __name__ == "__main__":
    main()
