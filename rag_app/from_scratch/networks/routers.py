"""Three ways to send tokens to experts without a learned gate: clusters, linear assignment, and hashing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_count
from rag_app.from_scratch.estimators.kmeans import KMeans
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register


@register("tool", "M110")
def kmeans_routing(X: Matrix, n_experts: int, X_new: Matrix | None = None, seed: int = 0) -> dict[str, Any]:
    """Return the expert of each token where each cluster of tokens has its own.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Token vectors from which the router is made.
    n_experts : int
        Experts, which are clusters; from 1 to n.
    X_new : array-like of shape (m, d), optional
        Token vectors to route; by default those of ``X``.
    seed : int, default=0
        Seed of the first centres.

    Returns
    -------
    dict
        "experts", by token, "centres", and "loads", tokens of each expert: nothing makes them equal.

    Raises
    ------
    InvalidInputError
        If there are fewer vectors than experts, or shapes do not fit.

    Notes
    -----
    ``expert = argmin_j ‖x - μ_j‖²`` with the centres of k-means: no gradient flows through the router, so that experts
    can be trained on separate machines. Gross, Ranzato & Szlam, "Hard mixtures of experts for large scale weakly
    supervised vision", CVPR 2017.

    Examples
    --------
    >>> found = kmeans_routing([[0, 0], [0, 2], [6, 0], [6, 2]], 2, [[2, 1], [5, 1]])
    >>> sorted(found["centres"]), found["experts"][0] != found["experts"][1]
    ([[0.0, 1.0], [6.0, 1.0]], True)
    """
    rows = as_matrix("X", X)
    check_count("n_experts", n_experts, 1, len(rows))
    router = KMeans(k=n_experts, seed=seed).fit(rows)
    new = rows if X_new is None else as_matrix("X_new", X_new, n_columns=rows.shape[1])
    return {"centres": router.centres_.tolist(), **_routes(router.predict(new), n_experts)}


@register("tool", "M111")
def assignment_routing(affinity: Matrix, capacity: int | None = None) -> dict[str, Any]:
    """Return the expert of each token such that no expert is overfull and tokens suit their experts best.

    Parameters
    ----------
    affinity : array-like of shape (T, N)
        How well each token suits each expert.
    capacity : int, optional
        Most tokens of an expert; by default ``⌈T/N⌉``, equal loads.

    Returns
    -------
    dict
        "experts", by token; "total", the sum of their affinities; "loads"; "greedy_experts" and "greedy_loads", where
        each token goes to the expert that suits it best.

    Raises
    ------
    InvalidInputError
        If experts have fewer places than there are tokens.

    Notes
    -----
    ``max Σ A_ti x_ti`` with one expert for each token and at most ``capacity`` tokens for each expert, which stands as
    that many equal columns. Solved exactly by shortest augmenting paths (the Hungarian method), in time T² · N ·
    capacity. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2 (1955);
    Lewis et al., "BASE layers", ICML 2021.

    Examples
    --------
    Both tokens like expert 0 best; 0.9 + 0.7 is more than 0.1 + 0.8.

    >>> found = assignment_routing([[0.9, 0.1], [0.8, 0.7]])
    >>> found["experts"], round(found["total"], 6), found["greedy_experts"]
    ([0, 1], 1.6, [0, 0])
    """
    A = as_matrix("affinity", affinity)
    n_tokens, n_experts = A.shape
    places = math.ceil(n_tokens / n_experts) if capacity is None else capacity
    check_count("capacity", places)
    if places * n_experts < n_tokens:
        msg = f"capacity must be at least {math.ceil(n_tokens / n_experts)} for {n_tokens} tokens; got {places}."
        raise InvalidInputError(msg)
    experts = _assigned(np.repeat(A.max() - A, places, axis=1)) // places  # (T, N) -> (T, N places)
    greedy = _routes(A.argmax(axis=1), n_experts)
    return {
        **_routes(experts, n_experts),
        "total": float(A[np.arange(n_tokens), experts].sum()),
        **{f"greedy_{name}": value for name, value in greedy.items()},
    }


def _assigned(costs: Array) -> NDArray[np.intp]:
    """Return a column for each row, all different, with the smallest sum of costs; there are at least as many columns.

    Each row finds the cheapest path of swaps to a free column; `u` and `v` are prices such that
    ``costs - u - v >= 0``, and 0 where a row has its column.
    """
    n, m = costs.shape
    u, v = np.zeros(n), np.zeros(m)
    owner = np.full(m, -1)  # row of each column
    for start in range(n):
        shortest, came_from = np.full(m, np.inf), np.full(m, -1)
        done = np.zeros(m, bool)
        row, length, column = start, 0.0, -1
        while row != -1:
            through = length + costs[row] - u[row] - v  # lengths of paths that go on from this row
            better = ~done & (through < shortest)
            shortest[better], came_from[better] = through[better], column
            column = int(np.where(done, np.inf, shortest).argmin())
            done[column], length, row = True, shortest[column], owner[column]
        inner = done.copy()
        inner[column] = False
        u[owner[inner]] += length - shortest[inner]
        u[start] += length
        v[inner] -= length - shortest[inner]
        while column != -1:  # swap along the path
            before = int(came_from[column])
            owner[column] = start if before == -1 else owner[before]
            column = before
    columns = np.flatnonzero(owner >= 0)
    return columns[np.argsort(owner[columns])]


@register("tool", "M112")
def hash_routing(token_ids: Sequence[int], n_experts: int, seed: int = 0) -> dict[str, Any]:
    """Return the expert of each token by a fixed function of its id, without anything learnt.

    Parameters
    ----------
    token_ids : sequence of int
        Ids of tokens, at least one.
    n_experts : int
        Experts, at least 1.
    seed : int, default=0
        Chooses the function.

    Returns
    -------
    dict
        "experts", by token, the same for the same id in every process; "loads"; "chi_squared" of the loads against
        equal ones, which for different ids is about n_experts - 1.

    Raises
    ------
    InvalidInputError
        If there are no ids, or there is no expert.

    Notes
    -----
    The first 8 bytes of ``SHA-256("seed:id")`` as a number, modulo N; Python's own hash of a text differs between
    processes. Even over ids, not over occurrences: frequent words overload their expert. Roller, Sukhbaatar, Szlam &
    Weston, "Hash layers for large sparse models", NeurIPS 2021.

    Examples
    --------
    >>> hash_routing(list(range(1000)), 4)["loads"]
    [256, 239, 259, 246]
    """
    check_count("n_experts", n_experts)
    ids = list(token_ids)
    if not ids:
        msg = "token_ids must hold at least one id; got []."
        raise InvalidInputError(msg)
    digests = [hashlib.sha256(f"{seed}:{token}".encode()).digest() for token in ids]
    routes = _routes(np.array([int.from_bytes(d[:8], "big") % n_experts for d in digests]), n_experts)
    expected = len(ids) / n_experts
    return {**routes, "chi_squared": sum((load - expected) ** 2 / expected for load in routes["loads"])}


def _routes(experts: NDArray[np.intp], n_experts: int) -> dict[str, Any]:
    return {"experts": experts.tolist(), "loads": np.bincount(experts, minlength=n_experts).tolist()}
