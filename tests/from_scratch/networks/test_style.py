"""Style is what channels have in common, wherever it occurs."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.style import adaptive_instance_norm, gram_matrix, style_loss

F = np.random.default_rng(0).normal(size=(3, 20))


def test_channels_get_mean_and_deviation_of_the_style():
    """Exactly, and their pattern stays: the correlation with the content is 1."""
    styled = np.array(adaptive_instance_norm(F, [1.0, -2.0, 0.0], [3.0, 0.5, 1.0]))
    assert np.allclose(styled.mean(axis=1), [1, -2, 0])
    assert np.allclose(styled.std(axis=1), [3, 0.5, 1])
    assert np.corrcoef(styled[1], F[1])[0, 1] == pytest.approx(1)


def test_a_constant_channel_has_no_pattern():
    """It becomes the mean; and a deviation of 0 makes any channel constant."""
    assert adaptive_instance_norm([[4, 4]], [1], [3]) == [[1, 1]]
    assert adaptive_instance_norm([[4, 5]], [1], [0]) == [[1, 1]]


def test_the_gram_matrix_is_a_mean_of_products():
    """Over places, one by one; the order of places does not matter."""
    slow = [[np.mean([F[i, p] * F[j, p] for p in range(20)]) for j in range(3)] for i in range(3)]
    assert np.allclose(gram_matrix(F), slow)
    assert np.allclose(gram_matrix(F[:, ::-1]), gram_matrix(F))


def test_the_style_loss_forgets_places():
    """0 for a picture and itself, shuffled or twice as large; positive and symmetric for another."""
    shuffled = np.random.default_rng(1).permutation(F, axis=1)
    assert style_loss(F, F) == 0
    assert style_loss(F, shuffled) == pytest.approx(0)
    assert style_loss(F, np.hstack([F, F])) == pytest.approx(0)
    assert style_loss(F, 2 * F) == style_loss(2 * F, F) > 0


def test_what_does_not_fit_is_refused():
    """Other numbers of channels, and a negative deviation."""
    with pytest.raises(InvalidInputError, match=r"^features and style must be of equal length; got 3 and 2.$"):
        style_loss(F, F[:2])
    with pytest.raises(InvalidInputError, match=r"^std must be at least 0; got -1.0.$"):
        adaptive_instance_norm([[1, 2]], [0], [-1])
    with pytest.raises(InvalidInputError, match=r"^features, mean and std must be of equal length; got 1, 2 and 1.$"):
        adaptive_instance_norm([[1, 2]], [0, 0], [1])
