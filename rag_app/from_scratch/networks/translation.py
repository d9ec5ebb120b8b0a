"""Networks that turn one sequence into another: an encoder reads, a decoder writes.

Both kinds here, recurrent and transformer, are called with source ids of shape (b, m) and the ids that the decoder
reads, (b, n), and return scores of shape (b, n, n_tokens). 0 is padding, 1 begins and 2 ends what is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_choice, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.encoder_attention import AdditiveAttention
from rag_app.from_scratch.networks.functions import stack
from rag_app.from_scratch.networks.layers import Embedding, Layer, LayerNorm, Linear, join
from rag_app.from_scratch.networks.masks import Mask, earlier
from rag_app.from_scratch.networks.next_token import ARCHITECTURES, counted_loss
from rag_app.from_scratch.networks.positions import sinusoids
from rag_app.from_scratch.networks.recurrent import CELLS, run_cell
from rag_app.from_scratch.networks.training import Plan, Rows, fit_network
from rag_app.from_scratch.networks.transformer import Block, Tokens, TransformerConfig
from rag_app.registry import register

PADDING, START, END = range(3)
_FIRST_LETTER = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
Translator = Callable[[Tokens, Tokens], Tensor]


class Seq2Seq(Layer):
    """A recurrent encoder whose last state begins a recurrent decoder, which looks back if it has attention.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Which cell.
    n_tokens, hidden : int
        Tokens of the vocabulary, and length of embeddings and states.
    rng : numpy.random.Generator
        Draws the weights.
    attention : bool
        Whether the decoder sees a context vector of the encoder's outputs at each step.

    References
    ----------
    Sutskever, Vinyals & Le, "Sequence to sequence learning with neural networks", NeurIPS 2014.
    """

    def __init__(self, cell: str, n_tokens: int, hidden: int, rng: np.random.Generator, *, attention: bool) -> None:
        self.tokens = Embedding(n_tokens, hidden, rng)
        self.encoder = CELLS[cell](hidden, hidden, rng)
        self.decoder = CELLS[cell](2 * hidden if attention else hidden, hidden, rng)
        self.attention = AdditiveAttention(hidden, rng) if attention else None
        self.scores = Linear(2 * hidden if attention else hidden, n_tokens, rng)
        self._looked_at: list[Array] = []

    @property
    def looked_at(self) -> Array:
        """Attention weights of the last call, an array of shape (b, n, m); without attention, of size 0."""
        return np.stack(self._looked_at, axis=1) if self._looked_at else np.empty(0)

    def __call__(self, source: Tokens, written: Tokens) -> Tensor:
        real = source != PADDING
        outputs, state = run_cell(self.encoder, self.tokens(source), mask=real)
        embedded, steps = self.tokens(written), []
        self._looked_at = []
        for t in range(written.shape[1]):
            x = embedded[:, t]
            if self.attention is None:
                state = self.decoder(x, state)
                steps.append(state[0])
                continue
            context, weights = self.attention(state[0], outputs, real)
            state = self.decoder(join(x, context), state)
            steps.append(join(state[0], context))
            self._looked_at.append(weights.data)
        return self.scores(stack(steps, axis=1))


class TransformerTranslator(Layer):
    """The encoder–decoder transformer: sinusoidal positions, blocks that read, and blocks that write and look across.

    Parameters
    ----------
    config : TransformerConfig
        How large each of both stacks is.
    rng : numpy.random.Generator
        Draws the weights.

    References
    ----------
    Vaswani et al., "Attention is all you need", NeurIPS 2017; normalisation comes before each part, not after.
    """

    def __init__(self, config: TransformerConfig, rng: np.random.Generator) -> None:
        size, heads = config.hidden, config.n_heads
        self.tokens = Embedding(config.n_tokens, size, rng)
        self.encoder = [Block(size, heads, rng) for _ in range(config.n_layers)]
        self.decoder = [Block(size, heads, rng, crossed=True) for _ in range(config.n_layers)]
        self.memory_norm, self.norm = LayerNorm(size), LayerNorm(size)
        self.scores = Linear(size, config.n_tokens, rng)
        self._places = Tensor(sinusoids(config.n_positions, size))

    def __call__(self, source: Tokens, written: Tokens) -> Tensor:
        real: Mask = (source != PADDING)[:, None, None, :]  # (b, 1, 1, m): for every head and query
        memory = self._placed(source)
        for block in self.encoder:
            memory = block(memory, real)
        memory = self.memory_norm(memory)
        x, mask = self._placed(written), earlier(written.shape[1])
        for block in self.decoder:
            x = block(x, mask, memory, real)
        return self.scores(self.norm(x))

    def _placed(self, tokens: Tokens) -> Tensor:
        scale = float(np.sqrt(self.tokens.table.shape[1]))
        return self.tokens(tokens) * scale + self._places[: tokens.shape[1]]


def translate(network: Translator, source: Tokens, longest: int) -> Tokens:
    """Return what a network writes alone for sources of shape (b, m): ids, (b, longest), padded after the end."""
    written = np.full((len(source), 1), START)
    for _ in range(longest):
        following = network(source, written).data[:, -1].argmax(axis=1)
        ended = (written == END).any(axis=1)
        written = np.column_stack([written, np.where(ended, PADDING, following)])
    return written[:, 1:]


def translation_loss(network: Translator, source: Tokens, target: Tokens, *, teacher_forcing: bool = True) -> Tensor:
    """Return the mean cross-entropy of targets of shape (b, n), padding left out.

    With teacher forcing the decoder reads the right tokens, otherwise those that it writes itself.
    """
    before = target if teacher_forcing else translate(network, source, target.shape[1])
    read = np.column_stack([np.full(len(target), START), before[:, :-1]])
    return counted_loss(network(source, read), target, target != PADDING)


@register("tool", "M081", "M082", "M084", "M091")
def string_reversal(
    architecture: str = "gru",
    n_letters: int = 5,
    longest: int = 4,
    n_epochs: int = 12,
    seed: int = 0,
    *,
    teacher_forcing: bool = True,
) -> dict[str, Any]:
    """Return how an encoder–decoder with attention learns to write strings backwards.

    Parameters
    ----------
    architecture : {"rnn", "lstm", "gru", "transformer"}, default="gru"
        Which network: a cell for encoder and decoder with attention between them, or a transformer.
    n_letters : int, default=5
        Letters of the alphabet, from 2 to 26.
    longest : int, default=4
        Longest string, at least 2; shorter ones are padded.
    n_epochs : int, default=12
        Times that 800 random strings are read, at least 1.
    seed : int, default=0
        What is random comes from it.
    teacher_forcing : bool, default=True
        Whether the decoder reads the right letters in training, or its own.

    Returns
    -------
    dict
        ``losses`` of each epoch; ``exact_matches``, the share of new strings, not trained on, that are written
        backwards without a mistake, or None where there are none; ``examples``, pairs of a string and what was written;
        ``attention``, for the first example, a row of weights over the source for each letter written (None for the
        transformer). It lies on the anti-diagonal.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    In training the decoder reads a start symbol and the target without its last element; alone it reads what it wrote.
    Bahdanau, Cho & Bengio, "Neural machine translation by jointly learning to align and translate", ICLR 2015.

    Examples
    --------
    >>> result = string_reversal(n_epochs=4)
    >>> result["exact_matches"] > 0.9
    True
    """
    check_choice("architecture", architecture, ARCHITECTURES)
    check_count("n_letters", n_letters, 2, len(_LETTERS))
    check_count("longest", longest, 2)
    check_count("n_epochs", n_epochs)
    rng = as_generator(seed)
    source, target = _reversals(800, n_letters, longest, rng)
    network = translation_network(architecture, n_letters + _FIRST_LETTER, longest + 1, rng)

    def loss(rows: Rows) -> Tensor:
        return translation_loss(network, source[rows], target[rows], teacher_forcing=teacher_forcing)

    rate = 0.005 if architecture == "transformer" else 0.01
    plan = Plan(n_epochs=n_epochs, batch_size=16, learning_rate=rate, longest_gradient=1.0)
    history = fit_network(network, loss, len(source), plan, rng)
    new, reversed_new = _reversals(200, n_letters, longest, rng)
    written = translate(network, new, longest + 1)
    seen = {row.tobytes() for row in source}
    right = (written == reversed_new).all(axis=1)[[row.tobytes() not in seen for row in new]]
    pairs = [[_spelt(given), _spelt(answer)] for given, answer in zip(new[:5], written[:5], strict=True)]
    return {
        "losses": history.losses,
        "exact_matches": float(right.mean()) if len(right) else None,
        "examples": pairs,
        "attention": _looked_at(network, new[:1], len(pairs[0][1])),
    }


def translation_network(architecture: str, n_tokens: int, longest: int, rng: np.random.Generator) -> Any:  # noqa: ANN401  (of two kinds)
    """Return an untrained encoder–decoder for sequences of at most `longest` tokens."""
    if architecture == "transformer":
        return TransformerTranslator(TransformerConfig(n_tokens, longest, n_layers=1, n_heads=2), rng)
    return Seq2Seq(architecture, n_tokens, 32, rng, attention=True)


def _reversals(n: int, n_letters: int, longest: int, rng: np.random.Generator) -> tuple[Tokens, Tokens]:
    letters = rng.integers(_FIRST_LETTER, _FIRST_LETTER + n_letters, (n, longest))
    lengths = rng.integers(1, longest + 1, (n, 1))
    places = np.arange(longest + 1)
    forwards = np.column_stack([letters, letters[:, 0]])  # (n, longest) -> (n, longest + 1): room for the end
    backwards = np.take_along_axis(letters, np.clip(lengths - 1 - places, 0, None), axis=1)
    after = np.where(places == lengths, END, PADDING)
    source, target = (np.where(places < lengths, written, after) for written in (forwards, backwards))
    return source, target


def _spelt(tokens: Tokens) -> str:
    return "".join(_LETTERS[t - _FIRST_LETTER] for t in tokens if t >= _FIRST_LETTER)


def _looked_at(network: Any, source: Tokens, n_written: int) -> list[list[float]] | None:  # noqa: ANN401  (of two kinds)
    if not isinstance(network, Seq2Seq):
        return None
    translate(network, source, source.shape[1])
    weights: list[list[float]] = network.looked_at[0, :n_written].tolist()
    return weights
