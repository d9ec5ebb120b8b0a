"""What the HTML report of runs shows of their cases, as JSON: texts, and the places in them to be marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.spans import find_sentence
from rag_app.locator import Locator

_LONGEST = 4000  # characters of a judge's reply; the run file has all of it
_CITED, _WANTED, _DOUBTED = "cited", "wanted", "doubted"


@dataclass(frozen=True, slots=True)
class Column:
    """One of the answerers that stand side by side: a variant of a run.

    Parameters
    ----------
    name : str
        What the report calls it.
    run : Run
        Whose.
    variant : str
        Which.
    """

    name: str
    run: Run
    variant: str

    @property
    def rows(self) -> tuple[Row, ...]:
        """Its answers."""
        return self.run.rows_of(self.variant)


def split_columns(runs: Sequence[Run]) -> list[Column]:
    """Return the variants of runs in order, named by run and variant as far as that is needed.

    Examples
    --------
    >>> split_columns([Run({"name": "course"}, {"default": {}}, (), ())])[0].name
    'default'
    """
    names = [chr(ord("A") + i) for i in range(len(runs))]
    columns = []
    for letter, run in zip(names, runs, strict=True):
        for variant in run.variants:
            parts = [letter] if len(runs) > 1 else []
            parts += [variant] if len(run.variants) > 1 or len(runs) == 1 else []
            columns.append(Column(" · ".join(parts), run, variant))
    return columns


def build_data(columns: Sequence[Column], cards: Sequence[Card]) -> dict[str, Any]:
    """Return the cases with all answers to each, as the page's script reads them.

    Parameters
    ----------
    columns : sequence of Column
        Whose answers stand side by side.
    cards : sequence of Card
        The metrics.

    Returns
    -------
    dict
        ``columns``, names; ``metrics``; ``passages``, each text once; ``cases``, in the order of their first answer,
        with ``answers``: for each column a list, empty where it has none.
    """
    store: dict[tuple[str, str, str], int] = {}
    by_case: dict[str, list[list[Row]]] = {}
    for i, column in enumerate(columns):
        for row in column.rows:
            by_case.setdefault(row.case_id, [[] for _ in columns])[i].append(row)
    cases = [_case(answers, store) for answers in by_case.values()]
    return {
        "columns": [column.name for column in columns],
        "metrics": [_metric(card) for card in cards],
        "passages": [{"source": source, "place": place, "text": text} for source, place, text in store],
        "cases": cases,
    }


def _metric(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "definition": card.definition,
        "misses": card.misses,
        "direction": card.direction,
        "range": card.range,
        "unit": card.unit,
        "agreement": card.known_agreement,
    }


def _case(answers: Sequence[Sequence[Row]], store: dict[tuple[str, str, str], int]) -> dict[str, Any]:
    case = next(row.case for rows in answers for row in rows)
    return {
        "id": case.id,
        "question": case.question,
        "answerable": case.answerable,
        "kind": case.kind,
        "reference": case.answer,
        "evidence": list(case.evidence),
        "source": case.source,
        "answers": [[_answer(row, store) for row in rows] for rows in answers],
    }


def _answer(row: Row, store: dict[tuple[str, str, str], int]) -> dict[str, Any]:
    answer = row.answer
    return {
        "text": row.text,
        "spans": _spans(row.text, _doubts(row)),
        "answered": bool(answer.get("answered", False)),
        "error": row.error,
        "llm": answer.get("llm", ""),
        "prompt": answer.get("prompt", ""),
        "notes": list(answer.get("notes", ())),
        "latency_s": row.latency_s,
        "cost": row.cost,
        "cached": row.cached,
        "usage": dict(row.usage),
        "citations": [[f"{c['source']} {_place(c)}".strip(), c["quote"]] for c in answer.get("citations", ())],
        "passages": [_passage(passage, row, store) for passage in answer.get("retrieved", ())],
        "scores": {name: _shortened(score.to_json()) for name, score in row.scores.items()},
    }


def _passage(passage: Mapping[str, Any], row: Row, store: dict[tuple[str, str, str], int]) -> dict[str, Any]:
    """Return which passage it is and what is marked in it: what is cited, and what the case names as evidence."""
    text, start = str(passage["text"]), int(passage.get("start", 0))
    spans: list[tuple[int, int, str]] = []
    for citation in row.answer.get("citations", ()):
        first, last = max(citation["start"] - start, 0), min(citation["end"] - start, len(text))
        if citation["source"] == passage.get("source") and first < last:
            spans.append((first, last, _CITED))
    for sentence in row.case.evidence:
        found = find_sentence(text, sentence)
        spans += [(*found, _WANTED)] if found else []
    key = (str(passage.get("source", "")), _place(passage), text)
    return {"at": store.setdefault(key, len(store)), "spans": _spans(text, spans)}


def _doubts(row: Row) -> Iterator[tuple[int, int, str]]:
    """Yield where the answer has sentences that a metric found unsupported."""
    for score in row.scores.values():
        for entry in score.details.get("unsupported", ()):
            sentence = entry.get("text", "") if isinstance(entry, Mapping) else str(entry)
            found = find_sentence(row.text, sentence)
            if found:
                yield (*found, _DOUBTED)


def _place(passage: Mapping[str, Any]) -> str:
    locator = dict(passage.get("locator") or {})
    return str(Locator.load(locator.pop("heading", ()), locator))


def _shortened(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]} …"
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    return [_shortened(item) for item in value] if isinstance(value, list | tuple) else value


def _spans(text: str, spans: Iterable[tuple[int, int, str]]) -> list[list[int | str]]:
    """Return spans with their positions as JavaScript counts them."""
    return [
        [*(len(text[:at].encode("utf-16-le", "surrogatepass")) // 2 for at in (a, b)), mark] for a, b, mark in spans
    ]
