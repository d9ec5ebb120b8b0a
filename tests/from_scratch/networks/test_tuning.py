"""The four searches against what is known about them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.model_selection import ParameterGrid

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.tuning import (
    Range,
    Trial,
    bayesian_search,
    best_trial,
    brackets,
    grid_search,
    hyperband_search,
    improvement,
    random_search,
)

SPACE = {"x": Range(-1, 1), "y": Range(0, 2)}


def _bowl(settings):
    return (settings["x"] - 0.3) ** 2 + (settings["y"] - 1.2) ** 2


def test_a_grid_is_that_of_scikit_learn():
    """Every combination once; no hyperparameter has one."""
    values = {"a": [1, 2, 3], "b": [0.1, 0.2], "c": [7]}
    trials = grid_search(values, lambda s: sum(s.values()))
    settings = [t.settings for t in trials]
    assert len(settings) == 6
    assert all(s in settings for s in ParameterGrid(values))
    assert best_trial(trials).settings == {"a": 1, "b": 0.1, "c": 7}
    assert grid_search({}, lambda _: 1.0) == [Trial({}, 1.0)]


def test_random_settings_fill_their_ranges():
    """Linear ones evenly; logarithmic ones with as many below the middle power of ten as above."""
    space = {"x": Range(-1, 3), "rate": Range(1e-4, 1, logarithmic=True)}
    trials = random_search(space, lambda _: 0.0, n_trials=2000, seed=0)
    x, rate = (np.array([t.settings[name] for t in trials]) for name in space)
    assert stats.kstest(x, stats.uniform(-1, 4).cdf).pvalue > 0.01
    assert stats.kstest(np.log10(rate), stats.uniform(-4, 4).cdf).pvalue > 0.01
    assert random_search(space, lambda _: 0.0, n_trials=3, seed=1) == random_search(
        space, lambda _: 0.0, n_trials=3, seed=1
    )


def test_a_model_of_earlier_trials_finds_the_bottom_of_a_bowl():
    """In 25 trials, nearer than random search over five seeds; the first five trials are random."""
    ratios = []
    for seed in range(5):
        bayesian = best_trial(bayesian_search(SPACE, _bowl, n_trials=25, seed=seed)).loss
        ratios.append(bayesian / best_trial(random_search(SPACE, _bowl, n_trials=25, seed=seed)).loss)
        assert bayesian < 0.01
    assert np.median(ratios) < 0.5


def test_a_flat_objective_and_one_that_is_not_a_number():
    """Flat: any trial is best. NaN is refused, since no model can be fitted to it."""
    assert best_trial(bayesian_search(SPACE, lambda _: 1.0, n_trials=7, seed=0)).loss == 1.0
    with pytest.raises(InvalidInputError, match="objective must return finite losses; got nan"):
        bayesian_search(SPACE, lambda _: float("nan"), n_trials=6, seed=0)


@pytest.mark.parametrize(("mean", "deviation", "best"), [(0.24, 0.01, 0.25), (0.3, 0.1, 0.25), (0.0, 2.0, -1.0)])
def test_expected_improvement_is_its_integral(mean, deviation, best):
    """The mean of max(f* - f, 0) over the prediction."""
    density = stats.norm(mean, deviation).pdf
    expected = integrate.quad(lambda f: (best - f) * density(f), mean - 12 * deviation, best)[0]
    assert improvement(mean, deviation, best) == pytest.approx(expected, rel=1e-6)


def test_expected_improvement_of_what_is_certain():
    """The gain, or nothing."""
    assert (improvement(0.2, 0, 0.5), improvement(0.5, 0, 0.2)) == (0.3, 0.0)


def test_brackets_are_those_of_the_paper():
    """R = 81 and η = 3: settings and budgets of every round, and the powers where logarithms are inexact."""
    plan = [[(r.n_settings, r.budget) for r in rounds] for rounds in brackets(81, 3)]
    assert plan == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]
    assert len(brackets(243, 3)) == 6
    assert [[(r.n_settings, r.budget) for r in rounds] for rounds in brackets(1, 2)] == [[(1, 1)]]


def test_hyperband_gives_budget_to_the_best():
    """Every setting with the largest budget was among the best of its rounds, and the bottom of the bowl is near."""
    calls = []

    def objective(settings, budget):
        calls.append(budget)
        return _bowl(settings) + 1 / budget

    trials = hyperband_search(SPACE, objective, largest_budget=27, factor=3, seed=0)
    assert calls == [t.budget for t in trials]
    assert sum(calls) == sum(r.n_settings * r.budget for rounds in brackets(27, 3) for r in rounds)
    first, second = [t for t in trials if t.budget == 1], [t for t in trials if t.budget == 3][:9]
    assert sorted(_bowl(t.settings) for t in first)[:9] == [_bowl(t.settings) for t in second]
    assert best_trial(trials).budget == 27
    assert _bowl(best_trial(trials).settings) < 0.05


def test_the_best_has_the_full_budget():
    """A lower loss after less training does not count; of equal ones the first."""
    trials = [Trial({}, 0.1, 1), Trial({"a": 1}, 0.2, 3), Trial({"a": 2}, 0.2, 3)]
    assert best_trial(trials).settings == {"a": 1}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Range(1, 1), "high must be above 1 and at most"),
        (lambda: Range(0, 1, logarithmic=True), "low must be above 0; got 0"),
        (
            lambda: random_search(SPACE, _bowl, n_trials=0, seed=0),
            "n_trials must be a whole number of at least 1; got 0",
        ),
        (lambda: bayesian_search(SPACE, _bowl, n_trials=0, seed=0), "n_trials must be a whole number of at least 1"),
        (lambda: brackets(0, 3), "largest_budget must be a whole number of at least 1; got 0"),
        (lambda: brackets(9, 1), "factor must be a whole number of at least 2; got 1"),
    ],
)
def test_wrong_arguments(make, message):
    """Name, rule and value."""
    with pytest.raises(InvalidInputError, match=message):
        make()
