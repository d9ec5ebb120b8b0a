"""Whether passages support what an answer says, sentence by sentence, without a language model.

Each content word of a statement is sought in the passages: as the same word, as one with a similar meaning in context,
near the words that it stands beside, and negated or not as there, and a small network reads the statement and the
sentences that may support it together. Weights that ``benchmarks/train_support.py`` has learnt from people's marks turn
that into how likely the statement is supported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.marked_words import MarkedWord, keys_of
from rag_app.reading.support_features import WORD_NAMES, Array, Comparison, compare
from rag_app.reading.support_network import load_network
from rag_app.reading.support_pairs import Pair, pair
from rag_app.reading.support_weights import Weights, load_weights, rank
from rag_app.reading.worded import ReadPassages, ReadWords, read_words

if TYPE_CHECKING:
    from rag_app.embeddings.minilm import MiniLM

SUPPORTED = 0.5  # the classes were weighed alike when the weights were learnt: both errors are about as frequent
Reason = Literal["", "no passage", "number differs", "name differs", "negation"]
_BULLET = re.compile(r"\s*(?:[-*•–]+|\(?\d{1,2}[.)])\s+")
_LINE = re.compile(r"[^\n]+")
_MARKER = re.compile(r"[\[【]\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*[\]】]")
_KEY = re.compile(r"[\"'][^\"'\n]{1,60}[\"']\s*:")
_FEW = 3  # keys of JSON that a text may hold and still be prose
_MOSTLY_NEW = 0.3
_MOST_ODDS = 20.0


@dataclass(frozen=True, slots=True)
class SentenceSupport:
    """A statement, and what of the passages supports it.

    Parameters
    ----------
    text : str
        The statement.
    support : float
        How likely the passages support all of it, in [0, 1], as part of an answer that was written from them. From
        `SUPPORTED` on it counts as supported.
    attribution : float
        How likely, in [0, 1], people call it attributable to the passages where these are what it cites.
    passage : int
        Number of the passage that supports it best, from 0; -1 where there is none to compare it with.
    start, end : int
        ``passages[passage][start:end]`` is the sentence that supports it best.
    reason : {"", "no passage", "number differs", "name differs", "negation"}
        Why it is not supported; empty where it is.
    unsupported : tuple of str
        Its words that no passage has, those least like any word there first.
    n_words : int
        Content words in it. A statement without any, such as "Sure!", says nothing and counts as supported.
    """

    text: str
    support: float
    attribution: float
    passage: int
    start: int
    end: int
    reason: Reason
    unsupported: tuple[str, ...]
    n_words: int


def split_statements(text: str) -> list[tuple[int, int]]:
    r"""Return the spans of the statements of an answer: its sentences, and the items of its lists.

    Examples
    --------
    >>> text = "Two nets compete. They are:\n- a generator\n- a discriminator"
    >>> [text[a:b] for a, b in split_statements(text)]
    ['Two nets compete.', 'They are:', 'a generator', 'a discriminator']
    """
    spans = []
    for line in _LINE.finditer(text):
        bullet = _BULLET.match(text, line.start(), line.end())
        start = bullet.end() if bullet else line.start()
        spans += [(start + a, start + b) for a, b in split_sentences(text[start : line.end()])]
    return spans


def without_markers(text: str) -> str:
    """Return a text with blanks in place of its citation markers, so that offsets stay true.

    Examples
    --------
    >>> without_markers("Two nets [1].")
    'Two nets    .'
    """
    return _MARKER.sub(lambda m: " " * len(m.group()), text)


class SupportScorer:
    """Says of each statement how likely the passages support it.

    Parameters
    ----------
    minilm : MiniLM
        Reads statements and passages, whatever embedder built the index.

    Examples
    --------
    >>> from rag_app.embeddings.minilm import MiniLM
    >>> passages = ["A GAN trains two networks, a generator and a discriminator, against each other."]
    >>> said = ["A GAN trains two networks.", "Its inventor plays the violin in Montreal."]
    >>> [(s.support >= SUPPORTED, s.reason) for s in SupportScorer(MiniLM()).score(said, passages)]
    [(True, ''), (False, 'no passage')]
    """

    def __init__(self, minilm: MiniLM) -> None:
        self._minilm = minilm

    def score(self, sentences: Sequence[str], passages: Sequence[str], *, question: str = "") -> list[SentenceSupport]:
        """Return the support of each sentence, in their order.

        Parameters
        ----------
        sentences : sequence of str
            Statements of an answer, as `split_statements` finds them. Citation markers ``[n]`` in them are not read.
        passages : sequence of str
            What may support them.
        question : str, default=""
            An answer takes up its words: they need less support.
        """
        read, page, asked = self._read(sentences, passages, question)
        learnt = load_weights()
        weights = learnt.structured if is_structured(passages) else learnt.prose
        return [
            _supported(text, own, compare(own, page, asked), page, weights)
            for text, own in zip(sentences, read, strict=True)
        ]

    def measure(
        self, sentences: Sequence[str], passages: Sequence[str], question: str = ""
    ) -> list[tuple[ReadWords, Comparison, Pair]]:
        """Return what the weights apply to: the words of each sentence, how they compare, and their evidence."""
        read, page, asked = self._read(sentences, passages, question)
        compared = [compare(own, page, asked) for own in read]
        return [(own, c, pair(own, c, page)) for own, c in zip(read, compared, strict=True)]

    def _read(
        self, sentences: Sequence[str], passages: Sequence[str], question: str
    ) -> tuple[list[ReadWords], ReadPassages, frozenset[str]]:
        """Return the sentences, the passages and the keys of the question's words, all read at once."""
        stated = [without_markers(s) for s in sentences]
        texts = [*stated, *passages, question]
        read = [read_words(t, tokens) for t, tokens in zip(texts, self._minilm.read_passages(texts), strict=True)]
        page = ReadPassages(passages, read[len(stated) : -1])
        asked: frozenset[str] = frozenset().union(*(keys_of(w) for w in read[-1].words))
        return read[: len(stated)], page, asked


def answer_support(statements: Sequence[SentenceSupport], *, structured: bool = False) -> float:
    """Return how likely the passages support all statements of an answer, in [0, 1].

    Parameters
    ----------
    statements : sequence of SentenceSupport
        Of one answer.
    structured : bool, default=False
        Whether the passages are structured data, see `is_structured`.

    Returns
    -------
    float
        1 where no statement says anything.

    Notes
    -----
    The logistic function of a weighted sum of three log-odds: of the least supported statement, of the mean of the two
    least supported, and of the mean of all. A share of supported statements would hide one invention in a long answer.
    """
    odds = [-_log_odds(s.support) for s in statements if s.n_words]
    if not odds:
        return 1.0
    weights = load_weights().structured if structured else load_weights().prose
    return _sigmoid(-float(weights.answer.odds(rank(odds)[None])[0]))


def is_structured(passages: Sequence[str]) -> bool:
    """Return whether most of the passages' text is JSON or of a like form.

    Examples
    --------
    >>> is_structured(['{"name": "Louvre", "city": "Paris", "open": true, "stars": 5}']), is_structured(["Prose."])
    (True, False)
    """
    n_structured = sum(len(p) for p in passages if len(_KEY.findall(p)) > _FEW)
    return 2 * n_structured > sum(map(len, passages))


def _supported(
    text: str, read: ReadWords, compared: Comparison, page: ReadPassages, weights: Weights
) -> SentenceSupport:
    if not read.words:
        return SentenceSupport(text, 1.0, 1.0, -1, 0, 0, "", (), 0)
    if not compared.chosen:
        return SentenceSupport(text, 0.0, 0.0, -1, 0, 0, "no passage", _quoted(text, read.words), len(read.words))
    together = load_network().odds(pair(read, compared, page), compared.of_statement)
    support = _sigmoid(-weights.odds(compared.of_words, compared.of_statement, together))
    attribution = _sigmoid(-float(load_weights().claim.odds(compared.of_statement[None])[0]))
    passage, start, end = page.units[compared.chosen[0]]
    missing, gap = (compared.of_words[:, WORD_NAMES.index(name)] for name in ("missing", "gap"))
    unsupported = _quoted(text, [read.words[i] for i in np.argsort(-gap, kind="stable") if missing[i]])
    reason = _reason(compared.of_words) if support < SUPPORTED else ""
    return SentenceSupport(text, support, attribution, passage, start, end, reason, unsupported, len(read.words))


def _quoted(text: str, words: Sequence[MarkedWord]) -> tuple[str, ...]:
    return tuple(text[w.start : w.end] for w in words)


def _reason(of_words: Array) -> Reason:
    """Return why a statement is not supported: what differs, if the rest of it is in the passages."""
    column = {name: of_words[:, i] for i, name in enumerate(WORD_NAMES)}
    others = column["missing"] * (1 - np.maximum(column["number"], column["name"]))
    if others.mean() > _MOSTLY_NEW:
        return "no passage"
    if column["missing number"].any():
        return "number differs"
    if column["missing name"].any():
        return "name differs"
    return "negation" if column["negation differs"].any() else "no passage"


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_MOST_ODDS, min(_MOST_ODDS, odds))))


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share)) if 0 < share < 1 else math.copysign(_MOST_ODDS, share - SUPPORTED)
