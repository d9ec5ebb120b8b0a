"""What the last command that wrote to an index did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from rag_app.index.library import Library

_KEY = "last_run"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that ended.

    Parameters
    ----------
    command : str
        Such as "ingest".
    ended : str
        When, in UTC, as ISO 8601 has it.
    duration_s : float
        Seconds.
    did : mapping of str to int
        What was done, by name.
    failed : mapping of str to str
        The files that failed, with the reason.
    """

    command: str
    ended: str
    duration_s: float
    did: Mapping[str, int]
    failed: Mapping[str, str] = field(default_factory=dict)


def record_run(
    library: Library,
    command: str,
    duration_s: float,
    did: Mapping[str, int],
    failed: Mapping[str, str] | None = None,
) -> None:
    """Store what a run did, in place of the one before it."""
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    run = Run(command, ended, round(duration_s, 3), dict(did), dict(failed or {}))
    library.set_meta(_KEY, json.dumps(asdict(run)))


def last_run(library: Library) -> Run | None:
    """Return the last run that ended, or None."""
    stored = library.get_meta(_KEY)
    return Run(**json.loads(stored)) if stored else None
