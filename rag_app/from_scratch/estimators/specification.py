"""An estimator by its name, for procedures that need to make one, and another one, and another one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Protocol, Self

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import get

Specification = str | Mapping[str, Any]


class Predictor(Protocol):
    """What learns from rows and answers to predict the answer to new rows."""

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn."""

    def predict(self, X: Matrix) -> Any:  # noqa: ANN401  (an array of numbers or of labels)
        """Return a prediction for each row."""


def build_predictor(estimator: Specification) -> Predictor:
    """Return a new estimator that is fitted on rows and answers.

    Parameters
    ----------
    estimator : str or dict
        A name in the register, such as ``"LinearRegression"``; or ``{"name": …}`` with parameters beside the name.

    Raises
    ------
    UnknownNameError
        If nothing has that name.
    InvalidInputError
        If it is no estimator with ``fit(X, y)`` on rows of numbers and ``predict``, or has no such parameter.

    Examples
    --------
    >>> build_predictor("LinearRegression")
    LinearRegression()
    >>> build_predictor({"name": "LinearRegression", "depth": 3})
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: estimator must have the parameters of LinearRegression (none); got 'depth'.
    """
    given = {"name": estimator} if isinstance(estimator, str) else dict(estimator)
    name = given.pop("name", None)
    if not isinstance(name, str):
        msg = f"estimator must be a name, or hold one under 'name'; got {name!r}."
        raise InvalidInputError(msg)
    kind = get(name).target
    if not (isinstance(kind, type) and issubclass(kind, Estimator) and _predicts(kind)):
        msg = f"estimator must be the name of one that learns from rows X and answers y to predict; got {name!r}."
        raise InvalidInputError(msg, hint="Run: rag tools list")
    known = inspect.signature(kind).parameters
    unknown = [key for key in given if key not in known]
    if unknown:
        msg = f"estimator must have the parameters of {name} ({', '.join(known) or 'none'}); got {unknown[0]!r}."
        raise InvalidInputError(msg)
    built: Any = kind(**given)
    return built  # type: ignore[no-any-return]  # _predicts saw the methods


def _predicts(kind: type[Estimator]) -> bool:
    parameters = inspect.signature(kind.fit).parameters  # type: ignore[attr-defined]  # every estimator has it
    needed = [name for name, p in parameters.items() if p.default is inspect.Parameter.empty]
    of_numbers = needed == ["self", "X", "y"] and parameters["X"].annotation == "Matrix"  # others learn from text
    return hasattr(kind, "predict") and of_numbers
