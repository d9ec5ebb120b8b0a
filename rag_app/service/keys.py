"""API keys: made once, kept as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.errors import InvalidInputError, StoreError

if TYPE_CHECKING:
    from rag_app.settings import Settings

_PREFIX = "rag_"
_N_BYTES = 32  # of randomness: nothing to guess, so a plain hash is enough
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_LINE = re.compile(rf"({_NAME.pattern}) ([0-9a-f]{{64}})")
_HEADER = "# One key a line: its name and its SHA-256. Remove a line to withdraw a key; a running service notices.\n"


class Keys:
    """The keys of one data folder.

    Parameters
    ----------
    path : pathlib.Path
        The file with names and hashes; it need not exist.

    Examples
    --------
    >>> import tempfile
    >>> keys = Keys(Path(tempfile.mkdtemp()) / "keys")
    >>> key = keys.add("alice")
    >>> keys.find(key), keys.find("guess")
    ('alice', None)
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, int] | None = None
        self._hashes: dict[str, bytes] = {}

    def __len__(self) -> int:
        self._reload()
        return len(self._hashes)

    def add(self, name: str) -> str:
        """Make a key, keep its hash, and return it: it cannot be shown again.

        Raises
        ------
        InvalidInputError
            If the name has other characters than letters, digits and ``_.@-``, or is taken.
        StoreError
            If the file cannot be read or written.
        """
        if not _NAME.fullmatch(name):
            msg = f"The name of a key must have 1 to 64 letters, digits or _.@-; got {name!r}."
            raise InvalidInputError(msg)
        self._reload()
        if name in self._hashes:
            msg = f"The name of a key must be new; got {name!r}."
            raise InvalidInputError(msg, hint=f"Take another name, or remove its line from {self._path}.")
        key = _PREFIX + secrets.token_urlsafe(_N_BYTES)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write("" if self._path.stat().st_size else _HEADER)
                file.write(f"{name} {_digest(key).hex()}\n")
        except OSError as exc:
            raise self._unusable(exc) from exc
        return key

    def find(self, key: str) -> str | None:
        """Return the name of a key, or None; each known key is compared, in constant time."""
        self._reload()
        digest, found = _digest(key), None
        for name, known in self._hashes.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found

    def _reload(self) -> None:
        """Read the file if it is another one than it was."""
        try:
            status = self._path.stat() if self._path.exists() else None
            state = (status.st_mtime_ns, status.st_size) if status else None
            if state == self._state:
                return
            lines = self._path.read_text(encoding="utf-8").splitlines() if status else []
        except (OSError, UnicodeDecodeError) as exc:
            raise self._unusable(exc) from exc
        self._hashes = dict(self._parsed(number, line) for number, line in enumerate(lines, start=1) if _counts(line))
        self._state = state

    def _parsed(self, number: int, line: str) -> tuple[str, bytes]:
        match = _LINE.fullmatch(line.strip())
        if match is None:
            msg = f"Line {number} of {self._path} must be a name and 64 hexadecimal digits."
            raise StoreError(msg, hint="Remove it, and make a key with: rag serve --new-key NAME")
        return match[1], bytes.fromhex(match[2])

    def _unusable(self, exc: Exception) -> StoreError:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
        return StoreError(f"The keys in {self._path} cannot be used: {reason.lower()}.", hint="Check its permissions.")


def load_keys(settings: Settings) -> Keys:
    """Return the keys of a data folder."""
    return Keys(settings.data_dir / "service-keys")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")
