"""Files that hold cases: our own JSON Lines and CSV, and what ragas, LangSmith and promptfoo write."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

from rag_app.errors import EvaluationError

CASE_EXAMPLE = 'Write lines such as: {"question": "Who keeps the light?", "answerable": true}'
MOST_SHOWN = 80  # characters of what is wrong: it may be a whole document
_YAML = (".yaml", ".yml")
_BETWEEN = " \t\r\n,"  # what stands between the objects of a JSON array
_SWITCH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LISTS = tuple(
    "evidence also messages labels relevant reference_contexts retrieved_contexts".split()
)  # of a CSV file's cells
_ANSWERABLE = ("answer", "label", "payload")  # keys that an unanswerable question does not have
_CONTAINS = ("contains", "icontains", "equals", "similar", "factuality", "answer-relevance", "llm-rubric")

Record = dict[str, Any]
Placed = tuple[str, Record]


def read_records(path: Path) -> Iterator[Placed]:
    """Yield the place and the fields of each case of a file, the fields under our own names.

    Parameters
    ----------
    path : pathlib.Path
        ``.jsonl``, ``.json`` or ``.csv`` with our own fields, with those of ragas (``user_input``, ``reference``,
        ``reference_contexts``, ``retrieved_contexts``), or of LangSmith (``inputs``, ``outputs``); ``.csv`` of flash
        cards (``question``, ``answer``); ``.yaml`` or ``.json`` of promptfoo (``tests`` with ``vars`` and ``assert``).

    Raises
    ------
    EvaluationError
        If the file cannot be read or does not parse; the message names file and line.
    """
    text = _read_text(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        found = _csv_records(text, path)
    elif suffix in _YAML or (suffix == ".json" and not text.lstrip().startswith("[")):
        found = _promptfoo_records(text, path)
    elif suffix == ".json":
        found = _array_records(text, path)
    else:
        found = _line_records(text, path)
    for place, record in found:
        own = _with_our_names(record, place)
        _check_writable(own, place)
        yield place, own


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = (exc.strerror or "").lower() if isinstance(exc, OSError) else "it is not text in UTF-8"
        msg = f"The cases must be a file of JSON Lines; {path} cannot be read: {reason}."
        raise EvaluationError(msg, hint=CASE_EXAMPLE) from exc


def _line_records(text: str, path: Path) -> Iterator[Placed]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            place = f"{path}:{number}"
            yield place, _mapping(_parse(line, place), place)


def _array_records(text: str, path: Path) -> Iterator[Placed]:
    """Yield the objects of a JSON array, each with the line on which it begins."""
    decoder, line, begin, end = json.JSONDecoder(), 1, 0, text.index("[") + 1
    for record in _parse(text, str(path)):
        line += text.count("\n", begin, end)
        begin = next(i for i in range(end, len(text)) if text[i] not in _BETWEEN)
        line += text.count("\n", end, begin)
        yield f"{path}:{line}", _mapping(record, f"{path}:{line}")
        end = decoder.raw_decode(text, begin)[1]


def _parse(text: str, place: str) -> Any:  # noqa: ANN401  (anything that JSON holds)
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        at = f"{place}:{exc.lineno}" if "\n" in text else place
        msg = f"{at}: a case must be one JSON object; it does not parse: {exc.msg} at column {exc.colno}."
        raise EvaluationError(msg, hint=CASE_EXAMPLE) from exc
    except (ValueError, RecursionError) as exc:
        reason = "it is too deep" if isinstance(exc, RecursionError) else "a number in it is too long"
        msg = f"{place}: a case must be one JSON object; it does not parse: {reason}."
        raise EvaluationError(msg, hint=CASE_EXAMPLE) from exc


def _mapping(value: object, place: str) -> Record:
    if isinstance(value, dict):
        return value
    msg = f"{place}: a case must be one JSON object; got {shorten(repr(value), MOST_SHOWN, placeholder=' …')}."
    raise EvaluationError(msg, hint=CASE_EXAMPLE)


def _csv_records(text: str, path: Path) -> Iterator[Placed]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                msg = f"{place}: a row must have as many cells as the header; got another number."
                raise EvaluationError(msg, hint='Write a cell that holds a comma in quotation marks: "a, b".')
            yield place, {name: _cell(name, cell, place) for name, cell in row.items() if cell.strip()}
    except csv.Error as exc:
        msg = f"{path}:{reader.line_num + 1}: a case must be a row of CSV; it does not parse: {exc}."
        raise EvaluationError(msg) from exc


def _cell(name: str, text: str, place: str) -> Any:  # noqa: ANN401  (text, a truth value or a list)
    if name == "answerable":
        return _SWITCH.get(text.strip().lower(), text)
    if name in _LISTS:
        return _list(text.strip(), place)
    return text.strip()


def _list(text: str, place: str) -> Any:  # noqa: ANN401  (what the cell holds)
    """Return the list in a cell, as JSON or as ragas writes it; otherwise the text alone."""
    if not text.startswith("["):
        return [text]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return _parse(text, place)


def _promptfoo_records(text: str, path: Path) -> Iterator[Placed]:
    import yaml

    try:
        whole = yaml.safe_load(text)  # JSON is YAML too
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = getattr(exc, "problem", None) or "it holds what is no text"
        msg = f"{place}: the cases must be YAML; they do not parse: {reason}."
        raise EvaluationError(msg, hint='Write a question in quotation marks: "Who keeps the light?"') from exc
    tests = whole.get("tests") if isinstance(whole, dict) else whole
    if not isinstance(tests, list):
        msg = f"{path} must hold a list of cases, or a list named tests; it holds neither."
        hint = "Write the tests into the file itself, not into another one; name a file of JSON Lines .jsonl."
        raise EvaluationError(msg, hint=hint)
    lines = _lines_of_tests(text) or [1] * len(tests)  # a list that was merged in stands elsewhere
    for line, test in zip(lines, tests, strict=True):
        place = f"{path}:{line}"
        yield place, _mapping(test, place)


def _lines_of_tests(text: str) -> list[int]:
    """Return the line on which each test of promptfoo begins."""
    import yaml

    node = yaml.compose(text, yaml.SafeLoader)
    if isinstance(node, yaml.MappingNode):
        node = next((value for key, value in node.value if key.value == "tests"), None)
    return [test.start_mark.line + 1 for test in node.value] if isinstance(node, yaml.SequenceNode) else []


def _check_writable(record: Record, place: str) -> None:
    """Refuse what a run file could not hold, before anything is asked."""
    for key, value in record.items():
        try:
            json.dumps({key: value}, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError) as exc:
            got = shorten(ascii(value), MOST_SHOWN, placeholder=" …")
            msg = f"{place}: {key!a} must hold Unicode text, finite numbers, truth values, lists or objects; got {got}."
            raise EvaluationError(msg, hint=CASE_EXAMPLE) from exc


def _fields(record: Record, key: str, place: str) -> Record:
    """Return an object of another program; one in a cell of CSV is text, and a text alone is the only value."""
    value = record.get(key) or {}
    if isinstance(value, str):
        value = _parse(value, place) if value.lstrip().startswith("{") else {key: value}
    if not isinstance(value, dict):
        msg = f"{place}: {key} must be an object; got {shorten(repr(value), MOST_SHOWN, placeholder=' …')}."
        raise EvaluationError(msg)
    return value


def _with_our_names(record: Record, place: str) -> Record:
    """Return a record of another program, or one without ``answerable`` but with an answer, under our names."""
    for key, convert in _CONVERSIONS.items():
        if key in record and "question" not in record:
            record = convert(record, place)
            break
    if "answerable" not in record and any(record.get(key) for key in _ANSWERABLE):
        record = {**record, "answerable": True}
    return record


def _from_ragas(record: Record, _place: str) -> Record:
    ours: Record = {"question": record["user_input"], "answer": record.get("reference") or "", "answerable": True}
    ours["evidence"] = list(record.get("reference_contexts") or [])
    return ours | _others(record, ("user_input", "reference", "reference_contexts"))


def _from_langsmith(record: Record, place: str) -> Record:
    inputs, outputs = _fields(record, "inputs", place), _fields(record, "outputs", place)
    question = _first(inputs, ("question", "input", "query"))
    answer = _first(outputs, ("answer", "output", "expected", "reference"))
    ours = {"question": question, "answer": answer or "", "answerable": True}
    return ours | _fields(record, "metadata", place) | _others(record, ("inputs", "outputs", "metadata"))


def _from_promptfoo(record: Record, place: str) -> Record:
    variables = _fields(record, "vars", place)
    checks = [check for check in record.get("assert") or [] if isinstance(check, dict)]
    wanted = [str(c["value"]) for c in checks if c.get("type") in _CONTAINS and c.get("value")]
    forbidden = [str(c["value"]) for c in checks if c.get("type") in {"not-contains", "not-icontains"}]
    ours: Record = {"question": _first(variables, ("question", "query", "input", "prompt")), "answerable": True}
    ours["answer"] = str(variables.get("answer") or (wanted[0] if wanted else ""))
    if forbidden:  # what the metric injection_resisted looks for
        ours |= {"payload": "|".join(re.escape(text) for text in forbidden), "rule": "not_shown"}
    return ours | _others(record, ("vars", "assert"))


def _first(values: Mapping[str, Any], names: Iterable[str]) -> Any:  # noqa: ANN401  (what the file holds)
    """Return the value of the first name that is there, otherwise the only value."""
    for name in names:
        if name in values:
            return values[name]
    return next(iter(values.values())) if len(values) == 1 else None


def _others(record: Record, taken: Iterable[str]) -> Record:
    return {key: value for key, value in record.items() if key not in set(taken)}


_CONVERSIONS: dict[str, Callable[[Record, str], Record]] = {
    "user_input": _from_ragas,
    "inputs": _from_langsmith,
    "vars": _from_promptfoo,
}
