"""Whether a passage says what an answer says: a verdict for each statement.

The measure of support is one function, so that another one can take its place; the thresholds belong to it and come
from ``benchmarks/citation_support.py``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rag_app.chains.sanitising import addresses_llm
from rag_app.reading.overlap import stems
from rag_app.types import NOT_QUOTED, Claim, Passage, Unit, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
SUPPORTED = 0.5
WEAK = 0.3
MIN_ANSWER_SUPPORT = 0.2
_NUMBER_WEIGHT = 4  # a wrong number counts as four wrong words, beside itself
_UNLIKE, _SCALE = 1.6, 1.3  # what a missing word weighs where no sentence is alike, and the unit of that
FAILING: frozenset[Verdict] = frozenset(("unsupported", "fabricated"))
_LEADING_IN = (
    "according accordingly article as author authors based citation cited cites claims describe described describes "
    "document documents excerpt explained explains following gives given mentioned mentions noted notes paragraph "
    "passage passages per pointed points quoted reference references report reported reports said says section see "
    "clearly explicitly shown shows source sources stated states text writes wrote"
)
_LEAD_IN = re.compile(
    r"[\s,;:–—-]*(?:(?:also|and|it is|clearly)\s+)*(?:\w+s|\w+ed|said|wrote|shown)\s+(?:that|how|why)\s+", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))")
_N_KEPT = 256  # passages and statements
_LEAST_STEMS = 2  # fewer say nothing that could be checked


class Support(NamedTuple):
    """How far a passage supports a statement, in [0, 1], and the span of it that does so best."""

    score: float
    unit: Unit | None


class Finding(NamedTuple):
    """A verdict, with the passage and the span that it rests on; None where nothing supports the statement."""

    verdict: Verdict
    score: float
    passage: Passage | None = None
    unit: Unit | None = None


Measure = Callable[[str, Passage], Support]


def likeness(embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> Similarity:
    """Return the cosine similarity of a statement to sentences, whose vectors are kept for the next statement.

    Parameters
    ----------
    embed : callable
        Returns vectors of unit length, one for each text.
    """

    @lru_cache(maxsize=_N_KEPT)
    def vectors(texts: tuple[str, ...]) -> NDArray[np.float32]:
        return embed(texts)

    return lambda claim, sentences: [float(s) for s in vectors(tuple(sentences)) @ vectors((claim,))[0]]


def words_and_meaning(similarity: Similarity) -> Measure:
    """Return a measure of support by the words of a statement that a passage lacks, and the likeness of its sentences.

    Parameters
    ----------
    similarity : callable
        Similarity in [-1, 1] of a statement to each of several sentences.

    Notes
    -----
    A statement that stands in the passage word for word has support 1. Otherwise it is
    ``exp(-(m + 4k)(1.6 - s) / (1.3√n))``: of n content words the passage and its headings lack m, of the numbers k, and
    s is the similarity of the sentence that is most alike.

    Examples
    --------
    Of four words one is missing: exp(-1.6 / (1.3 · 2)). Of three words one is missing, which is a number:
    exp(-(1 + 4) · 1.6 / (1.3 · √3)).

    >>> from rag_app.locator import Locator
    >>> text = "The lamp was lit in 1861."
    >>> unit = Unit(0, len(text), "paragraph")
    >>> passage = Passage("a.md", "", "1", 0, len(text), text, Locator(), units=(unit,))
    >>> measure = words_and_meaning(lambda claim, sentences: [0.0] * len(sentences))
    >>> claims = "The lamp was lit in 1861", "Whales lit the lamp in 1861", "In 1862 the lamp was lit"
    >>> [round(measure(claim, passage).score, 3) for claim in claims]
    [1.0, 0.54, 0.029]
    """

    def measure(claim: str, passage: Passage) -> Support:
        units = [u for u in passage.units if u.kind not in NOT_QUOTED]
        texts = [passage.text[u.start - passage.start : u.end - passage.start] for u in units]
        said = _spaced(claim)
        verbatim = next((u for u, text in zip(units, texts, strict=True) if said and said in _spaced(text)), None)
        if verbatim or not units:
            return Support(1.0 if verbatim else 0.0, verbatim)
        wanted = stems(claim)
        likeness = similarity(claim, texts)
        shared = [len(wanted & stems(text)) / max(len(wanted), 1) for text in texts]
        best = max(range(len(units)), key=lambda i: likeness[i] + shared[i])
        n_missing = len(wanted - stems(f"{passage.context}\n{passage.text}"))
        n_missing += _NUMBER_WEIGHT * len(_numbers(claim) - _numbers(passage.text))
        missing = n_missing / math.sqrt(len(wanted)) if wanted else math.inf
        return Support(math.exp(-missing * (_UNLIKE - min(max(*likeness, 0.0), 1.0)) / _SCALE), units[best])

    return measure


class Verifier:
    """Gives verdicts on the statements of one answer.

    Parameters
    ----------
    passages : sequence of Passage
        As they are numbered in the prompt, from 1.
    measure : callable
        Support of a statement by a passage.
    """

    def __init__(self, passages: Sequence[Passage], measure: Measure) -> None:
        self._passages = tuple(map(_without_orders, passages))
        self._support = lru_cache(maxsize=None)(lambda claim, index: measure(claim, self._passages[index]))

    def judge(self, claim: str, number: int) -> Finding:
        """Return the verdict on a statement whose marker names a passage."""
        if not 1 <= number <= len(self._passages):
            return Finding("fabricated", self.best(claim).score)
        if not claim.strip():
            return Finding("unsupported", 0.0)
        named = self._found("supported", claim, number - 1)
        if named.score >= SUPPORTED:
            return named
        best = self.best(claim)
        if best.score >= SUPPORTED:
            return best._replace(verdict="misattributed")
        return named._replace(verdict="weak") if named.score >= WEAK else Finding("unsupported", named.score)

    def best(self, claim: str) -> Finding:
        """Return the verdict on a statement without a marker: that of the passage that supports it best."""
        found = [self._found("uncited", claim, i) for i in range(len(self._passages))]
        best = max(found, key=lambda f: f.score, default=Finding("unsupported", 0.0))
        return best if best.score >= WEAK else Finding("unsupported", best.score)

    def _found(self, verdict: Verdict, claim: str, index: int) -> Finding:
        support = self._support(claim, index)
        return Finding(verdict, support.score if support.unit else 0.0, self._passages[index], support.unit)


def _without_orders(passage: Passage) -> Passage:
    """Return a passage without the sentences that give orders to whoever reads it; offsets stay as they are."""
    text, units = passage.text, []
    for unit in passage.units:
        start, end = unit.start - passage.start, unit.end - passage.start
        if addresses_llm(text[start:end]):
            text = text[:start] + " " * (end - start) + text[end:]
        else:
            units.append(unit)
    context = "\n".join("" if addresses_llm(line) else line for line in passage.context.split("\n"))
    if (text, context) == (passage.text, passage.context):
        return passage
    return replace(passage, text=text, context=context, units=tuple(units))


def says_something(text: str) -> bool:
    """Return whether a text holds a statement that can be checked, rather than words that lead to one.

    Examples
    --------
    >>> [says_something(t) for t in ("According to", "As the passage explains,", "GANs pair two nets")]
    [False, False, True]
    """
    return bool(stems(text) - _leading_in())


def is_statement(text: str) -> bool:
    """Return whether a sentence without a marker should have one.

    Examples
    --------
    >>> [is_statement(t) for t in ("In short:", "Yes.", "## Training of a GAN", "GANs pair two nets.")]
    [False, False, False, True]
    """
    text = text.strip()
    return len(stems(text) - _leading_in()) >= _LEAST_STEMS and not text.endswith((":", "?")) and text[0] != "#"


def without_lead_in(text: str) -> str:
    """Return a statement without the words that tie it to a marker before it.

    Examples
    --------
    >>> without_lead_in(" states that GANs pair two nets.")
    'GANs pair two nets.'
    """
    return text[_end_of_lead_in(text) :].strip(" ,;:–—-\n")


def support_of(claims: Sequence[Claim]) -> float:
    """Return how far the statements of an answer are supported: the mean of the two that are least so.

    A statement with several markers counts by the best of them. Where there is no statement, nothing is supported.

    Examples
    --------
    >>> support_of([Claim("a", "supported", 0.9), Claim("b", "weak", 0.6), Claim("c", "unsupported", 0.2)])
    0.4
    """
    best: dict[str, float] = {}
    for claim in claims:
        best[claim.text] = max(best.get(claim.text, 0.0), claim.support)
    worst = sorted(best.values())[:2]
    return sum(worst) / len(worst) if worst else 0.0


def is_supported(claims: Sequence[Claim]) -> bool:
    """Return whether an answer need not be replaced: passages support some of it, and the worst of it not too badly.

    Examples
    --------
    >>> is_supported([Claim("a", "supported", 0.9), Claim("b", "weak", 0.4)])
    True
    >>> is_supported([Claim("a", "unsupported", 0.29)])
    False
    """
    return support_of(claims) >= MIN_ANSWER_SUPPORT and any(claim.verdict not in FAILING for claim in claims)


def notes_on(claims: Sequence[Claim], *, n_links: int, n_tags: int) -> Iterator[str]:
    """Yield what a reader should know about an answer: markers and links that were removed, statements without any.

    Parameters
    ----------
    claims : sequence of Claim
        The statements of the answer.
    n_links, n_tags : int
        How many were removed.

    Examples
    --------
    >>> list(notes_on([Claim("GANs pair two nets.", "uncited", 0.8)], n_links=0, n_tags=1))
    ['No statement of this answer is tied to a passage: do not rely on it.', 'HTML was removed.']
    """
    removed = Counter(claim.verdict for claim in claims if claim.marker is not None)
    yield from _counted(removed["unsupported"], "citation marker", "removed: no passage supports what was said.")
    yield from _counted(removed["fabricated"], "citation marker", "removed: there is no passage of that number.")
    yield from _counted(removed["misattributed"], "citation", "moved to the passage that supports what was said.")
    bare = Counter(claim.verdict for claim in claims if claim.marker is None)
    if not any(claim.citation for claim in claims):
        yield "No statement of this answer is tied to a passage: do not rely on it."
    elif bare:
        without = f"{bare.total()} statement{' has' if bare.total() == 1 else 's have'} no citation"
        which = "it" if bare.total() == 1 else f"{bare['unsupported']} of them"
        yield f"{without}, and no passage supports {which}." if bare["unsupported"] else f"{without}."
    yield from _counted(n_links, "link", "removed: not found in a cited passage.")
    if n_tags:
        yield "HTML was removed."


def withheld_note(claims: Sequence[Claim]) -> str:
    """Return the note on an answer that is not shown, from its statements.

    Examples
    --------
    >>> withheld_note([Claim("GANs pair two nets.", "uncited", 0.8), Claim("Cats sleep.", "unsupported", 0.1)])
    'What the language model said was withheld: the passages support 1 of its 2 statements.'
    """
    said = {claim.text for claim in claims}
    if not said:
        return "What the language model said was withheld: it is no statement that a passage could support."
    supported = {claim.text for claim in claims if claim.verdict not in FAILING}
    return (
        "What the language model said was withheld: "
        f"the passages support {len(supported)} of its {len(said)} statement{'s' * (len(said) != 1)}."
    )


def _counted(n: int, what: str, happened: str) -> Iterator[str]:
    if n:
        yield f"{n} {what}{' was' if n == 1 else 's were'} {happened}"


@lru_cache(maxsize=1)
def _leading_in() -> frozenset[str]:
    return stems(_LEADING_IN)


def _end_of_lead_in(text: str) -> int:
    match = _LEAD_IN.match(text)
    return match.end() if match and not says_something(match.group()) else 0


def _spaced(text: str) -> str:
    return " ".join(text.split()).strip(".")


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(_THOUSANDS.sub("", text)))
