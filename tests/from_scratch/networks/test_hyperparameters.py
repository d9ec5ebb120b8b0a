"""Searches for a learning rate and a width, as a tool shows them."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.hyperparameters import (
    expected_improvement,
    hyperband_brackets,
    hyperparameter_search,
    random_search_success,
)


@pytest.mark.parametrize(
    ("method", "n", "epochs"),
    [("grid", 9, 27), ("random", 9, 27), ("bayesian", 9, 27), ("hyperband", 9 + 3 + 1 + 5 + 1 + 3, 33)],
)
def test_every_method_searches(method, n, epochs):
    """Its best trial is one of its own, trained for all epochs; the same again from the same seed."""
    search = hyperparameter_search(method, n_trials=9, n_epochs=9 if method == "hyperband" else 3, seed=1)
    full = [t for t in search["trials"] if t["epochs"] == max(u["epochs"] for u in search["trials"])]
    assert search["best"] in full
    assert search["best"]["loss"] == min(t["loss"] for t in full)
    assert search["epochs"] == sum(t["epochs"] for t in search["trials"])
    if method != "hyperband":
        assert (len(search["trials"]), search["epochs"]) == (n, epochs)
        assert search == hyperparameter_search(method, n_trials=9, n_epochs=3, seed=1)


def test_hyperband_follows_its_plan():
    """Settings and epochs of every round for nine epochs: 9 · 1, 3 · 3, 1 · 9, then 5 · 3, 1 · 9, then 3 · 9."""
    search = hyperparameter_search("hyperband", n_epochs=9)
    assert [t["epochs"] for t in search["trials"]] == [1] * 9 + [3] * 3 + [9] + [3] * 5 + [9] + [9] * 3


def test_training_longer_with_the_found_settings_is_worth_it():
    """A loss far below ln 2, that of a guess, for the best; the worst learning rate is no better than one."""
    search = hyperparameter_search("grid", n_trials=9, n_epochs=9)
    assert search["best"]["loss"] < 0.4
    assert max(t["loss"] for t in search["trials"]) > 0.6


def test_a_grid_of_few_trials():
    """Less than four are one trial in the middle."""
    assert [t["width"] for t in hyperparameter_search("grid", n_trials=3, n_epochs=1)["trials"]] == [6]


def test_two_searches_that_do_not_exist():
    """An unknown method, and no trials."""
    with pytest.raises(InvalidInputError, match="method must be one of grid, random, bayesian, hyperband; got 'luck'"):
        hyperparameter_search("luck")
    with pytest.raises(InvalidInputError, match="n_trials must be a whole number of at least 1; got 0"):
        hyperparameter_search(n_trials=0)


def test_expected_improvement_needs_a_spread():
    """Of at least 0, which is certainty."""
    assert expected_improvement(0.2, 0, 0.25) == pytest.approx(0.05)
    with pytest.raises(InvalidInputError, match="deviation must be at least 0; got -1"):
        expected_improvement(0, -1, 0)


def test_the_plan_of_hyperband():
    """Start sizes of the paper, and five brackets of which the last stops nothing early."""
    plan = hyperband_brackets()
    assert [b["settings"][0] for b in plan] == [81, 34, 15, 8, 5]
    assert plan[-1] == {"settings": [5], "budgets": [81], "cost": 405}


@pytest.mark.parametrize(
    ("n", "share", "probability"),
    [(60, 0.05, 0.954), (59, 0.05, 0.9515), (58, 0.05, 0.949), (0, 0.5, 0), (3, 1, 1), (3, 0, 0)],
)
def test_the_chance_of_random_search(n, share, probability):
    """59 trials are the fewest for more than 0.95; nothing tried, nothing found."""
    assert random_search_success(n, share) == pytest.approx(probability, abs=5e-4)
