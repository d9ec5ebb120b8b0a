"""What a threshold does to questions: in figures, and as a picture of risk and coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rag_app.evaluation.calibration import Array, Choice, Measured, strengths_of
from rag_app.from_scratch.metrics.abstention import risk_coverage_curve
from rag_app.from_scratch.statistics.intervals import proportion_confidence_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WRONG, _UNANSWERABLE = "wrong answers", "answers to unanswerable questions"
_FEW = 30  # cases of a kind, below which a share is known to ten points at best


def build_report(measured: Sequence[Measured], choice: Choice, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Return figures about cases, as JSON holds them.

    Parameters
    ----------
    measured : sequence of Measured
        Cases of both kinds.
    choice : Choice
        What `calibrate` found on them.
    thresholds : mapping of str to float
        The thresholds that are looked at, by name; the last one is the one that matters.

    Returns
    -------
    dict
        ``auroc``; ``area``, that under the risk–coverage curve; ``thresholds`` with ``coverage`` (share of questions
        that are answered), ``risk`` (share of the answers that are wrong: given to unanswerable questions, or without
        the evidence that the case names) and ``unanswerable`` (the former alone); ``groups`` of cases, with how many
        each threshold refuses; ``reservations``, sentences about what so few cases cannot tell.
    """
    return {
        "auroc": asdict(choice.auroc),
        "area": _curves(measured)[_WRONG]["area"],
        "thresholds": {name: {"value": t, **_operating_point(measured, t)} for name, t in thresholds.items()},
        "groups": [
            {
                **name,
                "n": len(strengths),
                "refused": {by: sum(s < t for s in strengths) for by, t in thresholds.items()},
            }
            for name, strengths in _groups(measured)
        ],
        "reservations": list(_reservations(measured, thresholds)),
    }


def changes(measured: Sequence[Measured], before: float, after: float) -> dict[str, list[str]]:
    """Return the questions that another threshold answers or refuses, and whether rightly.

    Parameters
    ----------
    measured : sequence of Measured
        The cases.
    before, after : float
        The thresholds.

    Returns
    -------
    dict of str to list of str
        Questions under "refused now, rightly", "refused now, wrongly", "answered now, rightly" and "answered now,
        wrongly".

    Examples
    --------
    >>> from rag_app.evaluation.cases import Case
    >>> measured = [Measured(Case("Where?", answerable=False), strength=0.55, correct=False)]
    >>> {what: questions for what, questions in changes(measured, before=0.5, after=0.6).items() if questions}
    {'refused now, rightly': ['Where?']}
    """
    found: dict[str, list[str]] = {
        f"{what} now, {how}": [] for what in ("refused", "answered") for how in ("rightly", "wrongly")
    }
    for m in measured:
        refused = m.strength < after
        if refused != (m.strength < before):
            rightly = "rightly" if refused != m.case.answerable else "wrongly"
            found[f"{'refused' if refused else 'answered'} now, {rightly}"].append(m.case.question)
    return found


def render_curve(measured: Sequence[Measured], thresholds: Mapping[str, float]) -> Figure:
    """Return a picture of the risk–coverage curve of cases, with a mark where each threshold stands.

    Parameters
    ----------
    measured : sequence of Measured
        The cases.
    thresholds : mapping of str to float
        By name.
    """
    from matplotlib.figure import Figure

    from rag_app.tools.plots.style import COLOURS, LINES, MARKERS, name_axes, pick

    figure = Figure(figsize=(7, 5.5), dpi=110, layout="constrained")
    axes = figure.subplots()
    curves = {name: curve for name, curve in _curves(measured).items() if name == _WRONG or _names_evidence(measured)}
    for i, (name, curve) in enumerate(curves.items()):
        look: dict[str, Any] = {"color": pick(COLOURS, i), "linestyle": pick(LINES, i)}
        x, y = ([0.0, *curve["coverages"]], [curve["risks"][0], *curve["risks"]])
        axes.step(x, y, where="pre", label=f"{name} (area {curve['area']:.3f})", **look)
    for i, (name, threshold) in enumerate(thresholds.items(), start=len(curves)):
        at = _operating_point(measured, threshold)
        look = {"color": pick(COLOURS, i), "marker": pick(MARKERS, i), "linestyle": "", "markersize": 9}
        label = f"threshold {name}, {threshold:.3g}: {at['coverage']:.1%} answered, {at['risk']:.1%} of these wrong"
        axes.plot([at["coverage"]], [at["risk"]], label=label, **look)
    name_axes(axes, "Risk and coverage, lower is better", "share of questions answered", "share of the answers")
    axes.set_ylim(bottom=-0.01)
    figure.legend(loc="outside lower center")
    return figure


def _curves(measured: Sequence[Measured]) -> dict[str, dict[str, Any]]:
    strengths = [m.strength for m in measured]
    right = {_WRONG: [m.correct for m in measured], _UNANSWERABLE: [m.case.answerable for m in measured]}
    return {name: risk_coverage_curve([int(r) for r in values], strengths) for name, values in right.items()}


def _names_evidence(measured: Sequence[Measured]) -> bool:
    return any(m.case.evidence for m in measured)


def _operating_point(measured: Sequence[Measured], threshold: float) -> dict[str, float]:
    """Return coverage and risks; where nothing is answered, nothing is wrong."""
    answered = [m for m in measured if m.strength >= threshold]
    n = max(len(answered), 1)
    return {
        "coverage": len(answered) / len(measured),
        "risk": sum(not m.correct for m in answered) / n,
        "unanswerable": sum(not m.case.answerable for m in answered) / n,
    }


def _groups(measured: Sequence[Measured]) -> Iterator[tuple[dict[str, Any], list[float]]]:
    """Yield all answerable cases, those of each kind, all unanswerable ones and those of each: name and strengths."""
    for answerable in (True, False):
        mine = [m for m in measured if m.case.answerable == answerable]
        kinds = dict.fromkeys(m.case.kind for m in mine)
        yield {"answerable": answerable, "kind": ""}, [m.strength for m in mine]
        for kind in kinds if len(kinds) > 1 else ():
            yield {"answerable": answerable, "kind": kind}, [m.strength for m in mine if m.case.kind == kind]


def _reservations(measured: Sequence[Measured], thresholds: Mapping[str, float]) -> Iterator[str]:
    threshold = list(thresholds.values())[-1]
    for name, strengths in _strengths(measured).items():
        if len(strengths) < _FEW:
            share = proportion_confidence_interval(int((strengths < threshold).sum()), len(strengths))
            yield (
                f"Only {len(strengths)} {name} questions: of others like them, between {share['low']:.0%} and "
                f"{share['high']:.0%} may be refused."
            )


def _strengths(measured: Sequence[Measured]) -> dict[str, Array]:
    return {
        "answerable": strengths_of(measured, answerable=True),
        "unanswerable": strengths_of(measured, answerable=False),
    }
