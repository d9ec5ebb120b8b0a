"""Where documents are read, split and embedded: in this process, or on Ray. Whatever the engine, one writer commits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from rag_app.errors import SettingsError
from rag_app.ingestion.load import load_source, read_document
from rag_app.ingestion.split import split_source

if TYPE_CHECKING:
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.index.library import Library
    from rag_app.ingestion.embedding import Embedded
    from rag_app.settings import Settings
    from rag_app.types import Chunk, Source

EngineName = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that is to be read.

    Parameters
    ----------
    uri : str
        Its absolute path or URL.
    name : str
        What it will probably be called: another document of that name may turn out to be unreadable.
    held : str
        SHA-256 of the bytes that the index holds of it, which need not be read again; empty if it holds none.
    """

    uri: str
    name: str
    held: str = ""


class Reading(Protocol):
    """A document as it is read: no more of it than is asked for, or all of it already."""

    @property
    def embedded(self) -> Mapping[str, Embedded]:
        """What was embedded of its chunks, by vector key, once it is loaded."""

    def digest(self) -> str:
        """Return the SHA-256 of its bytes; raise an `IngestionError` where they cannot be read."""

    def load(self, name: str) -> tuple[Source, list[Chunk]]:
        """Return the source under its final name, and its chunks; raise an `IngestionError` where it is damaged."""


Read = Callable[[Sequence[Wanted], "Library"], Generator[Reading]]
"""Yields the documents in the order that they are wanted in; of the library, it looks at what is embedded already."""


class Engine(Protocol):
    """Reads documents."""

    def open(self) -> AbstractContextManager[Read]:
        """Return a context in which documents can be read."""


class LocalEngine:
    """Reads documents one after the other, in this process.

    Parameters
    ----------
    embedder : Embedder
        Counts the tokens of chunks.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def open(self) -> AbstractContextManager[Read]:
        """Return `read`: there is nothing to be opened."""
        return nullcontext(self.read)

    def read(self, wanted: Sequence[Wanted], _library: Library) -> Generator[Reading]:
        """Yield documents that are read when they are asked for something."""
        return (_LocalReading(one.uri, self._embedder) for one in wanted)


class _LocalReading:
    def __init__(self, uri: str, embedder: Embedder) -> None:
        self.embedded: Mapping[str, Embedded] = {}
        self._uri = uri
        self._embedder = embedder
        self._data, self._suffix = b"", ""

    def digest(self) -> str:
        self._data, self._suffix = read_document(self._uri)
        return hashlib.sha256(self._data).hexdigest()

    def load(self, name: str) -> tuple[Source, list[Chunk]]:
        source = load_source(self._data, uri=self._uri, name=name, suffix=self._suffix)
        chunks = split_source(source, count_tokens=self._embedder.count_tokens, max_tokens=self._embedder.max_tokens)
        return source, chunks


def load_engine(name: str, address: str, settings: Settings, embedder: Embedder) -> Engine:
    """Return an engine.

    Parameters
    ----------
    name : {"local", "ray"}
        The engine.
    address : str
        ``HOST:PORT`` of a Ray cluster; empty starts Ray on this machine.
    settings : Settings
        What workers build their own embedder by.
    embedder : Embedder
        The one of this process.

    Raises
    ------
    SettingsError
        If there is no such engine, or it has no address.
    """
    check_engine(name, address)
    if name == "local":
        return LocalEngine(embedder)
    from rag_app.ingestion.ray_engine import RayEngine

    return RayEngine(settings, address)


def check_engine(name: str, address: str) -> None:
    """Raise a `SettingsError` if there is no such engine, or it has no address.

    Examples
    --------
    >>> check_engine("ray", "10.0.0.1:6379")
    """
    if name not in get_args(EngineName):
        msg = f"engine must be {' or '.join(get_args(EngineName))}; got {name!r}."
        raise SettingsError(msg)
    if address and name != "ray":
        msg = f"address must be empty where the engine is {name}; got {address!r}."
        raise SettingsError(msg, hint="Add --engine ray.")
