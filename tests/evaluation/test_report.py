"""What a threshold does to questions, in figures and drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rag_app.evaluation.calibration import Measured, calibrate
from rag_app.evaluation.cases import Case
from rag_app.evaluation.report import build_report, changes, render_curve

THRESHOLDS = {"in use": 0.5, "chosen": 0.65}


def measured(question, strength, *, answerable, kind="", quoted=True, evidence=()):
    """Return a case that was measured."""
    case = Case(question, answerable, kind=kind, evidence=evidence)
    return Measured(case, strength, correct=answerable and quoted)


@pytest.fixture
def cases():
    """Six cases: 0.9 right, 0.8 right, 0.7 not quoted, 0.6 and 0.55 and 0.2 unanswerable."""
    return [
        measured("a", 0.9, answerable=True, kind="who"),
        measured("b", 0.8, answerable=True, kind="why", evidence=("b",)),
        measured("c", 0.7, answerable=True, kind="why", quoted=False, evidence=("c",)),
        measured("d", 0.6, answerable=False, kind="near"),
        measured("e", 0.55, answerable=False, kind="near"),
        measured("f", 0.2, answerable=False, kind="far"),
    ]


def test_the_figures(cases):
    """At 0.5 five of six are answered, three wrongly, two of these unanswerable; at 0.65 three, one wrongly."""
    report = build_report(cases, calibrate(cases), THRESHOLDS)
    assert json.loads(json.dumps(report)) == report
    assert report["thresholds"]["in use"] == pytest.approx(
        {"value": 0.5, "coverage": 5 / 6, "risk": 3 / 5, "unanswerable": 2 / 5}
    )
    assert report["thresholds"]["chosen"] == pytest.approx(
        {"value": 0.65, "coverage": 1 / 2, "risk": 1 / 3, "unanswerable": 0}
    )
    assert report["area"] == pytest.approx((0 + 0 + 1 / 3 + 2 / 4 + 3 / 5 + 4 / 6) / 6)
    assert report["auroc"]["value"] == 1


def test_the_groups(cases):
    """All answerable cases, each of their kinds, and so for the others; a question as strong as the threshold stays."""
    groups = build_report(cases, calibrate(cases), {"in use": 0.6})["groups"]
    assert [(g["answerable"], g["kind"], g["n"], g["refused"]["in use"]) for g in groups] == [
        (True, "", 3, 0),
        (True, "who", 1, 0),
        (True, "why", 2, 0),
        (False, "", 3, 2),
        (False, "near", 2, 1),
        (False, "far", 1, 1),
    ]


def test_kinds_are_left_out_where_there_is_one():
    """It would repeat the line above it."""
    cases = [measured(str(i), i / 10, answerable=i > 4, kind="any") for i in range(10)]
    assert len(build_report(cases, calibrate(cases), THRESHOLDS)["groups"]) == 2


def test_few_cases_are_said_to_be_few(cases):
    """With the interval (Wilson's) of the share refused at the last threshold; thirty of a kind are enough."""
    report = build_report(cases, calibrate(cases), THRESHOLDS)
    assert report["reservations"] == [
        "Only 3 answerable questions: of others like them, between 0% and 56% may be refused.",
        "Only 3 unanswerable questions: of others like them, between 44% and 100% may be refused.",
    ]
    many = [measured(str(i), i / 60, answerable=i > 29) for i in range(60)]
    assert build_report(many, calibrate(many), THRESHOLDS)["reservations"] == []


def test_where_nothing_is_answered_nothing_is_wrong(cases):
    """A threshold of 1 has no coverage and no risk."""
    report = build_report(cases, calibrate(cases), {"in use": 1.0})
    assert report["thresholds"]["in use"] == {"value": 1.0, "coverage": 0, "risk": 0, "unanswerable": 0}


def test_what_changes(cases):
    """Each question once, under what happens to it; in both directions."""
    assert changes(cases, 0.58, 0.75) == {
        "refused now, rightly": ["d"],
        "refused now, wrongly": ["c"],
        "answered now, rightly": [],
        "answered now, wrongly": [],
    }
    back = changes(cases, 0.75, 0.5)
    assert (back["answered now, rightly"], back["answered now, wrongly"]) == (["c"], ["d", "e"])
    assert not any(changes(cases, 0.5, 0.5).values())


def test_the_picture_shows_both_risks_and_where_the_thresholds_stand(cases):
    """The curve of wrong answers, that of answers to unanswerable questions, and a mark for each threshold."""
    figure = render_curve(cases, THRESHOLDS)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    wrong, unanswerable, *marks = axes.lines
    assert np.allclose(wrong.get_xdata(), np.arange(7) / 6)
    assert np.allclose(wrong.get_ydata(), [0, 0, 0, 1 / 3, 2 / 4, 3 / 5, 4 / 6])
    assert np.allclose(unanswerable.get_ydata(), [0, 0, 0, 0, 1 / 4, 2 / 5, 3 / 6])
    assert [(m.get_xdata()[0], m.get_ydata()[0]) for m in marks] == [(5 / 6, 3 / 5), (1 / 2, 1 / 3)]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "wrong answers (area 0.350)",
        "answers to unanswerable questions (area 0.192)",
        "threshold in use, 0.5: 83.3% answered, 60.0% of these wrong",
        "threshold chosen, 0.65: 50.0% answered, 33.3% of these wrong",
    ]


def test_without_evidence_both_risks_are_one():
    """So that there is one curve."""
    cases = [measured(str(i), i / 10, answerable=i > 4) for i in range(10)]
    (axes,) = render_curve(cases, {"in use": 0.5}).axes
    assert len(axes.lines) == 2
