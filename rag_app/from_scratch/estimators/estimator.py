"""What every estimator shares: its parameters, its learnt state, and a file to keep both."""

from __future__ import annotations

import inspect
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError, NotFittedError
from rag_app.registry import get

_FORMAT = 1
# What NumPy, zipfile and the description raise where a file is not what it should be.
UNREADABLE = (
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class Estimator:
    """A model that learns from data: ``fit`` returns it, and what it learnt ends in an underscore.

    Notes
    -----
    The contract is scikit-learn's: ``__init__`` only stores keyword-only parameters, ``fit`` checks them and the
    data, fitting twice equals fitting once, and what is random comes from the parameter ``seed``.
    """

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that it was made with, by name; tuples as lists, so that a file gives them back equal."""
        given = {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

    @property
    def learnt(self) -> dict[str, Any]:
        """What `fit` learnt, by name; empty before."""
        return {name: value for name, value in vars(self).items() if name.endswith("_") and not name.startswith("_")}

    def check_fitted(self) -> None:
        """Raise a `NotFittedError` before `fit`."""
        if not self.learnt:
            msg = f"{type(self).__name__} must be fitted before this; got an estimator without learnt state."
            raise NotFittedError(msg, hint="Call fit first.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.parameters.items())})"


def save_estimator(estimator: Estimator, path: str | os.PathLike[str]) -> None:
    """Write an estimator to a file that `load_estimator` reads.

    Parameters
    ----------
    estimator : Estimator
        Registered, fitted or not.
    path : path-like
        A name that ends in ``.npz``.

    Raises
    ------
    InvalidInputError
        If the name does not end in ``.npz``, or the file cannot be written.

    Notes
    -----
    The file is NumPy's ``.npz``: a zip of arrays that any program can read. ``estimator.npy`` in it is a text in JSON,
    ``{"estimator": name, "format": 1, "parameters": {…}, "learnt": {…}}``, where ``{"array": "a3"}`` stands for the
    array ``a3.npy``; an estimator inside the estimator has the same form. Nothing is pickled.
    """
    if Path(path).suffix != ".npz":
        msg = f"path must end in .npz; got {os.fspath(path)!r}."
        raise InvalidInputError(msg)
    arrays: dict[str, Any] = {}

    def describe(value: object) -> object:
        if isinstance(value, Estimator):
            state = {"parameters": value.parameters, "learnt": value.learnt}
            return {"estimator": type(value).__name__, "format": _FORMAT} | state
        if isinstance(value, np.ndarray):
            name = f"a{len(arrays)}"
            arrays[name] = value
            return {"array": name}
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(
            type(value).__name__
        )  # a mistake of the programmer: learnt state is JSON, arrays and estimators

    text = json.dumps(estimator, default=describe)
    try:
        np.savez_compressed(path, allow_pickle=False, estimator=np.array(text), **arrays)
    except OSError as exc:
        msg = f"path must be a file that can be written; got {os.fspath(path)!r}: {exc.strerror}."
        raise InvalidInputError(msg) from exc


def load_estimator(path: str | os.PathLike[str]) -> Estimator:
    """Return the estimator that `save_estimator` wrote.

    Raises
    ------
    InvalidInputError
        If the file cannot be read as one.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:

            def restore(stored: dict[str, Any]) -> object:
                if set(stored) == {"array"}:
                    return archive[stored["array"]]
                return _restored(stored) if "estimator" in stored else stored

            found = json.loads(str(archive["estimator"]), object_hook=restore)
    except UNREADABLE as exc:
        found = exc
    if not isinstance(found, Estimator):
        msg = f"path must be a file that save_estimator wrote; got {os.fspath(path)!r}."
        raise InvalidInputError(msg)
    return found


def _restored(stored: dict[str, Any]) -> Estimator | None:
    kind = get(stored["estimator"]).target
    if stored["format"] != _FORMAT or not (isinstance(kind, type) and issubclass(kind, Estimator)):
        return None
    estimator = kind(**stored["parameters"])
    for name, value in stored["learnt"].items():
        setattr(estimator, name, value)
    return estimator
