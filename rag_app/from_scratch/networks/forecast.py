"""A recurrent network foresees a series of numbers, one value after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_choice, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import Layer, Linear
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.recurrent import CELLS, run_cell
from rag_app.from_scratch.networks.training import Plan, Rows, fit_network
from rag_app.registry import register

_HIDDEN = 16


class _Forecaster(Layer):
    def __init__(self, cell: str, hidden: int, rng: np.random.Generator) -> None:
        self.cell = CELLS[cell](1, hidden, rng)
        self.output = Linear(hidden, 1, rng)

    def __call__(self, series: Array) -> Tensor:
        """Return the value that follows each place of series of shape (b, n)."""
        outputs, _ = run_cell(self.cell, Tensor(series[..., None]))
        return self.output(outputs).reshape(*series.shape)


@register("tool", "M077")
def recurrent_forecast(
    series: Vector, horizon: int = 5, cell: str = "rnn", window: int = 8, n_epochs: int = 100, seed: int = 0
) -> dict[str, Any]:
    """Return a forecast of a series by a recurrent network that is fed its own predictions.

    Parameters
    ----------
    series : array-like of shape (n,)
        Values in order, more than the window, not all equal.
    horizon : int, default=5
        Values to foresee, at least 1.
    cell : {"rnn", "lstm", "gru"}, default="rnn"
        Which cell.
    window : int, default=8
        Values that are read at a time, at least 1.
    n_epochs : int, default=100
        Times that the series is read, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``forecast``; ``losses`` of each epoch, in squared standard deviations of the series; and ``error``, the root of
        the mean squared error of one step on the series. The uncertainty grows with the horizon.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``h_t = cell(x_t, h_{t-1})`` and ``x̂_{t+1} = v · h_t + c``, trained with squared loss. Elman, "Finding structure in
    time", Cognitive Science 14 (1990).

    Examples
    --------
    >>> wave = [1, 0, -1, 0] * 8
    >>> [round(x) + 0 for x in recurrent_forecast(wave, 4, n_epochs=60)["forecast"]]
    [1, 0, -1, 0]
    """
    values = as_vector("series", series, min_length=2)
    check_choice("cell", cell, CELLS)
    for name, value in (("horizon", horizon), ("window", window), ("n_epochs", n_epochs)):
        check_count(name, value)
    spread = float(values.std())
    if len(values) <= window or spread == 0:
        msg = f"series must hold more than {window} values that are not all equal; got {len(values)} values."
        raise InvalidInputError(msg)
    scaled = (values - values.mean()) / spread
    network = _Forecaster(cell, _HIDDEN, as_generator(seed))
    windows = np.lib.stride_tricks.sliding_window_view(scaled, window + 1)

    def loss(rows: Rows) -> Tensor:
        return squared_loss(network(windows[rows, :-1]), windows[rows, 1:])

    plan = Plan(n_epochs=n_epochs, longest_gradient=1.0)
    history = fit_network(network, loss, len(windows), plan, as_generator(seed))
    error = np.sqrt(((network(windows[:, :-1]).data[:, -1] - windows[:, -1]) ** 2).mean())
    known = scaled
    for _ in range(horizon):
        known = np.append(known, network(known[None, -window:]).data[0, -1])
    forecast = known[len(scaled) :] * spread + values.mean()
    return {"forecast": forecast.tolist(), "losses": history.losses, "error": float(error * spread)}
