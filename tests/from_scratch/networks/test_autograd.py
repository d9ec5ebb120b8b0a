"""Every operation's gradient against central differences and against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.from_scratch.networks import functions, losses
from rag_app.from_scratch.networks.autograd import Tensor

RNG = np.random.default_rng(0)
MASK = RNG.random((3, 4)) < 0.5


def _numbers(*shape, away_from_zero=False):
    values = RNG.normal(size=shape)
    return values + np.sign(values) * 0.3 if away_from_zero else values


# Name: the operation on tensors, the same in torch, and the shapes of its operands.
OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, [(3, 4), (3, 4)]),
    "add, broadcast": (lambda a, b: a + b, lambda a, b: a + b, [(3, 4), (4,)]),
    "add, broadcast in the middle": (lambda a, b: a + b, lambda a, b: a + b, [(2, 3, 4), (2, 1, 4)]),
    "subtract": (lambda a, b: a - b, lambda a, b: a - b, [(3, 1), (1, 4)]),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b, [(3, 4), (1,)]),
    "divide": (lambda a, b: a / b, lambda a, b: a / b, [(3, 4), (3, 1)]),
    "numbers on the left": (lambda a: (2 - a) * 3 + 1 / a, lambda a: (2 - a) * 3 + 1 / a, [(3, 4)]),
    "negate": (lambda a: -a, lambda a: -a, [(3, 4)]),
    "square": (lambda a: a**2, lambda a: a**2, [(3, 4)]),
    "twice the same": (lambda a: a * a + a, lambda a: a * a + a, [(3, 4)]),
    "matmul": (lambda a, b: a @ b, lambda a, b: a @ b, [(3, 4), (4, 5)]),
    "matmul, batches": (lambda a, b: a @ b, lambda a, b: a @ b, [(2, 3, 4), (2, 4, 5)]),
    "matmul, broadcast": (lambda a, b: a @ b, lambda a, b: a @ b, [(2, 6, 3, 4), (4, 5)]),
    "sum": (lambda a: a.sum(), lambda a: a.sum(), [(3, 4)]),
    "sum, axis": (lambda a: a.sum(1), lambda a: a.sum(1), [(3, 4)]),
    "sum, axes": (lambda a: a.sum((0, -1)), lambda a: a.sum((0, -1)), [(2, 3, 4)]),
    "sum, kept": (lambda a: a.sum(0, keepdims=True), lambda a: a.sum(0, keepdim=True), [(3, 4)]),
    "mean": (lambda a: a.mean(-1), lambda a: a.mean(-1), [(3, 4)]),
    "max": (lambda a: a.max(1), lambda a: a.amax(1), [(3, 4)]),
    "max, kept": (lambda a: a.max(0, keepdims=True), lambda a: a.amax(0, keepdim=True), [(3, 4)]),
    "reshape": (lambda a: a.reshape(2, -1), lambda a: a.reshape(2, -1), [(3, 4)]),
    "transpose": (lambda a: a.transpose(), lambda a: a.T, [(3, 4)]),
    "transpose, axes": (lambda a: a.transpose(1, 2, 0), lambda a: a.permute(1, 2, 0), [(2, 3, 4)]),
    "slice": (lambda a: a[1:, ::2], lambda a: a[1:, ::2], [(3, 4)]),
    "index, repeated": (lambda a: a[[0, 2, 2, 0]], lambda a: a[[0, 2, 2, 0]], [(3, 4)]),
    "index, pairs": (lambda a: a[np.arange(3), [0, 3, 3]], lambda a: a[torch.arange(3), [0, 3, 3]], [(3, 4)]),
    "exp": (functions.exp, torch.exp, [(3, 4)]),
    "log": (lambda a: functions.log(a * a), lambda a: torch.log(a * a), [(3, 4)]),
    "absolute": (functions.absolute, torch.abs, [(3, 4)]),
    "tanh": (functions.tanh, torch.tanh, [(3, 4)]),
    "sigmoid": (functions.sigmoid, torch.sigmoid, [(3, 4)]),
    "relu": (functions.relu, torch.relu, [(3, 4)]),
    "leaky relu": (functions.leaky_relu, lambda a: torch.nn.functional.leaky_relu(a, 0.2), [(3, 4)]),
    "softplus": (functions.softplus, torch.nn.functional.softplus, [(3, 4)]),
    "gelu": (functions.gelu, lambda a: torch.nn.functional.gelu(a, approximate="tanh"), [(3, 4)]),
    "softmax": (functions.softmax, lambda a: torch.softmax(a, -1), [(3, 4)]),
    "log-softmax": (lambda a: functions.log_softmax(a, 0), lambda a: torch.log_softmax(a, 0), [(3, 4)]),
    "where": (
        lambda a, b: functions.where(MASK, a, b),
        lambda a, b: torch.where(torch.tensor(MASK), a, b),
        [(3, 4), (1, 4)],
    ),
    "concatenate": (lambda a, b: functions.concatenate([a, b], 1), lambda a, b: torch.cat([a, b], 1), [(3, 4), (3, 2)]),
    "stack": (lambda a, b: functions.stack([a, b], 1), lambda a, b: torch.stack([a, b], 1), [(3, 4), (3, 4)]),
    "pad": (lambda a: functions.pad(a, [(1, 0), (0, 2)]), lambda a: torch.nn.functional.pad(a, (0, 2, 1, 0)), [(3, 4)]),
    "conv2d": (functions.conv2d, torch.nn.functional.conv2d, [(2, 3, 5, 6), (4, 3, 2, 3)]),
    "conv2d, stride and padding": (
        lambda a, b: functions.conv2d(a, b, stride=2, padding=1),
        lambda a, b: torch.nn.functional.conv2d(a, b, stride=2, padding=1),
        [(2, 3, 6, 7), (4, 3, 3, 3)],
    ),
    "max_pool2d": (
        lambda a: functions.max_pool2d(a, 2),
        lambda a: torch.nn.functional.max_pool2d(a, 2),
        [(2, 3, 5, 6)],
    ),
    "max_pool2d, overlapping": (
        lambda a: functions.max_pool2d(a, 3, stride=1),
        lambda a: torch.nn.functional.max_pool2d(a, 3, 1),
        [(2, 3, 5, 6)],
    ),
    "squared loss": (losses.squared_loss, torch.nn.functional.mse_loss, [(3, 4), (3, 4)]),
    "cross-entropy loss": (
        lambda a: losses.cross_entropy_loss(a, np.array([0, 3, 3])),
        lambda a: torch.nn.functional.cross_entropy(a, torch.tensor([0, 3, 3])),
        [(3, 4)],
    ),
    "cross-entropy loss, sequences": (
        lambda a: losses.cross_entropy_loss(a, np.array([[0, 3], [1, 2]])),
        lambda a: torch.nn.functional.cross_entropy(a.reshape(4, 4), torch.tensor([0, 3, 1, 2])),
        [(2, 2, 4)],
    ),
    "binary cross-entropy loss": (
        lambda a: losses.binary_cross_entropy_loss(a, MASK.astype(float)),
        lambda a: torch.nn.functional.binary_cross_entropy_with_logits(a, torch.tensor(MASK.astype(float))),
        [(3, 4)],
    ),
    "penalty": (
        lambda a, b: losses.penalty([a, b, a[0]], l1=0.3, l2=0.2),
        lambda a, b: sum(0.3 * w.abs().sum() + 0.2 * (w * w).sum() for w in (a, b)),
        [(3, 4), (4, 1)],
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_values_and_gradients_are_those_of_torch(name):
    """A random direction through the output pulls back to the same gradient for every operand."""
    own, torchs, shapes = OPERATIONS[name]
    arrays = [_numbers(*shape, away_from_zero=True) for shape in shapes]
    operands = [Tensor(a, requires_grad=True) for a in arrays]
    others = [torch.tensor(a, requires_grad=True) for a in arrays]
    result, expected = own(*operands), torchs(*others)
    assert np.allclose(result.data, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    direction = _numbers(*result.shape)
    (result * direction).sum().backward()
    (expected * torch.tensor(direction)).sum().backward()
    for operand, other in zip(operands, others, strict=True):
        assert operand.grad.shape == operand.shape
        assert np.allclose(operand.grad, other.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_are_central_differences(name):
    """(f(x + h) - f(x - h)) / 2h for every number of every operand."""
    own, _, shapes = OPERATIONS[name]
    arrays = [_numbers(*shape, away_from_zero=True) for shape in shapes]
    direction = _numbers(*own(*map(Tensor, arrays)).shape)

    def value():
        return (own(*map(Tensor, arrays)) * direction).sum().item()

    operands = [Tensor(a, requires_grad=True) for a in arrays]
    (own(*operands) * direction).sum().backward()
    for array, operand in zip(arrays, operands, strict=True):
        slope = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            kept = array[i]
            array[i] = kept + 1e-6
            above = value()
            array[i] = kept - 1e-6
            slope[i] = (above - value()) / 2e-6
            array[i] = kept
        assert np.allclose(operand.grad, slope, rtol=1e-5, atol=1e-6)


def test_gradients_add_up():
    """Every backward adds to what is there, until it is set to None."""
    x = Tensor([2.0], requires_grad=True)
    (x * x).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.tolist() == [7.0]
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0]


def test_a_value_that_is_used_by_many_gets_all_their_gradients():
    """For y = h·h + h with h = 2x: dy/dx = (2h + 1) · 2 = 18 at x = 2; h is walked through once."""
    x = Tensor([2.0], requires_grad=True)
    h = x * 2
    (h * h + h).sum().backward()
    assert x.grad.tolist() == [18.0]


def test_gradients_stop_where_they_are_told_to():
    """Neither a detached tensor nor one that does not require a gradient passes any on."""
    x, y = Tensor([2.0], requires_grad=True), Tensor([3.0])
    ((x * y).detach() * x).sum().backward()
    assert (x.grad.tolist(), y.grad) == ([6.0], None)


def test_a_chain_of_ten_thousand_steps():
    """The walk back needs no recursion."""
    x = Tensor([1.0], requires_grad=True)
    y = x
    for _ in range(10_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1.0]


def test_equal_largest_numbers_share_the_gradient():
    """Two of them get one half each."""
    x = Tensor([[1.0, 3.0, 3.0]], requires_grad=True)
    x.max(1).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.5, 0.5]]


def test_a_tensor_shows_its_numbers():
    """As the array that it holds."""
    assert repr(Tensor([1, 2])) == "Tensor(array([1., 2.]))"


def test_backward_starts_from_one_number():
    """A vector has no gradient."""
    with pytest.raises(ValueError, match=r"^backward starts from a single number; got shape \(2,\)\.$"):
        Tensor([1.0, 2.0], requires_grad=True).backward()


def test_32_bits_stay_32_bits():
    """Through arithmetic with numbers, activations and reductions; whole numbers become 64-bit floats."""
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    y = (functions.sigmoid(x * 2 + 1) @ x).mean() ** 2
    y.backward()
    assert (y.data.dtype, x.grad.dtype) == (np.float32, np.float32)
    assert Tensor([1, 2]).data.dtype == np.float64


@pytest.mark.parametrize(
    "function", [functions.sigmoid, functions.softplus, functions.softmax, functions.log_softmax, functions.tanh]
)
def test_extreme_numbers_do_not_overflow(function):
    """±1e4 gives finite values and finite gradients, without a warning."""
    x = Tensor([[-1e4, 0.0, 1e4]], requires_grad=True)
    y = function(x)
    y.sum().backward()
    assert np.isfinite(y.data).all()
    assert np.isfinite(x.grad).all()
