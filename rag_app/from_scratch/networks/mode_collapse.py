"""Mode collapse: a generator whose samples are good and all alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array
from rag_app.from_scratch.networks.gan import GenerativeAdversarialNetwork
from rag_app.registry import register

_WIDTH = 0.05  # standard deviation of a mode of the ring, whose radius is 2
_N_ROWS = 100  # of each mode
_MOST_RECORDS = 50  # of a training


@register("metric", "M061")
def mode_coverage(samples: Matrix, modes: Matrix, radius: float) -> dict[str, Any]:
    """Return how many known modes generated samples cover, and how evenly.

    Parameters
    ----------
    samples : array-like of shape (n, d)
        What was generated, one row each.
    modes : array-like of shape (k, d)
        The centres of the modes of the data.
    radius : float
        A sample is of high quality if its nearest mode is at most this far, at least 0.

    Returns
    -------
    dict
        ``n_covered``, modes with a sample of high quality, of k; ``high_quality_share`` of the samples; ``entropy`` of
        the shares of the modes among these, in nats, from 0 for a single mode to ln k; ``shares``, k of them. With no
        sample of high quality all are 0.

    Raises
    ------
    InvalidInputError
        If the rows differ in length, or the radius is negative.

    Notes
    -----
    ``H = -Σ pᵢ ln pᵢ``. Metz, Poole, Pfau & Sohl-Dickstein, "Unrolled generative adversarial networks", ICLR 2017;
    Srivastava et al., "VEEGAN", NeurIPS 2017.

    Examples
    --------
    Two samples at the first mode, two at the second, one far away: ln 2.

    >>> result = mode_coverage([[0], [0.1], [5], [5], [9]], [[0], [5], [20]], 0.2)
    >>> result["n_covered"], result["high_quality_share"], round(result["entropy"], 4), result["shares"]
    (2, 0.8, 0.6931, [0.5, 0.5, 0.0])
    """
    centres = as_matrix("modes", modes)
    rows = as_matrix("samples", samples, n_columns=centres.shape[1])
    check_range("radius", radius, 0)
    distances = np.linalg.norm(rows[:, None] - centres[None], axis=2)  # (n, k)
    good = distances.min(axis=1) <= radius
    counts = np.bincount(distances.argmin(axis=1)[good], minlength=len(centres))
    shares = counts / max(counts.sum(), 1)
    present = shares[shares > 0]
    return {
        "n_covered": len(present),
        "high_quality_share": float(good.mean()),
        "entropy": float((present * np.log(1 / present)).sum()),
        "shares": shares.tolist(),
    }


@register("tool", "M061")
def ring_collapse(n_modes: int = 8, n_steps: int = 800, seed: int = 0) -> dict[str, Any]:
    """Return how many modes of a ring of bell curves a small adversarial network covers while it learns, and at last.

    Parameters
    ----------
    n_modes : int, default=8
        Bell curves, evenly on a circle of radius 2, at least 2; 100 rows of each are learnt from.
    n_steps : int, default=800
        Steps of training, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``real``, `mode_coverage` of rows of the ring; ``generated``, of what the network makes; ``collapsed``, of a
        generator that repeats one mode; ``samples``, generated ones; ``discriminator_losses``; and ``history``, a
        record of one training after each epoch, or more rarely where there are more than 50: lists of ``steps``,
        ``n_covered``, ``high_quality_shares`` and ``entropies``.

    Raises
    ------
    InvalidInputError
        If there are fewer than two modes, or no steps.

    Notes
    -----
    An epoch is as many steps of 64 rows as show every row once. The columns are standardised, so it is not for want of
    normalisation that modes are left out: the generator is paid for deceiving, not for covering. Metz, Poole, Pfau &
    Sohl-Dickstein, "Unrolled generative adversarial networks", ICLR 2017.

    Examples
    --------
    Real rows: all of 8 modes and ln 8; one mode: 1 and 0. An epoch has 800 / 64 = 12.5 steps.

    >>> result = ring_collapse(n_steps=50)
    >>> [(result[k]["n_covered"], round(result[k]["entropy"], 4)) for k in ("real", "collapsed")]
    [(8, 2.0794), (1, 0.0)]
    >>> result["history"]["steps"]
    [12, 24, 36, 48, 50]
    """
    check_count("n_modes", n_modes, 2)
    check_count("n_steps", n_steps)
    rng = as_generator(seed)
    modes = _ring(n_modes)
    noise = _WIDTH * rng.normal(size=(_N_ROWS * n_modes, 2))
    real = np.repeat(modes, _N_ROWS, axis=0) + noise
    network = GenerativeAdversarialNetwork(n_steps=n_steps, seed=seed)
    every = max(len(real) // network.batch_size, -(-n_steps // _MOST_RECORDS))
    steps, records = [], []
    for step, fitted in enumerate(network.fit_steps(real), 1):
        if step % every == 0 or step == n_steps:
            made = fitted.sample(500, seed=seed)
            steps.append(step)
            records.append(_coverage(made, modes))
    return {
        "real": _coverage(real, modes),
        "generated": records[-1],
        "collapsed": _coverage(modes[0] + noise, modes),
        "samples": made[:50].tolist(),
        "discriminator_losses": network.discriminator_losses_,
        "history": {
            "steps": steps,
            "n_covered": [record["n_covered"] for record in records],
            "high_quality_shares": [record["high_quality_share"] for record in records],
            "entropies": [record["entropy"] for record in records],
        },
    }


def _ring(n: int) -> Array:
    angles = 2 * np.pi * np.arange(n) / n
    return 2 * np.column_stack([np.cos(angles), np.sin(angles)])


def _coverage(rows: Array, modes: Array) -> dict[str, Any]:
    return mode_coverage(rows, modes, 6 * _WIDTH)
