"""Networks that continue a sequence: the loss of the next token, generation, and the demonstration of both.

A network here is called with token ids of shape (b, n) and returns scores of shape (b, n, n_tokens), those at a place
for the token that follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_choice, check_count
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import log_softmax
from rag_app.from_scratch.networks.layers import Embedding, Layer, Linear
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.masks import Mask
from rag_app.from_scratch.networks.recurrent import CELLS, run_cell
from rag_app.from_scratch.networks.training import Plan, Rows, fit_network
from rag_app.from_scratch.networks.transformer import Tokens, Transformer, TransformerConfig
from rag_app.registry import register

ARCHITECTURES = (*CELLS, "transformer")
_LONGEST_SAMPLE = 200


class RecurrentLanguageNetwork(Layer):
    """An embedding, a recurrent cell, and scores for every token.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Which cell.
    n_tokens, hidden : int
        Tokens of the vocabulary, and length of embeddings and state.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, cell: str, n_tokens: int, hidden: int, rng: np.random.Generator) -> None:
        self.tokens = Embedding(n_tokens, hidden, rng)
        self.cell = CELLS[cell](hidden, hidden, rng)
        self.scores = Linear(hidden, n_tokens, rng)

    def __call__(self, tokens: Tokens) -> Tensor:
        return self.scores(run_cell(self.cell, self.tokens(tokens))[0])


def language_network(architecture: str, n_tokens: int, n_positions: int, hidden: int, seed: int) -> Layer:
    """Return an untrained network that continues sequences of at most `n_positions` tokens."""
    rng = as_generator(seed)
    if architecture == "transformer":
        return Transformer(TransformerConfig(n_tokens, n_positions, hidden=hidden), rng)
    return RecurrentLanguageNetwork(architecture, n_tokens, hidden, rng)


def counted_loss(logits: Tensor, labels: Tokens, counted: Mask) -> Tensor:
    """Return the mean cross-entropy where it counts, for scores of shape (b, n, k) and labels of shape (b, n)."""
    return cross_entropy_loss(logits[np.nonzero(counted)], labels[counted])


def next_token_loss(network: Any, tokens: Tokens, counted: Mask | None = None) -> Tensor:  # noqa: ANN401  (of two kinds)
    """Return the mean cross-entropy of each token but the first, given those before it.

    Parameters
    ----------
    network : callable
        Turns ids into scores.
    tokens : ndarray of int of shape (b, n)
        Sequences.
    counted : ndarray of bool of shape (b, n), optional
        Which tokens count as targets; by default all but the first of each sequence.
    """
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    if counted is None:
        return cross_entropy_loss(network(inputs), targets)
    return counted_loss(network(inputs), targets, counted[:, 1:])


def generate(
    network: Any,  # noqa: ANN401  (of two kinds)
    prompts: Tokens,
    n_new: int,
    *,
    rng: np.random.Generator | None = None,
    longest: int | None = None,
    temperature: float = 1.0,
) -> Tokens:
    """Return sequences with tokens appended one by one: drawn, or the likeliest without a generator.

    Parameters
    ----------
    network : callable
        Turns ids into scores.
    prompts : ndarray of int of shape (b, n)
        What is continued.
    n_new : int
        Tokens to append.
    rng : numpy.random.Generator, optional
        Draws; by default the likeliest token is taken.
    longest : int, optional
        Tokens that the network can read; it reads the last ones.
    temperature : float, default=1.0
        Divides the scores, above 0.

    Returns
    -------
    ndarray of int of shape (b, n + n_new)
    """
    tokens = np.asarray(prompts)
    for _ in range(n_new):
        read = tokens if longest is None else tokens[:, -longest:]
        scores = network(read).data[:, -1] / temperature
        if rng is not None:  # the largest of scores with Gumbel noise is a draw from their softmax
            scores = scores + rng.gumbel(size=scores.shape)
        tokens = np.concatenate([tokens, scores.argmax(axis=1)[:, None]], axis=1)
    return tokens


@register("tool", "M077", "M079", "M080", "M091", "M094")
def character_network(
    text: str, architecture: str = "lstm", window: int = 12, hidden: int = 32, n_epochs: int = 60, seed: int = 0
) -> dict[str, Any]:
    """Return a network trained to predict the next character of a text: its losses, and a text that it writes.

    Parameters
    ----------
    text : str
        Raw text, which is its own label; at least two different characters, and longer than the window.
    architecture : {"rnn", "lstm", "gru", "transformer"}, default="lstm"
        Which network: a recurrent cell, or a GPT-style transformer of two layers.
    window : int, default=12
        Characters that are read at a time, from 1.
    hidden : int, default=32
        Units, or the length of a character's vector; a multiple of 4 for the transformer.
    n_epochs : int, default=60
        Times that the text is read, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``initial_loss``, near ``uniform_loss = ln V`` for V characters; ``losses`` of each epoch; ``final_loss`` and
        ``perplexity`` of the text, its exponential; ``accuracy``, the share of next characters that are foreseen;
        ``n_parameters``; ``sample``, the likeliest continuation of the first window, as long as the text and at most
        200 characters.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule, or the text is too short.

    Notes
    -----
    The three steps of self-supervised learning: predict the next token at each place, compare it with the token that is
    there (cross-entropy) and follow the gradient, and repeat over the whole text. The text is cut into every window of
    ``window + 1`` characters. Karpathy, Johnson & Fei-Fei, "Visualizing and understanding recurrent networks", ICLR
    Workshop 2016.

    Examples
    --------
    >>> result = character_network("abcd" * 10, "rnn", window=4, hidden=8, n_epochs=30)
    >>> result["sample"][:8], result["accuracy"]
    ('abcdabcd', 1.0)
    """
    check_choice("architecture", architecture, ARCHITECTURES)
    for name, value in (("window", window), ("hidden", hidden), ("n_epochs", n_epochs)):
        check_count(name, value)
    vocabulary = sorted(set(text))
    if len(vocabulary) < 2 or len(text) <= window:  # noqa: PLR2004  (one character leaves nothing to predict)
        msg = f"text must be longer than the window of {window}, with two different characters; got {text[:40]!r}."
        raise InvalidInputError(msg)
    ids = np.array([vocabulary.index(c) for c in text])
    windows = np.lib.stride_tricks.sliding_window_view(ids, window + 1)
    network = language_network(architecture, len(vocabulary), window, hidden, seed)
    result = train_language_network(network, windows, Plan(n_epochs=n_epochs, longest_gradient=1.0), seed)
    n_new = min(len(text), _LONGEST_SAMPLE) - window
    written = generate(network, windows[:1, :window], max(n_new, 1), longest=window)[0]
    return {**result, "sample": "".join(vocabulary[i] for i in written)}


def train_language_network(network: Any, sequences: Tokens, plan: Plan, seed: int) -> dict[str, Any]:  # noqa: ANN401  (of two kinds)
    """Train a network to continue sequences of shape (b, n), and return what can be told of it as JSON."""

    def loss(rows: Rows) -> Tensor:
        return next_token_loss(network, sequences[rows])

    initial = next_token_loss(network, sequences).item()
    n_tokens = network(sequences[:1, :-1]).shape[-1]
    history = fit_network(network, loss, len(sequences), plan, as_generator(seed))
    logits = network(sequences[:, :-1])
    final = cross_entropy_loss(logits, sequences[:, 1:]).item()
    return {
        "initial_loss": initial,
        "uniform_loss": float(np.log(n_tokens)),
        "losses": history.losses,
        "final_loss": final,
        "perplexity": float(np.exp(final)),
        "accuracy": float((logits.data.argmax(axis=-1) == sequences[:, 1:]).mean()),
        "n_parameters": sum(w.data.size for w in network.weights()),
    }


def sequence_log_probabilities(network: Callable[[Tokens], Tensor], tokens: Tokens, counted: Mask) -> Tensor:
    """Return the sum of the log-probabilities of the tokens that count, one number for each sequence."""
    log_probabilities = log_softmax(network(tokens[:, :-1]))  # (b, n - 1, k)
    rows, places = np.indices(tokens[:, 1:].shape)
    chosen = log_probabilities[rows, places, tokens[:, 1:]]
    return (chosen * counted[:, 1:]).sum(-1)
