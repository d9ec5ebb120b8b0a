"""Answers with verified citations from your documents, with or without a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag_app.app import App, build
    from rag_app.receipts import Receipt
    from rag_app.types import Answer, Chunk, Citation, Classification, Passage, Source

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "App",
    "Chunk",
    "Citation",
    "Classification",
    "Passage",
    "Receipt",
    "Source",
    "__version__",
    "build",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (any exported name; nothing is imported before it is used)
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    import importlib

    elsewhere = {"App": "rag_app.app", "build": "rag_app.app", "Receipt": "rag_app.receipts"}
    return getattr(importlib.import_module(elsewhere.get(name, "rag_app.types")), name)
