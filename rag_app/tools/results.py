"""How a call of a tool and its result read: for a person, for a language model, and as a command that repeats it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rag_app.tool_calls import ToolCall

_DIGITS = 6
_MANY = 12  # values that a person reads at once
_MOST_SHOWN = 60  # characters of an argument in a line
SEARCH, FIND = "search_knowledge", "find_tools"
LOOKED_UP = frozenset((SEARCH, FIND))  # they compute nothing


def render_result(value: Any) -> str:  # noqa: ANN401  (any tool's result)
    """Return a result for a person: names on the left, rows of numbers on a line each, six digits.

    Examples
    --------
    >>> print(render_result({"weights_": [0.5, 1 / 3], "converged": True}))
    weights: 0.5  0.333333
    converged: yes
    """
    return "\n".join(_lines(value))


def render_call(call: ToolCall) -> str:
    """Return a call with its result or its error, for a person; a result of one value stands on the same line.

    Examples
    --------
    >>> render_call(ToolCall("f1_score", {"y_true": [1, 0], "y_pred": [1, 1]}, 2 / 3))
    'f1_score(y_true=[1, 0], y_pred=[1, 1]) = 0.666667'
    """
    given = ", ".join(f"{name}={_clipped(json.dumps(value))}" for name, value in call.arguments.items())
    asked = f"{call.name}({given})"
    if call.error:
        return f"{asked} failed: {call.error}"
    if call.name == SEARCH:
        return f"{asked}: passages {len(call.result)}"
    if call.name == FIND:
        return f"{asked}: {', '.join(line.partition('(')[0] for line in str(call.result).splitlines())}"
    if isinstance(call.result, list | dict):
        return f"{asked}:\n{render_result(call.result)}"
    return f"{asked} = {_inline(call.result)}"


def render_command(call: ToolCall) -> str:
    """Return the command that repeats a call at a terminal.

    Examples
    --------
    >>> print(render_command(ToolCall("recall_at_k", {"ranking": ["a"], "relevant": ["a"], "k": 1})))
    rag tools run recall_at_k 'ranking=["a"]' 'relevant=["a"]' k=1
    """
    if call.name == SEARCH:
        options = "".join(f" -{name} {value}" for name, value in call.arguments.items() if name == "k")
        return f"rag search {shlex.quote(str(call.arguments.get('question', '')))}{options}"
    given = (shlex.quote(f"{name}={_argument(value)}") for name, value in call.arguments.items())
    return " ".join([f"rag tools run {call.name}", *given])


def _argument(value: Any) -> str:  # noqa: ANN401  (JSON)
    return str(value) if _is_word(value) else json.dumps(value)


def _is_word(value: Any) -> bool:  # noqa: ANN401  (JSON)
    """Return whether a value is text that the command line would not take for JSON."""
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except json.JSONDecodeError:
        return True
    return False


def _lines(value: Any, indent: str = "") -> Iterator[str]:  # noqa: ANN401  (any tool's result)
    if isinstance(value, dict):
        for name, content in value.items():
            shown = str(name).rstrip("_")
            if _fits_a_line(content):
                yield f"{indent}{shown}: {_inline(content)}"
            else:
                yield f"{indent}{shown}:"
                yield from _lines(content, indent + "  ")
    elif isinstance(value, list) and any(isinstance(v, list | dict) for v in value):
        for row in value:
            yield from [f"{indent}{_inline(row)}"] if _fits_a_line(row) else _lines(row, indent + "  ")
    elif isinstance(value, list):
        yield from (f"{indent}{_inline(value[i : i + _MANY])}" for i in range(0, len(value), _MANY))
    else:
        yield f"{indent}{_inline(value)}"


def _fits_a_line(value: Any) -> bool:  # noqa: ANN401  (any tool's result)
    if isinstance(value, list):
        return len(value) <= _MANY and not any(isinstance(v, list | dict) for v in value)
    return not isinstance(value, dict)


def _inline(value: Any) -> str:  # noqa: ANN401  (any tool's result)
    if isinstance(value, list):
        return "  ".join(map(_inline, value))
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return "yes" if value is True else "no" if value is False else "none" if value is None else str(value)


def _clipped(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
