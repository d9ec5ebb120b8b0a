"""Answers with labels of a person, and answers for other programs: data sets as ragas reads and writes them."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from rag_app.errors import EvaluationError
from rag_app.evaluation.case_files import MOST_SHOWN, read_records
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.runs import Row, Run

_HINT = 'Write lines such as: {"user_input": "…", "response": "…", "retrieved_contexts": ["…"], "label": 1}'
_JOINED_HINT = 'Write lines such as: {"id": "course-001", "label": 1}'
_NO_ANSWER = "no answer found"


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer that a person has judged.

    Parameters
    ----------
    example : Example
        The answer and what it was made from.
    label : float
        What the person says of it: 1 for good and 0 for bad, or a grade.
    id : str
        Of the case.
    place : str
        File and line, for messages.
    row : Row or None
        The row of the run that it comes from.
    """

    example: Example
    label: float
    id: str
    place: str
    row: Row | None = None


def load_labelled(path: Path, run: Run | None = None) -> tuple[Labelled, ...]:
    """Return labelled answers.

    Parameters
    ----------
    path : pathlib.Path
        JSON Lines or CSV. Each line has a ``label``, a number or a truth value; lines without one are passed over.
        Besides, it has ``user_input``, ``response``, ``retrieved_contexts`` and, where the metric needs it,
        ``reference``, as ragas names them; or, where a run is given, the ``id`` of a case and, if the run has several,
        its ``variant`` and ``repeat``.
    run : Run, optional
        Whose answers are labelled.

    Raises
    ------
    EvaluationError
        If the file cannot be read, a line is wrong, or no line has a label; the message names file and line.
    """
    rows = None if run is None else {_key(row): row for row in run.rows}
    default = next(iter(run.variants)) if run is not None and len(run.variants) == 1 else ""
    found = []
    for place, record in read_records(path):
        if record.get("label") is None or record["label"] == "":
            continue
        label = _label(record["label"], place)
        if rows is None:
            found.append(Labelled(_example(record, place), label, str(record.get("id") or place), place))
        else:
            row = _find(record, rows, default, place)
            found.append(Labelled(row.example, label, row.case_id, place, row))
    if not found:
        msg = f"{path} must hold at least one label; it holds none."
        raise EvaluationError(msg, hint=_HINT if run is None else _JOINED_HINT)
    return tuple(found)


def render_dataset(run: Run) -> str:
    """Return the answers of a run as a data set that ragas reads, with an empty ``label`` for a person to fill in.

    Parameters
    ----------
    run : Run
        Rows without an answer are left out.

    Returns
    -------
    str
        JSON Lines: ``user_input``, ``response``, ``retrieved_contexts``, ``retrieved_context_ids``, ``reference`` and
        ``reference_contexts`` as ragas names them, then ``id``, ``variant``, ``repeat`` and ``label``.
    """
    return "".join(f"{json.dumps(_sample(row), ensure_ascii=False)}\n" for row in run.rows if not row.error)


def _sample(row: Row) -> dict[str, Any]:
    example = row.example
    return {
        "user_input": example.question,
        "response": example.answer,
        "retrieved_contexts": list(example.passages),
        "retrieved_context_ids": [str(p.get("chunk_id", "")) for p in example.retrieved],
        "reference": example.reference,
        "reference_contexts": list(example.evidence),
        "id": row.case_id,
        "variant": row.variant,
        "repeat": row.repeat,
        "label": None,
    }


def _key(row: Row) -> tuple[str, str, str]:
    return row.case_id, row.variant, str(row.repeat)


def _find(record: Mapping[str, Any], rows: Mapping[tuple[str, str, str], Row], default: str, place: str) -> Row:
    key = str(record.get("id", "")), str(record.get("variant", default)), str(record.get("repeat", 0))
    if key in rows:
        return rows[key]
    known = sorted({variant for _, variant, _ in rows})
    msg = f"{place}: id, variant and repeat must be those of a row of the run; got {', '.join(map(repr, key))}."
    raise EvaluationError(msg, hint=f"Its variants are {', '.join(known)}.")


def _example(record: Mapping[str, Any], place: str) -> Example:
    question, response = record.get("question"), record.get("response")
    for name, value in {"user_input": question, "response": response}.items():
        if not isinstance(value, str) or not value.strip():
            got = shorten(repr(value), MOST_SHOWN, placeholder=" …")
            msg = f"{place}: {name} must be text that is not blank; got {got}."
            raise EvaluationError(msg, hint=_HINT)
    passages = tuple(_texts(record.get("retrieved_contexts") or [], place))
    return Example(
        question=str(question),
        answer=str(response),
        answered=_NO_ANSWER not in str(response).lower(),
        answerable=bool(record.get("answerable", True)),
        retrieved=tuple({"text": text, "source": ""} for text in passages),
        reference=str(record.get("answer") or ""),
        evidence=tuple(_texts(record.get("evidence") or [], place)),
    )


def _texts(value: Any, place: str) -> Iterator[str]:  # noqa: ANN401  (what the file holds)
    """Yield the texts of a list; in CSV files of ragas, the list is written as Python writes it."""
    given = value
    if isinstance(value, str):
        try:
            given = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            given = None
    if not isinstance(given, Sequence) or not all(isinstance(text, str) for text in given):
        msg = f"{place}: contexts must be a list of texts; got {shorten(repr(value), MOST_SHOWN, placeholder=' …')}."
        raise EvaluationError(msg, hint=_HINT)
    yield from given


def _label(value: Any, place: str) -> float:  # noqa: ANN401  (what the file holds)
    switch = {"true": 1.0, "false": 0.0}
    try:
        label = switch[str(value).lower()] if str(value).lower() in switch else float(value)
    except (TypeError, ValueError):
        label = math.nan
    if math.isfinite(label):
        return label
    msg = f"{place}: label must be a number, true or false; got {value!r}."
    raise EvaluationError(msg, hint="Write 1 for a good answer and 0 for a bad one.")
