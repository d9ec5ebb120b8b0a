"""Whether an answer is about the question, without a judge: a hint, not a verdict."""

from __future__ import annotations

from rag_app.evaluation.metrics.embedder import load_minilm
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.from_scratch.metrics.similarity import cosine_similarity
from rag_app.reading.support import without_markers


@metric(
    name="answer_relevance",
    definition="Cosine of the MiniLM embeddings of question and answer. A refusal is not scored.",
    low=-1.0,
    misses="Whether the answer is useful, complete or right: it tells an answer to another question, and little more. "
    "An answer in part beside the point is seldom seen.",
    advisory=True,
)
def answer_relevance(example: Example) -> Score:
    """Return how near in meaning the answer is to the question."""
    if not example.answered:
        return not_applicable("There is no answer: a refusal resembles no question.")
    question, answer = load_minilm().embed([example.question, " ".join(without_markers(example.answer).split())])
    return scored(cosine_similarity(question.tolist(), answer.tolist()))
