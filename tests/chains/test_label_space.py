"""Labels as points, with the real embedder."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.chains.label_space import LabelSpace
from rag_app.chains.labels import Label

FRUIT = Label("fruit", "apples, pears or plums", ("A ripe banana.", "Two lemons."))
TOOL = Label("tool")


@pytest.fixture(scope="module")
def space(minilm):
    """A label with a description and examples, and a name."""
    return LabelSpace(minilm, [FRUIT, TOOL])


def test_an_anchor_is_the_mean_of_phrases(minilm, space):
    """Name, parts and the whole description count alike; the length is one."""
    mean = minilm.embed(FRUIT.phrases).mean(axis=0)
    np.testing.assert_allclose(space.anchors[0], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(space.anchors[1], minilm.embed(["tool"])[0], atol=1e-6)


def test_a_prototype_is_the_mean_of_anchor_and_examples(minilm, space):
    """Without examples it is the anchor."""
    total = space.anchors[0] + minilm.embed(FRUIT.examples).sum(axis=0)
    np.testing.assert_allclose(space.prototypes[0], total / np.linalg.norm(total), atol=1e-6)
    np.testing.assert_array_equal(space.prototypes[1], space.anchors[1])
    np.testing.assert_allclose(space.examples, minilm.embed(FRUIT.examples), atol=1e-6)
    assert space.codes.tolist() == [0, 0]


def test_templates_are_averaged_over_phrases(minilm):
    """Each phrase stands in each template once; braces of a phrase stay."""
    space = LabelSpace(minilm, [Label("a {} b"), TOOL], ["{}", "about {}"])
    mean = minilm.embed(["a {} b", "about a {} b"]).mean(axis=0)
    np.testing.assert_allclose(space.anchors[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_similarity_has_its_zero_where_texts_are_unrelated(minilm, space):
    """One for a point itself; the cosine's order is kept."""
    vectors = minilm.embed(["tool", "a hammer", "a recipe for soup"])
    similarity = space.similarity(vectors, space.anchors)[:, 1]
    assert similarity[0] == pytest.approx(1, abs=1e-5)
    assert similarity[0] > similarity[1] > similarity[2]
    assert abs(similarity[2]) < 0.15
    cosines = vectors @ space.anchors[1]
    np.testing.assert_allclose(similarity, 1 - (1 - cosines) / space.scale, atol=1e-5)


def test_what_is_usual_is_found_by_leaving_each_example_out(minilm):
    """By hand: each example against its label's mean without it, and against the other label's whole mean."""
    labels = [Label(n, examples=tuple(f"{n} number {i}" for i in range(30))) for n in ("apple", "hammer")]
    space = LabelSpace(minilm, labels)
    best = []
    for i, (vector, code) in enumerate(zip(space.examples, space.codes, strict=True)):
        others = [v for j, v in enumerate(space.examples) if space.codes[j] == code and j != i]
        mean = space.anchors[code] + np.sum(others, axis=0)
        points = np.stack([mean / np.linalg.norm(mean), space.prototypes[1 - code]])
        best.append(space.similarity(vector[None], points).max())
    assert space.usual_similarity() == pytest.approx(np.quantile(best, 0.01), abs=1e-5)


@pytest.mark.parametrize("counts", [(24, 25), (60, 0), (0, 0)])
def test_too_few_examples_do_not_tell(minilm, counts):
    """Fewer than fifty, or a label without any."""
    labels = [Label(f"l{n}", examples=tuple(f"{n} number {i}" for i in range(n))) for n in counts]
    assert LabelSpace(minilm, [labels[0], Label("x", examples=labels[1].examples)]).usual_similarity() is None


def test_an_embedder_that_finds_all_alike_is_no_division_by_zero():
    """Similarities stay finite."""

    class Blind:
        def embed(self, texts):
            return np.tile(np.array([1, 0], np.float32), (len(texts), 1))

    space = LabelSpace(Blind(), [Label("a"), Label("b")])
    assert np.isfinite(space.similarity(np.eye(2, dtype=np.float32), space.anchors)).all()
