"""Classes of unequal size: weights that even them out, and SMOTE, which makes new examples between existing ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, as_generator, as_labels, check_count, check_range
from rag_app.from_scratch.estimators.classifier import as_examples
from rag_app.from_scratch.estimators.kernels import squared_distances
from rag_app.registry import register


@register("tool", "D012")
def smote(X: Matrix, y: Labels, k: int = 5, ratio: float = 1.0, seed: int = 0) -> dict[str, Any]:
    """Return new examples of the rare class, each between an example of it and one of that example's neighbours.

    Parameters
    ----------
    X : list of lists of float
        Training rows, shape (n, d), scaled: distances decide who is a neighbour.
    y : list of label
        Class of each row, of two classes; the rare one has at least k + 1 rows.
    k : int, default=5
        Neighbours of each example to choose from, at least 1.
    ratio : float, default=1.0
        Wanted number of rare examples for each frequent one, above 0 and at most 1.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``rows``, the new examples, shape (m, d); ``label``, their class; ``parents``, for each the two rows of X that
        it lies between; ``n_before`` and ``n_after``, examples of each class. No new rows where the ratio is reached.

    Raises
    ------
    InvalidInputError
        If there are not two classes, too few examples of the rare one, or a value is out of range.

    Notes
    -----
    ``x_new = x + λ (x_nn - x)`` with λ drawn from [0, 1). For training rows only: made before the split, copies of
    test rows leak. Chawla, Bowyer, Hall & Kegelmeyer, "SMOTE: synthetic minority over-sampling technique", J. Artif.
    Intell. Res. 16 (2002).

    Examples
    --------
    Four frequent and two rare examples: two new ones between 8 and 9.

    >>> found = smote([[0], [1], [2], [3], [8], [9]], [0, 0, 0, 0, 1, 1], k=1)
    >>> len(found["rows"]), all(8 <= row[0] <= 9 for row in found["rows"]), found["n_after"]
    (2, True, {'0': 4, '1': 4})
    """
    rows, classes, codes = as_examples(X, y, min_classes=2, max_classes=2)
    check_range("ratio", ratio, 0, 1, open_low=True)
    counts = np.bincount(codes)
    rare = int(counts.argmin())
    members = np.flatnonzero(codes == rare)
    if len(members) < 2:  # noqa: PLR2004  (two are needed for a segment)
        msg = f"y must hold at least 2 examples of the rare class; got {len(members)}."
        raise InvalidInputError(msg)
    check_count("k", k, 1, len(members) - 1)
    n_new = max(0, round(ratio * int(counts.max())) - len(members))
    rng = as_generator(seed)
    distances = squared_distances(rows[members], rows[members])
    np.fill_diagonal(distances, np.inf)  # nobody is their own neighbour
    near = np.argsort(distances, axis=1, kind="stable")[:, :k]  # (n_rare, k)
    start = rng.integers(len(members), size=n_new)
    end = near[start, rng.integers(k, size=n_new)]
    first, second = rows[members[start]], rows[members[end]]
    new = first + rng.random((n_new, 1)) * (second - first)
    after = counts.copy()
    after[rare] += n_new
    return {
        "rows": new.tolist(),
        "label": classes[rare].item(),
        "parents": np.stack([members[start], members[end]], axis=1).tolist(),
        "n_before": {str(c): int(n) for c, n in zip(classes, counts, strict=True)},
        "n_after": {str(c): int(n) for c, n in zip(classes, after, strict=True)},
    }


@register("tool", "D012")
def balanced_class_weights(y: Labels) -> dict[str, float]:
    """Return a weight for each class with which every class weighs the same in total.

    Parameters
    ----------
    y : list of label
        Class of each example, shape (n,).

    Returns
    -------
    dict
        Weight by class; 1 for a single class.

    Raises
    ------
    InvalidInputError
        If there are no labels.

    Notes
    -----
    ``w_c = n / (C n_c)``. King & Zeng, "Logistic regression in rare events data", Political Analysis 9 (2001).

    Examples
    --------
    8 / (2 · 6) and 8 / (2 · 2).

    >>> balanced_class_weights(["ok"] * 6 + ["fraud"] * 2)
    {'fraud': 2.0, 'ok': 0.6666666666666666}
    """
    classes, counts = np.unique(as_labels("y", y), return_counts=True)
    return {str(c): float(counts.sum() / (len(classes) * n)) for c, n in zip(classes, counts, strict=True)}
