"""Masked language modelling."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.masked_language import NOT_COUNTED, gap_filling, mask_tokens

IDS = [1, *np.random.default_rng(0).integers(4, 5000, 1000).tolist(), 2]


def test_fifteen_per_cent_are_chosen():
    """Within three standard deviations of 150: from 117 to 183. Their labels are the true tokens."""
    result = mask_tokens(IDS, 5000)
    chosen = [i for i, label in enumerate(result["labels"]) if label != NOT_COUNTED]
    assert 117 <= len(chosen) <= 183
    assert all(result["labels"][i] == IDS[i] for i in chosen)
    assert all(result["inputs"][i] == IDS[i] for i in range(len(IDS)) if i not in chosen)


def test_bert_replaces_and_keeps_some():
    """Of 10,000 chosen, 80 % are masked, 10 % random and 10 % the same, within three standard deviations."""
    ids = np.random.default_rng(1).integers(4, 5000, 10_000).tolist()
    inputs = np.array(mask_tokens(ids, 5000, share=1)["inputs"])
    masked, same = (inputs == 3).sum(), (inputs == ids).sum()
    assert abs(masked - 8000) < 3 * 40
    assert abs(same - 1000) < 3 * 30
    assert abs(len(ids) - masked - same - 1000) < 3 * 30
    assert inputs.min() == 3  # random tokens are ordinary ones


def test_pure_masks_all_that_are_chosen():
    """No other change."""
    result = mask_tokens(IDS, 5000, share=0.5, mode="pure")
    chosen = np.array(result["labels"]) != NOT_COUNTED
    assert set(np.array(result["inputs"])[chosen]) == {3}


@pytest.mark.parametrize("mode", ["pure", "bert"])
def test_special_tokens_are_never_chosen(mode):
    """Those up to the mask, whatever the share; and a share of 0 chooses none."""
    result = mask_tokens([0, 1, 2, 3, 7], 10, share=1, mode=mode)
    assert result["labels"] == [NOT_COUNTED] * 4 + [7]
    assert result["inputs"][:4] == [0, 1, 2, 3]
    assert mask_tokens(IDS, 5000, share=0, mode=mode)["inputs"] == IDS
    assert mask_tokens([], 10, mode=mode) == {"inputs": [], "labels": []}


def test_only_both_ways_fill_the_first_gap():
    """Inside, both networks are right; at the first place the causal one guesses."""
    result = gap_filling(n_words=5, n_epochs=15)
    both, causal = result["bidirectional"], result["causal"]
    assert both["accuracy"] == both["first_accuracy"] == causal["accuracy"] == 1
    assert causal["first_accuracy"] < 2.5 * result["guessing"]
    assert both["losses"][-1] < both["losses"][0] / 3


def test_small_shares_still_train():
    """Where a batch has no gap, its first words are hidden."""
    result = gap_filling(n_words=3, share=1e-9, n_epochs=2)
    assert len(result["causal"]["losses"]) == 2
    assert result["bidirectional"]["losses"][1] < result["bidirectional"]["losses"][0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mask_tokens([1], 10, share=2), "share must be at least 0 and at most 1; got 2."),
        (lambda: mask_tokens([1], 10, mode="all"), "mode must be one of bert, pure; got 'all'."),
        (lambda: mask_tokens([1, 10], 10), "tokens must be whole numbers from 0 to 9; got 10."),
        (lambda: mask_tokens([1, True], 10), "tokens must be whole numbers from 0 to 9; got True."),
        (lambda: mask_tokens([1], 4), "n_tokens must be a whole number of at least 5; got 4."),
        (lambda: gap_filling(n_words=2), "n_words must be a whole number of at least 3; got 2."),
        (lambda: gap_filling(share=0), "share must be above 0 and at most 1; got 0."),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
