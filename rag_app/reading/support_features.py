"""What is measured of each word of a statement, and of the statement, beside the passages that may support it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.reading.marked_words import keys_of
from rag_app.reading.overlap import stem
from rag_app.reading.worded import NEAR, PREFIX, RUNS, ReadPassages, ReadWords, runs_of

WORD_NAMES = (
    "missing",
    "gap",
    "gap in the chosen sentences",
    "missing in the chosen sentences",
    "gap in context",
    "number",
    "name",
    "missing number",
    "missing name",
    "pieces",
    "length",
    "variant",
    "gap of the neighbours",
    "missing neighbours",
    "new pair",
    "negation differs",
    "asked",
    "occurrences",
    "about the answer",
    "copied",
)
STATEMENT_NAMES = (
    "mass",
    "hard mass",
    "share missing",
    "share missing in the best passage",
    "share missing in the best sentence",
    "share missing in the chosen sentences",
    "gap",
    "gap in the best sentence",
    "gap in the chosen sentences",
    "new pairs",
    "missing numbers",
    "missing names",
    "distance to the best sentence",
    "distance to the chosen sentences",
    "negations differ",
    "words",
    "about the answer",
    "new pairs of any words",
    "new runs of three",
    "share missing in the best window",
    "copied",
)
N_CHOSEN = 3  # sentences that support a statement together, at most
_MAY_MEAN_THE_SAME = 0.6
_MOST_PIECES, _MOST_LETTERS = 5, 12
_GAINED = 0.1  # of a word, for another sentence to be chosen
_WINDOW = 3  # sentences
_SCALE = 0.7  # distance of a word to one that has nothing to do with it
_ABOUT = frozenset(
    stem(w)
    for w in "passage passages context information provided provide text document documents source sources mention "
    "mentioned mentions state states stated according based given question answer answers summary summarize overall "
    "conclusion additionally furthermore moreover however therefore thus note noted important sure following example "
    "include includes including specific specifically various different several data article describe described "
    "objective overview structured refer refers related regarding determine unable explicitly directly respectively "
    "also main additional certain typically generally likely may might would could detail details discuss".split()
)


Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A statement beside the passages.

    Parameters
    ----------
    of_words : ndarray of shape (n_words, n_word_features)
        Columns as in `WORD_NAMES`.
    of_statement : ndarray of shape (n_statement_features,)
        As in `STATEMENT_NAMES`; sums over words are logarithms of one more than the sum.
    chosen : tuple of int
        Numbers of the units of the passages that together support the statement best, the best one first; empty where
        one side has no words, and all that is measured is 0.
    """

    of_words: Array
    of_statement: Array
    chosen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    """Which words of the passages are those of a statement, or similar to them."""

    statement: ReadWords
    passages: ReadPassages
    similarity: Array  # (n_words, n_words_of_passages)
    same: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    by_unit: Array  # (n_words, n_units): how far each unit meets each word
    chosen: list[int]

    def kind(self, name: str) -> NDArray[np.bool_]:
        """Return which words are of a kind."""
        return np.array([w.kind == name for w in self.statement.words], bool)


def compare(statement: ReadWords, passages: ReadPassages, asked: frozenset[str] = frozenset()) -> Comparison:
    """Return what is measured of a statement beside the passages.

    Parameters
    ----------
    statement : ReadWords
        Its words.
    passages : ReadPassages
        What may support it.
    asked : frozenset of str
        Keys of the words of the question.
    """
    if not statement.words or not passages.words:
        return Comparison(np.zeros((len(statement.words), len(WORD_NAMES))), np.zeros(len(STATEMENT_NAMES)), ())
    match = _match(statement, passages)
    words = _measure_words(match, asked)
    return Comparison(words, _measure_statement(match, words), tuple(match.chosen))


def _match(statement: ReadWords, passages: ReadPassages) -> _Match:
    similarity = (statement.vectors @ passages.vectors.T).astype(np.float64)
    same = np.zeros(similarity.shape, bool)
    for i, word in enumerate(statement.words):
        for key in keys_of(word):
            same[i, passages.at.get(key, [])] = True
    is_number = np.array([[w.kind == "number"] for w in statement.words])
    met = np.where(same, 1.0, np.where(is_number, 0.0, np.clip(similarity, 0, 1)))  # another number is no synonym
    by_unit = _most(met, passages.unit_of, len(passages.units))
    missing = np.asarray(~same.any(axis=1), bool)
    return _Match(statement, passages, similarity, same, missing, by_unit, _choose(by_unit))


def _choose(by_unit: Array) -> list[int]:
    """Return up to three units that together meet the words best, the best one first."""
    chosen: list[int] = []
    reached = np.zeros(len(by_unit))
    for _ in range(N_CHOSEN):
        totals = np.maximum(by_unit, reached[:, None]).sum(axis=0)
        best = int(totals.argmax())
        if chosen and totals[best] <= reached.sum() + _GAINED:
            break
        chosen.append(best)
        reached = np.maximum(reached, by_unit[:, best])
    return chosen


def _measure_words(match: _Match, asked: frozenset[str]) -> Array:
    words, missing, same, similarity = match.statement.words, match.missing, match.same, match.similarity
    is_number, is_name = match.kind("number"), match.kind("name")
    closest = np.clip(similarity.max(axis=1), 0, 1)
    gap = np.where(missing, np.where(is_number, 1.0, (1 - closest) / _SCALE), 0.0)
    in_chosen = match.by_unit[:, match.chosen].max(axis=1)
    in_context = np.where(missing, gap, (1 - np.where(same, similarity, -1).max(axis=1)) / _SCALE)
    columns = (
        missing,
        gap,
        (1 - in_chosen) / _SCALE,
        in_chosen < 1,
        in_context,
        is_number,
        is_name,
        is_number & missing,
        is_name & missing,
        np.minimum(match.statement.pieces, _MOST_PIECES) / 2,
        np.minimum([w.end - w.start for w in words], _MOST_LETTERS) / 10,
        missing & [w.key[:PREFIX] in match.passages.prefixes for w in words],
        _neighbours(gap),
        _neighbours(missing),
        _new_pairs(match),
        _differs(match) & (~missing | (closest > _MAY_MEAN_THE_SAME)),
        [bool(keys_of(w) & asked) for w in words],
        np.log1p(same.sum(axis=1)),
        [w.key in _ABOUT for w in words],
        _copied(match),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def _differs(match: _Match) -> NDArray[np.bool_]:
    """Return which words are negated where the closest of the passages is not, or the reverse."""
    closest = np.where(match.same, match.similarity + 1, match.similarity).argmax(axis=1)
    negated = np.array([w.negated for w in match.statement.words], bool)
    return np.asarray(negated != match.passages.negated[closest], bool)


def _measure_statement(match: _Match, words: Array) -> Array:
    column = {name: words[:, i] for i, name in enumerate(WORD_NAMES)}
    weight = np.where(column["about the answer"] > 0, 0.3, np.where(column["asked"] > 0, 0.5, 1.0))
    share = weight / weight.sum()
    same, passages, chosen = match.same.astype(float), match.passages, match.chosen
    in_passages = _most(same, passages.passage_of, int(passages.passage_of.max()) + 1)
    in_units = _most(same, passages.unit_of, len(passages.units))
    content = _unit(match.statement.vectors.sum(axis=0))
    return np.array(
        [
            np.log1p(np.where(column["number"] > 0, 1.5, 1.0) @ (weight * column["gap"])),
            np.log1p(weight @ column["missing"]),
            share @ column["missing"],
            (share @ (1 - in_passages)).min(),
            (share @ (1 - in_units)).min(),
            share @ column["missing in the chosen sentences"],
            share @ column["gap"],
            share @ (1 - match.by_unit[:, chosen[0]]) / _SCALE,
            share @ column["gap in the chosen sentences"],
            column["new pair"].mean(),
            np.log1p(column["missing number"].sum()),
            np.log1p(column["missing name"].sum()),
            1 - float((passages.unit_vectors @ content).max()),
            1 - float(_unit(passages.unit_vectors[chosen].sum(axis=0)) @ content),
            np.log1p(column["negation differs"].sum()),
            np.log1p(len(words)),
            column["about the answer"].mean(),
            _new_runs(match, 2),
            _new_runs(match, 3),
            (share @ (1 - _windows(in_units))).min(),
            share @ column["copied"],
        ]
    )


def _copied(match: _Match) -> Array:
    """Return how long the run of words is that stands around each word in the passages too, from 0 to 1."""
    keys = match.statement.keys
    longest = np.ones(len(keys))
    for n, known in zip(RUNS, match.passages.runs, strict=True):
        for i, run in enumerate(runs_of(keys, n)):
            if run in known:
                longest[i : i + n] = n
    return (longest[match.statement.places] - 1) / (RUNS[-1] - 1)


def _new_runs(match: _Match, n: int) -> float:
    """Return the share of runs of n words that no passage has."""
    runs = runs_of(match.statement.keys, n)
    return sum(run not in match.passages.runs[n - RUNS[0]] for run in runs) / max(len(runs), 1)


def _windows(in_units: Array) -> Array:
    """Return which words are in each window of sentences."""
    found = in_units.copy()
    for shift in range(1, _WINDOW):
        found[:, :-shift] = np.maximum(found[:, :-shift], in_units[:, shift:])
    return found


def _new_pairs(match: _Match) -> Array:
    """Return for each word how often it and a neighbour are both in the passages but nowhere near each other."""
    places = match.passages.places
    new = np.zeros(len(match.missing))
    for i, j in pairwise(range(len(new))):
        if match.missing[i] or match.missing[j]:
            continue
        apart = np.abs(places[match.same[i]][:, None] - places[match.same[j]][None])
        new[[i, j]] += 0.5 * (apart.min() > NEAR)
    return new


def _neighbours(values: NDArray[Any]) -> Array:
    """Return the mean of the values before and after each; an end is its own neighbour."""
    padded = np.concatenate([values[:1], values, values[-1:]]).astype(np.float64)
    return (padded[:-2] + padded[2:]) / 2


def _most(values: Array, groups: NDArray[np.int64], n: int) -> Array:
    """Return the largest value of each row in each group of columns, 0 where a group is empty."""
    largest = np.zeros((len(values), n))
    present, starts = np.unique(groups, return_index=True)  # groups are in order
    largest[:, present] = np.maximum.reduceat(values, starts, axis=1)
    return largest


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
