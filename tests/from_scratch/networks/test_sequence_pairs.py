"""Sequences label themselves."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.sequence_pairs import (
    exposure_bias,
    rollout,
    self_supervised_pairs,
    split_input_target,
    teacher_forcing_inputs,
)


def test_input_and_target_are_one_apart():
    """The course's word: nine pairs, the first T → e, the last o → w."""
    pair = split_input_target(list("Tensorflow"))
    assert pair == {"input": list("Tensorflo"), "target": list("ensorflow")}


@pytest.mark.parametrize("sequence", [[], ["a"]])
def test_a_pair_needs_two_elements(sequence):
    """Fewer give nothing."""
    assert split_input_target(sequence) == {"input": [], "target": []}


def test_pairs_give_the_text_back():
    """There are n - 1 of them: the first word and all targets, in order."""
    pairs = self_supervised_pairs("The sky is blue")
    assert [p["target"] for p in pairs] == ["sky", "is", "blue"]
    assert " ".join(["The", *(p["target"] for p in pairs)]) == "The sky is blue"
    assert all("The sky is blue".startswith(p["context"] + " " + p["target"]) for p in pairs)
    assert self_supervised_pairs("The") == self_supervised_pairs("") == []


def test_the_decoder_reads_the_truth():
    """A start symbol and the target without its last element, exactly."""
    assert teacher_forcing_inputs(["a", "cat", "sleeps", "<eos>"]) == ["<bos>", "a", "cat", "sleeps"]
    assert teacher_forcing_inputs([5, 6, 2], start=1) == [1, 5, 6]
    assert teacher_forcing_inputs([]) == []


def test_free_running_carries_errors_on():
    """The course's table: 1, 1.9, 2.71, 3.439, 4.0951, with mean 2.629, against 1 each time."""
    errors = exposure_bias([10] * 6)
    assert errors["free_running"] == pytest.approx([1, 1.9, 2.71, 3.439, 4.0951])
    assert errors["teacher_forced"] == pytest.approx([1] * 5)
    assert errors["free_running_mean"] == pytest.approx(2.62882)
    assert errors["teacher_forced_mean"] == pytest.approx(1)


def test_an_ar1_forecast_is_a_power():
    """φ = 0.8 from 10: 8, 6.4, 5.12, 4.096."""
    assert rollout(lambda x: 0.8 * x, 10, 4) == pytest.approx([8, 6.4, 5.12, 4.096])
    assert rollout(lambda x: x, 1, 0) == []


def test_an_unbiased_predictor_has_no_exposure():
    """Both errors are 0."""
    errors = exposure_bias([1, 2, 4], factor=2)
    assert errors["free_running"] == errors["teacher_forced"] == [0, 0]


def test_what_is_no_series_is_refused():
    """Two values are needed, and a finite factor."""
    with pytest.raises(InvalidInputError, match=r"^series must hold at least 2 numbers; got 1\.$"):
        exposure_bias([1])
    with pytest.raises(InvalidInputError, match=r"^factor must be .*; got nan\.$"):
        exposure_bias([1, 2], factor=float("nan"))
