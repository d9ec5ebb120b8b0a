"""What does not change a metric: the order of examples, their repetition, a scale, the exchange of two arguments.

One table for every metric of the register; a metric that it does not have fails the first test.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rag_app.registry import entries, get

Arguments = dict[str, Any]
Draw = Callable[[np.random.Generator], Arguments]
N = 24
INF = math.inf


@dataclass(frozen=True)
class Rules:
    """How to draw arguments of a metric, and what holds for what it returns.

    ``values`` are the numbers of the result that are meant, by name (all of them where none is named), and ``low`` and
    ``high`` the range of each. ``examples`` are the arguments with an entry for each example, which are put into
    another order together; ``repeated`` tells by what factor the numbers grow where every example occurs twice.
    ``same`` makes other arguments with the same result, and ``swapped`` names two arguments that may be exchanged.
    """

    draw: Draw
    low: float
    high: float
    values: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    repeated: float | None = None
    same: Callable[[Arguments], Arguments] | None = None
    swapped: tuple[str, str] | None = None


def classes(rng: np.random.Generator) -> Arguments:
    return {"y_true": [0, 1, *rng.integers(2, size=N)], "y_pred": [0, 1, *rng.integers(2, size=N)]}


def numbers(rng: np.random.Generator) -> Arguments:
    return {"y_true": rng.normal(size=N), "y_pred": rng.normal(size=N)}


def chances(rng: np.random.Generator) -> Arguments:
    return {"y_true": [0, 1, *rng.integers(2, size=N)], "probabilities": rng.uniform(0.01, 0.99, N + 2).round(2)}


def scores(rng: np.random.Generator) -> Arguments:
    return {"y_true": [0, 1, *rng.integers(2, size=N)], "scores": rng.normal(size=N + 2).round(1)}


def people(rng: np.random.Generator) -> Arguments:
    corners = {"y_true": [0, 0, 1, 1] * 2, "y_pred": [0, 1, 0, 1] * 2, "group": ["a"] * 4 + ["b"] * 4}
    return {**{k: [*v, *rng.permutation(v * 2)] for k, v in corners.items()}}


def matrices(*names: str) -> Draw:
    return lambda rng: {name: rng.normal(size=(N, 3)) for name in names}


def distributions(rng: np.random.Generator) -> Arguments:
    return dict(zip("pq", rng.dirichlet(np.ones(6), 2), strict=True))


def vectors(rng: np.random.Generator) -> Arguments:
    return dict(zip("ab", rng.normal(size=(2, 6)), strict=True))


def rankings(rng: np.random.Generator) -> Arguments:
    items = list("abcdefgh")
    return {
        "ranking": rng.permutation(items).tolist(),
        "relevant": rng.choice(items, 3, replace=False).tolist(),
        "k": 5,
    }


def answers(rng: np.random.Generator) -> Arguments:
    texts = [" ".join(rng.choice(["red", "green", "blue", "grey"], 3)) for _ in range(4)]
    return {"answer": texts[0], "references": texts[1:]}


def candidates(rng: np.random.Generator) -> Arguments:
    return {{"answer": "candidate"}.get(name, name): value for name, value in answers(rng).items()}


def on(change: Callable[[Any], Any], *names: str) -> Callable[[Arguments], Arguments]:
    """Return what changes the named arguments."""
    return lambda given: {**given, **{name: change(np.asarray(given[name])) for name in names}}


def moved(x: Any) -> Any:
    return x + 1.5


def stretched(x: Any) -> Any:
    return 3 * x


def raised(x: Any) -> Any:
    return np.exp(x)  # rises with x, and keeps ties


PAIRS: Mapping[str, Any] = {"examples": ("y_true", "y_pred"), "repeated": 1}
ERROR = Rules(numbers, 0, INF, same=on(moved, "y_true", "y_pred"), swapped=("y_true", "y_pred"), **PAIRS)
LOSS = Rules(numbers, 0, INF, ("loss",), same=ERROR.same, swapped=ERROR.swapped, **PAIRS)
SHARE = Rules(classes, 0, 1, **PAIRS)
SCORED: Mapping[str, Any] = {"examples": ("y_true", "scores"), "repeated": 1, "same": on(raised, "scores")}
CHANCES: Mapping[str, Any] = {"examples": ("y_true", "probabilities"), "repeated": 1}
GROUPS: Mapping[str, Any] = {"examples": ("y_true", "y_pred", "group"), "repeated": 1}

RULES: dict[str, Rules] = {
    "acceptance_rate": Rules(
        lambda rng: {"chain": np.repeat(rng.normal(size=(N, 2)), rng.integers(1, 4, N), axis=0)},
        0,
        1,
        same=on(stretched, "chain"),
    ),
    "accuracy": Rules(classes, 0, 1, swapped=("y_true", "y_pred"), **PAIRS),
    "alignment_score": Rules(matrices("a", "b"), -1, 1, examples=("a", "b"), same=on(stretched, "a")),
    "answer_f1_score": Rules(answers, 0, 1, examples=("references",), repeated=1),
    "bce_loss": Rules(chances, 0, INF, ("loss",), **CHANCES),
    "bce_with_logits_loss": Rules(
        lambda rng: {"y_true": rng.integers(2, size=N), "logits": rng.normal(size=N)},
        0,
        INF,
        ("loss",),
        examples=("y_true", "logits"),
        repeated=1,
        same=lambda given: {"y_true": 1 - given["y_true"], "logits": -given["logits"]},
    ),
    "bernoulli_log_likelihood": Rules(
        lambda rng: {"outcomes": rng.integers(2, size=N), "p": 0.3},
        -INF,
        0,
        examples=("outcomes",),
        repeated=2,
        same=lambda given: {"outcomes": 1 - given["outcomes"], "p": 0.7},
    ),
    "bleu_score": Rules(candidates, 0, 1, examples=("references",), repeated=1),
    "brier_loss": Rules(chances, 0, 1, **CHANCES),
    "chrf_score": Rules(candidates, 0, 1, examples=("references",), repeated=1),
    "clip_loss": Rules(
        matrices("images", "texts"),
        0,
        INF,
        examples=("images", "texts"),
        same=on(stretched, "images"),
        swapped=("images", "texts"),
    ),
    "cohen_kappa": Rules(classes, -1, 1, swapped=("y_true", "y_pred"), **PAIRS),
    "confusion_matrix": Rules(classes, 0, N + 2, ("counts",), examples=("y_true", "y_pred"), repeated=2),
    "cosine_similarity": Rules(
        vectors, -1, 1, examples=("a", "b"), repeated=1, same=on(stretched, "a"), swapped=("a", "b")
    ),
    "cross_entropy_loss": Rules(
        lambda rng: {"y_true": rng.integers(3, size=N), "logits": rng.normal(size=(N, 3))},
        0,
        INF,
        ("loss",),
        examples=("y_true", "logits"),
        repeated=1,
        same=on(moved, "logits"),
    ),
    "cycle_loss": Rules(
        matrices("x", "x_back", "y", "y_back"),
        0,
        INF,
        examples=("x", "x_back", "y", "y_back"),
        repeated=1,
        same=on(moved, "x", "x_back"),
        swapped=("x", "x_back"),
    ),
    "disparate_impact": Rules(
        lambda rng: {"selected": [1, 1, *rng.integers(2, size=N)], "group": ["a", "b", *rng.choice(["a", "b"], N)]},
        0,
        1,
        ("rates", "ratios", "parity_gap"),
        examples=("selected", "group"),
        repeated=1,
    ),
    "distinct_n": Rules(
        lambda rng: {"texts": [" ".join(rng.choice(["red", "green", "blue"], 5)) for _ in range(6)]},
        0,
        1,
        examples=("texts",),
        same=lambda given: {"texts": [text.upper() for text in given["texts"]]},
    ),
    "effective_sample_size": Rules(
        lambda rng: {"chain": rng.normal(size=N)}, 1, N * math.log10(N), same=on(stretched, "chain")
    ),
    "equal_opportunity": Rules(people, 0, 1, **GROUPS),
    "equalised_odds": Rules(people, 0, 1, **GROUPS),
    "exact_match_score": Rules(answers, 0, 1, examples=("references",), repeated=1),
    "expected_calibration_error": Rules(chances, 0, 1, **CHANCES),
    "expert_load": Rules(
        lambda rng: {"assignments": rng.integers(4, size=N), "n_experts": 4},
        0,
        4,
        examples=("assignments",),
        repeated=1,
    ),
    "f1_score": Rules(classes, 0, 1, swapped=("y_true", "y_pred"), **PAIRS),
    "fairness_penalty": Rules(
        lambda rng: {"probabilities": rng.random(N), "group": rng.permutation(["a", "b"] * (N // 2))},
        0,
        1,
        ("penalty",),
        examples=("probabilities", "group"),
        repeated=1,
    ),
    "frechet_distance": Rules(
        matrices("X", "Y"), 0, INF, examples=("X",), same=on(moved, "X", "Y"), swapped=("X", "Y")
    ),
    "gaussian_kl_divergence": Rules(
        lambda rng: {
            "mean_p": rng.normal(size=2),
            "covariance_p": np.diag(rng.uniform(0.5, 2, 2)),
            "mean_q": rng.normal(size=2),
            "covariance_q": np.diag(rng.uniform(0.5, 2, 2)),
        },
        0,
        INF,
        same=on(moved, "mean_p", "mean_q"),
    ),
    "hinge_loss": Rules(
        lambda rng: {"y_true": rng.choice([-1, 1], N), "scores": rng.normal(size=N)},
        0,
        INF,
        ("loss",),
        examples=("y_true", "scores"),
        repeated=1,
        same=lambda given: {"y_true": -given["y_true"], "scores": -given["scores"]},
    ),
    "huber_loss": LOSS,
    "inception_score": Rules(
        lambda rng: {"probabilities": rng.dirichlet(np.ones(4), N)},
        1,
        4,
        ("mean",),
        examples=("probabilities",),
        repeated=1,
        same=lambda given: {"probabilities": given["probabilities"][:, ::-1]},
    ),
    "js_divergence": Rules(distributions, 0, math.log(2), examples=("p", "q"), swapped=("p", "q")),
    "kl_divergence": Rules(distributions, 0, INF, examples=("p", "q")),
    "load_balancing_loss": Rules(
        lambda rng: {"probabilities": rng.dirichlet(np.ones(4), N), "assignments": rng.integers(4, size=N)},
        0,
        4,
        examples=("probabilities", "assignments"),
        repeated=1,
    ),
    "logcosh_loss": LOSS,
    "mae_loss": LOSS,
    "mean_absolute_error": ERROR,
    "mean_squared_error": ERROR,
    "mode_coverage": Rules(
        lambda rng: {"samples": rng.normal(size=(N, 2)), "modes": [[0, 0], [1, 1], [9, 9]], "radius": 1.0},
        0,
        3,
        examples=("samples",),
        repeated=1,
    ),
    "mse_loss": LOSS,
    "ndcg": Rules(
        lambda rng: {
            "ranking": rng.permutation(list("abcdef")).tolist(),
            "relevance": {"a": 3, "c": 1, "z": 2},
            "k": 4,
        },
        0,
        1,
        same=lambda given: {**given, "relevance": {**given["relevance"], "b": 0}},
    ),
    "normal_log_likelihood": Rules(
        lambda rng: {"values": rng.normal(size=N), "mean": 0.5, "std": 2.0},
        -INF,
        INF,
        examples=("values",),
        repeated=2,
        same=on(moved, "values", "mean"),
    ),
    "perplexity": Rules(
        lambda rng: {"log_probabilities": np.log(rng.random(N))}, 1, INF, examples=("log_probabilities",), repeated=1
    ),
    "precision": SHARE,
    "precision_recall_curve": Rules(scores, 0, 1, ("average_precision", "precisions", "recalls"), **SCORED),
    "quantile_loss": Rules(
        lambda rng: {**numbers(rng), "tau": 0.9}, 0, INF, ("loss",), same=on(moved, "y_true", "y_pred"), **PAIRS
    ),
    "r2_score": Rules(numbers, -INF, 1, same=on(stretched, "y_true", "y_pred"), **PAIRS),
    "rank_correlation": Rules(numbers, -1, 1, same=on(raised, "y_pred"), swapped=("y_true", "y_pred"), **PAIRS),
    "recall": SHARE,
    "recall_at_k": Rules(rankings, 0, 1, examples=("relevant",)),
    "reciprocal_rank": Rules(rankings, 0, 1, examples=("relevant",), repeated=1),
    "reconstruction_error": Rules(
        matrices("X", "X_rebuilt"), 0, INF, same=on(moved, "X", "X_rebuilt"), swapped=("X", "X_rebuilt")
    ),
    "reliability_table": Rules(
        chances,
        0,
        1,
        ("low", "high", "mean_probability", "observed_rate"),
        examples=("y_true", "probabilities"),
        repeated=1,
    ),
    "rephrase_scores": Rules(
        lambda rng: {k: " ".join(rng.choice(["red", "green", "blue"], 9)) for k in ("original", "rephrased")},
        0,
        1,
        same=lambda given: {name: text.upper() + "!" for name, text in given.items()},
    ),
    "risk_coverage_curve": Rules(
        lambda rng: {"correct": rng.integers(2, size=N), "confidences": rng.random(N).round(1)},
        0,
        1,
        ("coverages", "risks", "error_rate"),
        examples=("correct", "confidences"),
        repeated=1,
        same=on(raised, "confidences"),
    ),
    "roc_auc_score": Rules(scores, 0, 1, **SCORED),
    "roc_curve": Rules(scores, 0, 1, ("false_positive_rates", "true_positive_rates"), **SCORED),
    "sample_divergence": Rules(
        lambda rng: {"x": rng.normal(size=N), "y": rng.normal(size=N)},
        0,
        INF,
        examples=("x",),
        same=on(moved, "x", "y"),
    ),
    "sample_quality": Rules(
        matrices("real", "generated"), 0, INF, examples=("generated",), same=on(stretched, "real", "generated")
    ),
    "score_matching_loss": Rules(
        lambda rng: {"log_density": "-(x - 4)**2 / 8", "values": rng.normal(4, 2, N)},
        -INF,
        INF,
        examples=("values",),
        repeated=1,
    ),
    "score_ratings": Rules(
        lambda rng: {
            "ratings": [
                {"rater": rater, "item": item, "score": int(rng.integers(1, 6))} for rater in "ab" for item in range(6)
            ]
        },
        -INF,
        INF,
        ("mean", "low", "high", "agreement"),
        examples=("ratings",),
    ),
    "skip_gram_loss": Rules(
        lambda rng: {"product": 1.5, "negative_products": rng.normal(size=5)}, 0, INF, examples=("negative_products",)
    ),
    "style_loss": Rules(
        lambda rng: {"features": rng.normal(size=(3, 8)), "style": rng.normal(size=(3, 8))},
        0,
        INF,
        same=lambda given: {**given, "style": given["style"][:, ::-1]},
        swapped=("features", "style"),
    ),
    "vector_distance": Rules(vectors, 0, INF, examples=("a", "b"), same=on(moved, "a", "b"), swapped=("a", "b")),
}


def drawn(name: str) -> Arguments:
    """Return arguments of a metric, always the same."""
    return RULES[name].draw(np.random.default_rng(zlib.crc32(name.encode())))


def measured(name: str, given: Arguments) -> list[float]:
    """Return the numbers of the result that are meant, in the order of the result."""
    return [*_numbers(get(name).target(**given), RULES[name].values)]


def _numbers(result: Any, names: tuple[str, ...]) -> Iterator[float]:
    if isinstance(result, Mapping):
        for name, part in result.items():
            if not names or name in names:
                yield from _numbers(part, ())
    elif isinstance(result, list | tuple | np.ndarray):
        for part in result:
            yield from _numbers(part, names)
    elif result is not None:
        yield float(result)


def ordered(given: Arguments, names: tuple[str, ...], order: list[int]) -> Arguments:
    """Return the arguments with the examples in another order."""
    return {k: [v[i] for i in order] if k in names else v for k, v in given.items()}


def having(part: str) -> list[str]:
    """Return the metrics that have a rule of a kind."""
    return [name for name, rules in RULES.items() if getattr(rules, part)]


def test_every_metric_has_its_rules() -> None:
    """What stands under ``@register("metric")`` stands in the table."""
    assert list(RULES) == [entry.name for entry in entries("metric")]


def test_rules_are_more_than_ranges() -> None:
    """Each metric keeps its value under a change of at least one kind."""
    kinds = ("examples", "same", "swapped")
    assert [name for name in RULES if not any(getattr(RULES[name], kind) for kind in kinds)] == []


@pytest.mark.parametrize("name", RULES)
def test_a_metric_keeps_its_range(name: str) -> None:
    """On twenty draws; the numbers are finite, and the arguments are left as they were."""
    rules = RULES[name]
    for seed in range(20):
        given, again = (rules.draw(np.random.default_rng(seed)) for _ in range(2))
        values = measured(name, given)
        assert values
        assert all(math.isfinite(v) and rules.low - 1e-9 <= v <= rules.high + 1e-9 for v in values), values
        for key, value in again.items():
            np.testing.assert_array_equal(np.asarray(given[key]), np.asarray(value))


@pytest.mark.parametrize("name", having("examples"))
def test_the_order_of_examples_does_not_count(name: str) -> None:
    """Three other orders."""
    rules, given = RULES[name], drawn(name)
    n = len(given[rules.examples[0]])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(n).tolist()
        assert measured(name, ordered(given, rules.examples, order)) == pytest.approx(measured(name, given))


@pytest.mark.parametrize("name", having("repeated"))
def test_repetition_changes_no_mean_and_doubles_a_sum(name: str) -> None:
    """Every example twice, in place and behind all others."""
    rules, given = RULES[name], drawn(name)
    n = len(given[rules.examples[0]])
    expected = [rules.repeated * v for v in measured(name, given)]
    for order in ([*range(n), *range(n)], sorted([*range(n), *range(n)])):
        assert measured(name, ordered(given, rules.examples, order)) == pytest.approx(expected)


@pytest.mark.parametrize("name", having("same"))
def test_a_change_that_means_nothing_changes_nothing(name: str) -> None:
    """Another zero, another unit, another scale of scores, other names of classes, capital letters."""
    rules, given = RULES[name], drawn(name)
    other = rules.same(given)
    assert any(not np.array_equal(np.asarray(other[key]), np.asarray(given[key])) for key in given)
    assert measured(name, other) == pytest.approx(measured(name, given), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", having("swapped"))
def test_two_arguments_may_be_exchanged(name: str) -> None:
    """Of a distance, which of the two is called first does not count."""
    (a, b), given = RULES[name].swapped, drawn(name)
    assert measured(name, {**given, a: given[b], b: given[a]}) == pytest.approx(measured(name, given))


def test_a_broken_metric_would_be_noticed() -> None:
    """The checks find what is not symmetric, not a mean, and not free of the order."""
    given = drawn("kl_divergence")
    kl = get("kl_divergence").target
    assert kl(given["q"], given["p"]) != pytest.approx(kl(given["p"], given["q"]))
    chain = drawn("effective_sample_size")["chain"]
    assert measured("effective_sample_size", {"chain": np.sort(chain)}) != pytest.approx(
        measured("effective_sample_size", {"chain": chain})
    )
    outcomes = drawn("bernoulli_log_likelihood")
    twice = ordered(outcomes, ("outcomes",), [*range(N), *range(N)])
    assert measured("bernoulli_log_likelihood", twice) != pytest.approx(measured("bernoulli_log_likelihood", outcomes))
