"""Autoencoders keep what matters in a few numbers, and noise is not among it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.pca import PCA
from rag_app.from_scratch.networks.autoencoder import Autoencoder, compression_ratio, denoising

_rng = np.random.default_rng(0)
PLANE = _rng.normal(size=(100, 2)) @ _rng.normal(size=(2, 5)) + 0.1 * _rng.normal(size=(100, 5))
ANGLE = _rng.uniform(0, np.pi, 200)
ARC = np.column_stack([np.cos(ANGLE), np.sin(ANGLE)])


def test_a_linear_autoencoder_reaches_the_error_of_principal_components():
    """The same plane, so the same squared error on standardised columns, and never a smaller one."""
    rows = (PLANE - PLANE.mean(axis=0)) / PLANE.std(axis=0)
    pca = PCA(n_components=2).fit(rows)
    least = ((rows - pca.inverse_transform(pca.transform(rows))) ** 2).mean()
    network = Autoencoder(hidden=[], n_epochs=6000, batch_size=100).fit(rows)
    error = ((rows - network.predict(rows)) ** 2).mean()
    assert least - 1e-12 <= error < least * 1.01


def test_a_curve_needs_one_number_and_curved_functions():
    """A half circle is rebuilt from a code of one number much better than by a line."""
    curved = Autoencoder(code_size=1, n_epochs=150).fit(ARC)
    straight = Autoencoder(code_size=1, hidden=[], n_epochs=150).fit(ARC)
    errors = [((ARC - network.predict(ARC)) ** 2).mean() for network in (curved, straight)]
    assert errors[0] < errors[1] / 5
    assert curved.losses_[-1] < curved.losses_[0] / 5


def test_noise_is_taken_away():
    """Rows that were not trained on are closer to the clean ones after denoising than before."""
    network = Autoencoder(hidden=[32], noise=0.3, n_epochs=150, learning_rate=0.005).fit(PLANE[:70])
    clean = PLANE[70:]
    noisy = clean + 0.3 * PLANE.std(axis=0) * np.random.default_rng(1).normal(size=clean.shape)
    assert ((network.predict(noisy) - clean) ** 2).mean() < 0.7 * ((noisy - clean) ** 2).mean()


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "identity"])
def test_codes_and_rows_are_those_of_torch(activation):
    """The same weights give the same codes, and `predict` is decoding after encoding."""
    network = Autoencoder(code_size=2, hidden=[4], activation=activation, n_epochs=2).fit(PLANE)
    curve = torch.nn.functional.gelu if activation == "gelu" else getattr(torch, activation, lambda h: h)
    if activation == "gelu":
        curve = torch.nn.GELU(approximate="tanh")
    W = [torch.tensor(w) for w in network.weights_]
    x = torch.tensor((PLANE - PLANE.mean(axis=0)) / PLANE.std(axis=0))
    codes = curve(x @ W[0] + W[1]) @ W[2] + W[3]
    rows = curve(codes @ W[4] + W[5]) @ W[6] + W[7]
    assert np.allclose(network.transform(PLANE), codes.numpy())
    assert np.allclose(network.predict(PLANE), rows.numpy() * PLANE.std(axis=0) + PLANE.mean(axis=0))
    assert np.allclose(network.decode(network.transform(PLANE)), network.predict(PLANE))


def test_one_row_and_constant_columns():
    """What never varies is rebuilt as it was."""
    assert np.allclose(Autoencoder(n_epochs=1).fit([[3.0, 7.0]]).predict([[3.0, 7.0]]), [[3, 7]], atol=3)
    rows = np.column_stack([ARC, np.full(200, 5.0)])
    assert np.allclose(Autoencoder(n_epochs=60).fit(rows).predict(rows)[:, 2], 5, atol=0.2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"code_size": 0}, "code_size must be a whole number of at least 1; got 0."),
        ({"hidden": [4, 0]}, "hidden[1] must be a whole number of at least 1; got 0."),
        ({"activation": "step"}, "activation must be one of identity, relu, sigmoid, tanh, gelu; got 'step'."),
        ({"noise": -0.1}, "noise must be at least 0; got -0.1."),
    ],
)
def test_what_makes_no_network_is_refused(parameters, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        Autoencoder(**parameters).fit(ARC)
    assert error.value.args[0] == message


def test_compression_is_counted_in_bits():
    """784 numbers of 8 bits in 32 of 32; a larger code saves less than nothing."""
    assert compression_ratio(784, 32, value_bits=8) == {"ratio": 6.125, "saved_share": pytest.approx(0.8367, abs=1e-4)}
    assert compression_ratio(784, 32) == {"ratio": 24.5, "saved_share": pytest.approx(1 - 32 / 784)}
    assert compression_ratio(4, 4, value_bits=8)["saved_share"] == -3
    with pytest.raises(InvalidInputError, match=r"^code_bits must be a whole number of at least 1; got 0.$"):
        compression_ratio(4, 2, code_bits=0)


def test_waves_are_cleaned_better_by_who_learnt_from_noise():
    """Noise goes down from its variance, further than an autoencoder gets that learnt without."""
    result = denoising(n_signals=150, length=16)
    assert result["noisy_error"] == pytest.approx(0.25, rel=0.15)
    assert result["denoised_error"] < result["noisy_error"] / 2
    assert result["denoised_error"] < result["plain_error"]
    assert {name: len(wave) for name, wave in result["example"].items()} == {"clean": 16, "noisy": 16, "denoised": 16}
    assert result["compression"]["ratio"] == 4
    with pytest.raises(InvalidInputError, match=r"^noise must be above 0; got 0.$"):
        denoising(0)
