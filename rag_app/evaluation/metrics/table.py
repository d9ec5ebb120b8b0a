"""The metrics by name: each a function from an `Example` to a `Score`, with a card.

Adding one is writing a function under ``@metric(name=…, definition=…, …)`` in a module of this package that `_MODULES`
lists; nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag_app.errors import EvaluationError, RagAppError, UnknownNameError
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.scores import Score, failed

if TYPE_CHECKING:
    from rag_app.evaluation.verdicts import Judge

_MODULES = (
    "retrieval",
    "abstention",
    "citations",
    "faithfulness",
    "correctness",
    "relevance",
    "injection",
    "labelling",
    "performance",
)
_OF_TASK = {"search": ("retrieval", "performance"), "label": ("labelling", "performance")}
JUDGE = "judge"
STRENGTH = "strength"

ScoreFunction = Callable[[Example], Score]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that can be asked for a score.

    Parameters
    ----------
    card : Card
        What it measures and misses.
    function : callable
        Returns the score of an example; may raise a `RagAppError`.
    """

    card: Card
    function: ScoreFunction

    @property
    def name(self) -> str:
        """As suites name it."""
        return self.card.name

    def score(self, example: Example) -> Score:
        """Return the score of an example; what goes wrong is a score too, with the status "error"."""
        try:
            return self.function(example)
        except RagAppError as exc:
            return failed(str(exc))


_TABLE: dict[str, Metric] = {}


def metric(**card: Any) -> Callable[[ScoreFunction], ScoreFunction]:  # noqa: ANN401  (the parameters of Card)
    """Return a decorator that enters a function into the table and returns it unchanged.

    Parameters
    ----------
    **card
        See `rag_app.evaluation.metrics.cards.Card`.

    Raises
    ------
    EvaluationError
        If there is a metric of that name already.
    """

    def enter(function: ScoreFunction) -> ScoreFunction:
        made = Metric(Card(**card), function)
        if made.name in _TABLE:
            msg = f"name must not be that of another metric; got {made.name!r}."
            raise EvaluationError(msg)
        _TABLE[made.name] = made
        return function

    return enter


def load_metrics(names: Iterable[str], judge: Judge | None = None) -> tuple[Metric, ...]:
    """Return metrics by name.

    Parameters
    ----------
    names : iterable of str
        As `cards` lists them.
    judge : Judge, optional
        Who judges, for the metrics that need one.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    EvaluationError
        If one needs a judge and there is none.

    Examples
    --------
    >>> [m.card.direction for m in load_metrics(["false_refusal"])]
    ['lower']
    """
    table = _filled()
    return tuple(_load_metric(name, table, judge) for name in names)


def cards() -> Iterator[Card]:
    """Yield the cards of all metrics, those that need a judge last."""
    yield from (made.card for made in _filled().values())
    yield from _judge_cards().values()


def card_of(name: str) -> Card:
    """Return the card of a metric.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    """
    known = {card.name: card for card in cards()}
    if name not in known:
        raise UnknownNameError(kind="metric", name=name, known=known)
    return known[name]


def is_for(name: str, task: str) -> bool:
    """Return whether a metric looks at what a task of suites makes: passages alone, or a label, or answers.

    Examples
    --------
    >>> is_for("ndcg", "search"), is_for("false_refusal", "search"), is_for("false_refusal", "answer")
    (True, False, True)
    """
    made = _filled().get(name)
    if task not in _OF_TASK or made is None:  # a judge says itself what it cannot judge
        return True
    package, _, module = made.function.__module__.rpartition(".")
    return package != __package__ or module in _OF_TASK[task]  # one of the user's own may look at anything


def _load_metric(name: str, table: dict[str, Metric], judge: Judge | None) -> Metric:
    if name in table:
        return table[name]
    card = card_of(name)
    if judge is None:
        msg = f"The metric {name} needs a judge."
        raise EvaluationError(msg, hint='Add a line such as judge = "openai:gpt-4o-mini" to the suite.')
    from rag_app.evaluation.judges import load_judge_metric

    return Metric(card, load_judge_metric(name, judge))


def _filled() -> dict[str, Metric]:
    for module in _MODULES:
        importlib.import_module(f"rag_app.evaluation.metrics.{module}")
    return _TABLE


def _judge_cards() -> dict[str, Card]:
    from rag_app.evaluation.judges import JUDGE_CARDS

    return {card.name: card for card in JUDGE_CARDS}
