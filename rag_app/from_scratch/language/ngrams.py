"""An n-gram language model: the next word is predicted from the words before it, by counting."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from rag_app.from_scratch.arrays import as_generator, as_texts, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.language.sampling import decode_probabilities
from rag_app.from_scratch.metrics.likelihood import perplexity
from rag_app.registry import register

BEGIN, END = "<bos>", "<eos>"
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_BEFORE_PUNCTUATION = re.compile(r" (?=[.,;:!?)\]])")
_QUESTIONS = (
    "what is a cell? what is an atom? where is the equator? what is a verb? where is the heart? "
    "what is an acid? what is a noun? where is the south pole? what is a prime number?"
)


@register("estimator", "M070")
class NGramModel(Estimator):
    """Return the most probable next word after each text, from counts of words and of those before them.

    Parameters
    ----------
    n : int, default=2
        Words that are looked at together: each is predicted from the n - 1 before it.
    k : float, default=0.0
        What is added to every count, at least 0, so that no word is impossible.

    Notes
    -----
    ``P(x_1 … x_T) = Π P(x_t | x_{t-n+1} … x_{t-1})`` and ``P(w | c) = (count(c, w) + k) / (count(c) + kV)``. Each text
    is framed by begin and end signs; V words, the end sign among them, can come next. Case does not matter. Shannon, "A
    mathematical theory of communication", Bell System Tech. J. 27 (1948).

    Attributes
    ----------
    vocabulary_ : list of str
        Words that can come next, in order of first appearance.
    counts_ : dict of str to dict
        For each context, its words joined by blanks, how often each word followed.

    Examples
    --------
    1 × 2/3 × 1/2 × 1 for the four factors of "the cat sat" and its end.

    >>> bigrams = NGramModel().fit(["the cat sat", "the cat ran", "the dog sat"])
    >>> round(float(np.exp(bigrams.score_samples(["the cat sat"])[0])), 6)
    0.333333
    """

    def __init__(self, *, n: int = 2, k: float = 0.0) -> None:
        self.n = n
        self.k = k

    def fit(self, X: Sequence[str]) -> Self:
        """Count.

        Parameters
        ----------
        X : list of str
            Training texts.
        """
        check_count("n", self.n)
        check_range("k", self.k, 0)
        texts = [self._framed(text) for text in as_texts("X", X)]
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for place in range(self.n - 1, len(text)):
                counts[self._context(text[:place])][text[place]] += 1
        self.vocabulary_ = list(dict.fromkeys(word for text in texts for word in text[self.n - 1 :]))
        self.counts_ = {context: dict(following) for context, following in counts.items()}
        return self

    def next_probabilities(self, text: str) -> dict[str, float]:
        """Return the probability of each word after a text, in the order of the vocabulary.

        Parameters
        ----------
        text : str
            Any text; none for the first word. Where its end was never seen and k is 0, every probability is 0.
        """
        self.check_fitted()
        return dict(zip(self.vocabulary_, self._distribution(self._framed(text)[:-1]).tolist(), strict=True))

    def predict(self, X: Sequence[str]) -> list[str]:
        """Return the most probable next word after each text; of equally probable ones the one seen first.

        Parameters
        ----------
        X : list of str
            Texts; where the end of one was never seen and k is 0, nothing is known and the text is taken to end.
        """
        self.check_fitted()
        shares = [self._distribution(self._framed(text)[:-1]) for text in as_texts("X", X, min_length=0)]
        return [self.vocabulary_[int(p.argmax())] if p.any() else END for p in shares]

    def score_samples(self, X: Sequence[str]) -> list[float]:
        """Return the logarithm of the probability of each text with its end, minus infinity where it is impossible.

        Parameters
        ----------
        X : list of str
            Texts.
        """
        self.check_fitted()
        return [float(sum(self._log_probabilities(text))) for text in as_texts("X", X, min_length=0)]

    def perplexity(self, text: str) -> float:
        """Return the perplexity of a text with its end: 1 where each word was certain, infinite where it is impossible.

        Parameters
        ----------
        text : str
            Any text.
        """
        self.check_fitted()
        logs = self._log_probabilities(text)
        return perplexity(logs) if np.isfinite(logs).all() else float("inf")

    def generate(
        self,
        prompt: str = "",
        n_words: int = 20,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> str:
        """Return a continuation of a text, drawn word by word until its end or a number of words.

        Parameters
        ----------
        prompt : str, default=""
            The text to continue.
        n_words : int, default=20
            Most words.
        temperature, top_k, top_p : float, int, float
            As in `decode_probabilities`; temperature 0 for the most probable word each time.
        seed : int, default=0
            Start of the drawing.
        """
        self.check_fitted()
        check_count("n_words", n_words)
        rng, text = as_generator(seed), self._framed(prompt)[:-1]
        start = len(text)
        while len(text) - start < n_words:
            shares = self._distribution(text)
            if not shares.any():
                break
            kept = decode_probabilities(shares, temperature, top_k, top_p)
            word = self.vocabulary_[int(rng.choice(len(kept), p=kept))]
            if word == END:
                break
            text.append(word)
        return _BEFORE_PUNCTUATION.sub("", " ".join(text[start:]))

    def _framed(self, text: str) -> list[str]:
        return [BEGIN] * (self.n - 1) + _TOKEN.findall(text.lower()) + [END]

    def _context(self, before: Sequence[str]) -> str:
        return " ".join(before[len(before) - self.n + 1 :])

    def _distribution(self, before: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        following = self.counts_.get(self._context(before), {})
        counts = np.array([following.get(word, 0) for word in self.vocabulary_], float) + self.k
        return counts / (counts.sum() or 1)

    def _log_probabilities(self, text: str) -> list[float]:
        framed, place_of = self._framed(text), {word: n for n, word in enumerate(self.vocabulary_)}
        shares = [
            self._distribution(framed[:t])[place_of[word]] if word in place_of else 0.0
            for t, word in enumerate(framed)
            if t >= self.n - 1
        ]
        with np.errstate(divide="ignore"):
            return [float(log) for log in np.log(shares)]


@register("tool", "M070", "M072")
def continue_text(
    prompt: str = "what is a cell?",
    texts: Sequence[str] = (_QUESTIONS,),
    n: int = 3,
    n_words: int = 12,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how a base language model, made by counting words, continues a text: it extends and does not answer.

    Parameters
    ----------
    prompt : str, default="what is a cell?"
        The text to continue.
    texts : list of str, optional
        Texts to learn from; default: a list of questions, after which a question is followed by another one.
    n : int, default=3
        Words that are looked at together.
    n_words : int, default=12
        Most words of the continuation.
    temperature : float, default=1.0
        0 for the most probable word each time.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``continuation``, empty where the end of the prompt never occurs in the texts; ``next_words``, the five most
        probable with their probabilities; ``perplexity`` of the texts' first one, "inf" at worst.

    Raises
    ------
    InvalidInputError
        If there are no texts or a parameter is out of range.

    Notes
    -----
    ``P(w | c) = count(c, w) / count(c)``. Shannon, "A mathematical theory of communication", Bell System Tech. J. 27
    (1948).

    Examples
    --------
    >>> continue_text(temperature=0, n_words=5)["continuation"]
    'what is a cell?'
    """
    counted = NGramModel(n=n).fit(texts)
    shares = counted.next_probabilities(prompt)
    best = sorted(shares, key=lambda word: -shares[word])[:5]
    return {
        "continuation": counted.generate(prompt, n_words, temperature=temperature, seed=seed),
        "next_words": {word: shares[word] for word in best if shares[word]},
        "perplexity": counted.perplexity(texts[0]),
    }
