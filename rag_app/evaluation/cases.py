"""Questions with what a good answer to them is, checked line by line."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

from rag_app.chains.messages import read_messages
from rag_app.errors import EvaluationError, InvalidInputError
from rag_app.evaluation.case_files import CASE_EXAMPLE, MOST_SHOWN, read_records

MIN_CASES = 2  # of either kind
_NAMED = ("question", "answerable", "answer", "evidence", "source", "kind", "id")
_ID_LENGTH = 12  # hexadecimal digits of a hash: two of a million questions share one with probability 0.002


@dataclass(frozen=True, slots=True)
class Case:
    """A question, and whether the documents answer it.

    Parameters
    ----------
    question : str
        What a user would type.
    answerable : bool
        Whether the documents answer it.
    answer : str, default=""
        The answer in any words.
    evidence : tuple of str, default=()
        Sentences of the documents of which any one answers it.
    source : str, default=""
        Name of the document in which the first of them stands.
    kind : str, default=""
        A group of questions that are counted together.
    place : str, default=""
        File and line, for messages.
    id : str, default=""
        Names the case in run files, so that two runs are compared case by case; `load_cases` derives a missing one from
        the question.
    fields : mapping, default={}
        Everything else that the line holds: ``split``, ``label``, ``messages`` …

    Examples
    --------
    >>> case = Case("Who keeps the light?", answerable=True, source="lighthouse.md", id="l-1")
    >>> case.cluster, Case.from_json(case.to_json()) == case
    ('lighthouse.md', True)
    """

    question: str
    answerable: bool
    answer: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    kind: str = ""
    place: str = ""
    id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """The group that is resampled as one: the case's own ``cluster``, otherwise its document, otherwise itself."""
        own = self.fields.get("cluster")
        return self.source or self.id if own is None or own == "" else str(own)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that run files hold: without the place, which is another one on another machine."""
        return {
            "id": self.id,
            "question": self.question,
            "answerable": self.answerable,
            "answer": self.answer,
            "evidence": list(self.evidence),
            "source": self.source,
            "kind": self.kind,
            "fields": dict(self.fields),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Case:
        """Return the case of its JSON form."""
        return cls(**{**value, "evidence": tuple(value["evidence"])})


def load_cases(path: Path) -> tuple[Case, ...]:
    """Return the cases of a file: JSON Lines or CSV of our own, or a file of ragas, LangSmith or promptfoo.

    Parameters
    ----------
    path : pathlib.Path
        Of each case, ``question`` and ``answerable`` are needed; ``answer``, ``evidence`` (a list of sentences),
        ``source``, ``kind``, ``id`` and ``also`` (a list of objects with ``evidence``: further places that answer the
        question) may be there, and other keys are kept as they are. What the other programs' files may hold, see
        `rag_app.evaluation.case_files.read_records`.

    Raises
    ------
    EvaluationError
        If the file cannot be read, has no case, or a line is wrong; the message names file and line.

    Examples
    --------
    >>> from rag_app.content import content_dir
    >>> cases = load_cases(content_dir("evals") / "data" / "course" / "cases.jsonl")
    >>> len(cases), sum(case.answerable for case in cases), cases[0].id
    (482, 408, 'course-001')
    """
    cases: list[Case] = []
    questions: dict[str, str] = {}
    ids: dict[str, str] = {}
    for place, record in read_records(path):
        case = _read_case(record, place)
        _refuse_repetition("question", " ".join(case.question.lower().split()), case, questions)
        _refuse_repetition("id", case.id, case, ids)
        cases.append(case)
    if not cases:
        msg = f"{path} must hold at least one case; it holds none."
        raise EvaluationError(msg, hint=CASE_EXAMPLE)
    return tuple(cases)


def check_kinds(cases: Sequence[Case], path: Path) -> None:
    """Raise an `EvaluationError` where there are not two answerable and two other cases: nothing can be compared."""
    n_answerable = sum(case.answerable for case in cases)
    if MIN_CASES <= n_answerable <= len(cases) - MIN_CASES:
        return
    got = f"{n_answerable} answerable, {len(cases) - n_answerable} unanswerable"
    msg = f"{path} must hold at least {MIN_CASES} cases of each kind; got {got}."
    wanted = (
        'answer, with "answerable": true' if n_answerable < MIN_CASES else 'do not answer, with "answerable": false'
    )
    raise EvaluationError(msg, hint=f"Add questions that your documents {wanted}.")


def check_sources(cases: Sequence[Case], names: Collection[str]) -> None:
    """Raise an `EvaluationError` where a case rests on a document that the index does not hold."""
    for case in cases:
        if case.source and case.source not in names:
            msg = f"{case.place}: source must be a document of the index; got {case.source!r}."
            raise EvaluationError(msg, hint="Ingest it, correct its name, or leave source out.")


def _read_case(record: Mapping[str, Any], place: str) -> Case:
    question, answerable = record.get("question"), record.get("answerable")
    _require(isinstance(question, str) and question.strip(), place, "question", "text that is not blank", question)
    _require(isinstance(answerable, bool), place, "answerable", "true or false", answerable)
    question = str(question).strip()
    answer, evidence = _text(record, "answer", place), tuple(_evidence(record, place))
    if not answerable:
        _require(not answer, place, "answer", "left out of an unanswerable question", answer)
        _require(not evidence, place, "evidence", "left out of an unanswerable question", list(evidence))
    source, kind = _text(record, "source", place), _text(record, "kind", place)
    _check_fields(record, place)
    others = {key: value for key, value in record.items() if key not in _NAMED}
    return Case(question, bool(answerable), answer, evidence, source, kind, place, _id(record, question, place), others)


def _check_fields(record: Mapping[str, Any], place: str) -> None:
    """Check what the metrics and the chain read of a case's further fields."""
    cluster = record.get("cluster")
    _require(cluster is None or isinstance(cluster, str | int), place, "cluster", "text or a whole number", cluster)
    relevant = record.get("relevant") or []
    listed = isinstance(relevant, list) and all(isinstance(name, str | int) for name in relevant)
    _require(listed, place, "relevant", "a list of ids of chunks or names of documents", relevant)
    for part in (record, *(record.get("also") or ())):
        _text(part, "heading", place)
        _text(part, "source", place)
    try:
        read_messages(record.get("messages"))
    except (InvalidInputError, TypeError) as exc:
        rule = 'a list of objects such as {"role": "user", "content": "What is a GAN?"}'
        msg = (
            f"{place}: messages must be {rule}; got {shorten(repr(record['messages']), MOST_SHOWN, placeholder=' …')}."
        )
        raise EvaluationError(msg) from exc


def _id(record: Mapping[str, Any], question: str, place: str) -> str:
    given = record.get("id")
    named = given is None or (isinstance(given, str | int) and not isinstance(given, bool))
    _require(named, place, "id", "text or a whole number", given)
    return str(given) if given not in {None, ""} else hashlib.sha256(question.encode()).hexdigest()[:_ID_LENGTH]


def _text(record: Mapping[str, Any], key: str, place: str) -> str:
    value = record.get(key) or ""
    _require(isinstance(value, str), place, key, "text", value)
    return str(value)


def _evidence(record: Mapping[str, Any], place: str) -> Iterator[str]:
    others = record.get("also") or []
    listed = isinstance(others, list) and all(isinstance(other, dict) for other in others)
    _require(listed, place, "also", "a list of objects", others)
    for part in (record, *others):
        sentences = part.get("evidence") or []
        holds = isinstance(sentences, list) and all(isinstance(s, str) and s.strip() for s in sentences)
        _require(holds, place, "evidence", "a list of sentences", sentences)
        yield from sentences


def _refuse_repetition(name: str, value: str, case: Case, seen: dict[str, str]) -> None:
    """Refuse what is there already: it would count twice, and the intervals would be too narrow."""
    if value in seen:
        got = case.question if name == "question" else value
        msg = f"{case.place}: {name} must not repeat that of {seen[value]}; got {got!r}."
        raise EvaluationError(msg, hint="Remove one of the two.")
    seen[value] = case.place


def _require(holds: object, place: str, name: str, rule: str, got: object) -> None:
    if not holds:
        msg = f"{place}: {name} must be {rule}; got {shorten(repr(got), MOST_SHOWN, placeholder=' …')}."
        raise EvaluationError(msg, hint=CASE_EXAMPLE)
