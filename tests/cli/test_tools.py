"""``rag tools``: the register on the command line."""

from __future__ import annotations

import json

import pytest
from support.command_line import CommandLine, Transcript

from rag_app import registry


def test_the_list_has_a_line_for_every_entry(rag: CommandLine) -> None:
    """Name, kind and first line of the docstring, aligned; in a pipe no line is broken."""
    done = rag("tools", "list")
    assert (done.code, done.err) == (0, "")
    head, *rows = done.out.splitlines()
    assert head.split() == ["name", "kind", "summary"]
    place = head.index("summary")
    assert [(r.split()[0], r[place:]) for r in rows] == [(e.name, e.summary) for e in registry.entries()]
    assert all(r == r.rstrip() for r in rows)


def test_the_list_as_json(rag: CommandLine) -> None:
    """The same for a program."""
    printed = json.loads(rag.inside("tools", "list", "--json").out)
    assert printed == [{"name": e.name, "kind": e.kind, "summary": e.summary} for e in registry.entries()]


def test_the_list_at_a_terminal_fits(rag: CommandLine) -> None:
    """There a long summary goes on below itself."""
    terminal = rag.at_terminal("tools", "list", columns=60)
    terminal.read_to_end()
    lines = terminal.raw_lines()
    assert len(lines) > len(list(registry.entries())) + 1
    assert max(map(len, lines)) <= 60


def test_documentation_of_a_tool(rag: CommandLine) -> None:
    """Its signature and its whole docstring."""
    done = rag.inside("tools", "show", "recall_at_k")
    assert done.code == 0
    assert done.out.startswith("recall_at_k(ranking: ")
    assert "\n\nReturn the share of the relevant items that are among the first k" in done.out
    assert "Parameters\n----------\n" in done.out


def test_a_call(rag: CommandLine) -> None:
    """Arguments are JSON, or text where they are not; the result is JSON."""
    done = rag("tools", "run", "recall_at_k", 'ranking=["a", "b"]', 'relevant=["b", "c"]', "k=2")
    assert done == Transcript(0, "0.5\n", "")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "The arguments do not fit. ranking: field required; relevant: field required."),
        (['ranking=["a"]', "relevant=b"], "The arguments do not fit. relevant: "),
        (['ranking=["a"]', 'relevant=["a"]', "depth=3"], "The arguments do not fit. depth: "),
        (['ranking=["a"]', 'relevant=["a"]', "k=0"], "k must be "),
    ],
)
def test_a_call_that_does_not_fit(rag: CommandLine, values: list[str], message: str) -> None:
    """The argument is named, in one line."""
    done = rag.inside("tools", "run", "recall_at_k", *values)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"rag: {message}")
