"""Speed of the default embedder beside LangChain's HuggingFaceEmbeddings on the same weights, and what it costs.

Usage: embedding.py [DATA_FOLDER]. With a folder that holds scifact/ and squad/, retrieval is measured too: the paired
difference in nDCG@10 between passages embedded the fast way and in 32-bit. Questions are always in 32-bit.
"""

from __future__ import annotations

import csv
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from langchain_huggingface import HuggingFaceEmbeddings
from report import spread, write_report

from rag_app.content import content_dir
from rag_app.embeddings.minilm import MiniLM, weights_path
from rag_app.embeddings.minilm_openvino import load_network
from rag_app.from_scratch.metrics.ranking import ndcg
from rag_app.ingestion.load import load_source
from rag_app.ingestion.split import split_source

_N_CHUNKS = 200
_ROUNDS = 5
_ALONE = 10  # one text in so many is embedded alone too
_N_RESAMPLES = 2000
_DEFAULT = "rag_app, passages (bfloat16 where the processor has it)"
_BYTES = "rag_app, passages in 8 bits (where it has no bfloat16)"
_EXACT = "rag_app, 32-bit (ONNX Runtime)"
_BASELINE = "LangChain quickstart (HuggingFaceEmbeddings)"

Way = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class RetrievalSet:
    """Passages, and questions with the numbers of the passages that answer them."""

    name: str
    passages: list[str]
    questions: dict[str, set[int]]


def main() -> None:
    """Measure and report."""
    exact, in_bytes = MiniLM(), MiniLM()
    in_bytes._fast = load_network(weights_path(), "int8")  # noqa: SLF001  (whatever this processor would choose)
    if len(sys.argv) > 1:
        data = Path(sys.argv[1])
        sets = [_read_scifact(data / "scifact"), _read_squad(data / "squad")]
        fast = {_DEFAULT: exact.embed_passages, _BYTES: in_bytes.embed_passages}
        write_report("embedding_retrieval", [r for s in sets for r in _compare_rankings(s, exact, fast)], seed=0)
    theirs = HuggingFaceEmbeddings(model_name=str(weights_path().parent))
    ways: dict[str, Way] = {
        _DEFAULT: exact.embed_passages,
        _BYTES: in_bytes.embed_passages,
        _EXACT: exact.embed,
        _BASELINE: lambda texts: np.array(theirs.embed_documents(texts)),
    }
    texts = _texts(exact)
    n_tokens = sum(exact.count_tokens(texts))
    rows = _compare_speeds(ways, texts, n_tokens)
    write_report("embedding", rows, n_chunks=len(texts), n_tokens=n_tokens, n_cpus=os.cpu_count())


def _compare_speeds(ways: dict[str, Way], texts: list[str], n_tokens: int) -> list[dict[str, object]]:
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    vectors = {}
    for _ in range(_ROUNDS + 1):  # the first round warms up and is dropped
        for name, way in ways.items():
            began, began_cpu = time.perf_counter(), time.process_time()
            vectors[name] = way(texts)
            wall[name].append(time.perf_counter() - began)
            cpu[name].append(time.process_time() - began_cpu)
    unit = vectors[_BASELINE] / np.linalg.norm(vectors[_BASELINE], axis=1, keepdims=True)
    return [
        {
            "way": name,
            "seconds: median (min–max)": spread(wall[name][1:]),
            "chunks/s": round(len(texts) / statistics.median(wall[name][1:]), 1),
            "tokens/s": round(n_tokens / statistics.median(wall[name][1:])),
            "times faster than the quickstart": _median_ratio(wall[_BASELINE], wall[name]),
            "times less processor time": _median_ratio(cpu[_BASELINE], cpu[name]),
            "smallest cosine to the quickstart's": round(float(np.sum(vectors[name] * unit, axis=1).min()), 6),
            "largest change of a number by company": _change_by_company(way, texts, vectors[name]),
        }
        for name, way in ways.items()
    ]


def _median_ratio(baseline: list[float], values: list[float]) -> float:
    """Return the median over rounds, the first left out."""
    return round(statistics.median(b / v for b, v in zip(baseline[1:], values[1:], strict=True)), 2)


def _change_by_company(way: Way, texts: list[str], together: np.ndarray) -> float:
    """Return the largest absolute difference between texts' vectors alone and among all."""
    alone = np.concatenate([way([text]) for text in texts[::_ALONE]])
    return float(np.abs(alone - together[::_ALONE]).max())


def _compare_rankings(retrieval: RetrievalSet, exact: MiniLM, fast: dict[str, Way]) -> list[dict[str, object]]:
    """Return a row for each fast way: the paired difference to 32-bit passages with its bootstrap interval."""
    questions = exact.embed(list(retrieval.questions))
    relevant = list(retrieval.questions.values())
    scores = _score_rankings(questions, exact.embed(retrieval.passages), relevant)
    rows = []
    for name, embed in fast.items():
        differences = _score_rankings(questions, embed(retrieval.passages), relevant) - scores
        picks = np.random.default_rng(0).integers(0, len(differences), (_N_RESAMPLES, len(differences)))
        low, high = np.quantile(differences[picks].mean(axis=1), [0.025, 0.975])
        rows.append(
            {
                "set": retrieval.name,
                "way": name,
                "passages": len(retrieval.passages),
                "questions": len(questions),
                "nDCG@10 in 32-bit": round(float(scores.mean()), 4),
                "paired difference": round(float(differences.mean()), 5),
                "95% interval": f"{low:+.4f} to {high:+.4f}",
                "questions whose score changed": round(float((differences != 0).mean()), 3),
            }
        )
    return rows


def _score_rankings(questions: np.ndarray, passages: np.ndarray, relevant: Sequence[set[int]]) -> np.ndarray:
    """Return nDCG@10 of each question."""
    best = np.argsort(-questions @ passages.T, axis=1, kind="stable")[:, :10]
    gains = [dict.fromkeys(map(str, numbers), 1.0) for numbers in relevant]
    return np.array([ndcg([str(i) for i in row], gain, k=10) for row, gain in zip(best, gains, strict=True)])


def _read_scifact(folder: Path) -> RetrievalSet:
    """Return the abstracts with their titles, and the claims of train and validation that have evidence."""
    csv.field_size_limit(10**7)
    number: dict[str, int] = {}
    passages, questions = [], {}
    with (folder / "corpus_train.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            number[row["doc_id"]] = len(passages)  # the abstract is a printed list of quoted sentences
            sentences = re.findall(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", row["abstract"])
            passages.append(" ".join([row["title"], *(a or b for a, b in sentences)]))
    for part in ("train", "validation"):
        with (folder / f"claims_{part}.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["evidence_doc_id"]:
                    questions.setdefault(row["claim"], set()).add(number[row["evidence_doc_id"]])
    return RetrievalSet("SciFact", passages, questions)


def _read_squad(folder: Path) -> RetrievalSet:
    """Return the paragraphs, those without questions too, and the answerable questions."""
    passages, questions = [], {}
    for article in json.loads((folder / "dev_half.json").read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                if not qa.get("is_impossible"):
                    questions.setdefault(qa["question"], set()).add(len(passages))
            passages.append(paragraph["context"])
    for article in json.loads((folder / "distractor_paragraphs.json").read_text(encoding="utf-8")):
        passages += article["paragraphs"]
    return RetrievalSet("SQuAD 2.0", passages, questions)


def _texts(embedder: MiniLM) -> list[str]:
    texts: list[str] = []
    for path in sorted(content_dir("knowledge").glob("*.md")):
        source = load_source(path.read_bytes(), uri=str(path), name=path.name, suffix=path.suffix)
        chunks = split_source(source, count_tokens=embedder.count_tokens, max_tokens=embedder.max_tokens)
        texts += [c.embedded_text for c in chunks]
    return texts[:: max(len(texts) // _N_CHUNKS, 1)][:_N_CHUNKS]


if __name__ == "__main__":
    main()
