"""Encoder–decoders that write strings backwards."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.translation import (
    END,
    PADDING,
    START,
    Seq2Seq,
    string_reversal,
    translate,
    translation_loss,
    translation_network,
)


def test_every_new_string_is_reversed():
    """All of them, looking at the anti-diagonal."""
    result = string_reversal(n_letters=4, longest=4, n_epochs=8)
    assert result["exact_matches"] == 1
    assert all(written == given[::-1] for given, written in result["examples"])
    weights = np.array(result["attention"])
    assert np.allclose(weights.sum(axis=1), 1)
    given = result["examples"][0][0]
    assert weights.argmax(axis=1).tolist() == list(range(len(given)))[::-1]


@pytest.mark.parametrize("architecture", ["rnn", "lstm", "transformer"])
def test_other_networks_learn_it_too(architecture):
    """The loss falls, and most new strings are right."""
    result = string_reversal(architecture, n_letters=6, longest=3, n_epochs=6)
    assert result["losses"][-1] < result["losses"][0] / 4
    assert result["exact_matches"] > 0.7
    assert (result["attention"] is None) == (architecture == "transformer")


def test_without_a_teacher():
    """The decoder reads its own letters in training, and the loss falls as well."""
    result = string_reversal(n_letters=3, longest=2, n_epochs=3, teacher_forcing=False)
    assert result["losses"][-1] < result["losses"][0]
    assert result["exact_matches"] is None  # every one of the few strings was trained on


class _Noting:
    """Foresees letter 3 always, and notes what it reads."""

    def __init__(self):
        self.read = []

    def __call__(self, source, written):  # noqa: ARG002  (what a translator takes)
        self.read.append(written.tolist())
        return Tensor(np.broadcast_to(np.arange(5) == 3, (*written.shape, 5)) * 4.0)


def test_the_teacher_gives_the_truth():
    """A start symbol and the target without its last; alone, what was written."""
    source, target = np.array([[3, 4]]), np.array([[4, 3, END]])
    network = _Noting()
    translation_loss(network, source, target)
    assert network.read == [[[START, 4, 3]]]
    network = _Noting()
    translation_loss(network, source, target, teacher_forcing=False)
    assert network.read[-1] == [[START, 3, 3]]


def test_padding_does_not_count():
    """A longer, padded target has the loss of the short one."""
    source = np.array([[3, 4]])
    short = translation_loss(_Noting(), source, np.array([[3, END]])).item()
    assert translation_loss(_Noting(), source, np.array([[3, END, PADDING]])).item() == pytest.approx(short)


def test_nothing_is_written_after_the_end():
    """Rows that ended are padded while others go on."""

    def ending(source, written):
        scores = np.zeros((*written.shape, 5))
        scores[source[:, 0] == 3, :, END] = 1
        scores[source[:, 0] == 4, :, 4] = 1
        return Tensor(scores)

    written = translate(ending, np.array([[3], [4]]), 3)
    assert written.tolist() == [[END, PADDING, PADDING], [4, 4, 4]]


@pytest.mark.parametrize("architecture", ["gru", "transformer"])
def test_padded_sources_change_nothing(architecture):
    """Scores are those of the unpadded source."""
    network = translation_network(architecture, 6, 5, np.random.default_rng(0))
    written = np.array([[START, 3]])
    short, long = (network(np.array([source]), written).data for source in ([3, 4], [3, 4, PADDING, PADDING]))
    assert np.allclose(short, long)


def test_attention_is_optional():
    """Without it the decoder has the encoder's last state alone, and nothing is looked at."""
    network = Seq2Seq("lstm", 6, 8, np.random.default_rng(0), attention=False)
    assert network(np.array([[3, 4]]), np.array([[START, 3, 4]])).shape == (1, 3, 6)
    assert network.looked_at.size == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"architecture": "cnn"}, "architecture must be one of rnn, lstm, gru, transformer; got 'cnn'."),
        ({"n_letters": 27}, "n_letters must be a whole number of at least 2 and at most 26; got 27."),
        ({"longest": 1}, "longest must be a whole number of at least 2; got 1."),
        ({"n_epochs": 0}, "n_epochs must be a whole number of at least 1; got 0."),
    ],
)
def test_parameters_are_checked(arguments, message):
    """Each is named."""
    with pytest.raises(InvalidInputError) as caught:
        string_reversal(**arguments)
    assert str(caught.value) == message
