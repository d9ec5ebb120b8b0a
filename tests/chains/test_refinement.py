"""A batch refines logits: on points in a plane, where one sees what is right."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.chains.few_shot import softmax
from rag_app.chains.refinement import refine_logits

POINTS = np.array([[1, 0], [0, 1]], np.float32)


def cloud(centre, n, spread, seed):
    """Texts around a point; the second number is the larger spread."""
    rng = np.random.default_rng(seed)
    return (np.array(centre) + rng.normal(size=(n, 2)) * np.array(spread)).astype(np.float32)


def refine(vectors, points=POINTS, n_examples=(0, 0), sharpness=6):
    """Refined logits from those of products with the points, and those."""
    logits = sharpness * vectors @ points.T
    return refine_logits(vectors, logits, points, np.array(n_examples)), logits


def test_a_batch_finds_where_labels_lie():
    """Two clouds that both lie nearer to one label, one a little less so: the batch tells them apart."""
    vectors = np.vstack([cloud((1.0, 0.2), 60, (0.1, 0.1), 0), cloud((0.9, 0.8), 60, (0.1, 0.1), 1)])
    actual = np.repeat([0, 1], 60)
    refined, logits = refine(vectors)
    assert (logits.argmax(axis=1) == actual).mean() < 0.8
    assert (refined.argmax(axis=1) == actual).mean() > 0.9


def test_a_label_without_texts_stays_where_it_was():
    """A batch of one label is not divided between two."""
    vectors = cloud((1, 0.3), 100, (0.1, 0.1), 2)
    refined, logits = refine(vectors)
    assert (refined.argmax(axis=1) == 0).mean() >= (logits.argmax(axis=1) == 0).mean() - 0.05


def test_the_batch_is_as_certain_as_its_texts_alone():
    """On average of the largest probability."""
    refined, logits = refine(np.vstack([cloud((1, 0.2), 30, (0.2, 0.2), 3), cloud((0.3, 1), 30, (0.2, 0.2), 4)]))
    assert softmax(refined).max(axis=1).mean() == pytest.approx(softmax(logits).max(axis=1).mean(), abs=1e-3)


def test_examples_make_the_batch_count_less():
    """With many of them the logits hardly change."""
    vectors = np.vstack([cloud((1, 0.2), 40, (0.1, 0.1), 5), cloud((0.9, 0.8), 40, (0.1, 0.1), 6)])
    few, logits = refine(vectors)
    many, _ = refine(vectors, n_examples=(1000, 1000))
    assert np.abs(softmax(many) - softmax(logits)).max() < 0.05 < np.abs(softmax(few) - softmax(logits)).max()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_texts_that_do_not_differ(n):
    """There is no covariance then; the result is finite and the same for all."""
    refined, logits = refine(np.tile(np.array([[0.8, 0.6]], np.float32), (n, 1)))
    assert np.isfinite(refined).all()
    assert (refined.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_the_order_of_texts_does_not_matter():
    """Each text's logits are the same in any order."""
    vectors = np.vstack([cloud((1, 0.2), 20, (0.2, 0.2), 7), cloud((0.3, 1), 20, (0.2, 0.2), 8)])
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_allclose(refine(vectors[order])[0], refine(vectors)[0][order], rtol=1e-3, atol=1e-3)
