"""The few tools of the register that a request may need: all of them are too many for a language model's context."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from rag_app.from_scratch.language.words import words
from rag_app.reading.overlap import stem
from rag_app.registry import Entry, entries
from rag_app.tools.adapter import arguments_model, read_numpydoc
from rag_app.tools.course import sections
from rag_app.tools.phrases import load_phrases, name_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm import MiniLM

WORDS = 0.2  # what shared words count, beside a likeness of at most 1: from benchmarks/tool_selection.py

_NAMED, _SUMMARISED, _PARAMETER, _EXPLAINED = 3.0, 1.0, 0.5, 0.5  # how much a word says where it stands
_FRAME = frozenset(
    "a an and are at by can do for from give in is it me my of on or please return the to what with".split()
)
_DIGITS = re.compile(r"^[\d.]+$")


class ToolSelector:
    """Selects tools by the likeness of what they do to a request, and by the words that they share with it.

    Parameters
    ----------
    embedder : MiniLM
        The tools are embedded when the first request comes, for all selectors of the process.
    """

    _lock = Lock()
    _embedded: ClassVar[tuple[list[Entry], NDArray[np.float32]] | None] = None

    def __init__(self, embedder: MiniLM) -> None:
        self._embedder = embedder

    def select(self, request: str, k: int) -> list[Entry]:
        """Return the tools that fit a request best, best first.

        Parameters
        ----------
        request : str
            What is to be computed, in any words.
        k : int
            How many.
        """
        known, vectors = self._tools
        likeness = vectors @ self._embedder.embed([request])[0]
        shared = score_tools(request)
        most = max(shared.values(), default=1.0)
        scores = [float(x) + WORDS * shared.get(e.name, 0.0) / most for e, x in zip(known, likeness, strict=True)]
        order = sorted(range(len(known)), key=lambda i: -scores[i])
        return [known[i] for i in order[:k]]

    @property
    def _tools(self) -> tuple[list[Entry], NDArray[np.float32]]:
        with self._lock:
            if ToolSelector._embedded is None:
                known = list(entries())
                ToolSelector._embedded = known, self._embedder.embed_passages([described(entry) for entry in known])
            return ToolSelector._embedded


def described(entry: Entry) -> str:
    """Return a tool's name in words and what it returns: what its vector is of.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> described(get("logit"))
    'logit: the logarithm of the odds of a probability, which the sigmoid turns back into it.'
    """
    return f"{' '.join(name_words(entry.name))}: {entry.summary.removeprefix('Return ')}"


def score_tools(request: str) -> dict[str, float]:
    """Return how well each tool that shares a word with a request fits it.

    Notes
    -----
    The score of a tool is ``(1 + c) Σ idf(w) · weight(w)`` over the stems w of the request, where the weight is that of
    the best place in which the tool has w, ``idf(w) = ln(1 + N / n(w))`` for n of N tools that have it, and c is the
    share of the tool's name that the request holds.

    Examples
    --------
    >>> scores = score_tools("Train a linear regression")
    >>> scores["LinearRegression"] > scores["LogisticRegression"] > 0
    True
    """
    weights, rarity, spoken = _index()
    asked = _stems(request)
    named = {tool: max(len(asked & name) / len(name) for name in names) for tool, names in spoken.items()}
    scores = {tool: sum(rarity[s] * own[s] for s in asked if s in own) for tool, own in weights.items()}
    return {tool: score * (1 + named[tool]) for tool, score in scores.items() if score > 0}


def render_signature(entry: Entry) -> str:
    """Return a tool's name, parameters and first line on one line, as a language model reads them in a list.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> render_signature(get("logit"))
    'logit(probability): Return the logarithm of the odds of a probability, which the sigmoid turns back into it.'
    """
    fields = arguments_model(entry).model_fields
    given = ", ".join(name if field.is_required() else f"{name}={field.default!r}" for name, field in fields.items())
    return f"{entry.name}({given}): {entry.summary}"


@lru_cache(maxsize=1)
def _index() -> tuple[Mapping[str, Mapping[str, float]], Mapping[str, float], Mapping[str, list[set[str]]]]:
    """Return the weight of each stem for each tool, how rare each stem is, and what each tool is called."""
    weights: dict[str, dict[str, float]] = {entry.name: _weights(entry) for entry in entries()}
    spoken: dict[str, list[set[str]]] = {tool: [] for tool in weights}
    for name, phrase in load_phrases().items():
        _raise(weights[phrase.tool], " ".join(name), _NAMED)
        spoken[phrase.tool].append(_stems(" ".join(name)) or {" ".join(name)})
    counts = Counter(s for own in weights.values() for s in own)
    return weights, {s: math.log1p(len(weights) / n) for s, n in counts.items()}, spoken


def _weights(entry: Entry) -> dict[str, float]:
    own: dict[str, float] = {}
    summary, parameters = read_numpydoc(entry.target)
    _raise(own, " ".join(heading for _, heading, _ in sections(entry)), _EXPLAINED)
    _raise(own, " ".join(parameters).replace("_", " "), _PARAMETER)
    _raise(own, summary, _SUMMARISED)
    return own


def _raise(own: dict[str, float], text: str, weight: float) -> None:
    for s in _stems(text):
        own[s] = max(own.get(s, 0.0), weight)


def _stems(text: str) -> set[str]:
    return {stem(w) for w in words(text) if w not in _FRAME and not _DIGITS.match(w)}
