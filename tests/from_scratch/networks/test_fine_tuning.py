"""Supervised fine-tuning."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.fine_tuning import answer_tuning, prompt_gradient, response_loss
from rag_app.from_scratch.networks.next_token import ARCHITECTURES, language_network


def test_only_the_response_counts():
    """The course's example: 0.4581 with the prompt masked, 1.2071 over all four tokens."""
    assert response_loss([0.1, 0.2, 0.5, 0.8], 2) == pytest.approx(0.4581, abs=1e-4)
    assert response_loss([0.1, 0.2, 0.5, 0.8], 0) == pytest.approx(1.2071, abs=1e-4)
    assert response_loss([0.3, 1, 1], 1) == 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_questions_are_answered_afterwards(architecture):
    """Before, a question is continued with the next one."""
    result = answer_tuning(architecture)
    assert result["answer_rate_before"] == 0
    assert set(result["before"]) == {"capital of"}
    assert result["answer_rate_after"] == 1
    assert result["after"][0] == "Delhi <end>"
    assert result["base_losses"][-1] < result["base_losses"][0]
    assert result["losses"][-1] < result["losses"][0]
    assert result["prompt_gradient"] == 0


def test_the_prompt_has_no_gradient_but_the_response_has():
    """With a prompt that is one token longer than it is, the places in between are masked as well."""
    network = language_network("rnn", 6, 5, 8, seed=0)
    tokens = np.array([[0, 1, 2, 3, 4]])
    assert prompt_gradient(network, tokens, 3) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: response_loss([0, 1], 1), "probabilities must be above 0 and at most 1; got 0.0."),
        (lambda: response_loss([1.5, 1], 1), "probabilities must be above 0 and at most 1; got 1.5."),
        (lambda: response_loss([1, 1], 2), "n_prompt must be a whole number of at least 0 and at most 1; got 2."),
        (lambda: answer_tuning("tree"), "architecture must be one of rnn, lstm, gru, transformer; got 'tree'."),
        (lambda: answer_tuning(n_epochs=0), "n_epochs must be a whole number of at least 1; got 0."),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
