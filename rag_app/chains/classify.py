"""Classification by embeddings: the label whose meaning, and whose examples if there are any, a text is nearest to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_app.chains.classifier import Progress, TextClassifier
from rag_app.chains.few_shot import FewShot, softmax
from rag_app.chains.independent import independent_scores, split_parts
from rag_app.chains.label_space import LabelSpace
from rag_app.chains.labels import LabelsGiven, as_labels
from rag_app.chains.refinement import refine_logits
from rag_app.errors import InvalidInputError
from rag_app.types import Classification

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.fingerprint import Embedder

# Chosen on the training parts of banking77 and TREC, on questions and paragraphs of SQuAD by title, and on questions of
# the course by chapter; benchmarks/classification.py measures them on texts that were not looked at.
_TEMPERATURE = 0.056  # of similarities, for probabilities that are as large as the share that is right
_USUAL_SIMILARITY = -0.07  # on each of those sets 99 % of the texts reach it
_APPLIES = 0.5  # score of a label that a text may have beside others
_BLOCK = 256


class EmbeddingClassifier(TextClassifier):
    """Sorts texts into labels by embeddings.

    Parameters
    ----------
    embedder : Embedder
        Embeds labels and texts.
    labels : sequence, or mapping of str to str
        Names, or names with descriptions and examples: see `as_labels`.
    templates : sequence of str, default=("{}",)
        What a label's phrases are put into, at the place of ``{}``; the vectors of all templates are averaged.
    threshold : float, optional
        With one label for each text, the similarity to the most similar label below which none of them fits: 0 for two
        unrelated texts, 1 for the same text. Default: what 99 % of the texts that have a label reach, as the examples
        tell where there are fifty and each label has one, otherwise as public data told. With `multi_label`, the score
        from which on a label applies; default: 0.5.
    multi_label : bool, default=False
        Each label applies or does not, whichever others do; the sentences of a text are read one by one.
    adapt : bool, default=False
        Texts that are classified together, though they have no labels, move the labels to where they lie.

    Raises
    ------
    InvalidInputError
        If a label, a template or the threshold breaks its rule.

    Examples
    --------
    >>> from rag_app.embeddings.minilm import MiniLM
    >>> classifier = EmbeddingClassifier(MiniLM(), {"cooking": "recipes", "football": "matches and players"})
    >>> classifier.invoke("Stir the sauce until it thickens.").label
    'cooking'
    """

    def __init__(
        self,
        embedder: Embedder,
        labels: LabelsGiven,
        *,
        templates: Sequence[str] = ("{}",),
        threshold: float | None = None,
        multi_label: bool = False,
        adapt: bool = False,
    ) -> None:
        known = as_labels(labels)
        _check_threshold(threshold, multi_label=multi_label)
        self.labels = [label.name for label in known]
        self._embedder, self._multi_label, self._adapt = embedder, multi_label, adapt
        self._space = LabelSpace(embedder, known, templates)
        examples = [text for label in known for text in label.examples]
        self._few_shot = FewShot(self._space, examples) if examples else None
        self.threshold = self._usual_threshold() if threshold is None else threshold

    def _usual_threshold(self) -> float:
        if self._multi_label:
            return _APPLIES
        learnt = self._space.usual_similarity()
        return _USUAL_SIMILARITY if learnt is None else learnt

    def _predict(self, texts: list[str], progress: Progress) -> list[Classification]:
        parts, starts = split_parts(texts) if self._multi_label else (texts, np.arange(len(texts)))
        vectors = self._embed(parts, lambda done: progress("texts", int(np.sum(starts < done)), len(texts)))
        similarity = self._space.similarity(vectors, self._space.prototypes)
        logits = similarity / np.float32(_TEMPERATURE)
        if self._few_shot is not None:
            logits = self._few_shot.logits(vectors, parts)
        notes: tuple[str, ...] = ()
        if self._adapt and len(texts) > 1:
            n_examples = np.bincount(self._space.codes, minlength=len(self.labels))
            logits = refine_logits(vectors, logits, self._space.prototypes, n_examples)
            notes = (f"Labels were adapted to the {len(texts)} texts of this batch, none of which came with one.",)
        best = similarity.max(axis=1)
        scores = self._independent(logits, best, starts) if self._multi_label else softmax(logits)
        best = np.maximum.reduceat(best, starts)
        return [self._classification(s, float(b), notes) for s, b in zip(scores, best, strict=True)]

    def _independent(
        self, logits: NDArray[np.float32], best: NDArray[np.float32], starts: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        distances = np.float32(_TEMPERATURE) * (logits.max(axis=1, keepdims=True) - logits)
        return independent_scores(distances, best, starts)

    def _embed(self, texts: list[str], progress: Callable[[int], None]) -> NDArray[np.float32]:
        if len(texts) == 1:
            return self._embedder.embed(texts)
        blocks = []
        for start in range(0, len(texts), _BLOCK):
            progress(start)
            blocks.append(self._embedder.embed_passages(texts[start : start + _BLOCK]))
        progress(len(texts))
        return np.concatenate(blocks)

    def _classification(self, scores: NDArray[np.float32], similarity: float, notes: tuple[str, ...]) -> Classification:
        order = np.argsort(-scores, kind="stable")
        reached = float(scores[order[0]]) if self._multi_label else similarity
        chosen = order[:0]
        if reached >= self.threshold:
            chosen = order[scores[order] >= self.threshold] if self._multi_label else order[:1]
        labels = tuple(self.labels[i] for i in chosen)
        kind = "score" if self._multi_label else "similarity"
        return Classification(
            label=labels[0] if labels else None,
            scores={self.labels[i]: float(scores[i]) for i in order},
            margin=float(scores[order[0]] - scores[order[1]]),
            labels=labels,
            similarity=similarity,
            reason="" if labels else f"The best {kind} is {reached:.3f}, below the threshold of {self.threshold:.3f}.",
            notes=notes,
        )


def _check_threshold(threshold: float | None, *, multi_label: bool) -> None:
    low = 0 if multi_label else -1
    if threshold is not None and not low <= threshold <= 1:
        msg = f"threshold must be at least {low} and at most 1; got {threshold!r}."
        raise InvalidInputError(msg)
