"""Text vectorisation against scikit-learn's vectorisers, Keras' formulas and the course's dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.vectorisation import TextVectoriser

TEXTS = ["the fat cat", "the hat", "a cat in the hat sat on the mat"]
PATTERN = r"(?u)\b\w+\b"


def _columns(vectoriser, rows):
    """Return the columns in alphabetical order, as scikit-learn has them."""
    return np.array(rows)[:, np.argsort(vectoriser.vocabulary_)]


def test_the_dictionary_of_the_course():
    """Ids in the order of appearance; the chapter's table of modes for "the cat in the hat"."""
    made = {
        mode: TextVectoriser(mode=mode, order="appearance", reserve=0)
        .fit(["the fat cat in your hat"])
        .transform(["the cat in the hat"])[0]
        for mode in ("int", "one_hot", "multi_hot", "count")
    }
    assert made["int"] == [0, 2, 3, 0, 5]
    assert (len(made["one_hot"]), made["one_hot"][0]) == (5, [1, 0, 0, 0, 0, 0])
    assert made["multi_hot"] == [1, 0, 1, 1, 0, 1]
    assert made["count"] == [2, 0, 1, 1, 0, 1]


def test_keras_reserves_the_first_ids():
    """0 for padding, 1 for unknown words, then by frequency; vectors have no place for padding."""
    layer = TextVectoriser().fit(["the fat cat in the hat"])
    assert layer.vocabulary_ == ["", "[UNK]", "the", "fat", "cat", "in", "hat"]
    assert layer.transform(["The dog!"]) == [[2, 1]]
    count = TextVectoriser(mode="count").fit(["the fat cat in the hat"])
    assert count.transform(["the dog, the fog"]) == [[2, 2, 0, 0, 0, 0]]
    assert TextVectoriser(reserve=1).fit(["a b"]).transform(["b z"]) == [[2, 0]]


@pytest.mark.parametrize("mode", ["count", "multi_hot"])
def test_counts_agree_with_scikit_learn(mode):
    """Where nothing is reserved."""
    theirs = CountVectorizer(token_pattern=PATTERN, binary=mode == "multi_hot").fit(TEXTS)
    ours = TextVectoriser(mode=mode, reserve=0).fit(TEXTS)
    new = [*TEXTS, "cat cat dog", ""]
    assert _columns(ours, ours.transform(new)).tolist() == theirs.transform(new).toarray().tolist()


def test_tf_idf_agrees_with_scikit_learn():
    """Each vector of length 1, but for a text without a known word."""
    theirs = TfidfVectorizer(token_pattern=PATTERN).fit(TEXTS)
    ours = TextVectoriser(mode="tf_idf", reserve=0, idf="sklearn").fit(TEXTS)
    new = [*TEXTS, "cat cat dog", ""]
    np.testing.assert_allclose(_columns(ours, ours.transform(new)), theirs.transform(new).toarray())


def test_tf_idf_of_keras_follows_its_formula():
    """Two texts: 0.510826 for a word in both, 0.693147 for one in one of them."""
    layer = TextVectoriser(mode="tf_idf", reserve=0).fit(["the fat cat", "the hat"])
    row = dict(zip(layer.vocabulary_, layer.transform(["the cat"])[0], strict=True))
    assert (row["the"], row["cat"]) == (pytest.approx(0.510826, abs=1e-6), pytest.approx(0.693147, abs=1e-6))


def test_one_hot_times_weights_is_a_look_up():
    """What an embedding layer does."""
    weights = np.arange(12.0).reshape(6, 2)
    layer = TextVectoriser(order="appearance", reserve=0).fit(["the fat cat in your hat"])
    hot = TextVectoriser(mode="one_hot", order="appearance", reserve=0).fit(["the fat cat in your hat"])
    looked_up = weights[layer.transform(["cat hat"])[0]]
    assert (np.array(hot.transform(["cat hat"])[0]) @ weights).tolist() == looked_up.tolist()


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
def test_no_texts_and_no_words(mode):
    """Nothing comes of nothing."""
    layer = TextVectoriser(mode=mode).fit(["a b"])
    assert layer.transform([]) == []
    assert np.sum(layer.transform([""])[0]) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TextVectoriser().fit("one"), "X must be a list of texts, at least 1; got 'one'."),
        (lambda: TextVectoriser().fit([]), "X must be a list of texts, at least 1; got []."),
        (lambda: TextVectoriser().fit([3]), "X must be a list of texts, at least 1; got [3]."),
        (lambda: TextVectoriser(reserve=3).fit(["a"]), "reserve must be one of 0, 1, 2; got 3."),
        (
            lambda: TextVectoriser(mode="bag").fit(["a"]),
            "mode must be one of int, count, tf_idf, one_hot, multi_hot; got 'bag'.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
