"""``rag ingest`` on a folder of 10,000 chunks in which nothing, or one paragraph, has changed: the whole process.

Usage: resync.py DATA_FOLDER, with squad/distractor_paragraphs.json in it.

The index is built with made-up vectors, which a run that embeds nothing never looks at.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report import spread, write_report

from rag_app.embeddings.minilm import MiniLM, TokenVectors
from rag_app.index.library import Library
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.sync import Sync

_N_CHUNKS = 10_000
_N_FILES = (500, 10_000)
_ROUNDS = 7


class RandomVectors(MiniLM):
    """MiniLM, but the vectors of passages and of their tokens are random."""

    _rng = np.random.default_rng(0)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Return random directions."""
        return self._directions(len(texts))

    def read_passages(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return a random direction for each text and each of its tokens."""
        found = []
        for encoding in self._tokenizer.encode_batch(list(texts)):
            offsets = np.array(encoding.offsets[1:-1], np.int64).reshape(-1, 2)
            found.append(TokenVectors(offsets, self._directions(len(offsets)), self._directions(1)[0]))
        return found

    def _directions(self, n: int) -> np.ndarray:
        vectors = self._rng.standard_normal((n, self.dimension), np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def main() -> None:
    """Measure and report."""
    articles = json.loads((Path(sys.argv[1]) / "squad/distractor_paragraphs.json").read_text(encoding="utf-8"))
    paragraphs = [p for article in articles for p in article["paragraphs"]]
    rows = []
    for n_files in _N_FILES:
        with tempfile.TemporaryDirectory() as folder:
            _write_files(Path(folder, "files"), paragraphs, n_files)
            rows += _measure(Path(folder))
    write_report("resync", rows, n_rounds=_ROUNDS, n_cpus=os.cpu_count())


def _write_files(folder: Path, paragraphs: Sequence[str], n_files: int) -> None:
    folder.mkdir()
    rng = random.Random(0)
    for i in range(n_files):
        chosen = rng.sample(paragraphs, _N_CHUNKS // n_files)
        sections = [f"## Section {j}\n\n{paragraph}" for j, paragraph in enumerate(chosen)]
        (folder / f"{i:05}.md").write_text(f"# File {i}\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")


def _measure(root: Path) -> list[dict[str, Any]]:
    embedder, vectors = RandomVectors(), ChromaVectors(root / "index" / "chroma")
    receipt = Sync(Library(root / "index" / "library.sqlite"), vectors, embedder, minilm=embedder).run([root / "files"])
    vectors.reopen()
    edited = root / "files" / "00000.md"

    def edit() -> None:
        edited.write_text(edited.read_text(encoding="utf-8").rstrip() + " One more word.\n", encoding="utf-8")

    changes: dict[str, Callable[[], object]] = {"nothing": lambda: None, "one paragraph": edit}
    seconds: dict[str, list[float]] = {name: [] for name in changes}
    did: dict[str, dict[str, Any]] = {}
    for _ in range(_ROUNDS + 1):  # the first round fills the file cache and is dropped
        for name, change in changes.items():
            change()
            began = time.perf_counter()
            did[name] = _ingest(root)
            seconds[name].append(time.perf_counter() - began)
    return [
        {
            "files": len(receipt.files),
            "chunks": receipt.n_chunks,
            "changed": name,
            "embedded": did[name]["embedded"],
            "whole process, s: median (min–max)": spread(values[1:]),
        }
        for name, values in seconds.items()
    ]


def _ingest(root: Path) -> dict[str, Any]:
    rag = str(Path(sys.executable).with_name("rag"))
    environment = {**os.environ, "RAG_DATA_DIR": str(root / "index")}
    done = subprocess.run(
        [rag, "ingest", str(root / "files"), "--json"], env=environment, check=True, capture_output=True
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


if __name__ == "__main__":
    main()
