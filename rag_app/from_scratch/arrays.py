"""Arguments become arrays, or a sentence that names the argument, its rule and the value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Vector = ArrayLike
    Matrix = ArrayLike
    Labels = ArrayLike
else:  # what the schema of a tool is made from
    Vector = Sequence[float]
    Matrix = Sequence[Sequence[float]]
    Labels = Sequence[bool | int | float | str]


_LARGEST = 1e100  # whose square and cube are numbers too


def as_vector(name: str, values: Vector, *, min_length: int = 1) -> NDArray[np.float64]:
    """Return numbers as an array of shape (n,).

    Parameters
    ----------
    name : str
        What the caller calls the argument.
    values : array-like of shape (n,)
        Finite numbers.
    min_length : int, default=1
        The fewest that make sense.

    Raises
    ------
    InvalidInputError
        If they are not numbers in one dimension, not finite, or too few.

    Examples
    --------
    >>> as_vector("values", [1, 2])
    array([1., 2.])
    """
    array = _numbers(name, values, 1, "a list of numbers")
    if len(array) < min_length:
        msg = f"{name} must hold at least {min_length} {'number' if min_length == 1 else 'numbers'}; got {len(array)}."
        raise InvalidInputError(msg)
    return array


def as_matrix(name: str, values: Matrix, *, n_columns: int | None = None, min_rows: int = 1) -> NDArray[np.float64]:
    """Return rows of numbers as an array of shape (n, d).

    Parameters
    ----------
    name : str
        What the caller calls the argument.
    values : array-like of shape (n, d)
        Finite numbers; every row of the same length, at least one.
    n_columns : int, optional
        The length that rows must have.
    min_rows : int, default=1
        The fewest rows that make sense.

    Raises
    ------
    InvalidInputError
        If they are not numbers in rows of equal length, not finite, or too few.

    Examples
    --------
    >>> as_matrix("X", [[1, 2], [3, 4]]).shape
    (2, 2)
    """
    array = _numbers(name, values, 2, "a list of rows of numbers, all of the same length")
    if len(array) < min_rows or array.shape[1] == 0:
        rows = "row" if min_rows == 1 else "rows"
        msg = f"{name} must hold at least {min_rows} {rows} of at least one number; got shape {array.shape}."
        raise InvalidInputError(msg)
    if n_columns is not None and array.shape[1] != n_columns:
        msg = f"{name} must have rows of {n_columns} numbers; got rows of {array.shape[1]}."
        raise InvalidInputError(msg)
    return array


def as_labels(name: str, values: Labels) -> NDArray[Any]:
    """Return class labels as an array of shape (n,): numbers, booleans or text, but not a mixture.

    Raises
    ------
    InvalidInputError
        If there are none, they have more than one dimension, are mixed, or are not finite.

    Examples
    --------
    >>> as_labels("y", ["spam", "ham"]).tolist()
    ['spam', 'ham']
    """
    given = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else values
    if (
        isinstance(given, list)
        and any(isinstance(v, str) for v in given)
        and not all(isinstance(v, str) for v in given)
    ):
        msg = f"{name} must be all text or all numbers; got a mixture such as {given[:3]!r}."
        raise InvalidInputError(msg)
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.empty((0, 0))
    if array.ndim != 1 or len(array) == 0 or array.dtype.kind not in "biufU":
        msg = f"{name} must be a list of labels, at least one; got {_shown(values)}."
        raise InvalidInputError(msg)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        msg = f"{name} must be finite; got {_first_infinite(array)}."
        raise InvalidInputError(msg)
    return array


def as_probabilities(name: str, values: Vector) -> NDArray[np.float64]:
    """Return a distribution as an array of shape (n,): numbers in [0, 1] that sum to 1.

    Raises
    ------
    InvalidInputError
        If a number is negative, or the sum differs from 1 by more than 1e-6.

    Examples
    --------
    >>> as_probabilities("p", [0.25, 0.75])
    array([0.25, 0.75])
    """
    array = as_vector(name, values)
    total = float(array.sum())
    if (array < 0).any() or abs(total - 1) > 1e-6:  # noqa: PLR2004  (decimal fractions such as 0.333333 pass)
        msg = f"{name} must be probabilities that sum to 1; got {_shown(values)} with sum {total:.6g}."
        raise InvalidInputError(msg)
    return array / total


def as_texts(name: str, values: Sequence[str], *, min_length: int = 1) -> list[str]:
    """Return texts as a list of them.

    Raises
    ------
    InvalidInputError
        If they are one text instead of several, not all text, or too few.

    Examples
    --------
    >>> as_texts("texts", "one")
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: texts must be a list of texts, at least 1; got 'one'.
    """
    several = isinstance(values, Iterable) and not isinstance(values, str)
    given = list(values) if several else []
    if not several or len(given) < min_length or not all(isinstance(text, str) for text in given):
        msg = f"{name} must be a list of texts, at least {min_length}; got {_shown(values)}."
        raise InvalidInputError(msg)
    return given


def as_generator(seed: int | None) -> np.random.Generator:
    """Return the generator of random numbers that a seed stands for; None is a seed that nobody knows.

    Raises
    ------
    InvalidInputError
        If the seed is no whole number, or below 0.

    Examples
    --------
    >>> int(as_generator(7).integers(100))
    94
    """
    if seed is not None:
        check_count("seed", seed, 0)
    return np.random.default_rng(seed)


def check_same_length(**arrays: Sequence[Any] | NDArray[Any]) -> None:
    """Raise an `InvalidInputError` unless the named arguments are of equal length.

    Examples
    --------
    >>> check_same_length(y_true=[1, 0], y_pred=[1])
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: y_true and y_pred must be of equal length; got 2 and 1.
    """
    lengths = [len(a) for a in arrays.values()]
    if len(set(lengths)) > 1:
        msg = f"{_listed(arrays)} must be of equal length; got {_listed([str(n) for n in lengths])}."
        raise InvalidInputError(msg)


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Raise an `InvalidInputError` unless a value is one of the choices.

    Examples
    --------
    >>> check_choice("average", "mean", ("micro", "macro"))
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: average must be one of micro, macro; got 'mean'.
    """
    if value not in choices:
        msg = f"{name} must be one of {', '.join(choices)}; got {value!r}."
        raise InvalidInputError(msg)


def check_range(
    name: str,
    value: float,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Raise an `InvalidInputError` unless a number lies in an interval with its ends, unless they are open.

    However wide the interval, the number must be finite and at most 1e100 in size.

    Examples
    --------
    >>> check_range("alpha", -1, 0)
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: alpha must be at least 0; got -1.
    >>> check_range("p", 1.5, 0, 1, open_low=True)
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: p must be above 0 and at most 1; got 1.5.
    """
    above = value > low if open_low else value >= low
    below = value < high if open_high else value <= high
    if not (above and below):
        rules = [f"{'above' if open_low else 'at least'} {low:g}"] if low > -np.inf else []
        rules += [f"{'below' if open_high else 'at most'} {high:g}"] if high < np.inf else []
        msg = f"{name} must be {' and '.join(rules) or 'a number'}; got {value!r}."
        raise InvalidInputError(msg)
    if abs(value) > _LARGEST:
        msg = f"{name} must be {_size_rule(value)}; got {value!r}."
        raise InvalidInputError(msg)


def check_count(name: str, value: int, low: int = 1, high: int | None = None) -> None:
    """Raise an `InvalidInputError` unless a value is a whole number of at least `low`, and at most `high`.

    Examples
    --------
    >>> check_count("k", 0)
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: k must be a whole number of at least 1; got 0.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        rule = f"at least {low}" if high is None else f"at least {low} and at most {high}"
        msg = f"{name} must be a whole number of {rule}; got {value!r}."
        raise InvalidInputError(msg)


def _numbers(name: str, values: ArrayLike, n_dimensions: int, rule: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, float)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.ndim != n_dimensions and not (n_dimensions == 2 and array.shape == (0,)):  # noqa: PLR2004  (a matrix without rows)
        msg = f"{name} must be {rule}; got {_shown(values)}."
        raise InvalidInputError(msg)
    fitting = np.abs(array) <= _LARGEST  # which NaN is not
    if not fitting.all():
        value = float(array[~fitting][0])
        msg = f"{name} must be {_size_rule(value)}; got {value!r}."
        raise InvalidInputError(msg)
    return array.reshape(0, 0) if array.ndim < n_dimensions else array


def _size_rule(value: float) -> str:
    return f"at most {_LARGEST:g} in size" if np.isfinite(value) else "finite"


def _first_infinite(array: NDArray[np.float64]) -> float:
    return float(array[~np.isfinite(array)][0])


def _shown(values: object) -> str:
    text = repr(values)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004  (what fits into a sentence)


def _listed(names: Collection[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
