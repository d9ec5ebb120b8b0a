"""Choosing the next token: greedily, or by a draw that temperature, top-k and top-p steer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_choice, check_count, check_range
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAT: dict[str, float] = {"mat": 0.4, "table": 0.2, "chair": 0.2, "moon": 0.1}  # after "The cat sat on the"
SPORT: dict[str, float] = {"basketball": 0.2, "soccer": 0.18, "cricket": 0.1}  # after "My favorite sport is"
_EXAMPLES = {"cat": CAT, "sport": SPORT}
_TOLERANCE = 1e-9  # 0.4 + 0.2 reaches 0.6, whatever the last digit says
_PRESETS: dict[str, dict[str, Any]] = {
    "factual": {"temperature": 0.2, "top_p": 0.5},
    "creative": {"temperature": 1.0, "top_p": 0.95},
}
Distribution = Mapping[str, float] | Literal["cat", "sport"]


@register("tool", "M073", "M074", "M075")
def next_token_probabilities(
    probabilities: Distribution = "cat", temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> dict[str, float]:
    """Return the probabilities from which the next token is drawn, after temperature, top-k and top-p, in this order.

    Parameters
    ----------
    probabilities : dict or {"cat", "sport"}, default="cat"
        Probability of each token, at least 0; what is not listed is left out and the rest made to sum to 1. "cat"
        follows "The cat sat on the", "sport" follows "My favorite sport is".
    temperature : float, default=1.0
        0 for the most probable token alone; below 1 sharper, above 1 flatter.
    top_k : int, optional
        Most tokens to keep, at least 1.
    top_p : float, default=1.0
        Keep the fewest tokens whose probabilities reach this sum, above 0 and at most 1.

    Returns
    -------
    dict
        Probability by token, the most probable first, 0 for what is not kept. Of equally probable tokens the one listed
        first comes first.

    Raises
    ------
    InvalidInputError
        If no token has a probability above 0, one is negative, or a parameter is out of range.

    Notes
    -----
    ``q_i = p_i^(1/T) / Σ_j p_j^(1/T)``, the same as dividing logits by T. Fan, Lewis & Dauphin, "Hierarchical neural
    story generation", ACL (2018), for top-k; Holtzman et al., "The curious case of neural text degeneration", ICLR
    (2020), for top-p.

    Examples
    --------
    0.16, 0.04, 0.04, 0.01 over their sum 0.25.

    >>> {word: round(p, 6) for word, p in next_token_probabilities("cat", temperature=0.5).items()}
    {'mat': 0.64, 'table': 0.16, 'chair': 0.16, 'moon': 0.04}
    """
    tokens, given = _listed(probabilities)
    kept = decode_probabilities(given, temperature, top_k, top_p)
    order = np.argsort(-given, kind="stable")
    return {tokens[i]: float(kept[i]) for i in order}


@register("tool", "M071", "M072", "M073")
def sample_next_token(
    probabilities: Distribution = "cat",
    strategy: Literal["greedy", "factual", "creative", "sample"] = "sample",
    n: int = 1,
    seed: int = 0,
) -> dict[str, Any]:
    """Return next tokens chosen from given probabilities, greedily or by draws.

    Parameters
    ----------
    probabilities : dict or {"cat", "sport"}, default="cat"
        Probability of each token, as in next_token_probabilities.
    strategy : {"greedy", "factual", "creative", "sample"}, default="sample"
        Always the most probable; draws at temperature 0.2 with top-p 0.5, for questions with one right answer; at
        temperature 1 with top-p 0.95; or from the probabilities as they are.
    n : int, default=1
        Number of choices, at least 1.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``tokens``, the first 20 choices; ``counts`` of all; ``probabilities`` from which they were drawn.

    Raises
    ------
    InvalidInputError
        If the probabilities or a parameter are out of range.

    Notes
    -----
    A token is the one in whose part of [0, 1] a uniform number falls (inverse transform sampling). Devroye,
    *Non-uniform random variate generation* (1986), chapter III.

    Examples
    --------
    >>> sample_next_token("sport", "greedy", n=3)["tokens"]
    ['basketball', 'basketball', 'basketball']
    """
    check_choice("strategy", strategy, ("greedy", *_PRESETS, "sample"))
    check_count("n", n)
    settings: dict[str, Any] = {"temperature": 0.0} if strategy == "greedy" else _PRESETS.get(strategy, {})
    shares = next_token_probabilities(probabilities, **settings)
    tokens, weights = list(shares), np.array(list(shares.values()))
    drawn = as_generator(seed).choice(len(tokens), n, p=weights)
    counts = np.bincount(drawn, minlength=len(tokens))
    return {
        "tokens": [tokens[i] for i in drawn[:20]],
        "counts": dict(zip(tokens, counts.tolist(), strict=True)),
        "probabilities": shares,
    }


def decode_probabilities(
    probabilities: NDArray[np.float64], temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> NDArray[np.float64]:
    """Return a distribution after temperature, top-k and top-p, shape (v,).

    Parameters
    ----------
    probabilities : ndarray of shape (v,)
        Numbers of at least 0, at least one above; their sum does not matter.
    temperature : float
        At least 0; 0 keeps the first of the most probable.
    top_k : int, optional
        Most tokens to keep.
    top_p : float
        Sum of probabilities at which no more are kept.

    Raises
    ------
    InvalidInputError
        If a parameter is out of range.

    Examples
    --------
    Squares over 0.213, then A and B: 0.16/0.2 and 0.04/0.2.

    >>> decode_probabilities(np.array([0.4, 0.2, 0.1, 0.05, 0.02, 0.01]), 0.5, top_k=5, top_p=0.9).round(6)
    array([0.8, 0.2, 0. , 0. , 0. , 0. ])
    """
    check_range("temperature", temperature, 0)
    check_range("top_p", top_p, 0, 1, open_low=True)
    if top_k is not None:
        check_count("top_k", top_k)
    order = np.argsort(-probabilities, kind="stable")
    n_kept = 1 if temperature == 0 else len(order) if top_k is None else top_k
    ranked = (probabilities[order] / probabilities.max()) ** (1 / temperature if temperature else 1)
    ranked[n_kept:] = 0
    ranked /= ranked.sum()
    ranked[int(np.searchsorted(np.cumsum(ranked), top_p - _TOLERANCE)) + 1 :] = 0
    kept: NDArray[np.float64] = np.zeros_like(ranked)
    kept[order] = ranked / ranked.sum()
    return kept


def _listed(probabilities: Distribution) -> tuple[list[str], NDArray[np.float64]]:
    if isinstance(probabilities, str):
        check_choice("probabilities", probabilities, tuple(_EXAMPLES))
        probabilities = _EXAMPLES[probabilities]
    values = np.array(list(probabilities.values()), float)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        msg = f"probabilities must be at least 0, at least one above; got {dict(probabilities)!r}."
        raise InvalidInputError(msg)
    return list(probabilities), values
