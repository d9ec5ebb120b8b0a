"""CycleGAN: translation between two domains of which no pairs are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range, check_same_length
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.duel import Duel, discriminator_loss, generator_loss, thinned
from rag_app.from_scratch.networks.functions import absolute
from rag_app.from_scratch.networks.layers import Layer, Linear, Sequential, join
from rag_app.registry import register

_RATE = 0.02  # size of a step of the translators


@register("metric", "M059")
def cycle_loss(x: Matrix, x_back: Matrix, y: Matrix, y_back: Matrix) -> float:
    """Return how far things are from themselves after translation to the other domain and back.

    Parameters
    ----------
    x : array-like of shape (n, d)
        Rows of the first domain.
    x_back : array-like of shape (n, d)
        The same after both translations, F(G(x)).
    y : array-like of shape (m, e)
        Rows of the second domain.
    y_back : array-like of shape (m, e)
        The same after both translations, G(F(y)).

    Returns
    -------
    float
        0 where each translation undoes the other, which does not prove that either is right; lower is better.

    Raises
    ------
    InvalidInputError
        If shapes differ, or a number is not finite.

    Notes
    -----
    ``E ‖F(G(x)) - x‖₁ + E ‖G(F(y)) - y‖₁``. Zhu, Park, Isola & Efros, "Unpaired image-to-image translation using
    cycle-consistent adversarial networks", ICCV 2017.

    Examples
    --------
    G(x) = 2x + 1 and F(y) = y/2: F(G(3)) = 3.5 and G(F(4)) = 5.

    >>> cycle_loss([[3]], [[3.5]], [[4]], [[5]])
    1.5
    """
    return _way("x", x, "x_back", x_back) + _way("y", y, "y_back", y_back)


@register("tool", "M059")
def affine_translation(
    slope: float = 2.0, shift: float = 3.0, cycle_weight: float = 1.0, n_steps: int = 1500, seed: int = 0
) -> dict[str, Any]:
    """Return what a CycleGAN learns of two domains of numbers, of which one is the other stretched and shifted.

    Parameters
    ----------
    slope : float, default=2.0
        The stretch, from 0.01 to 100: a mirrored bell curve cannot be told from a stretched one.
    shift : float, default=3.0
        The shift, from -1000 to 1000.
    cycle_weight : float, default=1.0
        Weight of the cycle loss, at least 0.
    n_steps : int, default=1500
        Steps, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``forth``, slope and shift of the learnt translation to the second domain; ``back``, those of the other, truly
        1/slope and -shift/slope; ``cycle_loss`` of new numbers; ``translation_error``, mean squared error of the
        translation of new numbers; ``discriminator_losses`` and ``generator_losses``, each as at most 50 points.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``L = L_adv(G, D_Y) + L_adv(F, D_X) + λ L_cyc``. The numbers are N(0, 1), drawn anew for each domain, so that there
    are no pairs; each discriminator is a logistic regression on a number and its square, which is all that the best one
    needs for bell curves. Zhu, Park, Isola & Efros, ICCV 2017.

    Examples
    --------
    >>> result = affine_translation(n_steps=1000)
    >>> result["translation_error"] < 0.2, result["cycle_loss"] < 0.2
    (True, True)
    """
    check_range("slope", slope, 0.01, 100)
    check_range("shift", shift, -1000, 1000)
    check_range("cycle_weight", cycle_weight, 0)
    check_count("n_steps", n_steps)
    rng = as_generator(seed)
    domains = [rng.normal(size=(400, 1)), slope * rng.normal(size=(400, 1)) + shift]  # no pairs
    translators, duel = _translators(domains, cycle_weight, n_steps, rng)
    forth, back = translators.steps
    x, y = rng.normal(size=(200, 1)), slope * rng.normal(size=(200, 1)) + shift
    made = forth(Tensor(x))
    return {
        "forth": _line(forth),
        "back": _line(back),
        "cycle_loss": cycle_loss(x, back(made).data, y, forth(back(Tensor(y))).data),
        "translation_error": float(np.mean((made.data - slope * x - shift) ** 2)),
        "discriminator_losses": thinned(duel.discriminator_losses),
        "generator_losses": thinned(duel.generator_losses),
    }


class _Judge(Layer):
    """The logit that a number is of a domain, from the number and its square, in standard deviations of the domain."""

    def __init__(self, domain: Array, rng: np.random.Generator) -> None:
        self.sum = Linear(2, 1, rng)
        self._centre, self._scale = float(domain.mean()), float(domain.std())

    def __call__(self, x: Tensor) -> Tensor:
        scaled = (x - self._centre) * (1 / self._scale)
        return self.sum(join(scaled, scaled * scaled))  # (n, 1) -> (n, 2) -> (n, 1)


def _translators(
    domains: Sequence[Array], weight: float, n_steps: int, rng: np.random.Generator
) -> tuple[Sequential, Duel]:
    """Return the translators to the second domain and back, one after the other, and the game that they learnt in."""
    forth, back = Linear(1, 1, rng), Linear(1, 1, rng)
    for layer in (forth, back):
        layer.W.data = np.ones((1, 1))  # begins as the identity, as translators of pictures nearly do
    of_first, of_second = (_Judge(domain, rng) for domain in domains)
    both = Sequential(forth, back)
    duel = Duel(both, Sequential(of_first, of_second), _RATE)

    def batches() -> tuple[Tensor, Tensor]:
        x, y = (Tensor(rows[rng.integers(len(rows), size=64)]) for rows in domains)
        return x, y

    def judge() -> Tensor:
        (x, y), (u, v) = batches(), batches()
        first = discriminator_loss(of_first(x), of_first(back(v).detach()))
        return first + discriminator_loss(of_second(y), of_second(forth(u).detach()))

    def forge() -> Tensor:
        x, y = batches()
        in_second, in_first = forth(x), back(y)
        cycles = absolute(back(in_second) - x).mean() + absolute(forth(in_first) - y).mean()
        return generator_loss(of_second(in_second)) + generator_loss(of_first(in_first)) + cycles * weight

    for _ in range(n_steps):
        duel.step(judge, forge)
    both.load_state(duel.finish(_RATE))
    return both, duel


def _line(translator: Callable[[Tensor], Tensor]) -> list[float]:
    shift, end = translator(Tensor([[0.0], [1.0]])).data[:, 0].tolist()
    return [end - shift, shift]


def _way(name: str, rows: Matrix, name_back: str, rows_back: Matrix) -> float:
    start = as_matrix(name, rows)
    end = as_matrix(name_back, rows_back, n_columns=start.shape[1])
    check_same_length(**{name: start, name_back: end})
    return float(np.abs(end - start).sum(axis=1).mean())
