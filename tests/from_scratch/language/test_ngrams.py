"""Counts by hand, the chain rule, add-k smoothing, and continuations."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.ngrams import NGramModel, continue_text

TEXTS = ["the cat sat", "the cat ran", "the dog sat"]


def test_probabilities_are_counts():
    """P(cat | the) = 2/3, P(sat | cat) = 1/2; nothing but "the" begins."""
    bigrams = NGramModel().fit(TEXTS)
    after = bigrams.next_probabilities("The")
    assert (after["cat"], after["dog"], after["sat"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3), 0)
    assert bigrams.next_probabilities("")["the"] == 1
    assert bigrams.predict(["the", "the cat", "sat", "unseen"]) == ["cat", "sat", "<eos>", "<eos>"]


def test_perplexity_of_the_chapter():
    """(1/3)^(-1/4) = 1.316; infinite for what is impossible."""
    bigrams = NGramModel().fit(TEXTS)
    assert bigrams.perplexity("the cat sat") == pytest.approx(3**0.25)
    assert bigrams.perplexity("the dog ran") == bigrams.perplexity("the cow") == float("inf")
    assert bigrams.score_samples(["the dog ran"]) == [float("-inf")]


def test_add_one_of_the_chapter():
    """4/9 × 2/9 × 1/7 × 2/7 = 16/3969."""
    smoothed = NGramModel(k=1).fit(TEXTS)
    assert smoothed.next_probabilities("the dog")["ran"] == pytest.approx(1 / 7)
    assert np.exp(smoothed.score_samples(["the dog ran"])[0]) == pytest.approx(16 / 3969)


@pytest.mark.parametrize("k", [0, 0.5])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_chain_rule_holds(n, k):
    """The probability of a text is the product over its words; probabilities of next words sum to 1."""
    counted = NGramModel(n=n, k=k).fit(TEXTS)
    words = ["the", "cat", "sat", "<eos>"]
    parts = [counted.next_probabilities(" ".join(words[:t]))[word] for t, word in enumerate(words)]
    assert np.exp(counted.score_samples(["the cat sat"])[0]) == pytest.approx(np.prod(parts))
    for context in ("", "the", "the cat", "the dog"):
        assert sum(counted.next_probabilities(context).values()) == pytest.approx(1)


def test_probabilities_of_all_texts_sum_to_1():
    """Of an unsmoothed bigram model whose texts have three words at most."""
    bigrams = NGramModel().fit(TEXTS)
    texts = [" ".join(t) for size in range(4) for t in product(["the", "cat", "dog", "sat", "ran"], repeat=size)]
    assert np.exp(bigrams.score_samples(texts)).sum() == pytest.approx(1)


def test_draws_follow_the_counts():
    """A third of 3,000 texts are "the cat sat", a third "the dog sat"; a seed repeats one."""
    bigrams = NGramModel().fit(TEXTS)
    drawn = [bigrams.generate(seed=seed) for seed in range(3000)]
    for text in ("the cat sat", "the cat ran", "the dog sat"):
        assert drawn.count(text) == pytest.approx(1000, abs=3 * np.sqrt(3000 * 2 / 9))
    assert set(drawn) == set(TEXTS)
    assert bigrams.generate("the", 1, temperature=0) == "cat"
    assert bigrams.generate("unseen") == ""


def test_a_base_model_continues_a_question_with_a_question():
    """It does not answer; without a known end of the prompt it says nothing."""
    for seed in range(5):
        found = continue_text(seed=seed)
        assert found["continuation"].startswith(("what is", "where is"))
        assert set(found["next_words"]) <= {"what", "where"}
    assert continue_text("tell me more")["continuation"] == ""
    assert continue_text("My favorite sport", ["my favorite sport is chess."], n=2)["continuation"] == "is chess."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NGramModel(n=0).fit(TEXTS), "n must be a whole number of at least 1; got 0."),
        (lambda: NGramModel(k=-1).fit(TEXTS), "k must be at least 0; got -1."),
        (lambda: NGramModel().fit([]), "X must be a list of texts, at least 1; got []."),
        (lambda: NGramModel().fit(TEXTS).generate(n_words=0), "n_words must be a whole number of at least 1; got 0."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
