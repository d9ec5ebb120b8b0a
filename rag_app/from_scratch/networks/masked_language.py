"""Masked language modelling: some tokens are hidden, and a network that reads both ways fills the gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_choice, check_count, check_range
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.next_token import counted_loss
from rag_app.from_scratch.networks.training import Plan, Rows, fit_network
from rag_app.from_scratch.networks.transformer import Tokens, Transformer, TransformerConfig
from rag_app.registry import register

NOT_COUNTED = -100
_MODES = ("bert", "pure")
_MASK = 0  # the special token of the demonstration
_LENGTH = 8


@register("tool", "M090")
def mask_tokens(
    tokens: Sequence[int], n_tokens: int, share: float = 0.15, mode: str = "bert", mask_token: int = 3, seed: int = 0
) -> dict[str, list[int]]:
    """Return token ids with some of them hidden, and the labels that a masked language network learns from.

    Parameters
    ----------
    tokens : list of int
        Token ids. Those up to `mask_token` are special, such as padding and separators, and are never chosen.
    n_tokens : int
        Tokens of the vocabulary, more than `mask_token` + 1.
    share : float, default=0.15
        Probability with which each ordinary token is chosen, in [0, 1].
    mode : {"bert", "pure"}, default="bert"
        What happens to the chosen: all are masked (pure), or 80 % are masked, 10 % replaced by a random ordinary token
        and 10 % left as they are (bert).
    mask_token : int, default=3
        Id of the mask, the last special one.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``inputs``, and ``labels``: the true id where a token was chosen, -100 elsewhere, which no loss counts.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Too small a share leaves little to learn from each text, too large a one too little to guess from. Devlin, Chang,
    Lee & Toutanova, "BERT: pre-training of deep bidirectional transformers", NAACL 2019.

    Examples
    --------
    >>> mask_tokens([1, 7, 8, 2], n_tokens=10, share=1, mode="pure")
    {'inputs': [1, 3, 3, 2], 'labels': [-100, 7, 8, -100]}
    """
    check_choice("mode", mode, _MODES)
    check_range("share", share, 0, 1)
    check_count("mask_token", mask_token, 0)
    check_count("n_tokens", n_tokens, mask_token + 2)
    wrong = [t for t in tokens if isinstance(t, bool) or not isinstance(t, int | np.integer) or not 0 <= t < n_tokens]
    if wrong:
        msg = f"tokens must be whole numbers from 0 to {n_tokens - 1}; got {wrong[0]!r}."
        raise InvalidInputError(msg)
    rng = as_generator(seed)
    inputs, labels = masked(np.array(tokens, int), n_tokens, rng, share=share, mode=mode, mask_token=mask_token)
    return {"inputs": inputs.tolist(), "labels": labels.tolist()}


def masked(
    tokens: Tokens, n_tokens: int, rng: np.random.Generator, *, share: float, mode: str, mask_token: int
) -> tuple[Tokens, Tokens]:
    """Return inputs and labels for token ids of any shape; see `mask_tokens`."""
    chosen = (tokens > mask_token) & (rng.random(tokens.shape) < share)
    labels = np.where(chosen, tokens, NOT_COUNTED)
    fate = rng.random(tokens.shape) if mode == "bert" else np.zeros(tokens.shape)
    random_tokens = rng.integers(mask_token + 1, n_tokens, tokens.shape)
    inputs = np.where(chosen & (fate < 0.8), mask_token, tokens)  # noqa: PLR2004  (BERT's 80, 10 and 10 %)
    inputs = np.where(chosen & (fate >= 0.8) & (fate < 0.9), random_tokens, inputs)  # noqa: PLR2004
    return inputs, labels


@register("tool", "M088", "M090")
def gap_filling(n_words: int = 6, share: float = 0.15, n_epochs: int = 30, seed: int = 0) -> dict[str, Any]:
    """Return how a small BERT learns to fill gaps in sequences that count up, next to one that reads left to right.

    Parameters
    ----------
    n_words : int, default=6
        Words, at least 3; sequences of eight count through them, over and over, from any word.
    share : float, default=0.15
        Share of words that are hidden in training, above 0 and at most 1.
    n_epochs : int, default=30
        Times that 200 sequences are read, with other gaps each time, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``bidirectional`` and ``causal``, each with ``losses`` of each epoch, ``accuracy`` at a hidden word inside the
        sequence, and ``first_accuracy`` at a hidden first word, which only the words to its right tell: a network that
        reads left to right can but guess, ``guessing = 1 / n_words``.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    The loss is the mean of ``-ln p(word)`` over the hidden places, ``p`` being softmax of a transformer's scores with
    or without the causal mask. Devlin et al., "BERT", NAACL 2019.

    Examples
    --------
    >>> result = gap_filling(n_words=3, n_epochs=15)
    >>> result["bidirectional"]["first_accuracy"] > 0.9, result["causal"]["first_accuracy"] < 0.6
    (True, True)
    """
    check_count("n_words", n_words, 3)
    check_range("share", share, 0, 1, open_low=True)
    check_count("n_epochs", n_epochs)
    result: dict[str, Any] = {"guessing": 1 / n_words}
    for name, causal in (("bidirectional", False), ("causal", True)):
        rng = as_generator(seed)
        config = TransformerConfig(n_words + 1, _LENGTH, n_layers=1)
        network = Transformer(config, rng, causal=causal)
        losses = _fit(network, _counting(200, n_words, rng), share, n_epochs, rng)
        new = _counting(200, n_words, rng)
        inside, first = (_accuracy(network, new, place) for place in (_LENGTH // 2, 0))
        result[name] = {"losses": losses, "accuracy": inside, "first_accuracy": first}
    return result


def _fit(network: Transformer, sequences: Tokens, share: float, n_epochs: int, rng: np.random.Generator) -> list[float]:
    n_tokens = network.tokens.table.shape[0]

    def loss(rows: Rows) -> Tensor:
        inputs, labels = masked(sequences[rows], n_tokens, rng, share=share, mode="bert", mask_token=_MASK)
        if (labels == NOT_COUNTED).all():  # none was chosen in a small batch: hide the first word of each
            inputs[:, 0], labels[:, 0] = _MASK, sequences[rows, 0]
        return counted_loss(network(inputs), labels, labels != NOT_COUNTED)

    return fit_network(network, loss, len(sequences), Plan(n_epochs=n_epochs), rng).losses


def _accuracy(network: Transformer, sequences: Tokens, place: int) -> float:
    inputs = sequences.copy()
    inputs[:, place] = _MASK
    return float((network(inputs).data[:, place].argmax(axis=1) == sequences[:, place]).mean())


def _counting(n: int, n_words: int, rng: np.random.Generator) -> Tokens:
    return 1 + (rng.integers(n_words, size=(n, 1)) + np.arange(_LENGTH)) % n_words
