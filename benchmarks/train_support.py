"""Learn the weights with which `rag_app.reading.support` judges statements, and write them into the package.

Usage: train_support.py DATA_FOLDER, with ragtruth/, attributionbench/, begin/ and qags/ in it. Boosted trees learn from
marked spans how likely each word is unsupported; logistic regressions learn from these and from what is measured of
whole statements how likely a statement and an answer are. A claim with its citation is judged by the mean of a
regression and of trees. What is reported was measured on sources that had no part in learning (five folds), and on a
whole set that had none. Takes some minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier
from support_figures import agreement
from support_sets import Labelled, read_sets

from rag_app.embeddings.minilm import MiniLM
from rag_app.reading.support import SupportScorer, split_statements
from rag_app.reading.support_features import STATEMENT_NAMES, WORD_NAMES
from rag_app.reading.support_weights import (
    RANK_NAMES,
    SUSPECT_NAMES,
    WEIGHTS,
    Claims,
    Linear,
    Trees,
    Weights,
    rank,
    summarise,
)

_N_FOLDS, _N_INNER = 5, 3
_L2 = 1e-2
_SUMS = ("mass", "hard mass", "missing numbers", "missing names", "negations differ", "gap in the chosen sentences")
_ABOUT = "about the answer"  # may count for or against a statement; more of the others never counts for it
_ROW_NAMES = (*STATEMENT_NAMES, *SUSPECT_NAMES)
_STATED = [_ROW_NAMES.index(name) for name in (*_SUMS, *SUSPECT_NAMES, _ABOUT)]
_KINDS = {"prose": ("RAGTruth, answers", "RAGTruth, summaries"), "structured": ("RAGTruth, data to text",)}
_NEVER_FOR = ("missing", "gap", "missing number", "missing name")  # more of them never counts for a word
_CLAIMS = ("AttributionBench", "BEGIN")
_OTHERS = ("QAGS, cnndm", "QAGS, xsum")
_UNFAITHFUL = 1.5  # weight of an unfaithful answer from structured data: so that one threshold serves all kinds
_SPREAD = 0.5  # a set of claims weighs as the root of its size


@dataclass(frozen=True)
class Stated:
    """A statement as it was measured."""

    of_words: np.ndarray
    marked: np.ndarray
    of_statement: np.ndarray
    unsupported: bool


@dataclass(frozen=True)
class Measured:
    """A labelled text with its statements, or with itself as the only one where only the whole is labelled."""

    labelled: Labelled
    stated: list[Stated]


def main() -> None:
    """Learn, report and write."""
    sets = read_sets(Path(sys.argv[1]))
    scorer = SupportScorer(MiniLM())
    measured = {
        name: measure(scorer, sets[name]) for of_kind in (*_KINDS.values(), _CLAIMS, _OTHERS) for name in of_kind
    }
    rows = [*_validate_answers(measured), *_validate_claims(measured)]
    learn_and_write(measured)
    write_report("train_support", rows, n_folds=_N_FOLDS, seed=0)


def measure(scorer: SupportScorer, labelled: Sequence[Labelled]) -> list[Measured]:
    """Return texts as they were measured; those of the same passages are read together."""
    return [Measured(text, _measure_one(scorer, text)) for text in labelled]


def _measure_one(scorer: SupportScorer, text: Labelled) -> list[Stated]:
    spans = [(0, len(text.text))] if text.spans is None else split_statements(text.text)
    compared = scorer.measure([text.text[a:b] for a, b in spans], text.passages, text.question)
    stated = []
    for (start, end), (read, c) in zip(spans, compared, strict=True):
        if text.spans is None:
            marked = np.full(len(read.words), text.unsupported)
        else:
            marked = np.array([_overlaps(text.spans, start + w.start, start + w.end) for w in read.words], bool)
        wrong = text.unsupported if text.spans is None else _overlaps(text.spans, start, end)
        if read.words:
            stated.append(Stated(c.of_words, marked, c.of_statement, wrong))
    return stated


def _overlaps(spans: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    return any(max(a, start) < min(b, end) for a, b in spans)


def learn_and_write(measured: dict[str, list[Measured]]) -> None:
    """Learn from everything and write the weights."""
    stored: dict[str, Any] = {
        "about": "learnt by benchmarks/train_support.py from RAGTruth (dev), AttributionBench (dev) and BEGIN (dev)"
    }
    for kind, names in _KINDS.items():
        learnt = learn_answers([m for name in names for m in measured[name]], prose=kind == "prose")
        stored[kind] = {
            "words": _stored_trees(learnt.words),
            "statement": _stored_linear(learnt.statement, _ROW_NAMES),
            "answer": _stored_linear(learnt.answer, RANK_NAMES),
            "bounded": learnt.bounded,
        }
    claims = learn_claims([m for name in _CLAIMS for m in measured[name]])
    stored["claim"] = {"linear": _stored_linear(claims.linear, STATEMENT_NAMES), "trees": _stored_trees(claims.trees)}
    WEIGHTS.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")


def learn_answers(measured: Sequence[Measured], *, prose: bool) -> Weights:
    """Return the weights for answers; those from structured data keep their own share of unfaithful answers."""
    stated = [s for m in measured for s in m.stated]
    sets = [m.labelled.name for m in measured for _ in m.stated]
    words, of_words = _grow_words(measured)
    rows = np.array([np.hstack([s.of_statement, summarise(odds)]) for s, odds in zip(stated, of_words, strict=True)])
    signs = [0.0] * (len(_STATED) - 1) + [None]
    wrong = np.array([s.unsupported for s in stated])
    fitted = _fit(rows[:, _STATED], wrong, _balance(wrong, sets), signs)
    weights = np.zeros(len(_ROW_NAMES))
    weights[_STATED] = fitted.weights
    statement = Linear(weights, fitted.bias)
    partial = Weights(words, statement, Linear(np.zeros(len(RANK_NAMES)), 0.0), bounded=prose)
    odds = iter([partial.odds_of_row(row, len(s.of_words)) for row, s in zip(rows, stated, strict=True)])
    said = [m for m in measured if m.stated]
    ranks = np.array([rank([next(odds) for _ in m.stated]) for m in said])
    wrong = np.array([m.labelled.unsupported for m in said])
    share = _balance(wrong, [m.labelled.name for m in said]) if prose else np.where(wrong, _UNFAITHFUL, 1.0)
    return replace(partial, answer=_fit(ranks, wrong, share, [0.0] * len(RANK_NAMES)))


def _grow_words(measured: Sequence[Measured]) -> tuple[Trees, list[np.ndarray]]:
    """Return the trees for words, and for each statement the odds of its words by trees that did not see its source."""
    parts = _split(measured, _N_INNER)
    of_fold = []
    for fold in range(_N_INNER):
        stated = [s for m, part in zip(measured, parts, strict=True) if part != fold for s in m.stated]
        of_fold.append(_grow_marked(stated))
    odds = [of_fold[part].odds(s.of_words) for m, part in zip(measured, parts, strict=True) for s in m.stated]
    return _grow_marked([s for m in measured for s in m.stated]), odds


def _grow_marked(stated: Sequence[Stated]) -> Trees:
    rows, marked = np.vstack([s.of_words for s in stated]), np.concatenate([s.marked for s in stated])
    return _grow(rows, marked, signs=[int(name in _NEVER_FOR) for name in WORD_NAMES])


def learn_claims(measured: Sequence[Measured]) -> Claims:
    """Return the weights for single claims."""
    stated = [s for m in measured for s in m.stated]
    names = [m.labelled.name for m in measured for _ in m.stated]
    rows = np.array([s.of_statement for s in stated])
    wrong = np.array([s.unsupported for s in stated])
    counts = {name: names.count(name) for name in set(names)}
    share = np.array([counts[name] ** -_SPREAD for name in names])
    return Claims(_fit(rows, wrong, share, [None] * rows.shape[1]), _grow(rows, wrong, share))


def _grow(
    rows: np.ndarray, wrong: np.ndarray, share: np.ndarray | None = None, signs: Sequence[int] | None = None
) -> Trees:
    """Return boosted trees as arrays; a sign of 1 keeps more of a feature from counting for a text."""
    forest = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=12, learning_rate=0.08, l2_regularization=5.0, monotonic_cst=signs, random_state=0
    ).fit(rows, wrong, sample_weight=share)
    nodes = [tree[0].nodes for tree in forest._predictors]  # noqa: SLF001  (no public form of the trees)
    width = max(map(len, nodes))
    columns: dict[str, list[list[float]]] = {k: [] for k in ("feature", "threshold", "left", "right", "value")}
    for tree in nodes:
        own, pad = np.arange(len(tree)), width - len(tree)
        leaf = tree["is_leaf"].astype(bool)
        found = {
            "feature": np.where(leaf, 0, tree["feature_idx"]),
            "threshold": np.where(leaf, 0, tree["num_threshold"]),
            "left": np.where(leaf, own, tree["left"]),
            "right": np.where(leaf, own, tree["right"]),
            "value": tree["value"],
        }
        for name, values in found.items():
            columns[name].append([*values.tolist(), *[0] * pad])
    arrays = {name: np.array(values) for name, values in columns.items()}
    depth = max(int(tree["depth"].max()) for tree in nodes)
    return Trees(**arrays, depth=depth, base=float(forest._baseline_prediction[0, 0]))  # noqa: SLF001


def _fit(rows: np.ndarray, wrong: np.ndarray, share: np.ndarray, signs: Sequence[float | None]) -> Linear:
    """Return a logistic regression on the given features; a sign of 0 keeps a weight from being negative."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled, share, y = (rows - mean) / spread, share / share.sum(), wrong.astype(float)

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        odds = scaled @ p[:-1] + p[-1]
        error = share * (1 / (1 + np.exp(-odds)) - y)
        value = share @ (np.logaddexp(0, odds) - y * odds) + _L2 * (p[:-1] @ p[:-1]) / 2
        return float(value), np.append(scaled.T @ error + _L2 * p[:-1], error.sum())

    bounds = [*((sign, None) for sign in signs), (None, None)]
    found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[:-1] / spread
    return Linear(weights, float(found[-1] - mean @ weights))


def _balance(wrong: np.ndarray, sets: Sequence[str]) -> np.ndarray:
    """Return weights with which both classes of each set count the same."""
    share = np.zeros(len(wrong))
    for name in set(sets):
        for value in (False, True):
            found = (np.array(sets) == name) & (wrong == value)
            share[found] = 1 / max(int(found.sum()), 1)
    return share


def _split(measured: Sequence[Measured], n_folds: int = _N_FOLDS) -> np.ndarray:
    """Return a fold for each text, the same for all texts of a source."""
    sources = sorted({m.labelled.source for m in measured})
    order = np.random.default_rng(0).permutation(len(sources))
    fold = {source: int(order[i]) % n_folds for i, source in enumerate(sources)}
    return np.array([fold[m.labelled.source] for m in measured])


def _validate_answers(measured: dict[str, list[Measured]]) -> list[dict[str, Any]]:
    """Return the rows of answers and of their sentences, each from weights that did not see its source."""
    scored = []
    for kind, names in _KINDS.items():
        every = [m for name in names for m in measured[name]]
        folds = np.concatenate([_split(measured[name]) for name in names])
        for fold in range(_N_FOLDS):
            learnt = learn_answers([m for m, f in zip(every, folds, strict=True) if f != fold], prose=kind == "prose")
            scored += [(m, *_judge(learnt, m)) for m, f in zip(every, folds, strict=True) if f == fold and m.stated]
    rows = []
    for name in [name for names in _KINDS.values() for name in names]:
        own = [s for s in scored if s[0].labelled.name == name]
        rows.append(_row(name, "answers", own))
        sentences = [
            (m, odds, s.unsupported) for m, _, all_odds in own for odds, s in zip(all_odds, m.stated, strict=True)
        ]
        rows.append(
            {"set": name, "what": "sentences", "learnt from": "its other sources"}
            | agreement(
                [w for _, _, w in sentences], [o for _, o, _ in sentences], [m.labelled.source for m, _, _ in sentences]
            )
        )
    return [*rows, _row("RAGTruth, pooled", "answers", scored)]


def _judge(learnt: Weights, measured: Measured) -> tuple[float, list[float]]:
    """Return the odds of an answer, and those of its statements."""
    odds = _odds(learnt, measured)
    return float(learnt.answer.odds(rank(odds)[None])[0]), odds


def _odds(learnt: Weights, measured: Measured) -> list[float]:
    return [learnt.odds(s.of_words, s.of_statement) for s in measured.stated]


def _row(
    name: str, what: str, scored: Sequence[tuple[Measured, float, Any]], learnt: str = "its other sources"
) -> dict[str, Any]:
    found = agreement(
        [m.labelled.unsupported for m, *_ in scored],
        [odds for _, odds, *_ in scored],
        [m.labelled.name + m.labelled.source for m, *_ in scored],
    )
    return {"set": name, "what": what, "learnt from": learnt} | found


def _validate_claims(measured: dict[str, list[Measured]]) -> list[dict[str, Any]]:
    """Return the rows of single claims: from other sources of all sets, and from the other set alone."""
    every = [m for name in _CLAIMS for m in measured[name]]
    folds = np.concatenate([_split(measured[name]) for name in _CLAIMS])
    scored = []
    for fold in range(_N_FOLDS):
        learnt = learn_claims([m for m, f in zip(every, folds, strict=True) if f != fold])
        scored += [(m, _claim(learnt, m), None) for m, f in zip(every, folds, strict=True) if f == fold and m.stated]
    of_set = {name: [s for s in scored if s[0].labelled.name.startswith(name)] for name in _CLAIMS}
    rows = [_row(name, "claims", own) for name, own in of_set.items()]
    parts = sorted({m.labelled.name for m in measured["AttributionBench"]})
    rows += [_row(part, "claims", [s for s in scored if s[0].labelled.name == part]) for part in parts]
    for left_out, other in (_CLAIMS, _CLAIMS[::-1]):
        learnt = learn_claims(measured[other])
        rows.append(
            _row(left_out, "claims", [(m, _claim(learnt, m), None) for m in measured[left_out] if m.stated], other)
        )
    learnt = learn_claims(every)
    return rows + [
        _row(name, "claims", [(m, _claim(learnt, m), None) for m in measured[name] if m.stated], " and ".join(_CLAIMS))
        for name in _OTHERS
    ]


def _claim(learnt: Claims, measured: Measured) -> float:
    return float(learnt.odds(measured.stated[0].of_statement[None])[0])


def _stored_trees(trees: Trees) -> dict[str, Any]:
    shown = {name: getattr(trees, name).tolist() for name in ("feature", "left", "right")}
    shown |= {name: np.round(getattr(trees, name), 5).tolist() for name in ("threshold", "value")}
    return shown | {"depth": trees.depth, "base": round(trees.base, 5)}


def _stored_linear(linear: Linear, names: Sequence[str]) -> dict[str, float]:
    kept = {name: round(float(w), 4) for name, w in zip(names, linear.weights, strict=True) if w}
    return kept | {"bias": round(linear.bias, 4)}


if __name__ == "__main__":
    main()
