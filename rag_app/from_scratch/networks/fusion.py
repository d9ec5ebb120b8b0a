"""Multimodal fusion: what several sensors saw becomes one vector, which knows what none of them knows alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_generator, as_matrix, as_vector, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array
from rag_app.from_scratch.networks.multilayer import MLPClassifier
from rag_app.registry import register


@register("tool", "M123")
def joint_representation(parts: Sequence[Vector], projection: Matrix | None = None) -> list[float]:
    """Return several modalities of one thing as one vector: joined, and mixed by a matrix where one is given.

    Parameters
    ----------
    parts : sequence of array-like of shape (nᵢ,)
        The encoded modalities, at least one.
    projection : array-like of shape (d, Σ nᵢ), optional
        Makes each number of the shared space out of all of them; by default they stay as they are.

    Returns
    -------
    list of float
        Of Σ nᵢ numbers, or of d.

    Raises
    ------
    InvalidInputError
        If there is no part, or the projection does not fit.

    Notes
    -----
    ``z = W [x_1; x_2; …]``. Baltrušaitis, Ahuja & Morency, "Multimodal machine learning: a survey and taxonomy", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 41 (2019).

    Examples
    --------
    Video, LiDAR and depth: 3 + 2 + 1 numbers.

    >>> joint_representation([[1, 2, 3], [4, 5], [6]])
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    """
    if not len(parts):
        msg = "parts must hold at least one modality; got []."
        raise InvalidInputError(msg)
    joined = np.concatenate([as_vector(f"parts[{i}]", part) for i, part in enumerate(parts)])
    mixed: Array = joined if projection is None else as_matrix("projection", projection, n_columns=len(joined)) @ joined
    return [float(x) for x in mixed]


@register("tool", "M123")
def multimodal_fusion(n_rows: int = 300, noise: float = 0.1, n_epochs: int = 60, seed: int = 0) -> dict[str, float]:
    """Return how well a network tells classes apart from one sensor, from the other, and from both joined.

    Parameters
    ----------
    n_rows : int, default=300
        Rows to train on, at least 10; as many again are tested on.
    noise : float, default=0.1
        Standard deviation of what is added to each number of a sensor, at least 0.
    n_epochs : int, default=60
        Times that every row is seen, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "first_accuracy", "second_accuracy" and "joint_accuracy" on new rows.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Each sensor sees one of two hidden numbers, in three columns; the class is whether both have the same sign, which
    neither sensor can tell. Baltrušaitis, Ahuja & Morency, "Multimodal machine learning: a survey and taxonomy", IEEE
    TPAMI 41 (2019).

    Examples
    --------
    >>> found = multimodal_fusion()
    >>> found["joint_accuracy"] > 0.9, max(found["first_accuracy"], found["second_accuracy"]) < 0.65
    (True, True)
    """
    check_count("n_rows", n_rows, 10)
    check_range("noise", noise, 0)
    rng = as_generator(seed)
    hidden = rng.normal(size=(2 * n_rows, 2))
    same = (hidden[:, 0] > 0) == (hidden[:, 1] > 0)
    labels = same.astype(np.intp)
    sensors = [hidden[:, [i]] * rng.uniform(0.5, 1.5, 3) + rng.normal(0, noise, (2 * n_rows, 3)) for i in range(2)]

    def accuracy(rows: Array) -> float:
        network = MLPClassifier(hidden=[16], n_epochs=n_epochs, seed=seed).fit(rows[:n_rows], labels[:n_rows])
        return float((network.predict(rows[n_rows:]) == labels[n_rows:]).mean())

    return {
        "first_accuracy": accuracy(sensors[0]),
        "second_accuracy": accuracy(sensors[1]),
        "joint_accuracy": accuracy(np.hstack(sensors)),
    }
