"""A classifier that pays for treating two groups differently while it learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Labels, Vector, check_same_length
from rag_app.from_scratch.fairness.decision import (
    Array,
    TwoGroupClassifier,
    as_two,
    contrast_of,
    probabilities_of,
    thinned,
)
from rag_app.from_scratch.metrics.labels import as_chances
from rag_app.from_scratch.metrics.losses import binary_cross_entropy_with_logits
from rag_app.registry import register


@register("metric", "M132")
def fairness_penalty(probabilities: Vector, group: Labels) -> dict[str, Any]:
    """Return the squared gap between the mean probabilities of two groups, and its gradient by each probability.

    Parameters
    ----------
    probabilities : sequence of float
        Predicted probability of the favourable outcome for each person, in [0, 1], shape (n,).
    group : sequence of label
        Which of two groups each person belongs to, shape (n,).

    Returns
    -------
    dict
        ``penalty``, in [0, 1] and 0 at demographic parity, and ``gradient`` of shape (n,).

    Raises
    ------
    InvalidInputError
        If the lengths differ, a probability is out of range, or there are not exactly two groups.

    Notes
    -----
    ``(p̄_a - p̄_b)²``. Calders & Verwer, "Three naive Bayes approaches for discrimination-free classification", Data
    Mining and Knowledge Discovery 21 (2010), whose measure it squares.

    Examples
    --------
    Means 0.7 and 0.2: 0.5².

    >>> result = fairness_penalty([0.6, 0.8, 0.2], ["a", "a", "b"])
    >>> round(result["penalty"], 6), [round(g, 6) for g in result["gradient"]]
    (0.25, [0.5, 0.5, -1.0])
    """
    chances, (_, second) = as_chances("probabilities", probabilities), as_two("group", group)
    check_same_length(probabilities=chances, group=second)
    contrast = contrast_of(second)
    gap = float(contrast @ chances)
    return {"penalty": gap**2, "gradient": (2 * gap * contrast).tolist()}


@register("estimator", "M132")
class FairLogisticRegression(TwoGroupClassifier):
    """Return a logistic regression that is penalised for unequal mean probabilities of two groups.

    Parameters
    ----------
    fairness : float, default=0.0
        Weight λ of the penalty, at least 0; 0 is plain logistic regression.
    n_steps : int, default=2000
        Steps of gradient descent, whose length follows from the columns.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels; the second is the favourable one.
    weights_ : ndarray of shape (d,)
        Change of the logit per unit of each column.
    intercept_ : float
        Logit where every column is 0.
    losses_ : ndarray of shape (at most 50,)
        Prediction loss plus penalty, at evenly spaced steps.
    parity_gap_ : float
        Mean probability of the second group minus that of the first, on the rows learnt from.

    Notes
    -----
    ``L(w) = cross-entropy + λ (p̄_a - p̄_b)²``, minimised by gradient descent from 0. Zafar, Valera, Gomez Rodriguez &
    Gummadi, "Fairness constraints: mechanisms for fair classification", AISTATS 2017, bound a covariance instead.

    Examples
    --------
    The column says only which group it is, and one group is favoured: the penalty closes the gap.

    >>> X, y, group = [[0]] * 4 + [[1]] * 4, [0, 0, 0, 1, 1, 1, 1, 0], ["a"] * 4 + ["b"] * 4
    >>> round(FairLogisticRegression().fit(X, y, group).parity_gap_, 3)
    0.5
    >>> round(FairLogisticRegression(fairness=10).fit(X, y, group).parity_gap_, 3)
    0.024
    """

    losses_: Array
    parity_gap_: float

    def _descend(self, design: Array, targets: Array, second: Array, step: float) -> Array:
        contrast, share = contrast_of(second), second.mean()
        step /= 1 + self.fairness / (share * (1 - share))  # the penalty curves more, the smaller a group is
        weights = np.zeros(design.shape[1])
        losses = np.empty(self.n_steps)
        for i in range(self.n_steps):
            loss = binary_cross_entropy_with_logits(targets, design @ weights)
            chances = loss.slopes + targets
            gap = float(contrast @ chances)
            losses[i] = loss.values.mean() + self.fairness * gap**2
            unfair = 2 * gap * contrast * chances * (1 - chances)  # slope of the penalty by each logit, (n,)
            weights -= step * ((loss.slopes / len(targets) + self.fairness * unfair) @ design)
        self.parity_gap_ = float(contrast @ probabilities_of(design @ weights))
        self.losses_ = thinned(losses)
        return weights
