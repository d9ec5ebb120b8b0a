"""Translation without pairs, and what the way back proves and does not."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.cycle_gan import affine_translation, cycle_loss


def test_inverse_translations_have_no_loss():
    """Right or wrong: (2x + 1, (y - 1)/2) and (-x, -y) alike."""
    x, y = np.array([[1.0], [4.0]]), np.array([[3.0], [9.0]])
    assert cycle_loss(x, (2 * x + 1 - 1) / 2, y, 2 * ((y - 1) / 2) + 1) == 0
    assert cycle_loss(x, -1 * (-1 * x), y, -1 * (-1 * y)) == 0


def test_the_loss_is_a_mean_over_rows_and_a_sum_over_columns():
    """0.5 and 1 for a wrong inverse; (1 + 2 + 0 + 0) / 2 + 0 for two columns."""
    x, y = np.array([[3.0], [5.0]]), np.array([[4.0]])
    assert cycle_loss(x, x + 0.5, y, y + 1) == 1.5
    assert cycle_loss([[0, 0], [1, 1]], [[1, 2], [1, 1]], y, y) == 1.5


def test_the_translation_is_found_without_pairs():
    """Slope and shift of both ways, from two unpaired samples."""
    result = affine_translation()
    assert result["forth"] == pytest.approx([2, 3], abs=0.5)
    assert result["back"] == pytest.approx([0.5, -1.5], abs=0.3)
    assert result["cycle_loss"] < 0.1
    assert result["translation_error"] < 0.2
    assert len(result["generator_losses"]) == len(result["discriminator_losses"]) == 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"slope": 0}, "slope must be at least 0.01 and at most 100; got 0."),
        ({"cycle_weight": -1}, "cycle_weight must be at least 0; got -1."),
        ({"n_steps": 0}, "n_steps must be a whole number of at least 1; got 0."),
    ],
)
def test_what_cannot_be_learnt_is_refused(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        affine_translation(**arguments)
    assert error.value.args[0] == message


def test_shapes_must_agree():
    """Rows and their way back."""
    with pytest.raises(InvalidInputError, match=r"^x and x_back must be of equal length; got 1 and 2.$"):
        cycle_loss([[1]], [[1], [2]], [[1]], [[1]])
