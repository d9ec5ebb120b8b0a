"""Layers compute what torch's compute, with the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import (
    ACTIVATIONS,
    BatchNorm,
    Conv2d,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Linear,
    Residual,
    Sequential,
    dense,
    join,
)


@pytest.fixture
def rng():
    """A generator with a seed."""
    return np.random.default_rng(0)


def _copied(target, array):
    with torch.no_grad():
        target.copy_(torch.tensor(array))


def test_a_linear_layer(rng):
    """The last axis becomes weighted sums; torch keeps its weights transposed."""
    layer, other = Linear(3, 2, rng), torch.nn.Linear(3, 2, dtype=torch.float64)
    layer.b.data = rng.normal(size=2)
    _copied(other.weight, layer.W.data.T)
    _copied(other.bias, layer.b.data)
    x = rng.normal(size=(4, 5, 3))
    assert np.allclose(layer(Tensor(x)).data, other(torch.tensor(x)).detach().numpy())
    assert len(list(Linear(3, 2, rng, bias=False).weights())) == 1


def test_weights_begin_within_the_limit_of_glorot(rng):
    """±√(6 / (n_in + n_out)), with the variance of that uniform distribution: a third of the limit squared."""
    W = Linear(300, 100, rng).W.data
    assert np.abs(W).max() <= np.sqrt(6 / 400)
    assert W.var() == pytest.approx(6 / 400 / 3, rel=0.02)


def test_a_convolution(rng):
    """Kernels and one bias for each channel."""
    layer = Conv2d(2, 3, 3, rng, stride=2, padding=1)
    layer.b.data = rng.normal(size=(3, 1, 1))
    other = torch.nn.Conv2d(2, 3, 3, stride=2, padding=1, dtype=torch.float64)
    _copied(other.weight, layer.kernels.data)
    _copied(other.bias, layer.b.data.ravel())
    x = rng.normal(size=(2, 2, 7, 6))
    assert np.allclose(layer(Tensor(x)).data, other(torch.tensor(x)).detach().numpy())


def test_an_embedding(rng):
    """Each token is its row, and a token that occurs twice gets both gradients."""
    layer = Embedding(5, 3, rng)
    y = layer(np.array([[0, 4], [4, 1]]))
    assert np.array_equal(y.data[0, 1], layer.table.data[4])
    y.sum().backward()
    assert layer.table.grad[:, 0].tolist() == [1, 1, 0, 0, 2]


def test_layer_norm(rng):
    """Mean and variance of the last axis, with gradients."""
    layer, other = LayerNorm(4), torch.nn.LayerNorm(4, dtype=torch.float64)
    x = rng.normal(size=(3, 4))
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    (layer(a) ** 2 * np.arange(4)).sum().backward()
    (other(b) ** 2 * torch.arange(4)).sum().backward()
    assert np.allclose(a.grad, b.grad.numpy())


def test_batch_norm(rng):
    """Statistics of the batch while training, running ones otherwise; values, gradients and running statistics."""
    layer, other = BatchNorm(4), torch.nn.BatchNorm1d(4, dtype=torch.float64)
    layer.train()
    for _ in range(3):
        x = rng.normal(2, 3, size=(6, 4))
        a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        (layer(a) ** 2 * np.arange(4)).sum().backward()
        (other(b) ** 2 * torch.arange(4)).sum().backward()
        assert np.allclose(a.grad, b.grad.numpy())
    layer.train(training=False)
    other.eval()
    assert np.allclose(layer.running_variance, other.running_var.numpy())
    assert np.allclose(layer(Tensor(x)).data, other(torch.tensor(x)).detach().numpy())


def test_dropout_keeps_the_mean(rng):
    """A share p is 0 and the others are larger by 1 / (1 - p); nothing happens when it is not training or p is 0."""
    layer, x = Dropout(0.3, rng), Tensor(np.ones((200, 500)))
    assert layer(x) is x
    layer.train()
    y = layer(x).data
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    nothing = Dropout(0.0, rng)
    nothing.train()
    assert nothing(x) is x


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_dense_network_learns_with_every_activation(rng, name):
    """All its weights get gradients, from the first layer to the last."""
    network = dense([3, 5, 4, 2], rng, activation=name, dropout=0.1)
    network.train()
    (network(Tensor(rng.normal(size=(20, 3)))) ** 2).sum().backward()
    weights = list(network.weights())
    assert [w.shape for w in weights] == [(3, 5), (5,), (5, 4), (4,), (4, 2), (2,)]
    assert all(np.abs(w.grad).max() > 0 for w in weights)


def test_state_is_kept_and_restored(rng):
    """Copies come out, so later steps don't change them; copies go in."""
    network = Sequential(Linear(2, 2, rng), Linear(2, 2, rng))
    state = network.state()
    for weight in network.weights():
        weight.data += 1
    assert not np.allclose(network.state()[0], state[0])
    network.load_state(state)
    assert all(np.array_equal(a, b) for a, b in zip(network.state(), state, strict=True))


def test_state_holds_running_statistics(rng):
    """A network with batch normalisation says the same after its state was restored."""
    network = Sequential(Linear(2, 3, rng), BatchNorm(3))
    x = Tensor(rng.normal(5, 2, size=(8, 2)))
    network.train()
    network(x)
    network.train(training=False)
    state, said = network.state(), network(x).data
    network.train()
    network(x * 2)
    network.train(training=False)
    assert not np.allclose(network(x).data, said)
    network.load_state(state)
    assert np.array_equal(network(x).data, said)


def test_a_residual_layer_adds_what_came_in(rng):
    """With an inner layer of zeros it is the identity, and its Jacobian is I plus that of the inner layer."""
    inner = Linear(3, 3, rng)
    layer, x = Residual(inner), Tensor(rng.normal(size=(1, 3)), requires_grad=True)
    layer(x)[0, 1].backward()
    assert np.allclose(x.grad[0], inner.W.data[:, 1] + [0, 1, 0])
    inner.W.data = np.zeros((3, 3))
    assert np.array_equal(layer(x).data, x.data)


def test_training_reaches_inner_layers(rng):
    """In attributes and in lists."""

    class Two(Layer):
        def __init__(self):
            self.one, self.others = Dropout(0.5, rng), [Dropout(0.5, rng)]

    network = Two()
    network.train()
    assert (network.one.training, network.others[0].training) == (True, True)
    network.train(training=False)
    assert (network.one.training, network.others[0].training) == (False, False)


def test_a_condition_is_joined_to_the_last_axis():
    """Two columns and three make five."""
    assert join(Tensor(np.ones((4, 2))), Tensor(np.zeros((4, 3)))).shape == (4, 5)
