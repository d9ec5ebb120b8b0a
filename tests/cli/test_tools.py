"""``rag tools``: the register on the command line."""

from __future__ import annotations

import html
import json
import os
import re
import shlex

import pytest
from support.command_line import CommandLine, Transcript

from rag_app import registry
from rag_app.tools.course import sections
from rag_app.tools.plots.examples import load_examples


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
    number, heading, file = sections(registry.get("recall_at_k"))[0]
    assert done.out.endswith(f"\n\nExplained in the course: {number} {heading} ({file})\n")


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


KL = ("tools", "run", "kl_divergence", "p=[0.5, 0.5]", "q=[0.25, 0.75]")


@pytest.mark.parametrize(("name", "begins"), [("kl.png", b"\x89PNG"), ("kl.SVG", b"<?xml")])
def test_a_picture(rag: CommandLine, name: str, begins: bytes) -> None:
    """The result is printed as without it, and the picture is of the kind that its name says."""
    assert rag.inside(*KL, "--plot", name) == Transcript(0, "0.143841\n", "")
    assert (rag.folder / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("kl.gif", "rag: --plot must be followed by a file that ends in .png or .svg; got 'kl.gif'.\n"),
        (
            "no/kl.png",
            "rag: --plot must be followed by a file that can be written; got 'no/kl.png': No such file or directory.\n",
        ),
    ],
)
def test_a_picture_that_cannot_be_written(rag: CommandLine, path: str, message: str) -> None:
    """Nothing is printed but the reason."""
    assert rag.inside(*KL, "--plot", path) == Transcript(2, "", message)


def test_a_tool_without_a_picture(rag: CommandLine) -> None:
    """One sentence, and those that have one."""
    done = rag.inside("tools", "run", "recall", "y_true=[1, 0]", "y_pred=[1, 0]", "--plot", "recall.png")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("rag: --plot needs a tool that has a picture; got 'recall'. Choose one that")
    assert not (rag.folder / "recall.png").exists()


def test_the_gallery(rag: CommandLine) -> None:
    """A picture for each example, on a page with its title, its section and a command that runs."""
    done = rag.inside("tools", "gallery", "out")
    examples = list(load_examples())
    assert (done.code, done.out) == (0, f"{len(examples)} pictures: {os.path.join('out', 'index.html')}\n")
    assert done.err.splitlines()[-1] == f"{len(examples)}/{len(examples)} index.html"
    out = rag.folder / "out"
    page = (out / "index.html").read_text(encoding="utf-8")
    for example in examples:
        assert (out / f"{example.tool}.png").read_bytes().startswith(b"\x89PNG")
        number, heading, file = sections(registry.get(example.tool))[0]
        for shown in (example.title, example.sentence, f"{number} {heading} ({file})", f'src="{example.tool}.png"'):
            assert html.escape(shown, quote="src" not in shown) in page
    assert json.loads((out / "KMeans.json").read_text(encoding="utf-8")) == _example("KMeans")
    assert "rag tools run KMeans --json &quot;$(cat KMeans.json)&quot; --plot KMeans.png" in page
    commands = [html.unescape(c) for c in re.findall("<pre>(.*?)</pre>", page)]
    command = next(shlex.split(c) for c in commands if "js_divergence" in c)
    assert rag.inside(*command[1:]).code == 0
    assert (rag.folder / "js_divergence.png").read_bytes() == (out / "js_divergence.png").read_bytes()


def test_a_gallery_that_cannot_be_written(rag: CommandLine) -> None:
    """The folder is a file."""
    (rag.folder / "taken").write_text("")
    done = rag.inside("tools", "gallery", "taken")
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("rag: OUT_DIR must be a folder that can be written to; got 'taken': File exists.\n")


def _example(tool: str) -> dict[str, object]:
    return next(example.arguments for example in load_examples() if example.tool == tool)
