"""How good classifications are where the actual labels are known: in figures, and as a picture of the confusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_same_length
from rag_app.from_scratch.metrics.calibration import expected_calibration_error
from rag_app.from_scratch.metrics.classification import accuracy, confusion_matrix, f1_score, precision, recall
from rag_app.types import Classification

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "(none)"
_REFUSED = 0.01  # share of the texts that have a label
_INCHES_PER_LABEL = 0.45  # of a picture: a number of four digits fits into a cell
_SMALLEST, _LARGEST = 5.0, 60.0  # inches


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """How one label fares.

    Parameters
    ----------
    precision : float
        Share of the texts given the label that have it.
    recall : float
        Share of the texts that have the label which are given it.
    f1 : float
        Harmonic mean of both.
    support : int
        Texts that have it.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """Figures about classifications.

    Parameters
    ----------
    n_texts : int
        How many there are.
    accuracy : float
        Share of the texts whose label, or whose set of labels, is right.
    macro_precision, macro_recall, macro_f1 : float
        Plain means over the labels that texts may have: over "(none)" too, if a text has none.
    calibration_error : float or None
        How far the best score is from the share that is right; None where scores are no probabilities.
    usual_similarity : float or None
        What 99 % of the texts that have a label reach: with it as the threshold, the others are refused.
    labels : tuple of LabelFigures
        In the order of the label set; "(none)" last, if a text has no label or is given none.
    confusions : dict or None
        ``labels`` and ``counts``, a row for each actual label; None where a text may have several labels.
    notes : tuple of str
        What the classifications note.
    """

    n_texts: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    calibration_error: float | None
    usual_similarity: float | None
    labels: tuple[LabelFigures, ...]
    confusions: dict[str, Any] | None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag classify --gold`` prints."""
        return asdict(self)


def build_report(
    actual: Sequence[Sequence[str]],
    found: Sequence[Classification],
    labels: Sequence[str],
    *,
    multi_label: bool = False,
) -> ClassificationReport:
    """Return figures about classifications.

    Parameters
    ----------
    actual : sequence of sequence of str
        The labels of each text; empty where none of the label set fits.
    found : sequence of Classification
        What was found, in the same order.
    labels : sequence of str
        The label set.
    multi_label : bool, default=False
        Whether a text may have several labels.

    Raises
    ------
    InvalidInputError
        If there are no texts, the lengths differ, or an actual label is not in the label set.

    Examples
    --------
    >>> billing = Classification("billing", {"billing": 0.9, "refund": 0.1}, 0.8, ("billing",))
    >>> build_report([["billing"], ["refund"]], [billing, billing], ["billing", "refund"]).accuracy
    0.5
    """
    check_same_length(actual=actual, found=found)
    if not found:
        msg = "found must hold at least one classification; got none."
        raise InvalidInputError(msg)
    for i, names in enumerate(actual, start=1):
        unknown = [name for name in names if name not in labels]
        if unknown:
            msg = f"The label of text {i} must be one of the label set; got {unknown[0]!r}."
            raise InvalidInputError(msg)
    given = [tuple(names) or (NONE,) for names in actual]
    answers = [f.labels or (NONE,) for f in found]
    rows = [*labels, *([NONE] if any(NONE in names for names in [*given, *answers]) else [])]
    figures = tuple(_figures(label, given, answers) for label in rows)
    whole, predicted = ([" + ".join(sorted(names)) for names in side] for side in (given, answers))
    confusions = None if multi_label else confusion_matrix(whole, predicted, labels=rows)
    possible = [f for f in figures if f.label != NONE or f.support]
    reached = [f.similarity for names, f in zip(actual, found, strict=True) if names and f.similarity is not None]
    return ClassificationReport(
        n_texts=len(found),
        accuracy=accuracy(whole, predicted),
        macro_precision=float(np.mean([f.precision for f in possible])),
        macro_recall=float(np.mean([f.recall for f in possible])),
        macro_f1=float(np.mean([f.f1 for f in possible])),
        calibration_error=None if multi_label else _calibration_error(actual, found),
        usual_similarity=float(np.quantile(reached, _REFUSED)) if reached else None,
        labels=figures,
        confusions=confusions,
        notes=tuple(dict.fromkeys(note for f in found for note in f.notes)),
    )


def render_confusions(report: ClassificationReport) -> Figure:
    """Return the picture of which labels are taken for which; it grows with the label set.

    Raises
    ------
    InvalidInputError
        If texts may have several labels: there is no such picture.
    """
    from matplotlib.figure import Figure

    from rag_app.tools.plots.classifiers import render_confusion

    if report.confusions is None:
        msg = "A confusion matrix must be of texts with one label each; got several."
        raise InvalidInputError(msg, hint="Leave --plot or --multi-label out.")
    side = min(max(_SMALLEST, _INCHES_PER_LABEL * len(report.labels)), _LARGEST)
    figure = Figure(figsize=(side + 2, side), dpi=110, layout="constrained")
    render_confusion(figure, {}, report.confusions)
    return figure


def _figures(label: str, actual: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> LabelFigures:
    has, gets = ([int(label in names) for names in side] for side in (actual, answers))
    return LabelFigures(label, precision(has, gets), recall(has, gets), f1_score(has, gets), sum(has))


def _calibration_error(actual: Sequence[Sequence[str]], found: Sequence[Classification]) -> float | None:
    """Return that of the best score, whether or not it was believed; texts that no label fits do not count."""
    pairs = [(names, f) for names, f in zip(actual, found, strict=True) if names and f.similarity is not None]
    if not pairs:
        return None
    best = [next(iter(f.scores)) for _, f in pairs]
    right = [int(label in names) for label, (names, _) in zip(best, pairs, strict=True)]
    return expected_calibration_error(right, [min(f.scores[b], 1.0) for b, (_, f) in zip(best, pairs, strict=True)])
