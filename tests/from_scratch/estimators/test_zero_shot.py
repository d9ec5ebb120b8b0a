"""Classes that were never seen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.zero_shot import AttributeZeroShot, zero_shot_scores

ZEBRA = [1, 1, 1, 0]  # stripes, hooves, black and white, wings
FOUR = {"zebra": ZEBRA, "tiger": [1, 0, 0, 0], "horse": [0, 1, 0, 0], "panda": [0, 0, 1, 0]}
ALL = [list(bits) for bits in itertools.product((0, 1), repeat=4)]
SIGNATURES = FOUR | {f"animal {i}": bits for i, bits in enumerate(ALL) if bits not in FOUR.values()}


def _photographs(name, n, rng):
    """Attributes in the first four of six columns, with noise."""
    return np.array([*SIGNATURES[name], 0, 0]) + rng.normal(0, 0.1, (n, 6))


def test_the_zebra_of_the_course():
    """0.4536 of 0.5364 in all."""
    found = zero_shot_scores([0.9, 0.8, 0.7, 0.1], FOUR)
    assert found["label"] == "zebra"
    assert list(found["scores"].values()) == pytest.approx([0.4536, 0.0486, 0.0216, 0.0126])
    assert found["probabilities"]["zebra"] == pytest.approx(0.4536 / 0.5364)


def test_scores_of_zero_prefer_nobody():
    """Certain attributes that no class has."""
    found = zero_shot_scores([1, 1], {"a": [1, 0], "b": [0, 1]})
    assert found == {"label": "a", "scores": {"a": 0, "b": 0}, "probabilities": {"a": 0.5, "b": 0.5}}


def test_a_class_that_was_not_among_the_rows_is_recognised():
    """Planted attributes give every zebra."""
    rng = np.random.default_rng(0)
    seen = [name for name in SIGNATURES if name != "zebra"]
    rows = np.concatenate([_photographs(name, 15, rng) for name in seen])
    names = np.repeat(seen, 15)
    estimator = AttributeZeroShot(signatures=SIGNATURES).fit(rows, names)
    assert set(estimator.predict(_photographs("zebra", 20, rng)).tolist()) == {"zebra"}
    assert (estimator.predict(rows) == names).all()
    stripes = np.array([SIGNATURES[name][0] for name in names])
    theirs = LogisticRegression(C=1 / (2 * len(rows) * 0.01), tol=1e-10, max_iter=1000).fit(rows, stripes)
    ours = estimator.attribute_probabilities(rows)[:, 0]
    assert ours == pytest.approx(theirs.predict_proba(rows)[:, 1], abs=1e-4)


@pytest.mark.parametrize(
    ("signatures", "y", "message"),
    [
        ({"a": [1], "b": [2]}, ["a", "b"], "signatures must be 0 or 1 for each attribute; got 2"),
        ({"a": [1], "b": [0]}, ["a", "c"], "y must hold names of signatures; got 'c'"),
        (
            {"a": [1, 0], "b": [0, 0]},
            ["a", "b"],
            "y must hold classes with and without each attribute; got no difference in attribute 1",
        ),
    ],
)
def test_mistakes_are_named(signatures, y, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError, match=message):
        AttributeZeroShot(signatures=signatures).fit([[0.0], [1.0]], y)


def test_attributes_are_probabilities():
    """One for each attribute, between 0 and 1."""
    with pytest.raises(InvalidInputError, match=r"attributes must be at least 0 and at most 1; got 1\.5"):
        zero_shot_scores([1.5], {"a": [1]})
    with pytest.raises(InvalidInputError, match="signatures must have rows of 1 numbers; got rows of 2"):
        zero_shot_scores([0.5], {"a": [1, 0]})
