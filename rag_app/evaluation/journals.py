"""Rows on disk while a run goes on, so that one that was killed goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rag_app.errors import EvaluationError
from rag_app.evaluation.runs import Row, write_whole

if TYPE_CHECKING:
    from filelock import FileLock


class Journal:
    """A file of JSON Lines: first what the run is made by, then a row for each answer.

    Parameters
    ----------
    path : pathlib.Path
        The file; rows that it holds already count where they were made by the same.
    made_by : mapping
        JSON that names the suite and what its answers depend on.

    Raises
    ------
    EvaluationError
        If the file cannot be written, or another process writes to it.
    """

    def __init__(self, path: Path, made_by: Mapping[str, Any]) -> None:
        self._lock = _locked(path)
        self.found = _read(path, made_by)
        write_whole("".join(_line(value) for value in (made_by, *(row.to_json() for row in self.found))), path)
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def add(self, row: Row) -> None:
        """Write a row; it is on disk when this returns."""
        self._file.write(_line(row.to_json()))
        self._file.flush()


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _locked(path: Path) -> FileLock:
    """Return the lock of a file, held; the system releases it when the process ends, however it ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        lock.acquire(timeout=0)
    except Timeout as exc:
        msg = f"Another process is running this suite: it writes to {path}."
        raise EvaluationError(msg, hint="Wait until it has finished, or choose another folder with --out.") from exc
    except OSError as exc:
        msg = f"{path} must be a file that can be written; the system says: {exc.strerror}."
        raise EvaluationError(msg, hint="Choose another folder with --out.") from exc
    return lock


def _read(path: Path, made_by: Mapping[str, Any]) -> tuple[Row, ...]:
    """Return the rows of a file that was made by the same; a last line that was cut is left out."""
    head, *lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    rows: list[Row] = []
    try:
        if json.loads(head) != json.loads(json.dumps(made_by)):
            return ()
        rows.extend(Row.from_json(json.loads(line)) for line in lines)
    except (ValueError, KeyError, TypeError, EvaluationError):
        pass  # the end of what was written whole; extend has kept the rows before it
    return tuple(row for row in rows if not row.error and all(s.status != "error" for s in row.scores.values()))
