"""The parts that networks are built of: each holds its weights and is called with a tensor.

A layer is any `Layer`; its weights are the tensors among its attributes, and those of the layers among them. A network
is a layer that calls other layers:

>>> import numpy as np
>>> class Gated(Layer):
...     def __init__(self, rng):
...         self.gate = Linear(4, 4, rng)
...
...     def __call__(self, x):
...         return x * sigmoid(self.gate(x))
>>> network = Gated(np.random.default_rng(0))
>>> network(Tensor(np.ones((2, 4)))).shape, sum(w.data.size for w in network.weights())
((2, 4), 20)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import concatenate, conv2d, gelu, relu, sigmoid, tanh

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "gelu": gelu,
}


class Layer:
    """Something with weights that turns tensors into tensors."""

    training = False

    def weights(self) -> Iterator[Tensor]:
        """Yield every weight, those of inner layers too, always in the same order."""
        for part in self._parts():
            if isinstance(part, Layer):
                yield from part.weights()
            elif isinstance(part, Tensor) and part.requires_grad:
                yield part

    def train(self, training: bool = True) -> None:  # noqa: FBT001, FBT002  (as every framework has it)
        """Switch dropout and batch statistics on, or off with False."""
        self.training = training
        for part in self._parts():
            if isinstance(part, Layer):
                part.train(training)

    def state(self) -> list[Array]:
        """Return copies of every array that training changes: weights and running statistics."""
        return [array.copy() for array in self._arrays()]

    def load_state(self, state: Sequence[Array]) -> None:
        """Set every array to what `state` returned."""
        for array, data in zip(self._arrays(), state, strict=True):
            array[...] = data

    def _arrays(self) -> Iterator[Array]:
        for part in self._parts():
            if isinstance(part, Layer):
                yield from part._arrays()  # noqa: SLF001  (a layer too)
            elif isinstance(part, np.ndarray):
                yield part
            elif isinstance(part, Tensor) and part.requires_grad:
                yield part.data

    def _parts(self) -> Iterator[object]:
        for value in vars(self).values():
            if isinstance(value, list | tuple):
                yield from value
            else:
                yield value


def weight(data: Array) -> Tensor:
    """Return a tensor that is learnt."""
    return Tensor(data, requires_grad=True)


class Linear(Layer):
    """Weighted sums of the last axis, ``x W + b``.

    Parameters
    ----------
    n_in, n_out : int
        Sizes of the last axis before and after.
    rng : numpy.random.Generator
        Draws the weights.
    bias : bool, default=True
        Whether there is a ``b``.

    Notes
    -----
    Weights begin uniform in ``±√(6 / (n_in + n_out))``, which keeps the variance of signals and of gradients (Glorot &
    Bengio, 2010); biases begin at 0.
    """

    def __init__(self, n_in: int, n_out: int, rng: np.random.Generator, *, bias: bool = True) -> None:
        limit = np.sqrt(6 / (n_in + n_out))
        self.W = weight(rng.uniform(-limit, limit, (n_in, n_out)))
        self.b = weight(np.zeros(n_out)) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        y = x @ self.W
        return y if self.b is None else y + self.b


class Conv2d(Layer):
    """Convolution of images with learnt kernels, and a bias for each channel.

    Parameters
    ----------
    n_in, n_out : int
        Channels before and after.
    size : int
        Height and width of the kernels.
    rng : numpy.random.Generator
        Draws the weights.
    stride, padding : int
        See `rag_app.from_scratch.networks.functions.conv2d`.
    """

    def __init__(
        self, n_in: int, n_out: int, size: int, rng: np.random.Generator, *, stride: int = 1, padding: int = 0
    ) -> None:
        scale = np.sqrt(2 / (n_in * size * size))  # He et al., 2015: for rectified units
        self.kernels = weight(rng.normal(0, scale, (n_out, n_in, size, size)))
        self.b = weight(np.zeros((n_out, 1, 1)))
        self._stride, self._padding = stride, padding

    def __call__(self, x: Tensor) -> Tensor:
        return conv2d(x, self.kernels, stride=self._stride, padding=self._padding) + self.b


class Embedding(Layer):
    """A learnt vector for each of n tokens; called with whole numbers, of any shape.

    Parameters
    ----------
    n_tokens, dimension : int
        Rows and columns of the table.
    rng : numpy.random.Generator
        Draws the vectors.
    """

    def __init__(self, n_tokens: int, dimension: int, rng: np.random.Generator) -> None:
        self.table = weight(rng.normal(0, 1 / np.sqrt(dimension), (n_tokens, dimension)))

    def __call__(self, tokens: ArrayLike) -> Tensor:
        return self.table[np.asarray(tokens, int)]


class LayerNorm(Layer):
    """The last axis shifted and scaled to mean 0 and variance 1, then by learnt numbers (Ba, Kiros & Hinton, 2016)."""

    def __init__(self, size: int, *, eps: float = 1e-5) -> None:
        self.gain, self.shift = weight(np.ones(size)), weight(np.zeros(size))
        self._eps = eps

    def __call__(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred * (variance + self._eps) ** -0.5 * self.gain + self.shift


class BatchNorm(Layer):
    """Each column shifted and scaled to mean 0 and variance 1 over the batch, then by learnt numbers.

    Parameters
    ----------
    size : int
        Columns.
    momentum : float, default=0.1
        Share of the newest batch in the running statistics, which stand in for the batch's when it is not training.
    eps : float, default=1e-5
        Added to the variance.

    References
    ----------
    Ioffe & Szegedy, "Batch normalization", ICML 2015.
    """

    def __init__(self, size: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        self.gain, self.shift = weight(np.ones(size)), weight(np.zeros(size))
        self.running_mean, self.running_variance = np.zeros(size), np.ones(size)
        self._momentum, self._eps = momentum, eps

    def __call__(self, x: Tensor) -> Tensor:
        if not self.training:
            scale = (self.running_variance + self._eps) ** -0.5
            return (x - self.running_mean) * scale * self.gain + self.shift
        mean = x.mean(0)
        centred = x - mean
        variance = (centred * centred).mean(0)
        n = len(x)
        unbiased = variance.data * n / max(n - 1, 1)
        self.running_mean = (1 - self._momentum) * self.running_mean + self._momentum * mean.data
        self.running_variance = (1 - self._momentum) * self.running_variance + self._momentum * unbiased
        return centred * (variance + self._eps) ** -0.5 * self.gain + self.shift


class Dropout(Layer):
    """While training, each number is 0 with probability p, and the others are divided by 1 - p.

    Parameters
    ----------
    p : float
        In [0, 1).
    rng : numpy.random.Generator
        Draws what is dropped.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
    """

    def __init__(self, p: float, rng: np.random.Generator) -> None:
        self._p, self._rng = p, rng

    def __call__(self, x: Tensor) -> Tensor:
        if not self.training or self._p == 0:
            return x
        return x * ((self._rng.random(x.shape) >= self._p) / (1 - self._p))


class Residual(Layer):
    """A layer with a way around it, ``x + f(x)``, on which gradients pass unchanged (He et al., 2016).

    Parameters
    ----------
    inner : callable
        f: a layer, or a function of tensors, that keeps the shape.
    """

    def __init__(self, inner: Callable[[Tensor], Tensor]) -> None:
        self.inner = inner

    def __call__(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class Sequential(Layer):
    """Layers, and functions of tensors, one after the other."""

    def __init__(self, *steps: Callable[[Tensor], Tensor]) -> None:
        self.steps = steps

    def __call__(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)
        return x


def dense(
    sizes: Sequence[int], rng: np.random.Generator, *, activation: str = "relu", dropout: float = 0.0
) -> Sequential:
    """Return a multilayer perceptron: linear layers of the given sizes with an activation between them.

    Examples
    --------
    >>> network = dense([2, 8, 1], np.random.default_rng(0))
    >>> network(Tensor(np.zeros((5, 2)))).shape
    (5, 1)
    """
    steps: list[Callable[[Tensor], Tensor]] = [Linear(sizes[0], sizes[1], rng)]
    for n_in, n_out in itertools.pairwise(sizes[1:]):
        steps.append(ACTIVATIONS[activation])
        if dropout:
            steps.append(Dropout(dropout, rng))
        steps.append(Linear(n_in, n_out, rng))
    return Sequential(*steps)


def join(*tensors: Tensor) -> Tensor:
    """Return tensors joined along the last axis: how a condition is given to a network."""
    return concatenate(tensors, axis=-1)
