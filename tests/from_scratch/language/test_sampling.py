"""Temperature, top-k and top-p: the course's figures, the edge cases, and draws that follow the probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.sampling import (
    SPORT,
    decode_probabilities,
    next_token_probabilities,
    sample_next_token,
)

LETTERS = dict(zip("ABCDEF", (0.4, 0.2, 0.1, 0.05, 0.02, 0.01), strict=True))


def kept(probabilities, **settings):
    return {token: p for token, p in next_token_probabilities(probabilities, **settings).items() if p > 0}


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (0.5, [0.64, 0.16, 0.16, 0.04]),
        (1, [0.4444, 0.2222, 0.2222, 0.1111]),
        (2, [0.3431, 0.2426, 0.2426, 0.1716]),
        (0, [1, 0, 0, 0]),
        (1e-300, [1, 0, 0, 0]),
        (1e9, [0.25, 0.25, 0.25, 0.25]),
    ],
)
def test_temperature_on_the_cat(temperature, expected):
    """The chapter's table; towards 0 one word is left, far above 1 all are alike."""
    assert list(next_token_probabilities("cat", temperature).values()) == pytest.approx(expected, abs=1e-4)


def test_temperature_is_the_softmax_of_scaled_logits():
    """Both forms of the formula agree."""
    logits = np.random.default_rng(0).normal(size=50)
    scaled = np.exp(logits / 0.7)
    np.testing.assert_allclose(decode_probabilities(np.exp(logits), 0.7), scaled / scaled.sum())


def test_entropy_does_not_fall_as_temperature_rises():
    """1.444, 1.837 and 1.957 bits at 0.5, 1 and 2."""
    found = []
    for temperature in (0, 0.1, 0.5, 1, 2, 100):
        p = np.array(list(kept("cat", temperature=temperature).values()))
        found.append(float(-(p * np.log2(p)).sum()))
    assert found == sorted(found)
    assert found[2:5] == pytest.approx([1.444, 1.837, 1.957], abs=1e-3)


def test_top_k_keeps_five_letters():
    """F is out, A is 0.4/0.77; 1 is greedy, more than there are changes nothing."""
    assert kept(LETTERS, top_k=5) == pytest.approx({t: LETTERS[t] / 0.77 for t in "ABCDE"})
    assert kept(LETTERS, top_k=1) == {"A": 1}
    assert kept(LETTERS, top_k=99) == pytest.approx({t: p / 0.78 for t, p in LETTERS.items()})


def test_ties_go_to_the_token_listed_first():
    """Table before chair; greedily too."""
    assert list(kept("cat", top_k=2)) == ["mat", "table"]
    assert kept({"b": 0.5, "a": 0.5}, temperature=0) == {"b": 1}


@pytest.mark.parametrize("rest", [True, False])
def test_top_p_of_0_6_keeps_a_and_b(rest):
    """Whether the unlisted 0.22 are there or renormalised away; a strict rule in float32 would keep C."""
    tail = {f"unlisted {i}": 0.005 for i in range(44)} if rest else {}
    found = kept(LETTERS | tail, top_p=0.6)
    assert found == pytest.approx({"A": 2 / 3, "B": 1 / 3})
    raw = np.array(list((LETTERS | tail).values()), np.float32)
    shifted = np.concatenate([[False], np.cumsum(raw) > np.float32(0.6)])[:-1]
    assert (~shifted).sum() == 3


def test_the_nucleus_adapts():
    """One token of 0.95 is enough; of 100 equal ones 60 are needed; all at 1."""
    assert len(kept({"sure": 0.95, "not": 0.05}, top_p=0.6)) == 1
    hundred = {str(i): 0.01 for i in range(100)}
    assert (len(kept(hundred, top_p=0.6)), len(kept(hundred, top_p=1))) == (60, 100)


@pytest.mark.parametrize(
    ("temperature", "tokens", "first"), [(0.5, "AB", 0.8), (1, "ABC", 0.5714), (2, "ABCD", 0.3905)]
)
def test_all_three_together(temperature, tokens, first):
    """The chapter's table with top_k 5 and top_p 0.9."""
    found = kept(LETTERS, temperature=temperature, top_k=5, top_p=0.9)
    assert ("".join(found), found["A"]) == (tokens, pytest.approx(first, abs=1e-4))


def test_the_letters_at_one_half():
    """0.751174 … 0.000469."""
    expected = [0.751174, 0.187793, 0.046948, 0.011737, 0.001878, 0.000469]
    assert list(kept(LETTERS, temperature=0.5).values()) == pytest.approx(expected, abs=1e-6)


def test_draws_follow_the_probabilities():
    """10,000 sports lie within three standard deviations: 4,167 ± 148, 3,750 ± 145, 2,083 ± 122."""
    counts = sample_next_token("sport", n=10_000)["counts"]
    for sport, p in SPORT.items():
        share = p / 0.48
        assert abs(counts[sport] - 10_000 * share) <= 3 * np.sqrt(10_000 * share * (1 - share))


def test_strategies():
    """Greedy always says mat; factual draws are less varied than creative ones; a seed repeats them."""
    assert sample_next_token("cat", "greedy", 5)["tokens"] == ["mat"] * 5
    assert sample_next_token("sport", "greedy")["tokens"] == ["basketball"]
    varied = {s: len(set(sample_next_token(LETTERS, s, 20)["tokens"])) for s in ("factual", "creative")}
    assert varied["factual"] < varied["creative"]
    assert sample_next_token("cat", n=20, seed=5) == sample_next_token("cat", n=20, seed=5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: next_token_probabilities("dog"), "probabilities must be one of cat, sport; got 'dog'."),
        (lambda: next_token_probabilities({}), "probabilities must be at least 0, at least one above; got {}."),
        (
            lambda: next_token_probabilities({"a": -1.0, "b": 2.0}),
            "probabilities must be at least 0, at least one above; got {'a': -1.0, 'b': 2.0}.",
        ),
        (lambda: next_token_probabilities("cat", -1), "temperature must be at least 0; got -1."),
        (lambda: next_token_probabilities("cat", top_k=0), "top_k must be a whole number of at least 1; got 0."),
        (lambda: next_token_probabilities("cat", top_p=0), "top_p must be above 0 and at most 1; got 0."),
        (
            lambda: sample_next_token("cat", "wild"),
            "strategy must be one of greedy, factual, creative, sample; got 'wild'.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
