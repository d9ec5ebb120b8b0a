"""Agreement of two raters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.agreement import cohen_kappa, rank_correlation

RNG = np.random.default_rng(0)


def test_the_example_of_the_course():
    """85 of 100 alike, 70 and 65 called good: (0.85 - 0.56) / 0.44."""
    a = [1] * 70 + [0] * 30
    b = [1] * 60 + [0] * 10 + [1] * 5 + [0] * 25
    assert cohen_kappa(a, b) == pytest.approx(0.29 / 0.44)


def test_kappa_by_hand():
    """Perfect, opposite and by chance; of text; and where there is but one label."""
    assert cohen_kappa(["good", "bad"], ["good", "bad"]) == 1
    assert cohen_kappa([0, 1], [1, 0]) == -1
    assert cohen_kappa([0, 0, 1, 1], [0, 1, 0, 1]) == 0
    assert cohen_kappa([1, 1], [1, 1]) == cohen_kappa(["a"], ["a"]) == 1
    assert cohen_kappa([1, 1], [0, 0]) == 0


def test_rank_correlation_by_hand():
    """1 and -1 for the same and the opposite order, whatever the distances; 0 where a rater makes no difference."""
    assert rank_correlation([1, 2, 3], [5, 50, 500]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [0.3, 0.2, -7]) == pytest.approx(-1)
    assert rank_correlation([1, 2, 3], [4, 4, 4]) == rank_correlation([0], [1]) == 0
    # Ranks 1, 2.5, 2.5 and 1, 2, 3 from their mean: (1 + 0 + 0.5) / √(1.5 · 2).
    assert rank_correlation([1, 2, 2], [1, 2, 3]) == pytest.approx(1.5 / 3**0.5)


def test_they_are_those_of_scikit_learn_and_scipy():
    """On labels and on scores with ties."""
    for _ in range(20):
        a, b = RNG.integers(4, size=(2, 30))
        assert cohen_kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))
        assert rank_correlation(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


@pytest.mark.parametrize("metric", [cohen_kappa, rank_correlation])
def test_what_cannot_be_compared_is_refused(metric):
    """Nothing, and lists of different length."""
    with pytest.raises(InvalidInputError, match="must"):
        metric([], [])
    with pytest.raises(InvalidInputError, match="equal length"):
        metric([1, 0], [1])
