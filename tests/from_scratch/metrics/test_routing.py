"""Expert load and routing balance."""

from __future__ import annotations

import math
import re

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.routing import expert_load


@pytest.mark.parametrize(
    ("assignments", "entropy", "cv"),
    [([0, 1, 2, 3], math.log(4), 0), ([0, 0, 0, 1, 1, 2, 0, 3], 1.2130, 0.6124), ([2, 2, 2], 0, 1.7321)],
)
def test_the_table_of_the_course(assignments, entropy, cv):
    """Uniform, uneven and collapsed routing over four experts."""
    found = expert_load(assignments, 4)
    assert (found["entropy"], found["cv"]) == pytest.approx((entropy, cv), abs=5e-5)
    assert found["effective_experts"] == pytest.approx(math.exp(entropy), rel=1e-4)
    assert sum(found["fractions"]) == 1


def test_names_of_experts_and_order_of_tokens_do_not_matter():
    """Only the shares count."""
    found, other = expert_load([0, 0, 1, 2], 3), expert_load([2, 1, 0, 2], 3)
    assert (found["entropy"], found["cv"]) == pytest.approx((other["entropy"], other["cv"]))
    assert expert_load([0], 1) == {"fractions": [1], "entropy": 0, "effective_experts": 1, "cv": 0}


@pytest.mark.parametrize(
    ("assignments", "n", "message"),
    [
        ([], 2, "assignments must be a list of whole numbers, at least one; got []."),
        ([0.5], 2, "assignments must be a list of whole numbers, at least one; got [0.5]."),
        ([[0]], 2, "assignments must be a list of whole numbers, at least one; got [[0]]."),
        ([0, 2], 2, "assignments must be from 0 to 1; got 2."),
        ([-1], 2, "assignments must be from 0 to 1; got -1."),
        ([0], 0, "n_experts must be a whole number of at least 1 and at most 1000000; got 0."),
    ],
)
def test_wrong_input_is_refused(assignments, n, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        expert_load(assignments, n)
