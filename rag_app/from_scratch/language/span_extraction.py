"""An answer cut out of a text: the span with the best scores, and a reader that needs no training."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_vector, check_count, check_same_length
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.language.words import content_words
from rag_app.registry import register

_NUMBER = r"\d[\d,.]*\d|\d"
_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_NAMED = r"[A-Z][\w'’-]*(?:\s+(?:of|de|van|von|the)(?=\s+[A-Z])|\s+[A-Z][\w'’-]*)*"
# What kind of span answers what kind of question; the first that fits.
_KINDS = (
    (
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month)\b",
        rf"(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}}\b,?)?(?: \d{{4}})?|\b[12]\d{{3}}\b",
    ),
    (r"\bhow (?:many|much|old|long|far|tall|high|large|big)\b", rf"(?:{_NUMBER})(?:\s*(?:%|[a-z]+))?"),
    (r"\b(?:who|whom|whose|where)\b", _NAMED),
)
_SUFFIX = re.compile(r"(?:ing|ed|es|s|ly)$")
_STEM = 4  # letters that a word keeps at least


@register("tool", "M093")
def extract_answer(question: str, passage: str) -> dict[str, Any]:
    """Return the span of a passage that best answers a question, copied from it, with a score.

    Parameters
    ----------
    question : str
        A question with at least one word that tells something.
    passage : str
        The text to look into.

    Returns
    -------
    dict
        ``answer``, ``start`` and ``end``, such that ``passage[start:end]`` is the answer; ``sentence`` that holds it;
        ``score`` in [0, 1], the weighted share of the question's words that the sentence has. The answer is the whole
        sentence where the question asks for no date, quantity, person or place, and null where no word is shared.

    Raises
    ------
    InvalidInputError
        If the question has no word that tells something.

    Notes
    -----
    Words weigh ``ln(1 + N/df)``, for N sentences of which df have the word. Within the best sentence, of the spans of
    the wanted kind that are not in the question, the one nearest to the question's words is taken. Rajpurkar et al.,
    "SQuAD: 100,000+ questions for machine comprehension of text", EMNLP (2016), for the task. It does not know when
    there is no answer. What it finds in SQuAD is in ``benchmarks/results/extract_answer.json``.

    Examples
    --------
    >>> found = extract_answer("Who wrote the first program?", "Ada Lovelace wrote the first program in 1843.")
    >>> found["answer"], found["score"]
    ('Ada Lovelace', 1.0)
    """
    wanted = {_stem(word) for word in content_words(question)}
    if not wanted:
        msg = f"question must have a word that tells something; got {question[:60]!r}."
        raise InvalidInputError(msg)
    spans = split_sentences(passage)
    stems = [{_stem(word) for word in content_words(passage[a:b])} for a, b in spans]
    frequency = Counter(stem for sentence in stems for stem in sentence)
    weight = {stem: math.log(1 + max(1, len(spans)) / max(1, frequency[stem])) for stem in wanted}
    scores = [sum(weight[stem] for stem in sentence & wanted) / sum(weight.values()) for sentence in stems]
    if not any(scores):
        return {"answer": None, "start": None, "end": None, "sentence": None, "score": 0.0}
    best = int(np.argmax(scores))
    first, last = spans[best]
    start, end = _span(question, passage[first:last], wanted)
    return {
        "answer": passage[first + start : first + end],
        "start": first + start,
        "end": first + end,
        "sentence": passage[first:last],
        "score": scores[best],
    }


@register("tool", "M093")
def best_span(start_scores: Vector, end_scores: Vector, max_length: int = 30) -> dict[str, Any]:
    """Return the span of tokens with the best sum of start and end score, or none where the first token scores better.

    Parameters
    ----------
    start_scores : list of float
        How well an answer may begin at each token, shape (n,); the first is the sign [CLS], at least one more follows.
    end_scores : list of float
        How well an answer may end at each token, shape (n,).
    max_length : int, default=30
        Most tokens of a span, at least 1.

    Returns
    -------
    dict
        ``start`` and ``end``, positions of the first and last token; ``score``; ``null_score`` of [CLS]; ``answered``,
        whether the score is at least the null score. Of equally good spans the first is taken.

    Raises
    ------
    InvalidInputError
        If lengths differ, there are fewer than two tokens, or max_length is below 1.

    Notes
    -----
    ``score(i, j) = s_i + e_j`` for ``i ≤ j < i + max_length``. Devlin, Chang, Lee & Toutanova, "BERT: pre-training of
    deep bidirectional transformers for language understanding", NAACL (2019), section 4.3.

    Examples
    --------
    [CLS], RAG, appeared, in, 2020: 3.0 + 3.5 for "2020", 1.0 + 3.5 for "in 2020", 0.5 + 0.4 for none.

    >>> best_span([0.5, 0.2, 0.1, 1.0, 3.0], [0.4, 0.1, 0.0, 0.3, 3.5])
    {'start': 4, 'end': 4, 'score': 6.5, 'null_score': 0.9, 'answered': True}
    """
    starts = as_vector("start_scores", start_scores, min_length=2)
    ends = as_vector("end_scores", end_scores, min_length=2)
    check_same_length(start_scores=starts, end_scores=ends)
    check_count("max_length", max_length)
    sums = starts[1:, None] + ends[None, 1:]  # (n - 1, n - 1)
    lengths = np.arange(len(sums)) - np.arange(len(sums))[:, None] + 1
    sums[(lengths < 1) | (lengths > max_length)] = -np.inf
    start, end = np.unravel_index(int(sums.argmax()), sums.shape)
    score, null_score = float(sums[start, end]), float(starts[0] + ends[0])
    return {
        "start": int(start) + 1,
        "end": int(end) + 1,
        "score": score,
        "null_score": null_score,
        "answered": score >= null_score,
    }


def _span(question: str, sentence: str, wanted: set[str]) -> tuple[int, int]:
    """Return where in a sentence the answer is: the fitting span nearest to the question's words."""
    pattern = next((span for kind, span in _KINDS if re.search(kind, question, re.IGNORECASE)), None)
    if pattern is None:
        return 0, len(sentence)
    anchors = [m.start() for m in re.finditer(r"\w+", sentence) if _stem(m.group().lower()) in wanted]
    found = [
        (match.start(), match.end())
        for match in re.finditer(pattern, sentence)
        if {_stem(word) for word in content_words(match.group())[:1]}
        - wanted  # tells something, and not the question's
    ]
    if not found or not anchors:
        return 0, len(sentence)
    return min(found, key=lambda span: min(abs(span[0] - anchor) for anchor in anchors))


def _stem(word: str) -> str:
    shorter = _SUFFIX.sub("", word)
    return shorter if len(shorter) >= _STEM else word
