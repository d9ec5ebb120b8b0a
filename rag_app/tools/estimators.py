"""An estimator as a function: its parameters and the data go in, what it learnt and what it says come out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Matrix
from rag_app.from_scratch.estimators.estimator import Estimator

_RESULTS = {
    "predict": "predictions",
    "predict_proba": "probabilities",
    "transform": "transformed",
    "predict_std": "standard_deviations",
    "score_samples": "log_likelihoods",
}
_NEW = inspect.Parameter("X_new", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Matrix | None)
NEW_ROWS = "Rows to apply the fitted estimator to, shape (m, d); default: the rows that it was fitted on."


def fitting(kind: type[Estimator]) -> Callable[..., dict[str, Any]]:
    """Return the function that fits an estimator and applies it: what a tool calls.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> list(inspect.signature(fitting(get("LinearRegression").target)).parameters)
    ['X', 'y', 'X_new']
    """
    own = list(inspect.signature(kind).parameters.values())
    data = [p for p in inspect.signature(kind.fit).parameters.values() if p.name != "self"]  # type: ignore[attr-defined]  # every estimator has it

    def fit_and_apply(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
        estimator = kind(**{p.name: arguments[p.name] for p in own if p.name in arguments})
        given = {p.name: arguments[p.name] for p in data if p.name in arguments}
        estimator.fit(**given)  # type: ignore[attr-defined]  # every estimator has it
        rows = arguments.get("X_new")
        rows = given.get("X") if rows is None else rows
        result: dict[str, Any] = {"learnt": estimator.learnt}
        for method, name in _RESULTS.items():
            if hasattr(estimator, method) and rows is not None:
                result[name] = getattr(estimator, method)(rows)
        return plain(result)  # type: ignore[no-any-return]  # a dict stays one

    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *data]]
    new = [_NEW] if any(p.name == "X" for p in data) else []
    required = [p for p in keyword if p.default is inspect.Parameter.empty]
    optional = [p for p in keyword if p.default is not inspect.Parameter.empty]
    fit_and_apply.__signature__ = inspect.Signature([*required, *optional, *new])  # type: ignore[attr-defined]
    fit_and_apply.__name__ = kind.__name__
    return fit_and_apply


def plain(value: Any) -> Any:  # noqa: ANN401  (any result)
    """Return a result as JSON holds it: arrays become lists, an estimator what it learnt, infinity the text "inf".

    Examples
    --------
    >>> plain({"weights": np.array([1.0, np.inf]), "n": np.int64(2)})
    {'weights': [1.0, 'inf'], 'n': 2}
    """
    if isinstance(value, Estimator):
        return plain({"estimator": repr(value), **value.learnt})
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value
