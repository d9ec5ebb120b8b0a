"""Classification by embeddings on public data: accuracy, calibration, refusals, several labels, and texts per second.

Usage: classification.py DATA [speed]. DATA holds banking77/ and trec/; with the word speed, only speed is measured.
Labels are those of labels/: names and short descriptions, written from the names of the categories alone; those of TREC
in two styles, the best and the second weakest of five on its training part. Every constant of the program was chosen on
training parts; what is reported here is the test parts, and examples are drawn from the training parts.
"""

from __future__ import annotations

import csv
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from report import spread, write_report

from rag_app.chains.classify import EmbeddingClassifier
from rag_app.chains.label_file import load_labels
from rag_app.chains.labels import Label
from rag_app.embeddings.minilm import MiniLM, weights_path
from rag_app.evaluation.classification import build_report
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.from_scratch.statistics.intervals import mean_confidence_interval, proportion_confidence_interval
from rag_app.types import Classification

_LABELS = Path(__file__).with_name("labels")
_CATEGORIES = {  # of TREC, by the first part of a question's code
    "ABBR": "abbreviation",
    "DESC": "description",
    "ENTY": "entity",
    "HUM": "human",
    "LOC": "location",
    "NUM": "numeric value",
}
_N_DRAWS = 10
_N_SPEED = 600  # texts that are timed
_ROUNDS = 5

Texts = list[tuple[str, str]]  # each with its label


@dataclass(frozen=True)
class LabelledSet:
    """Labels, texts for examples and texts to judge by."""

    name: str
    labels: tuple[Label, ...]
    train: Texts
    test: Texts


class Remembering:
    """An embedder that embeds no text twice: classifiers are built anew for each draw of examples."""

    def __init__(self, embedder: MiniLM) -> None:
        self._embedder = embedder
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (name, dimension and the like)
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts."""
        return self._look_up("embed", texts)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts, by the faster arithmetic."""
        return self._look_up("embed_passages", texts)

    def _look_up(self, way: str, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if (way, text) not in self._known]
        self._known |= dict(zip(((way, t) for t in new), getattr(self._embedder, way)(new), strict=True))
        return np.stack([self._known[way, text] for text in texts])


def main() -> None:
    """Measure and report."""
    sets = load_sets(Path(sys.argv[1]))
    embedder = MiniLM()
    if sys.argv[2:] != ["speed"]:
        remembering = Remembering(embedder)
        write_report("classification", [row for s in sets for row in _accuracies(s, remembering)], draws=_N_DRAWS)
        write_report("classification_none", [row for s in sets for row in _refusals(s, sets, remembering)])
        write_report("classification_several", [_several(s, remembering) for s in sets])
    write_report("classification_speed", _speeds(sets[0], embedder), texts=_N_SPEED)


def load_sets(data: Path) -> list[LabelledSet]:
    """Return banking77, and TREC with two ways to describe its labels."""
    banking = [_read_banking(data / "banking77" / f"{part}.csv") for part in ("train", "test")]
    trec = [_read_trec(data / "trec" / file) for file in ("train_5500.label", "TREC_10.en.label")]
    return [
        LabelledSet("banking77", load_labels(_LABELS / "banking77.txt"), *banking),
        LabelledSet("TREC-6, described by questions", load_labels(_LABELS / "trec.txt"), *trec),
        LabelledSet("TREC-6, described by nouns", load_labels(_LABELS / "trec_nouns.txt"), *trec),
    ]


def _read_banking(path: Path) -> Texts:
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["text"].strip(), row["category"]) for row in csv.DictReader(file)]


def _read_trec(path: Path) -> Texts:
    lines = [line.split(" ", 1) for line in path.read_text(encoding="latin-1").splitlines() if line.strip()]
    return [(text.strip(), _CATEGORIES[code.split(":")[0]]) for code, text in lines]


# -- accuracy ----------------------------------------------------------------------------------------------------------


def _accuracies(data: LabelledSet, embedder: Remembering) -> list[dict[str, object]]:
    """Return a row for each way, on the test part; a text without a label counts as wrong."""
    classify = partial(EmbeddingClassifier, embedder)
    names = [label.name for label in data.labels]
    alone = classify(data.labels)
    return [
        _row(data, "cosine to the name", _nearest(data, embedder, described=False)),
        _row(data, "cosine to the mean of name and description", _nearest(data, embedder, described=True)),
        _row(data, "names, one text at a time", [classify(names).invoke(text) for text, _ in data.test]),
        _row(data, "names and descriptions, one text at a time", [alone.invoke(text) for text, _ in data.test]),
        _row(data, "names and descriptions, batch", classify(data.labels, adapt=True).batch(_texts(data.test))),
        _drawn(data, 5, "5 examples each, cosine to the mean of anchor and examples", partial(_prototypes, embedder)),
        *(
            _drawn(data, k, f"names, descriptions and {k} examples each, {way}", partial(_predict, embedder, adapt=a))
            for k in (1, 5, 10)
            for way, a in (("one text at a time", False), ("batch", True))
        ),
    ]


def _row(data: LabelledSet, way: str, found: Sequence[Classification]) -> dict[str, object]:
    report = build_report([[label] for _, label in data.test], found, [label.name for label in data.labels])
    n_right = round(report.accuracy * len(found))
    interval = proportion_confidence_interval(n_right, len(found))
    return {
        "set": data.name,
        "way": way,
        "accuracy": round(report.accuracy, 4),
        "95% interval": f"{interval['low']:.3f}–{interval['high']:.3f}",
        "macro F1": round(report.macro_f1, 4),
        "calibration error": None if report.calibration_error is None else round(report.calibration_error, 4),
        "without a label": sum(f.label is None for f in found),
    }


def _drawn(
    data: LabelledSet, k: int, way: str, predict: Callable[[tuple[Label, ...], list[str]], list[Classification]]
) -> dict[str, object]:
    """Return the means over draws of examples, with the interval of the mean accuracy."""
    rows = []
    for seed in range(_N_DRAWS):
        labels = _draw(data, k, np.random.default_rng(seed))
        rows.append(_row(data, way, predict(labels, _texts(data.test))))
    accuracies = [float(row["accuracy"]) for row in rows]  # type: ignore[arg-type]
    interval = mean_confidence_interval(accuracies)
    averaged = {
        column: None if rows[0][column] is None else round(statistics.mean(float(r[column]) for r in rows), 4)  # type: ignore[arg-type]
        for column in ("macro F1", "calibration error", "without a label")
    }
    return {
        **rows[0],
        "accuracy": round(statistics.mean(accuracies), 4),
        "95% interval": f"{interval['low']:.3f}–{interval['high']:.3f}",
        **averaged,
    }


def _draw(data: LabelledSet, k: int, rng: np.random.Generator) -> tuple[Label, ...]:
    texts: dict[str, list[str]] = {}
    for text, label in data.train:
        texts.setdefault(label, []).append(text)
    return tuple(
        replace(label, examples=tuple(rng.choice(np.array(texts[label.name], object), k, replace=False).tolist()))
        for label in data.labels
    )


def _predict(
    embedder: Remembering, labels: tuple[Label, ...], texts: list[str], *, adapt: bool
) -> list[Classification]:
    return EmbeddingClassifier(embedder, labels, adapt=adapt).batch(texts)


def _nearest(data: LabelledSet, embedder: Remembering, *, described: bool) -> list[Classification]:
    """Return what the plainest way finds."""
    names = [label.name for label in data.labels]
    points = embedder.embed([name.replace("_", " ") for name in names])
    if described:
        points = points + embedder.embed([label.description for label in data.labels])
    return _most_similar(embedder.embed(_texts(data.test)), points, names)


def _prototypes(embedder: Remembering, labels: tuple[Label, ...], texts: list[str]) -> list[Classification]:
    points = np.stack([embedder.embed([*label.phrases, *label.examples]).mean(axis=0) for label in labels])
    return _most_similar(embedder.embed(texts), points, [label.name for label in labels])


def _most_similar(vectors: np.ndarray, points: np.ndarray, names: list[str]) -> list[Classification]:
    cosines = vectors @ (points / np.linalg.norm(points, axis=1, keepdims=True)).T
    return [Classification(names[i], {names[i]: 1.0}, 0.0, (names[i],)) for i in cosines.argmax(axis=1)]


def _texts(texts: Texts) -> list[str]:
    return [text for text, _ in texts]


# -- none of these, and several ----------------------------------------------------------------------------------------


def _refusals(data: LabelledSet, sets: list[LabelledSet], embedder: Remembering) -> list[dict[str, object]]:
    """Return how texts of the other set, and of labels that are left out, are told from those that have a label."""
    rng = np.random.default_rng(0)
    foreign = _texts(next(other for other in sets if other.test is not data.test and other.name != data.name).test)
    rows = []
    for k in (0, 5, 10):
        labels = _draw(data, k, rng)
        left_out = {labels[i].name for i in rng.permutation(len(labels))[: len(labels) // 2]}
        kept = tuple(label for label in labels if label.name not in left_out)
        whole, half = EmbeddingClassifier(embedder, labels), EmbeddingClassifier(embedder, kept)
        own = whole.batch(_texts(data.test))
        near = [(f, label in left_out) for f, (_, label) in zip(half.batch(_texts(data.test)), data.test, strict=True)]
        other = whole.batch(foreign)
        rows.append(
            {
                "set": data.name,
                "examples each": k,
                "threshold": round(whole.threshold, 3),
                "own texts refused": _share_refused(own),
                "texts of the other set refused": _share_refused(other),
                "AUROC, other set": _auroc(own, other),
                "texts of labels left out refused": _share_refused([f for f, out in near if out]),
                "AUROC, labels left out": _auroc([f for f, out in near if not out], [f for f, out in near if out]),
            }
        )
    return rows


def _share_refused(found: Sequence[Classification]) -> float:
    return round(statistics.mean(f.label is None for f in found), 4)


def _auroc(own: Sequence[Classification], other: Sequence[Classification]) -> float:
    similarity = [f.similarity or 0.0 for f in (*own, *other)]
    return round(roc_auc_score([1] * len(own) + [0] * len(other), similarity), 4)


def _several(data: LabelledSet, embedder: Remembering) -> dict[str, object]:
    """Return figures for texts of two labels: each a text of the test part followed by one with another label."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(data.test))
    pairs = [(data.test[i], data.test[j]) for i, j in zip(order, np.roll(order, 1), strict=True)]
    pairs = [(a, b) for a, b in pairs if a[1] != b[1]][:500]
    texts = [f"{a[0]} {b[0]}" for a, b in pairs]
    actual = [{a[1], b[1]} for a, b in pairs]
    found = EmbeddingClassifier(embedder, data.labels, multi_label=True).batch(texts)
    one = EmbeddingClassifier(embedder, data.labels).batch(texts)
    two = [set(list(f.scores)[:2]) for f in one]
    return {
        "set": data.name,
        "texts of two labels": len(texts),
        "micro F1": _micro_f1(actual, [set(f.labels) for f in found]),
        "labels found a text": round(statistics.mean(len(f.labels) for f in found), 2),
        "micro F1 of the best one": _micro_f1(actual, [set(f.labels) for f in one]),
        "micro F1 of the best two": _micro_f1(actual, two),
    }


def _micro_f1(actual: list[set[str]], found: list[set[str]]) -> float:
    n_right = sum(len(a & f) for a, f in zip(actual, found, strict=True))
    return round(2 * n_right / sum(len(a) + len(f) for a, f in zip(actual, found, strict=True)), 4)


# -- speed -------------------------------------------------------------------------------------------------------------


def _speeds(data: LabelledSet, embedder: MiniLM) -> list[dict[str, object]]:
    """Return texts per second, of alternating rounds, beside sentence-transformers on the same weights."""
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(weights_path().parent), device="cpu")
    points = theirs.encode([label.name for label in data.labels]).T
    ours = EmbeddingClassifier(embedder, data.labels)
    texts = _texts(data.test)[:: len(data.test) // _N_SPEED][:_N_SPEED]
    loop = "sentence-transformers, encode of one text at a time"
    many = "sentence-transformers, encode of all texts (batches of 32)"
    ways: dict[str, Callable[[], object]] = {
        "rag_app, batch": lambda: ours.batch(texts),
        "rag_app, one text at a time": lambda: [ours.invoke(text) for text in texts],
        loop: lambda: [(theirs.encode(text) @ points).argmax() for text in texts],
        many: lambda: (theirs.encode(texts) @ points).argmax(axis=1),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS + 1):  # the first round warms up and is dropped
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
    return [
        {
            "way": name,
            "texts/s: median (min–max)": spread([len(texts) / s for s in seconds[name][1:]]),
            "times the loop": _median_ratio(seconds[loop], seconds[name]),
            "times their batches": _median_ratio(seconds[many], seconds[name]),
        }
        for name in ways
    ]


def _median_ratio(baseline: list[float], values: list[float]) -> float:
    """Return the median over rounds, the first left out."""
    return round(statistics.median(b / v for b, v in zip(baseline[1:], values[1:], strict=True)), 2)


if __name__ == "__main__":
    main()
