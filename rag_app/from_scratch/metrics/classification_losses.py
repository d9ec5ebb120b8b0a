"""Losses for classes, as tools: the mean over examples, and its gradient by each probability, logit or score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_same_length
from rag_app.from_scratch.metrics import losses
from rag_app.from_scratch.metrics.labels import as_chances
from rag_app.registry import register


@register("metric", "X016")
def bce_loss(y_true: Vector, probabilities: Vector) -> dict[str, Any]:
    """Return the binary cross-entropy (log loss) of probabilities and its gradient by each of them.

    Parameters
    ----------
    y_true : sequence of float
        Labels 0 and 1, or targets between them, shape (n,).
    probabilities : sequence of float
        Predicted probability of class 1 for each example, shape (n,).

    Returns
    -------
    dict
        ``loss``, at least 0 and infinite where a probability of 0 or 1 is wrong, and ``gradient`` of shape (n,).

    Raises
    ------
    InvalidInputError
        If there are no values, the lengths differ, or a value is outside of [0, 1].

    Notes
    -----
    ``L = -(1/n) Σ [y_i ln p_i + (1 - y_i) ln(1 - p_i)]``, where ``0 ln 0 = 0``. Bishop, *Pattern Recognition and
    Machine Learning* (2006), section 4.3.

    Examples
    --------
    -ln 0.9, and the slope -1 / 0.9.

    >>> result = bce_loss([1], [0.9])
    >>> round(result["loss"], 6), round(result["gradient"][0], 4)
    (0.105361, -1.1111)
    """
    target, probability = as_chances("y_true", y_true), as_chances("probabilities", probabilities)
    check_same_length(y_true=target, probabilities=probability)
    return losses.binary_cross_entropy(target, probability).mean()


@register("metric", "X016")
def bce_with_logits_loss(y_true: Vector, logits: Vector) -> dict[str, Any]:
    """Return the binary cross-entropy of logits, finite for every score, and its gradient by each of them.

    Parameters
    ----------
    y_true : sequence of float
        Labels 0 and 1, or targets between them, shape (n,).
    logits : sequence of float
        Raw score of class 1 for each example, shape (n,); its sigmoid is the probability.

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,).

    Raises
    ------
    InvalidInputError
        If there are no values, the lengths differ, a label is outside of [0, 1], or a logit is not finite.

    Notes
    -----
    ``L = (1/n) Σ [max(z_i, 0) - z_i y_i + ln(1 + e^-|z_i|)]``, ``∂L/∂z_i = (1/n)(sigmoid(z_i) - y_i)``. Bishop,
    *Pattern Recognition and Machine Learning* (2006), section 4.3.

    Examples
    --------
    A logit of 1000 is right for label 1 and costs 1000 for label 0.

    >>> bce_with_logits_loss([1, 0], [1000, 1000])
    {'loss': 500.0, 'gradient': [0.0, 0.5]}
    """
    target, logit = as_chances("y_true", y_true), as_vector("logits", logits)
    check_same_length(y_true=target, logits=logit)
    return losses.binary_cross_entropy_with_logits(target, logit).mean()


@register("metric", "X017")
def cross_entropy_loss(y_true: Sequence[int] | Matrix, logits: Matrix) -> dict[str, Any]:
    """Return the categorical cross-entropy of logits after softmax and its gradient by each of them.

    Parameters
    ----------
    y_true : sequence of int or of rows
        The class of each example, from 0 to K - 1, shape (n,); or its distribution over the classes, shape (n, K).
    logits : sequence of rows
        Raw score of each class for each example, shape (n, K).

    Returns
    -------
    dict
        ``loss``, at least 0, ``ln K`` where all logits of a row are equal, and ``gradient`` of shape (n, K).

    Raises
    ------
    InvalidInputError
        If there are no rows, the lengths differ, a class is not among the columns, or a distribution does not sum to 1.

    Notes
    -----
    ``L = -(1/n) Σ_i Σ_k y_ik ln p_ik`` with ``p = softmax(z)``, ``∂L/∂z = (1/n)(p - y)``. Bishop, *Pattern Recognition
    and Machine Learning* (2006), section 4.3.

    Examples
    --------
    Softmax of 2, 1, 0.1 is 0.6590, 0.2424, 0.0986: -ln 0.6590, and the first less 1.

    >>> result = cross_entropy_loss([0], [[2, 1, 0.1]])
    >>> round(result["loss"], 4), [round(g, 4) for g in result["gradient"][0]]
    (0.417, [-0.341, 0.2424, 0.0986])
    """
    scores = as_matrix("logits", logits)
    target = _distributions(y_true, scores.shape[1])
    check_same_length(y_true=target, logits=scores)
    return losses.cross_entropy(target, scores).mean()


@register("metric", "X018")
def hinge_loss(y_true: Vector, scores: Vector) -> dict[str, Any]:
    """Return the hinge loss of scores, 0 beyond a margin of 1, and its gradient by each of them.

    Parameters
    ----------
    y_true : sequence of int
        Labels -1 and 1, shape (n,).
    scores : sequence of float
        A score for each example, shape (n,), above 0 for class 1.

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,), 0 from the margin on.

    Raises
    ------
    InvalidInputError
        If there are no values, the lengths differ, a score is not finite, or a label is neither -1 nor 1.

    Notes
    -----
    ``L = (1/n) Σ max(0, 1 - y_i f_i)``. Cortes & Vapnik, "Support-vector networks", Machine Learning 20 (1995).

    Examples
    --------
    A right answer inside the margin still costs 1 - 0.3.

    >>> hinge_loss([1], [0.3])
    {'loss': 0.7, 'gradient': [-1.0]}
    """
    target, score = as_vector("y_true", y_true), as_vector("scores", scores)
    check_same_length(y_true=target, scores=score)
    wrong = target[np.abs(target) != 1]
    if len(wrong):
        msg = f"y_true must hold only -1 and 1; got {wrong[0].item():g}."
        raise InvalidInputError(msg)
    return losses.hinge(target, score).mean()


def _distributions(y_true: Sequence[int] | Matrix, n_classes: int) -> NDArray[np.float64]:
    """Return the target shares, shape (n, K)."""
    if np.asarray(y_true, object).ndim != 1:
        shares = as_matrix("y_true", y_true, n_columns=n_classes)
        wrong = np.flatnonzero((shares < 0).any(axis=1) | (np.abs(shares.sum(axis=1) - 1) > 1e-6))  # noqa: PLR2004  (decimal fractions pass)
        if len(wrong):
            msg = f"y_true must hold rows that are probabilities and sum to 1; got {shares[wrong[0]].tolist()!r}."
            raise InvalidInputError(msg)
        return shares
    classes = as_vector("y_true", y_true)
    outside = classes[(classes < 0) | (classes >= n_classes) | (classes % 1 != 0)]
    if len(outside):
        msg = f"y_true must hold classes from 0 to {n_classes - 1}; got {outside[0].item():g}."
        raise InvalidInputError(msg)
    one_hot: NDArray[np.float64] = np.eye(n_classes)[classes.astype(int)]
    return one_hot
