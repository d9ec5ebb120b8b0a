"""Pictures that never existed: small drawn ones to learn from, made anew from random numbers by each family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_choice, check_count
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.autograd import Array
from rag_app.from_scratch.networks.ddpm import DDPM
from rag_app.from_scratch.networks.gan import GenerativeAdversarialNetwork
from rag_app.from_scratch.networks.standardised import Sampler
from rag_app.from_scratch.networks.vae import VariationalAutoencoder
from rag_app.from_scratch.networks.vae_gan import VAEGAN
from rag_app.registry import register

_SIDE = 8
_N_LEARNT = 300
_FAMILIES: dict[str, Callable[[int], Sampler]] = {
    "vae": lambda seed: VariationalAutoencoder(code_size=4, hidden=(32,), n_epochs=60, seed=seed),
    "gan": lambda seed: GenerativeAdversarialNetwork(noise_size=4, hidden=(64,), n_steps=800, seed=seed),
    "vae_gan": lambda seed: VAEGAN(code_size=4, hidden=(32,), n_steps=800, seed=seed),
    "ddpm": lambda seed: DDPM(hidden=(128,), n_epochs=150, seed=seed),
}


@register("tool", "M068")
def toy_images(n: int = 4, kind: str = "spot", seed: int = 0) -> list[list[list[float]]]:
    """Return small grey pictures, each drawn at a random place.

    Parameters
    ----------
    n : int, default=4
        Pictures, at most 10000.
    kind : {"spot", "bar", "ring"}, default="spot"
        Spot: a soft bright one. Bar: a soft upright one. Ring: a soft circle of radius 2.
    seed : int, default=0
        Draws the places.

    Returns
    -------
    list of list of list of float
        For each picture 8 rows of 8 numbers in [0, 1].

    Raises
    ------
    InvalidInputError
        If the kind is unknown, or there are no pictures.

    Examples
    --------
    >>> picture = toy_images(1)[0]
    >>> len(picture), len(picture[0]), max(max(row) for row in picture) <= 1
    (8, 8, True)
    """
    check_count("n", n, 1, 10_000)
    check_choice("kind", kind, ("spot", "bar", "ring"))
    pictures: list[list[list[float]]] = _pictures(n, kind, as_generator(seed)).tolist()
    return pictures


@register("tool", "M068")
def generate_images(family: str = "vae", n: int = 4, kind: str = "spot", seed: int = 0) -> dict[str, Any]:
    """Return pictures that never existed, made from random numbers, and how real, varied and new they are.

    Parameters
    ----------
    family : {"vae", "gan", "vae_gan", "ddpm"}, default="vae"
        What learns: a variational autoencoder, an adversarial network, both in one, or a diffusion model.
    n : int, default=4
        Pictures to return, at most 300.
    kind : {"spot", "bar", "ring"}, default="spot"
        What the pictures that it learns from show; see `toy_images`.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``images``, n of 8 rows of 8 numbers, in [0, 1] but for slips of the network; ``frechet_distance`` of 300 made
        pictures to 300 that were not learnt from, and for comparison ``frechet_distance_of_noise`` of noise and
        ``frechet_distance_of_real`` of those learnt from; ``nearest_learnt``, the mean distance of a made picture to
        the nearest that was learnt from, 0 for copies, and ``nearest_unseen`` to that of the others; ``losses``.

    Raises
    ------
    InvalidInputError
        If the family or the kind is unknown, or there are no pictures.

    Notes
    -----
    300 pictures are learnt from, as rows of 64 numbers. `VariationalAutoencoder`, `GenerativeAdversarialNetwork`,
    `VAEGAN` and `DDPM` name their papers. Heusel et al., "GANs trained by a two time-scale update rule converge to a
    local Nash equilibrium", NeurIPS (2017), for the distance.

    Examples
    --------
    >>> result = generate_images("gan", 2)
    >>> len(result["images"]), result["frechet_distance"] < result["frechet_distance_of_noise"] / 2
    (2, True)
    """
    check_choice("family", family, _FAMILIES)
    check_choice("kind", kind, ("spot", "bar", "ring"))
    check_count("n", n, 1, _N_LEARNT)
    rng = as_generator(seed)
    learnt, unseen = (_pictures(_N_LEARNT, kind, rng).reshape(_N_LEARNT, -1) for _ in range(2))  # (300, 64)
    network = _FAMILIES[family](seed).fit(learnt)  # type: ignore[attr-defined]  # every estimator has it
    made = network.sample(_N_LEARNT, seed=seed)
    noise = rng.uniform(size=made.shape)
    losses = network.learnt.get("losses_") or network.learnt["generator_losses_"]
    return {
        "images": made[:n].reshape(n, _SIDE, _SIDE).tolist(),
        "frechet_distance": frechet_distance(unseen, made),
        "frechet_distance_of_noise": frechet_distance(unseen, noise),
        "frechet_distance_of_real": frechet_distance(unseen, learnt),
        "nearest_learnt": _nearest(made, learnt),
        "nearest_unseen": _nearest(made, unseen),
        "losses": losses,
    }


def _pictures(n: int, kind: str, rng: np.random.Generator) -> Array:
    """Return pictures, shape (n, 8, 8)."""
    y, x = rng.uniform(2.5, 4.5, size=(2, n, 1, 1))
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    if kind == "bar":
        distance = np.abs(columns - x) + 0 * rows
    else:
        distance = np.hypot(rows - y, columns - x) - (2 if kind == "ring" else 0)
    pictures: Array = np.exp(-(distance**2) / (6 if kind == "spot" else 1))
    return pictures


def _nearest(rows: Array, others: Array) -> float:
    """Return the mean distance of rows to the nearest of others."""
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T
    return float(np.sqrt(squares.min(axis=1).clip(min=0)).mean())
