"""The only bridge from the register to LangChain: a registered function becomes a tool."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.tools import StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from rag_app.errors import InvalidInputError, RagAppError
from rag_app.registry import Entry, entries


def registry_tools() -> list[StructuredTool]:
    """Return every registered function as a LangChain tool.

    Examples
    --------
    >>> next(t for t in registry_tools() if t.name == "ndcg").invoke({"ranking": ["a", "b"], "relevance": {"a": 1}})
    1.0
    """
    return [tool_of(entry) for entry in entries()]


def tool_of(entry: Entry) -> StructuredTool:
    """Return a registered function as a LangChain tool.

    Its description and those of its parameters come from the numpydoc docstring. An error of ours becomes the
    tool's result, as text that a language model can act on.
    """
    return StructuredTool.from_function(
        _speaking(entry.target),
        name=entry.name,
        description=read_numpydoc(entry.target)[0],
        args_schema=arguments_model(entry),
        handle_tool_error=True,
        handle_validation_error=describe_mistakes,
    )


def call_tool(entry: Entry, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any tool's result)
    """Return what a registered function returns for JSON arguments.

    Raises
    ------
    InvalidInputError
        If the arguments do not fit, or break a rule of the function.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> call_tool(get("recall_at_k"), {"ranking": ["a", "b"], "relevant": ["b"]})
    1.0
    """
    try:
        checked = arguments_model(entry)(**arguments)
    except ValidationError as exc:
        raise InvalidInputError(describe_mistakes(exc), hint=f"Run: rag tools show {entry.name}") from exc
    return entry.target(**{name: getattr(checked, name) for name in type(checked).model_fields})


def arguments_model(entry: Entry) -> type[BaseModel]:
    """Return the pydantic model of a function's arguments, described as its docstring describes them.

    Raises
    ------
    ValueError
        If a parameter has no description or no annotation. (A mistake of the programmer.)
    """
    _, described = read_numpydoc(entry.target)
    hints = typing.get_type_hints(entry.target)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(entry.target).parameters.items():
        if name not in described or name not in hints:
            msg = f"The parameter {name} of {entry.name} needs an annotation and a description."
            raise ValueError(msg)
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints[name], FieldInfo(default=default, description=described[name]))
    return create_model(entry.name, __config__=ConfigDict(extra="forbid"), **fields)


def read_numpydoc(target: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return the first line of a docstring and the description of each parameter.

    Examples
    --------
    >>> from rag_app.from_scratch.metrics.ranking import recall_at_k
    >>> read_numpydoc(recall_at_k)[1]["k"]
    'Ranks to look at, at least 1.'
    """
    from docstring_parser import DocstringStyle, parse

    parsed = parse(inspect.getdoc(target) or "", style=DocstringStyle.NUMPYDOC)
    described = {p.arg_name: " ".join((p.description or "").split()) for p in parsed.params}
    return parsed.short_description or "", {name: text for name, text in described.items() if text}


def _speaking(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(**arguments: Any) -> Any:  # noqa: ANN401  (any tool's)
        try:
            return function(**arguments)
        except RagAppError as exc:
            raise ToolException(str(exc)) from exc

    return call


def describe_mistakes(error: Any) -> str:  # noqa: ANN401  (pydantic's validation error, version 1 or 2)
    """Return what is wrong with a tool's arguments, as text that a language model can act on."""
    wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
    return f"The arguments do not fit. {wrong}."
