"""Every exception of the package.

RagAppError(message, *, hint=None)
├── SettingsError ── MissingExtraError (also ImportError: names the extra)
├── UnknownNameError (also LookupError: lists close matches)
├── InvalidInputError (also ValueError) ── NotFittedError
├── PromptError   ├── IngestionError   ├── StoreError ── LockedError
├── LLMError (.retryable) ── LLMResponseError
├── EvaluationError
└── ClusterError

A message reads ``<name> must be <rule>; got <value!r>.`` and the hint, if there is one, is in the imperative.
Neither contains a key or the body of a document.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class RagAppError(Exception):
    """Root of every error that a user can do something about.

    Parameters
    ----------
    message : str
        One sentence that says what is wrong.
    hint : str, optional
        One sentence in the imperative that says what to do.

    Examples
    --------
    >>> str(RagAppError("k must be at least 1; got 0.", hint="Pass k=5."))
    'k must be at least 1; got 0. Pass k=5.'
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:  # from one process to another: some are not made from their arguments
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[RagAppError], arguments: tuple[Any, ...], state: dict[str, Any]) -> RagAppError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class SettingsError(RagAppError):
    """A setting is unknown or has a value that breaks its rule."""


class MissingExtraError(SettingsError, ImportError):
    """A feature needs a package that is not installed.

    Parameters
    ----------
    feature : str
        What was asked for.
    package : str
        The package to install, as pip names it.
    """

    def __init__(self, feature: str, package: str) -> None:
        super().__init__(f"{feature} needs the package {package}.", hint=f'Run: pip install "{package}"')
        self.package = package


class UnknownNameError(RagAppError, LookupError):
    """A name is not registered.

    Parameters
    ----------
    kind : str
        What the name should denote, such as "tool".
    name : str
        The name that was asked for.
    known : iterable of str
        The names that exist.

    Examples
    --------
    >>> print(UnknownNameError("metric", "ndgc", ["ndcg", "recall"]))
    There is no metric named 'ndgc'. Did you mean ndcg?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=3)
        close = close or [other for other in names if len(name) > 1 and name.lower() in other.lower()][:3]
        listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")  # noqa: PLR2004  (what fits on a line)
        hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {listed or 'none'}."
        super().__init__(f"There is no {kind} named {name!r}.", hint=hint)
        self.close = close


class InvalidInputError(RagAppError, ValueError):
    """An argument breaks the rule that its docstring states."""


class NotFittedError(InvalidInputError):
    """An estimator was asked for a result before `fit`."""


class PromptError(RagAppError):
    """A prompt file does not parse, or a variable is missing or undeclared."""


class IngestionError(RagAppError):
    """A path or a document cannot be read."""


class StoreError(RagAppError):
    """The index is missing, damaged, read-only or was built by another embedder."""


class LockedError(StoreError):
    """Another process is writing to the index."""


class LLMError(RagAppError):
    """The language model could not be reached or refused.

    Parameters
    ----------
    message : str
        One sentence that says what went wrong.
    hint : str, optional
        What to do about it.
    retryable : bool, default=False
        True where the same request may succeed later (rate limit, time-out, 5xx).
    """

    def __init__(self, message: str, *, hint: str | None = None, retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class LLMResponseError(LLMError):
    """The language model answered with something that cannot be used."""


class EvaluationError(RagAppError):
    """A suite, a case file or a run file is wrong; the message names file and line."""


class ClusterError(RagAppError):
    """A Ray cluster cannot be reached, runs other versions, or failed."""
