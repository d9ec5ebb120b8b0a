"""The embedding layer, and vectors in context."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.embedding import contextual_embedding, embedding_lookup

RNG = np.random.default_rng(0)
VECTORS = {"bank": [1, 1], "river": [0, 2], "money": [2, 0]}


def test_the_table_of_the_course():
    """(1, 1) + (3, 5) for the token that occurs twice."""
    found = embedding_lookup([[0, 1], [2, 3], [4, 5]], [2, 0, 2], [[1, 1], [2, 0], [3, 5]])
    assert found["table_gradient"] == [[2, 0], [0, 0], [4, 6]]


def test_it_is_the_layer_of_torch_and_a_product_with_one_hot_rows():
    """Forwards and backwards."""
    table, tokens, upstream = RNG.normal(size=(6, 3)), RNG.integers(0, 6, 20), RNG.normal(size=(20, 3))
    layer = torch.nn.Embedding.from_pretrained(torch.tensor(table), freeze=False)
    out = layer(torch.tensor(tokens))
    (out * torch.tensor(upstream)).sum().backward()
    found = embedding_lookup(table, tokens.tolist(), upstream)
    assert found["vectors"] == out.tolist() == (np.eye(6)[tokens] @ table).tolist()
    assert np.array(found["table_gradient"]) == pytest.approx(layer.weight.grad.numpy())
    assert embedding_lookup([[1.0]], [0, 0])["table_gradient"] == [[2]]


def test_bank_has_one_static_and_two_contextual_vectors():
    """With cosine 0.6, as in the chapter: the table alone does not tell senses apart."""
    river, money = (contextual_embedding([word, "bank"], VECTORS)[1] for word in ("river", "money"))
    assert river["static"] == money["static"] == [1, 1]
    a, b = np.array(river["contextual"]), np.array(money["contextual"])
    assert (a.tolist(), b.tolist()) == ([0.5, 1.5], [1.5, 0.5])
    assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) == pytest.approx(0.6)
    alone = contextual_embedding(["bank"], VECTORS)[0]
    assert alone["contextual"] == alone["static"]


def test_mistakes_are_named():
    """Tokens, words and shapes."""
    with pytest.raises(InvalidInputError, match="tokens must be from 0 to 0; got 1"):
        embedding_lookup([[1.0]], [1])
    with pytest.raises(InvalidInputError, match=r"tokens must be a list of whole numbers, at least one; got \[\]"):
        embedding_lookup([[1.0]], [])
    with pytest.raises(InvalidInputError, match=r"output_gradient must be of shape \(1, 1\); got \(1, 2\)"):
        embedding_lookup([[1.0]], [0], [[1, 2]])
    with pytest.raises(InvalidInputError, match="words must be one of bank, river, money; got 'sea'"):
        contextual_embedding(["sea"], VECTORS)
