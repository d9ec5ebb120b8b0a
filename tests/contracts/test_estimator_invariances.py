"""What does not change what an estimator learns: the order of rows, their repetition, the unit and zero of columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.estimator_data import ESTIMATORS

from rag_app.registry import get

APPLIED = ("predict", "predict_proba", "transform", "score_samples")

# For each of these the order of rows counts, and why.
ORDERED = {
    **dict.fromkeys(("OnlineClassifier", "OnlineRegressor", "Perceptron"), "learns from one row after another"),
    **dict.fromkeys(
        (
            "AnomalyDetector",
            "Autoencoder",
            "DeepBeliefNetwork",
            "MLPClassifier",
            "MLPRegressor",
            "RestrictedBoltzmannMachine",
            "VAEGAN",
            "VariationalAutoencoder",
        ),
        "draws batches by the place of a row",
    ),
    **dict.fromkeys(
        ("PlattSupportVectorClassifier", "StackingClassifier", "StackingRegressor"), "cuts folds by the place of a row"
    ),
    "BytePairTokenizer": "the one that occurs first wins a tie",
    "TextVectoriser": "numbers words as they occur",
    "VectorQuantiser": "draws its first centres by the place of a row",
    "RewardModel": "its rankings name rows by their places",
}
# Their objective is a mean, a share, an extreme or a distance: every row twice is every row once.
MEANS = (
    "AdversarialDebiasing",
    "AttributeZeroShot",
    "DecisionTreeClassifier",
    "FairLogisticRegression",
    "GaussianMixture",
    "GaussianNaiveBayes",
    "KMeans",
    "LassoRegression",
    "LinearRegression",
    "LogisticRegression",
    "MinMaxScaler",
    "PCA",
    "PrototypeClassifier",
    "RegressionImputer",
    "RidgeRegression",
    "SegmentClassifier",
    "SimpleImputer",
    "SpamDiscriminative",
    "StandardScaler",
)
# Columns may be in any unit: they are standardised inside, or nothing depends on their size.
FREE_OF_UNITS = (
    "AdversarialDebiasing",
    "AnomalyDetector",
    "DecisionTreeClassifier",
    "FairLogisticRegression",
    "GaussianMixture",
    "GaussianNaiveBayes",
    "LinearRegression",
    "MLPClassifier",
    "MLPRegressor",
    "MinMaxScaler",
    "SegmentClassifier",
    "StandardScaler",
    "VAEGAN",
)
# Nothing depends on where a column has its zero.
FREE_OF_ZERO = (
    *FREE_OF_UNITS,
    "AttributeZeroShot",
    "CanonicalCorrelation",
    "GaussianProcess",
    "KMeans",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LassoRegression",
    "LogisticRegression",
    "PCA",
    "PlattSupportVectorClassifier",
    "RidgeRegression",
    "StackingClassifier",
    "StackingRegressor",
    "SupportVectorClassifier",
)


def of_rows() -> list[str]:
    """Return the estimators that learn from rows and say something about rows."""
    return [
        name
        for name, (_, data) in ESTIMATORS.items()
        if "X" in data and any(hasattr(get(name).target, method) for method in APPLIED)
    ]


def picked(data: dict[str, Any], places: list[int]) -> dict[str, Any]:
    """Return the data with the rows at these places."""
    n = len(data["X"])
    chosen = {name: [values[i] for i in places] for name, values in data.items() if len(values) == n}
    arrays = {name: np.array(values) for name, values in chosen.items() if isinstance(data[name], np.ndarray)}
    return {**data, **chosen, **arrays}


def said(name: str, data: dict[str, Any], rows: Any) -> dict[str, Any]:
    """Return what an estimator that was fitted on data says about rows."""
    fitted = get(name).target(**ESTIMATORS[name][0]).fit(**data)
    return {method: getattr(fitted, method)(rows) for method in APPLIED if hasattr(fitted, method)}


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Numbers agree to six digits, labels exactly."""
    assert found.keys() == expected.keys()
    for method, values in expected.items():
        try:
            numbers = np.asarray(values, float)
        except ValueError:
            assert list(found[method]) == list(values)
            continue
        np.testing.assert_allclose(np.asarray(found[method], float), numbers, rtol=1e-5, atol=1e-6, err_msg=method)


def test_every_name_is_one_of_the_register() -> None:
    """The lists name estimators of rows, each with reason."""
    named = {*ORDERED, *MEANS, *FREE_OF_UNITS, *FREE_OF_ZERO}
    assert named <= set(of_rows())
    assert not named - set(ESTIMATORS)


@pytest.mark.parametrize("name", [name for name in of_rows() if name not in ORDERED])
def test_the_order_of_rows_does_not_count(name: str) -> None:
    """But for those that are listed with a reason."""
    data = ESTIMATORS[name][1]
    order = np.random.default_rng(0).permutation(len(data["X"])).tolist()
    assert_equal(said(name, picked(data, order), data["X"]), said(name, data, data["X"]))


@pytest.mark.parametrize("name", MEANS)
def test_repeated_rows_teach_nothing_new(name: str) -> None:
    """Every row twice."""
    data = ESTIMATORS[name][1]
    twice = [*range(len(data["X"]))] * 2
    assert_equal(said(name, picked(data, twice), data["X"]), said(name, data, data["X"]))


UNITS = np.array([10.0, 0.1])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *[pytest.param(name, lambda X: X * UNITS, id=f"{name}-units") for name in FREE_OF_UNITS],
        *[pytest.param(name, lambda X: X + 5, id=f"{name}-zero") for name in FREE_OF_ZERO],
    ],
)
def test_units_and_zero_of_columns_do_not_count(name: str, change: Callable[[Any], Any]) -> None:
    """New rows are given in those of the rows that were learnt from."""
    data = ESTIMATORS[name][1]
    moved = said(name, {**data, "X": change(data["X"])}, change(data["X"]))
    expected = said(name, data, data["X"])
    if name == "GaussianMixture":  # a density is one per unit
        del moved["score_samples"], expected["score_samples"]
    assert_equal(moved, expected)
