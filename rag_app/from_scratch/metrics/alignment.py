"""Whether two modalities say the same about the same things: matching embeddings should be neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_same_length
from rag_app.registry import register

_TIED = 1e-12


@register("metric", "M124")
def alignment_score(a: Matrix, b: Matrix) -> dict[str, float]:
    """Return how well paired embeddings of two modalities agree: the mean cosine of partners, and retrieval at 1.

    Parameters
    ----------
    a : array-like of shape (n, d)
        Embeddings of one modality; no row of zeros.
    b : array-like of shape (n, d)
        Embeddings of the other; row i is the partner of row i of ``a``.

    Returns
    -------
    dict
        "mean_positive_cosine", in [-1, 1]; "retrieval_at_1", the share of rows of ``a`` whose partner is the nearest
        row of ``b`` by cosine, in [0, 1]; a partner that ties with others counts as the fraction that guessing gives.
        Random partners score 1/n.

    Raises
    ------
    InvalidInputError
        If the shapes differ, or a row is all zeros.

    Notes
    -----
    Where all embeddings have collapsed into one the mean cosine is 1; retrieval shows it by falling to 1/n. Radford et
    al., "Learning transferable visual models from natural language supervision", ICML (2021).

    Examples
    --------
    Cosines of partners 0.96, 0.6 and 0.6; the second row of ``a`` is nearer to the third of ``b``, with 0.8.

    >>> found = alignment_score([[1, 0], [0, 1], [-1, 0]], [[0.96, 0.28], [0.8, 0.6], [-0.6, 0.8]])
    >>> {name: round(value, 4) for name, value in found.items()}
    {'mean_positive_cosine': 0.72, 'retrieval_at_1': 0.6667}
    """
    first = as_matrix("a", a)
    second = as_matrix("b", b, n_columns=first.shape[1])
    check_same_length(a=first, b=second)
    cosines = _directions("a", first) @ _directions("b", second).T  # (n, n)
    partners = cosines.diagonal()
    best = cosines.max(axis=1)
    n_best = (cosines >= best[:, None] - _TIED).sum(axis=1)
    found = (partners >= best - _TIED) / n_best
    return {"mean_positive_cosine": float(np.clip(partners.mean(), -1, 1)), "retrieval_at_1": float(found.mean())}


def _directions(name: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows divided by their lengths."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        msg = f"{name} must have no row of zeros, which has no direction; got one at {int(lengths.argmin())}."
        raise InvalidInputError(msg)
    directions: NDArray[np.float64] = rows / lengths
    return directions
