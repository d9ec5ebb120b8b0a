"""Questions with what a good answer to them is: JSON Lines, checked line by line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from rag_app.errors import EvaluationError

_EXAMPLE = 'Write lines such as: {"question": "Who keeps the light?", "answerable": true}'
MIN_CASES = 2  # of either kind
_MOST_SHOWN = 80  # characters of what is wrong: it may be a whole document


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
    """

    question: str
    answerable: bool
    answer: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    kind: str = ""
    place: str = ""


def load_cases(path: Path) -> tuple[Case, ...]:
    """Return the cases of a file with a JSON object on each line.

    Parameters
    ----------
    path : pathlib.Path
        ``question`` and ``answerable`` are needed; ``answer``, ``evidence`` (a list of sentences), ``source``, ``kind``
        and ``also`` (a list of objects with ``evidence``: further places that answer the question) may be there, and
        other keys are left alone.

    Raises
    ------
    EvaluationError
        If the file cannot be read, has no case, or a line is wrong; the message names file and line.

    Examples
    --------
    >>> from rag_app.content import content_dir
    >>> cases = load_cases(content_dir("evals") / "data" / "course" / "cases.jsonl")
    >>> len(cases), sum(case.answerable for case in cases)
    (482, 408)
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        reason = (exc.strerror or "").lower() if isinstance(exc, OSError) else "it is not text in UTF-8"
        msg = f"The cases must be a file of JSON Lines; {path} cannot be read: {reason}."
        raise EvaluationError(msg, hint=_EXAMPLE) from exc
    cases: list[Case] = []
    seen: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            case = _read_case(line, f"{path}:{number}")
            _refuse_repetition(case, seen)
            cases.append(case)
    if not cases:
        msg = f"{path} must hold at least one case; it holds none."
        raise EvaluationError(msg, hint=_EXAMPLE)
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


def _read_case(line: str, place: str) -> Case:
    try:
        record = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as exc:
        reason = f"{exc.msg} at column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else "it is too deep"
        msg = f"{place}: a case must be one JSON object; it does not parse: {reason}."
        raise EvaluationError(msg, hint=_EXAMPLE) from exc
    _require(isinstance(record, dict), place, "a case", "one JSON object", record)
    question, answerable = record.get("question"), record.get("answerable")
    _require(isinstance(question, str) and question.strip(), place, "question", "text that is not blank", question)
    _require(isinstance(answerable, bool), place, "answerable", "true or false", answerable)
    answer, evidence = _text(record, "answer", place), tuple(_evidence(record, place))
    if not answerable:
        _require(not answer, place, "answer", "left out of an unanswerable question", answer)
        _require(not evidence, place, "evidence", "left out of an unanswerable question", list(evidence))
    source, kind = _text(record, "source", place), _text(record, "kind", place)
    return Case(question.strip(), answerable, answer, evidence, source, kind, place)


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


def _refuse_repetition(case: Case, seen: dict[str, str]) -> None:
    """Refuse a question that is there already: it would count twice, and the intervals would be too narrow."""
    key = " ".join(case.question.lower().split())
    if key in seen:
        msg = f"{case.place}: question must not repeat that of {seen[key]}; got {case.question!r}."
        raise EvaluationError(msg, hint="Remove one of the two.")
    seen[key] = case.place


def _require(holds: object, place: str, name: str, rule: str, got: object) -> None:
    if not holds:
        msg = f"{place}: {name} must be {rule}; got {shorten(repr(got), _MOST_SHOWN, placeholder=' …')}."
        raise EvaluationError(msg, hint=_EXAMPLE)
