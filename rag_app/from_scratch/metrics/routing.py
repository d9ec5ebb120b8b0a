"""How evenly tokens are spread over the experts of a mixture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_count
from rag_app.registry import register


@register("metric", "X040")
def expert_load(assignments: Sequence[int], n_experts: int) -> dict[str, Any]:
    """Return the share of tokens that each expert receives, and how even the shares are.

    Parameters
    ----------
    assignments : sequence of int
        The expert of each token, from 0 to n_experts - 1; at least one token.
    n_experts : int
        Experts, at least 1.

    Returns
    -------
    dict
        "fractions" by expert; "entropy" in nats, from 0 (one expert gets all) to ln n_experts (uniform);
        "effective_experts", its exponential; and "cv", the coefficient of variation, 0 where the load is uniform.

    Raises
    ------
    InvalidInputError
        If there are no tokens, or an expert does not exist.

    Notes
    -----
    ``H = -Σ fᵢ ln fᵢ``; ``cv = std(f) / (1 / N)``, the standard deviation dividing by N. Shazeer et al., "Outrageously
    large neural networks: the sparsely-gated mixture-of-experts layer" (2017).

    Examples
    --------
    0.5 · 0.6931 + 0.25 · 1.3863 + 2 · 0.125 · 2.0794 = 1.2130, and 0.1531 / 0.25.

    >>> found = expert_load([0, 0, 0, 1, 1, 2, 0, 3], 4)
    >>> found["fractions"], round(found["entropy"], 4), round(found["cv"], 4)
    ([0.5, 0.25, 0.125, 0.125], 1.213, 0.6124)
    """
    check_count("n_experts", n_experts, 1, 1_000_000)
    chosen = np.asarray(assignments)
    if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu":
        msg = f"assignments must be a list of whole numbers, at least one; got {str(assignments)[:60]}."
        raise InvalidInputError(msg)
    if chosen.min() < 0 or chosen.max() >= n_experts:
        wrong = chosen[(chosen < 0) | (chosen >= n_experts)][0]
        msg = f"assignments must be from 0 to {n_experts - 1}; got {wrong}."
        raise InvalidInputError(msg)
    fractions = np.bincount(chosen, minlength=n_experts) / len(chosen)
    used = fractions[fractions > 0]
    entropy = max(0.0, -float(used @ np.log(used)))
    return {
        "fractions": fractions.tolist(),
        "entropy": entropy,
        "effective_experts": math.exp(entropy),
        "cv": float(fractions.std() * n_experts),
    }
