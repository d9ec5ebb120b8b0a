"""Supervised fine-tuning: a network that continues questions with questions learns to answer them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_choice, check_count
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.next_token import ARCHITECTURES, generate, language_network, next_token_loss
from rag_app.from_scratch.networks.training import Plan, Rows, fit_network
from rag_app.from_scratch.networks.transformer import Tokens
from rag_app.registry import register

_SUBJECTS = ("India", "France", "Japan", "Kenya", "Peru", "Norway")
_ANSWERS = ("Delhi", "Paris", "Tokyo", "Nairobi", "Lima", "Oslo")
_VOCABULARY = ("capital", "of", "?", "<end>", *_SUBJECTS, *_ANSWERS)
_N_PROMPT = 4  # capital of … ?


@register("tool", "M095")
def response_loss(probabilities: Vector, n_prompt: int) -> float:
    """Return the loss of supervised fine-tuning on one example: prompt tokens are left out.

    Parameters
    ----------
    probabilities : array-like of shape (n,)
        What the network gave to each true token, prompt first; above 0 and at most 1.
    n_prompt : int
        Tokens of the prompt, at least 0 and fewer than all.

    Returns
    -------
    float
        Mean of ``-ln p`` over the tokens of the response; 0 if it was certain of all.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Ouyang et al., "Training language models to follow instructions with human feedback", NeurIPS 2022.

    Examples
    --------
    (0.6931 + 0.2231) / 2.

    >>> round(response_loss([0.1, 0.2, 0.5, 0.8], n_prompt=2), 4)
    0.4581
    """
    p = as_vector("probabilities", probabilities)
    if (p <= 0).any() or (p > 1).any():
        wrong = p[(p <= 0) | (p > 1)][0]
        msg = f"probabilities must be above 0 and at most 1; got {float(wrong)!r}."
        raise InvalidInputError(msg)
    check_count("n_prompt", n_prompt, 0, len(p) - 1)
    return float(-np.log(p[n_prompt:]).mean()) + 0.0


@register("tool", "M095")
def answer_tuning(
    architecture: str = "gru", n_base_epochs: int = 30, n_epochs: int = 100, seed: int = 0
) -> dict[str, Any]:
    """Return how a small language network answers questions before and after supervised fine-tuning.

    Parameters
    ----------
    architecture : {"rnn", "lstm", "gru", "transformer"}, default="gru"
        Which network.
    n_base_epochs : int, default=30
        Times that the list of questions is read in pre-training, at least 1.
    n_epochs : int, default=100
        Times that the six pairs of a question and its answer are read, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``answer_rate_before`` and ``answer_rate_after``, shares of the six questions that are continued with the right
        answer and the end; ``before`` and ``after``, what follows each question; ``base_losses`` and ``losses`` of each
        epoch; ``prompt_gradient``, the largest gradient of the loss by the scores at places whose next token belongs to
        the prompt: 0, for those are masked.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Both trainings lower the cross-entropy of the next token; in the second only the tokens of the response count.
    Ouyang et al., NeurIPS 2022. The network sees the answers in fine-tuning for the first time, so what is measured is
    whether it learnt to answer, not whether it knows more than it was told.

    Examples
    --------
    >>> result = answer_tuning()
    >>> result["answer_rate_before"], result["answer_rate_after"], result["prompt_gradient"]
    (0.0, 1.0, 0.0)
    """
    check_choice("architecture", architecture, ARCHITECTURES)
    check_count("n_base_epochs", n_base_epochs)
    check_count("n_epochs", n_epochs)
    rng = as_generator(seed)
    network: Any = language_network(architecture, len(_VOCABULARY), 2 * _N_PROMPT, 32, seed)
    questions, examples = _questions(rng), _examples()
    base_losses = _fit(network, questions, n_base_epochs, rng, n_prompt=1)
    before = generate(network, examples[:, :_N_PROMPT], 2)
    losses = _fit(network, examples, n_epochs, rng, n_prompt=_N_PROMPT)
    after = generate(network, examples[:, :_N_PROMPT], 2)
    return {
        "answer_rate_before": _right(before, examples),
        "answer_rate_after": _right(after, examples),
        "before": _written(before),
        "after": _written(after),
        "base_losses": base_losses,
        "losses": losses,
        "prompt_gradient": prompt_gradient(network, examples, _N_PROMPT),
    }


def prompt_gradient(network: Any, tokens: Tokens, n_prompt: int) -> float:  # noqa: ANN401  (of two kinds)
    """Return the largest gradient of the fine-tuning loss by the scores at places whose next token is in the prompt."""
    scores = Tensor(network(tokens[:, :-1]).data, requires_grad=True)
    next_token_loss(lambda _: scores, tokens, _responses(tokens, n_prompt)).backward()
    return float(np.abs(scores.grad[:, : n_prompt - 1]).max()) if scores.grad is not None else 0.0


def _fit(network: Any, tokens: Tokens, n_epochs: int, rng: np.random.Generator, *, n_prompt: int) -> list[float]:  # noqa: ANN401  (of two kinds)
    def loss(rows: Rows) -> Tensor:
        return next_token_loss(network, tokens[rows], _responses(tokens[rows], n_prompt))

    plan = Plan(n_epochs=n_epochs, learning_rate=0.005, longest_gradient=1.0)
    return fit_network(network, loss, len(tokens), plan, rng).losses


def _responses(tokens: Tokens, n_prompt: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.broadcast_to(np.arange(tokens.shape[1]) >= n_prompt, tokens.shape)


def _questions(rng: np.random.Generator) -> Tokens:
    """Return 100 windows of a list of questions, each two questions long, from its beginning."""
    subjects = rng.integers(len(_SUBJECTS), size=(100, 2)) + _VOCABULARY.index(_SUBJECTS[0])
    windows = np.empty((100, 2 * _N_PROMPT), int)
    for start, column in ((0, 0), (_N_PROMPT, 1)):
        windows[:, start : start + _N_PROMPT] = [0, 1, 0, 2]  # capital of … ?
        windows[:, start + 2] = subjects[:, column]
    return windows


def _examples() -> Tokens:
    first, n = _VOCABULARY.index(_SUBJECTS[0]), len(_SUBJECTS)
    return np.array([[0, 1, first + i, 2, first + n + i, 3] for i in range(n)])


def _right(written: Tokens, examples: Tokens) -> float:
    return float((written == examples).all(axis=1).mean())


def _written(tokens: Tokens) -> list[str]:
    return [" ".join(_VOCABULARY[t] for t in row[_N_PROMPT:]) for row in tokens]
