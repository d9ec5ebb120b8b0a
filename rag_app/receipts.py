"""What an ingestion did, file by file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FileStatus = Literal["new", "changed", "unchanged", "removed", "duplicate-of", "failed"]


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """What happened to one file.

    Parameters
    ----------
    detail : str
        The other name of a duplicate, the reason of a failure, otherwise empty.
    """

    name: str
    status: FileStatus
    n_chunks: int = 0
    n_tokens: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an ingestion did.

    Parameters
    ----------
    files : tuple of FileReceipt
        One for each file that was looked at or has disappeared.
    n_chunks, n_tokens : int
        Totals of the whole index after the run.
    n_embedded : int
        Chunks that had to be embedded in this run.
    n_truncated : int
        Chunks longer than the embedder reads; 0, always, and counted rather than assumed.
    ignored : mapping of str to int
        Files of types that are not read, by suffix.
    """

    files: tuple[FileReceipt, ...]
    n_chunks: int
    n_tokens: int
    n_embedded: int
    n_truncated: int
    ignored: Mapping[str, int]
    duration_s: float

    def count(self, status: FileStatus) -> int:
        """Return the number of files with a status."""
        return sum(f.status == status for f in self.files)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag ingest --json`` prints."""
        statuses: tuple[FileStatus, ...] = ("new", "changed", "unchanged", "removed", "duplicate-of", "failed")
        return {
            **{s: self.count(s) for s in statuses},
            "chunks": self.n_chunks,
            "tokens": self.n_tokens,
            "embedded": self.n_embedded,
            "truncated": self.n_truncated,
            "ignored": dict(self.ignored),
            "duration_s": round(self.duration_s, 3),
            "files": [
                {"name": f.name, "status": f.status, "chunks": f.n_chunks, "tokens": f.n_tokens, "detail": f.detail}
                for f in self.files
            ],
        }
