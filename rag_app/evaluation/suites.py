"""What a suite asks, of which settings, by which metrics, and what is good enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rag_app.evaluation.cases import Case

DEFAULT_MARGIN = 0.02

Task = Literal["answer", "search", "label"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a metric's mean must reach.

    Parameters
    ----------
    at_least, at_most : float or None
        Limits of the mean over the scored rows of a variant.
    min_coverage : float, default=1.0
        Share of the rows to which the metric applies that must have a score: one that failed is not left out quietly.
    margin : float, default=0.02
        Difference between two runs that is put up with.
    """

    at_least: float | None = None
    at_most: float | None = None
    min_coverage: float = 1.0
    margin: float = DEFAULT_MARGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may take.

    Parameters
    ----------
    cost : float or None
        US dollars; at the limit, no further question is asked.
    time_s : float or None
        Seconds; likewise.
    concurrency : int, default=1
        Questions that are asked at the same time.
    """

    cost: float | None = None
    time_s: float | None = None
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """A cell of the matrix: the settings that differ from the user's own.

    Examples
    --------
    >>> Variant("k=3", {"k": 3}).settings
    {'k': 3}
    """

    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite; `rag_app.evaluation.suite_files.load_suite` makes it.

    Parameters
    ----------
    name, description : str
        For reports; the name is that of the file.
    path : pathlib.Path
        The file.
    cases : tuple of Case
        Those that are asked.
    metrics : tuple of str
        Names of metrics.
    variants : tuple of Variant
        The cells of the matrix.
    task : {"answer", "search", "label"}, default="answer"
        Whether questions are answered, passages found for them, or texts labelled.
    corpus : tuple of pathlib.Path, default=()
        What the questions are asked about; empty means the index that the settings name.
    labels : pathlib.Path or None
        The label set, for the task "label".
    bounds : mapping of str to Bound
        By metric.
    limits : Limits
        What a run may take.
    repeats : int, default=1
        How often each question is asked.
    seed : int, default=0
        Where the random numbers of intervals start.
    judge : str, default=""
        The language model that judges.
    judge_repeats : int, default=1
        How often it is asked for each score.
    """

    name: str
    path: Path
    cases: tuple[Case, ...]
    metrics: tuple[str, ...]
    variants: tuple[Variant, ...]
    description: str = ""
    task: Task = "answer"
    corpus: tuple[Path, ...] = ()
    labels: Path | None = None
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    limits: Limits = Limits()
    repeats: int = 1
    seed: int = 0
    judge: str = ""
    judge_repeats: int = 1

    @property
    def n_rows(self) -> int:
        """How many answers a run makes."""
        return len(self.cases) * len(self.variants) * self.repeats

    def to_json(self) -> dict[str, Any]:
        """Return what a run file says of the suite; without paths, which are others on another machine."""
        return {
            "name": self.name,
            "description": self.description,
            "task": self.task,
            "metrics": list(self.metrics),
            "thresholds": {name: asdict(bound) for name, bound in self.bounds.items()},
            "repeats": self.repeats,
            "n_cases": len(self.cases),
            "judge": self.judge,
        }
