"""Learn the weights with which `rag_app.reading.support` judges statements, and write them into the package.

Usage: train_support.py DATA_FOLDER, with ragtruth/, attributionbench/, begin/ and qags/ in it. A network learns from
all sets and from contradictions of supported statements to read a statement beside its evidence (`support_network.py`).
Boosted trees learn from marked spans how likely each word is unsupported; logistic regressions learn from these, from
the network and from what is measured of whole statements how likely a statement and an answer are. A claim with its
citation is judged by the mean of a regression and of trees. What is reported was measured on sources that had no part
in learning (five folds), and on whole sets that had none. Takes about half an hour of one processor; needs torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from report import write_report
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier
from support_examples import MADE, Example, read_examples, split
from support_figures import agreement, gain
from support_network import learn_network, read_across, store
from support_sets import Labelled, read_sets

from rag_app.embeddings.minilm import MiniLM
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.reading.support import SupportScorer
from rag_app.reading.support_features import STATEMENT_NAMES, WORD_NAMES
from rag_app.reading.support_weights import (
    RANK_NAMES,
    READ_NAMES,
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
_ROW_NAMES = (*STATEMENT_NAMES, *SUSPECT_NAMES, *READ_NAMES)
_STATED = [_ROW_NAMES.index(name) for name in (*_SUMS, *SUSPECT_NAMES, *READ_NAMES, _ABOUT)]
_KINDS = {"prose": ("RAGTruth, answers", "RAGTruth, summaries"), "structured": ("RAGTruth, data to text",)}
_NEVER_FOR = ("missing", "gap", "missing number", "missing name")  # more of them never counts for a word
_CLAIMS = ("AttributionBench", "BEGIN")
_OTHERS = ("QAGS, cnndm", "QAGS, xsum")
_LEARNT = (*(name for names in _KINDS.values() for name in names), *_CLAIMS, *_OTHERS)
_CONFLICT = "Conflict"
_UNFAITHFUL = 1.5  # weight of an unfaithful answer from structured data: so that one threshold serves all kinds
_SPREAD = 0.5  # a set of claims weighs as the root of its size


@dataclass(frozen=True)
class Stated:
    """A statement as it was measured."""

    of_words: np.ndarray
    marked: np.ndarray
    of_statement: np.ndarray
    read: np.ndarray  # by a network that did not see its source
    unsupported: bool
    kind: str


@dataclass(frozen=True)
class Measured:
    """A labelled text with its statements, or with itself as the only one where only the whole is labelled."""

    labelled: Labelled
    stated: list[Stated]


@dataclass(frozen=True)
class Judged:
    """What was found of a text: the odds that it is unsupported, by weights that did not see its source."""

    name: str
    source: str
    odds: float
    unsupported: bool
    what: str  # answers, sentences, contradictions or claims
    kind: str = ""


def main() -> None:
    """Learn, report and write."""
    torch.set_num_threads(1)
    sets = {name: texts for name, texts in read_sets(Path(sys.argv[1])).items() if name in _LEARNT}
    examples = list(read_examples(SupportScorer(MiniLM()), sets))
    odds = read_across(examples, _N_FOLDS)
    measured = gather(sets, examples, odds)
    found, plain = (judge_across(sets, examples, read) for read in (odds, np.zeros_like(odds)))
    rows = [*_rows_of_answers(found), *_validate_claims(measured)]
    write_report("train_support", rows, n_folds=_N_FOLDS, seed=0)
    write_report("train_support_contradictions", _rows_of_contradictions(found), n_folds=_N_FOLDS, seed=0)
    write_report("train_support_network", _rows_of_gain(plain, found), n_folds=_N_FOLDS, seed=0)
    learn_and_write(measured)
    store(learn_network(examples))


def gather(
    sets: Mapping[str, Sequence[Labelled]], examples: Sequence[Example], odds: np.ndarray
) -> dict[str, list[Measured]]:
    """Return the texts of sets with their statements."""
    stated: dict[tuple[str, int], list[Stated]] = {}
    for e, read in zip(examples, odds, strict=True):
        if e.convention != MADE:
            stated.setdefault((e.of_set, e.text), []).append(_stated(e, read))
    return {
        name: [Measured(text, stated[name, i]) for i, text in enumerate(texts) if (name, i) in stated]
        for name, texts in sets.items()
    }


def _stated(e: Example, read: np.ndarray) -> Stated:
    of_words = e.pair.features[: e.pair.n_stated, : len(WORD_NAMES)].astype(float)
    marked = np.where(e.marks < 0, e.unsupported, e.marks).astype(bool)
    return Stated(of_words, marked, e.of_statement, read, e.unsupported, e.kind)


def learn_and_write(measured: dict[str, list[Measured]]) -> None:
    """Learn from everything and write the weights."""
    stored: dict[str, Any] = {
        "about": "learnt by benchmarks/train_support.py from RAGTruth, AttributionBench, BEGIN (all dev) and QAGS"
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
    rows = np.array(
        [np.hstack([s.of_statement, summarise(odds), s.read]) for s, odds in zip(stated, of_words, strict=True)]
    )
    signs = [0.0] * (len(_STATED) - 1) + [None]
    wrong = np.array([s.unsupported for s in stated])
    fitted = _fit(rows[:, _STATED], wrong, _balance(wrong, sets), signs)
    weights = np.zeros(len(_ROW_NAMES))
    weights[_STATED] = fitted.weights
    statement = Linear(weights, fitted.bias)
    partial = Weights(words, statement, Linear(np.zeros(len(RANK_NAMES)), 0.0), bounded=prose)
    odds = iter([partial.odds_of_row(row, len(s.of_words)) for row, s in zip(rows, stated, strict=True)])
    ranks = np.array([rank([next(odds) for _ in m.stated]) for m in measured])
    wrong = np.array([m.labelled.unsupported for m in measured])
    share = _balance(wrong, [m.labelled.name for m in measured]) if prose else np.where(wrong, _UNFAITHFUL, 1.0)
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
    return split([m.labelled.source for m in measured], n_folds)


def judge_across(sets: Mapping[str, Sequence[Labelled]], examples: Sequence[Example], odds: np.ndarray) -> list[Judged]:
    """Return answers, their sentences and contradictions of these, judged by weights that saw nothing of the source."""
    measured = gather(sets, examples, odds)
    made = [(e, read) for e, read in zip(examples, odds, strict=True) if e.convention == MADE]
    found: list[Judged] = []
    for kind, names in _KINDS.items():
        every = [m for name in names for m in measured[name]]
        folds = np.concatenate([_split(measured[name]) for name in names])
        for fold in range(_N_FOLDS):
            learnt = learn_answers([m for m, f in zip(every, folds, strict=True) if f != fold], prose=kind == "prose")
            left_out = [m for m, f in zip(every, folds, strict=True) if f == fold]
            sources = {(m.labelled.name, m.labelled.source) for m in left_out}
            found += [j for m in left_out for j in _judge(learnt, m)]
            found += [_contradicted(learnt, e, read) for e, read in made if (e.name, e.source) in sources]
    return found


def _judge(learnt: Weights, measured: Measured) -> list[Judged]:
    """Return an answer and its sentences, judged."""
    about = measured.labelled
    odds = [learnt.odds(s.of_words, s.of_statement, s.read) for s in measured.stated]
    sentences = [
        Judged(about.name, about.source, o, s.unsupported, "sentences", s.kind)
        for o, s in zip(odds, measured.stated, strict=True)
    ]
    return [_judged(about, float(learnt.answer.odds(rank(odds)[None])[0]), "answers"), *sentences]


def _contradicted(learnt: Weights, e: Example, read: np.ndarray) -> Judged:
    s = _stated(e, read)
    return Judged(e.name, e.source, learnt.odds(s.of_words, s.of_statement, read), True, "contradictions", e.kind)


def _judged(labelled: Labelled, odds: float, what: str) -> Judged:
    return Judged(labelled.name, labelled.source, odds, labelled.unsupported, what)


def _rows_of_answers(found: Sequence[Judged]) -> list[dict[str, Any]]:
    rows = [
        _row(name, what, [j for j in found if (j.name, j.what) == (name, what)])
        for names in _KINDS.values()
        for name in names
        for what in ("answers", "sentences")
    ]
    return [*rows, _row("RAGTruth, pooled", "answers", [j for j in found if j.what == "answers"])]


def _rows_of_gain(before: Sequence[Judged], after: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return what the network adds; the same texts stand in the same order."""
    rows = []
    for what in ("answers", "sentences"):
        pairs = [(a, b) for a, b in zip(before, after, strict=True) if a.what == what]
        for names in (*((name,) for of_kind in _KINDS.values() for name in of_kind), sum(_KINDS.values(), ())):
            own = [(a, b) for a, b in pairs if a.name in names]
            about = {"set": names[0] if len(names) == 1 else "RAGTruth, pooled", "what": what, "n": len(own)}
            odds = ([a.odds for a, _ in own], [b.odds for _, b in own])
            rows.append(about | gain([a.unsupported for a, _ in own], *odds, [a.name + a.source for a, _ in own]))
    return rows


def _rows_of_contradictions(found: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return how well what contradicts the passages is told from the sentences that people found supported."""
    rows = []
    for of_kind, names in _KINDS.items():
        own = [j for j in found if j.name in names]
        supported = [j for j in own if j.what == "sentences" and not j.unsupported]
        of_people = [j for j in own if j.what == "sentences" and _CONFLICT in j.kind]
        rows.append(_row_of_contradictions(of_kind, "marked by people", of_people, supported))
        made = [j for j in own if j.what == "contradictions"]
        rows += [
            _row_of_contradictions(of_kind, kind, [j for j in made if j.kind == kind], supported)
            for kind in sorted({j.kind for j in made})
        ]
    return rows


def _row_of_contradictions(
    of_kind: str, contradiction: str, found: Sequence[Judged], supported: Sequence[Judged]
) -> dict[str, Any]:
    odds, known = np.array([j.odds for j in found]), np.array([j.odds for j in supported])
    wrong = np.append(np.ones(len(odds), int), np.zeros(len(known), int))
    return {
        "passages": of_kind,
        "contradiction": contradiction,
        "n": len(odds),
        "AUROC": round(roc_auc_score(wrong.tolist(), [*odds.tolist(), *known.tolist()], positive=1), 3),
        "flagged": round(float((odds >= 0).mean()), 3),
        "supported flagged": round(float((known >= 0).mean()), 3),
    }


def _row(name: str, what: str, judged: Sequence[Judged], learnt: str = "its other sources") -> dict[str, Any]:
    found = agreement([j.unsupported for j in judged], [j.odds for j in judged], [j.name + j.source for j in judged])
    return {"set": name, "what": what, "learnt from": learnt} | found


def _validate_claims(measured: dict[str, list[Measured]]) -> list[dict[str, Any]]:
    """Return the rows of single claims: from other sources of both sets, and from the other set alone."""
    every = [m for name in _CLAIMS for m in measured[name]]
    folds = np.concatenate([_split(measured[name]) for name in _CLAIMS])
    judged = []
    for fold in range(_N_FOLDS):
        learnt = learn_claims([m for m, f in zip(every, folds, strict=True) if f != fold])
        judged += [_claim(learnt, m) for m, f in zip(every, folds, strict=True) if f == fold]
    parts = sorted({m.labelled.name for m in measured["AttributionBench"]})
    rows = [_row(name, "claims", [j for j in judged if j.name.startswith(name)]) for name in (*_CLAIMS, *parts)]
    for left_out, other in (_CLAIMS, _CLAIMS[::-1]):
        learnt = learn_claims(measured[other])
        rows.append(_row(left_out, "claims", [_claim(learnt, m) for m in measured[left_out]], other))
    learnt = learn_claims(every)
    return rows + [
        _row(name, "claims", [_claim(learnt, m) for m in measured[name]], " and ".join(_CLAIMS)) for name in _OTHERS
    ]


def _claim(learnt: Claims, measured: Measured) -> Judged:
    return _judged(measured.labelled, float(learnt.odds(measured.stated[0].of_statement[None])[0]), "claims")


def _stored_trees(trees: Trees) -> dict[str, Any]:
    shown = {name: getattr(trees, name).tolist() for name in ("feature", "left", "right")}
    shown |= {name: np.round(getattr(trees, name), 5).tolist() for name in ("threshold", "value")}
    return shown | {"depth": trees.depth, "base": round(trees.base, 5)}


def _stored_linear(linear: Linear, names: Sequence[str]) -> dict[str, float]:
    kept = {name: round(float(w), 4) for name, w in zip(names, linear.weights, strict=True) if w}
    return kept | {"bias": round(linear.bias, 4)}


if __name__ == "__main__":
    main()
