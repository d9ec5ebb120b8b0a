"""Prompts that are learnt as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.freezing import freeze
from rag_app.from_scratch.networks.layers import weight
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.optimisers import SGD
from rag_app.from_scratch.networks.soft_prompt import SoftPrompt, soft_prompt_tuning
from rag_app.from_scratch.networks.transformer import Transformer, TransformerConfig


@pytest.mark.parametrize(("n_vectors", "task"), [(1, 0), (2, 2)])
def test_a_prompt_learns_the_task_of_a_frozen_network(n_vectors, task):
    """As well as the word that names it, without a bit of the network changed."""
    found = soft_prompt_tuning(n_vectors, task)
    assert found["unchanged"]
    assert found["n_trained"] == 16 * n_vectors < found["n_frozen"] / 100
    assert found["accuracy_before"] < 0.6
    assert found["accuracy"] > 0.95
    assert found["hard_prompt_accuracy"] > 0.95
    assert found["losses"][-1] < 0.1 * found["losses"][0]
    assert 0 <= found["nearest_token"] < 9


def test_the_vector_of_a_token_is_the_token():
    """A soft prompt that holds real embeddings gives what the tokens give; only it has weights."""
    rng = np.random.default_rng(0)
    network = Transformer(TransformerConfig(5, 6, hidden=8, n_heads=2), rng)
    freeze(network)
    prompt = SoftPrompt(network, 2, rng)
    prompt.vectors.data = network.tokens.table.data[[3, 1]]
    tokens = np.array([[0, 2, 4], [4, 4, 1]])
    hard = np.column_stack([np.full((2, 1), 3), np.full((2, 1), 1), tokens])
    assert prompt(tokens).data == pytest.approx(network(hard).data[:, 2:])
    assert list(prompt.weights()) == [prompt.vectors]


def test_the_toy_of_the_course():
    """ŷ = 2x + 3s on (1, 7), (2, 10), (3, 13): s goes over 1.8 and 1.98 to least squares, 2."""
    x, y, s = np.array([1.0, 2, 3]), np.array([7.0, 10, 13]), weight(np.array(0.0))
    steps = []
    for _ in range(12):
        squared_loss(Tensor(2 * x) + s * 3, y).backward()
        SGD([s], 0.05).step()
        steps.append(s.data.item())
    assert steps[:2] == pytest.approx([1.8, 1.98])
    assert steps[-1] == pytest.approx(np.mean(y - 2 * x) / 3)


def test_mistakes_are_named():
    """Lengths and tasks that there are not."""
    with pytest.raises(InvalidInputError, match="n_vectors must be a whole number of at least 1 and at most 4; got 5"):
        soft_prompt_tuning(5)
    with pytest.raises(InvalidInputError, match="task must be a whole number of at least 0 and at most 2; got 3"):
        soft_prompt_tuning(1, 3)
