"""Arrays that remember how they were computed, so that the gradient of a result reaches everything it came from.

A network is a chain of functions, and the chain rule gives its gradient: each operation here notes its inputs and, for
each of them, how to pull the gradient of the output back to it (a vector–Jacobian product). `Tensor.backward` walks the
notes from the result to the leaves. How a network is written with it:

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> x, y = Tensor(rng.normal(size=(8, 2))), Tensor(rng.normal(size=(8, 1)))
>>> W, b = Tensor(np.zeros((2, 1)), requires_grad=True), Tensor(np.zeros(1), requires_grad=True)
>>> loss = ((x @ W + b - y) ** 2).mean()
>>> loss.backward()
>>> W.grad.shape, b.grad.shape
((2, 1), (1,))

References
----------
Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
Griewank & Walther, *Evaluating Derivatives*, 2nd ed. (2008), for the reverse mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]
Pullback = Callable[[Array], Array]
Axis = int | tuple[int, ...] | None


class Tensor:
    """An array and how it was computed.

    Parameters
    ----------
    data : array-like
        Numbers; integers become 64-bit floats, floats keep their width.
    requires_grad : bool, default=False
        Whether `backward` leaves the gradient with respect to it in `grad`.

    Attributes
    ----------
    data : ndarray
        The numbers.
    inputs : tuple of (Tensor, callable)
        What it was computed from, each with the function that pulls a gradient back to it.
    grad : ndarray or None
        The sum of the gradients of every `backward` since it was last set to None; of the shape of `data`.
    """

    __array_priority__ = 1.0  # an array on the left of an operator leaves the operation to the tensor
    __slots__ = ("data", "grad", "inputs", "requires_grad")

    def __init__(self, data: ArrayLike, *, requires_grad: bool = False) -> None:
        array = np.asarray(data)
        self.data: Array = array if array.dtype.kind == "f" else array.astype(np.float64)
        self.grad: Array | None = None
        self.requires_grad = requires_grad
        self.inputs: tuple[tuple[Tensor, Pullback], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the numbers."""
        return self.data.shape

    def __repr__(self) -> str:
        return f"Tensor({self.data!r})"

    def __len__(self) -> int:
        return len(self.data)

    def item(self) -> float:
        """Return the only number as a float."""
        return float(self.data.item())

    def detach(self) -> Tensor:
        """Return the same numbers without how they were computed: gradients stop here."""
        return Tensor(self.data)

    def backward(self) -> None:
        """Add the gradient of this number with respect to every leaf that requires it to the leaf's `grad`.

        Raises
        ------
        ValueError
            If it is not a single number. (A mistake of the programmer.)
        """
        if self.data.size != 1:
            msg = f"backward starts from a single number; got shape {self.shape}."
            raise ValueError(msg)
        gradients: dict[int, Array] = {id(self): np.ones_like(self.data)}
        for tensor in self._ordered():
            gradient = gradients.pop(id(tensor))
            if tensor.requires_grad:
                tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient
            for source, pullback in tensor.inputs:
                part = pullback(gradient)
                known = gradients.get(id(source))
                gradients[id(source)] = part if known is None else known + part

    def _ordered(self) -> list[Tensor]:
        """Return what this was computed from, every tensor before its inputs (depth first, without recursion)."""
        done: set[int] = set()
        finished: list[Tensor] = []
        stack: list[tuple[Tensor, bool]] = [(self, False)]
        while stack:
            tensor, inputs_done = stack.pop()
            if inputs_done:
                finished.append(tensor)
            elif id(tensor) not in done:
                done.add(id(tensor))
                stack.append((tensor, True))
                stack.extend((source, False) for source, _ in tensor.inputs if id(source) not in done)
        return finished[::-1]

    # -- arithmetic: the shapes of the operands are broadcast, and gradients are summed back ------------------------

    def __add__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self)
        return record(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self)
        return record(self.data * other.data, (self, lambda g: g * other.data), (other, lambda g: g * self.data))

    def __sub__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self)
        return record(self.data - other.data, (self, lambda g: g), (other, np.negative))

    def __truediv__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self)
        quotient = self.data / other.data
        return record(quotient, (self, lambda g: g / other.data), (other, lambda g: -g * quotient / other.data))

    def __pow__(self, exponent: float) -> Tensor:
        power = self.data**exponent
        return record(power, (self, lambda g: g * exponent * self.data ** (exponent - 1)))

    def __matmul__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self)
        # d(AB) pulls back to A as g Bᵀ and to B as Aᵀ g, for the last two axes; leading axes are broadcast.
        return record(
            self.data @ other.data,
            (self, lambda g: g @ other.data.swapaxes(-1, -2)),
            (other, lambda g: self.data.swapaxes(-1, -2) @ g),
        )

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: ArrayLike) -> Tensor:
        return as_tensor(other, self) - self

    def __rtruediv__(self, other: ArrayLike) -> Tensor:
        return as_tensor(other, self) / self

    def __neg__(self) -> Tensor:
        return record(-self.data, (self, np.negative))

    # -- reductions -------------------------------------------------------------------------------------------------

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Return the sum over axes."""
        total = self.data.sum(axis=axis, keepdims=keepdims)
        return record(total, (self, lambda g: np.broadcast_to(_restored(g, self.data, axis, keepdims), self.shape)))

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Return the mean over axes."""
        total = self.sum(axis, keepdims=keepdims)
        return total * (total.data.size / self.data.size)

    def max(self, axis: int, *, keepdims: bool = False) -> Tensor:
        """Return the largest number along an axis; several that are equal share the gradient."""
        largest = self.data.max(axis=axis, keepdims=True)
        chosen = self.data == largest
        share = chosen / chosen.sum(axis=axis, keepdims=True)
        return record(
            largest if keepdims else largest.squeeze(axis),
            (self, lambda g: _restored(g, self.data, axis, keepdims) * share),
        )

    # -- shapes -----------------------------------------------------------------------------------------------------

    def reshape(self, *shape: int) -> Tensor:
        """Return the same numbers in another shape; one size may be -1."""
        return record(self.data.reshape(shape), (self, lambda g: g.reshape(self.shape)))

    def transpose(self, *axes: int) -> Tensor:
        """Return the same numbers with the axes in another order; by default reversed."""
        order = axes or tuple(range(self.data.ndim))[::-1]
        return record(self.data.transpose(order), (self, lambda g: g.transpose(np.argsort(order))))

    def __getitem__(self, index: Any) -> Tensor:  # noqa: ANN401  (whatever NumPy takes)
        def pull(g: Array) -> Array:
            spread = np.zeros_like(self.data)
            if _is_basic(index):
                spread[index] = g
            else:
                np.add.at(spread, index, g)  # an element that was taken twice gets both gradients
            return spread

        return record(self.data[index], (self, pull))


def as_tensor(value: Tensor | ArrayLike, like: Tensor | None = None) -> Tensor:
    """Return a tensor; a plain number takes the width of `like`, so that 32-bit networks stay 32-bit."""
    if isinstance(value, Tensor):
        return value
    return Tensor(np.asarray(value, None if like is None else like.data.dtype))


def record(data: Array, *inputs: tuple[Tensor, Pullback]) -> Tensor:
    """Return the result of an operation that remembers its inputs.

    Parameters
    ----------
    data : ndarray
        The result.
    *inputs : tuple of (Tensor, callable)
        Each input with the function that turns the gradient of the result into the gradient of that input. What
        broadcasting repeated is summed here.
    """
    result = Tensor(data)
    result.inputs = tuple(
        (source, _summed_to(source.shape, pullback))
        for source, pullback in inputs
        if source.requires_grad or source.inputs
    )
    return result


def _summed_to(shape: tuple[int, ...], pullback: Pullback) -> Pullback:
    def pull(g: Array) -> Array:
        gradient = pullback(g)
        if gradient.shape == shape:
            return gradient
        extra = gradient.ndim - len(shape)
        repeated = tuple(i + extra for i, size in enumerate(shape) if size == 1 and gradient.shape[i + extra] != 1)
        total: Array = gradient.sum(axis=(*range(extra), *repeated))
        return total.reshape(shape)

    return pull


def _restored(g: Array, data: Array, axis: Axis, keepdims: bool) -> Array:  # noqa: FBT001  (passed on as it was given)
    """Give a gradient back the axes that a reduction took away."""
    if keepdims or axis is None:
        return g
    axes: Sequence[int] = (axis,) if isinstance(axis, int) else axis
    return np.expand_dims(g, tuple(a % data.ndim for a in axes))


def _is_basic(index: Any) -> bool:  # noqa: ANN401  (whatever NumPy takes)
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, int | slice) for p in parts)
