"""A score is a number, a reason why there is none, or an error: never NaN, and never a zero that means "failed"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rag_app.errors import EvaluationError, InvalidInputError

Status = Literal["scored", "not-applicable", "error"]
STATUSES: tuple[Status, ...] = ("scored", "not-applicable", "error")


@dataclass(frozen=True, slots=True)
class Score:
    """What a metric says about an answer; made by `scored`, `not_applicable` and `failed`.

    Parameters
    ----------
    status : {"scored", "not-applicable", "error"}
        Whether there is a value; where not, whether that is as it should be.
    value : float or None
        Finite where the status is "scored", otherwise None.
    why : str, default=""
        One sentence: what the value rests on, why the metric does not apply, or what went wrong.
    details : mapping, default={}
        JSON values that a report may show, such as the sentences that nothing supports.

    Raises
    ------
    InvalidInputError
        If status and value contradict each other, or the value is not finite.

    Examples
    --------
    >>> Score("scored", 0.5).value
    0.5
    """

    status: Status
    value: float | None
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            msg = f"status must be one of {', '.join(STATUSES)}; got {self.status!r}."
            raise InvalidInputError(msg)
        finite = self.value is not None and math.isfinite(self.value)
        if (self.status == "scored") != finite or (self.value is not None and not finite):
            msg = f"value must be a finite number where the status is scored, otherwise None; got {self.value!r}."
            raise InvalidInputError(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that run files hold."""
        shown: dict[str, Any] = {"status": self.status, "value": self.value}
        return (
            shown | ({"why": self.why} if self.why else {}) | ({"details": dict(self.details)} if self.details else {})
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Score:
        """Return the score of its JSON form.

        Raises
        ------
        EvaluationError
            If it has another form.

        Examples
        --------
        >>> Score.from_json({"status": "scored", "value": 1}) == scored(1.0)
        True
        """
        try:
            number = value["value"]
            found = None if number is None else float(number)
            return cls(value["status"], found, value.get("why", ""), value.get("details", {}))
        except (KeyError, TypeError, ValueError) as exc:
            msg = f"A score must have status and value; got {value!r}."
            raise EvaluationError(msg) from exc


def scored(value: float, why: str = "", **details: Any) -> Score:  # noqa: ANN401  (JSON values)
    """Return a score with a value.

    Examples
    --------
    >>> scored(0.5, "1 of 2 sentences is supported.", unsupported=["…"]).details["unsupported"]
    ['…']
    """
    return Score("scored", float(value), why, details)


def not_applicable(why: str) -> Score:
    """Return the score of an answer that a metric has nothing to say about.

    Examples
    --------
    >>> not_applicable("The case has no reference answer.").status
    'not-applicable'
    """
    return Score("not-applicable", None, why)


def failed(why: str, **details: Any) -> Score:  # noqa: ANN401  (JSON values)
    """Return the score of an answer that should have a value and has none: a judge failed, a reply did not parse.

    Parameters
    ----------
    why : str
        One sentence, without a key or a document in it.
    **details
        JSON values, such as ``raw``, the judge's reply.

    Examples
    --------
    >>> failed("The judge's reply is not JSON.", raw="Yes!").value is None
    True
    """
    return Score("error", None, why, details)
