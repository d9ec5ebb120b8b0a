"""Texts as numbers: a dictionary of words, and what is made with it: ids, counts, TF-IDF, one-hot or multi-hot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_texts, check_choice
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.language.words import words
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MODES = ("int", "count", "tf_idf", "one_hot", "multi_hot")
_UNKNOWN, _PADDING = "[UNK]", ""


@register("estimator", "D016")
class TextVectoriser(Estimator):
    """Return texts as ids of words, or as vectors: counts, TF-IDF, one-hot or multi-hot.

    Parameters
    ----------
    mode : {"int", "count", "tf_idf", "one_hot", "multi_hot"}, default="int"
        Ids in the order of the text; a vector for each word; or one vector for each text: whether, how often, or how
        often and how tellingly each word occurs.
    order : {"frequency", "appearance"}, default="frequency"
        Whether frequent words come first (of equally frequent ones the one seen first), or those seen first.
    reserve : {0, 1, 2}, default=2
        Ids kept before the first word: none, and unknown words are left out; 0 for unknown words; or 0 for padding and
        1 for unknown words. Vectors for texts have no place for padding.
    idf : {"keras", "sklearn"}, default="keras"
        How rare words weigh more in TF-IDF; the second also scales vectors to length 1.

    Notes
    -----
    ``idf = ln(1 + N / (1 + df))`` in Keras and ``ln((1 + N) / (1 + df)) + 1`` in scikit-learn, for N texts of which df
    have the word. Keras reserves 0 for padding and 1 for unknown words, so the first word of a text is not 0. Spärck
    Jones, "A statistical interpretation of term specificity and its application in retrieval", J. Documentation 28
    (1972).

    Attributes
    ----------
    vocabulary_ : list of str
        The words in the order of their ids, reserved ones first.
    document_frequencies_ : list of int
        Training texts that have each word.
    n_texts_ : int
        Training texts.

    Examples
    --------
    In order of appearance with nothing reserved: ids 0 to 5 go to the, fat, cat, in, your and hat.

    >>> layer = TextVectoriser(order="appearance", reserve=0).fit(["the fat cat in your hat"])
    >>> layer.transform(["the cat in the hat"])
    [[0, 2, 3, 0, 5]]
    """

    def __init__(
        self,
        *,
        mode: Literal["int", "count", "tf_idf", "one_hot", "multi_hot"] = "int",
        order: Literal["frequency", "appearance"] = "frequency",
        reserve: Literal[0, 1, 2] = 2,
        idf: Literal["keras", "sklearn"] = "keras",
    ) -> None:
        self.mode = mode
        self.order = order
        self.reserve = reserve
        self.idf = idf

    def fit(self, X: Sequence[str]) -> Self:
        """Build the dictionary.

        Parameters
        ----------
        X : list of str
            Training texts, and no others; case and punctuation do not matter.
        """
        check_choice("mode", self.mode, _MODES)
        check_choice("order", self.order, ("frequency", "appearance"))
        check_choice("idf", self.idf, ("keras", "sklearn"))
        if self.reserve not in (0, 1, 2):
            msg = f"reserve must be one of 0, 1, 2; got {self.reserve!r}."
            raise InvalidInputError(msg)
        texts = [words(text) for text in as_texts("X", X)]
        counts = Counter(word for text in texts for word in text)
        known = [word for word, _ in counts.most_common()] if self.order == "frequency" else list(counts)
        frequencies = Counter(word for text in texts for word in set(text))
        self.vocabulary_ = [[], [_UNKNOWN], [_PADDING, _UNKNOWN]][self.reserve] + known
        self.document_frequencies_ = [frequencies[word] for word in self.vocabulary_]
        self.n_texts_ = len(texts)
        return self

    def transform(self, X: Sequence[str]) -> list[Any]:
        """Return what the mode says for each text.

        Parameters
        ----------
        X : list of str
            Texts.
        """
        self.check_fitted()
        ids = self._ids(as_texts("X", X, min_length=0))
        if self.mode == "int":
            return ids
        if self.mode == "one_hot":
            return [np.eye(len(self.vocabulary_), dtype=int)[text].tolist() for text in ids]
        counts = np.array([np.bincount(text, minlength=len(self.vocabulary_)) for text in ids], float)
        counts = counts.reshape(len(ids), len(self.vocabulary_))[:, int(self.reserve == 2) :]  # noqa: PLR2004  (no place for padding)
        if self.mode == "tf_idf":
            return list(self._weighted(counts).tolist())
        return list((counts > 0 if self.mode == "multi_hot" else counts).astype(int).tolist())

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        id_of = {word: n for n, word in enumerate(self.vocabulary_)}
        unknown = id_of.get(_UNKNOWN)
        found = [[id_of.get(word, unknown) for word in words(text)] for text in texts]
        return [[n for n in text if n is not None] for text in found]

    def _weighted(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        frequencies = np.array(self.document_frequencies_, float)[-counts.shape[1] :]
        if self.idf == "keras":
            return counts * np.log(1 + self.n_texts_ / (1 + frequencies))
        weighted = counts * (np.log((1 + self.n_texts_) / (1 + frequencies)) + 1)
        lengths = np.linalg.norm(weighted, axis=1, keepdims=True)
        scaled: NDArray[np.float64] = weighted / np.where(lengths > 0, lengths, 1)
        return scaled
