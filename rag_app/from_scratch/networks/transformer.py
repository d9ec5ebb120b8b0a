"""The transformer: embeddings with positions, blocks of attention and feed-forward layers, and tokens that come out.

With a causal mask it is GPT's decoder, which continues a text; without one BERT's encoder, which fills gaps:

>>> network = Transformer(TransformerConfig(n_tokens=10, n_positions=6), np.random.default_rng(0))
>>> network(np.array([[1, 2, 3]])).shape  # (b, n) -> (b, n, n_tokens)
(1, 3, 10)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_count
from rag_app.from_scratch.networks.attention import MultiHeadAttention
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import gelu
from rag_app.from_scratch.networks.layers import Embedding, Layer, LayerNorm, Linear, Sequential
from rag_app.from_scratch.networks.masks import Mask, earlier
from rag_app.registry import register

Tokens = NDArray[np.intp]
_WIDENING = 4  # of the feed-forward layer
_FIRST_SIZE = 0.3  # of embeddings: small ones leave the first predictions nearly uniform


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """How large a transformer is.

    Parameters
    ----------
    n_tokens : int
        Tokens of the vocabulary, at least 2.
    n_positions : int
        Longest sequence, at least 1.
    n_layers : int, default=2
        Blocks, at least 1.
    hidden : int, default=32
        Length of a token's vector; a multiple of `n_heads`.
    n_heads : int, default=4
        Heads of each attention.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.
    """

    n_tokens: int
    n_positions: int
    n_layers: int = 2
    hidden: int = 32
    n_heads: int = 4

    def __post_init__(self) -> None:
        check_count("n_tokens", self.n_tokens, 2)
        for name in ("n_positions", "n_layers", "hidden", "n_heads"):
            check_count(name, getattr(self, name))
        if self.hidden % self.n_heads:
            msg = f"hidden must be a multiple of n_heads, {self.n_heads}; got {self.hidden}."
            raise InvalidInputError(msg)


class Block(Layer):
    """One layer of a transformer: attention, then a feed-forward network, each normalised before and with a way around.

    Parameters
    ----------
    hidden, n_heads : int
        Length of the vectors, and heads.
    rng : numpy.random.Generator
        Draws the weights.
    crossed : bool, default=False
        Whether it looks at a memory in between, as a decoder looks at the encoder's output.
    """

    def __init__(self, hidden: int, n_heads: int, rng: np.random.Generator, *, crossed: bool = False) -> None:
        self.attention, self.attention_norm = MultiHeadAttention(hidden, n_heads, rng), LayerNorm(hidden)
        self.crossing = MultiHeadAttention(hidden, n_heads, rng) if crossed else None
        self.crossing_norm = LayerNorm(hidden) if crossed else None
        wide = _WIDENING * hidden
        self.feed = Sequential(LayerNorm(hidden), Linear(hidden, wide, rng), gelu, Linear(wide, hidden, rng))

    def __call__(
        self, x: Tensor, mask: Mask | None = None, memory: Tensor | None = None, memory_mask: Mask | None = None
    ) -> Tensor:
        """Return vectors of the shape of `x`, (b, n, d), that know of each other, and of the memory, (b, m, d)."""
        x = x + self.attention(self.attention_norm(x), mask)
        if self.crossing is not None and self.crossing_norm is not None:
            x = x + self.crossing(self.crossing_norm(x), memory_mask, memory)
        return x + self.feed(x)


class Transformer(Layer):
    """Blocks between an embedding of tokens with learnt positions and scores for every token.

    Parameters
    ----------
    config : TransformerConfig
        How large it is.
    rng : numpy.random.Generator
        Draws the weights.
    causal : bool, default=True
        Whether each token sees only itself and earlier ones.

    Notes
    -----
    The scores are products with the table of embeddings. Radford et al., "Language models are unsupervised multitask
    learners" (2019); Devlin et al., "BERT", NAACL 2019, for the bidirectional one.
    """

    def __init__(self, config: TransformerConfig, rng: np.random.Generator, *, causal: bool = True) -> None:
        self.tokens = Embedding(config.n_tokens, config.hidden, rng)
        self.places = Embedding(config.n_positions, config.hidden, rng)
        for table in (self.tokens.table, self.places.table):
            table.data *= _FIRST_SIZE
        self.blocks = [Block(config.hidden, config.n_heads, rng) for _ in range(config.n_layers)]
        self.norm = LayerNorm(config.hidden)
        self._causal = causal

    def __call__(self, tokens: Tokens, kept: Mask | None = None) -> Tensor:
        """Return scores of shape (b, n, n_tokens) for token ids of shape (b, n), of which only those kept are seen."""
        n = tokens.shape[1]
        x = self.tokens(tokens) + self.places(np.arange(n))  # (b, n) -> (b, n, d)
        mask = earlier(n) if self._causal else None
        if kept is not None:
            real = kept[:, None, None, :]  # (b, 1, 1, n): for every head and query
            mask = real if mask is None else mask & real
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x) @ self.tokens.table.transpose()


@register("tool", "M091")
def transformer_parameters(
    n_layers: int = 12, hidden: int = 768, n_tokens: int = 50257, n_positions: int = 1024
) -> dict[str, int | float]:
    """Return how many numbers a GPT-style transformer learns, and the loss with which it begins.

    Parameters
    ----------
    n_layers : int, default=12
        Blocks L, at least 1.
    hidden : int, default=768
        Length d of a token's vector, at least 1.
    n_tokens : int, default=50257
        Tokens V of the vocabulary, at least 2.
    n_positions : int, default=1024
        Longest sequence n, at least 1.

    Returns
    -------
    dict
        ``blocks``, ``token_embeddings``, ``positions``, ``final_norm``, their sum ``total``, and ``initial_loss``, ln
        V. The number of heads does not matter: they are slices of the same matrices.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``N = L (12 d² + 13 d) + V d + n d + 2 d``: attention has ``4 d² + 4 d``, the feed-forward network ``8 d² + 5 d``
    and the two norms ``4 d``. The output shares its weights with the embedding. Radford et al., "Language models are
    unsupervised multitask learners", OpenAI (2019).

    Examples
    --------
    2 (12 · 64 + 13 · 8) + 80 + 48 + 16.

    >>> transformer_parameters(n_layers=2, hidden=8, n_tokens=10, n_positions=6)["total"]
    1888
    """
    config = TransformerConfig(n_tokens, n_positions, n_layers, hidden, n_heads=1)
    d = config.hidden
    parts = {
        "blocks": config.n_layers * (12 * d * d + 13 * d),
        "token_embeddings": config.n_tokens * d,
        "positions": config.n_positions * d,
        "final_norm": 2 * d,
    }
    return {**parts, "total": sum(parts.values()), "initial_loss": float(np.log(config.n_tokens))}
