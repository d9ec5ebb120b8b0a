"""Cases proposed from the documents themselves, for a person to accept: with their evidence, and some without."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.evaluation.deck import Card
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.overlap import stems
from rag_app.types import NOT_QUOTED, Chunk, Source, Unit

_ID_LENGTH = 12
_TERM = r"[A-Za-z][\w’'-]*(?: [\w’'-]+){0,4}"
_DEFINED = re.compile(
    rf"^(?P<article>An?|The) (?P<term>{_TERM}?)(?:, (?:abbreviated|also called|or) [^,]+,)? is (?:an?|the) "
)
_MADE = re.compile(
    rf"^(?:(?:An?|The) )?(?P<subject>{_TERM}) (?P<be>was|were) "
    r"(?P<verb>introduced|proposed|invented|founded|discovered|developed|published|coined|released|created)\b"
    r"(?=[^.;]*? by (?P<who>[A-Z][^.;]*))?(?=[^.;]*? in (?P<year>(?:1[5-9]|20)\d\d)\b)?"
)
_RELATION = re.compile(r"\b(?:of|for|in|on|between|with|by|to|from)\b")
_MARK = re.compile(r"(?:[-*+•]|\d{1,2}[.)])\s+")  # of a list
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_SUPPORTED = 0.5  # of the words of a card's answer
_FEWEST_WORDS = 5  # of a sentence that answers
_UNCLEAR = frozenset("this that these those it its they he she such here there another other following".split())
_DATED = ("When was {} introduced?", "In which year was {} first described?")
_ELSEWHERE = (
    "photosynthesis; plate tectonics; the water cycle; a black hole; natural selection; osmosis; the immune system; "
    "a vaccine; the periodic table; nuclear fission; the greenhouse effect; coral bleaching; a volcano; a glacier; "
    "the Krebs cycle; insulin; a blood group; the placebo effect; habeas corpus; a writ of mandamus; the rule of law; "
    "a trade union; inflation; comparative advantage; a central bank; compound interest; double-entry bookkeeping; "
    "feudalism; the Magna Carta; the Silk Road; the Treaty of Westphalia; the Renaissance; the Meiji Restoration; "
    "apartheid; a sonata; counterpoint; the pentatonic scale; cubism; fresco painting; a haiku; the epic theatre; "
    "a suspension bridge; reinforced concrete; a gearbox; a heat pump; the internal combustion engine; a sextant; "
    "crop rotation; fermentation; a sourdough starter; the offside rule; castling; a triathlon; an archipelago; "
    "the monsoon; a time zone; Esperanto; a dialect; the categorical imperative; stoicism; a koan; attachment theory"
).split("; ")


@dataclass(frozen=True, slots=True)
class Draft:
    """A case that a person has not seen yet.

    Parameters
    ----------
    question : str
        What a user might type.
    answerable : bool
        Whether the documents should answer it.
    answer : str
        A reference answer; empty where they don't.
    evidence : str
        The sentence that answers.
    source, sha256, heading : str
        Where it stands.
    start, end : int
        ``text[start:end]`` of the source is the evidence.
    kind : str
        How the question was found: ``card``, ``definition``, ``who_when``, ``heading``, ``llm``; of those that have no
        answer ``near_miss`` or ``other_field``.
    """

    question: str
    answerable: bool
    answer: str = ""
    evidence: str = ""
    source: str = ""
    sha256: str = ""
    heading: str = ""
    start: int = 0
    end: int = 0
    kind: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return a line of a case file, with the span of the evidence."""
        identifier = hashlib.sha256(self.question.encode()).hexdigest()[:_ID_LENGTH]
        shown: dict[str, Any] = {"id": identifier, "question": self.question, "answerable": self.answerable}
        if self.answerable:
            span = {"source": self.source, "sha256": self.sha256, "start": self.start, "end": self.end}
            shown |= {"answer": self.answer, "evidence": [self.evidence], "source": self.source}
            shown |= {"heading": self.heading, "spans": [span]}
        return shown | {"kind": self.kind}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a source, with the heading that it stands under."""

    text: str
    source: Source
    heading: str
    start: int
    end: int

    def draft(self, question: str, answer: str, kind: str) -> Draft:
        """Return the case that this sentence answers."""
        place = (self.text, self.source.name, self.source.sha256, self.heading, self.start, self.end)
        return Draft(question, True, answer, *place, kind)


def split_documents(documents: Iterable[tuple[Source, Sequence[Chunk]]]) -> list[Sentence]:
    """Return the sentences of documents, those of their paragraphs and lists alone.

    Parameters
    ----------
    documents : iterable of (Source, sequence of Chunk)
        As the library holds them.
    """
    return [sentence for source, chunks in documents for chunk in chunks for sentence in _sentences(source, chunk)]


def draft_cases(sentences: Sequence[Sentence], cards: Sequence[Card] = ()) -> list[Draft]:
    """Return the questions that sentences answer by their form, and those of cards with the sentence that answers.

    Parameters
    ----------
    sentences : sequence of Sentence
        Of all documents.
    cards : sequence of Card
        Questions with answers; one whose chapter is missing, or whose answer no sentence of it supports, is left out.

    Examples
    --------
    >>> text = "A generator is a network that makes samples. It was introduced by Ada in 2014."
    >>> source = Source("nets.md", "", "Nets", text, "", "", ())
    >>> [d.question for d in draft_cases([Sentence(text[:44], source, "", 0, 44)])]
    ['What is a generator?']
    """
    found = [draft for sentence in sentences for draft in (*_definitions(sentence), *_origins(sentence))]
    found += _of_headings(sentences)
    by_source: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        by_source.setdefault(sentence.source.name, []).append(sentence)
    return [*found, *(draft for card in cards if (draft := _from_card(card, by_source.get(card.source, []))))]


def draft_unanswerable(sentences: Sequence[Sentence]) -> list[Draft]:
    """Return questions that the documents do not answer.

    Near misses ask when a thing that the documents define came up, where no sentence about it has a year; others ask
    about a field of which the documents have no word.

    Parameters
    ----------
    sentences : sequence of Sentence
        Of all documents.
    """
    words = [stems(sentence.text) for sentence in sentences]
    known = frozenset[str]().union(*words)
    dated = [own for own, sentence in zip(words, sentences, strict=True) if _YEAR.search(sentence.text)]
    defined = [match["term"] for sentence in sentences if (match := _clear_definition(sentence))]
    terms = dict.fromkeys(term for term in defined if not _RELATION.search(term))
    near = [
        Draft(_DATED[i % len(_DATED)].format(f"the {term}"), answerable=False, kind="near_miss")
        for i, term in enumerate(term for term in terms if not any(stems(term) <= own for own in dated))
    ]
    far = [
        Draft(f"What is {term}?", answerable=False, kind="other_field")
        for term in _ELSEWHERE
        if not stems(term) & known
    ]
    return [*near, *far]


def choose_drafts(
    answerable: Sequence[Draft], unanswerable: Sequence[Draft], n: int, share: float, *, seed: int = 0
) -> list[Draft]:
    """Return drafts in random order, of which a share has no answer, with documents and kinds in turn.

    Parameters
    ----------
    answerable, unanswerable : sequence of Draft
        To choose from; a question that is there twice is taken once.
    n : int
        How many, at least 1.
    share : float
        Of those without an answer, in [0, 1].
    seed : int, default=0
        Where the random order starts.

    Raises
    ------
    InvalidInputError
        If `n` or `share` is out of range.

    Examples
    --------
    >>> drafts = [Draft(f"What is {x}?", answerable=True, source=x) for x in "ab"]
    >>> other = [Draft("What is osmosis?", answerable=False)]
    >>> sorted(d.answerable for d in choose_drafts(drafts, other, 2, 0.5))
    [False, True]
    """
    if n < 1 or not 0 <= share <= 1:
        msg = f"n must be at least 1 and share between 0 and 1; got {n} and {share}."
        raise InvalidInputError(msg)
    rng = np.random.default_rng(seed)
    n_without = round(n * share)
    chosen = [*_in_turn(answerable, rng)[: n - n_without], *_in_turn(unanswerable, rng)[:n_without]]
    return [chosen[i] for i in rng.permutation(len(chosen))]


def question_key(question: str) -> str:
    """Return what two questions have in common that differ in case, spaces and the question mark alone.

    Examples
    --------
    >>> question_key("What is  a GAN?") == question_key("what is a gan")
    True
    """
    return " ".join(question.lower().rstrip("?！？ ").split())  # noqa: RUF001  (full-width marks are meant)


def _sentences(source: Source, chunk: Chunk) -> Iterator[Sentence]:
    for unit in chunk.units:
        if unit.kind in NOT_QUOTED or unit.kind in {"table", "code"}:
            continue
        yield from _of_unit(source, unit, chunk)


def _of_unit(source: Source, unit: Unit, chunk: Chunk) -> Iterator[Sentence]:
    text = source.text[unit.start : unit.end]
    heading = chunk.locator.heading[-1] if chunk.locator.heading else ""
    for start, end in split_sentences(text):
        mark = _MARK.match(text, start, end)
        start = mark.end() if mark else start  # noqa: PLW2901  (the sentence begins behind it)
        if len(text[start:end].split()) >= _FEWEST_WORDS:
            yield Sentence(text[start:end], source, heading, unit.start + start, unit.start + end)


def _clear_definition(sentence: Sentence) -> re.Match[str] | None:
    match = _DEFINED.match(sentence.text)
    if match is None or set(match["term"].lower().split()) & _UNCLEAR:
        return None
    return match


def _definitions(sentence: Sentence) -> Iterator[Draft]:
    match = _clear_definition(sentence)
    if match:
        yield sentence.draft(f"What is {match['article'].lower()} {match['term']}?", sentence.text, "definition")


def _origins(sentence: Sentence) -> Iterator[Draft]:
    match = _MADE.match(sentence.text)
    if match is None or set(match["subject"].lower().split()) & _UNCLEAR:
        return
    subject = sentence.text[: match.end("subject")]
    subject = subject[0].lower() + subject[1:] if subject.startswith(("A ", "An ", "The ")) else subject
    if match["year"]:
        yield sentence.draft(f"When {match['be']} {subject} {match['verb']}?", f"In {match['year']}.", "who_when")
    if match["who"]:
        yield sentence.draft(f"Who {match['verb']} {subject}?", sentence.text, "who_when")


def _of_headings(sentences: Sequence[Sentence]) -> Iterator[Draft]:
    """Yield what a reader might ask about a section whose first sentence is about its heading."""
    seen: set[tuple[str, str]] = set()
    for sentence in sentences:
        heading, place = sentence.heading, (sentence.source.name, sentence.heading)
        topic = stems(heading)
        if place not in seen and topic and len(topic & stems(sentence.text)) >= _SUPPORTED * len(topic):
            asked = heading if heading.endswith("?") else f"Explain {_inside(heading)}."
            yield sentence.draft(asked, sentence.text, "heading")
        seen.add(place)


def _inside(heading: str) -> str:
    """Return a heading as it is written within a sentence: an abbreviation keeps its capitals."""
    return heading[0].lower() + heading[1:] if heading[1:2].islower() else heading


def _from_card(card: Card, sentences: Sequence[Sentence]) -> Draft | None:
    """Return the case of a card, with the sentence of its chapter that holds most of its answer."""
    wanted = stems(card.answer)
    held = [len(wanted & stems(sentence.text)) / max(len(wanted), 1) for sentence in sentences]
    if not held or max(held) < _SUPPORTED:
        return None
    return sentences[int(np.argmax(held))].draft(card.question, card.answer, "card")


def _in_turn(drafts: Sequence[Draft], rng: np.random.Generator) -> list[Draft]:
    """Return drafts shuffled, one of each document and kind after the other."""
    different = list({question_key(draft.question): draft for draft in drafts}.values())
    groups: dict[tuple[str, str], list[Draft]] = {}
    for i in rng.permutation(len(different)):
        groups.setdefault((different[i].source, different[i].kind), []).append(different[i])
    order = [list(groups.values())[i] for i in rng.permutation(len(groups))]
    return [draft for turn in zip_longest(*order) for draft in turn if draft is not None]
