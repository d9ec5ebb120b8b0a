"""Logistic regression on top of what labels mean: against the definition, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.chains import few_shot
from rag_app.chains.few_shot import FewShot, softmax
from rag_app.chains.label_space import LabelSpace
from rag_app.chains.labels import Label

RNG = np.random.default_rng(0)


def cost(weights, inputs, targets, prior):
    """The summed log loss and the price of the weights, from the definition."""
    scores = prior + inputs @ weights
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -(targets * logs).sum() + few_shot._PRICE / 2 * (weights**2).sum()


def test_weights_are_of_least_cost():
    """No small step in any direction makes the cost smaller; and it is far below that of no weights."""
    inputs = RNG.normal(size=(12, 5)).astype(np.float32)
    targets = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, 12)]
    prior = RNG.normal(size=(12, 3)).astype(np.float32)
    weights = few_shot._minimise(inputs, targets, prior).astype(float)
    found = cost(weights, inputs, targets, prior)
    assert found < cost(0 * weights, inputs, targets, prior) - 1
    for _ in range(50):
        step = RNG.normal(size=weights.shape)
        assert cost(weights + 0.05 * step / np.linalg.norm(step), inputs, targets, prior) > found


@pytest.mark.parametrize("shape", [(40, 6), (6, 40), (1, 3), (3, 1)])
def test_the_largest_eigenvalue_is_not_underestimated(shape):
    """Steps of gradient descent would overshoot; NumPy's is the oracle."""
    inputs = RNG.normal(size=shape).astype(np.float32)
    largest = np.linalg.eigvalsh(inputs.T @ inputs)[-1]
    assert largest <= few_shot._largest_eigenvalue(inputs) <= 1.06 * largest


def test_softmax_of_large_logits():
    """Nothing overflows, and rows sum to one."""
    shares = softmax(np.array([[1000, 0, -1000], [5, 5, 5]], np.float32))
    np.testing.assert_allclose(shares, [[1, 0, 0], [1 / 3] * 3], atol=1e-6)


def test_words_and_how_a_text_begins_are_features():
    """Each once, in lower case; the first word and the first two are told from words elsewhere."""
    assert few_shot._features("Who, who wrote It?") == {"who", "wrote", "it", " who", " who who"}
    assert few_shot._features("Stop") == {"stop", " stop"}
    assert few_shot._features("?!") == {""}


def test_features_of_a_text_have_a_length_of_their_own():
    """However many words a text has."""
    for text in ("one", "one two three", "?"):
        names = few_shot._features(text)
        assert len(names) * few_shot._weight(names) ** 2 == pytest.approx(few_shot._WORDS)


def test_a_word_of_an_example_speaks_for_its_label(minilm):
    """Also where the embedder finds both labels alike; a word that is in no example says nothing."""
    labels = [
        Label("alpha", examples=("ticket zork", "zork please")),
        Label("beta", examples=("ticket blim", "blim please")),
    ]
    space = LabelSpace(minilm, labels)
    learner = FewShot(space, [text for label in labels for text in label.examples])
    same = np.repeat(minilm.embed(["ticket"]), 3, axis=0)
    zork, blim, new = learner.logits(same, ["zork", "blim", "quux"])
    assert zork[0] - zork[1] > new[0] - new[1] > blim[0] - blim[1]


def test_a_label_without_examples_keeps_its_meaning(minilm):
    """Examples of others do not draw its texts away."""
    examples = tuple(f"Invoice {i} was paid twice." for i in range(5))
    labels = [Label("billing", examples=examples), Label("weather"), Label("football")]
    learner = FewShot(LabelSpace(minilm, labels), examples)
    texts = ["Tomorrow it will rain.", "The goalkeeper saved a penalty.", "My bill is wrong."]
    assert learner.logits(minilm.embed(texts), texts).argmax(axis=1).tolist() == [1, 2, 0]
