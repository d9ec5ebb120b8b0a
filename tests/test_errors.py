"""The error tree and the wording of its messages."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from rag_app import errors
from rag_app.errors import (
    InvalidInputError,
    LLMError,
    LLMResponseError,
    MissingExtraError,
    NotFittedError,
    RagAppError,
    UnknownNameError,
)


def _drawn_tree() -> dict[str, str]:
    """Child to parent, read from the drawing: ``──`` points from a parent to its child, ``├`` hangs on the root."""
    tree = {}
    for line in errors.__doc__.splitlines():
        if line[:1] not in "├└" or not line:
            continue
        for branch in re.split(r"[├└]", line)[1:]:
            parent = "RagAppError"
            for child in re.findall(r"── (\w+)", branch):
                tree[child] = parent
                parent = child
    return tree


def _real_tree() -> dict[str, str]:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, RagAppError)]
    return {c.__name__: c.__bases__[0].__name__ for c in classes if c is not RagAppError}


def test_drawing_is_the_real_tree():
    """Every exception hangs in the drawing where it hangs in the code, and no other is drawn."""
    assert _drawn_tree() == _real_tree()


def test_drawn_second_parents_are_real():
    """Where the drawing says "also X", the class is an X of the standard library."""
    drawn = dict(re.findall(r"(\w+) \(also (\w+)", errors.__doc__))
    real = {
        name: next(b.__name__ for b in cls.__bases__[1:])
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, RagAppError) and len(cls.__bases__) > 1
    }
    assert (
        drawn
        == real
        == {"MissingExtraError": "ImportError", "UnknownNameError": "LookupError"} | {"InvalidInputError": "ValueError"}
    )


@pytest.mark.parametrize(
    ("hint", "shown"),
    [(None, "k must be at least 1; got 0."), ("Pass 5.", "k must be at least 1; got 0. Pass 5.")],
)
def test_message_and_hint(hint, shown):
    """An error shows its message, then its hint; both can be read on their own."""
    error = RagAppError("k must be at least 1; got 0.", hint=hint)
    assert (str(error), error.message, error.hint) == (shown, "k must be at least 1; got 0.", hint)


def test_missing_extra_names_the_package():
    """A missing package is an ImportError that says how to install it."""
    with pytest.raises(ImportError, match=re.escape('X needs the package y-z. Run: pip install "y-z"')) as caught:
        raise MissingExtraError(feature="X", package="y-z")
    assert caught.value.package == "y-z"


@pytest.mark.parametrize(
    ("name", "known", "shown", "close"),
    [
        ("ndgc", ["recall", "ndcg"], "There is no metric named 'ndgc'. Did you mean ndcg?", ["ndcg"]),
        ("ab", ["abc", "abd"], "There is no metric named 'ab'. Did you mean abd or abc?", ["abd", "abc"]),
        ("F1", ["f1_score", "auc"], "There is no metric named 'F1'. Did you mean f1_score?", ["f1_score"]),
        ("zzz", ["b", "a"], "There is no metric named 'zzz'. Known: a, b.", []),
        ("zzz", [], "There is no metric named 'zzz'. Known: none.", []),
        ("", ["a"], "There is no metric named ''. Known: a.", []),
        ("zzz", "abcdefghijklm", "There is no metric named 'zzz'. Known: a, b, c, d, e, f, g, h, i, j, k, l, ….", []),
        ("zzz", "abcdefghijkl", "There is no metric named 'zzz'. Known: a, b, c, d, e, f, g, h, i, j, k, l.", []),
    ],
)
def test_unknown_name_lists_close_or_known_names(name, known, shown, close):
    """An unknown name is answered with close names, or with up to twelve that exist."""
    error = UnknownNameError(kind="metric", name=name, known=known)
    assert str(error) == shown
    assert error.close == close
    assert isinstance(error, LookupError)


def test_invalid_input_is_a_value_error():
    """Code that expects the standard library's errors catches ours."""
    assert issubclass(NotFittedError, InvalidInputError)
    assert issubclass(NotFittedError, ValueError)


@pytest.mark.parametrize(("options", "retryable"), [({}, False), ({"retryable": True}, True)])
def test_llm_error_says_whether_a_retry_makes_sense(options, retryable):
    """`retryable` is False unless it is stated, in the subclass too."""
    assert LLMError("x", **options).retryable is retryable
    assert LLMResponseError("x", **options).retryable is retryable


@pytest.mark.parametrize("clone", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))], ids=["copy", "pickle"])
def test_errors_survive_copying(clone):
    """An error that crosses to another process keeps message, hint and what else it says, however it is made."""
    error = clone(LLMError("x failed.", hint="Retry.", retryable=True))
    assert (str(error), error.retryable) == ("x failed. Retry.", True)
    extra, unknown = clone(MissingExtraError("X", "y")), clone(UnknownNameError("metric", "ndgc", ["ndcg"]))
    assert (str(extra), extra.package) == ('X needs the package y. Run: pip install "y"', "y")
    assert (str(unknown), unknown.close) == ("There is no metric named 'ndgc'. Did you mean ndcg?", ["ndcg"])
