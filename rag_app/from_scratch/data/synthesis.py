"""Synthetic records: drawn from a distribution fitted to real ones, and compared with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, as_labels, as_matrix, check_count, check_same_length
from rag_app.from_scratch.estimators.mixture import GaussianMixture
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("tool", "D015")
def synthesise_rows(X: Matrix, n: int = 100, n_components: int = 1, seed: int = 0) -> dict[str, Any]:
    """Return synthetic rows, drawn from Gaussians fitted to real ones, and how they compare with these.

    Parameters
    ----------
    X : list of lists of float
        Real training rows of one kind, such as fraudulent payments, shape (m, d), at least 2.
    n : int, default=100
        Number of rows to draw, at least 2.
    n_components : int, default=1
        Number of Gaussians, at least 1 and at most m.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``rows``; and for each column the ``mean_gap`` and ``std_gap`` in real standard deviations (in units where the
        column is constant) and the Kolmogorov-Smirnov distance ``ks``; ``correlation_gap``, the largest difference
        between correlations; ``n_copies``, rows that are real ones.

    Raises
    ------
    InvalidInputError
        If rows are too few or not numbers, or a number is out of range.

    Notes
    -----
    ``KS = max_t |F_real(t) - F_synthetic(t)|``. Synthetic rows know no more than the real ones and the shape of the
    distribution say. Patki, Wedge & Veeramachaneni, "The synthetic data vault", DSAA (2016).

    Examples
    --------
    >>> found = synthesise_rows([[820], [900], [980], [1100], [1200]], n=2000)
    >>> round(float(np.mean(found["rows"])), -2), found["n_copies"]
    (1000.0, 0)
    """
    real = as_matrix("X", X, min_rows=2)
    check_count("n", n, 2)
    drawn = GaussianMixture(k=n_components, seed=seed).fit(real).sample(n, seed=seed)
    spread = real.std(axis=0)
    unit = np.where(spread > 0, spread, 1)
    known = {row.tobytes() for row in real}
    return {
        "rows": drawn.tolist(),
        "mean_gap": (np.abs(drawn.mean(axis=0) - real.mean(axis=0)) / unit).tolist(),
        "std_gap": (np.abs(drawn.std(axis=0) - spread) / unit).tolist(),
        "ks": [kolmogorov_smirnov(a, b) for a, b in zip(real.T, drawn.T, strict=True)],
        "correlation_gap": float(np.abs(_correlations(real) - _correlations(drawn)).max()),
        "n_copies": sum(row.tobytes() in known for row in drawn),
    }


@register("tool", "D015")
def synthetic_training_gap(
    X: Matrix, y: Labels, X_test: Matrix, y_test: Labels, n_components: int = 1, seed: int = 0
) -> dict[str, float]:
    """Return how much accuracy it costs to train on synthetic rows and test on real ones.

    Parameters
    ----------
    X : list of lists of float
        Real training rows, shape (n, d), at least 2 of each class.
    y : list of label
        Class of each training row.
    X_test : list of lists of float
        Real test rows, shape (m, d).
    y_test : list of label
        Class of each test row.
    n_components : int, default=1
        Gaussians for each class.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        Accuracies ``real`` and ``synthetic`` of a classifier by the nearest mean of a class, trained on the real rows
        and on as many synthetic ones of each class; ``gap``, the first less the second.

    Raises
    ------
    InvalidInputError
        If shapes do not fit or a class has fewer than 2 rows.

    Notes
    -----
    Esteban, Hyland & Rätsch, "Real-valued (medical) time series generation with recurrent conditional GANs",
    arXiv:1706.02633 (2017), for training on synthetic and testing on real data.

    Examples
    --------
    >>> rows, labels = [[0, 0], [0, 1], [1, 0], [8, 8], [8, 9], [9, 8]], ["ok", "ok", "ok", "fraud", "fraud", "fraud"]
    >>> synthetic_training_gap(rows, labels, [[1, 1], [9, 9]], ["ok", "fraud"])
    {'real': 1.0, 'synthetic': 1.0, 'gap': 0.0}
    """
    rows, labels = as_matrix("X", X), as_labels("y", y)
    tests, answers = as_matrix("X_test", X_test, n_columns=rows.shape[1]), as_labels("y_test", y_test)
    check_same_length(X=rows, y=labels)
    check_same_length(X_test=tests, y_test=answers)
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:  # noqa: PLR2004  (two show a spread)
        msg = f"y must hold at least 2 examples of every class; got {int(counts.min())}."
        raise InvalidInputError(msg)
    of_class = [rows[labels == label] for label in classes]
    drawn = [synthesise_rows(real, len(real), n_components, seed + c)["rows"] for c, real in enumerate(of_class)]
    real, synthetic = (_accuracy(parts, classes, tests, answers) for parts in (of_class, drawn))
    return {"real": real, "synthetic": synthetic, "gap": real - synthetic}


def kolmogorov_smirnov(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the largest gap between the cumulative shares of two samples, in [0, 1].

    Parameters
    ----------
    a : ndarray of shape (n,)
        Numbers.
    b : ndarray of shape (m,)
        Numbers.

    Examples
    --------
    At 1,200 all five of the first but two of three of the second have come: 1 - 2/3.

    >>> a, b = np.array([820.0, 900, 980, 1100, 1200]), np.array([863.8, 1068.1, 1204.4])
    >>> round(kolmogorov_smirnov(a, b), 3)
    0.333
    """
    places = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(x), places, side="right") / len(x) for x in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def _correlations(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(lengths > 0, lengths, 1)
    products: NDArray[np.float64] = unit.T @ unit
    np.fill_diagonal(products, 1)
    return products


def _accuracy(parts: list[Any], classes: NDArray[Any], X: NDArray[np.float64], y: NDArray[Any]) -> float:
    means = np.array([np.mean(part, axis=0) for part in parts])
    nearest = np.linalg.norm(X[:, None] - means, axis=2).argmin(axis=1)
    return float((classes[nearest] == y).mean())
