"""The only bridge from the register to LangChain: a registered function or estimator becomes a tool."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from langchain_core.tools import StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from rag_app.errors import InvalidInputError, RagAppError
from rag_app.from_scratch.arrays import Matrix
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import Entry, entries
from rag_app.tools.estimators import NEW_ROWS, fitting, plain

_MOST_MISTAKES = 5


def registry_tools() -> list[StructuredTool]:
    """Return every registered function and estimator as a LangChain tool.

    Examples
    --------
    >>> next(t for t in registry_tools() if t.name == "ndcg").invoke({"ranking": ["a", "b"], "relevance": {"a": 1}})
    1.0
    """
    return [tool_of(entry) for entry in entries()]


def tool_of(entry: Entry) -> StructuredTool:
    """Return a registered function or estimator as a LangChain tool.

    Its description and those of its parameters come from the numpydoc docstring. An error of ours becomes the
    tool's result, as text that a language model can act on.
    """
    return StructuredTool.from_function(
        _speaking(function_of(entry)),
        name=entry.name,
        description=read_numpydoc(entry.target)[0],
        args_schema=arguments_model(entry),
        handle_tool_error=True,
        handle_validation_error=describe_mistakes,
    )


def call_tool(entry: Entry, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any tool's result)
    """Return what a registered function returns for JSON arguments, as JSON; an estimator is fitted and applied.

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
    return plain(function_of(entry)(**{name: getattr(checked, name) for name in type(checked).model_fields}))


def function_of(entry: Entry) -> Callable[..., Any]:
    """Return what is called: the registered function, or one that fits the registered estimator and applies it."""
    kind = entry.target
    return fitting(kind) if isinstance(kind, type) and issubclass(kind, Estimator) else kind


@cache
def arguments_model(entry: Entry) -> type[BaseModel]:
    """Return the pydantic model of a function's arguments, described as its docstring describes them.

    Raises
    ------
    ValueError
        If a parameter has no description or no annotation. (A mistake of the programmer.)
    """
    described, hints = _parameters(entry.target)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function_of(entry)).parameters.items():
        if name not in described or name not in hints:
            msg = f"The parameter {name} of {entry.name} needs an annotation and a description."
            raise ValueError(msg)
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints[name], FieldInfo(default=default, description=described[name]))
    return create_model(entry.name, __config__=ConfigDict(extra="forbid"), **fields)


def _parameters(target: Callable[..., Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return descriptions and types of parameters, by name; of an estimator, those of its `fit` too."""
    if not isinstance(target, type):
        return read_numpydoc(target)[1], typing.get_type_hints(target)
    fit: Callable[..., Any] = target.fit  # type: ignore[attr-defined]  # every estimator has it
    described = {**read_numpydoc(target)[1], **read_numpydoc(fit)[1], "X_new": NEW_ROWS}
    init = typing.get_type_hints(target.__init__)  # type: ignore[misc]  # the class was registered itself
    learning = typing.get_type_hints(fit)
    hints = {**init, **learning, "X_new": learning.get("X", Matrix) | None}
    return described, hints


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
            return plain(function(**arguments))
        except RagAppError as exc:
            raise ToolException(str(exc)) from exc

    return call


def describe_mistakes(error: Any) -> str:  # noqa: ANN401  (pydantic's validation error, version 1 or 2)
    """Return what is wrong with a tool's arguments, as text that a language model can act on: the first few places."""
    places: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for mistake in error.errors():
        loc = mistake["loc"]
        place = (*loc[:1], *(part for part in loc[1:] if isinstance(part, int)))  # the same for each type of a union
        places.setdefault(place, []).append((".".join(map(str, loc)), mistake["msg"].lower()))
    wrong = [
        f"{found[0][0] if len(found) == 1 else '.'.join(map(str, place))}: {_joined([text for _, text in found])}"
        for place, found in places.items()
    ]
    more = f"; and {len(wrong) - _MOST_MISTAKES} more" if len(wrong) > _MOST_MISTAKES else ""
    return f"The arguments do not fit. {'; '.join(wrong[:_MOST_MISTAKES])}{more}."


def _joined(messages: list[str]) -> str:
    """Return "input should be a valid integer or a valid string" for what each type of a union says."""
    first, *others = dict.fromkeys(messages)
    return " or ".join([first, *(text.removeprefix("input should be ") for text in others)])
