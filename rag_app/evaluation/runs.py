"""What a run of a suite found: every answer with its scores, in one file that needs no other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag_app.errors import EvaluationError
from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.scores import Score

FORMAT = 1
_HINT = "Make one with: rag eval run SUITE"


@dataclass(frozen=True, slots=True)
class Row:
    """One answer to one case, with its scores.

    Parameters
    ----------
    case : Case
        The question and what a good answer is.
    variant : str
        Name of the settings that answered.
    repeat : int
        0 for the first answer to the case.
    answer : mapping
        What ``rag ask --json`` prints; empty where there was no answer because of `error`.
    scores : mapping of str to Score
        By metric.
    latency_s : float
        Seconds that the answer took when it was made.
    usage : mapping of str to int
        Tokens as the provider reported them.
    cost : float or None
        US dollars that it cost when it was made; None where that is unknown.
    cached : bool
        Whether it was made in an earlier run.
    error : str
        Why there is no answer.
    strength : float or None
        Of the evidence that the gate judged, where a metric asks for it.
    """

    case: Case
    variant: str
    repeat: int = 0
    answer: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Score] = field(default_factory=dict)
    latency_s: float = 0.0
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = None
    cached: bool = False
    error: str = ""
    strength: float | None = None

    @property
    def case_id(self) -> str:
        """The id of the case."""
        return self.case.id

    @property
    def question(self) -> str:
        """The question of the case."""
        return self.case.question

    @property
    def reference(self) -> str:
        """The reference answer of the case, empty where there is none."""
        return self.case.answer

    @property
    def text(self) -> str:
        """The text of the answer."""
        return str(self.answer.get("answer", ""))

    @property
    def example(self) -> Example:
        """What metrics look at."""
        case, answer = self.case, self.answer
        return Example(
            question=case.question,
            answer=self.text,
            answered=bool(answer.get("answered", False)),
            answerable=case.answerable,
            citations=tuple(answer.get("citations", ())),
            retrieved=tuple(answer.get("retrieved", ())),
            claims=tuple(answer.get("claims", ())),
            notes=tuple(answer.get("notes", ())),
            reference=case.answer,
            evidence=case.evidence,
            source=case.source,
            case=case,
            usage=self.usage,
            latency_s=self.latency_s,
            cost=self.cost,
            strength=self.strength,
            llm=str(answer.get("llm", "")),
        )

    def slim(self) -> Row:
        """Return the row with nothing of the answer but its text, and the bare values of its scores."""
        answer = {key: self.answer[key] for key in ("answer", "answered") if key in self.answer}
        scores = {name: Score(score.status, score.value) for name, score in self.scores.items()}
        fields = {key: self.case.fields[key] for key in ("cluster",) if key in self.case.fields}
        case = replace(self.case, answer="", evidence=(), fields=fields)
        return replace(self, case=case, answer=answer, scores=scores)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that run files hold."""
        return {
            "case": self.case.to_json(),
            "variant": self.variant,
            "repeat": self.repeat,
            "answer": dict(self.answer),
            "scores": {name: score.to_json() for name, score in self.scores.items()},
            "latency_s": round(self.latency_s, 6),
            "usage": dict(self.usage),
            "cost": self.cost,
            "cached": self.cached,
            "error": self.error,
            "strength": self.strength,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Row:
        """Return the row of its JSON form."""
        scores = {name: Score.from_json(score) for name, score in value["scores"].items()}
        return cls(**{**value, "case": Case.from_json(value["case"]), "scores": scores})


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that a run of a suite found, and what it was made by.

    Parameters
    ----------
    suite : mapping
        The suite as its file says it: name, description, metrics, thresholds …
    variants : mapping of str to mapping
        The settings of each variant, by its name.
    metrics : tuple of Card
        The metrics in the order of the suite.
    rows : tuple of Row
        In the order of variants, cases and repeats.
    seed : int
        Of resampling.
    fingerprint : mapping of str to str
        Hashes of what answers depend on: ``code``, ``prompts`` and ``index``, for each variant that differs.
    versions : mapping of str to str
        Of rag-app, Python and the packages that matter.
    began : str
        Date and time, in UTC.
    duration_s : float
        Seconds of the run.
    stopped : str
        Why the run ended before every row was there: empty where it did not.
    """

    suite: Mapping[str, Any]
    variants: Mapping[str, Mapping[str, Any]]
    metrics: tuple[Card, ...]
    rows: tuple[Row, ...]
    seed: int = 0
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    began: str = ""
    duration_s: float = 0.0
    stopped: str = ""

    @property
    def name(self) -> str:
        """The name of the suite."""
        return str(self.suite.get("name", ""))

    def rows_of(self, variant: str) -> tuple[Row, ...]:
        """Return the rows of one variant."""
        return tuple(row for row in self.rows if row.variant == variant)

    def slim(self) -> Run:
        """Return the run without what was retrieved and cited: enough to compare with, and small enough to commit."""
        return replace(self, rows=tuple(row.slim() for row in self.rows))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of a run file."""
        others: dict[str, Any] = {"suite": dict(self.suite), "variants": {n: dict(v) for n, v in self.variants.items()}}
        others |= {"seed": self.seed, "fingerprint": dict(self.fingerprint), "versions": dict(self.versions)}
        others |= {"began": self.began, "duration_s": round(self.duration_s, 3), "stopped": self.stopped}
        metrics = [card.to_json() for card in self.metrics]
        return {"format": FORMAT, **others, "metrics": metrics, "rows": [row.to_json() for row in self.rows]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Run:
        """Return the run of its JSON form."""
        fields = {k: v for k, v in value.items() if k != "format"}
        fields["metrics"] = tuple(Card.from_json(card) for card in value["metrics"])
        return cls(**{**fields, "rows": tuple(Row.from_json(row) for row in value["rows"])})


def save_run(run: Run, path: Path) -> None:
    """Write a run into a file, whole or not at all, with a row on each line.

    Raises
    ------
    EvaluationError
        If the file cannot be written.
    """
    value = run.to_json()
    rows = ",\n".join(_dump(row) for row in value.pop("rows"))
    write_whole(f'{_dump(value)[:-1]}, "rows": [\n{rows}\n]}}\n', path)


def _dump(value: Any) -> str:  # noqa: ANN401  (JSON)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_whole(text: str, path: Path) -> None:
    """Write a text into a file so that a reader finds the old file or the new one, never half of it.

    Raises
    ------
    EvaluationError
        If the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as exc:
        temporary.unlink(missing_ok=True)
        msg = f"{path} must be a file that can be written; the system says: {exc.strerror}."
        raise EvaluationError(msg, hint="Choose another one.") from exc


def load_run(path: Path) -> Run:
    """Return the run of a file.

    Raises
    ------
    EvaluationError
        If the file cannot be read or is no run.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["format"] != FORMAT:
            msg = f"{path} must be a run file of format {FORMAT}; got format {value['format']!r}."
            raise EvaluationError(msg, hint=_HINT)
        return Run.from_json(value)
    except OSError as exc:
        msg = f"{path} must be a run file; it cannot be read: {(exc.strerror or '').lower()}."
        raise EvaluationError(msg, hint=_HINT) from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        msg = f"{path} must be a run file; it holds something else."
        raise EvaluationError(msg, hint=_HINT) from exc
