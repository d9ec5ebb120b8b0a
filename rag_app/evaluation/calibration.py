"""The threshold of the gate, chosen on questions, and how sure one can be of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rag_app.chains.gate import MAX_FALSE_REFUSALS, Calibration
from rag_app.errors import InvalidInputError
from rag_app.evaluation.cases import MIN_CASES, Case
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.reading.extract import choose_sentences
from rag_app.reading.overlap import stems

if TYPE_CHECKING:
    from rag_app.reading.evidence import Evidence

_N_RESAMPLES = 1000
_PERCENTILES = (2.5, 97.5)
_SAME = 0.7  # of the words of the evidence: a quotation may begin later or lack a mark
_ROUNDING = 1e-9
_MOST_SHOWN = 40  # characters of a question

Array = NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval, which holds 95 % of the resamples' figures."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A case with what the documents offered for it.

    Parameters
    ----------
    strength : float
        Of the evidence, in [0, 1].
    correct : bool
        Whether an answer would be right: the question can be answered, and the sentences that would be quoted hold
        the evidence that the case names, if it names any.
    """

    case: Case
    strength: float
    correct: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold and how well evidence tells answerable questions from others.

    Parameters
    ----------
    threshold : Estimate
        The interval is that of thresholds which are chosen on resampled cases.
    auroc : Estimate
        How probably an answerable question has stronger evidence than another one.
    false_refusals, refusals : Estimate
        Shares of the answerable and the unanswerable questions that are refused, measured on cases that had no part
        in choosing: in each resample, those that were not drawn.
    n_answerable, n_unanswerable : int
        Cases of each kind.
    max_false_refusals : float
        Share of the answerable questions that were allowed to be refused.
    """

    threshold: Estimate
    auroc: Estimate
    false_refusals: Estimate
    refusals: Estimate
    n_answerable: int
    n_unanswerable: int
    max_false_refusals: float

    @property
    def calibration(self) -> Calibration:
        """The form that is recorded in the index."""
        return Calibration(
            threshold=self.threshold.value,
            low=self.threshold.low,
            high=self.threshold.high,
            n_answerable=self.n_answerable,
            n_unanswerable=self.n_unanswerable,
            max_false_refusals=self.max_false_refusals,
        )


def measure(
    cases: Sequence[Case], read: Callable[[str], Evidence], progress: Progress = lambda _name, _done, _total: None
) -> tuple[Measured, ...]:
    """Return the cases with the evidence that was found for them.

    Parameters
    ----------
    cases : sequence of Case
        The questions.
    read : callable
        Returns the evidence for a question, such as `rag_app.app.App.evidence`.
    progress : callable, optional
        Called with a question, questions done and questions in all.
    """
    measured = []
    for done, case in enumerate(cases):
        progress(shorten(case.question, _MOST_SHOWN, placeholder=" …"), done, len(cases))
        evidence = read(case.question)
        measured.append(Measured(case, evidence.strength, case.answerable and _quotes(evidence, case.evidence)))
    return tuple(measured)


def choose_threshold(
    answerable: Sequence[float] | Array, unanswerable: Sequence[float] | Array, max_false_refusals: float
) -> float:
    """Return the threshold that refuses most of the unanswerable questions and not too many of the others.

    Parameters
    ----------
    answerable, unanswerable : sequence of float
        Strengths of evidence; a question is refused where its own is below the threshold.
    max_false_refusals : float
        Share of the answerable questions that may be refused.

    Returns
    -------
    float
        Of the thresholds that refuse most, the one that refuses fewest answerable questions; it lies half-way between
        the two neighbouring strengths, because all thresholds between them do the same on these questions.

    Examples
    --------
    One of four may be refused, which gains the refusal of 0.5; then the middle of 0.5 and 0.7.

    >>> round(choose_threshold([0.4, 0.7, 0.8, 0.9], [0.1, 0.2, 0.5], 0.25), 3)
    0.6
    """
    kept, others = np.sort(answerable), np.sort(unanswerable)
    strengths = np.unique(np.concatenate([kept, others]))
    candidates = np.concatenate([strengths[:1], (strengths[:-1] + strengths[1:]) / 2])  # (t,), rising
    allowed = np.searchsorted(kept, candidates) <= max_false_refusals * len(kept) + _ROUNDING
    n_refused = np.searchsorted(others, candidates[allowed])
    return float(candidates[np.searchsorted(n_refused, n_refused[-1])])


def calibrate(measured: Sequence[Measured], max_false_refusals: float = MAX_FALSE_REFUSALS, *, seed: int = 0) -> Choice:
    """Return the threshold that `choose_threshold` finds on cases, with bootstrap intervals.

    Parameters
    ----------
    measured : sequence of Measured
        Answerable and unanswerable cases.
    max_false_refusals : float, default=0.03
        Share of the answerable questions that may be refused.
    seed : int, default=0
        Where the random numbers start.

    Raises
    ------
    InvalidInputError
        If there are fewer than two cases of a kind.

    Notes
    -----
    Cases of each kind are drawn with replacement. Efron & Tibshirani, "An introduction to the bootstrap" (1993).

    Examples
    --------
    >>> kept = [Measured(Case("Who?", answerable=True), strength, correct=True) for strength in (0.6, 0.7, 0.8)]
    >>> others = [Measured(Case("Where?", answerable=False), strength, correct=False) for strength in (0.1, 0.4)]
    >>> choice = calibrate([*kept, *others])
    >>> choice.threshold.value, choice.auroc.value
    (0.5, 1.0)
    """
    kept, others = strengths_of(measured, answerable=True), strengths_of(measured, answerable=False)
    if min(len(kept), len(others)) < MIN_CASES:
        msg = f"measured must hold two cases of each kind; got {len(kept)} answerable, {len(others)} unanswerable."
        raise InvalidInputError(msg)
    threshold = choose_threshold(kept, others, max_false_refusals)
    rng = np.random.default_rng(seed)
    resamples = [_resample(kept, others, max_false_refusals, rng) for _ in range(_N_RESAMPLES)]
    thresholds, aurocs, false_refusals, refusals = np.array(resamples).T
    return Choice(
        Estimate(threshold, *_interval(thresholds)),
        Estimate(_auroc(kept, others), *_interval(aurocs)),
        Estimate(float(np.nanmean(false_refusals)), *_interval(false_refusals)),
        Estimate(float(np.nanmean(refusals)), *_interval(refusals)),
        len(kept),
        len(others),
        max_false_refusals,
    )


def strengths_of(measured: Sequence[Measured], *, answerable: bool) -> Array:
    """Return the strengths of evidence of the cases of one kind, shape (n,)."""
    return np.array([m.strength for m in measured if m.case.answerable == answerable])


def _resample(
    kept: Array, others: Array, max_false_refusals: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return threshold and AUROC of a resample, and the shares refused of the cases that were not drawn."""
    drawn = [rng.integers(0, len(values), len(values)) for values in (kept, others)]
    mine = [values[which] for values, which in zip((kept, others), drawn, strict=True)]
    left = [np.delete(values, which) for values, which in zip((kept, others), drawn, strict=True)]
    threshold = choose_threshold(mine[0], mine[1], max_false_refusals)
    shares = [float((values < threshold).mean()) if len(values) else float("nan") for values in left]
    return threshold, _auroc(mine[0], mine[1]), shares[0], shares[1]


def _auroc(kept: Array, others: Array) -> float:
    labels = [1] * len(kept) + [0] * len(others)
    return roc_auc_score(labels, np.concatenate([kept, others]))


def _interval(values: NDArray[Any]) -> tuple[float, float]:
    low, high = np.nanpercentile(values, _PERCENTILES).tolist()
    return low, high


def _quotes(evidence: Evidence, wanted: Sequence[str]) -> bool:
    """Return whether one of the wanted sentences is among those that would be quoted."""
    quoted = [stems(sentence.text) for sentence in choose_sentences(evidence)] if wanted else []
    needed = [stems(sentence) for sentence in wanted]
    return not wanted or any(len(n & q) >= _SAME * max(len(n), 1) for n in needed for q in quoted)
