"""The gate: how strong the evidence must be for an answer, and who says so.

A setting goes before what was calibrated on the user's own questions, and that before the default.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rag_app.index.library import Library
    from rag_app.settings import Settings

DEFAULT = 0.5
MAX_FALSE_REFUSALS = 0.03  # share of the answerable questions that a chosen threshold may refuse
SCALE = 2  # of the strength of evidence; raised when that changes: what was calibrated before means nothing then
_KEY = "calibration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A threshold that was chosen on questions, and what it rests on.

    Parameters
    ----------
    threshold, low, high : float
        Evidence below which the answer is "No answer found", and its interval.
    n_answerable, n_unanswerable : int
        Questions that it was chosen on.
    max_false_refusals : float
        Share of the answerable ones that were allowed to be refused.
    date, fingerprint : str, default=""
        When it was recorded, and what the index was built by then; `store_calibration` enters them.
    scale : int, default=2
        Version of the strength of evidence.
    """

    threshold: float
    low: float
    high: float
    n_answerable: int
    n_unanswerable: int
    max_false_refusals: float
    date: str = ""
    fingerprint: str = ""
    scale: int = SCALE


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold in use.

    Parameters
    ----------
    value : float
        Evidence in [0, 1] below which the answer is "No answer found".
    origin : {"setting", "calibrated", "default"}
        Who says so.
    calibration : Calibration, optional
        What is recorded in the index, whether it is in use or not.
    stale : str, default=""
        Why what is recorded does not hold.

    Examples
    --------
    >>> str(Threshold(0.5, "default"))
    '0.5, the default'
    """

    value: float
    origin: Literal["setting", "calibrated", "default"]
    calibration: Calibration | None = None
    stale: str = ""

    def __str__(self) -> str:
        found = self.calibration
        if self.origin == "calibrated" and found is not None:
            cases = f"{found.n_answerable} answerable and {found.n_unanswerable} unanswerable questions"
            return f"{self.value:.3g}, calibrated on {found.date} with {cases}"
        return f"{self.value:.3g}, " + ("the default" if self.origin == "default" else "as the settings say")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag index status --json`` prints."""
        recorded = asdict(self.calibration) if self.calibration else None
        return {
            "value": self.value,
            "origin": self.origin,
            "description": str(self),
            "stale": self.stale,
            "calibration": recorded,
        }


def load_threshold(settings: Settings, library: Library) -> Threshold:
    """Return the threshold in use.

    Parameters
    ----------
    settings : Settings
        Whose `min_evidence`, where it is given, goes before everything else.
    library : Library
        Where a calibration is recorded. It need not exist.
    """
    stored = library.get_meta(_KEY) if library.exists() else None
    calibration = Calibration(**json.loads(stored)) if stored else None
    stale = _why_stale(calibration, library) if calibration else ""
    if settings.min_evidence is not None:
        return Threshold(settings.min_evidence, "setting", calibration, stale)
    if calibration is None or stale:
        return Threshold(DEFAULT, "default", calibration, stale)
    return Threshold(calibration.threshold, "calibrated", calibration)


def store_calibration(library: Library, calibration: Calibration) -> None:
    """Record a calibration in an index, in place of the one before it. Hold the write lock."""
    date = datetime.now(UTC).date().isoformat()
    found = replace(calibration, date=date, fingerprint=library.get_meta("fingerprint") or "", scale=SCALE)
    library.set_meta(_KEY, json.dumps(asdict(found)))


def _why_stale(calibration: Calibration, library: Library) -> str:
    was = f"The threshold {calibration.threshold:.3g}, calibrated on {calibration.date}, is not used:"
    if calibration.scale != SCALE:
        return f"{was} evidence is measured differently now."
    if calibration.fingerprint != library.get_meta("fingerprint"):
        return f"{was} another embedder, or another version of the splitter, has built the index since."
    return ""
