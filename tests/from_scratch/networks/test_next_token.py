"""Networks that continue a sequence."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.next_token import (
    ARCHITECTURES,
    character_network,
    counted_loss,
    generate,
    language_network,
    next_token_loss,
    sequence_log_probabilities,
)

TEXT = "the cat sat on the mat. " * 2


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_text_is_learnt(architecture):
    """It begins near ln V; the loss falls, and the network writes the text on."""
    result = character_network(TEXT, architecture, window=8, hidden=16, n_epochs=40)
    assert result["initial_loss"] == pytest.approx(result["uniform_loss"], abs=0.4)
    assert result["losses"][-1] < result["losses"][0] / 4
    assert result["perplexity"] == pytest.approx(np.exp(result["final_loss"]))
    assert result["accuracy"] > 0.85
    assert result["sample"][:20] == TEXT[:20]
    assert len(result["sample"]) == len(TEXT)


def test_a_seed_decides():
    """The same seed gives the same numbers, another gives others."""
    first, again, other = (character_network("abab" * 4, "rnn", 3, 4, 2, seed) for seed in (0, 0, 1))
    assert first == again
    assert first["losses"] != other["losses"]


def test_a_recurrent_network_sees_no_future():
    """A changed last token leaves earlier scores as they are."""
    for architecture in ARCHITECTURES:
        network = language_network(architecture, 5, 4, 8, seed=0)
        before, after = (network(np.array([[1, 2, 3, last]])).data[0] for last in (0, 4))
        assert np.array_equal(before[:3], after[:3])
        assert not np.array_equal(before[3], after[3])


def _counting(tokens):
    """Return scores that foresee the next number, modulo 5, with logit 2."""
    return Tensor(2.0 * ((tokens[..., None] + 1) % 5 == np.arange(5)))


def test_the_loss_is_of_the_token_that_follows():
    """Right each time: -ln(e² / (e² + 4)); wrong each time: -ln(1 / (e² + 4))."""
    right = np.log((np.exp(2) + 4) / np.exp(2))
    assert next_token_loss(_counting, np.array([[1, 2, 3]])).item() == pytest.approx(right)
    assert next_token_loss(_counting, np.array([[1, 1, 1]])).item() == pytest.approx(right + 2)


def test_a_step_of_learning_by_hand():
    """Three next words from logits of 0: loss ln 3 = 1.0986, gradient 1/3, -2/3, 1/3; a step of 1 leaves 0.5514."""
    logits = Tensor(np.zeros((1, 1, 3)), requires_grad=True)
    tokens = np.array([[0, 1]])
    loss = next_token_loss(lambda _: logits, tokens)
    loss.backward()
    assert loss.item() == pytest.approx(1.0986, abs=1e-4)
    assert logits.grad[0, 0] == pytest.approx([1 / 3, -2 / 3, 1 / 3])
    after = Tensor(logits.data - logits.grad)
    assert next_token_loss(lambda _: after, tokens).item() == pytest.approx(0.5514, abs=1e-4)


def test_only_what_counts_counts():
    """The loss of the chosen targets alone, without a gradient elsewhere."""
    counted = np.array([[True, True, False]])
    wrong_at_the_end = next_token_loss(_counting, np.array([[1, 2, 0]]), counted)
    assert wrong_at_the_end.item() == pytest.approx(next_token_loss(_counting, np.array([[1, 2, 3]])).item())
    scores = Tensor(np.zeros((1, 3, 5)), requires_grad=True)
    counted_loss(scores, np.array([[1, 2, 3]]), counted).backward()
    assert scores.grad[0, :2].any(axis=1).all()
    assert not scores.grad[0, 2].any()


def test_generation_appends():
    """The likeliest token each time, and the network is shown the last ones only."""
    assert generate(_counting, np.array([[0], [3]]), 3).tolist() == [[0, 1, 2, 3], [3, 4, 0, 1]]
    lengths = []

    def noting(tokens):
        lengths.append(tokens.shape[1])
        return _counting(tokens)

    generate(noting, np.array([[0, 1]]), 3, longest=3)
    assert lengths == [2, 3, 3]


def test_draws_have_the_networks_probabilities():
    """Of 4,000 draws e² / (e² + 4) foresee the next number, within three standard deviations; colder ones more."""
    rng = np.random.default_rng(0)
    share = (generate(_counting, np.zeros((4000, 1), int), 1, rng=rng)[:, 1] == 1).mean()
    expected = np.exp(2) / (np.exp(2) + 4)
    assert abs(share - expected) < 3 * np.sqrt(expected * (1 - expected) / 4000)
    cold = (generate(_counting, np.zeros((4000, 1), int), 1, rng=rng, temperature=0.2)[:, 1] == 1).mean()
    assert cold > 0.99


def test_log_probabilities_of_texts_add_up():
    """Those of the tokens that count; their gradient is that of their sum."""
    tokens = np.array([[1, 2, 3], [1, 2, 2]])
    right, wrong = np.log(np.exp(2) / (np.exp(2) + 4)), -np.log(np.exp(2) + 4)
    everywhere = sequence_log_probabilities(_counting, tokens, np.ones((2, 3), bool))
    assert np.allclose(everywhere.data, [2 * right, right + wrong])
    last = sequence_log_probabilities(_counting, tokens, np.array([[False, False, True]] * 2))
    assert np.allclose(last.data, [right, wrong])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("aaaa", "rnn", 2), "text must be longer than the window of 2, with two different characters; got 'aaaa'."),
        (("ab", "rnn", 2), "text must be longer than the window of 2, with two different characters; got 'ab'."),
        (("abab", "tree"), "architecture must be one of rnn, lstm, gru, transformer; got 'tree'."),
        (("abab", "transformer", 2, 6), "hidden must be a multiple of n_heads, 4; got 6."),
        (("abab", "rnn", 0), "window must be a whole number of at least 1; got 0."),
        (("abab", "rnn", 2, 4, 0), "n_epochs must be a whole number of at least 1; got 0."),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        character_network(*arguments)
    assert str(caught.value) == message
