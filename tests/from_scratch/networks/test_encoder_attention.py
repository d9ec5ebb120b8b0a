"""Context vectors: means of encoder outputs."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.encoder_attention import AdditiveAttention, encoder_attention

H = [[1, 0], [0, 1], [1, 1]]


def test_dot_scores():
    """The figures of the course: scores 2, 1, 3."""
    result = encoder_attention([2, 1], H)
    assert result["scores"] == [2, 1, 3]
    assert np.allclose(result["weights"], [0.2447, 0.0900, 0.6652], atol=1e-4)
    assert np.allclose(result["context"], [0.9100, 0.7553], atol=1e-4)


def test_additive_scores():
    """tanh(3) + tanh(1), 2 tanh(2) and tanh(3) + tanh(2)."""
    result = encoder_attention([2, 1], H, "additive")
    assert np.allclose(result["scores"], [1.7566, 1.9281, 1.9591], atol=1e-4)
    assert np.allclose(result["context"], [0.6521, 0.7069], atol=1e-4)


def test_given_weights_join_different_sizes():
    """A state of three numbers, encoder outputs of two, two hidden units."""
    rng = np.random.default_rng(0)
    q, W, U, v = rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)
    expected = [v @ np.tanh(q @ W + np.array(h) @ U) for h in H]
    assert np.allclose(encoder_attention(q, H, "additive", W, U, v)["scores"], expected)


def test_limits():
    """Equal scores give the mean, one far above the rest gives that output; weights sum to 1."""
    assert np.allclose(encoder_attention([0, 0], H)["context"], np.mean(H, axis=0))
    sharp = encoder_attention([200, 100], H)
    assert np.allclose(sharp["context"], [1, 1])
    assert sum(sharp["weights"]) == pytest.approx(1)
    assert min(sharp["weights"]) >= 0


def test_the_layer_has_the_formula_and_skips_padding():
    """Masked outputs have weight 0, and the rest is as if they were not there."""
    rng = np.random.default_rng(0)
    layer = AdditiveAttention(2, rng)
    state, outputs = rng.normal(size=(1, 2)), rng.normal(size=(1, 4, 2))
    context, weights = layer(Tensor(state), Tensor(outputs), np.array([[True, True, True, False]]))
    by_hand = encoder_attention(
        state[0], outputs[0, :3], "additive", layer.W.W.data, layer.U.W.data, layer.v.W.data[:, 0]
    )
    assert np.allclose(weights.data[0], [*by_hand["weights"], 0])
    assert np.allclose(context.data[0], by_hand["context"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 3], H), "query must be of the length of the encoder outputs, 2; got 3 numbers."),
        (([1, 2], H, "cosine"), "score must be one of dot, additive; got 'cosine'."),
        (([1, 2], H, "additive", [[1]]), "W must be of shape (2, 1); got (1, 1)."),
        (([1, 2], H, "additive", None, [[1]]), "U must be of shape (2, 2); got (1, 1)."),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        encoder_attention(*arguments)
    assert str(caught.value).startswith(message)
