"""Learn the directions of stored tokens and the weights of the reader, and write both into the package.

Usage: train_reader.py DATA_FOLDER, with squad/, trec/ and banking77/ in it. The reader learns from SQuAD 2.0 (the eight
titles of the dev half) and from the course's own questions (split dev): weights of what is measured of a sentence, and
corrections of MiniLM for a second look at the best sentences, which SQuAD's impossible questions teach too: what seems
to answer them is marked. The gate learns from TREC and banking77 (train) as well, which neither collection answers.
What is reported is measured on what was left out. Takes an hour on two processors; needs torch.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from answer_network import Question, learn_network
from reading import read_squad, write_squad
from report import write_report

from rag_app import App, build
from rag_app.content import content_dir
from rag_app.embeddings.minilm import MiniLM
from rag_app.embeddings.token_codes import DIRECTIONS
from rag_app.reading.answer_network import WEIGHTS as NETWORK
from rag_app.reading.answer_network import AnswerNetwork, look_again
from rag_app.reading.evidence import WEIGHTS
from rag_app.reading.features import NAMES, WHOLE_NAMES, measure, measure_whole
from rag_app.reading.overlap import stems

_N_DIRECTIONS = 64
_N_TOKENS = 60_000
_N_FOLDS, _N_PROCESSES = 4, 2
_L2 = 3e-3
_STEPS, _RATE = 500, 0.05
_COURSE_WEIGHT = 2.0  # its questions are fewer
_SAME = 0.7
_N_OTHER = 200
_ANSWERABLE = "answerable"
_IMPOSSIBLE_WEIGHT = 0.0  # no similarity tells them from the answerable: they are measured, not learnt from
_REFUSED = 0.025  # of the answerable
_GATE_STEPS = 3000
_FORM = ("new words", "length", "opens a list", "row of a table", "code")
_SIMILAR = np.array([name not in _FORM for name in NAMES])  # more of these never counts against a sentence

Judge = Callable[[str, str], tuple[bool, bool]]
Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Example:
    """A question with its sentences.

    Parameters
    ----------
    group : str
        Questions of one group are left out together.
    features : ndarray of shape (n_sentences, n_features)
        What is measured of each sentence.
    wanted, answers : ndarray of shape (n_sentences,)
        Whether it is to be chosen, and whether it answers too.
    weight : float
        Of the question.
    question : str
        Its text.
    texts : list of str
        The sentences.
    gold : tuple of str
        What stands in those that answer, where people said so.
    answerable : bool
        False where ``wanted`` and ``answers`` are of what only seems to answer.
    """

    group: str
    features: np.ndarray
    wanted: np.ndarray
    answers: np.ndarray
    weight: float
    question: str
    texts: list[str]
    gold: tuple[str, ...] = ()
    answerable: bool = True

    def offered(self, weights: np.ndarray) -> Question | None:
        """Return what a network learns from it, if there are sentences of both kinds."""
        best = np.argsort(-(self.features @ weights), kind="stable")
        right = [self.texts[i] for i in best if self.wanted[i]]
        wrong = [self.texts[i] for i in best if not self.answers[i]]
        return Question(self.question, right, wrong, self.gold) if right and wrong else None


@dataclass(frozen=True)
class Offer:
    """What the passages offer for a question altogether, and whether they hold an answer (1 or 0)."""

    kind: str
    group: str
    whole: np.ndarray
    answerable: float
    weight: float


def main() -> None:
    """Learn, report and write."""
    data = Path(sys.argv[1])
    _write_directions(data / "squad")
    of_squad, of_course = _squad_examples(data), _course_examples(data)
    examples, offers = [*of_squad[0], *of_course[0]], [*of_squad[1], *of_course[1]]
    folds = _folds(examples)
    *of_folds, (learnt, network) = _learn_all(examples, [*folds, set()])
    rows = _validate(examples, folds, of_folds)
    weights = {name: round(float(w), 4) for name, w in zip(NAMES, learnt, strict=True)}
    about = "learnt by benchmarks/train_reader.py from SQuAD 2.0 dev (eight titles) and evals/data/course (dev)"
    whole, bias = _learn_gate(offers)
    stored = {
        "about": about,
        "sentence": weights,
        "whole": {name: round(float(w), 4) for name, w in zip(WHOLE_NAMES, whole, strict=True)},
        "bias": round(bias, 4),
    }
    WEIGHTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    np.savez(NETWORK, **network)
    write_report("train_reader", rows, gate=_validate_gate(offers), n_examples=len(examples), seed=0)


def _write_directions(squad: Path) -> None:
    """Write the principal directions of token vectors."""
    _, paragraphs = read_squad(squad)
    picks = np.random.default_rng(0)
    texts = [list(paragraphs.values())[i] for i in picks.permutation(len(paragraphs))]
    vectors: list[np.ndarray] = []
    minilm = MiniLM()
    while sum(map(len, vectors)) < _N_TOKENS and texts:
        batch, texts = texts[:64], texts[64:]
        vectors += [t.vectors for t in minilm.read_passages(batch)]
    tokens = np.concatenate(vectors)
    found, _, _ = np.linalg.svd(tokens.T @ tokens)
    directions = found[:, :_N_DIRECTIONS]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(_N_DIRECTIONS)])
    np.save(DIRECTIONS, (directions * signs).astype(np.float16))


def _squad_examples(data: Path) -> tuple[list[Example], list[Offer]]:
    with tempfile.TemporaryDirectory() as folder:
        cases = write_squad(data / "squad", Path(folder, "corpus"))
        app = build(data_dir=Path(folder, "index"))
        app.ingest([Path(folder, "corpus")])
        examples, offers = [], []
        for case in cases:
            group = case.source.rpartition("-")[0]
            example, whole = _read(app, case.question, group, _squad_judge(case))
            examples.append(replace(example, gold=case.answers or case.plausible, answerable=bool(case.answers)))
            offers.append(
                Offer(_ANSWERABLE, group, whole, 1.0, 1.0)
                if case.answers
                else Offer("SQuAD 2.0, impossible", group, whole, 0.0, _IMPOSSIBLE_WEIGHT)
            )
        trec, bank = _other_questions(data)
        offers += _offers_elsewhere(app, "general knowledge (TREC) asked of Wikipedia", trec)
        return examples, [*offers, *_offers_elsewhere(app, "other field (banking77) asked of Wikipedia", bank)]


def _course_examples(data: Path) -> tuple[list[Example], list[Offer]]:
    lines = (content_dir("evals") / "data" / "course" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [c for c in map(json.loads, lines) if c["split"] == "dev"]
    with tempfile.TemporaryDirectory() as folder:
        app = build(data_dir=folder)
        app.ingest()
        examples, offers = [], []
        for i, case in enumerate(cases):
            group = f"course {i % _N_FOLDS}"
            example, whole = _read(app, case["question"], group, _course_judge(case), _COURSE_WEIGHT)
            examples += [example] if case["answerable"] else []
            kind = _ANSWERABLE if case["answerable"] else "course, unanswerable"
            offers.append(Offer(kind, group, whole, float(case["answerable"]), _COURSE_WEIGHT))
        squad = [c.question for c in read_squad(data / "squad")[0]]
        trec, bank = _other_questions(data)
        others = [*trec[::3], *bank[::3], *squad[:: len(squad) // _N_OTHER]]
        return examples, [*offers, *_offers_elsewhere(app, "other fields (all) asked of the course", others)]


def _offers_elsewhere(app: App, kind: str, questions: list[str]) -> list[Offer]:
    """Return what the passages offer for questions that they do not answer."""
    offered = (_read(app, question, "", lambda *_: (False, False))[1] for question in questions)
    return [Offer(kind, f"other {i % _N_FOLDS}", whole, 0.0, 1.0) for i, whole in enumerate(offered)]


def _other_questions(data: Path) -> tuple[list[str], list[str]]:
    """Return questions of TREC and of banking77."""
    trec = (data / "trec" / "train_5500.label").read_text(encoding="latin-1").splitlines()
    with (data / "banking77" / "train.csv").open(newline="") as file:
        bank = [row["text"] for row in csv.DictReader(file)]
    asked = [line.split(" ", 1)[1] for line in trec]
    return asked[:: len(asked) // (2 * _N_OTHER)], bank[:: len(bank) // _N_OTHER]


def _squad_judge(case: Any) -> Judge:  # noqa: ANN401  (reading.Case)
    seeming = replace(case, answers=case.answers or case.plausible)
    return lambda source, text: (source == case.source and seeming.is_in(text), seeming.is_in(text))


def _course_judge(case: dict[str, Any]) -> Judge:
    places = [case, *case.get("also", [])]
    wanted = [(p["source"], stems(sentence)) for p in places for sentence in p["evidence"]]

    def judge(source: str, text: str) -> tuple[bool, bool]:
        own = stems(text)
        is_right = any(
            source == place and len(evidence & own) >= _SAME * max(len(evidence), 1) for place, evidence in wanted
        )
        return is_right, is_right

    return judge


def _read(app: App, question: str, group: str, judge: Judge, weight: float = 1.0) -> tuple[Example, np.ndarray]:
    passages = app.search(question)
    aligner = app._aligner  # noqa: SLF001
    asked = aligner.ask(question)
    pages = aligner.align(asked, passages)
    found = [
        (page.passage.source, page.passage.text[u.start - page.passage.start : u.end - page.passage.start])
        for page in pages
        for u in page.units
    ]
    features = measure(asked, pages)
    wanted, answering = np.array([judge(*f) for f in found], bool).reshape(-1, 2).T
    texts = [text for _, text in found]
    return Example(group, features, wanted, answering, weight, question, texts), measure_whole(features, pages)


def _folds(examples: Sequence[Example]) -> list[set[str]]:
    """Return the groups that are left out together."""
    squad = sorted({e.group for e in examples if not e.group.startswith("course")})
    return [{*squad[fold::_N_FOLDS], f"course {fold}"} for fold in range(_N_FOLDS)]


def _learn_all(examples: Sequence[Example], held_out: Sequence[set[str]]) -> list[tuple[np.ndarray, Weights]]:
    """Return the weights and the network learnt without each set of groups; the networks side by side."""
    kept = [[e for e in examples if e.group not in groups] for groups in held_out]
    weights = [_learn([e for e in own if e.answerable]) for own in kept]
    asked = [
        [q for e in own for q in [e.offered(w)] * int(e.weight) if q] for own, w in zip(kept, weights, strict=True)
    ]
    with ProcessPoolExecutor(_N_PROCESSES, get_context("spawn")) as pool:
        return list(zip(weights, pool.map(learn_network, asked), strict=True))


def _validate(
    examples: Sequence[Example], folds: Sequence[set[str]], learnt: Sequence[tuple[np.ndarray, Weights]]
) -> list[dict[str, object]]:
    """Return what the reader reaches on what it has not learnt from, with the network and without it."""
    hits: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for groups, (weights, network) in zip(folds, learnt, strict=True):
        second_look = AnswerNetwork(network)
        for e in examples:
            if e.answerable and e.group in groups:
                name = "course, other questions" if e.group.startswith("course") else "SQuAD 2.0, other titles"
                scores = e.features @ weights
                looked = look_again(second_look, e.question, e.texts, scores)
                for by, own in (("what is measured", scores), ("and a second look", looked)):
                    best = e.answers[np.argsort(-own, kind="stable")[:2]]
                    hits.setdefault((name, by), []).append((bool(best[:1].any()), bool(best.any())))
    return [
        {
            "questions": name,
            "by": by,
            "n": len(found),
            "first sentence answers": float(np.mean([f for f, _ in found])),
            "one of the first two": float(np.mean([t for _, t in found])),
        }
        for (name, by), found in hits.items()
    ]


def _learn_gate(offers: Sequence[Offer]) -> tuple[np.ndarray, float]:
    """Return non-negative weights of a logistic regression, and the bias that refuses one answerable question in 40."""
    features = np.stack([o.whole for o in offers])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    scaled = (features - mean) / spread
    right = np.array([o.answerable for o in offers])
    share = np.array([o.weight for o in offers]) / sum(o.weight for o in offers)
    weights, bias = np.zeros(scaled.shape[1]), 0.0
    for _ in range(_GATE_STEPS):
        error = share * (1 / (1 + np.exp(-(scaled @ weights + bias))) - right)
        weights = np.maximum(weights - scaled.T @ error, 0)
        bias -= error.sum()
    weights /= spread
    return weights, -float(np.quantile((features @ weights)[right == 1], _REFUSED))


def _validate_gate(offers: Sequence[Offer]) -> list[dict[str, object]]:
    """Return how often the gate refuses questions of titles and fields that it has not learnt from."""
    squad = sorted({o.group for o in offers if not o.group.startswith(("course", "other"))})
    strengths: dict[str, list[float]] = {}
    for fold in range(_N_FOLDS):
        held_out = {*squad[fold::_N_FOLDS], f"course {fold}", f"other {fold}"}
        weights, bias = _learn_gate([o for o in offers if o.group not in held_out])
        for o in offers:
            if o.group in held_out:
                strengths.setdefault(o.kind, []).append(float(o.whole @ weights + bias))
    answerable = np.array(strengths[_ANSWERABLE])
    return [
        {
            "questions": kind,
            "n": len(found),
            "refused": round(float(np.mean(np.array(found) < 0)), 4),
            "AUROC against the answerable": round(float((answerable[:, None] > np.array(found)[None]).mean()), 4),
        }
        for kind, found in strengths.items()
    ]


def _learn(examples: Sequence[Example]) -> np.ndarray:
    """Return the weights of a conditional logistic regression: the sentences that answer against all of a question."""
    every = np.concatenate([e.features for e in examples])
    mean, spread = every.mean(axis=0), every.std(axis=0) + 1e-9
    usable = [e for e in examples if e.wanted.any()]
    features = (np.concatenate([e.features for e in usable]) - mean) / spread
    sizes = np.array([len(e.features) for e in usable])
    starts = np.cumsum(sizes) - sizes
    wanted = np.concatenate([e.wanted for e in usable]).astype(float)
    share = np.repeat(np.array([e.weight for e in usable]) / sum(e.weight for e in usable), sizes)
    weights = first = second = np.zeros(features.shape[1])
    for step in range(1, _STEPS + 1):  # Adam
        scores = features @ weights
        odds = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        likely = odds / np.repeat(np.add.reduceat(odds, starts), sizes)
        right = odds * wanted
        right /= np.repeat(np.maximum(np.add.reduceat(right, starts), 1e-12), sizes)
        gradient = features.T @ (share * (likely - right)) + _L2 * weights
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        weights = weights - _RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights[_SIMILAR] = np.maximum(weights[_SIMILAR], 0)
    return weights / spread


if __name__ == "__main__":
    main()
