"""What the engine ray costs on one machine against the local one, and what 1,000 chunks cost, stage by stage.

Usage: ray_engine.py [DATA_FOLDER [N_DOCUMENTS [N_ROUNDS]]]. Documents are made: a title and three sentences, drawn from
the course and, with a folder that holds squad/dev_half.json, from its paragraphs, so that words have natural
frequencies; no two are the same. In each round both engines ingest all of them into an index of their own, the one that
begins changing from round to round, and the indexes are compared. The time of the engine ray includes starting Ray on
this machine and ending it. The stages are those of the local engine, on the same documents, one after the other: in an
ingestion they take the same time, but the tokens come from the same pass as the embedding, so that their share is what
both together take beyond the embedding alone; likewise for reading with and without cleaning.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from report import spread, write_report

from rag_app import build
from rag_app.content import content_dir
from rag_app.embeddings.minilm import MiniLM
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.index.identity import vector_key
from rag_app.index.library import Library
from rag_app.index.tokens import store_token_codes
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.clean import clean_text
from rag_app.ingestion.decode import decode
from rag_app.ingestion.embedding import ChunkEmbedder
from rag_app.ingestion.load import load_source, read_document
from rag_app.ingestion.split import split_source

_N_DOCUMENTS, _N_ROUNDS = 10_000, 3
_SENTENCES = 3  # of a document
_STAGED = 2_000  # documents whose stages are measured
_BATCH, _CHROMA_BATCH = 128, 1000  # as in an ingestion
_SHORTEST = 40  # characters of a sentence
_T = TypeVar("_T")


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    n_documents = int(sys.argv[2]) if len(sys.argv) > 2 else _N_DOCUMENTS
    n_rounds = int(sys.argv[3]) if len(sys.argv) > 3 else _N_ROUNDS
    sentences = _sentences(data)
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder, "documents")
        _write(documents, sentences, n_documents)
        rows, n_chunks = _compare(Path(folder), documents, n_rounds)
        about = {"documents": n_documents, "chunks": n_chunks, "rounds": n_rounds, "n_cpus": os.cpu_count()}
        write_report("ray_engine", rows, **about, sentences=len(sentences), squad=data is not None)
        staged = sorted(documents.iterdir())[:_STAGED]
        write_report("ingestion_stages", _stages(Path(folder), staged), documents=len(staged), n_cpus=os.cpu_count())


def _sentences(data: Path | None) -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(content_dir("knowledge").glob("*.md"))]
    if data is not None:
        articles = json.loads((data / "squad/dev_half.json").read_text(encoding="utf-8"))["data"]
        texts += [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    lines = [line for text in texts for line in text.split("\n") if line[:1].isalpha()]
    found = [line[start:end].strip() for line in lines for start, end in split_sentences(line)]
    return [sentence for sentence in dict.fromkeys(found) if len(sentence) >= _SHORTEST]


def _write(folder: Path, sentences: list[str], n_documents: int) -> None:
    rng = random.Random(0)
    folder.mkdir()
    for i in range(n_documents):
        body = " ".join(rng.sample(sentences, _SENTENCES))
        (folder / f"{i:05}.md").write_text(f"# Document {i}\n\n{body}\n", encoding="utf-8")


# -- both engines ------------------------------------------------------------------------------------------------------


def _compare(folder: Path, documents: Path, n_rounds: int) -> tuple[list[dict[str, Any]], int]:
    took: dict[str, list[float]] = {"local": [], "ray": []}
    n_chunks = 0
    for number in range(n_rounds):
        digests = set()
        for engine in ("local", "ray") if number % 2 == 0 else ("ray", "local"):
            app = build(data_dir=folder / f"{engine}-{number}")
            app.embedder.embed_passages(["It is loaded before the clock starts."])
            began = time.perf_counter()
            receipt = app.ingest([documents], engine=engine)
            took[engine].append(time.perf_counter() - began)
            n_chunks = receipt.n_chunks
            app.export_index(folder / "index.zip")
            digests.add(hashlib.sha256((folder / "index.zip").read_bytes()).hexdigest())
            print(engine, round(took[engine][-1], 1), file=sys.stderr)
        if len(digests) != 1:
            sys.exit("The engines gave different indexes.")
    ratios = [ray / local for ray, local in zip(took["ray"], took["local"], strict=True)]
    rows = [
        {
            "engine": engine,
            "seconds: median (min–max)": spread(times),
            "documents/s": round(_n_files(documents) / statistics.median(times), 1),
            "times as long as local: median (min–max)": spread(ratios) if engine == "ray" else "1",
        }
        for engine, times in took.items()
    ]
    return rows, n_chunks


def _n_files(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


# -- the stages of the local one ---------------------------------------------------------------------------------------


def _stages(folder: Path, files: list[Path]) -> list[dict[str, Any]]:
    minilm, seconds = MiniLM(), dict[str, float]()
    minilm.read_passages(["It is loaded before the clock starts."])
    read = _timed(seconds, "load", lambda: [(path, *read_document(str(path))) for path in files])
    _timed(seconds, "clean", lambda: [clean_text(decode(data)) for _, data, _ in read])
    sources = _timed(
        seconds,
        "extract",
        lambda: [load_source(data, uri=str(path), name=path.name, suffix=suffix) for path, data, suffix in read],
    )
    seconds["load"] += max(seconds.pop("extract") - seconds["clean"], 0.0)
    count, most = minilm.count_tokens, minilm.max_tokens
    chunks = _timed(seconds, "split", lambda: [split_source(s, count_tokens=count, max_tokens=most) for s in sources])
    texts = [chunk.embedded_text for of_source in chunks for chunk in of_source]
    batches = [texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH)]
    _timed(seconds, "embed: sentence vectors", lambda: [minilm.embed_passages(batch) for batch in batches])
    both = ChunkEmbedder(minilm, minilm)
    embedded = _timed(seconds, "both", lambda: [one for batch in batches for one in both.embed(batch)])
    seconds["embed: token vectors"] = max(seconds.pop("both") - seconds["embed: sentence vectors"], 0.0)
    by_key = dict(zip(map(vector_key, texts), embedded, strict=True))
    library, vectors = Library(folder / "staged" / "library.sqlite"), ChromaVectors(folder / "staged" / "chroma")
    library.create()

    def commit() -> None:
        keys = list(by_key)
        for start in range(0, len(keys), _BATCH):
            store_token_codes(library, {key: by_key[key].codes or b"" for key in keys[start : start + _BATCH]})
        for source, of_source in zip(sources, chunks, strict=True):
            keys = [vector_key(chunk.embedded_text) for chunk in of_source]
            library.replace_source(source, of_source, {key: by_key[key].vector for key in keys}, keys)

    def store() -> None:
        while batch := library.pending(_CHROMA_BATCH):
            vectors.upsert(batch)
            library.mark_stored([chunk.chunk_id for chunk in batch])

    _timed(seconds, "commit: SQLite", commit)
    _timed(seconds, "commit: Chroma", store)
    vectors.reopen()
    total = sum(seconds.values())
    return [
        {"stage": name, "s per 1,000 chunks": round(1000 * s / len(texts), 3), "share": f"{s / total:.1%}"}
        for name, s in [*seconds.items(), ("together", total)]
    ]


def _timed(seconds: dict[str, float], name: str, work: Callable[[], _T]) -> _T:
    began = time.perf_counter()
    found = work()
    seconds[name] = time.perf_counter() - began
    return found


if __name__ == "__main__":
    main()
