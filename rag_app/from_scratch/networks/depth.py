"""How deep a network should be: what happens to gradients on the way down, and when to stop adding layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_count, check_range, check_same_length
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import tanh
from rag_app.from_scratch.networks.layers import Linear, Residual, Sequential
from rag_app.from_scratch.networks.multilayer import MLPRegressor
from rag_app.from_scratch.networks.training import EarlyStopping
from rag_app.registry import register


@register("tool", "M035")
def gradient_norms(depth: int = 50, width: int = 32, scale: float = 0.8, seed: int = 0) -> dict[str, Any]:
    """Return the length of the gradient at each layer of a deep random network, plain and with skip connections.

    Parameters
    ----------
    depth : int, default=50
        Layers, at least 1.
    width : int, default=32
        Units of each layer, at least 1.
    scale : float, default=0.8
        Weights are drawn with standard deviation ``scale / √width``, above 0; below 1 a plain signal shrinks.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``plain`` and ``skip``: the length of the gradient at the input of each layer, first layer first;
        ``first_layer_ratio``, how many times longer it is at the first layer with skip connections.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    A layer ``f`` multiplies gradients by its Jacobian ``J``, a layer with a way around it, ``x + f(x)``, by
    ``I + J``. The gradient is that of the sum of the outputs, and ``f(x) = tanh(xW)``.
    He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR 2016.

    Examples
    --------
    >>> norms = gradient_norms()
    >>> norms["plain"][0] < 0.001, norms["skip"][0] > 10
    (True, True)
    """
    check_count("depth", depth)
    check_count("width", width)
    check_range("scale", scale, 0, open_low=True)
    plain, skip = (_norms(depth, width, scale, seed, around) for around in (lambda layer: layer, Residual))
    return {"plain": plain, "skip": skip, "first_layer_ratio": skip[0] / plain[0]}


def _norms(depth: int, width: int, scale: float, seed: int, around: Callable[[Any], Any]) -> list[float]:
    rng = as_generator(seed)
    signals = [Tensor(rng.normal(size=(1, width)), requires_grad=True)]
    for _ in range(depth):
        layer = Linear(width, width, rng, bias=False)
        layer.W.data = rng.normal(0, scale / np.sqrt(width), (width, width))
        signals.append(around(Sequential(layer, tanh))(signals[-1]))
        signals[-1].requires_grad = True
    signals[-1].sum().backward()
    return [float(np.linalg.norm(s.grad)) for s in signals[:-1] if s.grad is not None]


@register("tool", "M037")
def depth_choice(training_errors: Vector, validation_errors: Vector, patience: int = 2) -> dict[str, Any]:
    """Return how many layers to use, from the errors of networks with 1, 2, 3, … of them.

    Parameters
    ----------
    training_errors : array-like of shape (n,)
        Training error at each depth.
    validation_errors : array-like of shape (n,)
        Validation error at each depth.
    patience : int, default=2
        Depths without a new smallest validation error after which the search stops, at least 1.

    Returns
    -------
    dict
        ``chosen_depth``, with the smallest validation error; ``tried``, depths until the search stopped;
        ``overfits_from``, the first depth beyond the chosen one that trains better and validates worse, or None;
        ``worse_to_train``, whether more layers raised the training error, which is no overfitting but a problem of
        optimisation.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or a value breaks its rule.

    Notes
    -----
    Add layers until the validation error no longer improves; one who goes on until the network overfits adds dropout or
    another regulariser to that one. The test set is not looked at. Bengio, "Practical recommendations for
    gradient-based training of deep architectures", in *Neural Networks: Tricks of the Trade*, 2nd ed. (2012).

    Examples
    --------
    >>> depth_choice([0.28, 0.19, 0.13, 0.09, 0.05, 0.02], [0.30, 0.22, 0.18, 0.17, 0.175, 0.19])
    {'chosen_depth': 4, 'tried': 6, 'overfits_from': 5, 'worse_to_train': False}
    """
    training, validation = (
        as_vector("training_errors", training_errors),
        as_vector("validation_errors", validation_errors),
    )
    check_same_length(training_errors=training, validation_errors=validation)
    check_count("patience", patience)
    stopping = EarlyStopping(patience)
    over = (depth for depth, error in enumerate(validation.tolist(), 1) if stopping.update(error))
    tried = next(over, len(validation))
    chosen = stopping.best_epoch or 1
    trains_better = training[chosen:tried] < training[chosen - 1]
    validates_worse = validation[chosen:tried] > validation[chosen - 1]
    overfitted = np.flatnonzero(trains_better & validates_worse)
    return {
        "chosen_depth": chosen,
        "tried": tried,
        "overfits_from": int(overfitted[0]) + chosen + 1 if len(overfitted) else None,
        "worse_to_train": bool((training[chosen:tried] > training[chosen - 1]).any()),
    }


@register("tool", "M037")
def depth_search(deepest: int = 5, n_rows: int = 40, noise: float = 0.3, seed: int = 0) -> dict[str, Any]:
    """Return a search for the number of hidden layers on a noisy sine: layers are added until validation gets worse.

    Parameters
    ----------
    deepest : int, default=5
        Hidden layers of the largest network, at least 1.
    n_rows : int, default=40
        Rows to train on, at least 2; as many again are validated on.
    noise : float, default=0.3
        Standard deviation of what is added to the sine, at least 0.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``training_errors`` and ``validation_errors``, mean squared errors for 1, 2, … hidden layers of 32 units, and
        what `depth_choice` makes of them.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Each depth is trained anew and judged on rows that it was not trained on. Bengio, "Practical recommendations for
    gradient-based training of deep architectures", in *Neural Networks: Tricks of the Trade*, 2nd ed. (2012).

    Examples
    --------
    >>> search = depth_search(deepest=2)
    >>> len(search["validation_errors"]), search["chosen_depth"] in (1, 2)
    (2, True)
    """
    check_count("deepest", deepest)
    check_count("n_rows", n_rows, 2)
    check_range("noise", noise, 0)
    rng = as_generator(seed)
    x = rng.uniform(-3, 3, (2 * n_rows, 1))
    y = np.sin(2 * x[:, 0]) + rng.normal(0, noise, 2 * n_rows)
    training, validation = [], []
    for depth in range(1, deepest + 1):
        network = MLPRegressor(hidden=[32] * depth, n_epochs=150, seed=seed).fit(x[:n_rows], y[:n_rows])
        errors = (network.predict(x) - y) ** 2
        training.append(float(errors[:n_rows].mean()))
        validation.append(float(errors[n_rows:].mean()))
    return {"training_errors": training, "validation_errors": validation, **depth_choice(training, validation)}
