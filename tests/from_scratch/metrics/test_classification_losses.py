"""Losses for classes as tools, against the course's figures, torch and scikit-learn."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from sklearn import metrics as library

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.classification_losses import (
    bce_loss,
    bce_with_logits_loss,
    cross_entropy_loss,
    hinge_loss,
)
from rag_app.registry import get
from rag_app.tools.adapter import call_tool

RNG = np.random.default_rng(0)
BINARY = RNG.integers(0, 2, 20)
LOGITS = RNG.normal(size=(20, 4)) * 3
CLASSES = RNG.integers(0, 4, 20)


@pytest.mark.parametrize(("probability", "loss"), [(0.9, 0.105361), (0.5, 0.693147), (0.1, 2.302585), (0.01, 4.605170)])
def test_the_course_figures_of_binary_cross_entropy(probability, loss):
    """Minus the logarithm of what the true class was given, from a probability or from its logit."""
    logit = math.log(probability / (1 - probability))
    assert bce_loss([1], [probability])["loss"] == pytest.approx(loss, abs=5e-7)
    assert bce_loss([0], [1 - probability])["loss"] == pytest.approx(loss, abs=5e-7)
    found = bce_with_logits_loss([1], [logit])
    assert (found["loss"], found["gradient"][0]) == (pytest.approx(loss, abs=5e-7), pytest.approx(probability - 1))


def test_binary_cross_entropy_of_certainty():
    """Certainty that is right costs nothing, certainty that is wrong infinitely much; neither is NaN."""
    assert bce_loss([1, 0], [1, 0]) == {"loss": 0, "gradient": [-0.5, 0.5]}
    found = bce_loss([1, 0], [0, 1])
    assert (found["loss"], found["gradient"]) == (math.inf, [-math.inf, math.inf])
    assert call_tool(get("bce_loss"), {"y_true": [1], "probabilities": [0]}) == {"loss": "inf", "gradient": ["-inf"]}


@pytest.mark.parametrize(("label", "logit", "loss"), [(1, 1000, 0), (0, 1000, 1000), (1, -1000, 1000), (0, -1000, 0)])
def test_logits_of_a_thousand_are_finite(label, logit, loss):
    """The logit form does not overflow."""
    assert bce_with_logits_loss([label], [logit])["loss"] == loss


@pytest.mark.parametrize(
    ("label", "score", "loss", "slope"),
    [(1, 0.3, 0.7, -1), (1, 1.5, 0, 0), (-1, 0.3, 1.3, 1), (1, -1, 2, -1), (1, 1, 0, 0)],
)
def test_the_course_figures_of_hinge(label, score, loss, slope):
    """The four rows of the chapter, and the kink at the margin."""
    assert hinge_loss([label], [score]) == {"loss": pytest.approx(loss), "gradient": [slope]}


def test_the_course_figures_of_cross_entropy():
    """Logits 2, 1, 0.1 with the first class true: 0.4170, and a gradient that sums to 0."""
    found = cross_entropy_loss([0], [[2, 1, 0.1]])
    assert found["loss"] == pytest.approx(0.4170, abs=5e-5)
    assert found["gradient"][0] == pytest.approx([-0.3410, 0.2424, 0.0986], abs=5e-5)
    assert sum(found["gradient"][0]) == pytest.approx(0)


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_a_uniform_guess_costs_the_logarithm_of_the_number_of_classes(n_classes):
    """Equal logits, however large, give ln K for every class."""
    for size in (0, 1e6):
        found = cross_entropy_loss(list(range(n_classes)), [[size] * n_classes] * n_classes)
        assert found["loss"] == pytest.approx(math.log(n_classes))


def test_a_distribution_is_a_target_too():
    """One-hot rows equal classes; a soft row costs its own entropy at least, and just that at the same distribution."""
    one_hot = np.eye(4)[CLASSES]
    assert cross_entropy_loss(one_hot, LOGITS) == cross_entropy_loss(CLASSES, LOGITS)
    p = np.array([0.7, 0.2, 0.1])
    found = cross_entropy_loss([p], [np.log(p)])
    assert found["loss"] == pytest.approx(-(p * np.log(p)).sum())
    assert found["gradient"][0] == pytest.approx([0, 0, 0], abs=1e-15)


@pytest.mark.parametrize(
    ("loss", "y", "output", "oracle"),
    [
        (bce_loss, BINARY, 1 / (1 + np.exp(-LOGITS[:, 0])), torch.nn.functional.binary_cross_entropy),
        (bce_with_logits_loss, BINARY, LOGITS[:, 0], torch.nn.functional.binary_cross_entropy_with_logits),
        (bce_with_logits_loss, RNG.random(20), LOGITS[:, 0], torch.nn.functional.binary_cross_entropy_with_logits),
        (hinge_loss, 2 * BINARY - 1, LOGITS[:, 0], lambda f, y: torch.clamp(1 - y * f, min=0).mean()),
        (cross_entropy_loss, np.eye(4)[CLASSES], LOGITS, torch.nn.functional.cross_entropy),
    ],
)
def test_they_agree_with_torch(loss, y, output, oracle):
    """Loss and gradient are those of automatic differentiation."""
    tensor = torch.tensor(output, requires_grad=True)
    expected = oracle(tensor, torch.tensor(np.asarray(y, float)))
    expected.backward()
    found = loss(y, output)
    assert found["loss"] == pytest.approx(expected.item())
    assert np.array(found["gradient"]) == pytest.approx(tensor.grad.numpy())


def test_they_agree_with_scikit_learn():
    """Log loss and hinge loss are the library's."""
    p = 1 / (1 + np.exp(-LOGITS[:, 0]))
    assert bce_loss(BINARY, p)["loss"] == pytest.approx(library.log_loss(BINARY, p))
    assert hinge_loss(2 * BINARY - 1, LOGITS[:, 0])["loss"] == pytest.approx(library.hinge_loss(BINARY, LOGITS[:, 0]))
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    assert cross_entropy_loss(CLASSES, LOGITS)["loss"] == pytest.approx(library.log_loss(CLASSES, shares))


def test_a_class_is_a_target_as_json():
    """Class numbers and distributions both go through the tool's schema."""
    logits = [[2.0, 1.0]]
    by_class = call_tool(get("cross_entropy_loss"), {"y_true": [0], "logits": logits})
    assert by_class == call_tool(get("cross_entropy_loss"), {"y_true": [[1.0, 0.0]], "logits": logits})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bce_loss([2], [0.5]), "y_true must lie in [0, 1]; got 2.0."),
        (lambda: bce_loss([1], [1.5]), "probabilities must lie in [0, 1]; got 1.5."),
        (lambda: bce_loss([1], [0.5, 0.5]), "y_true and probabilities must be of equal length; got 1 and 2."),
        (lambda: bce_with_logits_loss([-1], [3]), "y_true must lie in [0, 1]; got -1.0."),
        (lambda: bce_with_logits_loss([1], [math.nan]), "logits must be finite; got nan."),
        (lambda: bce_with_logits_loss([1], [1, 2]), "y_true and logits must be of equal length; got 1 and 2."),
        (lambda: hinge_loss([0, 1], [1, 2]), "y_true must hold only -1 and 1; got 0."),
        (lambda: hinge_loss([1], []), "scores must hold at least 1 number; got 0."),
        (lambda: cross_entropy_loss([2], [[1, 2]]), "y_true must hold classes from 0 to 1; got 2."),
        (lambda: cross_entropy_loss([-1], [[1, 2]]), "y_true must hold classes from 0 to 1; got -1."),
        (lambda: cross_entropy_loss([0.5], [[1, 2]]), "y_true must hold classes from 0 to 1; got 0.5."),
        (lambda: cross_entropy_loss([0, 1], [[1, 2]]), "y_true and logits must be of equal length; got 2 and 1."),
        (
            lambda: cross_entropy_loss([[0.5, 0.6]], [[1, 2]]),
            "y_true must hold rows that are probabilities and sum to 1; got [0.5, 0.6].",
        ),
        (
            lambda: cross_entropy_loss([[1.5, -0.5]], [[1, 2]]),
            "y_true must hold rows that are probabilities and sum to 1; got [1.5, -0.5].",
        ),
        (lambda: cross_entropy_loss([[1, 0, 0]], [[1, 2]]), "y_true must have rows of 2 numbers; got rows of 3."),
        (lambda: cross_entropy_loss([[1], [1, 0]], [[1, 2]]), "y_true must be a list of numbers; got [[1], [1, 0]]."),
        (
            lambda: cross_entropy_loss([], []),
            "logits must hold at least 1 row of at least one number; got shape (0, 0).",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
