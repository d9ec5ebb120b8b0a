"""Skip-gram and GloVe."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.word_vectors import GloVe, SkipGram, glove_weight, neighbours, skip_gram_loss

RNG = np.random.default_rng(0)
PLACES = ["sea", "hill", "town", "wood", "lake"]
VERBS = ["guards", "visits", "sees", "leaves"]


def _planted(n=400):
    """Two invented words that stand where the other could, among words that do not."""
    texts = []
    for _ in range(n):
        who = RNG.choice(["glip", "zorb"])
        texts.append(f"{who} {RNG.choice(VERBS)} {RNG.choice(PLACES)}")
    return texts


def test_the_loss_of_the_course():
    """0.1269 + 0.6931 + 0.3133, as torch has it."""
    assert skip_gram_loss(2, [0, -1]) == pytest.approx(1.1333, abs=5e-5)
    log = torch.nn.functional.logsigmoid
    products = torch.tensor(RNG.normal(size=6) * 5)
    expected = -(log(products[0]) + log(-products[1:]).sum()).item()
    assert skip_gram_loss(products[0].item(), products[1:].tolist()) == pytest.approx(expected)


def test_pairs_of_a_window():
    """Everything at most two away, by brute force."""
    tokens = list(range(7))
    assert set(neighbours(tokens, 2)) == {(i, j) for i in tokens for j in tokens if 0 < abs(i - j) <= 2}


def test_the_weights_of_glove():
    """0.1778, 0.3536, 0.5946 and 1."""
    assert glove_weight([10, 25, 50, 500]) == pytest.approx([0.1778, 0.3536, 0.5946, 1], abs=5e-5)
    assert glove_weight([0, 100]) == [0, 1]


def test_planted_synonyms_are_neighbours():
    """Each is nearest to the other, from their contexts alone: they never stand together."""
    estimator = SkipGram(n_epochs=10).fit(_planted())
    assert estimator.losses_[-1] < estimator.losses_[0]
    assert [estimator.most_similar(w, 1)[0][0] for w in ("glip", "zorb")] == ["zorb", "glip"]
    found = estimator.most_similar("glip", 100)
    assert len(found) == len(estimator.vocabulary_) - 1
    assert [c for _, c in found] == sorted((c for _, c in found), reverse=True)


def test_glove_tells_synonyms_by_how_often_words_are_neighbours():
    """Two words that prefer the same verbs are nearer than one that prefers others."""
    shares = np.array([0.6, 0.25, 0.1, 0.05])
    texts = [f"{who} {RNG.choice(VERBS, p=shares)}" for who in ("glip", "zorb") for _ in range(400)]
    texts += [f"frob {RNG.choice(VERBS, p=shares[::-1])}" for _ in range(400)]
    estimator = GloVe(dimension=4, n_epochs=300).fit(texts)
    found = dict(estimator.most_similar("glip", 100))
    assert found["zorb"] > found["frob"]


def test_glove_fits_the_logarithms_of_counts():
    """Nearly exactly, where there are more numbers than pairs."""
    assert GloVe(dimension=8, n_epochs=400).fit(["a b c", "a b", "c d"]).losses_[-1] < 1e-4


def test_mistakes_are_named():
    """Texts without neighbours, words that there are not, counts."""
    with pytest.raises(InvalidInputError, match=r"X must hold a text of at least two words; got \['a', 'b'\]"):
        SkipGram().fit(["a", "b"])
    with pytest.raises(InvalidInputError, match="word must be one of a, b; got 'c'"):
        GloVe(n_epochs=1).fit(["a b"]).most_similar("c")
    with pytest.raises(InvalidInputError, match="n_negative must be a whole number of at least 1; got 0"):
        SkipGram(n_negative=0).fit(["a b"])
    with pytest.raises(InvalidInputError, match=r"counts must be at least 0; got -1\.0"):
        glove_weight([-1])
