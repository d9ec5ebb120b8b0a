"""The register of what can be called by name."""

from __future__ import annotations

import re

import pytest

from rag_app import registry
from rag_app.errors import UnknownNameError
from rag_app.registry import Entry, entries, get, register


@pytest.fixture(autouse=True)
def _clean_register():
    """What a test registers is gone afterwards, so that rules over the whole register do not meet it."""
    list(entries())  # the real entries are there before the snapshot
    before = dict(registry._entries)
    yield
    registry._entries.clear()
    registry._entries.update(before)


def _named(name: str, doc: str | None, module: str = __name__):
    def target() -> int:
        return 1

    target.__name__, target.__doc__, target.__module__ = name, doc, module
    return target


@pytest.mark.parametrize("kind", ["metric", "estimator", "tool"])
def test_register_returns_the_object_unchanged(kind):
    """Decorating does not wrap: the object itself is returned and found again."""
    target = _named("half_of_a_thing", "Return half.\n\nMore.")
    assert register(kind)(target) is target
    assert get("half_of_a_thing") == Entry("half_of_a_thing", kind, target)
    assert get("half_of_a_thing").summary == "Return half."
    assert "half_of_a_thing" in [e.name for e in entries(kind)]


def test_class_can_be_registered():
    """Classes are registered like functions."""

    @register("estimator")
    class ThingEstimator:
        """Estimates things."""

    assert get("ThingEstimator").target is ThingEstimator


@pytest.mark.parametrize("doc", [None, "", " \n "])
def test_missing_docstring_is_refused(doc):
    """An object that nobody can read about is not registered."""
    message = "mute needs a docstring: its first line is what a language model reads."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        register("tool")(_named("mute", doc))
    with pytest.raises(UnknownNameError):
        get("mute")


def test_duplicate_name_is_refused():
    """A name that another module took is refused, whatever its kind; the first holder keeps it."""
    first = get("ndcg").target
    message = "ndcg is registered already, by rag_app.from_scratch.metrics.ranking."
    for kind in ("metric", "tool"):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            register(kind)(_named("ndcg", "Return something else."))
    assert get("ndcg").target is first


def test_reloaded_module_replaces_its_own_entry():
    """A module that is imported a second time takes the place of the first, as in a notebook."""
    again = _named("ndcg", "Return it again.", module="rag_app.from_scratch.metrics.ranking")
    register("metric")(again)
    assert get("ndcg").target is again


def test_entries_are_sorted_and_filtered():
    """Entries come in the order of names, each once, and a kind selects."""
    names = [e.name for e in entries()]
    assert names == sorted(set(names))
    assert {"ndcg", "recall_at_k", "reciprocal_rank", "cosine_similarity"} <= {e.name for e in entries("metric")}
    assert {e.name for k in ("metric", "estimator", "tool") for e in entries(k)} == set(names)
    assert all(e.kind == "metric" for e in entries("metric"))


def test_unknown_name_suggests_close_ones():
    """A misspelt name is answered with the right one."""
    with pytest.raises(UnknownNameError, match=re.escape("There is no tool named 'ndgc'. Did you mean ndcg?")):
        get("ndgc")


def test_every_entry_has_a_one_line_summary():
    """The first line of each docstring is a sentence of its own."""
    assert all(e.summary.endswith(".") and len(e.summary) > 20 for e in entries())
