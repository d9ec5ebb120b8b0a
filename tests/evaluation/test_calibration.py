"""The choice of a threshold: against every other one, on cases that one can follow by hand, and on real evidence."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.evaluation.calibration import Measured, calibrate, choose_threshold, measure, strengths_of
from rag_app.evaluation.cases import Case
from rag_app.from_scratch.metrics.curves import roc_auc_score

STRENGTHS = st.lists(st.integers(0, 20).map(lambda i: i / 20), min_size=1, max_size=12)


def measured_of(kept, others):
    """Return cases with these strengths."""
    return [
        Measured(Case(f"{answerable} {i}", answerable), float(s), correct=answerable)
        for answerable, strengths in ((True, kept), (False, others))
        for i, s in enumerate(strengths)
    ]


def normal(n_kept, n_others, seed=0):
    """Return cases whose strengths overlap."""
    rng = np.random.default_rng(seed)
    return measured_of(rng.normal(0.7, 0.1, n_kept), rng.normal(0.4, 0.1, n_others))


# -- the choice --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "others", "limit", "expected"),
    [
        ([0.6, 0.8], [0.2, 0.4], 0.0, 0.5),  # apart: the middle of the gap
        ([0.6, 0.8], [0.2, 0.4], 0.5, 0.5),  # refusing 0.6 would be allowed, and would gain nothing
        ([0.5, 0.7, 0.8, 0.9], [0.1, 0.6], 0.2, 0.3),  # refusing 0.6 costs a quarter
        ([0.5, 0.7, 0.8, 0.9], [0.1, 0.6], 0.25, 0.65),  # which is allowed here
        ([0.3, 0.4], [0.8, 0.9], 0.1, 0.3),  # nothing to be gained: nothing is refused
        ([0.5, 0.5], [0.5, 0.5], 0.1, 0.5),  # equal strengths are refused together
        ([0.5], [0.5, 0.3], 0.0, 0.4),
    ],
)
def test_cases_to_follow_by_hand(kept, others, limit, expected):
    """The limit, the gain, and the middle between neighbours."""
    assert choose_threshold(kept, others, limit) == pytest.approx(expected)


@given(STRENGTHS, STRENGTHS, st.sampled_from([0.0, 0.03, 0.1, 0.25, 0.5]))
def test_no_other_threshold_is_better(kept, others, limit):
    """None within the limit refuses more of the unanswerable, or as many of them and fewer of the answerable."""

    def refused(threshold):
        return sum(s < threshold for s in others), -sum(s < threshold for s in kept)

    chosen = choose_threshold(kept, others, limit)
    gain, cost = refused(chosen)
    assert -cost <= limit * len(kept) + 1e-9
    everything = [i / 40 for i in range(42)]
    allowed = [refused(t) for t in everything if -refused(t)[1] <= limit * len(kept) + 1e-9]
    assert (gain, cost) == max(allowed)


@given(STRENGTHS, STRENGTHS)
def test_the_order_of_questions_does_not_matter(kept, others):
    """Nor does it matter whether all strengths are shifted: the threshold moves with them."""
    chosen = choose_threshold(kept, others, 0.1)
    assert choose_threshold(kept[::-1], others[::-1], 0.1) == chosen
    shifted = choose_threshold([s + 0.5 for s in kept], [s + 0.5 for s in others], 0.1)
    assert shifted == pytest.approx(chosen + 0.5)


# -- how sure one can be -----------------------------------------------------------------------------------------------


def test_the_same_cases_give_the_same_figures():
    """Bit for bit; another seed moves the intervals and leaves the rest."""
    cases = normal(50, 40)
    first, again, other = calibrate(cases), calibrate(cases), calibrate(cases, seed=1)
    assert asdict(first) == asdict(again)
    assert first.threshold.value == other.threshold.value
    assert first.threshold != other.threshold
    assert (first.n_answerable, first.n_unanswerable, first.max_false_refusals) == (50, 40, 0.03)


def test_the_figures_are_those_of_the_cases():
    """AUROC and threshold without resampling; the recorded form repeats them."""
    cases = normal(60, 30)
    kept, others = strengths_of(cases, answerable=True), strengths_of(cases, answerable=False)
    choice = calibrate(cases, 0.1)
    assert choice.threshold.value == choose_threshold(kept, others, 0.1)
    assert choice.auroc.value == roc_auc_score([1] * 60 + [0] * 30, [*kept, *others])
    recorded = choice.calibration
    assert (recorded.threshold, recorded.low, recorded.high) == tuple(asdict(choice.threshold).values())
    assert (recorded.n_answerable, recorded.n_unanswerable, recorded.max_false_refusals) == (60, 30, 0.1)


def test_intervals_hold_the_figure_and_narrow_with_more_cases():
    """Sixteen times the cases make the interval of AUROC a quarter as wide, within a half."""
    few, many = calibrate(normal(40, 40)), calibrate(normal(640, 640))
    for choice in (few, many):
        for estimate in (choice.threshold, choice.auroc):
            assert estimate.low <= estimate.value <= estimate.high
    ratio = (many.auroc.high - many.auroc.low) / (few.auroc.high - few.auroc.low)
    assert 0.125 < ratio < 0.5


def test_the_interval_of_auroc_has_the_width_that_theory_gives():
    """That of Hanley and McNeil (1982): √((A(1-A) + (n-1)(A/(2-A) - A²) + (m-1)(2A²/(1+A) - A²)) / nm)."""
    n, m = 150, 120
    rng = np.random.default_rng(5)
    choice = calibrate(measured_of(rng.normal(0.6, 0.1, n), rng.normal(0.5, 0.1, m)))
    a = choice.auroc.value
    variance = (a * (1 - a) + (n - 1) * (a / (2 - a) - a**2) + (m - 1) * (2 * a**2 / (1 + a) - a**2)) / (n * m)
    assert choice.auroc.high - choice.auroc.low == pytest.approx(2 * 1.96 * variance**0.5, rel=0.15)


def test_refusals_of_cases_that_had_no_part_in_choosing():
    """They are what new cases of the same kind show, where the cases themselves flatter the choice."""
    choice = calibrate(normal(30, 30), 0.0)
    unseen = normal(5000, 5000, seed=9)
    for answerable, estimate in ((True, choice.false_refusals), (False, choice.refusals)):
        share = (strengths_of(unseen, answerable=answerable) < choice.threshold.value).mean()
        assert estimate.value == pytest.approx(share, abs=0.05)
    assert choice.false_refusals.value > 0  # though none of the thirty is refused


@pytest.mark.parametrize(("n_kept", "n_others"), [(0, 5), (5, 0), (1, 5), (5, 1)])
def test_two_cases_of_each_kind_are_needed(n_kept, n_others):
    """The error says how many there are."""
    message = f"measured must hold two cases of each kind; got {n_kept} answerable, {n_others} unanswerable"
    with pytest.raises(InvalidInputError, match=message):
        calibrate(normal(n_kept, n_others))


def test_two_cases_of_each_kind_are_enough():
    """Every figure is a number."""
    choice = calibrate(normal(2, 2))
    figures = [getattr(choice, name) for name in ("threshold", "auroc", "false_refusals", "refusals")]
    assert np.isfinite([value for figure in figures for value in asdict(figure).values()]).all()


# -- measuring ---------------------------------------------------------------------------------------------------------


def test_measuring_reads_the_evidence_that_answers_rest_on(app):
    """Strength as the gate sees it; an answer is right where the evidence that the case names is quoted."""
    sentence = app.ask("What is mode collapse?").citations[0].quote
    cases = [
        Case("What is mode collapse?", answerable=True),
        Case("What is mode collapse ?", answerable=True, evidence=("Rice is boiled in water.", sentence)),
        Case("What is mode collapse  ?", answerable=True, evidence=("Rice is boiled in water.",)),
        Case("How do I cook rice?", answerable=False),
    ]
    steps = []
    measured = measure(cases, app.evidence, lambda *step: steps.append(step))
    assert [m.case for m in measured] == cases
    assert [m.strength for m in measured] == [app.evidence(c.question).strength for c in cases]
    assert [m.correct for m in measured] == [True, True, False, False]
    assert measured[0].strength > 0.5 > measured[3].strength
    assert steps == [(" ".join(c.question.split()), i, 4) for i, c in enumerate(cases)]
