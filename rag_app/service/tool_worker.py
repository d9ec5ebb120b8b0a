"""Calls tools in a process of its own: ``python -m rag_app.service.tool_worker``.

A line of JSON comes in, a line of JSON goes out. What a tool computes for ever, or with all of the memory, ends this
process and not the service.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from rag_app.errors import RagAppError
from rag_app.registry import entries, get

_MOST_BYTES_OF_MEMORY = 2 * 2**30
_MOST_CHARACTERS = 16 * 2**20
_logger = logging.getLogger(__name__)


def answer(line: str) -> str:
    """Return the line that answers a line.

    Examples
    --------
    >>> answer('{"name": "recall_at_k", "arguments": {"ranking": ["a"], "relevant": ["a"]}, "plot": false}')
    '{"result": 1.0}'
    """
    asked = json.loads(line)
    try:
        found = _draw(asked["name"], asked["arguments"]) if asked["plot"] else _call(asked["name"], asked["arguments"])
        said = json.dumps({"result": found})
    except RagAppError as exc:
        return _wrong(exc.message, exc.hint)
    except (MemoryError, RecursionError):
        return _wrong(f"The arguments of {asked['name']} ask for more memory than there is.", "Ask for less.")
    except Exception as exc:
        _logger.exception("tool %s failed", asked["name"])
        return _wrong(f"The tool {asked['name']} cannot compute this ({type(exc).__name__}).", "Try other arguments.")
    if len(said) > _MOST_CHARACTERS:
        return _wrong(f"The result of {asked['name']} is larger than 16 MiB.", "Ask for less.")
    return said


def _call(name: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any tool's result)
    from rag_app.tools.adapter import call_tool

    return call_tool(get(name), arguments)


def _draw(name: str, arguments: Mapping[str, Any]) -> str:
    from rag_app.tools.plots.pictures import render_plot

    figure = render_plot(get(name), arguments, _call(name, arguments))
    out = io.StringIO()
    figure.savefig(out, format="svg")
    return out.getvalue()


def _wrong(message: str, hint: str | None) -> str:
    return json.dumps({"error": {"message": message, "hint": hint}})


def _limit_memory() -> None:
    """Let the system refuse memory before it takes that of others; only Unix can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES_OF_MEMORY, _MOST_BYTES_OF_MEMORY))


def main() -> None:
    """Answer lines until there are no more."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a tool might print is no answer
    _limit_memory()
    from rag_app.tools import adapter  # noqa: F401  (what takes long to load is loaded before the first call)

    next(entries())
    own.write("ready\n")
    own.flush()
    for line in sys.stdin:
        own.write(answer(line) + "\n")
        own.flush()


if __name__ == "__main__":
    main()
