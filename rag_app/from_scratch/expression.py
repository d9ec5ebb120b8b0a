"""A formula in text as a function of arrays: how a person or a language model hands over a function as JSON."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]
MAX_CHARACTERS = 300  # deep enough for formulas, shallow enough for recursion

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "cos": np.cos,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}
_CONSTANTS = {"e": np.e, "pi": np.pi}
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}


def build_function(name: str, expression: str, variables: Sequence[str]) -> Function:
    """Return the function of points that a formula describes.

    Parameters
    ----------
    name : str
        What the caller calls the formula.
    expression : str
        Numbers, variables, ``pi``, ``e``, ``+ - * / **``, parentheses, and abs, cos, exp, log, sin, sqrt, tanh.
    variables : sequence of str
        Names of the coordinates of a point, in order.

    Returns
    -------
    callable
        From points of shape (…, d) to values of shape (…). Where the formula has no value, such as log(-1), it is NaN.

    Raises
    ------
    InvalidInputError
        If the text is no such formula.

    Notes
    -----
    The text is parsed and its tree is walked; it is never run as a program.

    Examples
    --------
    >>> f = build_function("expression", "x**2 + 3*x*y", ["x", "y"])
    >>> f(np.array([[1.0, 2.0], [0.0, 5.0]])).tolist()
    [7.0, 0.0]
    """
    tree = _parsed(name, expression)
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        _check(name, node, variables)
        pending += node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)

    def function(points: NDArray[np.float64]) -> NDArray[np.float64]:
        known = {variable: points[..., i] for i, variable in enumerate(variables)}
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(_value(tree, known), float), points.shape[:-1])

    return function


def _parsed(name: str, expression: str) -> ast.expr:
    try:
        if len(expression) <= MAX_CHARACTERS:
            return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        pass
    msg = f"{name} must be a formula of at most {MAX_CHARACTERS} characters; got {expression[:60]!r}."
    raise InvalidInputError(msg, hint="Write, for example: exp(-x**2 / 2)")


def _check(name: str, node: ast.AST, variables: Sequence[str]) -> None:
    """Refuse what is not arithmetic."""
    if isinstance(node, ast.Call):
        fine = isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
        fine = fine and len(node.args) == 1 and not node.keywords
    elif isinstance(node, ast.Name):
        fine = node.id in {*variables, *_CONSTANTS}
    elif isinstance(node, ast.Constant):
        fine = type(node.value) in {int, float} and node.value <= sys.float_info.max  # type: ignore[operator]  # a number
    else:
        fine = isinstance(node, ast.BinOp | ast.UnaryOp | ast.Load) or type(node) in _OPERATORS
    if not fine:
        shown = repr(ast.unparse(node)) if isinstance(node, ast.expr) else type(node).__name__
        known = ", ".join([*variables, *_CONSTANTS, *_FUNCTIONS])
        msg = f"{name} must be a formula of numbers, + - * / ** and {known}; got {shown}."
        raise InvalidInputError(msg)


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:  # noqa: ANN401  (a number or an array)
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, known), _value(node.right, known))
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_value(node.operand, known))
    if isinstance(node, ast.Call):
        return _FUNCTIONS[node.func.id](_value(node.args[0], known))  # type: ignore[attr-defined]  # checked above
    if isinstance(node, ast.Name):
        return known[node.id] if node.id in known else _CONSTANTS[node.id]
    return float(node.value)  # type: ignore[attr-defined]  # nothing else is left
