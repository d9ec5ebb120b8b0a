"""How the cost of a search grows from 1,000 to 300,000 chunks, and what the shortcuts of the search cost in recall.

Late interaction, which costs the same on any index, is not part of it: latency.py has the whole search.

Usage: scale.py DATA_FOLDER, with squad/dev_half.json, squad/distractor_paragraphs.json, scifact/corpus_train.csv and
wice/*.jsonl in it.

The corpus holds the paragraphs that the questions were written for. All others are made from real sentences:
runs of one to three sentences from two or three paragraphs of one article, without a repetition, so that words
have natural frequencies and there are many near-duplicates. They are files with titles and headings and go through the
whole ingestion, but for their vectors: 20,000 different sentences are embedded, and a chunk's vector is the normalised
mean of its sentences'. Questions are SQuAD's, embedded as always. Each size is measured in a process of its own, with
questions that are new to it, but for the searches with a filter, which come after. Beside the time that passed stands
the time that the processor worked, which a busy machine distorts less.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report

from rag_app.embeddings.minilm import MiniLM
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.language.words import content_words, words
from rag_app.index.lexical import Lexical
from rag_app.index.library import Library
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.sync import Sync
from rag_app.retrieval.hybrid import HybridSearch

_SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
_N_SENTENCES = 7_000  # of each field that has more
_SECTIONS = 20  # in a file
_N_QUESTIONS = 200
_N_WARM_UP = 20
_K = 10
_FIELDS = ("encyclopedia", "science", "web")
_WEIGHTS = (0.6, 0.2, 0.2)  # most distractors are from the questions' own articles: the hard case
_PROSE = re.compile(r"[^\W\d_]\S*( \S+){5,}[.?!]")
_FILTERS: dict[str, dict[str, Any]] = {
    "most chunks": {"field": ["encyclopedia", "web"]},
    "another field": {"field": "web"},  # the nearest chunks are not among those that pass
    "heading": {"heading": "water"},
    "one source": {"source": "1000-0-0.md"},
}


@dataclass(frozen=True)
class Article:
    """Paragraphs, as lists of sentences, under one title."""

    field: str
    title: str
    paragraphs: tuple[tuple[str, ...], ...]


class MeanOfSentences(MiniLM):
    """MiniLM, but a passage's vector is the normalised mean of the vectors of the sentences that are known."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__()
        self._rows = {s: i for i, s in enumerate(sentences)}
        self._vectors = super().embed_passages(sentences)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of passages of known sentences."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        means = np.stack([self._vectors[self._known(t)].mean(axis=0) for t in texts])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def _known(self, text: str) -> list[int]:
        return [self._rows[s] for s in _sentences(text) if s in self._rows] or [0]


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1])
    articles, questions = _articles(data), _questions(data)
    embedder = MeanOfSentences(sorted({s for a in articles for p in a.paragraphs for s in p}))
    with tempfile.TemporaryDirectory() as folder:
        files, rows = _files(articles), []
        for n_chunks in _SIZES:
            duration_s, added = grow(Path(folder), files, embedder, n_chunks)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
                measured = fresh.submit(measure, Path(folder, "index"), questions).result()
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
                recall = fresh.submit(compare, Path(folder, "index"), questions).result()
            rows.append(measured | recall | {"ingestion, ms/chunk": round(1000 * duration_s / added, 2)})
            print(rows[-1], file=sys.stderr)
    figures = [{"figure": name} | {f"{row['chunks']:,} chunks": row[name] for row in rows} for name in rows[0]]
    write_report("scale", figures, n_questions=_N_QUESTIONS, k=_K, n_cpus=os.cpu_count())


# -- the corpus ------------------------------------------------------------------------------------------------------


def _questions(data: Path) -> list[str]:
    articles = json.loads((data / "squad/dev_half.json").read_text(encoding="utf-8"))["data"]
    every = [q["question"] for a in articles for p in a["paragraphs"] for q in p["qas"]]
    return random.Random(0).sample(every, _N_WARM_UP + _N_QUESTIONS)


def _articles(data: Path) -> list[Article]:
    """Return the articles of each field; of a field with many sentences, a sample."""
    rng = random.Random(0)
    kept = list(_squad(data / "squad"))
    for others in (list(_abstracts(data / "scifact")), list(_pages(data / "wice"))):
        rng.shuffle(others)
        n_sentences = 0
        for article in others:
            if n_sentences < _N_SENTENCES:
                kept.append(article)
                n_sentences += sum(map(len, article.paragraphs))
    return kept


def _squad(folder: Path) -> Iterator[Article]:
    for article in json.loads((folder / "dev_half.json").read_text(encoding="utf-8"))["data"]:
        yield _article("encyclopedia", article["title"], [p["context"] for p in article["paragraphs"]])
    for article in json.loads((folder / "distractor_paragraphs.json").read_text(encoding="utf-8")):
        yield _article("encyclopedia", article["title"], article["paragraphs"])


def _abstracts(folder: Path) -> Iterator[Article]:
    with (folder / "corpus_train.csv").open(encoding="utf-8", newline="") as file:
        texts = [re.sub(r"['\"]\s+['\"]", " ", row["abstract"]).strip("[]'\"") for row in csv.DictReader(file)]
    for i in range(0, len(texts), 30):
        yield _article("science", f"Abstracts {i // 30}", texts[i : i + 30])


def _pages(folder: Path) -> Iterator[Article]:
    for name in ("train", "dev"):
        for i, line in enumerate((folder / f"{name}.jsonl").read_text(encoding="utf-8").strip().split("\n")):
            lines = [s for s in json.loads(line)["evidence"] if _PROSE.fullmatch(s)]
            yield _article("web", f"Page {i} of {name}", [" ".join(lines[j : j + 5]) for j in range(0, len(lines), 5)])


def _article(field: str, title: str, texts: Sequence[str]) -> Article:
    return Article(field, title.replace("_", " "), tuple(p for p in map(_sentences, texts) if p))


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(" ".join(text[a:b].split()) for a, b in split_sentences(text))


def _files(articles: Sequence[Article]) -> Iterator[str]:
    """Yield files without end: first the questions' own paragraphs, then paragraphs of recombined sentences."""
    for article in articles:
        if article.field == "encyclopedia":
            yield _file(article, article.paragraphs)
    rng = random.Random(0)
    of_field = {f: [a for a in articles if a.field == f and len(a.paragraphs) > 1] for f in _FIELDS}
    seen: set[tuple[str, ...]] = set()
    while True:
        article = rng.choice(of_field[rng.choices(_FIELDS, _WEIGHTS)[0]])
        fresh = {_recombined(article, rng) for _ in range(_SECTIONS)} - seen
        seen |= fresh
        yield _file(article, sorted(fresh))


def _recombined(article: Article, rng: random.Random) -> tuple[str, ...]:
    sentences: list[str] = []
    while len(sentences) < 5 and sum(map(len, sentences)) < 700:
        paragraph = rng.choice(article.paragraphs)
        start = rng.randrange(len(paragraph))
        sentences += paragraph[start : start + rng.randint(1, 3)]
    return tuple(dict.fromkeys(sentences))


def _file(article: Article, paragraphs: Sequence[Sequence[str]]) -> str:
    sections = [f"## {' '.join(p[-1].split()[:4])}\n\n{' '.join(p)}" for p in paragraphs]
    return f"---\nfield: {article.field}\n---\n\n# {article.title}\n\n" + "\n\n".join(sections)


# -- the index -------------------------------------------------------------------------------------------------------


def grow(folder: Path, files: Iterator[str], embedder: MiniLM, n_chunks: int) -> tuple[float, int]:
    """Ingest files until the index has about so many chunks; return the seconds and the chunks that were added."""
    library = Library(folder / "index" / "library.sqlite")
    vectors = ChromaVectors(folder / "index" / "chroma")
    before = n_present = library.count_chunks() if library.exists() else 0
    duration_s = 0.0
    for part in range(100):
        new = folder / "files" / f"{n_chunks}-{part}"
        new.mkdir(parents=True)
        for i in range(max(round((n_chunks - n_present) / _SECTIONS * 0.9), 1)):
            (new / f"{n_chunks}-{part}-{i}.md").write_text(next(files), encoding="utf-8")
        receipt = Sync(library, vectors, embedder).run([new])
        n_present, duration_s = receipt.n_chunks, duration_s + receipt.duration_s
        if n_present >= n_chunks * 0.99:
            break
    vectors.reopen()
    return duration_s, n_present - before


# -- the figures -----------------------------------------------------------------------------------------------------


def measure(index: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Return the latencies of a search and its parts in a warm process, and what the process and the disk hold."""
    library, vectors = Library(index / "library.sqlite"), ChromaVectors(index / "chroma")
    embedder = MiniLM()
    embedder.embed(["warm"])
    lexical = Lexical(library)
    searching = HybridSearch(library, vectors, embedder, lexical)
    first = _milliseconds(lambda q: searching.search(q, _K), questions[:1])
    ways: dict[str, Callable[[str], object]] = {
        "search": lambda q: searching.search(q, _K),
        "embedding": lambda q: embedder.embed([q]),
        "lexical": lambda q: lexical.match(q).best(100),
    }
    for name, where in _FILTERS.items():
        ways[f"filtered, {name}"] = lambda q, where=where: searching.search(q, _K, where=where)
    row: dict[str, Any] = {"chunks": library.count_chunks(), "first search, ms": round(float(first[0, 0]), 1)}
    for name, way in ways.items():
        _milliseconds(way, questions[:_N_WARM_UP])
        row |= _quantiles(name, _milliseconds(way, questions[_N_WARM_UP:]))
    found = [embedder.embed([q])[0] for q in questions]
    row |= _quantiles("chroma", _milliseconds(lambda v: vectors.nearest(v, 100), found[_N_WARM_UP:]))
    row["disk, MB"] = round(sum(p.stat().st_size for p in index.rglob("*") if p.is_file()) / 1e6)
    row["memory, MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    return row


def compare(index: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Return the recall@10 of the search, and of its filtered forms, against scoring every chunk."""
    library, embedder = Library(index / "library.sqlite"), MiniLM()
    searching = HybridSearch(library, ChromaVectors(index / "chroma"), embedder, Lexical(library))
    exact = Exact(library)
    recall: dict[str, list[float]] = {}
    for question in questions[_N_WARM_UP:]:
        scores = exact.scores(question, embedder.embed([question])[0])
        for name, where in {"": None, **_FILTERS}.items():
            found = [p.chunk_id for p in searching.search(question, _K, where=where)]
            allowed = np.where(exact.allowed(where), scores, -1.0)
            # A chunk with the same score as the tenth is as good as the tenth.
            tenth = np.sort(allowed)[::-1][: min(_K, int((allowed >= 0).sum()))][-1]
            good = sum(allowed[exact.rows[c]] >= tenth - 1e-6 for c in found)
            recall.setdefault(name, []).append(good / min(_K, int((allowed >= 0).sum())))
    return {f"recall@10{name and ', ' + name}": round(float(np.mean(v)), 4) for name, v in recall.items()}


class Exact:
    """The formula of the search, over every chunk."""

    def __init__(self, library: Library) -> None:
        self._library = library
        found = library.query(
            "SELECT c.chunk_id, c.id, v.vector, s.name, json_extract(s.metadata, '$.field'), c.heading FROM chunks c "
            "JOIN vectors v ON v.key = c.vector_key JOIN sources s ON s.id = c.source_id"
        )
        self.rows = {row[0]: i for i, row in enumerate(found)}
        self._of_id = {row[1]: i for i, row in enumerate(found)}
        self._vectors = np.stack([np.frombuffer(row[2], np.float32) for row in found])
        self._columns = {
            "source": np.array([row[3] for row in found]),
            "field": np.array([row[4] for row in found]),
            "heading": np.array(["water" if "water" in row[5].lower() else "" for row in found]),
        }

    def scores(self, question: str, vector: np.ndarray) -> np.ndarray:
        """Return the score of every chunk."""
        lexical = np.zeros(len(self.rows))
        terms = list(dict.fromkeys(content_words(question) or words(question)))
        quoted = ['"' + t.replace('"', '""') + '"' for t in terms]
        n_with = [self._library.query("SELECT count(*) FROM lexical WHERE lexical MATCH ?", [q])[0][0] for q in quoted]
        ceiling = sum(max(np.log((len(lexical) - n + 0.5) / (n + 0.5)), 1e-6) for n in n_with) * 2.2
        sql = "SELECT rowid, -bm25(lexical) FROM lexical WHERE lexical MATCH ?"
        for row, score in self._library.query(sql, [" OR ".join(quoted)]):
            lexical[self._of_id[row]] = min(score / ceiling, 1)
        return 0.5 * np.maximum(self._vectors @ vector, 0) + 0.5 * lexical

    def allowed(self, where: dict[str, Any] | None) -> np.ndarray:
        """Return which chunks pass a filter."""
        passed = np.ones(len(self.rows), bool)
        for key, value in (where or {}).items():
            passed &= np.isin(self._columns[key], [value] if isinstance(value, str) else value)
        return passed


def _milliseconds(way: Callable[[Any], object], questions: Sequence[Any]) -> np.ndarray:
    """Return, for each question, the time that passed and the time that the processor worked for this process."""
    durations = []
    for question in questions:
        began = time.perf_counter(), time.process_time()
        way(question)
        durations.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return 1000 * np.array(durations)


def _quantiles(name: str, durations: np.ndarray) -> dict[str, float]:
    columns = {name: durations[:, 0], f"{name}, processor": durations[:, 1]}
    return {f"{n} p{q}, ms": round(float(np.percentile(v, q)), 2) for n, v in columns.items() for q in (50, 95)}


if __name__ == "__main__":
    main()
