"""Embedding throughput of the default embedder, in turn with LangChain's HuggingFaceEmbeddings on the same weights."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
from langchain_huggingface import HuggingFaceEmbeddings
from report import spread, write_report

from rag_app.content import content_dir
from rag_app.embeddings.minilm import MiniLM, weights_path
from rag_app.ingestion.load import load_source
from rag_app.ingestion.split import split_source

_N_CHUNKS = 200
_ROUNDS = 5


def main() -> None:
    """Measure and report."""
    ours = MiniLM()
    theirs = HuggingFaceEmbeddings(model_name=str(weights_path().parent))
    texts = _texts(ours)
    n_tokens = sum(ours.count_tokens(texts))
    ways: dict[str, Callable[[], np.ndarray]] = {
        "rag_app, passages (bfloat16 where the processor has it)": lambda: ours.embed_passages(texts),
        "rag_app, 32-bit (ONNX Runtime)": lambda: ours.embed(texts),
        "LangChain quickstart (HuggingFaceEmbeddings)": lambda: np.array(theirs.embed_documents(texts)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    vectors = {}
    for _ in range(_ROUNDS + 1):  # the first round warms up and is dropped
        for name, way in ways.items():
            began = time.perf_counter()
            vectors[name] = way()
            seconds[name].append(time.perf_counter() - began)
    *_, baseline = ways
    unit = vectors[baseline] / np.linalg.norm(vectors[baseline], axis=1, keepdims=True)
    rows = [
        {
            "way": name,
            "seconds: median (min–max)": spread(values[1:]),
            "chunks/s": round(len(texts) / statistics.median(values[1:]), 1),
            "tokens/s": round(n_tokens / statistics.median(values[1:])),
            "smallest cosine to the quickstart's": round(float(np.sum(vectors[name] * unit, axis=1).min()), 6),
            "times faster than the quickstart": round(
                statistics.median(b / v for b, v in zip(seconds[baseline][1:], values[1:], strict=True)), 2
            ),
        }
        for name, values in seconds.items()
    ]
    about = {"n_chunks": len(texts), "n_tokens": n_tokens, "n_cpus": os.cpu_count()}
    write_report("embedding", rows, **about)


def _texts(embedder: MiniLM) -> list[str]:
    texts: list[str] = []
    for path in sorted(content_dir("knowledge").glob("*.md")):
        source = load_source(path.read_bytes(), path=path, name=path.name)
        chunks = split_source(source, count_tokens=embedder.count_tokens, max_tokens=embedder.max_tokens)
        texts += [c.embedded_text for c in chunks]
    return texts[:: max(len(texts) // _N_CHUNKS, 1)][:_N_CHUNKS]


if __name__ == "__main__":
    main()
