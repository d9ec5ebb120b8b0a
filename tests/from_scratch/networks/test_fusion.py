"""Modalities that are joined."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.fusion import joint_representation, multimodal_fusion


def test_parts_are_joined_and_mixed():
    """3 + 2 + 1 numbers, or what a matrix makes of them."""
    assert joint_representation([[1, 2, 3], [4, 5], [6]]) == [1, 2, 3, 4, 5, 6]
    assert joint_representation([[1, 2], [3]], [[1, 1, 1], [0, 0, 2]]) == [6, 6]


@pytest.mark.parametrize("seed", [0, 1])
def test_both_sensors_know_what_neither_knows(seed):
    """Guessing alone, nine of ten together."""
    found = multimodal_fusion(seed=seed)
    assert max(found["first_accuracy"], found["second_accuracy"]) < 0.65
    assert found["joint_accuracy"] > 0.9


def test_mistakes_are_named():
    """No modality, a matrix that does not fit, and rows."""
    with pytest.raises(InvalidInputError, match=r"parts must hold at least one modality; got \[\]"):
        joint_representation([])
    with pytest.raises(InvalidInputError, match="projection must have rows of 2 numbers; got rows of 1"):
        joint_representation([[1], [2]], [[1]])
    with pytest.raises(InvalidInputError, match="noise must be at least 0; got -1"):
        multimodal_fusion(noise=-1)
