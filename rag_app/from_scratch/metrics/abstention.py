"""What is gained by staying silent: how often answers are wrong, given the share of questions that are answered."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Labels, Vector, as_vector, check_same_length
from rag_app.from_scratch.metrics.labels import as_outcomes
from rag_app.registry import register


@register("metric", "21.3")
def risk_coverage_curve(correct: Labels, confidences: Vector) -> dict[str, Any]:
    """Return the share of wrong answers among those given, for every threshold of confidence below which none is given.

    Parameters
    ----------
    correct : sequence of {0, 1}
        Whether each answer would be correct, shape (n,).
    confidences : sequence of float
        How sure of it one was, shape (n,), higher for surer; the scale doesn't matter.

    Returns
    -------
    dict
        ``coverages`` (share of questions answered), ``risks`` (share of those that are wrong) and ``thresholds``, from
        the highest confidence to the lowest, equal ones together; ``area``, the area under the steps, in [0, 1], lower
        is better; and ``error_rate``, the risk when everything is answered, which is also the area of confidences that
        say nothing.

    Raises
    ------
    InvalidInputError
        If there are no answers, the lengths differ, or a value is out of range.

    Notes
    -----
    ``risk(c) = wrong answers / answers`` at coverage c, ``area = Σ (c_i - c_{i-1}) risk_i``. El-Yaniv & Wiener, "On the
    foundations of noise-free selective classification", JMLR 11 (2010); Geifman & El-Yaniv, "Selective classification
    for deep neural networks", NeurIPS 2017.

    Examples
    --------
    The surest two are right, then a wrong one, then a right one: (0 + 0 + 1/3 + 1/4) / 4.

    >>> curve = risk_coverage_curve([1, 1, 0, 1], [0.9, 0.8, 0.6, 0.3])
    >>> curve["coverages"], [round(r, 4) for r in curve["risks"]], round(curve["area"], 4)
    ([0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.3333, 0.25], 0.1458)
    """
    right, sure = as_outcomes("correct", correct), as_vector("confidences", confidences)
    check_same_length(correct=right, confidences=sure)
    order = np.argsort(sure)[::-1]
    falling = sure[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # (t,): the last answer of each confidence
    risks = np.cumsum(~right[order])[last] / (last + 1)
    coverages = (last + 1) / len(falling)
    return {
        "coverages": coverages.tolist(),
        "risks": risks.tolist(),
        "thresholds": falling[last].tolist(),
        "area": float(np.diff(coverages, prepend=0) @ risks),
        "error_rate": float(risks[-1]),
    }
