"""Hidden Markov models against enumeration of all paths and the worked figures of the course."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.hmm import HiddenMarkovTagger, forward_backward, viterbi

START, MOVE, EMIT = [0.8, 0.2], [[0.3, 0.7], [0.6, 0.4]], [[0.7, 0.3], [0.1, 0.9]]


def paths(start, move, emit, seen):
    """Return the probability of every path together with the observations."""
    found = {}
    for path in itertools.product(range(len(start)), repeat=len(seen)):
        p = start[path[0]] * emit[path[0]][seen[0]]
        for t in range(1, len(seen)):
            p *= move[path[t - 1]][path[t]] * emit[path[t]][seen[t]]
        found[path] = p
    return found


def test_he_fishes():
    """Noun, verb with 0.3528 of 0.4140; the four paths have 0.0504, 0.3528, 0.0036 and 0.0072."""
    all_paths = paths(START, MOVE, EMIT, [0, 1])
    assert [round(p, 4) for p in all_paths.values()] == [0.0504, 0.3528, 0.0036, 0.0072]
    found, summed = viterbi(START, MOVE, EMIT, [0, 1]), forward_backward(START, MOVE, EMIT, [0, 1])
    assert found["path"] == [0, 1]
    assert math.exp(found["log_probability"]) == pytest.approx(0.3528)
    np.testing.assert_allclose(np.exp(found["trellis"]), [[0.56, 0.02], [0.0504, 0.3528]])
    assert math.exp(summed["log_likelihood"]) == pytest.approx(0.4140)
    assert summed["posteriors"][1][1] == pytest.approx(0.36 / 0.414)


@pytest.mark.parametrize("seed", range(8))
def test_every_path_is_looked_at(seed):
    """The best path, the total and each state's probability are those of a loop over all paths."""
    rng = np.random.default_rng(seed)
    start, move, emit = rng.dirichlet([1] * 3), rng.dirichlet([1] * 3, 3), rng.dirichlet([1] * 4, 3)
    seen = rng.integers(0, 4, 6).tolist()
    all_paths = paths(start, move, emit, seen)
    best, total = max(all_paths, key=all_paths.get), sum(all_paths.values())
    found, summed = viterbi(start, move, emit, seen), forward_backward(start, move, emit, seen)
    assert found["path"] == list(best)
    assert found["log_probability"] == pytest.approx(math.log(all_paths[best]))
    assert summed["log_likelihood"] == pytest.approx(math.log(total))
    for t, state in itertools.product(range(6), range(3)):
        share = sum(p for path, p in all_paths.items() if path[t] == state) / total
        assert summed["posteriors"][t][state] == pytest.approx(share)


def test_states_that_are_best_one_by_one_need_not_make_a_path():
    """Their sequence can contain a move of probability 0."""
    start, move, emit = [0.4, 0.3, 0.3], [[1, 0, 0], [0, 0, 1], [0, 0, 1]], [[1], [1], [1]]
    summed, found = forward_backward(start, move, emit, [0, 0]), viterbi(start, move, emit, [0, 0])
    assert [int(np.argmax(p)) for p in summed["posteriors"]] == [0, 2]
    assert found["path"] == [0, 0]


def test_long_sequences_do_not_underflow():
    """The probability of 5000 observations is no number, its logarithm is."""
    seen = np.random.default_rng(0).integers(0, 2, 5000)
    found, summed = viterbi(START, MOVE, EMIT, seen), forward_backward(START, MOVE, EMIT, seen)
    assert -math.inf < found["log_probability"] < summed["log_likelihood"] < -1000
    np.testing.assert_allclose(np.sum(summed["posteriors"], axis=1), 1)


def test_one_observation_and_one_state():
    """There is one path."""
    assert viterbi([1], [[1]], [[0.5, 0.5]], [1, 0])["path"] == [0, 0]
    assert forward_backward(START, MOVE, EMIT, [1])["log_likelihood"] == pytest.approx(math.log(0.8 * 0.3 + 0.2 * 0.9))


SHAPES = "start, transition and emission must have shapes (s,), (s, s) and (s, o); got "
SEEN = "observations must be whole numbers from 0 to 1, at least one; got "


@pytest.mark.parametrize("function", [viterbi, forward_backward])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], MOVE, EMIT, [0]), "start must be probabilities that sum to 1; got [0.5, 0.6] with sum 1.1."),
        (
            (START, [[0.3, 0.3], [0.6, 0.4]], EMIT, [0]),
            "Each row of transition must be probabilities that sum to 1; got array([0.3, 0.3]) with sum 0.6.",
        ),
        (([1], MOVE, EMIT, [0]), f"{SHAPES}1, (2, 2) and (2, 2)."),
        ((START, MOVE, EMIT[:1], [0]), f"{SHAPES}2, (2, 2) and (1, 2)."),
        ((START, MOVE, EMIT, []), f"{SEEN}[]."),
        ((START, MOVE, EMIT, [2]), f"{SEEN}[2]."),
        ((START, MOVE, EMIT, [-1]), f"{SEEN}[-1]."),
        ((START, MOVE, EMIT, [0.0]), f"{SEEN}[0.0]."),
        (
            (START, MOVE, [[1, 0], [1, 0]], [0, 1]),
            "observations must be possible under these probabilities; got a sequence of probability 0.",
        ),
    ],
)
def test_wrong_input_is_refused(function, arguments, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        function(*arguments)


X = [["he", "fishes"], ["the", "fish", "swims"], ["she", "sees", "the", "fish"], ["fish", "swim"]]
Y = [["N", "V"], ["D", "N", "V"], ["N", "V", "D", "N"], ["N", "V"]]


def test_a_tagger_counts():
    """Shares of smoothed counts, in the order of tags and words, with a column for unknown words."""
    tagger = HiddenMarkovTagger(smoothing=1).fit(X, Y)
    assert tagger.tags_ == ["D", "N", "V"]
    np.testing.assert_allclose(tagger.start_, [2 / 7, 4 / 7, 1 / 7])
    np.testing.assert_allclose(tagger.transition_[1], [1 / 7, 1 / 7, 5 / 7])  # a noun is followed by a verb 4 times
    assert tagger.emission_.shape == (3, len(tagger.words_) + 1)
    assert tagger.emission_[0, tagger.words_.index("the")] == pytest.approx(3 / (2 + 9))
    np.testing.assert_allclose(tagger.emission_.sum(axis=1), 1)


def test_a_tagger_reads_new_sentences():
    """Known words in any case, unknown words by their place."""
    tagger = HiddenMarkovTagger().fit(X, Y)
    assert tagger.predict([["He", "fishes"], ["the", "dog", "barks"]]) == [["N", "V"], ["D", "N", "V"]]
    assert tagger.predict(X) == Y


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HiddenMarkovTagger(smoothing=0).fit(X, Y), "smoothing must be above 0; got 0."),
        (lambda: HiddenMarkovTagger().fit(X, Y[:2]), "X and y must be of equal length; got 4 and 2."),
        (lambda: HiddenMarkovTagger().fit([["a"]], [["N", "V"]]), "X and y must be of equal length; got 1 and 2."),
        (lambda: HiddenMarkovTagger().fit([], []), "X must be lists of words, none of them empty; got '[]'."),
        (lambda: HiddenMarkovTagger().fit([[]], [[]]), "X must be lists of words, none of them empty; got '[[]]'."),
        (
            lambda: HiddenMarkovTagger().fit(["a b"], [["N"]]),
            "X must be lists of words, none of them empty; got \"['a b']\".",
        ),
        (lambda: HiddenMarkovTagger().fit(X, Y).predict("a"), "X must be lists of words, none of them empty; got 'a'."),
    ],
)
def test_a_tagger_refuses_wrong_input(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
