"""An embedding that a person can read: each coordinate answers one question about an animal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_choice
from rag_app.from_scratch.metrics.similarity import cosine_similarity
from rag_app.registry import register

ATTRIBUTES = {
    "size": ("small", "medium", "large"),
    "diet": ("carnivore", "herbivore", "omnivore"),
    "habitat": ("aquatic", "terrestrial", "arboreal"),
    "movement": ("flying", "running", "swimming", "crawling"),
}
ANIMALS = {
    "tiger": ("large", "carnivore", "terrestrial", "running"),
    "wolf": ("medium", "carnivore", "terrestrial", "running"),
    "shark": ("large", "carnivore", "aquatic", "swimming"),
    "sparrow": ("small", "omnivore", "arboreal", "flying"),
    "horse": ("large", "herbivore", "terrestrial", "running"),
    "dolphin": ("large", "carnivore", "aquatic", "swimming"),
    "snail": ("small", "herbivore", "terrestrial", "crawling"),
}


@register("tool", "M119")
def animal_embedding(size: str, diet: str, habitat: str, movement: str) -> list[float]:
    """Return an animal as 13 numbers: 1 at each of its four attributes and 0 elsewhere.

    Parameters
    ----------
    size : {"small", "medium", "large"}
        Small, medium or large.
    diet : {"carnivore", "herbivore", "omnivore"}
        Carnivore, herbivore or omnivore.
    habitat : {"aquatic", "terrestrial", "arboreal"}
        Aquatic, terrestrial or arboreal.
    movement : {"flying", "running", "swimming", "crawling"}
        Flying, running, swimming or crawling.

    Returns
    -------
    list of float
        3 + 3 + 3 + 4 coordinates, in the order of the values above; their length as a vector is √4 = 2.

    Raises
    ------
    InvalidInputError
        If a value is not among those of its attribute.

    Notes
    -----
    Each attribute is a block of the vector, 1 at its value and 0 at the others. Lampert, Nickisch & Harmeling,
    "Learning to detect unseen object classes by between-class attribute transfer", CVPR (2009).

    Examples
    --------
    >>> animal_embedding("large", "carnivore", "terrestrial", "running")
    [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    """
    given = {"size": size, "diet": diet, "habitat": habitat, "movement": movement}
    for attribute, value in given.items():
        check_choice(attribute, value, ATTRIBUTES[attribute])
    return [float(value == given[attribute]) for attribute, values in ATTRIBUTES.items() for value in values]


@register("tool", "M119")
def most_similar_animals(name: str, animals: Mapping[str, list[str]] | None = None) -> list[dict[str, Any]]:
    """Return the other animals, those that share most attributes with a given one first.

    Parameters
    ----------
    name : str
        One of the animals.
    animals : dict of str to list of str, optional
        Size, diet, habitat and movement of each; by default seven animals, from tiger to snail.

    Returns
    -------
    list of dict
        "name" and "similarity" of each other animal, in [0, 1]; equal ones in the order given.

    Raises
    ------
    InvalidInputError
        If the animal is not among them, or one has not a value for each attribute.

    Notes
    -----
    The cosine is ``shared / (2 · 2)``: a block adds 1 where both values agree, and each vector has length 2. Order is
    not seen: small is no nearer to medium than to large. Lampert, Nickisch & Harmeling, "Learning to detect unseen
    object classes by between-class attribute transfer", CVPR (2009).

    Examples
    --------
    A tiger and a wolf differ in size only: 3 / 4.

    >>> most_similar_animals("tiger")[0]
    {'name': 'wolf', 'similarity': 0.75}
    """
    known = {n: tuple(values) for n, values in (ANIMALS if animals is None else animals).items()}
    check_choice("name", name, known)
    for values in known.values():
        if len(values) != len(ATTRIBUTES):
            msg = f"animals must have size, diet, habitat and movement each; got {list(values)!r}."
            raise InvalidInputError(msg)
    own = animal_embedding(*known[name])
    others = [
        {"name": n, "similarity": cosine_similarity(own, animal_embedding(*values))}
        for n, values in known.items()
        if n != name
    ]
    return sorted(others, key=lambda other: -float(str(other["similarity"])))
