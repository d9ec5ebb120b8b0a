"""New columns against scikit-learn and the calendar."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from sklearn import preprocessing

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.features import date_features, polynomial_features

ROWS = np.random.default_rng(0).normal(size=(6, 4))


@pytest.mark.parametrize("interactions_only", [False, True])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_powers_and_products_agree_with_scikit_learn(degree, interactions_only):
    """The columns, their order and their names."""
    theirs = preprocessing.PolynomialFeatures(degree, interaction_only=interactions_only).fit(ROWS)
    ours = polynomial_features(ROWS, degree, ["a", "b", "c", "d"], interactions_only=interactions_only)
    np.testing.assert_allclose(ours["rows"], theirs.transform(ROWS))
    assert ours["names"] == theirs.get_feature_names_out(["a", "b", "c", "d"]).tolist()


@pytest.mark.parametrize("degree", [2, 3])
def test_the_number_of_columns_is_a_binomial_coefficient(degree):
    """Ten features give 66 at degree 2 and 286 at degree 3; the pairs alone are 45."""
    found = polynomial_features(np.ones((1, 10)), degree)
    assert len(found["names"]) == math.comb(10 + degree, degree) == {2: 66, 3: 286}[degree]
    assert len(polynomial_features(np.ones((1, 10)), 2, interactions_only=True)["names"]) == 1 + 10 + 45
    assert found["names"][:3] == ["1", "x1", "x2"]


def test_parts_of_a_date_agree_with_the_calendar():
    """Week and day of the year as the standard library formats them, over leap years and ends of years."""
    days = ["2024-02-29", "2024-12-31", "2021-01-03T23:59:59+02:00", "2026-11-20 14:30"]
    for text, parts in zip(days, date_features(days), strict=True):
        moment = datetime.fromisoformat(text)
        assert parts["day_of_year"] == int(moment.strftime("%j"))
        assert parts["iso_week"] == int(moment.strftime("%V"))
        assert parts["weekday"] == int(moment.strftime("%u")) - 1
        assert parts["weekend"] == (moment.strftime("%u") in "67")


def test_the_hours_lie_on_a_circle():
    """23 and 1 are close together, as far from midnight as each other; noon is opposite to it."""
    late, early, noon = date_features(["2026-01-01T23", "2026-01-01T01", "2026-01-01T12"])
    assert (late["hour_sin"], late["hour_cos"]) == (pytest.approx(-0.2588, abs=1e-4), pytest.approx(0.9659, abs=1e-4))
    assert [-early["hour_sin"], early["hour_cos"]] == pytest.approx([late["hour_sin"], late["hour_cos"]])
    assert noon["hour_cos"] == -1
    assert (noon["month_sin"], noon["month_cos"]) == (0, 1)
    assert date_features([]) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: polynomial_features([[1, 2]], names=["a"]), "names must be 2, one for each column; got 1."),
        (lambda: polynomial_features([[1]], 0), "degree must be a whole number of at least 1; got 0."),
        (
            lambda: polynomial_features(np.ones((1, 100)), 4),
            "degree must give at most 10000 columns; got 4 for 100 columns.",
        ),
        (
            lambda: date_features(["20/11/2026"]),
            "timestamps must be dates in ISO 8601, such as 2026-11-20T14:30; got '20/11/2026'.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
