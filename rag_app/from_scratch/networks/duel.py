"""The game of adversarial networks: a generator that makes rows, a discriminator that tells them from real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_probabilities, check_same_length
from rag_app.from_scratch.metrics.distribution import js_divergence
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import Layer
from rag_app.from_scratch.networks.losses import binary_cross_entropy_loss
from rag_app.from_scratch.networks.optimisers import Adam
from rag_app.registry import register

_KEPT = 0.99  # share of the past in the running mean of the generator's weights
_FASTER = 5.0  # how much longer the steps of the discriminator are


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return ``-E[ln D(x)] - E[ln(1 - D(G(z)))]``, the negative value of the game.

    Examples
    --------
    A discriminator that cannot tell: 2 ln 2.

    >>> round(discriminator_loss(Tensor([0.0]), Tensor([0.0])).item(), 6)
    1.386294
    """
    real = binary_cross_entropy_loss(real_logits, np.ones(real_logits.shape))
    return real + binary_cross_entropy_loss(fake_logits, np.zeros(fake_logits.shape))


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Return ``-E[ln D(G(z))]``, whose gradient does not vanish where the discriminator is sure.

    Examples
    --------
    >>> round(generator_loss(Tensor([0.0])).item(), 6)
    0.693147
    """
    return binary_cross_entropy_loss(fake_logits, np.ones(fake_logits.shape))


class Duel:
    """Two players whose weights move in turn, each along the gradient of its own loss.

    Parameters
    ----------
    generator : Layer
        What makes rows, and whatever else learns by its loss.
    discriminator : Layer
        What judges rows.
    learning_rate : float
        Size of a step of the generator; the discriminator's is five times as large.

    Attributes
    ----------
    discriminator_losses, generator_losses : list of float
        The losses of each step.
    weights : list of ndarray
        Running means of the generator's weights, as they are after each step.

    Notes
    -----
    Alternate steps circle round the equilibrium; the running mean of the generator's weights lies nearer to it (Yazıcı
    et al., "The unusual effectiveness of averaging in GAN training", ICLR 2019). A discriminator with longer steps
    stays near its best answer (Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", NeurIPS 2017). Adam has β₁ = 0.5, as in Radford, Metz & Chintala, "Unsupervised representation
    learning with deep convolutional generative adversarial networks", ICLR 2016.
    """  # noqa: RUF002  (a name is spelt as its bearer spells it)

    def __init__(self, generator: Layer, discriminator: Layer, learning_rate: float) -> None:
        self.discriminator_losses: list[float] = []
        self.generator_losses: list[float] = []
        self._generator, self._discriminator = generator, discriminator
        players = ((discriminator, _FASTER * learning_rate), (generator, learning_rate))
        self._optimisers = [Adam(player.weights(), rate, beta1=0.5) for player, rate in players]
        self.weights = generator.state()

    def step(self, judge: Callable[[], Tensor], forge: Callable[[], Tensor]) -> None:
        """Move the discriminator along its loss `judge`, then the generator along its loss `forge`."""
        losses = []
        for optimiser, loss in zip(self._optimisers, (judge, forge), strict=True):
            value = loss()
            value.backward()
            optimiser.step()
            for tensor in (*self._generator.weights(), *self._discriminator.weights()):
                tensor.grad = None  # what reached the other player
            losses.append(value.item())
        self.discriminator_losses.append(losses[0])
        self.generator_losses.append(losses[1])
        self.weights = [
            _KEPT * mean + (1 - _KEPT) * now for mean, now in zip(self.weights, self._generator.state(), strict=True)
        ]

    def finish(self, learning_rate: float) -> list[Array]:
        """Return the running means of the generator's weights.

        Raises
        ------
        InvalidInputError
            If the losses left the range of numbers.
        """
        if not np.isfinite(self.discriminator_losses + self.generator_losses).all():
            msg = f"learning_rate must be small enough for finite losses; got {learning_rate!r}."
            raise InvalidInputError(msg, hint="Divide it by 10.")
        return self.weights


def thinned(losses: Sequence[float], n: int = 50) -> list[float]:
    """Return a curve of about n points: the means of equally long stretches.

    Examples
    --------
    >>> thinned([1.0, 3.0, 5.0, 7.0], 2)
    [2.0, 6.0]
    """
    return [float(part.mean()) for part in np.array_split(np.asarray(losses), min(n, len(losses)))]


@register("tool", "M056")
def optimal_discriminator(real: Vector, generated: Vector) -> dict[str, float | list[float]]:
    """Return what the best discriminator says at each outcome, and the value of the game that it plays.

    Parameters
    ----------
    real : array-like of shape (n,)
        Probabilities of n outcomes in the data, which sum to 1.
    generated : array-like of shape (n,)
        Their probabilities in what the generator makes.

    Returns
    -------
    dict
        ``discriminator``, the probability that an outcome is real, 0.5 where neither makes it; ``value`` of the game,
        from -ln 4 = -1.386294, where both are equal, to 0; ``loss`` of the discriminator, its negative;
        ``js_divergence``.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or one is no distribution.

    Notes
    -----
    ``D*(x) = p_d(x) / (p_d(x) + p_g(x))`` and ``V = -ln 4 + 2 JSD(p_d, p_g)``. Goodfellow et al., "Generative
    adversarial nets", NeurIPS 2014.

    Examples
    --------
    0.5 / 1.3 and 0.5 / 0.7.

    >>> result = optimal_discriminator([0.5, 0.5], [0.8, 0.2])
    >>> [round(d, 4) for d in result["discriminator"]], round(result["value"], 4), round(result["js_divergence"], 4)
    ([0.3846, 0.7143], -1.285, 0.0507)
    """
    p, q = as_probabilities("real", real), as_probabilities("generated", generated)
    check_same_length(real=p, generated=q)
    total = p + q
    best = np.divide(p, total, out=np.full_like(p, 0.5), where=total > 0)
    divergence = js_divergence(p, q)
    value = 2 * divergence - float(np.log(4))
    return {"discriminator": best.tolist(), "value": value, "loss": -value, "js_divergence": divergence}
