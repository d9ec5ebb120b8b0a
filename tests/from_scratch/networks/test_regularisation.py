"""Dropout, penalties, early stopping, batch normalisation and the report on two curves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.regularisation import (
    batch_normalisation,
    dropout_sample,
    early_stopping,
    norm_penalty,
    overfitting_report,
)

TRAINING, VALIDATION = [0.90, 0.60, 0.40, 0.30, 0.20, 0.15], [0.95, 0.70, 0.55, 0.50, 0.56, 0.65]


def test_dropout_keeps_the_mean():
    """A fifth of ten thousand becomes 0, the others 1.25; the sum stays."""
    result = dropout_sample(np.ones(10_000), 0.2)
    assert set(result["values"]) == {0.0, 1.25}
    assert result["dropped_share"] == pytest.approx(0.2, abs=0.01)
    assert np.mean(result["values"]) == pytest.approx(1, abs=0.02)


def test_dropout_in_use_or_without_probability_changes_nothing():
    """Whatever the seed; an activation of 0 does not count as dropped."""
    assert dropout_sample([0, 2], 0.9, training=False, seed=7) == {"values": [0.0, 2.0], "dropped_share": 0.0}
    assert dropout_sample([0, 2], 0.0) == {"values": [0.0, 2.0], "dropped_share": 0.0}
    with pytest.raises(InvalidInputError, match="p must be at least 0 and below 1; got 1"):
        dropout_sample([1], 1)


def test_penalties_of_the_course_example():
    """Weights 3, -4 and 0 with α = 0.1."""
    l1, l2 = norm_penalty([3, -4, 0], "l1", 0.1), norm_penalty([3, -4, 0], "l2", 0.1)
    assert (l1["penalty"], l2["penalty"]) == (pytest.approx(0.7), pytest.approx(2.5))
    assert l1["gradient"] == pytest.approx([0.1, -0.1, 0])
    assert l2["gradient"] == pytest.approx([0.6, -0.8, 0])
    assert l2["after_step"] == pytest.approx([2.94, -3.92, 0])


def test_no_strength_no_penalty():
    """Zero everywhere, and weights that stay; another kind is refused."""
    assert norm_penalty([3, -4], "l1", 0) == {"penalty": 0.0, "gradient": [0.0, 0.0], "after_step": [3.0, -4.0]}
    with pytest.raises(InvalidInputError, match="kind must be one of l1, l2; got 'l3'"):
        norm_penalty([1], "l3")
    with pytest.raises(InvalidInputError, match="strength must be at least 0; got -1"):
        norm_penalty([1], "l1", -1)


def test_early_stopping_that_does_not_come():
    """Losses that fall to the end, and a single one."""
    assert early_stopping([3, 2, 1]) == {"best_epoch": 3, "stopped_after": None}
    assert early_stopping([3]) == {"best_epoch": 1, "stopped_after": None}
    assert early_stopping([1, 1, 1], patience=2) == {"best_epoch": 1, "stopped_after": 3}
    with pytest.raises(InvalidInputError, match="min_delta must be at least 0; got -1"):
        early_stopping([1], min_delta=-1)


def test_batch_normalisation_is_that_of_torch():
    """Values and both running statistics."""
    X = np.random.default_rng(0).normal(3, 5, (9, 4))
    other = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    expected = other(torch.tensor(X)).detach().numpy() * 2 - 1
    result = batch_normalisation(X, 2, -1)
    assert np.allclose(result["values"], expected)
    assert np.allclose(result["running_mean"], other.running_mean.numpy())
    assert np.allclose(result["running_variance"], other.running_var.numpy())


def test_batch_normalisation_of_a_constant_column():
    """It becomes the shift; so does a batch of one row."""
    assert batch_normalisation([[3], [3]], shift=0.5)["values"] == [[0.5], [0.5]]
    assert batch_normalisation([[3]])["values"] == [[0.0]]


def test_overfitting_begins_after_the_smallest_validation_loss():
    """The chapter's report: epoch 4 is best, epoch 5 the first overfitted one."""
    report = overfitting_report(TRAINING, VALIDATION)
    assert report == {
        "verdict": "overfitting",
        "best_epoch": 4,
        "onset_epoch": 5,
        "gap_at_best": pytest.approx(0.2),
        "gap_at_end": pytest.approx(0.5),
    }


@pytest.mark.parametrize("onset", [2, 7, 19])
def test_a_known_onset_is_found(onset):
    """Curves made to turn there, scaled and shifted at will."""
    epochs = np.arange(1, 25)
    training, validation = 1 / epochs, 0.5 + 0.01 * np.abs(epochs - (onset - 1))
    for factor, shift in ((1, 0), (100, 5)):
        report = overfitting_report(factor * training + shift, factor * validation + shift)
        assert (report["verdict"], report["onset_epoch"]) == ("overfitting", onset)


def test_a_single_worse_epoch_is_noise():
    """Unless patience is 1; and a bump that is overcome is none either."""
    assert overfitting_report(TRAINING[:5], VALIDATION[:5])["verdict"] == "good fit"
    assert overfitting_report(TRAINING[:5], VALIDATION[:5], patience=1)["onset_epoch"] == 5
    assert overfitting_report(TRAINING, [0.9, 0.7, 0.8, 0.8, 0.6, 0.5])["onset_epoch"] is None


def test_a_gap_alone_is_not_overfitting():
    """As long as validation improves; and a validation loss that stays level has not risen."""
    assert overfitting_report([0.5, 0.1, 0.05], [1.5, 1.2, 1.1])["verdict"] == "good fit"
    assert overfitting_report([0.5, 0.4, 0.3, 0.2], [0.6, 0.6, 0.6, 0.6])["verdict"] == "good fit"


def test_high_losses_are_underfitting():
    """Only a person can say what is high."""
    assert overfitting_report([0.9, 0.8], [1.0, 0.9], acceptable=0.5)["verdict"] == "underfitting"
    assert overfitting_report([0.9, 0.8], [1.0, 0.9])["verdict"] == "good fit"
    assert overfitting_report([0.9, 0.4], [1.0, 0.9], acceptable=0.5)["verdict"] == "good fit"


def test_both_losses_that_rise_are_a_problem_of_optimisation():
    """Overfitting lowers the training loss."""
    assert overfitting_report([0.5, 0.6, 0.9], [0.5, 0.7, 1.0])["verdict"] == "optimisation problem"


def test_curves_that_do_not_fit():
    """Lengths, NaN and patience are named."""
    for arguments, message in [
        (([1], [1, 2]), "training_losses and validation_losses must be of equal length; got 1 and 2"),
        (([1], [np.nan]), "validation_losses must be finite; got nan"),
        (([1], [1], None, 0), "patience must be a whole number of at least 1; got 0"),
        (([1], [1], np.nan), "acceptable must be a number; got nan"),
    ]:
        with pytest.raises(InvalidInputError, match=message):
            overfitting_report(*arguments)
