"""The report on classifications: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from rag_app.errors import InvalidInputError
from rag_app.evaluation.classification import NONE, build_report, render_confusions
from rag_app.types import Classification

LABELS = ["a", "b", "c"]


def found(label, score=1.0, similarity=0.5, notes=()):
    """A classification with the label on top."""
    order = [label, *(name for name in LABELS if name != label)] if label else LABELS
    scores = dict(zip(order, [score, 1 - score, 0.0], strict=True))
    return Classification(label, scores, 0.0, (label,) if label else (), similarity, notes=notes)


def several(*labels):
    """A classification with these labels."""
    return Classification(labels[0] if labels else None, dict.fromkeys(LABELS, 0.5), 0.0, labels, 0.5)


def test_figures_by_hand():
    """Of a three, two are found; of b one of two, with a false alarm; c never occurs and is never said."""
    report = build_report([["a"], ["a"], ["a"], ["b"], ["b"]], [found(x) for x in "aabba"], LABELS)
    assert (report.n_texts, report.accuracy) == (5, 3 / 5)
    a, b, c = report.labels
    assert (a.precision, a.recall, a.support) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall, b.f1, b.support) == (0.5, 0.5, 0.5, 2)
    assert (c.label, c.precision, c.recall, c.f1, c.support) == ("c", 0, 0, 0, 0)
    assert report.macro_f1 == pytest.approx((2 / 3 + 0.5 + 0) / 3)
    assert report.confusions == {"labels": LABELS, "counts": [[2, 1, 0], [1, 1, 0], [0, 0, 0]]}


def test_a_refusal_is_wrong_where_there_is_a_label_and_right_where_there_is_none():
    """It has a row of its own; the mean has one too where a text has no label."""
    report = build_report([["a"], []], [found(None), found(None)], LABELS)
    assert report.accuracy == 0.5
    assert [f.label for f in report.labels] == [*LABELS, NONE]
    assert (report.labels[-1].precision, report.labels[-1].recall) == (0.5, 1.0)
    assert report.macro_recall == pytest.approx((0 + 0 + 0 + 1) / 4)
    refused = build_report([["a"], ["b"]], [found("a"), found(None)], LABELS)
    assert refused.macro_recall == pytest.approx((1 + 0 + 0) / 3)


def test_calibration_is_of_the_best_score():
    """0.8 said of four, three right: an error of 0.05; texts that have no label do not count."""
    results = [found("a", 0.8), found("a", 0.8), found("b", 0.8), found("b", 0.8), found("c", 1.0)]
    report = build_report([["a"], ["a"], ["b"], ["a"], []], results, LABELS)
    assert report.calibration_error == pytest.approx(0.05)


def test_what_99_of_100_reach():
    """Of the texts that have a label."""
    results = [found("a", similarity=i / 100) for i in range(101)] + [found("a", similarity=-1.0)]
    report = build_report([["a"]] * 101 + [[]], results, LABELS)
    assert report.usual_similarity == pytest.approx(0.01)


def test_a_language_model_gives_no_probabilities():
    """There is nothing to calibrate, and no similarity."""
    report = build_report([["a"]], [found("a", similarity=None)], LABELS)
    assert (report.calibration_error, report.usual_similarity) == (None, None)


def test_several_labels():
    """A text is right where all its labels are, in any order; each label is counted for itself."""
    report = build_report(
        [["a", "b"], ["b"], []], [several("b", "a"), several("b", "c"), several()], LABELS, multi_label=True
    )
    assert report.accuracy == pytest.approx(2 / 3)
    assert [(f.precision, f.recall) for f in report.labels] == [(1, 1), (1, 1), (0, 0), (1, 1)]
    assert (report.confusions, report.calibration_error) == (None, None)


def test_notes_are_said_once():
    """In the order in which they come."""
    results = [found("a", notes=("one",)), found("a", notes=("one", "two"))]
    assert build_report([["a"], ["a"]], results, LABELS).notes == ("one", "two")


def test_json_holds_every_figure():
    """Under the names of the fields."""
    body = build_report([["a"], ["b"]], [found("a"), found("a")], LABELS).to_json()
    assert body["labels"][0] == {
        "label": "a",
        "precision": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
        "support": 1,
    }
    assert (body["n_texts"], body["accuracy"]) == (2, 0.5)


def test_the_picture_shows_the_counts():
    """A cell for each pair of labels, and it grows with their number."""
    small = render_confusions(build_report([["a"], ["b"]], [found("a"), found("a")], LABELS))
    assert isinstance(small, Figure)
    assert small.axes[0].get_title() == "Confusion matrix: 1 of 2 right"
    np.testing.assert_allclose(small.axes[0].images[0].get_array(), [[1, 0, 0], [1, 0, 0], [0, 0, 0]])
    names = [f"l{i}" for i in range(40)]
    results = [Classification(n, {n: 1.0}, 1.0, (n,), 0.5) for n in names]
    large = render_confusions(build_report([[n] for n in names], results, names))
    assert large.get_figwidth() > 2 * small.get_figwidth()


def test_several_labels_have_no_such_picture():
    """The hint says what to leave out."""
    report = build_report([["a"]], [several("a", "b")], LABELS, multi_label=True)
    message = (
        r"^A confusion matrix must be of texts with one label each; got several\. Leave --plot or --multi-label out"
    )
    with pytest.raises(InvalidInputError, match=message):
        render_confusions(report)


@pytest.mark.parametrize(
    ("actual", "results", "message"),
    [
        ([["a"]], [], r"^actual and found must be of equal length; got 1 and 0\.$"),
        ([["a"], ["z"]], "aa", r"^The label of text 2 must be one of the label set; got 'z'\.$"),
        ([], [], r"^found must hold at least one classification; got none\.$"),
    ],
)
def test_wrong_input_is_named(actual, results, message):
    """With its rule."""
    with pytest.raises(InvalidInputError, match=message):
        build_report(actual, [found(x) for x in results], LABELS)
