"""Embeddings from the second-to-last layer, and their use for another task."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as TheirLogisticRegression

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.logistic import LogisticRegression
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.features import fingerprint, penultimate, penultimate_embedding, transfer_learning
from rag_app.from_scratch.networks.layers import ACTIVATIONS, dense

RNG = np.random.default_rng(0)


def test_the_network_of_the_course():
    """(4, 2) is the embedding, (0, 3) are the scores."""
    found = penultimate_embedding([3, 1], [[[1, 1], [1, -1]], [[0.5, -1], [0.25, 1]]])
    assert (found["embedding"], found["scores"]) == ([4, 2], [0, 3])
    assert found["probabilities"] == pytest.approx([0.0474, 0.9526], abs=5e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_last_layer_of_the_embedding_is_the_output(activation):
    """With every activation, and dropout that is off though training was on."""
    network = dense([3, 5, 4, 2], RNG, activation=activation, dropout=0.5)
    x = RNG.normal(size=(6, 3))
    network.train()
    features = penultimate(network, x)
    assert features.shape == (6, 4)
    assert (network.steps[-1](Tensor(features)).data == network(Tensor(x)).data).all()
    matrices = [w.data.T for w in network.weights() if w.data.ndim == 2]
    found = penultimate_embedding(x[0], matrices, activation)
    assert matrices[-1] @ found["embedding"] == pytest.approx(found["scores"])
    assert found["embedding"] == pytest.approx(features[0])  # biases begin at 0


def test_one_layer_embeds_nothing():
    """The input itself."""
    assert penultimate_embedding([1, 2], [[[1, 0]]])["embedding"] == [1, 2]


def test_a_fingerprint_shows_one_bit():
    """Of one weight."""
    network = dense([2, 3], RNG)
    before = fingerprint(network)
    assert fingerprint(network) == before
    weight = next(network.weights())
    weight.data[0, 0] = np.nextafter(weight.data[0, 0], 9)
    assert fingerprint(network) != before


@pytest.mark.parametrize("seed", [0, 1])
def test_reuse_beats_a_new_network_where_labels_are_few(seed):
    """The base stays what it was, byte for byte."""
    found = transfer_learning(seed=seed)
    assert found["transfer_accuracy"] > found["scratch_accuracy"] + 0.1
    assert found["transfer_accuracy"] > found["raw_accuracy"] + 0.2
    assert found["unchanged"]
    assert (found["n_trained"], found["n_frozen"]) == (32 + 1, 8 * 32 + 32 + 32 * 32 + 32)
    assert found["losses"][-1] < 0.2 * found["losses"][0]


def test_the_head_is_the_logistic_regression_of_scikit_learn():
    """On the same frozen features."""
    features = penultimate(dense([2, 16, 3], RNG), RNG.normal(size=(80, 2)))
    labels = (features[:, 0] > np.median(features[:, 0])).astype(int)
    ours = LogisticRegression(alpha=0.01).fit(features, labels)
    theirs = TheirLogisticRegression(C=1 / (2 * 80 * 0.01), tol=1e-10, max_iter=5000).fit(features, labels)
    assert ours.predict_proba(features) == pytest.approx(theirs.predict_proba(features), abs=1e-4)


def test_mistakes_are_named():
    """Layers that are missing or do not fit, and labels."""
    with pytest.raises(InvalidInputError, match="the number of matrices must be a whole number of at least 1; got 0"):
        penultimate_embedding([1], [])
    with pytest.raises(InvalidInputError, match=r"matrices\[1\] must have rows of 2 numbers; got rows of 1"):
        penultimate_embedding([1], [[[1], [1]], [[1]]])
    with pytest.raises(InvalidInputError, match="n_labelled must be a whole number of at least 4; got 3"):
        transfer_learning(3)
