"""Weights for training examples under which group and label have nothing to do with each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Labels, as_labels, check_same_length
from rag_app.registry import register


@register("tool", "M131")
def reweighing(group: Labels, y: Labels) -> dict[str, Any]:
    """Return a weight for each training example that makes group membership and label independent.

    Parameters
    ----------
    group : sequence of label
        Which group each example belongs to, shape (n,).
    y : sequence of label
        Label of each example, shape (n,).

    Returns
    -------
    dict
        ``weights`` of shape (n,), which sum to n and leave the size of each group and the frequency of each label as
        they were; ``table``, a row for each combination that occurs, with ``group``, ``label``, ``count`` and
        ``weight``. A combination that doesn't occur cannot be weighted up: independence is then out of reach.

    Raises
    ------
    InvalidInputError
        If there are no examples, or the lengths differ.

    Notes
    -----
    ``w(g, y) = P(g) P(y) / P(g, y)``. Kamiran & Calders, "Data preprocessing techniques for classification without
    discrimination", Knowledge and Information Systems 33 (2012).

    Examples
    --------
    Group a: 1 of 2 positive; b: 1 of 4. For (a, 1): (2/6 · 2/6) / (1/6).

    >>> result = reweighing(["a", "a", "b", "b", "b", "b"], [1, 0, 1, 0, 0, 0])
    >>> [round(w, 4) for w in result["weights"]]
    [0.6667, 1.3333, 1.3333, 0.8889, 0.8889, 0.8889]
    """
    groups, labels = as_labels("group", group), as_labels("y", y)
    check_same_length(group=groups, y=labels)
    n = len(groups)
    group_names, g = np.unique(groups, return_inverse=True)
    label_names, k = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(group_names), len(label_names)))  # (groups, labels)
    np.add.at(counts, (g, k), 1)
    joint = counts / n
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    weights = np.divide(expected, joint, out=np.zeros_like(joint), where=joint > 0)
    table = [
        {
            "group": group_names[i].item(),
            "label": label_names[j].item(),
            "count": int(counts[i, j]),
            "weight": float(weights[i, j]),
        }
        for i, j in zip(*np.nonzero(counts), strict=True)
    ]
    return {"weights": weights[g, k].tolist(), "table": table}
