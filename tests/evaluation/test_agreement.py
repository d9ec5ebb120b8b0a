"""How far a metric agrees with labels: figures by hand, figures that do not flatter, and where it errs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from rag_app.errors import EvaluationError
from rag_app.evaluation.agreement import measure_agreement
from rag_app.evaluation.labelled import Labelled
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.scores import Score, failed, not_applicable, scored

RNG = np.random.default_rng(0)


def items(labels: Sequence[float], questions: Sequence[str] | None = None) -> list[Labelled]:
    """Return labelled answers, each to a question of its own where none is named."""
    asked = questions or [f"Question {i}?" for i in range(len(labels))]
    return [
        Labelled(Example(q, f"Answer {i}."), y, f"q{i}", "") for i, (q, y) in enumerate(zip(asked, labels, strict=True))
    ]


def scores(values: Sequence[float]) -> list[Score]:
    return [scored(v, "So.") for v in values]


def values(found: dict, *names: str) -> list[float]:
    return [found["figures"][name]["value"] for name in names]


def test_by_hand():
    """Four good and four bad; from 0.5 on, three and one are called good: accuracy 6/8, kappa 1/2."""
    found = measure_agreement(
        items([1, 1, 1, 1, 0, 0, 0, 0]), scores([0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.2, 0.1]), threshold=0.5
    )
    # Of the 16 pairs, the good one at 0.2 loses against 0.6 and 0.3, and ties with 0.2: 13.5 / 16.
    assert values(found, "auroc", "accuracy", "balanced_accuracy", "kappa") == pytest.approx(
        [13.5 / 16, 0.75, 0.75, 0.5]
    )
    assert found["table"] == {"both_good": 3, "only_you": 1, "only_metric": 1, "both_bad": 3}
    assert found["threshold"] == {"value": 0.5, "chosen": False}


def test_against_scikit_learn():
    """AUROC and kappa of many answers; the interval holds the value."""
    labels = RNG.integers(2, size=80).tolist()
    drawn = (np.array(labels) * 0.4 + RNG.random(80)).round(2)
    found = measure_agreement(items(labels), scores(drawn), threshold=0.7)
    assert values(found, "auroc", "kappa") == pytest.approx(
        [roc_auc_score(labels, drawn), cohen_kappa_score(labels, drawn >= 0.7)]
    )
    for figure in found["figures"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_a_threshold_that_is_chosen_does_not_flatter():
    """On scores that know nothing, the best threshold looks good on the answers it was chosen on; not on others."""
    labels = [0, 1] * 15
    drawn = np.random.default_rng(3).random(30)
    flattered = max(np.mean([np.mean(drawn[1::2] >= t), np.mean(drawn[::2] < t)]) for t in drawn)
    found = measure_agreement(items(labels), scores(drawn))
    assert flattered > 0.6
    assert values(found, "balanced_accuracy")[0] < flattered - 0.05
    assert found["threshold"]["chosen"] is True


def test_a_perfect_metric_has_a_threshold_between():
    """Half-way between the worst good answer and the best bad one."""
    found = measure_agreement(items([1, 1, 1, 0, 0, 0]), scores([0.9, 0.8, 0.7, 0.3, 0.2, 0.1]))
    assert found["threshold"]["value"] == pytest.approx(0.5)
    assert values(found, "auroc", "accuracy", "kappa") == [1, 1, 1]
    assert found["errs"] == []


def test_lower_may_be_better():
    """The same figures with the values mirrored; the threshold is one of the metric's own values."""
    labels, drawn = [1, 1, 1, 0, 0, 0], [0.9, 0.2, 0.7, 0.3, 0.8, 0.1]
    one = measure_agreement(items(labels), scores(drawn), threshold=0.5)
    other = measure_agreement(items(labels), scores([-v for v in drawn]), threshold=-0.5, direction="lower")
    assert one["figures"] == other["figures"]
    assert other["threshold"]["value"] == -0.5
    assert [err["id"] for err in one["errs"]] == [err["id"] for err in other["errs"]]


def test_grades_are_compared_by_their_order():
    """Spearman's correlation; there is no threshold."""
    labels = RNG.integers(1, 6, size=40).tolist()
    drawn = (np.array(labels) + RNG.normal(size=40)).round(2)
    found = measure_agreement(items(labels), scores(drawn))
    assert values(found, "rank_correlation") == pytest.approx([stats.spearmanr(labels, drawn).statistic])
    assert "threshold" not in found


def test_where_it_errs():
    """The furthest from the threshold first, with both opinions and the reason."""
    found = measure_agreement(items([1, 1, 1, 0, 0, 0]), scores([0.9, 0.1, 0.45, 0.55, 0.2, 0.1]), threshold=0.5)
    assert [(err["id"], err["label"], err["score"]) for err in found["errs"]] == [
        ("q1", 1, 0.1),
        ("q2", 1, 0.45),
        ("q3", 0, 0.55),
    ]
    assert found["errs"][0]["why"] == "So."


def test_answers_without_a_score_are_counted():
    """They are neither good nor bad."""
    found = measure_agreement(
        items([1, 1, 1, 1, 0, 0, 0, 0]),
        [*scores([0.9, 0.8]), failed("No."), not_applicable("No."), *scores([0.1, 0.2, 0.3, 0.4])],
        threshold=0.5,
    )
    assert [found[name] for name in ("n", "n_scored", "n_not_applicable", "n_errors")] == [8, 6, 1, 1]
    assert sum(found["table"].values()) == 6


def test_repeated_scores_show_their_spread():
    """The mean of the standard deviations, and the largest."""
    given = [scored(v, "", spread=s) for v, s in zip((0.9, 0.8, 0.2, 0.1), (0.1, 0.0, 0.2, 0.1), strict=True)]
    found = measure_agreement(items([1, 1, 0, 0]), given)
    assert found["spread"] == pytest.approx({"n": 4, "mean": 0.1, "highest": 0.2})
    assert measure_agreement(items([1, 1, 0, 0]), scores([0.9, 0.8, 0.2, 0.1]))["spread"] is None


def test_answers_to_one_question_are_drawn_together():
    """Ten answers to each of four questions are no forty independent ones: the interval is wider."""
    labels = np.repeat([1, 0, 1, 0], 10)
    drawn = np.repeat([0.9, 0.6, 0.55, 0.1], 10) + np.tile(np.linspace(0, 0.01, 10), 4)
    together = measure_agreement(items(labels, [f"Q{i // 10}" for i in range(40)]), scores(drawn), threshold=0.58)
    apart = measure_agreement(items(labels), scores(drawn), threshold=0.58)
    width = [f["figures"]["accuracy"]["high"] - f["figures"]["accuracy"]["low"] for f in (together, apart)]
    assert width[0] > 1.5 * width[1]


def test_the_same_input_gives_the_same_figures():
    """Bit by bit; another seed gives other intervals."""
    labels, drawn = [0, 1] * 10, RNG.random(20)
    first = measure_agreement(items(labels), scores(drawn))
    assert first == measure_agreement(items(labels), scores(drawn))
    assert first["figures"] != measure_agreement(items(labels), scores(drawn), seed=1)["figures"]


@pytest.mark.parametrize(
    ("labels", "got"),
    [([1, 1, 1], "3 of 1"), ([1, 1, 0], "1 of 0, 2 of 1"), ([3.5, 3.5], "2 of 3.5"), ([], "no score at all")],
)
def test_one_kind_of_label_tells_nothing(labels: list[float], got: str):
    """There must be two answers of each of two kinds, or different grades."""
    with pytest.raises(EvaluationError, match=f"The labels must hold two kinds, .*; got {got}"):
        measure_agreement(items(labels), scores([0.5] * len(labels)))
