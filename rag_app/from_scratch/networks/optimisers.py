"""How weights follow their gradients: gradient descent, momentum, RMSProp and Adam."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from rag_app.from_scratch.networks.autograd import Array, Tensor


class Optimiser(Protocol):
    """Moves weights by their gradients."""

    def step(self) -> None:
        """Move every weight once, and forget the gradients."""


class _Steps(ABC):
    def __init__(self, weights: Iterable[Tensor], learning_rate: float) -> None:
        self._weights = list(weights)
        self.learning_rate = learning_rate

    def step(self) -> None:
        """Move every weight once, and forget the gradients."""
        for i, weight in enumerate(self._weights):
            if weight.grad is not None:
                weight.data = weight.data - self.learning_rate * self._direction(i, weight.grad)
                weight.grad = None

    def state(self) -> list[Array]:
        """Return copies of what is remembered of earlier steps."""
        return [np.array(array) for arrays in self._memory() for array in arrays]

    def load_state(self, state: Sequence[Array]) -> None:
        """Remember what `state` returned."""
        held = iter(state)
        for arrays in self._memory():
            arrays[:] = [np.array(next(held)) for _ in arrays]

    @abstractmethod
    def _memory(self) -> tuple[list[Array], ...]:
        """Return what is remembered for each weight, list by list."""

    @abstractmethod
    def _direction(self, i: int, gradient: Array) -> Array:
        """Return where weight i moves, against its sign, before the learning rate."""


class SGD(_Steps):
    """Gradient descent: ``w ← w - η v`` with ``v ← μ v + g``.

    Parameters
    ----------
    weights : iterable of Tensor
        What is learnt.
    learning_rate : float, default=0.01
        Size η of a step.
    momentum : float, default=0.0
        Share μ of the step before, in [0, 1).

    Examples
    --------
    One step on ``w²`` from 3: ``3 - 0.1 · 6``.

    >>> w = Tensor([3.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SGD([w], learning_rate=0.1).step()
    >>> w.data
    array([2.4])
    """

    def __init__(self, weights: Iterable[Tensor], learning_rate: float = 0.01, *, momentum: float = 0.0) -> None:
        super().__init__(weights, learning_rate)
        self._momentum = momentum
        self._velocity = [np.zeros_like(w.data) for w in self._weights]

    def _memory(self) -> tuple[list[Array], ...]:
        return (self._velocity,)

    def _direction(self, i: int, gradient: Array) -> Array:
        self._velocity[i] = self._momentum * self._velocity[i] + gradient
        return self._velocity[i]


class RMSProp(_Steps):
    """Each gradient is divided by the root of a running mean of its squares: ``g / (√v + ε)``.

    Parameters
    ----------
    weights : iterable of Tensor
        What is learnt.
    learning_rate : float, default=0.01
        Size of a step.
    decay : float, default=0.99
        Share of the past in the running mean, in [0, 1).
    eps : float, default=1e-8
        Keeps the quotient finite.

    References
    ----------
    Tieleman & Hinton, "Lecture 6.5: RMSProp", Coursera: Neural Networks for Machine Learning (2012).
    """

    def __init__(
        self, weights: Iterable[Tensor], learning_rate: float = 0.01, *, decay: float = 0.99, eps: float = 1e-8
    ) -> None:
        super().__init__(weights, learning_rate)
        self._decay, self._eps = decay, eps
        self._squares = [np.zeros_like(w.data) for w in self._weights]

    def _memory(self) -> tuple[list[Array], ...]:
        return (self._squares,)

    def _direction(self, i: int, gradient: Array) -> Array:
        self._squares[i] = self._decay * self._squares[i] + (1 - self._decay) * gradient * gradient
        direction: Array = gradient / (np.sqrt(self._squares[i]) + self._eps)
        return direction


class Adam(_Steps):
    """Running means of gradients and of their squares, corrected for beginning at 0: ``m̂ / (√v̂ + ε)``.

    Parameters
    ----------
    weights : iterable of Tensor
        What is learnt.
    learning_rate : float, default=0.001
        Size of a step.
    beta1, beta2 : float, default=0.9, 0.999
        Shares of the past in the two running means, in [0, 1).
    eps : float, default=1e-8
        Keeps the quotient finite.
    weight_decay : float, default=0.0
        Share of each weight that is taken away at each step, times the learning rate (AdamW).

    Notes
    -----
    The first step has the length of the learning rate, whatever the gradient: ``m̂ = g`` and ``v̂ = g²``.

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015. Loshchilov & Hutter, "Decoupled weight decay
    regularization", ICLR 2019.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(weights, learning_rate)
        self._beta1, self._beta2, self._eps, self._weight_decay = beta1, beta2, eps, weight_decay
        self._means = [np.zeros_like(w.data) for w in self._weights]
        self._squares = [np.zeros_like(w.data) for w in self._weights]
        self._n_steps: list[Array] = [np.zeros(()) for _ in self._weights]

    def _memory(self) -> tuple[list[Array], ...]:
        return (self._means, self._squares, self._n_steps)

    def _direction(self, i: int, gradient: Array) -> Array:
        self._n_steps[i] = self._n_steps[i] + 1
        self._means[i] = self._beta1 * self._means[i] + (1 - self._beta1) * gradient
        self._squares[i] = self._beta2 * self._squares[i] + (1 - self._beta2) * gradient * gradient
        mean = self._means[i] / (1 - self._beta1 ** self._n_steps[i])
        square = self._squares[i] / (1 - self._beta2 ** self._n_steps[i])
        direction: Array = mean / (np.sqrt(square) + self._eps)
        return direction + self._weight_decay * self._weights[i].data if self._weight_decay else direction


OPTIMISERS: dict[str, type[SGD | RMSProp | Adam]] = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam}


def clip_gradients(weights: Iterable[Tensor], longest: float) -> float:
    """Shorten the gradients of all weights together to a length of at most `longest`, and return what it was.

    Examples
    --------
    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> (w * [3.0, 4.0]).sum().backward()
    >>> clip_gradients([w], 1.0), w.grad.tolist()
    (5.0, [0.6000000000000001, 0.8])
    """
    held = [w for w in weights if w.grad is not None]
    length = float(np.sqrt(sum(float((w.grad * w.grad).sum()) for w in held if w.grad is not None)))
    if length > longest:
        for weight in held:
            weight.grad = weight.grad * (longest / length) if weight.grad is not None else None
    return length
