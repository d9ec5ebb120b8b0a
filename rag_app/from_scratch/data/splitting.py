"""Rows divided into training, validation and test parts, and a search for what leaked from one part into another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Vector, as_generator, as_labels, as_vector, check_count
from rag_app.from_scratch.language.words import words
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARTS = ("train", "validation", "test")


@register("tool", "D010")
def split_rows(
    n: int,
    ratios: Vector = (0.7, 0.15, 0.15),
    stratify: Labels | None = None,
    groups: Labels | None = None,
    seed: int = 0,
    *,
    shuffle: bool = True,
) -> dict[str, list[int]]:
    """Return which rows go to training, to validation and to testing: every row to exactly one of them.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    ratios : list of float, default=(0.7, 0.15, 0.15)
        Sizes of the parts relative to each other, three numbers of at least 0, not all 0.
    stratify : list of label, optional
        Class of each row, shape (n,): every part gets the same share of each.
    groups : list of label, optional
        Person, document or other group of each row, shape (n,): the rows of a group stay together.
    seed : int, default=0
        Start of the drawing.
    shuffle : bool, default=True
        Whether to draw rows at random; otherwise the first rows train and the last test, as forecasts need it.

    Returns
    -------
    dict
        ``train``, ``validation`` and ``test``: positions of rows, ascending. A part may be empty where rows are few;
        with groups the sizes are as near to the ratios as the groups let them.

    Raises
    ------
    InvalidInputError
        If lengths do not fit n, the ratios are not three numbers of at least 0, or both stratify and groups are given.

    Notes
    -----
    Sizes are rounded by largest remainders, so that they add up to n. Hastie, Tibshirani & Friedman, *The elements of
    statistical learning*, 2nd ed. (2009), section 7.2.

    Examples
    --------
    >>> {part: len(rows) for part, rows in split_rows(1000).items()}
    {'train': 700, 'validation': 150, 'test': 150}
    """
    check_count("n", n)
    shares = as_vector("ratios", ratios)
    if len(shares) != len(_PARTS) or (shares < 0).any() or not shares.any():
        msg = f"ratios must be three numbers of at least 0, not all 0; got {shares.tolist()!r}."
        raise InvalidInputError(msg)
    if stratify is not None and groups is not None:
        msg = "stratify and groups must not be given together; got both."
        raise InvalidInputError(msg)
    rng = as_generator(seed) if shuffle else None
    if groups is not None:
        part = _by_group(_codes("groups", groups, n), shares, rng)
    else:
        strata = np.zeros(n, int) if stratify is None else _codes("stratify", stratify, n)
        part = _by_class(strata, shares, rng)
    return {name: np.flatnonzero(part == p).tolist() for p, name in enumerate(_PARTS)}


def _codes(name: str, labels: Labels, n: int) -> NDArray[np.intp]:
    given = as_labels(name, labels)
    if len(given) != n:
        msg = f"{name} must hold {n} labels, one for each row; got {len(given)}."
        raise InvalidInputError(msg)
    codes: NDArray[np.intp] = np.unique(given, return_inverse=True)[1]
    return codes


def _by_class(strata: NDArray[Any], shares: NDArray[np.float64], rng: np.random.Generator | None) -> NDArray[np.intp]:
    part = np.zeros(len(strata), np.intp)
    for code in range(strata.max() + 1):
        members = np.flatnonzero(strata == code)
        order = members if rng is None else rng.permutation(members)
        part[order] = np.repeat(np.arange(len(shares)), _sizes(len(members), shares))
    return part


def _by_group(
    groups: NDArray[np.intp], shares: NDArray[np.float64], rng: np.random.Generator | None
) -> NDArray[np.intp]:
    """Give each group, in turn, to the part that lacks most rows; the groups in order of appearance or at random."""
    sizes = np.bincount(groups)
    first_seen = np.unique(groups, return_index=True)[1]
    lacking = len(groups) * shares / shares.sum()
    if rng is None:
        ends = np.cumsum(lacking)
        order = np.argsort(first_seen, kind="stable")
        middles = np.cumsum(sizes[order]) - sizes[order] / 2
        of_group = np.empty(len(sizes), np.intp)
        of_group[order] = np.minimum(np.searchsorted(ends, middles), len(shares) - 1)
        return of_group[groups]
    of_group = np.zeros(len(sizes), np.intp)
    order = rng.permutation(len(sizes))
    for group in order[np.argsort(-sizes[order], kind="stable")]:  # large ones first: small ones fill what is left
        of_group[group] = lacking.argmax()
        lacking[of_group[group]] -= sizes[group]
    return of_group[groups]


def _sizes(n: int, shares: NDArray[np.float64]) -> NDArray[np.intp]:
    exact = n * shares / shares.sum()
    sizes: NDArray[np.intp] = np.floor(exact + 1e-9).astype(np.intp)
    for p in np.argsort(sizes - exact, kind="stable")[: n - int(sizes.sum())]:
        sizes[p] += 1
    return sizes


@register("tool", "D010")
def leakage_report(
    train: Sequence[Any],
    test: Sequence[Any],
    train_groups: Sequence[Any] | None = None,
    test_groups: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """Return which test rows occur in the training rows too, but for case and punctuation, and which groups are shared.

    Parameters
    ----------
    train : list
        Training rows: texts, lists of numbers, or dicts.
    test : list
        Test rows of the same kind.
    train_groups : list, optional
        Group of each training row, such as a person or document.
    test_groups : list, optional
        Group of each test row.

    Returns
    -------
    dict
        ``exact`` and ``near``: pairs of positions ``[test, train]`` (near ones are not exact); ``shared_groups``; and
        ``share``, of test rows that leaked in one of these ways, 0 without test rows.

    Raises
    ------
    InvalidInputError
        If groups and rows differ in number, or only one part has groups.

    Notes
    -----
    Kaufman, Rosset & Perlich, "Leakage in data mining: formulation, detection, and avoidance", KDD (2011).

    Examples
    --------
    >>> leakage_report(["A cat sat.", "Dogs bark."], ["a CAT sat", "Cows moo."])
    {'exact': [], 'near': [[0, 0]], 'shared_groups': [], 'share': 0.5}
    """
    if (train_groups is None) != (test_groups is None):
        msg = "train_groups and test_groups must be given together; got one of them."
        raise InvalidInputError(msg)
    of_train, of_test = list(train_groups or []), list(test_groups or [])
    if train_groups is not None and (len(of_train), len(of_test)) != (len(train), len(test)):
        msg = (
            f"groups must be one for each row; got {len(of_train)} and {len(of_test)} for {len(train)} and {len(test)}."
        )
        raise InvalidInputError(msg)
    exact = _matches([repr(_plain(row)) for row in train], [repr(_plain(row)) for row in test])
    near = _matches([_folded(row) for row in train], [_folded(row) for row in test])
    found = {tuple(pair) for pair in exact}
    shared = {repr(g) for g in of_train} & {repr(g) for g in of_test}
    leaked = {pair[0] for pair in exact + near} | {i for i, g in enumerate(of_test) if repr(g) in shared}
    return {
        "exact": exact,
        "near": [pair for pair in near if tuple(pair) not in found],
        "shared_groups": list({repr(g): g for g in of_test if repr(g) in shared}.values()),
        "share": len(leaked) / len(test) if len(test) else 0.0,
    }


def _plain(row: Any) -> Any:  # noqa: ANN401  (any row)
    if isinstance(row, Mapping):
        return sorted((str(name), _plain(value)) for name, value in row.items())
    if isinstance(row, list | tuple | np.ndarray):
        return [_plain(value) for value in row]
    return float(row) if isinstance(row, int | float | np.number) else row


def _folded(row: Any) -> str:  # noqa: ANN401  (any row)
    return " ".join(words(str(row if isinstance(row, str) else _plain(row))))


def _matches(train: Sequence[str], test: Sequence[str]) -> list[list[int]]:
    first: dict[str, int] = {}
    for position, row in enumerate(train):
        first.setdefault(row, position)
    return [[position, first[row]] for position, row in enumerate(test) if row in first]
