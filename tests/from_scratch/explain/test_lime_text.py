"""LIME for text: the effect of leaving words out."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.explain.lime_text import build_word_surrogate, lime_text
from rag_app.registry import get
from rag_app.tools.adapter import call_tool

TEXTS, CHANCES = ["free tomorrow", "free", "tomorrow", ""], [0.8, 0.9, 0.2, 0.3]


def test_the_course_figure():
    """0.30 + 0.60 free - 0.10 tomorrow, from four texts, as JSON; the largest effect stands first."""
    found = call_tool(
        get("lime_text"), {"estimator": "LinearRegression", "texts": TEXTS, "y": CHANCES, "text": "Tomorrow: FREE"}
    )
    assert found["weights"] == {"free": pytest.approx(0.6, abs=1e-4), "tomorrow": pytest.approx(-0.1, abs=1e-4)}
    assert list(found["weights"]) == ["free", "tomorrow"]
    assert (found["prediction"], found["output"]) == (pytest.approx(0.8), "prediction")


def test_a_word_that_no_other_text_has_weighs_nothing():
    """The estimator cannot see it, so leaving it out changes nothing."""
    found = lime_text("LinearRegression", TEXTS, CHANCES, "free lunch")
    assert found["weights"] == {"free": pytest.approx(0.6, abs=1e-4), "lunch": pytest.approx(0, abs=1e-9)}


@pytest.mark.parametrize("n_words", [1, 3, 10, 11, 30])
def test_a_sum_of_words_gets_its_weights(n_words):
    """With all shortened texts, or with 2,000 of those of a longer one, a linear function is recovered."""
    w = np.random.default_rng(0).normal(size=n_words)
    found = build_word_surrogate(lambda stays: stays @ w + 1, n_words, kernel_width=0.75)
    assert found.weights == pytest.approx(w, abs=1e-3)
    assert found.value == pytest.approx(w.sum() + 1, abs=1e-3)


def test_the_seed_matters_only_to_long_texts():
    """Ten words are enumerated; eleven are sampled."""

    def product(stays):
        return stays.prod(axis=1)

    for n_words, same in ((10, True), (11, False)):
        first, second = (build_word_surrogate(product, n_words, 0.75, seed).weights for seed in (0, 1))
        assert np.array_equal(first, second) is same


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: lime_text("LinearRegression", TEXTS, CHANCES, "lunch"),
            "text must share a word with the texts; got 'lunch'.",
        ),
        (lambda: lime_text("LinearRegression", TEXTS, CHANCES, ""), "text must share a word with the texts; got ''."),
        (lambda: lime_text("LinearRegression", [], [], "a"), "text must share a word with the texts; got 'a'."),
        (
            lambda: lime_text("LinearRegression", TEXTS, [1], "free"),
            "texts and y must be of equal length; got 4 and 1.",
        ),
        (lambda: lime_text("LinearRegression", TEXTS, CHANCES, "free", 0), "kernel_width must be above 0; got 0."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
