"""Forecasts by a recurrent network."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.forecast import recurrent_forecast


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_wave_goes_on(cell):
    """Fed its own values, in the units of the series."""
    places = np.arange(48)
    wave = 100 + 10 * np.sin(places * np.pi / 4)
    result = recurrent_forecast(wave[:40], 8, cell)
    assert np.abs(np.array(result["forecast"]) - wave[40:]).max() < 3
    assert result["losses"][-1] < result["losses"][0] / 10
    assert result["error"] < 1.5


def test_an_ar1_series_decays():
    """The network learns φ = 0.8 from a noiseless series: forecasts near 0.8^h x."""
    series = np.tile(10 * 0.8 ** np.arange(10), 4)[:-5]  # ends at 10 · 0.8⁴, with 0.8⁵ and on to come
    forecast = recurrent_forecast(series, 4, "gru", window=4, n_epochs=150)["forecast"]
    assert np.allclose(forecast, series[-1] * 0.8 ** np.arange(1, 5), atol=0.4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 3],), "series must hold more than 8 values that are not all equal; got 3 values."),
        (([5] * 20,), "series must hold more than 8 values that are not all equal; got 20 values."),
        (([1, 2], 0), "horizon must be a whole number of at least 1; got 0."),
        (([1, 2], 1, "arma"), "cell must be one of rnn, lstm, gru; got 'arma'."),
        (([1, float("nan")],), "series must be finite; got nan."),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        recurrent_forecast(*arguments)
    assert str(caught.value) == message
