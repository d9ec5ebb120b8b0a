"""A card says of a metric what it measures, what it misses, and how far it is known to agree with people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rag_app.errors import InvalidInputError

Direction = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a metric agrees with human labels, as a committed benchmark measured it.

    Parameters
    ----------
    measure : str
        What was measured, such as "AUROC".
    value, low, high : float
        The figure with its 95 % interval.
    data : str
        The labelled data.
    n : int
        Labelled items.
    script : str
        The benchmark that prints the figure.
    """

    measure: str
    value: float
    low: float
    high: float
    data: str
    n: int
    script: str

    def __str__(self) -> str:
        return f"{self.measure} {self.value:.3f} ({self.low:.3f} to {self.high:.3f}) on {self.data}, n = {self.n}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is to be known about a metric before its figures are believed.

    Parameters
    ----------
    name : str
        As suites name it.
    definition : str
        What the value is, in one or two sentences.
    low, high : float or None
        The range of values; None where it is open.
    direction : {"higher", "lower"}
        What is better.
    misses : str
        What the metric cannot see.
    agreement : tuple of Agreement, default=()
        Measured agreement with human labels; empty means that it was not measured.
    agreement_note : str, default=""
        Why there is none to measure, for a metric that counts facts.
    unit : str, default=""
        "s", "tokens" or "US$" where the value is no share.
    needs : frozenset of str, default=frozenset()
        ``judge``, a language model that judges; ``strength``, the strength of the evidence.
    advisory : bool, default=False
        Whether the metric is too weak for a gate.
    version : int, default=1
        Raised with every change of what the metric computes.

    Examples
    --------
    >>> card = Card(name="n_words", definition="Words of the answer.", direction="lower", misses="What they say.")
    >>> card.known_agreement
    'not measured'
    """

    name: str
    definition: str
    low: float | None = 0.0
    high: float | None = 1.0
    direction: Direction = "higher"
    misses: str
    agreement: tuple[Agreement, ...] = ()
    agreement_note: str = ""
    unit: str = ""
    needs: frozenset[str] = frozenset()
    advisory: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        for name in ("name", "definition", "misses"):
            if not getattr(self, name).strip():
                msg = f"{name} of a metric's card must be text that is not blank; got {getattr(self, name)!r}."
                raise InvalidInputError(msg)

    @property
    def known_agreement(self) -> str:
        """The measured agreement in words."""
        return "; ".join(str(found) for found in self.agreement) or self.agreement_note or "not measured"

    @property
    def range(self) -> str:
        """The range in words."""
        low = "…" if self.low is None else f"{self.low:g}"
        high = "…" if self.high is None else f"{self.high:g}"
        return f"{low} to {high}{f' {self.unit}' if self.unit else ''}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag eval metrics --json`` prints and run files hold."""
        return {**asdict(self), "needs": sorted(self.needs), "known_agreement": self.known_agreement}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Card:
        """Return the card of its JSON form."""
        fields = {k: v for k, v in value.items() if k != "known_agreement"}
        agreement = tuple(Agreement(**found) for found in fields["agreement"])
        return cls(**{**fields, "needs": frozenset(fields["needs"]), "agreement": agreement})
