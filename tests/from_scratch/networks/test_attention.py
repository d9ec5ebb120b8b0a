"""Scaled dot-product and multi-head attention, against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.attention import (
    MultiHeadAttention,
    multi_head_attention,
    scaled_dot_product_attention,
)
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.masks import causal_mask, earlier

RNG = np.random.default_rng(0)
Q, K, V = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
X = RNG.normal(size=(5, 4))


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_attention_is_torchs(scaled, masked):
    """With and without scaling and a mask."""
    mask = (np.arange(20).reshape(4, 5) % 3 > 0).astype(int) if masked else None
    ours = scaled_dot_product_attention(Q, K, V, mask, scaled=scaled)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(a) for a in (Q, K, V)),
        attn_mask=None if mask is None else torch.tensor(mask != 0),
        scale=None if scaled else 1.0,
    )
    assert np.allclose(ours["outputs"], theirs.numpy())
    assert np.allclose(np.sum(ours["weights"], axis=1), 1)
    if mask is not None:
        assert not np.array(ours["weights"])[mask == 0].any()


def test_the_scores_are_softened():
    """Not Q Kᵀ V: there is a softmax over the keys and a division by √d."""
    scores = Q @ K.T / np.sqrt(3)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.allclose(scaled_dot_product_attention(Q, K, V)["outputs"], weights @ V)


def test_zero_queries_give_the_mean():
    """Values 3, 6 and 9; under a causal mask the means of what came before."""
    zeros, values = [[0], [0], [0]], [[3], [6], [9]]
    assert np.allclose(scaled_dot_product_attention(zeros, zeros, values)["outputs"], 6)
    seen = scaled_dot_product_attention(zeros, zeros, values, causal_mask(3))["outputs"]
    assert np.allclose(seen, [[3], [4.5], [6]])


def test_order_does_not_matter():
    """Reordered rows give reordered outputs."""
    order = [4, 2, 0, 1, 3]
    outputs = np.array(scaled_dot_product_attention(X, X, X)["outputs"])
    assert np.allclose(scaled_dot_product_attention(X[order], X[order], X[order])["outputs"], outputs[order])


def test_the_future_is_hidden_only_by_the_causal_mask():
    """A changed last token leaves earlier outputs the same to the bit; without the mask it changes all."""
    changed = X.copy()
    changed[-1] += 1
    mask = causal_mask(5)
    before, after = (np.array(scaled_dot_product_attention(A, A, A, mask)["outputs"]) for A in (X, changed))
    assert np.array_equal(before[:-1], after[:-1])
    before, after = (np.array(scaled_dot_product_attention(A, A, A)["outputs"]) for A in (X, changed))
    assert (before != after).any(axis=1).all()


def test_padded_keys_change_nothing():
    """Outputs of a masked, padded sequence are those of the sequence."""
    padded = np.vstack([X, np.full((2, 4), 7.0)])
    mask = [[1, 1, 1, 1, 1, 0, 0]] * 5
    masked = scaled_dot_product_attention(X, padded, padded, mask)["outputs"]
    assert np.allclose(masked, scaled_dot_product_attention(X, X, X)["outputs"])


def _twin(n_heads):
    layer = MultiHeadAttention(4, n_heads, np.random.default_rng(1))
    twin = torch.nn.MultiheadAttention(4, n_heads, batch_first=True, dtype=torch.float64)
    parts = (layer.query, layer.key, layer.value)
    with torch.no_grad():
        twin.in_proj_weight.copy_(torch.tensor(np.vstack([p.W.data.T for p in parts])))
        twin.out_proj.weight.copy_(torch.tensor(layer.output.W.data.T))
    return layer, twin


@pytest.mark.parametrize("n_heads", [1, 2, 4])
@pytest.mark.parametrize("masked", [True, False])
def test_heads_are_torchs(n_heads, masked):
    """Outputs and gradients, with copied weights."""
    layer, twin = _twin(n_heads)
    rows = RNG.normal(size=(3, 5, 4))
    ours = layer(Tensor(rows), earlier(5) if masked else None)
    theirs, _ = twin(*(torch.tensor(rows),) * 3, attn_mask=torch.tensor(~earlier(5)) if masked else None)
    assert np.allclose(ours.data, theirs.detach().numpy())
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    ours_gradient = np.vstack([p.W.grad.T for p in (layer.query, layer.key, layer.value)])
    assert np.allclose(ours_gradient, twin.in_proj_weight.grad.numpy())


def test_a_memory_is_looked_at():
    """Cross-attention: queries of one sequence, keys and values of another."""
    layer, twin = _twin(2)
    x, memory = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 6, 4))
    theirs, _ = twin(torch.tensor(x), torch.tensor(memory), torch.tensor(memory))
    assert np.allclose(layer(Tensor(x), memory=Tensor(memory)).data, theirs.detach().numpy())


def test_one_head_is_plain_attention():
    """Followed by the output matrix."""
    W = [RNG.normal(size=(4, 4)) for _ in range(4)]
    plain = scaled_dot_product_attention(X @ W[0], X @ W[1], X @ W[2])
    heads = multi_head_attention(X, *W)
    assert np.allclose(heads["outputs"], plain["outputs"] @ W[3])
    assert np.allclose(heads["weights"], [plain["weights"]])
    assert np.shape(multi_head_attention(X, *W, n_heads=4)["weights"]) == (4, 5, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scaled_dot_product_attention(Q, X, V), "keys must have rows of 3 numbers; got rows of 4."),
        (lambda: scaled_dot_product_attention(Q, K, V[:4]), "keys and values must be of equal length; got 5 and 4."),
        (
            lambda: scaled_dot_product_attention([[1]], [[1]], [[1]], [[0]]),
            "mask must let every query see at least one key; got none in row 0.",
        ),
        (
            lambda: scaled_dot_product_attention([[1]], [[1]], [[1]], [[1, 1]]),
            "mask must be of shape (1, 1); got (1, 2).",
        ),
        (lambda: scaled_dot_product_attention([[np.nan]], [[1]], [[1]]), "queries must be finite; got nan."),
        (
            lambda: multi_head_attention(X, *[np.eye(4)] * 4, n_heads=3),
            "n_heads must divide the 4 columns of X; got 3.",
        ),
        (lambda: multi_head_attention(X, *[np.eye(3)] * 4), "W_q must be of shape (4, 4); got (3, 3)."),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value).startswith(message)
