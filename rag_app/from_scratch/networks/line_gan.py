"""A generator of one line: taught by the right answers, and taught by a discriminator only."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_choice, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.duel import discriminator_loss, generator_loss, thinned
from rag_app.from_scratch.networks.functions import concatenate
from rag_app.from_scratch.networks.layers import Linear
from rag_app.from_scratch.networks.losses import penalty, squared_loss
from rag_app.from_scratch.networks.optimisers import SGD
from rag_app.registry import register

_SLOPE, _INTERCEPT = 2.0, 3.0
_RATE = 0.1  # size of a step of every player
_DECAY = 0.025  # strength of the penalty on the discriminator: half of the share that a step takes of a weight


@register("tool", "M057")
def line_generator(teacher: str = "discriminator", n_steps: int = 3000, seed: int = 0) -> dict[str, Any]:
    """Return the line that a generator ``y = ax + b`` learns where the truth is ``y = 2x + 3``.

    Parameters
    ----------
    teacher : {"discriminator", "answers"}, default="discriminator"
        Discriminator: only told how real its points look, as in a GAN. Answers: told the right y for each x, the
        squared error, which is supervised learning.
    n_steps : int, default=3000
        Steps, at least 1.
    seed : int, default=0
        Draws the points.

    Returns
    -------
    dict
        ``slope`` and ``intercept``, means over the last quarter of the steps for the discriminator, since the players
        circle, and the last values for answers; ``losses`` of the generator and ``path``, (slope, intercept), both as
        at most 50 points.

    Raises
    ------
    InvalidInputError
        If the teacher is unknown, or the number of steps is below 1.

    Notes
    -----
    The discriminator is ``σ(w₀ + w₁ y + w₂ xy)``, which sees a difference of the means of y and of xy. It compares
    points of independent batches: no generated y has a right answer beside it. Goodfellow et al., "Generative
    adversarial nets", NeurIPS 2014.

    Examples
    --------
    >>> result = line_generator("answers", 300)
    >>> round(result["slope"], 6), round(result["intercept"], 6)
    (2.0, 3.0)
    """
    check_choice("teacher", teacher, ("discriminator", "answers"))
    check_count("n_steps", n_steps)
    rng = as_generator(seed)
    line = Linear(1, 1, rng)
    line.W.data = np.zeros((1, 1))
    losses, path = (_by_answers if teacher == "answers" else _by_discriminator)(line, n_steps, rng)
    last = path[-1:] if teacher == "answers" else path[-max(n_steps // 4, 1) :]
    slope, intercept = np.mean(last, axis=0).tolist()
    curve = [thinned([float(place[i]) for place in path]) for i in range(2)]
    return {
        "slope": slope,
        "intercept": intercept,
        "losses": thinned(losses),
        "path": [list(place) for place in zip(*curve, strict=True)],
    }


def _by_answers(line: Linear, n_steps: int, rng: np.random.Generator) -> tuple[list[float], Array]:
    optimiser, losses, path = SGD(line.weights(), _RATE), [], []
    for _ in range(n_steps):
        x = rng.normal(size=(256, 1))
        loss = squared_loss(line(Tensor(x)), _SLOPE * x + _INTERCEPT)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        path.append(_place(line))
    return losses, np.array(path)


def _by_discriminator(line: Linear, n_steps: int, rng: np.random.Generator) -> tuple[list[float], Array]:
    judge = Linear(2, 1, rng)
    judge.W.data = np.zeros((2, 1))
    for_judge, for_line, losses, path = SGD(judge.weights(), _RATE), SGD(line.weights(), _RATE), [], []
    for _ in range(n_steps):
        x_real, x_fake, x = rng.normal(size=(3, 1024, 1))
        real = judge(_features(x_real, Tensor(_SLOPE * x_real + _INTERCEPT)))
        fake = judge(_features(x_fake, line(Tensor(x_fake)).detach()))
        (discriminator_loss(real, fake) + penalty(judge.weights(), l2=_DECAY)).backward()
        for_judge.step()
        loss = generator_loss(judge(_features(x, line(Tensor(x)))))
        loss.backward()
        for_line.step()
        for weight in judge.weights():
            weight.grad = None  # the generator's step leaves the discriminator as it is
        losses.append(loss.item())
        path.append(_place(line))
    return losses, np.array(path)


def _features(x: Array, y: Tensor) -> Tensor:
    return concatenate([y, y * x], axis=-1)  # (n, 1) -> (n, 2)


def _place(line: Linear) -> tuple[float, float]:
    return line.W.data.item(), next(b.data.item() for b in line.weights() if b.shape == (1,))
