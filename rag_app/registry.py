"""One register of what can be called by name: metrics, estimators and tools.

Adding an entry is writing a function with a numpydoc docstring under ``@register(kind)`` in a module
listed in `_MODULES`; nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from rag_app.errors import UnknownNameError

Kind = Literal["metric", "estimator", "tool"]
Registered = TypeVar("Registered", bound=Callable[..., Any])

_MODULES = ("rag_app.from_scratch.metrics.ranking", "rag_app.from_scratch.metrics.similarity")


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered object under its name."""

    name: str
    kind: Kind
    target: Callable[..., Any]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (self.target.__doc__ or "").strip().split("\n", 1)[0]


_entries: dict[str, Entry] = {}


def register(kind: Kind) -> Callable[[Registered], Registered]:
    """Return a decorator that registers a function or class under its own name and returns it unchanged.

    Parameters
    ----------
    kind : {"metric", "estimator", "tool"}
        What it is.

    Raises
    ------
    ValueError
        If the object has no docstring, or its name is taken. (A mistake of the programmer, not of the user.)
    """

    def add(target: Registered) -> Registered:
        name = target.__name__
        if not (target.__doc__ or "").strip():
            msg = f"{name} needs a docstring: its first line is what a language model reads."
            raise ValueError(msg)
        taken = _entries.get(name)
        if taken is not None and taken.target.__module__ != target.__module__:
            msg = f"{name} is registered already, by {taken.target.__module__}."
            raise ValueError(msg)
        _entries[name] = Entry(name, kind, target)
        return target

    return add


def entries(kind: Kind | None = None) -> Iterator[Entry]:
    """Yield every entry, in the order of names.

    Parameters
    ----------
    kind : {"metric", "estimator", "tool"}, optional
        Only entries of this kind.

    Examples
    --------
    >>> "ndcg" in {e.name for e in entries("metric")}
    True
    """
    _load()
    for name in sorted(_entries):
        if kind is None or _entries[name].kind == kind:
            yield _entries[name]


def get(name: str) -> Entry:
    """Return the entry with a name.

    Raises
    ------
    UnknownNameError
        If there is none; the error lists close names.

    Examples
    --------
    >>> get("ndcg").kind
    'metric'
    """
    _load()
    if name not in _entries:
        raise UnknownNameError(kind="tool", name=name, known=_entries)
    return _entries[name]


def _load() -> None:
    for module in _MODULES:
        importlib.import_module(module)
