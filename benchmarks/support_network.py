"""The network of `rag_app.reading.support_network` in torch, to be trained.

It learns from all statements and words that people found unsupported, from half of the supported ones, which are many,
and from contradictions of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from support_examples import ANSWER, CLAIM, FROM_DATA, MADE, Example, split
from torch import nn
from torch.nn import functional

from rag_app.reading.support_features import STATEMENT_NAMES
from rag_app.reading.support_network import CONVENTIONS, N_HEADS, RELATIONS, WEIGHTS, relate
from rag_app.reading.support_pairs import FEATURE_NAMES

N_LAYERS, WIDTH, N_INNER, N_HIDDEN = 2, 96, 192, 64
_VECTOR = 384
_DROPOUT = 0.15
_RATE, _N_PASSES, _SIZE, _WARM_UP = 1.5e-3, 3, 32, 0.05
_OF_SUPPORTED, _OF_MADE, _OF_ORIGINALS = 0.5, 0.4, 0.25  # shares that are learnt from
_LEAST_SPREAD = 0.05


@dataclass
class Batch:
    """Examples of about one length."""

    vectors: torch.Tensor
    features: torch.Tensor
    of_statement: torch.Tensor
    relations: torch.Tensor
    shown: torch.Tensor
    stated: torch.Tensor
    marks: torch.Tensor
    convention: torch.Tensor
    unsupported: torch.Tensor


class Layer(nn.Module):
    """Each word takes up what those say that it has to do with."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.asked = nn.Linear(WIDTH, 3 * WIDTH)
        self.related = nn.Linear(len(RELATIONS), N_HEADS, bias=False)
        self.joined = nn.Linear(WIDTH, WIDTH)
        self.inner, self.outer = nn.Linear(WIDTH, N_INNER), nn.Linear(N_INNER, WIDTH)

    def forward(self, x: torch.Tensor, relations: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return the next layer's input."""
        n, length, _ = x.shape
        query, key, value = self.asked(self.before(x)).view(n, length, 3, N_HEADS, -1).permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
        scores = scores + self.related(relations).permute(0, 3, 1, 2) + hidden
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(n, length, WIDTH)
        x = x + functional.dropout(self.joined(mixed), _DROPOUT, self.training)
        inner = self.outer(functional.gelu(self.inner(self.after(x)), approximate="tanh"))
        return x + functional.dropout(inner, _DROPOUT, self.training)


class Network(nn.Module):
    """Says in each convention how likely a statement, and each of its words, is unsupported."""

    def __init__(self, scales: tuple[np.ndarray, ...]) -> None:
        super().__init__()
        n, m = len(FEATURE_NAMES), len(STATEMENT_NAMES)
        torch.manual_seed(0)
        for name, values in zip(("mean", "spread", "mean_whole", "spread_whole"), scales, strict=True):
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32))
        self.of_vectors = nn.Linear(_VECTOR, WIDTH, bias=False)
        self.of_features = nn.Linear(n, WIDTH)
        self.layers = nn.ModuleList([Layer() for _ in range(N_LAYERS)])
        self.normed = nn.LayerNorm(WIDTH)
        self.of_words = nn.Linear(WIDTH, len(CONVENTIONS))
        self.hidden = nn.Linear(2 * WIDTH + 2 * len(CONVENTIONS) + m, N_HIDDEN)
        self.output = nn.Linear(N_HIDDEN, len(CONVENTIONS))

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the log-odds of statements, (n, n_conventions), and of their words."""
        features = (batch.features - self.mean) / self.spread
        x = 4 * self.of_vectors(batch.vectors) + self.of_features(features)
        x = functional.dropout(x, _DROPOUT, self.training)
        hidden = (~batch.shown)[:, None, None] * -1e4
        for layer in self.layers:
            x = layer(x, batch.relations, hidden)
        x = self.normed(x)
        odds = self.of_words(x)
        stated = batch.stated[..., None]
        likely = odds.sigmoid() * stated
        pooled = torch.cat(
            [
                (x * stated).sum(1) / stated.sum(1),
                x.masked_fill(~stated, -1e4).max(1).values,
                odds.masked_fill(~stated, -1e4).max(1).values / 4,
                likely.sum(1).log1p(),
                (batch.of_statement - self.mean_whole) / self.spread_whole,
            ],
            1,
        )
        pooled = functional.dropout(pooled, _DROPOUT, self.training)
        return self.output(functional.gelu(self.hidden(pooled), approximate="tanh")), odds


def learn_network(examples: Sequence[Example]) -> Network:
    """Return a network that was trained on examples."""
    random = np.random.default_rng(0)
    chosen = [e for e in examples if random.random() < _share(e)]
    supported = [e for e in examples if e.convention in {ANSWER, FROM_DATA} and not e.unsupported]
    chosen += [replace(e, convention=MADE) for e in supported if random.random() < _OF_ORIGINALS]
    network = Network(_scales(chosen))
    _train(network, chosen, random)
    return network


def read_across(examples: Sequence[Example], n_folds: int) -> np.ndarray:
    """Return the log-odds of examples, (n, n_conventions), by networks that saw nothing of their sources."""
    folds = np.zeros(len(examples), int)
    for name in {e.of_set for e in examples}:
        own = [i for i, e in enumerate(examples) if e.of_set == name]
        folds[own] = split([examples[i].source for i in own], n_folds)
    odds = np.zeros((len(examples), len(CONVENTIONS)))
    for fold in range(n_folds):
        network = learn_network([e for e, f in zip(examples, folds, strict=True) if f != fold])
        left_out = np.flatnonzero(folds == fold)
        odds[left_out] = predict(network, [examples[i] for i in left_out])
    return odds


def store(network: Network) -> None:
    """Write the weights into the package, as half-precision numbers."""
    np.savez(WEIGHTS, **{name: values.numpy().astype(np.float16) for name, values in network.state_dict().items()})


@torch.no_grad()
def predict(network: Network, examples: Sequence[Example]) -> np.ndarray:
    """Return the log-odds of examples, (n, n_conventions)."""
    network.eval()
    odds = np.zeros((len(examples), len(CONVENTIONS)))
    order = np.argsort([len(e.pair.places) for e in examples], kind="stable")
    for start in range(0, len(order), _SIZE):
        chosen = order[start : start + _SIZE]
        odds[chosen] = network(_batch([examples[i] for i in chosen]))[0].numpy()
    return odds


def _share(e: Example) -> float:
    if e.convention == MADE:
        return _OF_MADE
    return 1.0 if e.unsupported or e.convention == CLAIM else _OF_SUPPORTED


def _scales(examples: Sequence[Example]) -> tuple[np.ndarray, ...]:
    """Return means and spreads of what is measured of words and of statements."""
    words, whole = np.concatenate([e.pair.features for e in examples]), np.array([e.of_statement for e in examples])
    return words.mean(0), words.std(0) + _LEAST_SPREAD, whole.mean(0), whole.std(0) + _LEAST_SPREAD


def _batch(examples: Sequence[Example]) -> Batch:
    n, length = len(examples), max(len(e.pair.places) for e in examples)
    vectors = np.zeros((n, length, _VECTOR), np.float32)
    features = np.zeros((n, length, len(FEATURE_NAMES)), np.float32)
    relations = np.zeros((n, length, length, len(RELATIONS)), np.float32)
    shown, stated, marks = np.zeros((n, length), bool), np.zeros((n, length), bool), np.full((n, length), -1)
    for i, e in enumerate(examples):
        k = len(e.pair.places)
        vectors[i, :k], features[i, :k] = e.pair.vectors, e.pair.features
        relations[i, :k, :k] = relate(replace(e.pair, vectors=vectors[i, :k]))
        shown[i, :k], stated[i, : e.pair.n_stated] = True, True
        marks[i, : len(e.marks)] = e.marks
    return Batch(
        *(torch.as_tensor(a) for a in (vectors, features)),
        torch.as_tensor(np.array([e.of_statement for e in examples]), dtype=torch.float32),
        *(torch.as_tensor(a) for a in (relations, shown, stated, marks)),
        torch.as_tensor([e.convention for e in examples]),
        torch.as_tensor([float(e.unsupported) for e in examples]),
    )


def _train(network: Network, examples: Sequence[Example], random: np.random.Generator) -> None:
    batches = [b for _ in range(_N_PASSES) for b in _shuffled(examples, random)]
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _RATE, total_steps=len(batches), pct_start=_WARM_UP, anneal_strategy="linear"
    )
    network.train()
    for chosen in batches:
        batch = _batch(chosen)
        loss = _loss(batch, *network(batch))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()


def _loss(batch: Batch, odds: torch.Tensor, of_words: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(odds))
    of_statement = functional.binary_cross_entropy_with_logits(odds[rows, batch.convention], batch.unsupported)
    marked = batch.marks >= 0
    chosen = of_words[rows, :, batch.convention]
    return of_statement + functional.binary_cross_entropy_with_logits(chosen[marked], batch.marks[marked].float())


def _shuffled(examples: Sequence[Example], random: np.random.Generator) -> list[list[Example]]:
    """Return batches of examples of about one length, in random order."""
    order = random.permutation(len(examples))
    batches = []
    for i in range(0, len(order), 40 * _SIZE):
        by_length = sorted(order[i : i + 40 * _SIZE], key=lambda j: len(examples[j].pair.places))
        batches += [[examples[j] for j in by_length[k : k + _SIZE]] for k in range(0, len(by_length), _SIZE)]
    return [batches[i] for i in random.permutation(len(batches))]
