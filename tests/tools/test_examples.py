"""Calls in docstrings as commands."""

from __future__ import annotations

from rag_app.registry import Entry, entries, get
from rag_app.tools.adapter import call_tool
from rag_app.tools.examples import example_call


def test_arguments_have_names() -> None:
    """Those that were given by position too."""
    call = example_call(get("recall"))
    assert call is not None
    assert call.arguments == {
        "y_true": ["honest"] * 95 + ["fraud"] * 5,
        "y_pred": ["honest"] * 100,
        "average": "macro",
    }


def test_logarithms_are_worked_out() -> None:
    """With four decimals, which is enough for an example."""
    call = example_call(get("perplexity"))
    assert call is not None
    assert call.arguments == {"log_probabilities": [-0.6931, -1.3863]}


def test_an_estimator_is_fitted() -> None:
    """Its own parameters and those of fit together, and names that were given values before."""
    call = example_call(get("AdversarialDebiasing"))
    assert call is not None
    assert call.arguments["X"] == [[0]] * 4 + [[1]] * 4
    assert call.arguments["group"] == ["a"] * 4 + ["b"] * 4


def test_what_only_the_interpreter_knows_is_no_example() -> None:
    """Files, other functions' results, and docstrings without examples."""

    def computed(a: int) -> int:
        return a

    for example in ("", ">>> a = open('x')\n>>> computed(a)", ">>> computed(a=len('abc'))", ">>> other(1)"):
        computed.__doc__ = f"Return a number.\n\n{example}\n"
        assert example_call(Entry("computed", "tool", computed)) is None
    computed.__doc__ = "Return a number.\n\n>>> a = [2] * 2\n>>> other(computed(a[0]))\n>>> computed(a)\n"
    call = example_call(Entry("computed", "tool", computed))
    assert call is not None
    assert call.arguments == {"a": [2, 2]}


def test_most_tools_have_one_that_runs() -> None:
    """At least two thirds; of those that take no time, each is called."""
    calls = {entry.name: call for entry in entries("metric") if (call := example_call(entry))}
    assert len(calls) >= 2 / 3 * len(list(entries("metric")))
    for name, call in calls.items():
        call_tool(get(name), call.arguments)
