"""Animals as thirteen numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.attribute_embedding import ANIMALS, ATTRIBUTES, animal_embedding, most_similar_animals


def test_every_animal_has_four_of_thirteen_coordinates():
    """One in each block, so that the length is 2; all 108 differ."""
    vectors = [animal_embedding(*values) for values in itertools.product(*ATTRIBUTES.values())]
    assert {len(v) for v in vectors} == {13}
    assert {float(np.linalg.norm(v)) for v in vectors} == {2.0}
    assert {tuple(sum(v[i:j]) for i, j in ((0, 3), (3, 6), (6, 9), (9, 13))) for v in vectors} == {(1, 1, 1, 1)}
    assert len({tuple(v) for v in vectors}) == 3 * 3 * 3 * 4


def test_the_tiger_of_the_course():
    """Wolf 3/4, shark 2/4, sparrow 0."""
    found = {f["name"]: f["similarity"] for f in most_similar_animals("tiger")}
    assert (found["wolf"], found["shark"], found["sparrow"]) == (0.75, 0.5, 0)


def test_similarity_is_the_share_of_equal_attributes():
    """For every pair, most similar first."""
    for name in ANIMALS:
        found = most_similar_animals(name)
        for other in found:
            shared = sum(a == b for a, b in zip(ANIMALS[name], ANIMALS[other["name"]], strict=True))
            assert other["similarity"] == shared / 4
        assert [f["similarity"] for f in found] == sorted((f["similarity"] for f in found), reverse=True)


def test_own_animals():
    """A single one has no other."""
    frog = ["small", "carnivore", "aquatic", "swimming"]
    assert most_similar_animals("frog", {"frog": frog}) == []
    assert most_similar_animals("frog", {"frog": frog, "newt": frog}) == [{"name": "newt", "similarity": 1.0}]


def test_mistakes_are_named():
    """Attributes, animals, and attributes that are missing."""
    with pytest.raises(InvalidInputError, match="size must be one of small, medium, large; got 'huge'"):
        animal_embedding("huge", "carnivore", "aquatic", "flying")
    with pytest.raises(InvalidInputError, match=r"name must be one of tiger, .*; got 'unicorn'"):
        most_similar_animals("unicorn")
    with pytest.raises(InvalidInputError, match=r"animals must have size, diet, habitat and movement each; got \['sm"):
        most_similar_animals("frog", {"frog": ["small"]})
