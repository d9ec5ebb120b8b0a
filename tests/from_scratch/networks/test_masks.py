"""Masks say which positions count."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.masks import causal_mask, masked_mean, masked_steps, padding_mask


def test_a_token_sees_itself_and_those_before_it():
    """Ten of the sixteen pairs of four tokens."""
    assert causal_mask(4) == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert causal_mask(1) == [[1]]


def test_no_tokens_have_no_mask():
    """The number of tokens is named."""
    with pytest.raises(InvalidInputError, match=r"^n must be a whole number of at least 1; got 0\.$"):
        causal_mask(0)


def test_padding_is_an_id():
    """Any id may be it; no tokens, no mask."""
    assert padding_mask([7, 12, 5, 0, 0]) == [1, 1, 1, 0, 0]
    assert padding_mask([0, 9], padding=9) == [1, 0]
    assert padding_mask([]) == []


def test_a_step_is_masked_only_if_all_its_features_are_the_filler():
    """The rule of Keras' layer; a filler that cannot occur loses nothing."""
    assert masked_steps([[1, 2], [0, 3], [0, 0]]) == [1, 1, 0]
    assert masked_steps([[0, 0], [-1, -1]], mask_value=-1) == [1, 0]


def test_a_masked_mean_leaves_padding_out():
    """(4 + 8) / 2, not 12 / 3."""
    assert masked_mean([4, 8, 0], [1, 1, 0]) == 6
    assert masked_mean([4, 8, 0], [1, 1, 1]) == 4


def test_a_mean_of_nothing_is_refused():
    """So are masks of another length."""
    with pytest.raises(InvalidInputError, match=r"^mask must keep at least one value; got \[0, 0\]\.$"):
        masked_mean([1, 2], [0, 0])
    with pytest.raises(InvalidInputError, match=r"^values and mask must be of equal length; got 2 and 1\.$"):
        masked_mean([1, 2], [1])
