"""The words by which people ask for a tool: its own name, and what else it is called."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeGuard

from rag_app.registry import entries

_NAME_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_DIGITS = 12  # of a logarithm: the last digits would be noise

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a wording asks for.

    Parameters
    ----------
    tool : str
        Name of the tool.
    fixed : mapping
        Arguments that the wording itself gives: "macro f1".
    extra : tuple of str
        Names of values that may be given though the tool has no such parameter.
    prepare : callable, optional
        Turns what was given into the tool's arguments, and says in a sentence what it did.
    """

    tool: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    prepare: Callable[[Given], tuple[Given, str]] | None = None


def _cooled(given: Given) -> tuple[Given, str]:
    temperature = given.get("temperature")
    values = given.get("logits")
    if not _are_numbers(values) or not isinstance(temperature, int | float) or temperature <= 0:
        return given, ""  # a temperature that is still there is refused
    del given["temperature"]
    logits = [round(z / temperature, _DIGITS) for z in values]
    return {**given, "logits": logits}, f"The logits were divided by the temperature {temperature:g}."


def _logarithms(given: Given) -> tuple[Given, str]:
    values = given.get("log_probabilities")
    if not _are_numbers(values) or not all(0 < p <= 1 for p in values):
        return given, ""
    logs = [round(math.log(p), _DIGITS) for p in values]
    return {"log_probabilities": logs}, "The numbers were taken for probabilities: the tool takes their logarithms."


def _are_numbers(values: Any) -> TypeGuard[list[float]]:  # noqa: ANN401  (what was given)
    return isinstance(values, list) and all(isinstance(value, int | float) for value in values)


_AVERAGED = {"f1": "f1_score", "f1 score": "f1_score", "precision": "precision", "recall": "recall"}
_PHRASES = {
    "softmax": Phrase("logits_to_probabilities", extra=("temperature",), prepare=_cooled),
    "perplexity": Phrase("perplexity", prepare=_logarithms),
    **{activation: Phrase("activation_values", {"activation": activation}) for activation in ("relu", "tanh", "gelu")},
    "sigmoid": Phrase("logits_to_probabilities", {"task": "multilabel"}),
    **{f"{measure} distance": Phrase("vector_distance", {"measure": measure}) for measure in ("euclidean", "cosine")},
    **{
        f"{average} {name}": Phrase(tool, {"average": average})
        for average in ("macro", "micro", "weighted")
        for name, tool in _AVERAGED.items()
    },
    **{
        words: Phrase(tool)
        for tool, several in {
            "accuracy": "accuracy score",
            "brier_loss": "brier, brier score",
            "cosine_similarity": "cosine",
            "expected_calibration_error": "ece, calibration error",
            "f1_score": "f1, f1 measure",
            "js_divergence": "js, jensen shannon divergence",
            "kl_divergence": "kl, kullback leibler divergence, relative entropy",
            "mean_absolute_error": "mae",
            "mean_squared_error": "mse",
            "ndcg": "ndcg at k",
            "r2_score": "r2, r squared",
            "recall_at_k": "recall at",
            "reciprocal_rank": "mrr, reciprocal rank at k, mrr at k",
            "roc_auc_score": "auc, auroc, roc auc",
            "summary_statistics": "mean, median, variance, standard deviation, average, quartiles",
        }.items()
        for words in several.split(", ")
    },
}


@lru_cache(maxsize=1)
def load_phrases() -> Mapping[tuple[str, ...], Phrase]:
    """Return what each wording asks for, by its words in lower case.

    Examples
    --------
    >>> load_phrases()["macro", "f1"]
    Phrase(tool='f1_score', fixed={'average': 'macro'}, extra=(), prepare=None)
    >>> load_phrases()["linear", "regression"].tool
    'LinearRegression'
    """
    own = {name_words(entry.name): Phrase(entry.name) for entry in entries()}
    return {**own, **{tuple(words.split()): phrase for words, phrase in _PHRASES.items()}}


def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a tool's or a parameter's name.

    Examples
    --------
    >>> name_words("KNeighborsClassifier"), name_words("y_true")
    (('k', 'neighbors', 'classifier'), ('y', 'true'))
    """
    return tuple(part.lower() for part in _NAME_PART.findall(name))
