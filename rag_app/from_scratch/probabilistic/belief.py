"""Directed graphical models of true-or-false variables: joint probabilities, queries and samples."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_count
from rag_app.registry import register

Network = Mapping[str, Mapping[str, Any]]
MAX_VARIABLES = 20  # the joint distribution has 2 to this power cells

SPRINKLER: Network = {
    "Rain": {"parents": [], "table": 0.2},
    "Sprinkler": {"parents": ["Rain"], "table": [0.4, 0.1]},
    "Wet": {"parents": ["Sprinkler", "Rain"], "table": [[0.05, 0.8], [0.9, 0.99]]},
}


@dataclass(frozen=True, slots=True)
class _Node:
    parents: tuple[str, ...]
    table: NDArray[np.float64]  # P(true | parents), one axis of length 2 for each parent: false, true


@register("tool", "M017")
def belief_query(
    variable: str, evidence: Mapping[str, bool] | None = None, network: Network | None = None
) -> dict[str, float]:
    """Return the probability that a variable of a directed graphical model is true, given what is known of others.

    Parameters
    ----------
    variable : str
        What is asked.
    evidence : mapping of str to bool, optional
        Variables whose value is known.
    network : mapping, optional
        For each variable {"parents": [names], "table": P(true) by the values of the parents}: a number without
        parents, [if false, if true] with one, and lists of lists with more, the first parent outermost. At most 20
        variables. Default: rain, sprinkler and wet grass.

    Returns
    -------
    dict
        "probability" that the variable is true, and "evidence_probability".

    Raises
    ------
    InvalidInputError
        If the network has a cycle, a table does not fit, a name is unknown, or the evidence is impossible.

    Notes
    -----
    ``p(x₁ … xₙ) = Π p(xᵢ | parents of xᵢ)``, summed over the variables that are neither asked nor known. Pearl,
    *Probabilistic Reasoning in Intelligent Systems* (1988).

    Examples
    --------
    (0.0198 + 0.1440) / 0.4758; knowing of the sprinkler explains the wet grass away.

    >>> round(belief_query("Rain", {"Wet": True})["probability"], 4)
    0.3443
    >>> round(belief_query("Rain", {"Wet": True, "Sprinkler": True})["probability"], 4)
    0.0643
    """
    nodes = _nodes(network)
    known = dict(evidence or {})
    _check_names("variable", [variable], nodes)
    _check_names("evidence", known, nodes)
    names = list(nodes)
    joint = _joint(nodes)[
        tuple(slice(None) if n not in known else slice(int(known[n]), int(known[n]) + 1) for n in names)
    ]
    total = float(joint.sum())
    if total == 0:
        msg = f"evidence must be possible under the network; got {known!r}."
        raise InvalidInputError(msg)
    if variable in known:
        return {"probability": float(known[variable]), "evidence_probability": total}
    true = float(joint.take(1, axis=names.index(variable)).sum())
    return {"probability": true / total, "evidence_probability": total}


@register("tool", "M017")
def belief_joint(assignment: Mapping[str, bool], network: Network | None = None) -> float:
    """Return the probability that every variable of a directed graphical model has a given value.

    Parameters
    ----------
    assignment : mapping of str to bool
        A value for every variable.
    network : mapping, optional
        As for `belief_query`: {"parents": [names], "table": P(true) by the values of the parents} by variable. Default:
        rain, sprinkler and wet grass.

    Raises
    ------
    InvalidInputError
        If the network has a cycle, a table does not fit, or a variable has no value.

    Notes
    -----
    ``P(x) = Π_i P(x_i | parents of i)``. Pearl, *Probabilistic Reasoning in Intelligent Systems* (1988).

    Examples
    --------
    Rain, no sprinkler, wet grass: 0.2 · 0.9 · 0.8.

    >>> round(belief_joint({"Rain": True, "Sprinkler": False, "Wet": True}), 6)
    0.144
    """
    nodes = _nodes(network)
    if set(assignment) != set(nodes):
        msg = f"assignment must give a value to each of {', '.join(nodes)}; got {dict(assignment)!r}."
        raise InvalidInputError(msg)
    return float(_joint(nodes)[tuple(int(assignment[name]) for name in nodes)])


@register("tool", "M017")
def belief_sample(n: int = 1000, network: Network | None = None, seed: int = 0) -> dict[str, Any]:
    """Return samples of a directed graphical model, each variable drawn after its parents.

    Parameters
    ----------
    n : int, default=1000
        Samples, at most a million.
    network : mapping, optional
        As for `belief_query`: {"parents": [names], "table": P(true) by the values of the parents} by variable. Default:
        rain, sprinkler and wet grass.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    dict
        "samples" of 0 and 1 by variable, "frequencies" with which each was true, and the "exact" probabilities.

    Raises
    ------
    InvalidInputError
        If the network has a cycle, a table does not fit, or a count is out of range.

    Notes
    -----
    ``x_i ~ P(x_i | parents of i)``, parents first. Henrion, "Propagating uncertainty in Bayesian networks by
    probabilistic logic sampling", in *Uncertainty in Artificial Intelligence 2* (1988).

    Examples
    --------
    >>> found = belief_sample(20_000)
    >>> abs(found["frequencies"]["Wet"] - found["exact"]["Wet"]) < 0.01
    True
    """
    check_count("n", n, 1, 1_000_000)
    nodes, rng = _nodes(network), as_generator(seed)
    drawn: dict[str, NDArray[np.int64]] = {}
    for name, node in nodes.items():
        chance = node.table[tuple(drawn[parent] for parent in node.parents)]  # (n,), or () without parents
        drawn[name] = (rng.random(n) < chance).astype(int)
    joint = _joint(nodes)
    return {
        "samples": {name: values.tolist() for name, values in drawn.items()},
        "frequencies": {name: float(values.mean()) for name, values in drawn.items()},
        "exact": {name: float(joint.take(1, axis=axis).sum()) for axis, name in enumerate(nodes)},
    }


def _nodes(network: Network | None) -> dict[str, _Node]:
    """Return the nodes, every parent before its children."""
    given = SPRINKLER if network is None else network
    if not 1 <= len(given) <= MAX_VARIABLES:
        msg = f"network must have 1 to {MAX_VARIABLES} variables; got {len(given)}."
        raise InvalidInputError(msg)
    parents = {name: tuple(node.get("parents", ())) for name, node in given.items()}
    for own in parents.values():
        _check_names("parents", own, given)
    try:
        order = list(graphlib.TopologicalSorter(parents).static_order())
    except graphlib.CycleError as exc:
        msg = f"network must have no cycle; got {' → '.join(exc.args[1])}."
        raise InvalidInputError(msg) from exc
    return {name: _Node(parents[name], _table(name, given[name].get("table"), len(parents[name]))) for name in order}


def _table(name: str, values: Any, n_parents: int) -> NDArray[np.float64]:  # noqa: ANN401  (JSON)
    try:
        table = np.asarray(values, float)
    except (TypeError, ValueError):
        table = np.full((), np.nan)
    if table.shape != (2,) * n_parents or not ((table >= 0) & (table <= 1)).all():
        msg = f"The table of {name} must hold probabilities in shape {(2,) * n_parents}; got {values!r}."
        raise InvalidInputError(msg)
    return table


def _check_names(what: str, names: Any, known: Mapping[str, Any]) -> None:  # noqa: ANN401  (any collection of names)
    for name in names:
        if name not in known:
            msg = f"{what} must be among {', '.join(known)}; got {name!r}."
            raise InvalidInputError(msg)


def _joint(nodes: Mapping[str, _Node]) -> NDArray[np.float64]:
    """Return the probability of every assignment, one axis of length 2 for each variable: the product of the tables."""
    axis = {name: i for i, name in enumerate(nodes)}
    factors: list[Any] = []
    for name, node in nodes.items():
        given = np.stack([1 - node.table, node.table], axis=-1)  # P(false), P(true) by the values of the parents
        factors += [given, [*(axis[parent] for parent in node.parents), axis[name]]]
    joint: NDArray[np.float64] = np.einsum(*factors, list(axis.values()))
    return joint
