"""Code that is set as prose, and prose that is set as code."""

from __future__ import annotations

import ast

import pytest

from rag_app.ingestion.formats.statements import is_code, is_prose, join_statements, split_statements


@pytest.mark.parametrize(
    "text",
    [
        "Cats sleep for most of the day, and they hunt at night.",
        "-   Cats purr when they are content.\n\n-   Dogs wag their tails instead.",
        '\\- 1950: The first cat\\\'s film was shown in \\"Paris\\" that year.',
        "> Cats, which sleep a lot,\n> dream about mice and birds.",
        "a long line without any end mark goes on and on and on and does not end here either",
    ],
)
def test_words_and_ends_of_sentences_are_prose(text):
    """Bullets, quotation marks, escapes and numbers do not make it code."""
    assert is_prose(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pip install rag-app",
        "for cat in cats:\n    feed(cat)\n    cat.sleep(hours=16)",
        "SELECT name FROM cats WHERE age > 3 AND weight < 5 ORDER BY name;",
        "<div class='a'>\n  <p>text</p>\n</div>",
        "listen 80;\nserver_name example.org;\nroot /var/www;",
        "├── cats\n│   └── tom.txt\n└── dogs",
        "return the_cat\nimport os\nprint(os.name)",
    ],
)
def test_programs_commands_and_trees_are_not_prose(text):
    """Signs, short lines and statements make it code."""
    assert not is_prose(text)


@pytest.mark.parametrize(
    "line",
    [
        "import numpy as np",
        "from a.b import c",
        "def add(a, b):",
        "return a + b",
        "add = lambda a, b: a + b",
        "squares = [x**2 for x in range(10)]",
        "np.sum(arr)",
        "a + b # 5",
        "Dense(10, activation='relu'),",
        "])",
        "'cpu')",
        "x += 1",
        "# a comment",
    ],
)
def test_statements_are_code(line):
    """The forms of statements that programs consist of."""
    assert is_code([line])


@pytest.mark.parametrize(
    "line",
    [
        "A simple network with one layer.",
        "If it rains, we stay at home; otherwise we go.",
        "It says “x = 1” somewhere.",
        "Return to this page later. It changes.",
        "1. First",
    ],
)
def test_sentences_are_not_code(line):
    """A sentence that begins like a statement is none."""
    assert not is_code([line])
    assert not is_code([])


def test_rebuilt_code_is_valid():
    """Blocks are indented below colons until they return, and arguments within their brackets."""
    quoted = """> import math
>
> def area(r):
>
> if r \\< 0:
>
> raise ValueError(\\'negative\\')
>
> return math.pi \\* r \\*\\* 2
>
> net = build(\\[
>
> layer(1),
>
> layer(area(
>
> 2)),
>
> \\])
>
> run(net,
> 3)"""
    code = join_statements(split_statements(quoted.split("\n")))
    ast.parse(code)
    assert code.startswith("import math\ndef area(r):\n    if r < 0:\n        raise ValueError('negative')\n    return")
    assert code.endswith("\n    layer(1),\n    layer(area(\n        2)),\n])\nrun(net, 3)")
