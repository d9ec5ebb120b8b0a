"""A classifier that learns to leave an adversary guessing which group a row belongs to."""

from __future__ import annotations

import numpy as np

from rag_app.from_scratch.fairness.decision import (
    Array,
    TwoGroupClassifier,
    contrast_of,
    probabilities_of,
    thinned,
)
from rag_app.from_scratch.metrics.losses import binary_cross_entropy_with_logits
from rag_app.registry import register


@register("estimator", "M132")
class AdversarialDebiasing(TwoGroupClassifier):
    """Return a logistic regression trained against an adversary that guesses the group from its output.

    Parameters
    ----------
    fairness : float, default=0.0
        Weight λ of the adversary's loss, at least 0; 0 is plain logistic regression.
    n_steps : int, default=2000
        Rounds, in each of which the adversary takes a step first and the predictor second.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels; the second is the favourable one.
    weights_ : ndarray of shape (d,)
        Change of the logit per unit of each column.
    intercept_ : float
        Logit where every column is 0.
    losses_ : ndarray of shape (at most 50,)
        Prediction loss at evenly spaced rounds.
    adversary_losses_ : ndarray of shape (at most 50,)
        The adversary's loss at the same rounds; ``ln 2`` for groups of equal size is guessing.
    parity_gap_ : float
        Mean probability of the second group minus that of the first, on the rows learnt from.

    Notes
    -----
    The predictor minimises ``L_pred - λ L_adv``; the adversary minimises ``L_adv``, the cross-entropy of the group and
    ``sigmoid(u z + c)``, where z is the predictor's logit. An adversary that sees the output alone presses towards
    demographic parity. Zhang, Lemoine & Mitchell, "Mitigating unwanted biases with adversarial learning", AIES 2018,
    without their projection term.

    Examples
    --------
    The column says only which group it is, and one group is favoured: the adversary closes the gap.

    >>> X, y, group = [[0]] * 4 + [[1]] * 4, [0, 0, 0, 1, 1, 1, 1, 0], ["a"] * 4 + ["b"] * 4
    >>> round(AdversarialDebiasing().fit(X, y, group).parity_gap_, 3)
    0.5
    >>> AdversarialDebiasing(fairness=2).fit(X, y, group).parity_gap_ < 0.1
    True
    """

    losses_: Array
    adversary_losses_: Array
    parity_gap_: float

    def _descend(self, design: Array, targets: Array, second: Array, step: float) -> Array:
        weights, adversary = np.zeros(design.shape[1]), np.zeros(2)
        losses, adversary_losses = np.empty(self.n_steps), np.empty(self.n_steps)
        n = len(targets)
        step /= 1 + self.fairness
        for i in range(self.n_steps):
            logits = design @ weights
            seen = np.column_stack([np.ones(n), logits])  # (n, 2)
            guess = binary_cross_entropy_with_logits(second, seen @ adversary)
            adversary -= 4 / (seen**2).sum(axis=1).mean() * (guess.slopes @ seen) / n
            guess = binary_cross_entropy_with_logits(second, seen @ adversary)
            loss = binary_cross_entropy_with_logits(targets, logits)
            losses[i], adversary_losses[i] = loss.values.mean(), guess.values.mean()
            pull = loss.slopes - self.fairness * guess.slopes * adversary[1]  # by each logit, (n,)
            weights -= step * (pull @ design) / n
        self.parity_gap_ = float(contrast_of(second) @ probabilities_of(design @ weights))
        self.losses_, self.adversary_losses_ = thinned(losses), thinned(adversary_losses)
        return weights
