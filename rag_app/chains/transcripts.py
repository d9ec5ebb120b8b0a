"""Answers that were kept are checked again: whether each quotation still stands, and still supports what was said."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any, Literal

from rag_app.chains.citations import MarkerReader
from rag_app.chains.verification import FAILING, Measure, Support, Verifier
from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.locator import Locator
from rag_app.types import Claim, Passage, Source, Unit, Verdict

State = Literal["holds", "moved", "gone", "no source"]
_AROUND = 1200  # characters before and after a quotation: a passage is not longer
_HINT = "Name a file that rag ask --json has written: one answer, a list of answers, or one on each line."
_FIELDS: Mapping[str, type] = {
    "source": str, "sha256": str, "start": int, "end": int, "quote": str, "locator": dict,
}  # fmt: skip
_KINDS = {str: "text", int: "a whole number", dict: "an object"}
_MOST_SHOWN = 80  # characters of what is wrong
_VERDICTS: tuple[Verdict, ...] = ("fabricated", "unsupported", "weak", "supported")  # worst first


@dataclass(frozen=True, slots=True)
class CitationCheck:
    """What became of a citation.

    Parameters
    ----------
    number : int
        Its number in the answer.
    source, quote : str
        As they were cited.
    state : State
        ``holds``; ``moved``, where the quotation stands elsewhere in its source; ``gone``; ``no source``, where the
        index has none of that name.
    changed : bool
        Whether the text of the source is another one than then.
    verdict : Verdict or None
        The worst of the statements that rest on it; None where none does.
    """

    number: int
    source: str
    quote: str
    state: State
    changed: bool = False
    verdict: Verdict | None = None

    @property
    def ok(self) -> bool:
        """Whether the quotation is still there and supports what was said."""
        return self.state in {"holds", "moved"} and self.verdict not in FAILING

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag verify --json`` prints."""
        return {
            "number": self.number,
            "source": self.source,
            "quote": self.quote,
            "state": self.state,
            "changed": self.changed,
            "verdict": self.verdict,
            "ok": self.ok,
        }


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """What became of an answer's citations; `without` are markers of its text that no citation has."""

    question: str
    citations: tuple[CitationCheck, ...]
    without: tuple[int, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return not self.without and all(check.ok for check in self.citations)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag verify --json`` prints."""
        return {
            "question": self.question,
            "ok": self.ok,
            "citations": [check.to_json() for check in self.citations],
            "markers_without_citation": list(self.without),
        }


def read_transcript(text: str, name: str) -> list[Mapping[str, Any]]:
    """Return the answers of a transcript.

    Parameters
    ----------
    text : str
        What ``rag ask --json`` prints: once, in a list, or one answer on each line. An exported conversation has such
        an answer under ``answer``, or a list of them under ``exchanges``.
    name : str
        The file, for messages.

    Raises
    ------
    InvalidInputError
        If it is something else; the message names the place.

    Examples
    --------
    >>> read_transcript('{"question": "Why?", "answer": "No answer found.", "citations": []}', "a.json")[0]["question"]
    'Why?'
    """
    answers = [answer for place, value in _values(text, name) for answer in _answers(value, place)]
    if not answers:
        msg = f"{name} must hold at least one answer; it holds none."
        raise InvalidInputError(msg, hint=_HINT)
    return answers


def check_again(answer: Mapping[str, Any], source_of: Callable[[str], Source | None], measure: Measure) -> AnswerCheck:
    """Return what became of an answer.

    Parameters
    ----------
    answer : mapping
        One of `read_transcript`.
    source_of : callable
        Returns a source of the index by name, or None.
    measure : callable
        Support of a statement by a passage.
    """
    found = [_find(number, cited, source_of) for number, cited in enumerate(answer["citations"], start=1)]
    said: dict[int, list[Verdict]] = {}
    for claim in _claims(answer["answer"]):
        number = claim.marker or 0
        passages = [found[number - 1][1]] if 1 <= number <= len(found) else []
        said.setdefault(number, []).append(Verifier(passages, measure).judge(claim.text, 1).verdict)
    checks = tuple(
        replace(check, verdict=min(said.get(check.number, ()), key=_VERDICTS.index, default=None)) for check, _ in found
    )
    without = tuple(sorted(number for number in said if not 1 <= number <= len(found)))
    return AnswerCheck(str(answer.get("question", "")), checks, without)


def _claims(text: str) -> list[Claim]:
    """Return the statements of an answer that have a marker; no passage is needed to find them."""
    reader = MarkerReader(Verifier([], lambda _claim, _passage: Support(0.0, None)), lambda _citation: True)
    for _ in (*reader.feed(text), *reader.close()):
        pass
    return [claim for claim in reader.claims if claim.marker is not None]


def _find(
    number: int, cited: Mapping[str, Any], source_of: Callable[[str], Source | None]
) -> tuple[CitationCheck, Passage]:
    """Return the state of a citation, and the text around its quotation as it is now."""
    name, quote = cited["source"], cited["quote"]
    source = source_of(name)
    if source is None:
        return CitationCheck(number, name, quote, "no source", changed=True), _passage(name, "", 0, "")
    start = cited["start"] if source.text[cited["start"] : cited["end"]] == quote else source.text.find(quote)
    state: State = "gone" if start < 0 or not quote else "holds" if start == cited["start"] else "moved"
    check = CitationCheck(number, name, quote, state, changed=source.sha256 != cited["sha256"])
    heading = cited.get("locator", {}).get("heading")
    context = "\n".join(map(str, heading)) if isinstance(heading, list) else ""
    return check, _passage(name, source.text, start, "" if state == "gone" else quote, context)


def _passage(name: str, text: str, start: int, quote: str, context: str = "") -> Passage:
    """Return a passage of the text around a quotation, whose first unit is the quotation; empty without one."""
    if not quote:
        return Passage(name, "", "", 0, 0, "", Locator())
    first, last = max(0, start - _AROUND), min(len(text), start + len(quote) + _AROUND)
    around = text[first:last]
    spans = [(start, start + len(quote)), *((first + a, first + b) for a, b in split_sentences(around))]
    units = tuple(Unit(a, b, "paragraph") for a, b in spans)
    return Passage(name, "", "", first, last, around, Locator(), context=context, units=units)


def _values(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the JSON values of a file with their places: one value, or one on each line."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    with contextlib.suppress(json.JSONDecodeError, RecursionError):
        yield name, json.loads(text)
        lines = []
    for number, line in lines:
        try:
            yield f"{name}:{number}", json.loads(line)
        except (json.JSONDecodeError, RecursionError) as exc:
            msg = f"{name} must be JSON; line {number} does not parse."
            raise InvalidInputError(msg, hint=_HINT) from exc


def _answers(value: Any, place: str) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  (what JSON holds)
    if isinstance(value, list):
        for i, member in enumerate(value):
            yield from _answers(member, f"{place}[{i}]")
    elif isinstance(value, Mapping) and isinstance(value.get("exchanges"), list):
        yield from _answers(value["exchanges"], f"{place}.exchanges")
    elif isinstance(value, Mapping) and isinstance(value.get("answer"), Mapping):
        yield from _answers(value["answer"], f"{place}.answer")
    else:
        _check(value, place)
        yield value


def _check(value: Any, place: str) -> None:  # noqa: ANN401  (what JSON holds)
    """Refuse what is no answer."""
    if not isinstance(value, Mapping) or not isinstance(value.get("answer"), str):
        msg = f"{place} must be an object with an answer; got {shorten(repr(value), _MOST_SHOWN, placeholder=' …')}."
        raise InvalidInputError(msg, hint=_HINT)
    cited = value.get("citations")
    if not isinstance(cited, list) or not all(isinstance(c, Mapping) for c in cited):
        msg = (
            f"{place}: citations must be a list of objects; got {shorten(repr(cited), _MOST_SHOWN, placeholder=' …')}."
        )
        raise InvalidInputError(msg, hint=_HINT)
    for number, citation in enumerate(cited, start=1):
        for key, kind in _FIELDS.items():
            found = {"locator": {}, **citation}.get(key)
            if type(found) is not kind:
                got = shorten(repr(found), _MOST_SHOWN, placeholder=" …")
                msg = f"{place}: {key} of citation {number} must be {_KINDS[kind]}; got {got}."
                raise InvalidInputError(msg, hint=_HINT)
