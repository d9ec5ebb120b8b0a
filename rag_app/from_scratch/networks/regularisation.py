"""What keeps a network from learning its examples by heart, and how one sees that it has."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_generator,
    as_matrix,
    as_vector,
    check_choice,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import BatchNorm, Dropout, weight
from rag_app.from_scratch.networks.losses import penalty
from rag_app.from_scratch.networks.training import EarlyStopping
from rag_app.registry import register


@register("tool", "M045")
def dropout_sample(x: Vector, p: float = 0.5, training: bool = True, seed: int = 0) -> dict[str, Any]:  # noqa: FBT001, FBT002  (a tool's argument)
    """Return activations after dropout: in training some are 0 and the others larger, in use nothing changes.

    Parameters
    ----------
    x : array-like of shape (n,)
        Activations.
    p : float, default=0.5
        Probability that one is dropped, in [0, 1).
    training : bool, default=True
        Whether the network is training.
    seed : int, default=0
        Draws what is dropped.

    Returns
    -------
    dict
        ``values`` and ``dropped_share``, the share of activations that became 0.

    Raises
    ------
    InvalidInputError
        If p is outside [0, 1), or an activation is not finite.

    Notes
    -----
    ``x̃ᵢ = mᵢ xᵢ / (1 - p)``, with mᵢ 0 at probability p and 1 otherwise, so that the mean stays ``x``.
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

    Examples
    --------
    >>> dropout_sample([2, 4, 6, 8])
    {'values': [4.0, 0.0, 0.0, 0.0], 'dropped_share': 0.75}
    >>> dropout_sample([2, 4, 6, 8], training=False)["values"]
    [2.0, 4.0, 6.0, 8.0]
    """
    check_range("p", p, 0, 1, open_high=True)
    layer = Dropout(p, as_generator(seed))
    layer.train(training)
    # Ones show which are dropped, even where an activation is 0 itself.
    factors = layer(Tensor(np.ones(len(as_vector("x", x))))).data
    return {"values": (as_vector("x", x) * factors).tolist(), "dropped_share": float((factors == 0).mean())}


@register("tool", "M046")
def norm_penalty(
    weights: Vector, kind: str = "l2", strength: float = 0.01, learning_rate: float = 0.1
) -> dict[str, float | list[float]]:
    """Return what a penalty on the size of weights adds to the loss, its gradient, and the weights after a step on it.

    Parameters
    ----------
    weights : array-like of shape (n,)
        The weights.
    kind : {"l1", "l2"}, default="l2"
        Sum of absolute values, which makes weights exactly 0, or of squares, which makes all smaller: l1 or l2.
    strength : float, default=0.01
        Factor α, at least 0.
    learning_rate : float, default=0.1
        Size of the step, at least 0.

    Returns
    -------
    dict
        ``penalty``, ``gradient`` and ``after_step``.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``α Σ|w|`` with gradient ``α sign(w)``, or ``α Σ w²`` with gradient ``2αw``; a step on the second multiplies each
    weight by ``1 - 2αη``, hence weight decay. Tibshirani, JRSS B 58 (1996); Hoerl & Kennard, Technometrics 12 (1970).

    Examples
    --------
    0.1 · (9 + 16), and 1 - 2 · 0.1 · 0.1 = 0.98 of each weight.

    >>> result = norm_penalty([3, -4, 0], "l2", 0.1)
    >>> round(result["penalty"], 6), [round(w, 6) for w in result["after_step"]]
    (2.5, [2.94, -3.92, 0.0])
    """
    check_choice("kind", kind, ("l1", "l2"))
    check_range("strength", strength, 0)
    check_range("learning_rate", learning_rate, 0)
    held = weight(as_vector("weights", weights)[None])  # (n,) -> (1, n): a weight matrix
    value = penalty([held], l1=strength if kind == "l1" else 0.0, l2=strength if kind == "l2" else 0.0)
    value.backward()
    gradient = np.zeros(held.shape) if held.grad is None else held.grad + 0.0
    after = held.data - learning_rate * gradient
    return {"penalty": value.item(), "gradient": gradient[0].tolist(), "after_step": after[0].tolist()}


@register("tool", "M047")
def early_stopping(validation_losses: Vector, patience: int = 3, min_delta: float = 0.0) -> dict[str, int | None]:
    """Return after which epoch training stops, and whose weights are restored.

    Parameters
    ----------
    validation_losses : array-like of shape (n,)
        Validation loss after each epoch.
    patience : int, default=3
        Epochs without improvement that end training, at least 1.
    min_delta : float, default=0.0
        A fall counts as improvement if it is larger than this, at least 0.

    Returns
    -------
    dict
        ``best_epoch`` and ``stopped_after``, both counted from 1; the second is None where the losses end first.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Prechelt, "Early stopping: but when?", in *Neural Networks: Tricks of the Trade* (1998).

    Examples
    --------
    >>> early_stopping([0.90, 0.70, 0.60, 0.55, 0.56, 0.57, 0.58])
    {'best_epoch': 4, 'stopped_after': 7}
    >>> early_stopping([0.90, 0.70, 0.60, 0.55, 0.56, 0.57, 0.58], min_delta=0.08)
    {'best_epoch': 3, 'stopped_after': 6}
    """
    losses = as_vector("validation_losses", validation_losses)
    check_count("patience", patience)
    check_range("min_delta", min_delta, 0)
    stopping = EarlyStopping(patience, min_delta=min_delta)
    over = (epoch for epoch, loss in enumerate(losses.tolist(), 1) if stopping.update(loss))
    stopped = next(over, None)
    return {"best_epoch": stopping.best_epoch, "stopped_after": stopped}


@register("tool", "M048")
def batch_normalisation(X: Matrix, gain: float = 1.0, shift: float = 0.0) -> dict[str, Any]:
    """Return a batch with every column at mean 0 and variance 1, then scaled and shifted, and the running statistics.

    Parameters
    ----------
    X : array-like of shape (n, d)
        A row for each example of the batch.
    gain : float, default=1.0
        Learnt scale γ.
    shift : float, default=0.0
        Learnt shift β.

    Returns
    -------
    dict
        ``values``; ``running_mean`` and ``running_variance`` after this first batch, which are used when the network
        is not training: a tenth of the batch's and nine tenths of where they began, 0 and 1. A constant column
        becomes β.

    Raises
    ------
    InvalidInputError
        If a number is not finite, or rows differ in length.

    Notes
    -----
    ``y = γ (x - μ) / √(σ² + ε) + β`` with ε = 0.00001; the running variance takes the unbiased one of the batch.
    Ioffe & Szegedy, "Batch normalization", ICML 2015.

    Examples
    --------
    Mean 5, variance 5; (2 - 5) / √5.

    >>> result = batch_normalisation([[2], [4], [6], [8]], gain=2, shift=1)
    >>> [round(v, 4) for v, in result["values"]], round(result["running_variance"][0], 4)
    ([-1.6833, 0.1056, 1.8944, 3.6833], 1.5667)
    """
    rows = as_matrix("X", X)
    check_range("gain", gain)
    check_range("shift", shift)
    layer = BatchNorm(rows.shape[1])
    layer.gain.data[:], layer.shift.data[:] = gain, shift
    layer.train()
    return {
        "values": layer(Tensor(rows)).data.tolist(),
        "running_mean": layer.running_mean.tolist(),
        "running_variance": layer.running_variance.tolist(),
    }


@register("tool", "M050")
def overfitting_report(
    training_losses: Vector, validation_losses: Vector, acceptable: float | None = None, patience: int = 2
) -> dict[str, Any]:
    """Return whether two loss curves show overfitting, and from which epoch on.

    Parameters
    ----------
    training_losses : array-like of shape (n,)
        Training loss after each epoch.
    validation_losses : array-like of shape (n,)
        Validation loss after each epoch.
    acceptable : float, optional
        Losses above it are high: where both curves end above it, the verdict is underfitting; by default none is.
    patience : int, default=2
        Epochs without a new smallest validation loss before it counts as risen: a single worse one is noise.

    Returns
    -------
    dict
        ``verdict``: overfitting, optimisation problem (the training loss rises too), underfitting or good fit;
        ``best_epoch``, the first with the smallest validation loss, counted from 1; ``onset_epoch``, the one after it
        where the verdict is overfitting, else None; ``gap_at_best`` and ``gap_at_end``, validation minus training.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or a value breaks its rule.

    Notes
    -----
    Overfitting: after its minimum the validation loss is higher for at least `patience` epochs, to the end, while the
    training loss has fallen. A gap alone is normal. Prechelt, "Early stopping: but when?", in *Neural Networks: Tricks
    of the Trade* (1998).

    Examples
    --------
    The validation loss is lowest in epoch 4, and 0.65 - 0.15 = 0.50 at the end.

    >>> report = overfitting_report([0.90, 0.60, 0.40, 0.30, 0.20, 0.15], [0.95, 0.70, 0.55, 0.50, 0.56, 0.65])
    >>> report["verdict"], report["best_epoch"], report["onset_epoch"], round(report["gap_at_end"], 2)
    ('overfitting', 4, 5, 0.5)
    """
    training = as_vector("training_losses", training_losses)
    validation = as_vector("validation_losses", validation_losses)
    check_same_length(training_losses=training, validation_losses=validation)
    check_count("patience", patience)
    if acceptable is not None:
        check_range("acceptable", acceptable)
    best = int(validation.argmin())
    rose = len(validation) - 1 - best >= patience and bool((validation[best + 1 :] > validation[best]).all())
    if rose:
        verdict = "overfitting" if training[-1] < training[best] else "optimisation problem"
    else:
        high = acceptable is not None and min(training[-1], validation[-1]) > acceptable
        verdict = "underfitting" if high else "good fit"
    gaps = validation - training
    return {
        "verdict": verdict,
        "best_epoch": best + 1,
        "onset_epoch": best + 2 if verdict == "overfitting" else None,
        "gap_at_best": float(gaps[best]),
        "gap_at_end": float(gaps[-1]),
    }
