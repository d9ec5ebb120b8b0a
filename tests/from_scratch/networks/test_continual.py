"""Forgetting, and what helps against it."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.continual import catastrophic_forgetting


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_replay_keeps_what_new_rows_alone_wipe_out(seed):
    """Continual learning is more than streaming: the old task falls to guessing, unless some of its rows return."""
    found = catastrophic_forgetting(seed=seed)
    plain, replay = found["plain"], found["replay"]
    assert found["old_accuracy_before"] > 0.95
    assert plain["forgetting"] == found["old_accuracy_before"] - plain["old_accuracy"] > 0.3
    assert replay["forgetting"] < plain["forgetting"] / 2
    assert min(plain["new_accuracy"], replay["new_accuracy"]) > 0.85
    assert replay["losses"][-1] < replay["losses"][0]


def test_mistakes_are_named():
    """More rows than there are."""
    with pytest.raises(InvalidInputError, match="n_replayed must be a whole number of at least 1 and at most 200; got"):
        catastrophic_forgetting(n_replayed=201)
