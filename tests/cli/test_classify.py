"""``rag classify``: labels for texts from arguments, a pipe or a file, and a report where the actual ones are known."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from support.command_line import CommandLine, Transcript
from support.openai_server import OpenAIServer

LABELS = "billing\tinvoices, refunds and payments\n\nshipping\tparcels and delivery\n"
ROWS = [
    {"id": 1, "text": "I want my money back", "label": "billing"},
    {"id": 2, "text": "Where is my parcel?", "label": "shipping"},
    {"id": 3, "text": "Charged twice, again", "label": "billing"},
    {"id": 4, "text": "The sun is hot", "label": ""},
]
NOTE = "note: Labels were adapted to the {} texts of this batch, none of which came with one.\n"


@pytest.fixture
def labels(rag: CommandLine) -> Path:
    """A file with two labels and a blank line."""
    path = rag.folder / "labels.txt"
    path.write_text(LABELS, encoding="utf-8")
    return path


@pytest.fixture
def texts(rag: CommandLine, labels: Path) -> str:  # noqa: ARG001  (they belong together)
    """A CSV file with four texts and their labels, beside the labels; one text has none."""
    with (rag.folder / "texts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    return "texts.csv"


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_line_for_each_text(rag: CommandLine, labels: Path) -> None:
    """Label, score, margin and text, separated by tabs."""
    done = rag("classify", "--labels", labels.name, "I want my money back", "Where is my\tparcel?")
    assert (done.code, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [(r[0], r[3]) for r in rows] == [
        ("billing", "I want my money back"),
        ("shipping", "Where is my parcel?"),
    ]
    assert all(re.fullmatch(r"[01]\.\d{3}", figure) for r in rows for figure in r[1:3])


def test_texts_from_a_pipe(rag: CommandLine, labels: Path) -> None:
    """One a line; blank lines and a byte-order mark are passed over."""
    piped = "\ufeffI want my money back\r\n\n   \nWhere is my parcel?"
    done = rag("classify", "--labels", labels.name, stdin=piped)
    assert [line.split("\t")[::3] for line in done.out.splitlines()] == [
        ["billing", "I want my money back"],
        ["shipping", "Where is my parcel?"],
    ]


def test_a_pipe_is_read_while_it_is_written_to(rag: CommandLine, labels: Path) -> None:
    """A line is answered before the next one comes."""
    import subprocess

    pipe = subprocess.PIPE
    command = [*rag.command, "classify", "--labels", labels.name]
    env = rag.environment()
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=rag.folder, env=env, text=True) as process:
        for text, label in (("Where is my parcel?", "shipping"), ("I want my money back", "billing")):
            process.stdin.write(f"{text}\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"{label}\t")
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 0


def test_json_lines(rag: CommandLine, labels: Path) -> None:
    """An object a line, with the scores of all labels, the best first."""
    printed = json.loads(rag.inside("classify", "--labels", labels.name, "--json", "Où est mon colis ?").out)
    assert list(printed) == ["text", "label", "labels", "scores", "margin", "similarity", "reason", "notes"]
    best, second = printed["scores"].values()
    assert printed["text"] == "Où est mon colis ?"
    assert next(iter(printed["scores"])) == printed["label"]
    assert best + second == pytest.approx(1, abs=2e-6)
    assert printed["margin"] == pytest.approx(best - second, abs=2e-6)


def test_json_survives_a_terminal_of_few_characters(rag: CommandLine, labels: Path) -> None:
    """What it cannot show is escaped, not lost."""
    env = {"PYTHONIOENCODING": "latin-1"}
    done = rag("classify", "--labels", labels.name, "--json", "包裹 parcel", env=env)
    assert json.loads(done.out)["text"] == "包裹 parcel"


def test_no_text_is_no_error(rag: CommandLine, labels: Path) -> None:
    """An empty pipe gives an empty result."""
    assert rag.inside("classify", "--labels", labels.name) == Transcript(0, "", "")
    assert rag.inside("classify", "--labels", labels.name, "--adapt") == Transcript(0, "", "")


def test_a_pipe_that_is_not_utf_8(rag: CommandLine, labels: Path) -> None:
    """The line is named; what came before it is labelled."""
    done = rag.inside("classify", "--labels", labels.name, stdin=b"my money\ncr\xe8me\n")
    assert done.code == 2
    assert done.out.startswith("billing\t")
    assert done.err == (
        "rag: Standard input must be text in UTF-8; line 2 is not. "
        "Convert it, for example: iconv -f latin1 -t utf-8 FILE | rag …\n"
    )


# -- how ---------------------------------------------------------------------------------------------------------------


def test_a_text_that_no_label_fits(rag: CommandLine, labels: Path) -> None:
    """In place of a label stands (none); JSON says why."""
    done = rag.inside("classify", "--labels", labels.name, "--threshold", "0.9", "Where is my parcel?")
    assert done.out.startswith("(none)\t")
    asked = ("classify", "--labels", labels.name, "--threshold", "0.9", "--json", "Where is my parcel?")
    printed = json.loads(rag.inside(*asked).out)
    assert printed["label"] is None
    assert printed["reason"].endswith(", below the threshold of 0.900.")


def test_several_labels(rag: CommandLine, labels: Path) -> None:
    """They stand on the line one after the other, the best first."""
    text = "The invoice is wrong. The parcel is late."
    done = rag.inside("classify", "--labels", labels.name, "--multi-label", text)
    assert sorted(done.out.split("\t")[0].split(", ")) == ["billing", "shipping"]


def test_the_batch_refines_labels_and_says_so(rag: CommandLine, labels: Path) -> None:
    """Once, beside the results; JSON has it in each."""
    piped = "\n".join(str(row["text"]) for row in ROWS[:3])
    done = rag.inside("classify", "--labels", labels.name, "--adapt", stdin=piped)
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["billing", "shipping", "billing"]
    assert done.err == NOTE.format(3)
    done = rag.inside("classify", "--labels", labels.name, "--adapt", "--json", stdin=piped)
    notes = {note for line in done.out.splitlines() for note in json.loads(line)["notes"]}
    assert [f"note: {note}\n" for note in notes] == [NOTE.format(3)]


def test_templates(rag: CommandLine, labels: Path) -> None:
    """They change the scores; several may be given."""
    scores = {
        rag.inside("classify", "--labels", labels.name, *options, "Is it late?").out
        for options in ((), ("--template", "news of {}"), ("--template", "news of {}", "--template", "{}"))
    }
    assert len(scores) == 3


def test_a_language_model(rag: CommandLine, labels: Path) -> None:
    """The one that RAG_LLM names is asked, and the output says that there are no probabilities."""
    with OpenAIServer(["shipping"]) as server:
        env = {"RAG_LLM": "openai:tiny", "RAG_LLM_BASE_URL": server.url}
        done = rag.inside("classify", "--labels", labels.name, "--llm", "Hello", env=env)
    assert done.out == "shipping\t1.000\t1.000\tHello\n"
    assert done.err == "note: The language model openai:tiny names labels; it gives no probabilities.\n"


# -- files -------------------------------------------------------------------------------------------------------------


def test_rows_of_a_file(rag: CommandLine, texts: str) -> None:
    """Without anything else they are printed like typed ones; progress stands beside."""
    done = rag.inside("classify", "--labels", "labels.txt", "--in", texts)
    assert [line.split("\t")[::3] for line in done.out.splitlines()] == [
        [row["label"] or "(none)", row["text"]] for row in ROWS
    ]
    assert done.err == "0/4 texts\n4/4 texts\n"


def test_csv_to_csv(rag: CommandLine, texts: str) -> None:
    """Every column is kept; those of what was found stand behind it."""
    done = rag.inside("classify", "--labels", "labels.txt", "--in", texts, "--out", "found.csv")
    assert (done.code, done.out) == (0, "")
    with (rag.folder / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "text", "label", "predicted", "score", "margin", "similarity", "reason"]
    assert [(r["id"], r["predicted"]) for r in rows] == [
        ("1", "billing"),
        ("2", "shipping"),
        ("3", "billing"),
        ("4", ""),
    ]
    assert rows[3]["reason"].startswith("The best similarity is ")


def test_json_lines_to_json_lines(rag: CommandLine, labels: Path) -> None:
    """With all scores; a blank text has no label, and a file may be used where the texts have another name."""
    rows = [{"message": "Where is my parcel?", "n": [1]}, {"message": " "}, {"message": "my invoice"}]
    (rag.folder / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    command = ("classify", "--labels", labels.name, "--in", "t.jsonl", "--column", "message", "--out", "o.jsonl")
    assert rag.inside(*command).code == 0
    found = [json.loads(line) for line in (rag.folder / "o.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [f["predicted"] for f in found] == ["shipping", None, "billing"]
    assert found[0]["n"] == [1]
    assert list(found[0]["scores"]) == ["shipping", "billing"]
    assert (found[1]["reason"], found[1]["scores"]) == ("The text is blank.", {})


def test_json_lines_end_where_json_says(rag: CommandLine, labels: Path) -> None:
    """A text may hold what only some programs take for the end of a line."""
    (rag.folder / "t.jsonl").write_text('{"text": "where is\u2028my parcel"}\n', encoding="utf-8")
    done = rag.inside("classify", "--labels", labels.name, "--in", "t.jsonl", "--json")
    assert (done.code, json.loads(done.out)["label"]) == (0, "shipping")


def test_json_lines_to_csv(rag: CommandLine, labels: Path) -> None:
    """Lists and objects become text; rows need not have the same columns."""
    rows = [{"text": "my parcel", "tags": ["a", "b"]}, {"text": "my invoice", "who": {"name": "Ann"}}]
    (rag.folder / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    rag.inside("classify", "--labels", labels.name, "--in", "t.jsonl", "--out", "o.csv", "--multi-label")
    with (rag.folder / "o.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(f["tags"], f["who"]) for f in found] == [("a;b", ""), ("", '{"name": "Ann"}')]
    assert [f["predicted"] for f in found] == ["shipping", "billing"]


def test_what_was_found_is_kept_if_it_ends_early(rag: CommandLine, labels: Path) -> None:
    """Rows are written as they come: a language model may fail after hours."""
    with OpenAIServer(["shipping"]) as server:

        def fail_later(_messages: object) -> str:
            if len(server.requests) > 64:
                server.status = 400
            return "shipping"

        server.replies = [fail_later]
        rows = [json.dumps({"text": f"parcel {i}"}) for i in range(100)]
        (rag.folder / "t.jsonl").write_text("\n".join(rows), encoding="utf-8")
        env = {"RAG_LLM": "openai:tiny", "RAG_LLM_BASE_URL": server.url}
        command = ("classify", "--labels", labels.name, "--llm", "--in", "t.jsonl", "--out", "o.jsonl")
        done = rag.inside(*command, env=env)
    assert done.code == 2
    assert "status 400" in done.err
    assert len((rag.folder / "o.jsonl").read_text(encoding="utf-8").splitlines()) == 64


# -- the report --------------------------------------------------------------------------------------------------------


def test_a_report_where_the_actual_labels_are_known(rag: CommandLine, texts: str) -> None:
    """A row for each label, the means, and a picture of which labels are confused."""
    command = ("classify", "--labels", "labels.txt", "--in", texts, "--gold", "label", "--plot", "c.png")
    done = rag.inside(*command)
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split() for line in lines[:5]] == [
        ["label", "precision", "recall", "F1", "texts"],
        ["billing", "1.000", "1.000", "1.000", "2"],
        ["shipping", "1.000", "1.000", "1.000", "1"],
        ["(none)", "1.000", "1.000", "1.000", "1"],
        ["mean", "1.000", "1.000", "1.000", "4"],
    ]
    assert lines[5] == "accuracy 1.000"
    assert re.fullmatch(r"calibration error 0\.\d{3}", lines[6])
    assert re.fullmatch(r"99 % of the texts that have a label reach a similarity of 0\.\d{3}", lines[7])
    assert (rag.folder / "c.png").read_bytes().startswith(b"\x89PNG")


def test_a_report_as_json(rag: CommandLine, texts: str) -> None:
    """One document; the rows are written too where a file is named."""
    command = ("classify", "--labels", "labels.txt", "--in", texts, "--gold", "label", "--json", "--out", "o.csv")
    report = json.loads(rag.inside(*command).out)
    assert (report["n_texts"], report["accuracy"]) == (4, 1.0)
    assert report["confusions"]["labels"] == ["billing", "shipping", "(none)"]
    assert (rag.folder / "o.csv").exists()


def test_a_report_on_several_labels(rag: CommandLine, labels: Path) -> None:
    """They stand in a cell with a semicolon between them, or in a list."""
    rows = [
        {"text": "The invoice is wrong. The parcel is late.", "gold": "shipping; billing"},
        {"text": "The parcel is late.", "gold": ["shipping"]},
    ]
    (rag.folder / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    command = ("classify", "--labels", labels.name, "--in", "t.jsonl", "--gold", "gold", "--multi-label")
    done = rag.inside(*command)
    assert done.out.splitlines()[-1] == "accuracy 1.000"


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\n", "labels must be at least two different names; got ['one']. Pass, for example: "),
        (b"", "labels must be at least two different names; got []. Pass, for example: "),
        (b"a\tfirst\nb\na\tsecond\n", "The labels in labels.txt must differ from one another. Remove the repeated"),
        (b"\xff\xfe\xff", "--labels must name a text file; 'labels.txt' cannot be read. Write a label on each line"),
    ],
)
def test_labels_that_cannot_be_used(rag: CommandLine, labels: Path, content: bytes, message: str) -> None:
    """Too few, repeated, or not text."""
    labels.write_bytes(content)
    done = rag.inside("classify", "--labels", labels.name, "x")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"rag: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "o.csv", "x"], "--out must stand beside --in. Run: rag classify --help"),
        (["--gold", "label", "x"], "--gold must stand beside --in. Run: rag classify --help"),
        (["--in", "texts.csv", "--plot", "c.png"], "--plot must stand beside --gold. Run: rag classify --help"),
        (["--in", "texts.csv", "x"], "Texts must be typed or stand in the file of --in; got both: 'x'."),
        (["--in", "texts.xlsx"], "--in must be followed by a file that ends in .csv or .jsonl; got 'texts.xlsx'."),
        (["--in", "none.csv"], "--in must name a text file in UTF-8; 'none.csv' cannot be read."),
        (["--in", "texts.csv", "--out", "o.txt"], "--out must be followed by a file that ends in .csv or .jsonl; got"),
        (
            ["--in", "texts.csv", "--out", "no/o.csv"],
            "--out must be followed by a file in a folder that exists; got 'no",
        ),
        (
            ["--in", "texts.csv", "--gold", "label", "--plot", "c.gif"],
            "--plot must be followed by a file that ends in ",
        ),
        (
            ["--in", "texts.csv", "--column", "body"],
            "Line 2 of texts.csv must have 'body'; it has 'id', 'text', 'label'. ",
        ),
        (["--in", "texts.csv", "--gold", "text"], "'text' of texts.csv must hold labels of labels.txt; got 'I want my"),
        (
            ["--in", "texts.csv", "--out", "./texts.csv"],
            "--out must be followed by another file than --in; got './texts.csv'. Name a new one: ",
        ),
        (["--threshold", "2", "x"], "threshold must be at least -1 and at most 1; got 2.0."),
        (["--threshold", "x", "x"], "argument --threshold: invalid float value: 'x'. Run: rag classify --help"),
        (
            ["--template", "about", "x"],
            "templates must be a list of texts with {} in the place of a label; got 'about'.",
        ),
        (["--llm", "x"], "RAG_LLM must name a language model where one is to classify; got 'extractive'. Set it, for "),
        (
            ["--in", "texts.csv", "--gold", "label", "--plot", "c.png", "--multi-label"],
            "--plot must be left out beside --multi-label: ",
        ),
    ],
)
def test_a_mistake_is_one_sentence(rag: CommandLine, texts: str, arguments: list[str], message: str) -> None:  # noqa: ARG001
    """It names the option, its rule and the value."""
    done = rag.inside("classify", "--labels", "labels.txt", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith(f"rag: {message}")


def test_a_column_that_would_be_overwritten(rag: CommandLine, labels: Path) -> None:
    """It is refused before any work."""
    (rag.folder / "t.csv").write_text("text,score\nx,1\n", encoding="utf-8")
    done = rag.inside("classify", "--labels", labels.name, "--in", "t.csv", "--out", "o.csv")
    assert done.err == "rag: The rows of t.csv must have no 'score', which --out would overwrite. Rename it.\n"
    assert not (rag.folder / "o.csv").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "text\n", "t.csv must have at least one row."),
        (
            "t.csv",
            "text,label\na,b,c\n",
            "Line 2 of t.csv must have 2 cells. Put a text with commas into double quotes.",
        ),
        ("t.csv", "text,label\na\n", "Line 2 of t.csv must have 2 cells. Put a text with commas into double quotes."),
        ("t.jsonl", '{"text": "a"}\n\n[1]\n', "Line 3 of t.jsonl must be a JSON object. Write, for example: "),
        ("t.jsonl", "{", "Line 1 of t.jsonl must be a JSON object. Write, for example: "),
        (
            "t.jsonl",
            "{}",
            "Line 1 of t.jsonl must have 'text'; it has nothing. Name the columns with --column and --go",
        ),
    ],
)
def test_a_file_that_holds_no_rows(rag: CommandLine, labels: Path, name: str, content: str, message: str) -> None:
    """The line is named."""
    (rag.folder / name).write_text(content, encoding="utf-8")
    done = rag.inside("classify", "--labels", labels.name, "--in", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"rag: {message}")


@pytest.mark.parametrize(("option", "header"), [("--in", "text"), ("--labels", "name")])
def test_a_cell_that_is_too_long(rag: CommandLine, labels: Path, option: str, header: str) -> None:
    """The line is named. How long a cell may be is a setting of the process, so it is one of its own."""
    (rag.folder / "long.csv").write_text(f"{header}\n{'x' * 140_000}\n", encoding="utf-8")
    given = {"--labels": labels.name} | {option: "long.csv"}
    done = rag("classify", *(text for pair in given.items() for text in pair), *([] if "--in" in given else ["text"]))
    message = "rag: long.csv must be CSV; line 2 does not parse: field larger than field limit (131072).\n"
    assert done == Transcript(2, "", message)
