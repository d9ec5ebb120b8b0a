"""Learn corrections of MiniLM's weights with which it reads a question and a sentence together. Needs torch.

Every question has sentences that answer it and others that seemed to: the network learns to tell them apart, and where
in a sentence the answer stands. Only the upper four of its six layers are corrected, by products of two thin matrices.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rag_app.embeddings.minilm import load_tokenizer, weights_path
from rag_app.embeddings.pairs import DOWN, MOST_FIRST, MOST_SECOND, UP
from rag_app.embeddings.weights import read_weights

_N_LAYERS, _N_HEADS, _WIDTH, _EPSILON = 6, 12, 384, 1e-12
_LOWEST = 2  # layers below it stay as they are
_RANK, _HIDDEN = 8, 64
_SCALE = 2.0  # of a correction, while it is learnt
_DROPPED = 0.1
_N_PASSES, _N_TOGETHER, _N_OTHERS, _N_CLOSE = 2, 12, 3, 8
_RATE, _WARM_UP, _DECAY = 1e-3, 0.1, 0.01
_OF_PLACE, _OF_ANSWER = 0.5, 4.0  # weights of the place of the answer, and of the words in it
_SHARE = 0.5  # of what it finds in a sentence's score
_FAR = -1e4


@dataclass(frozen=True)
class Question:
    """A question with sentences that answer it and sentences that do not.

    Parameters
    ----------
    text : str
        The question.
    right, wrong : list of str
        Sentences; the wrong ones that seem to answer best come first.
    answers : tuple of str
        What stands in the right ones; empty where nobody said.
    """

    text: str
    right: list[str]
    wrong: list[str]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class _Pair:
    ids: list[int]
    n_first: int
    marks: list[float]  # of the second text's tokens: in the answer 1, not in it 0, unknown -1


@dataclass(frozen=True)
class _Batch:
    ids: torch.Tensor
    segments: torch.Tensor
    shown: torch.Tensor
    marks: torch.Tensor


def learn_network(questions: Sequence[Question], seed: int = 0) -> dict[str, np.ndarray]:
    """Return the weights that `rag_app.reading.answer_network.AnswerNetwork` takes."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    random = np.random.default_rng(seed)
    network = _Network()
    network.train()
    learnt = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, weight_decay=_DECAY)
    n_steps = _N_PASSES * math.ceil(len(questions) / _N_TOGETHER)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _RATE, total_steps=n_steps + 1, pct_start=_WARM_UP, anneal_strategy="linear"
    )
    encode = _Encoder()
    for n_pass in range(1, _N_PASSES + 1):
        order = random.permutation(len(questions))
        for start in range(0, len(order), _N_TOGETHER):
            chosen = [questions[i] for i in order[start : start + _N_TOGETHER]]
            loss = _loss(network, [_offer(question, encode, random) for question in chosen])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            schedule.step()
        print(f"pass {n_pass} of {_N_PASSES} over {len(questions)} questions", file=sys.stderr)
    return network.stored()


def _offer(question: Question, encode: _Encoder, random: np.random.Generator) -> list[_Pair]:
    """Return one of the right sentences and after it some of the wrong ones, each beside the question."""
    right = question.right[int(random.integers(len(question.right)))]
    wrong = question.wrong[:_N_CLOSE]
    chosen = random.permutation(len(wrong))[:_N_OTHERS]
    known = question.answers or None
    return [encode(question.text, right, known), *(encode(question.text, wrong[i], ()) for i in chosen)]


def _loss(network: _Network, offers: Sequence[Sequence[_Pair]]) -> torch.Tensor:
    pairs = [pair for offer in offers for pair in offer]
    scores = torch.zeros(len(pairs))
    found, marks = [], []
    order = np.argsort([len(p.ids) for p in pairs], kind="stable")
    for half in np.array_split(order, 2):  # of about one length
        batch = _batch([pairs[i] for i in half])
        own, of_tokens = network(batch)
        scores = scores.index_put((torch.as_tensor(half),), own)
        known = batch.marks >= 0
        found.append(of_tokens[known])
        marks.append(batch.marks[known])
    ends = np.cumsum([len(offer) for offer in offers])
    of_questions = torch.tensor_split(scores, torch.as_tensor(ends[:-1]))
    choice = -torch.stack([functional.log_softmax(own, 0)[0] for own in of_questions]).mean()
    place = functional.binary_cross_entropy_with_logits(
        torch.cat(found), torch.cat(marks), pos_weight=torch.tensor(_OF_ANSWER)
    )
    return choice + _OF_PLACE * place


class _Encoder:
    """Makes pairs of texts, and remembers those that it has seen."""

    def __init__(self) -> None:
        self._tokenizer = load_tokenizer()
        self._known: dict[str, tuple[list[int], list[tuple[int, int]]]] = {}

    def __call__(self, question: str, sentence: str, answers: tuple[str, ...] | None) -> _Pair:
        first, _ = self._read(question)
        second, offsets = self._read(sentence)
        second, offsets = second[:MOST_SECOND], offsets[:MOST_SECOND]
        ids = [101, *first[:MOST_FIRST], 102, *second, 102]
        return _Pair(
            ids, len(ids) - len(second) - 1, [*_marks(sentence, offsets, answers), 0.0 if answers == () else -1.0]
        )

    def _read(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        if text not in self._known:
            encoded = self._tokenizer.encode(text, add_special_tokens=False)
            self._known[text] = (encoded.ids, encoded.offsets)
        return self._known[text]


def _marks(text: str, offsets: Sequence[tuple[int, int]], answers: tuple[str, ...] | None) -> list[float]:
    if answers is None:
        return [-1.0] * len(offsets)
    answer = next((a for a in answers if a in text), "")
    start = text.find(answer) if answer else len(text)
    return [float(a < start + len(answer) and b > start) for a, b in offsets]


def _batch(pairs: Sequence[_Pair]) -> _Batch:
    shape = (len(pairs), max(len(p.ids) for p in pairs))
    ids, segments = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    shown, marks = np.zeros(shape, bool), np.full(shape, -1.0, np.float32)
    for i, pair in enumerate(pairs):
        n = len(pair.ids)
        ids[i, :n], shown[i, :n] = pair.ids, True
        segments[i, pair.n_first : n], marks[i, pair.n_first : n] = 1, pair.marks
    return _Batch(*(torch.as_tensor(a) for a in (ids, segments, shown, marks)))


class _Corrected(nn.Module):
    """A layer of MiniLM, with a correction that begins at nothing."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, rank: int) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        n_out, n_in = weight.shape
        self.down = nn.Parameter(torch.randn(rank, n_in) / math.sqrt(n_in)) if rank else None
        self.up = nn.Parameter(torch.zeros(n_out, rank)) if rank else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.linear(x, self.weight, self.bias)
        if self.down is None:
            return y
        return y + functional.linear(functional.linear(x, self.down), self.up) * _SCALE


class _Layer(nn.Module):
    def __init__(self, weights: dict[str, torch.Tensor], key: str, rank: int) -> None:
        super().__init__()
        names = {
            "query": "attention.self.query",
            "key": "attention.self.key",
            "value": "attention.self.value",
            "joined": "attention.output.dense",
            "inner": "intermediate.dense",
            "outer": "output.dense",
        }
        self.keys = {short: f"{key}.{name}" for short, name in names.items()}
        self.parts = nn.ModuleDict(
            {s: _Corrected(weights[f"{k}.weight"], weights[f"{k}.bias"], rank) for s, k in self.keys.items()}
        )
        for name, place in (("attended", "attention.output.LayerNorm"), ("fed", "output.LayerNorm")):
            self.register_buffer(f"{name}_gain", weights[f"{key}.{place}.weight"])
            self.register_buffer(f"{name}_bias", weights[f"{key}.{place}.bias"])

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        n, length, _ = x.shape
        query, key, value = (
            self.parts[p](x).view(n, length, _N_HEADS, -1).transpose(1, 2) for p in ("query", "key", "value")
        )
        scores = query @ key.transpose(2, 3) / math.sqrt(_WIDTH / _N_HEADS) + hidden
        mixed = (torch.softmax(scores, -1).to(value.dtype) @ value).transpose(1, 2).reshape(n, length, _WIDTH)
        x = self._norm(x + self.parts["joined"](mixed), "attended")
        return self._norm(x + self.parts["outer"](functional.gelu(self.parts["inner"](x))), "fed")

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        gain, bias = getattr(self, f"{name}_gain"), getattr(self, f"{name}_bias")
        return functional.layer_norm(x, (_WIDTH,), gain, bias, _EPSILON)


class _Network(nn.Module):
    """MiniLM with corrections, and two layers that weigh what it read."""

    def __init__(self) -> None:
        super().__init__()
        weights = {k: torch.as_tensor(np.array(v)) for k, v in read_weights(weights_path()).items()}
        for name in ("word", "position", "token_type"):
            self.register_buffer(name, weights[f"embeddings.{name}_embeddings.weight"])
        self.register_buffer("gain", weights["embeddings.LayerNorm.weight"])
        self.register_buffer("bias", weights["embeddings.LayerNorm.bias"])
        self.layers = nn.ModuleList(
            _Layer(weights, f"encoder.layer.{i}", _RANK if i >= _LOWEST else 0) for i in range(_N_LAYERS)
        )
        self.hidden, self.output = nn.Linear(3 * _WIDTH, _HIDDEN), nn.Linear(_HIDDEN, 1)
        self.place = nn.Linear(_WIDTH, 1)
        self.dropped = nn.Dropout(_DROPPED)

    def forward(self, batch: _Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the score of each pair, and of each token how likely it is in the answer."""
        x = self.word[batch.ids] + self.position[: batch.ids.shape[1]] + self.token_type[batch.segments]
        x = self.dropped(functional.layer_norm(x, (_WIDTH,), self.gain, self.bias, _EPSILON))
        hidden = torch.where(batch.shown, 0.0, _FAR)[:, None, None]
        with torch.autocast("cpu", torch.bfloat16):
            for layer in self.layers:
                x = layer(x, hidden)
        x = x.float()
        own = (batch.shown & (batch.segments == 1)).unsqueeze(-1)
        mean = (x * own).sum(1) / own.sum(1)
        parts = torch.cat([x[:, 0], mean, x.masked_fill(~own, _FAR).amax(1)], -1)
        scores = self.output(self.dropped(functional.relu(self.hidden(parts))))
        return scores.squeeze(-1), self.place(x).squeeze(-1)

    @torch.no_grad()
    def stored(self) -> dict[str, np.ndarray]:
        """Return what is kept, as half-precision numbers."""
        return {name: values.numpy().astype(np.float16) for name, values in self._kept()}

    def _kept(self) -> Iterator[tuple[str, torch.Tensor]]:
        for layer in self.layers[_LOWEST:]:
            for short, key in layer.keys.items():
                yield f"{key}.weight{UP}", layer.parts[short].up * _SCALE
                yield f"{key}.weight{DOWN}", layer.parts[short].down
        yield from ((f"hidden.{n}", p) for n, p in self.hidden.named_parameters())
        yield from ((f"output.{n}", p * _SHARE) for n, p in self.output.named_parameters())
