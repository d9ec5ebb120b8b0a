"""The call in a tool's docstring, as arguments that can be typed."""

from __future__ import annotations

import ast
import doctest
import inspect
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rag_app.registry import Entry
from rag_app.tool_calls import ToolCall

_DIGITS = 4  # of a computed number, such as a logarithm
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Mult: operator.mul,
    ast.Add: operator.add,
    ast.Div: operator.truediv,
}


def example_call(entry: Entry) -> ToolCall | None:
    """Return the first call of a tool in the examples of its docstring; None where its arguments are computed there.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> example_call(get("f1_score")).arguments
    {'y_true': [1, 0], 'y_pred': [1, 1]}
    """
    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(entry.target) or ""):
        tree = ast.parse(example.source)
        for call in _calls(tree):
            try:
                return ToolCall(entry.name, _arguments(entry, call, names))
            except (ValueError, TypeError):  # another call, or values that only the interpreter knows
                continue
        names |= _assigned(tree, names)
    return None


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _arguments(entry: Entry, call: ast.Call, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name; of an estimator, those of its `fit` with its own."""
    if isinstance(entry.target, type):
        made = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "fit" else None
        if not isinstance(made, ast.Call):
            raise TypeError(ast.dump(call))
        _check_name(made, entry.name)
        fit = list(inspect.signature(entry.target.fit).parameters.values())[1:]  # type: ignore[attr-defined]  # without self
        return _bound(inspect.signature(entry.target), made, names) | _bound(inspect.Signature(fit), call, names)
    _check_name(call, entry.name)
    return _bound(inspect.signature(entry.target), call, names)


def _check_name(call: ast.Call, name: str) -> None:
    if not isinstance(call.func, ast.Name) or call.func.id != name:
        raise ValueError(ast.dump(call))


def _bound(signature: inspect.Signature, call: ast.Call, names: Mapping[str, Any]) -> dict[str, Any]:
    positional = [_value(node, names) for node in call.args]
    keyword = {str(k.arg): _value(k.value, names) for k in call.keywords}
    return dict(signature.bind(*positional, **keyword).arguments)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  (JSON)
    """Return the value of an expression of literals, names and a little arithmetic; a `ValueError` for any other."""
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(element, names) for element in node.elts]
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _rounded(_BINARY[type(node.op)](_value(node.left, names), _value(node.right, names)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "math":
        return _rounded(getattr(math, node.func.attr)(*(_value(a, names) for a in node.args)))
    return ast.literal_eval(node)


def _rounded(value: Any) -> Any:  # noqa: ANN401  (JSON)
    return round(value, _DIGITS) if isinstance(value, float) else value


def _assigned(tree: ast.Module, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that an example gives to values which need no interpreter."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        try:
            value = _value(node.value, names)
        except (ValueError, TypeError):
            continue
        (target,) = node.targets
        if isinstance(target, ast.Name):
            found[target.id] = value
        elif isinstance(target, ast.Tuple):
            found |= {ast.unparse(t): v for t, v in zip(target.elts, value, strict=True)}
    return found
