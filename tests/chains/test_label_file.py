"""Files of labels."""

from __future__ import annotations

import json
import re

import pytest

from rag_app.chains.label_file import load_labels
from rag_app.chains.labels import Label
from rag_app.errors import InvalidInputError

BILLING = Label("billing", "invoices, payments", ("I was charged twice.", "Where is my invoice?"))
PLAIN = Label("refund")


@pytest.fixture
def write(tmp_path):
    """Writes a file and returns its path."""

    def write(name: str, content: str | bytes):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_lines_of_text(write):
    """A name, and perhaps a description after a tab; blank lines and a byte-order mark are passed over."""
    labels = load_labels(write("labels.txt", "\ufeffbilling\tinvoices, payments\r\n\n  refund \n"))
    assert labels == (Label("billing", "invoices, payments"), PLAIN)
    assert load_labels(write("labels", "a\nb\tc\td")) == (Label("a"), Label("b", "c\td"))


def test_json(write):
    """A list of names and objects, or descriptions by name."""
    rows = [{"name": "billing", "description": BILLING.description, "examples": list(BILLING.examples)}, "refund"]
    assert load_labels(write("labels.json", json.dumps(rows))) == (BILLING, PLAIN)
    assert load_labels(write("labels.JSON", '{"billing": "x", "refund": ""}')) == (Label("billing", "x"), PLAIN)


def test_csv(write):
    """A row for each label, or for each of its examples; the first description counts."""
    text = (
        "name,description,example\n"
        'billing,"invoices, payments",I was charged twice.\n'
        "refund,,\n"
        "billing,,Where is my invoice?\n"
    )
    assert load_labels(write("labels.csv", text)) == (BILLING, PLAIN)
    assert load_labels(write("labels.csv", "name\na\nb\n")) == (Label("a"), Label("b"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "l.txt",
            b"\xff\xfe\xff",
            "--labels must name a text file; '{path}' cannot be read. Write a label on each line",
        ),
        ("l.txt", "a\nb\na", "The labels in {path} must differ from one another. Remove the repeated line."),
        ("l.txt", "a\n", "labels must be at least two different names; got ['a']. "),
        ("l.json", '["a", ', "{path} must be JSON; line 1 does not parse: "),
        ("l.json", '"a"', "{path} must hold a list of labels; got str. Write, for example: "),
        ("l.json", '["a", "a"]', "The labels in {path} must differ from one another. "),
        (
            "l.json",
            '["a", 1]',
            "A label must be a name, or have a name and perhaps a description and examples; got 1. ",
        ),
        ("l.json", '["a", {"text": "b"}]', "A label must be a name, or have a name and perhaps a description and "),
        ("l.csv", "label\na\nb\n", "The columns of {path} must be name and perhaps description and example; got ['la"),
        ("l.csv", "", "The columns of {path} must be name and perhaps description and example; got []."),
        (
            "l.csv",
            "name,description\na,b,c\n",
            "Line 2 of {path} must have 2 cells; it has more. Put a text with commas",
        ),
    ],
)
def test_a_wrong_file_gets_one_sentence(write, name, content, message):
    """It names the file and the rule."""
    path = write(name, content)
    with pytest.raises(InvalidInputError, match="^" + re.escape(message.format(path=path))):
        load_labels(path)


def test_a_file_that_is_not_there(tmp_path):
    """The path is shown."""
    path = tmp_path / "labels.txt"
    with pytest.raises(InvalidInputError, match=re.escape(f"--labels must name a text file; {str(path)!r} cannot be")):
        load_labels(path)
