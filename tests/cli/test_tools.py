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


def test_documentation_of_an_estimator(rag: CommandLine) -> None:
    """Its own, and that of `fit`, which takes the data."""
    done = rag.inside("tools", "show", "KMeans")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("KMeans(*, k: ")
    assert "\n\nfit(self, X: " in done.out
    assert done.out.index("Return the number") < done.out.index("fit(self")


def test_a_tool_that_is_not_there(rag: CommandLine) -> None:
    """Close names are given."""
    for action in ("show", "run"):
        done = rag.inside("tools", action, "recall_at")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("rag: ")
        assert "recall_at_k" in done.err


def test_arguments_from_a_file(rag: CommandLine) -> None:
    """Columns are arguments; the result is that of the same values as JSON."""
    (rag.folder / "answers.csv").write_text("y_true,y_pred\n1,1\n0,1\n1,1\n1,0\n", encoding="utf-8")
    done = rag("tools", "run", "precision", "--in", "answers.csv")
    assert done == Transcript(0, "0.666667\n", "")
    assert rag.inside("tools", "run", "precision", "y_true=[1, 0, 1, 1]", "y_pred=[1, 1, 1, 0]") == done


def test_rows_from_a_file(rag: CommandLine) -> None:
    """Columns that are no arguments are the rows of an estimator; single values and JSON stand beside them and win."""
    lines = ["income,spend,y", *(f"{i},{s},{'SC' if i > 5 else 'RC'}" for i, s in ((9, 1), (8, 2), (1, 9), (2, 8)))]
    (rag.folder / "customers.csv").write_text("\n".join(lines), encoding="utf-8")
    command = ("tools", "run", "SegmentClassifier", "--in", "customers.csv", "kind=svm")
    done = rag.inside(*command, "--json", '{"X_new": [[9, 1], [1, 9]], "kind": "tree"}')
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["predictions"] == ["SC", "RC"]
    other = rag.inside(*command, "y=[1, 1, 0, 0]", "--json")
    assert json.loads(other.out)["predictions"] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "answers.csv must be a CSV file in UTF-8; it cannot be read: No such file or directory."),
        ("y_true\n", "answers.csv must have a header and at least one row."),
        ("y_true,guess\n1,1\n", "The columns of answers.csv must be named y_true, y_pred, "),
        ("y_true,y_pred\n1,\n", "The arguments do not fit. y_pred.0: input should be "),
    ],
)
def test_a_file_that_does_not_fit(rag: CommandLine, content: str | None, message: str) -> None:
    """One line."""
    if content is not None:
        (rag.folder / "answers.csv").write_text(content, encoding="utf-8")
    done = rag.inside("tools", "run", "precision", "--in", "answers.csv")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ranking",), "An argument must be KEY=JSON; got 'ranking'."),
        (("--json", "[1]"), "--json must be followed by one JSON object or by nothing; got '[1]'."),
        (("--json", "{ranking}"), "--json must be followed by one JSON object or by nothing; got '{ranking}'."),
    ],
)
def test_arguments_that_are_none(rag: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    """One line, with the command that shows what is right."""
    done = rag.inside("tools", "run", "recall_at_k", *arguments)
    assert done == Transcript(2, "", f"rag: {message} Run: rag tools show recall_at_k\n")


def test_a_result_for_a_program(rag: CommandLine) -> None:
    """All digits, as JSON; an empty ``--json`` changes the output only."""
    done = rag.inside("tools", "run", "kl_divergence", "p=[0.5, 0.5]", "q=[0.25, 0.75]", "--json")
    assert json.loads(done.out) == pytest.approx(0.14384103622589042, abs=1e-15)


def _in_twelves(values: list[str]) -> str:
    return "".join("  ".join(values[i : i + 12]) + "\n" for i in range(0, len(values), 12))


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (("customer_segment", "income=65284.8", "spend=20000"), "class: SC\ntarget: 1\n"),
        (
            ("confusion_matrix", 'y_true=["a", "a", "b"]', 'y_pred=["a", "b", "b"]'),
            "labels: a  b\ncounts:\n  1  1\n  0  1\n",
        ),
        (
            ("best_span", "start_scores=[0.5, 3]", "end_scores=[0.4, 1e-9]"),
            "start: 1\nend: 1\nscore: 3\nnull_score: 0.9\nanswered: yes\n",
        ),
        (
            ("best_span", "start_scores=[5, 3]", "end_scores=[4, 1]"),
            "start: 1\nend: 1\nscore: 4\nnull_score: 9\nanswered: no\n",
        ),
        (
            ("extract_answer", "question=Who lives here?", "passage=It rains."),
            "answer: none\nstart: none\nend: none\nsentence: none\nscore: 0\n",
        ),
        (("logits_to_probabilities", f"logits={[0] * 16}"), _in_twelves(["0.0625"] * 16)),
    ],
)
def test_a_result_for_a_person(rag: CommandLine, call: tuple[str, ...], shown: str) -> None:
    """Names on the left, rows of numbers on a line each, six digits, yes, no and none; a long list is broken."""
    assert rag.inside("tools", "run", *call) == Transcript(0, shown, "")


def test_a_result_of_parts_for_a_person(rag: CommandLine) -> None:
    """Parts stand below their name, two places to the right; underscores at the end of names are left out."""
    done = rag.inside("tools", "run", "LinearRegression", "X=[[0], [1], [2]]", "y=[1, 3, 5]")
    assert done.out == "learnt:\n  weights: 2\n  intercept: 1\n  r2: 1\npredictions: 1  3  5\n"


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
            "rag: --plot must be followed by a file in a folder that exists; got 'no/kl.png'.\n",
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
