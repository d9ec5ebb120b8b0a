"""What a sequence teaches about itself: inputs and targets, and what the decoder reads in training and alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Vector, as_vector, check_range
from rag_app.registry import register

Token = int | str


@register("tool", "M083", "M094")
def split_input_target(sequence: Sequence[Token]) -> dict[str, list[Token]]:
    """Return a sequence as a training pair: all elements but the last, and all but the first.

    Parameters
    ----------
    sequence : list of int or str
        Elements in order, such as the characters of a text.

    Returns
    -------
    dict
        ``input`` and ``target``, aligned: the target of each step is the element that follows. Both are empty for fewer
        than two elements.

    Notes
    -----
    ``x_1 … x_{T-1}`` and ``x_2 … x_T``. Sutskever, Martens & Hinton, "Generating text with recurrent neural networks",
    ICML (2011).

    Examples
    --------
    >>> pair = split_input_target(list("Tensorflow"))
    >>> "".join(pair["input"]), "".join(pair["target"])
    ('Tensorflo', 'ensorflow')
    """
    elements = list(sequence)
    return {"input": elements[:-1], "target": elements[1:]}


@register("tool", "M094")
def self_supervised_pairs(text: str) -> list[dict[str, str]]:
    """Return the training pairs that a text holds: each word but the first, with the words before it.

    Parameters
    ----------
    text : str
        Words between blanks.

    Returns
    -------
    list of dict
        ``context`` and ``target`` of each cut, ``n - 1`` of them for n words; the first word and the targets in order
        give the text back. Empty for fewer than two words.

    Notes
    -----
    Bengio, Ducharme, Vincent & Jauvin, "A neural probabilistic language model", Journal of Machine Learning Research 3
    (2003).

    Examples
    --------
    >>> self_supervised_pairs("The sky is")
    [{'context': 'The', 'target': 'sky'}, {'context': 'The sky', 'target': 'is'}]
    """
    words = text.split()
    return [{"context": " ".join(words[:i]), "target": words[i]} for i in range(1, len(words))]


@register("tool", "M082")
def teacher_forcing_inputs(target: Sequence[Token], start: Token = "<bos>") -> list[Token]:
    """Return what a decoder reads in training: a start symbol, then the right elements but the last.

    Parameters
    ----------
    target : list of int or str
        What the decoder should write, with its end symbol.
    start : int or str, default="<bos>"
        The start symbol.

    Returns
    -------
    list of int or str
        As many elements as the target: each is the one before its target, whatever was predicted. Empty for none.

    Notes
    -----
    Williams & Zipser, "A learning algorithm for continually running fully recurrent neural networks", Neural
    Computation 1 (1989).

    Examples
    --------
    >>> teacher_forcing_inputs(["a", "cat", "sleeps", "<eos>"])
    ['<bos>', 'a', 'cat', 'sleeps']
    """
    return [start, *target][: len(target)]


def rollout(predict: Callable[[float], float], start: float, n_steps: int) -> list[float]:
    """Return n predictions, each made from the one before: free running.

    Examples
    --------
    >>> rollout(lambda x: x / 2, 8, 3)
    [4.0, 2.0, 1.0]
    """
    values = [float(start)]
    for _ in range(n_steps):
        values.append(float(predict(values[-1])))
    return values[1:]


@register("tool", "M082")
def exposure_bias(series: Vector, factor: float = 0.9) -> dict[str, Any]:
    """Return the errors of the predictor "factor times the last value", fed the truth or its own predictions.

    Parameters
    ----------
    series : array-like of shape (n,)
        True values, at least two; the first is where both begin.
    factor : float, default=0.9
        What each input is multiplied by to predict the next value.

    Returns
    -------
    dict
        ``teacher_forced`` and ``free_running``: absolute errors at steps 2, 3, …; ``teacher_forced_mean`` and
        ``free_running_mean``. Alone, a biased predictor carries its errors on.

    Raises
    ------
    InvalidInputError
        If there are fewer than two finite numbers, or the factor is not finite.

    Notes
    -----
    Bengio, Vinyals, Jaitly & Shazeer, "Scheduled sampling for sequence prediction with recurrent neural networks",
    NeurIPS 2015.

    Examples
    --------
    The series stays at 10. Fed the truth, it says 9 each time; alone 9, 8.1, 7.29.

    >>> errors = exposure_bias([10, 10, 10, 10])
    >>> [round(e, 2) for e in errors["teacher_forced"]], [round(e, 2) for e in errors["free_running"]]
    ([1.0, 1.0, 1.0], [1.0, 1.9, 2.71])
    """
    truth = as_vector("series", series, min_length=2)
    check_range("factor", factor, -np.finfo(float).max, np.finfo(float).max)
    forced = np.abs(factor * truth[:-1] - truth[1:])
    free = np.abs(np.array(rollout(lambda x: factor * x, truth[0], len(truth) - 1)) - truth[1:])
    return {
        "teacher_forced": forced.tolist(),
        "free_running": free.tolist(),
        "teacher_forced_mean": float(forced.mean()),
        "free_running_mean": float(free.mean()),
    }
