"""How well each sentence of the passages answers a question, and how strong the evidence is altogether.

The tokens of each sentence are aligned with the question's. What is measured of a sentence is weighed by numbers that
``benchmarks/train_reader.py`` has learnt, and sentences that come out nearly alike are read once more, each together
with the question. ``docs/decisions/012-a-learnt-reader.md`` and ``019-a-second-look.md`` tell what both learnt from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag_app.embeddings.answer_spans import load_span_network
from rag_app.from_scratch.language.words import words
from rag_app.reading.answer_network import load_network, look_again
from rag_app.reading.features import NAMES, WHOLE_NAMES, measure, measure_whole
from rag_app.reading.found_answers import SpanScorer, score_found
from rag_app.types import Passage, Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.alignment import Aligner
    from rag_app.settings import Settings

WEIGHTS = Path(__file__).with_name("weights.json")
_REPETITION = 99.0  # log-odds: the words are all there, however little they say
_N_WORDS = 4  # of a question that is told from a mere term
_N_BESIDE = 2  # such as the number of a question in a list


@dataclass(frozen=True, slots=True)
class SentenceEvidence:
    """A quotable span and how well it answers.

    Parameters
    ----------
    passage : Passage
        Where it stands.
    unit : Unit
        Its span in the source.
    text : str
        ``source.text[unit.start:unit.end]``.
    score : float
        Log-odds against the other sentences of the question; comparable within one question only.
    """

    passage: Passage
    unit: Unit
    text: str
    score: float

    def is_in(self, passage: Passage) -> bool:
        """Return whether a passage holds the span as one of its units."""
        own = self.passage
        return (own.source, own.sha256) == (passage.source, passage.sha256) and self.unit in passage.units


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the passages offer for a question.

    Parameters
    ----------
    question : str
        The question.
    sentences : tuple of SentenceEvidence
        Best first.
    strength : float
        In [0, 1]: how likely it is that the passages hold an answer, on a scale where one answerable question in
        forty lies below 0.5.
    """

    question: str
    sentences: tuple[SentenceEvidence, ...]
    strength: float

    def within(self, passages: Sequence[Passage], is_left_out: Callable[[str], bool] = lambda _: False) -> Evidence:
        """Return the same with each sentence in the first of other passages that holds it, such as merged ones.

        Parameters
        ----------
        passages : sequence of Passage
            Of the same sources. A sentence that none of them holds stays where it is.
        is_left_out : callable, optional
            Whether a sentence with such a text is not to be quoted. Default: none.
        """
        sentences = tuple(
            replace(s, passage=next((p for p in passages if s.is_in(p)), s.passage))
            for s in self.sentences
            if not is_left_out(s.text)
        )
        return replace(self, sentences=sentences)


class Reader:
    """Reads passages with a question in mind.

    Parameters
    ----------
    aligner : Aligner
        Compares tokens; MiniLM's, whatever embedder built the index, so that one threshold holds for all.
    score_spans : callable, optional
        Orders the sentences in place of the learnt weights: see `rag_app.reading.found_answers.score_found`. How strong
        the evidence is does not depend on it.
    """

    def __init__(self, aligner: Aligner, score_spans: SpanScorer | None = None) -> None:
        self._aligner = aligner
        self._score_spans = score_spans

    def read(self, question: str, passages: Sequence[Passage]) -> Evidence:
        """Return the evidence in passages for a question.

        Parameters
        ----------
        question : str
            A standalone question.
        passages : sequence of Passage
            Best first.

        Returns
        -------
        Evidence
            Without sentences and of strength 0 where there are no passages.
        """
        if not passages:
            return Evidence(question, (), 0.0)
        asked = self._aligner.ask(question)
        pages = self._aligner.align(asked, passages)
        features = measure(asked, pages)
        learnt = _learnt()
        units = [(page.passage, unit) for page in pages for unit in page.units]
        texts = [p.text[u.start - p.start : u.end - p.start] for p, u in units]
        repeats = np.array([_repeats(question, u.kind, text) for (_, u), text in zip(units, texts, strict=True)], bool)
        scores = features @ learnt.sentence - _REPETITION * repeats
        if self._score_spans is not None:
            scores = score_found(self._score_spans, question, pages, scores) - _REPETITION * repeats
        elif texts:
            scores = look_again(load_network(), question, texts, scores)
        odds = float(measure_whole(features, pages) @ learnt.whole) + learnt.bias
        sentences = [
            SentenceEvidence(p, u, text, float(score)) for (p, u), text, score in zip(units, texts, scores, strict=True)
        ]
        return Evidence(question, tuple(sorted(sentences, key=lambda s: -s.score)), 1 / (1 + math.exp(-odds)))


def load_reader(aligner: Aligner, settings: Settings) -> Reader:
    """Return the reader that the settings name.

    Raises
    ------
    MissingExtraError
        If the packages of the network that they name are not installed.
    SettingsError
        If the network cannot be loaded, or does not mark answers.
    """
    network = load_span_network(settings)
    return Reader(aligner, network.score if network else None)


class _Learnt(NamedTuple):
    """Weights of what is measured of a sentence, and of the passages altogether."""

    sentence: NDArray[np.float64]
    whole: NDArray[np.float64]
    bias: float


def _repeats(question: str, kind: str, text: str) -> bool:
    """Return whether a sentence is the question itself, as in a list of questions, or code holds it as an example."""
    asked, said = words(question), words(text)
    if len(asked) < _N_WORDS or (kind != "code" and len(said) > len(asked) + _N_BESIDE):
        return False
    return f" {' '.join(asked)} " in f" {' '.join(said)} "


@lru_cache(maxsize=1)
def _learnt() -> _Learnt:
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return _Learnt(
        np.array([stored["sentence"][name] for name in NAMES]),
        np.array([stored["whole"][name] for name in WHOLE_NAMES]),
        stored["bias"],
    )
