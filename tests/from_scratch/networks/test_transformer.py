"""The transformer: against torch's layers, its size, its masks and its first loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.masks import earlier
from rag_app.from_scratch.networks.next_token import next_token_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.from_scratch.networks.transformer import Block, Transformer, TransformerConfig, transformer_parameters

RNG = np.random.default_rng(0)
CONFIG = TransformerConfig(n_tokens=7, n_positions=6, n_layers=2, hidden=8, n_heads=2)


def _copy(twin, attention):
    with torch.no_grad():
        parts = (attention.query, attention.key, attention.value)
        twin.in_proj_weight.copy_(torch.tensor(np.vstack([p.W.data.T for p in parts])))
        twin.out_proj.weight.copy_(torch.tensor(attention.output.W.data.T))


def _copy_feed(twin, block):
    _, wide, _, narrow = block.feed.steps
    with torch.no_grad():
        twin.linear1.weight.copy_(torch.tensor(wide.W.data.T))
        twin.linear2.weight.copy_(torch.tensor(narrow.W.data.T))
        for bias in (twin.linear1.bias, twin.linear2.bias):
            bias.zero_()


SIZES = {"d_model": 8, "nhead": 2, "dim_feedforward": 32, "dropout": 0.0, "batch_first": True, "norm_first": True}


def _gelu(x):
    return torch.nn.functional.gelu(x, approximate="tanh")


@pytest.mark.parametrize("causal", [True, False])
def test_a_block_is_torchs(causal):
    """Normalised before, with copied weights, with and without the causal mask."""
    block = Block(8, 2, np.random.default_rng(1))
    twin = torch.nn.TransformerEncoderLayer(**SIZES, activation=_gelu, dtype=torch.float64)
    _copy(twin.self_attn, block.attention)
    _copy_feed(twin, block)
    x = RNG.normal(size=(3, 5, 8))
    theirs = twin(torch.tensor(x), src_mask=torch.tensor(~earlier(5)) if causal else None)
    assert np.allclose(block(Tensor(x), earlier(5) if causal else None).data, theirs.detach().numpy())


def test_a_crossed_block_is_torchs():
    """The decoder's block looks at a memory between the other two parts."""
    block = Block(8, 2, np.random.default_rng(1), crossed=True)
    twin = torch.nn.TransformerDecoderLayer(**SIZES, activation=_gelu, dtype=torch.float64)
    _copy(twin.self_attn, block.attention)
    _copy(twin.multihead_attn, block.crossing)
    _copy_feed(twin, block)
    x, memory = RNG.normal(size=(3, 5, 8)), RNG.normal(size=(3, 4, 8))
    theirs = twin(torch.tensor(x), torch.tensor(memory), tgt_mask=torch.tensor(~earlier(5)))
    assert np.allclose(block(Tensor(x), earlier(5), Tensor(memory)).data, theirs.detach().numpy())


@pytest.mark.parametrize("causal", [True, False])
def test_a_changed_token_reaches_earlier_ones_only_both_ways(causal):
    """GPT's earlier scores stay the same to the bit, BERT's change."""
    network = Transformer(CONFIG, np.random.default_rng(0), causal=causal)
    tokens = np.array([[1, 2, 3, 4, 5]])
    changed = np.array([[1, 2, 3, 4, 6]])
    before, after = network(tokens).data[0, :-1], network(changed).data[0, :-1]
    assert np.array_equal(before, after) == causal


@pytest.mark.parametrize("causal", [True, False])
def test_padding_is_not_seen(causal):
    """Scores at real tokens are those of the unpadded sequence."""
    network = Transformer(CONFIG, np.random.default_rng(0), causal=causal)
    tokens = np.array([[1, 2, 3, 0, 0]])
    padded = network(tokens, tokens != 0).data[0, :3]
    assert np.allclose(padded, network(tokens[:, :3]).data[0])


@pytest.mark.parametrize("config", [CONFIG, TransformerConfig(10, 6, 1, 12, 3)])
def test_the_formula_counts_every_weight(config):
    """What is counted is what there is."""
    network = Transformer(config, np.random.default_rng(0))
    counted = transformer_parameters(config.n_layers, config.hidden, config.n_tokens, config.n_positions)
    assert counted["total"] == sum(w.data.size for w in network.weights())


def test_the_size_of_gpt_2():
    """The course's figures: 124,439,808, of which blocks have 85,054,464; it begins near 10.825."""
    parts = transformer_parameters()
    assert (parts["total"], parts["blocks"]) == (124_439_808, 85_054_464)
    assert parts["initial_loss"] == pytest.approx(10.825, abs=1e-3)


def test_it_begins_near_guessing_and_learns_fifty_tokens_by_heart():
    """From ln V to nearly 0: V = 20, with the text's windows overlapping enough to tell every place."""
    text = np.random.default_rng(0).integers(20, size=50)
    windows = np.lib.stride_tricks.sliding_window_view(text, 11)[::5]
    network = Transformer(TransformerConfig(20, 11, n_layers=1), np.random.default_rng(0))
    assert next_token_loss(network, windows).item() == pytest.approx(np.log(20), abs=0.15)
    plan = Plan(n_epochs=150, batch_size=8)
    fit_network(network, lambda rows: next_token_loss(network, windows[rows], _later(rows)), len(windows), plan, RNG)
    assert next_token_loss(network, windows, _later(np.arange(len(windows)))).item() < 0.05


def _later(rows):
    """Return which tokens are foreseeable: the third and later of each window."""
    return np.broadcast_to(np.arange(11) > 1, (len(rows), 11))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 6, "n_heads": 4}, "hidden must be a multiple of n_heads, 4; got 6."),
        ({"n_layers": 0}, "n_layers must be a whole number of at least 1; got 0."),
        ({"n_tokens": 1}, "n_tokens must be a whole number of at least 2; got 1."),
    ],
)
def test_sizes_are_checked(arguments, message):
    """Each is named."""
    with pytest.raises(InvalidInputError) as caught:
        TransformerConfig(**{"n_tokens": 5, "n_positions": 5, **arguments})
    assert str(caught.value) == message
