"""Embedding layers: a row of a table for each token, whatever the sentence, until attention mixes in its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, as_texts, check_choice
from rag_app.from_scratch.networks.attention import attend, sized
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import weight
from rag_app.registry import register


@register("tool", "M118")
def embedding_lookup(
    table: Matrix, tokens: Sequence[int], output_gradient: Matrix | None = None
) -> dict[str, list[list[float]]]:
    """Return the vectors of tokens from the table of an embedding layer, and the gradient that reaches the table.

    Parameters
    ----------
    table : array-like of shape (V, d)
        A row for each token of the vocabulary.
    tokens : sequence of int
        Numbers of tokens, from 0 to V - 1; at least one.
    output_gradient : array-like of shape (n, d), optional
        Gradient of some loss with respect to each vector that is returned; by default ones.

    Returns
    -------
    dict
        "vectors", n rows of d numbers; "table_gradient", V rows: a token that occurs twice gets both gradients, one
        that does not occur zeros.

    Raises
    ------
    InvalidInputError
        If there are no tokens, one is not in the table, or the gradient has not the shape of the vectors.

    Notes
    -----
    ``e = onehot(i) W``: the lookup reads one row where the product would multiply by zeros. Bengio, Ducharme, Vincent
    & Jauvin, "A neural probabilistic language model", JMLR 3 (2003).

    Examples
    --------
    Token 2 occurs twice: (1, 1) + (3, 5).

    >>> found = embedding_lookup([[0, 1], [2, 3], [4, 5]], [2, 0, 2], [[1, 1], [2, 0], [3, 5]])
    >>> found["vectors"], found["table_gradient"]
    ([[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]], [[2.0, 0.0], [0.0, 0.0], [4.0, 6.0]])
    """
    W = weight(as_matrix("table", table))
    places = np.asarray(tokens)
    if places.ndim != 1 or not len(places) or places.dtype.kind not in "iu":
        msg = f"tokens must be a list of whole numbers, at least one; got {str(tokens)[:60]}."
        raise InvalidInputError(msg)
    if places.min() < 0 or places.max() >= len(W):
        msg = f"tokens must be from 0 to {len(W) - 1}; got {places[(places < 0) | (places >= len(W))][0]}."
        raise InvalidInputError(msg)
    vectors = W[places]
    shape = (len(places), W.shape[1])
    upstream = np.ones(shape) if output_gradient is None else sized("output_gradient", output_gradient, shape)
    (vectors * upstream).sum().backward()
    gradient = np.zeros(W.shape) if W.grad is None else W.grad
    return {"vectors": vectors.data.tolist(), "table_gradient": gradient.tolist()}


@register("tool", "M118")
def contextual_embedding(words: Sequence[str], vectors: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """Return the vector of each word of a sentence, as it is in the table and after one look at its neighbours.

    Parameters
    ----------
    words : sequence of str
        The sentence.
    vectors : dict of str to list of float
        The static vector of each word, all of the same length.

    Returns
    -------
    list of dict
        For each word "word", "static" and "contextual". In a sentence of one word they are equal.

    Raises
    ------
    InvalidInputError
        If there are no words, one has no vector, or vectors differ in length.

    Notes
    -----
    ``softmax(X Xᵀ / √d) X``: self-attention without weights of its own. Peters et al., "Deep contextualized word
    representations", NAACL 2018.

    Examples
    --------
    "bank" matches "river" as well as itself, 2 each, so that it becomes their mean.

    >>> table = {"bank": [1, 1], "river": [0, 2], "money": [2, 0]}
    >>> [contextual_embedding([word, "bank"], table)[1]["contextual"] for word in ("river", "money")]
    [[0.5, 1.5], [1.5, 0.5]]
    """
    sentence = as_texts("words", words)
    for word in sentence:
        check_choice("words", word, vectors)
    X = as_matrix("vectors", [vectors[word] for word in sentence])
    mixed, _ = attend(Tensor(X), Tensor(X), Tensor(X))
    rows = zip(sentence, X.tolist(), mixed.data.tolist(), strict=True)
    return [{"word": word, "static": static, "contextual": contextual} for word, static, contextual in rows]
