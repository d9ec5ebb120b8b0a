"""Whether an answer says what the reference says, without a judge."""

from __future__ import annotations

import numpy as np

from rag_app.evaluation.metrics.cards import Agreement
from rag_app.evaluation.metrics.embedder import load_minilm
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.from_scratch.metrics.answers import answer_f1_score, exact_match_score
from rag_app.from_scratch.metrics.similarity import cosine_similarity
from rag_app.reading.marked_words import keys_of
from rag_app.reading.support import without_markers
from rag_app.reading.support_features import Array
from rag_app.reading.worded import ReadWords, read_words

_ASKED = 0.1  # what a word of the question counts: an answer that repeats the question is not right for that
_UNLIKE = 0.5  # cosine of words in context up to which they do not mean the same
_COMPARED = "RAGChecker's comparisons of two answers (development half)"
_NO_REFERENCE = "The case has no reference answer."


@metric(
    name="answer_correctness",
    definition="F1 of the content words of answer and reference: words of like meaning in context count in part, and "
    f"words of the question count {_ASKED:g}.",
    misses="Wrong relations between the right words; a right answer that the reference does not mention.",
    agreement=(Agreement("Pearson correlation", 0.644, 0.558, 0.720, _COMPARED, 274, "correctness.py"),),
)
def answer_correctness(example: Example) -> Score:
    """Return how far an answer says what the reference says, and no more."""
    if not example.reference.strip():
        return not_applicable(_NO_REFERENCE)
    given, expected, asked = _read(_plain(example), example.reference, example.question)
    known = frozenset(key for word in asked.words for key in keys_of(word))
    met = _met(given, expected)
    precision = _share(met.max(axis=1, initial=0), _weights(given, known))
    recall = _share(met.max(axis=0, initial=0), _weights(expected, known))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    why = f"{precision:.0%} of the answer is in the reference, {recall:.0%} of the reference in the answer."
    return scored(f1, why, precision=round(precision, 4), recall=round(recall, 4))


@metric(
    name="semantic_similarity",
    definition="Cosine of the MiniLM embeddings of answer and reference.",
    low=-1.0,
    misses="Numbers, names and negation: a false answer in the right words is similar.",
    agreement=(Agreement("Pearson correlation", 0.464, 0.304, 0.586, _COMPARED, 274, "correctness.py"),),
    advisory=True,
)
def semantic_similarity(example: Example) -> Score:
    """Return how similar in meaning answer and reference are."""
    if not example.reference.strip():
        return not_applicable(_NO_REFERENCE)
    answer = _plain(example)
    if not answer:
        return scored(0.0, "There is no answer.")
    one, other = load_minilm().embed([answer, example.reference])
    return scored(cosine_similarity(one.tolist(), other.tolist()))


@metric(
    name="exact_match",
    definition="1 where the answer is the reference but for case, punctuation, articles and spaces, else 0.",
    misses="Right answers in other words: it is for answers of a few words.",
    agreement_note="counts facts: characters",
)
def exact_match(example: Example) -> Score:
    """Return whether an answer is the reference."""
    if not example.reference.strip():
        return not_applicable(_NO_REFERENCE)
    return scored(exact_match_score(_plain(example) or None, [example.reference]))


@metric(
    name="answer_f1",
    definition="F1 of the words of answer and reference, by the rules of SQuAD.",
    misses="Meaning: a right answer in other words, and a wrong one that repeats the question.",
    agreement=(Agreement("Pearson correlation", 0.555, 0.433, 0.678, _COMPARED, 274, "correctness.py"),),
)
def answer_f1(example: Example) -> Score:
    """Return how far the words of an answer are those of the reference."""
    if not example.reference.strip():
        return not_applicable(_NO_REFERENCE)
    return scored(answer_f1_score(_plain(example) or None, [example.reference]))


def _plain(example: Example) -> str:
    """Return an answer without its citation markers; a refusal is no text."""
    return " ".join(without_markers(example.answer).split()) if example.answered else ""


def _read(*texts: str) -> list[ReadWords]:
    return [read_words(text, tokens) for text, tokens in zip(texts, load_minilm().read_passages(texts), strict=True)]


def _met(given: ReadWords, expected: ReadWords) -> Array:
    """Return how far each word of the one (rows) means each of the other (columns): 1 for the same, numbers 1 or 0."""
    met = np.clip(((given.vectors @ expected.vectors.T).astype(np.float64) - _UNLIKE) / (1 - _UNLIKE), 0, 1)
    for i, word in enumerate(given.words):
        for j, other in enumerate(expected.words):
            if keys_of(word) & keys_of(other):
                met[i, j] = 1.0
            elif "number" in (word.kind, other.kind):
                met[i, j] = 0.0
    return met


def _weights(read: ReadWords, asked: frozenset[str]) -> Array:
    return np.array([_ASKED if keys_of(word) & asked else 1.0 for word in read.words], np.float64)


def _share(met: Array, weights: Array) -> float:
    return float(met @ weights / weights.sum()) if len(weights) else 0.0
