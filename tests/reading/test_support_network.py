"""The network that reads a statement and its evidence together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rag_app.reading.support_features import STATEMENT_NAMES
from rag_app.reading.support_network import CONVENTIONS, N_HEADS, RELATIONS, SupportNetwork, load_network, relate
from rag_app.reading.support_pairs import FEATURE_NAMES, Pair

_WIDTH, _INNER, _HIDDEN, _LAYERS = 16, 24, 8, 2


def _made(n_stated: int = 3, n_evidence: int = 5, seed: int = 0) -> Pair:
    random = np.random.default_rng(seed)
    n = n_stated + n_evidence
    vectors = random.normal(size=(n, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    features = random.random((n, len(FEATURE_NAMES)), np.float32)
    return Pair(vectors, features, np.arange(n), np.eye(n, dtype=bool), n_stated)


def _weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    n, m, c = len(FEATURE_NAMES), len(STATEMENT_NAMES), len(CONVENTIONS)
    shapes: dict[str, tuple[int, ...]] = {"of_vectors.weight": (_WIDTH, 384), "mean": (n,), "mean_whole": (m,)}
    linear = {"of_features": (n, _WIDTH), "of_words": (_WIDTH, c), "hidden": (2 * _WIDTH + 2 * c + m, _HIDDEN)}
    linear["output"] = (_HIDDEN, c)
    for i in range(_LAYERS):
        linear |= {f"layers.{i}.asked": (_WIDTH, 3 * _WIDTH), f"layers.{i}.joined": (_WIDTH, _WIDTH)}
        linear |= {f"layers.{i}.inner": (_WIDTH, _INNER), f"layers.{i}.outer": (_INNER, _WIDTH)}
        shapes[f"layers.{i}.related.weight"] = (N_HEADS, len(RELATIONS))
    for name, (given, made) in linear.items():
        shapes |= {f"{name}.weight": (made, given), f"{name}.bias": (made,)}
    for name in ["normed", *(f"layers.{i}.{part}" for i in range(_LAYERS) for part in ("before", "after"))]:
        shapes |= {f"{name}.weight": (_WIDTH,), f"{name}.bias": (_WIDTH,)}
    found = {name: random.normal(scale=0.3, size=shape) for name, shape in shapes.items()}
    found |= {"spread": 0.5 + random.random(n), "spread_whole": 0.5 + random.random(m)}
    return {name: values.astype(np.float16) for name, values in found.items()}


def test_torch_computes_the_same() -> None:
    """The layers of torch, put together by the description of the network, give the same odds."""
    pair, weights = _made(), _weights()
    of_statement = np.random.default_rng(2).random(len(STATEMENT_NAMES))
    assert SupportNetwork(weights).odds(pair, of_statement) == pytest.approx(
        _by_torch(pair, of_statement, weights), abs=1e-3
    )


def _by_torch(pair: Pair, of_statement: np.ndarray, weights: dict[str, np.ndarray]) -> list[float]:
    import torch
    from torch.nn import functional

    own = {name: torch.as_tensor(values.astype(np.float32)) for name, values in weights.items()}

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, own[f"{name}.weight"], own[f"{name}.bias"])

    def norm(x: Any, name: str) -> Any:
        return functional.layer_norm(x, x.shape[-1:], own[f"{name}.weight"], own[f"{name}.bias"])

    relations = torch.as_tensor(relate(pair))
    x = 4 * torch.as_tensor(pair.vectors) @ own["of_vectors.weight"].T
    x = x + linear((torch.as_tensor(pair.features) - own["mean"]) / own["spread"], "of_features")
    for i in range(_LAYERS):
        q, k, v = linear(norm(x, f"layers.{i}.before"), f"layers.{i}.asked").chunk(3, dim=-1)
        heads = [y.reshape(len(x), N_HEADS, -1).transpose(0, 1) for y in (q, k, v)]
        bias = functional.linear(relations, own[f"layers.{i}.related.weight"]).permute(2, 0, 1)
        mixed = functional.scaled_dot_product_attention(*heads, attn_mask=bias).transpose(0, 1).reshape(len(x), _WIDTH)
        x = x + linear(mixed, f"layers.{i}.joined")
        inner = functional.gelu(linear(norm(x, f"layers.{i}.after"), f"layers.{i}.inner"), approximate="tanh")
        x = x + linear(inner, f"layers.{i}.outer")
    x = norm(x, "normed")[: pair.n_stated]
    odds = linear(x, "of_words")
    whole = (torch.as_tensor(of_statement.astype(np.float32)) - own["mean_whole"]) / own["spread_whole"]
    parts = [x.mean(0), x.max(0).values, odds.max(0).values / 4, odds.sigmoid().sum(0).log1p(), whole]
    return linear(functional.gelu(linear(torch.cat(parts), "hidden"), approximate="tanh"), "output").tolist()


def test_the_order_of_what_is_equal_does_not_matter() -> None:
    """Words have their places beside them: evidence in another order is read as the same."""
    pair, network = _made(), SupportNetwork(_weights())
    order = np.array([0, 1, 2, 7, 5, 6, 3, 4])
    turned = replace(
        pair,
        vectors=pair.vectors[order],
        features=pair.features[order],
        places=pair.places[order],
        same=pair.same[np.ix_(order, order)],
    )
    of_statement = np.zeros(len(STATEMENT_NAMES))
    assert network.odds(turned, of_statement) == pytest.approx(network.odds(pair, of_statement), abs=1e-4)


def test_relations_by_hand() -> None:
    """The first two words are neighbours of one text; the third is in the other one, and the same as the first."""
    pair = replace(_made(2, 1), same=np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool))
    similar, same, together, near, after = relate(pair).transpose(2, 0, 1)
    assert similar.diagonal() == pytest.approx(1, abs=1e-5)
    assert same[0].tolist() == [1, 0, 1]
    assert together[0].tolist() == [1, 1, 0]
    assert near[0].tolist() == pytest.approx([1, np.exp(-1 / 4), 0])
    assert after[0].tolist() == pytest.approx([0, -np.exp(-1 / 4), 0])


def test_the_committed_weights_fit() -> None:
    """They give finite odds for any words."""
    odds = load_network().odds(_made(), np.zeros(len(STATEMENT_NAMES)))
    assert odds.shape == (len(CONVENTIONS),)
    assert np.isfinite(odds).all()
