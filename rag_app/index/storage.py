"""A folder at an address: on this machine, in a bucket, or wherever fsspec reaches. The only file that imports it."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rag_app.errors import InvalidInputError, MissingExtraError, RagAppError, StoreError

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_FULL_WORDS = re.compile(r"storage ?full|quota ?exceeded|minimum free drive", re.IGNORECASE)  # what S3's relatives say
_NO_KEYS = re.compile(r"credential|access key|signature|forbidden|access denied", re.IGNORECASE)
_USER, _QUERY = re.compile(r"//[^/@]*@"), re.compile(r"\?\S*")
_S3 = frozenset(("s3", "s3a"))
_BUCKETS = _S3 | {"gs", "gcs", "abfs", "az", "adl", "oss", "oci", "tos"}
_S3_OPTIONS = {"config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}}


class Storage:
    """Files below an address.

    Parameters
    ----------
    uri : str
        A folder's path, or an address that fsspec knows, such as ``s3://bucket/folder``. Keys of a bucket come from
        where its own tools look for them, such as ``AWS_ACCESS_KEY_ID``.

    Raises
    ------
    InvalidInputError
        If it is no address.
    MissingExtraError
        If its kind needs a package that is not installed.

    Examples
    --------
    >>> storage = Storage("memory://shelf")
    >>> storage.write("note.txt", b"text")
    >>> storage.read("note.txt"), storage.size("other.txt")
    (b'text', None)
    """

    def __init__(self, uri: str) -> None:
        self.shown = without_secrets(uri)
        if not uri.strip():
            raise self._no_address()
        self._files, self._root = self._open(uri)

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file, or None where there is none."""
        with self._translated("read"):
            try:
                return bytes(self._files.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, or None where there is none."""
        with self._translated("read"):
            self._files.invalidate_cache()  # somebody else may have written
            try:
                return int(self._files.size(self._path(name)))
            except (FileNotFoundError, IsADirectoryError):
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a small file: a reader sees the old one or the new one, whole."""
        with self._translated("written"):
            if not self._is_local:  # an object is put at once
                self._files.pipe_file(self._path(name), content)
                return
            path = Path(self._path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{secrets.token_hex(8)}")
            try:
                aside.write_bytes(content)
                aside.replace(path)
            finally:
                aside.unlink(missing_ok=True)

    def upload(self, file: Path, name: str) -> None:
        """Write a file of this machine."""
        with self._translated("written"):
            if not _BUCKETS & set(
                self._protocols
            ):  # where a folder need not exist, and its first part is the bucket's name
                self._files.makedirs(os.path.dirname(self._path(name)), exist_ok=True)
            self._files.put_file(str(file), self._path(name))

    def download(self, name: str, file: Path) -> bool:
        """Read a file onto this machine, and return whether there is one."""
        with self._translated("read"):
            try:
                self._files.get_file(self._path(name), str(file))
            except FileNotFoundError:
                return False
            except OSError as exc:
                if exc.errno not in _FULL:
                    raise
                msg = f"The disk of {file.parent} is full."
                raise StoreError(msg, hint="Free some space, then run this again.") from exc
        return True

    def folders(self, name: str) -> list[str]:
        """Return the names of the folders in a folder; it need not exist."""
        with self._translated("read"):
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._path(name), detail=True)
            except FileNotFoundError:
                return []
            return sorted(os.path.basename(f["name"].rstrip("/")) for f in found if f["type"] == "directory")

    def remove(self, name: str) -> None:
        """Remove a folder with what is in it; it need not exist."""
        with self._translated("written"), suppress(FileNotFoundError):
            self._files.rm(self._path(name), recursive=True)

    # -- inside ----------------------------------------------------------------------------------------------------

    @property
    def _is_local(self) -> bool:
        return "file" in self._protocols

    @property
    def _protocols(self) -> tuple[str, ...]:
        protocol: str | tuple[str, ...] = self._files.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _open(self, uri: str) -> tuple[Any, str]:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations

        protocol = uri.partition("://")[0] if "://" in uri else "file"
        options = _S3_OPTIONS if protocol in _S3 else {}
        try:
            files, root = url_to_fs(uri, skip_instance_cache=True, **options)
        except ImportError as exc:
            needed = known_implementations[protocol]["class"].partition(".")[0]
            feature = f"An address that starts with {protocol}://"
            raise MissingExtraError(feature, "rag-app[cloud]" if protocol in _S3 else needed) from exc
        except ValueError as exc:
            raise self._no_address() from exc
        return files, root.rstrip("/")

    def _no_address(self) -> InvalidInputError:
        msg = f"URI must be a folder or an address that fsspec knows; got {self.shown!r}."
        return InvalidInputError(msg, hint="Write, for example: s3://bucket/folder, or the path of a folder.")

    @contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        """Turn what any of fsspec's file systems raises into a `StoreError`."""
        try:
            yield
        except RagAppError:
            raise
        except Exception as exc:
            reason, hint = self._reason(exc)
            msg = f"{self.shown} cannot be {done}: {reason}."
            raise StoreError(msg, hint=hint) from exc

    def _reason(self, exc: Exception) -> tuple[str, str]:
        """Return why, and what to do about it."""
        said = without_secrets(" ".join(str(exc).split()))[:200].rstrip(".?!")
        number = exc.errno if isinstance(exc, OSError) else None
        if number in _FULL or _FULL_WORDS.search(said):
            return "it is full", "Free some space there, or keep fewer generations with --keep, then run this again."
        if isinstance(exc, PermissionError) or _NO_KEYS.search(said) or "Credentials" in type(exc).__name__:
            reason = "access is denied" if isinstance(exc, PermissionError) else said[:1].lower() + said[1:]
            ours = "Check who may read and write this folder."
            keys = "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they allow in this bucket."
            return reason, keys if _S3 & set(self._protocols) else ours
        if isinstance(exc, FileNotFoundError):
            return "there is no such bucket or folder", "Create it, or correct the address."
        if number and isinstance(exc, OSError) and exc.filename:
            said = os.strerror(number)  # the system's own text has the path once more
        return said[:1].lower() + said[1:] or type(exc).__name__, "Check the address and the connection to it."


def without_secrets(text: str) -> str:
    """Return a text whose addresses have lost what may be a password, a key or a signature.

    Examples
    --------
    >>> without_secrets("ftp://me:secret@host/folder?token=1 failed")
    'ftp://host/folder failed'
    """
    return _QUERY.sub("", _USER.sub("//", text))
