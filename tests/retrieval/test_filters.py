"""Filters on source, title, heading and front matter."""

from __future__ import annotations

import re

import pytest
from support.indexes import Index

from rag_app.errors import InvalidInputError, UnknownNameError
from rag_app.retrieval.filters import matching_chunks, matching_files

FILES = {
    "gans.md": """---
title: Adversarial networks
chapter: 09
lang: no
---
# GANs

Two nets.

## Überblick

An overview.
""",
    "vae.md": """---
chapter: 08
lang: en
author: 'A "q" B'
odd"key: x
---
# Autoencoders

## Loss "L"

An ELBO.
""",
    "sub/plain.txt": "Only text.\n",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory, minilm):
    """Three sources: two with front matter and headings, one without."""
    folder = tmp_path_factory.mktemp("filters")
    for name, text in FILES.items():
        (folder / "notes" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "notes" / name).write_text(text)
    index = Index(folder / "data", minilm)
    index.ingest(folder / "notes")
    yield index.library
    index.close()


GAN, OVERVIEW, LOSS, PLAIN = (
    "GANs\n\nTwo nets.",
    "Überblick\n\nAn overview.",
    'Autoencoders\n\nLoss "L"\n\nAn ELBO.',
    "Only text.",
)
ALL = {GAN, OVERVIEW, LOSS, PLAIN}


@pytest.mark.parametrize(
    ("where", "texts"),
    [
        ({}, ALL),
        ({"source": "gans.md"}, {GAN, OVERVIEW}),
        ({"source": "sub/plain.txt"}, {PLAIN}),
        ({"source": "plain.txt"}, set()),
        ({"source": "GANS.md"}, set()),
        ({"source": ["vae.md", "sub/plain.txt", "gone.md"]}, {LOSS, PLAIN}),
        ({"title": "Adversarial networks"}, {GAN, OVERVIEW}),
        ({"title": "Adversarial"}, set()),
        ({"title": ("Autoencoders", "plain")}, {LOSS}),
        ({"heading": "Überblick"}, {OVERVIEW}),
        ({"heading": "überBLICK"}, {OVERVIEW}),
        ({"heading": "gans"}, {GAN, OVERVIEW}),
        ({"heading": "GANs › Überblick"}, {OVERVIEW}),
        ({"heading": 'loss "L"'}, {LOSS}),
        ({"heading": '", "'}, set()),
        ({"heading": "u"}, {LOSS}),
        ({"heading": ["overview", "Überblick", "autoencoders"]}, {OVERVIEW, LOSS}),
        ({"heading": ""}, ALL),
        ({"heading": "%"}, set()),
        ({"chapter": "09"}, {GAN, OVERVIEW}),
        ({"chapter": "9"}, set()),
        ({"chapter": ["08", "09"]}, {GAN, OVERVIEW, LOSS}),
        ({"lang": "no"}, {GAN, OVERVIEW}),
        ({"author": 'A "q" B'}, {LOSS}),
        ({'odd"key': "x"}, {LOSS}),
        ({"nokey": "x"}, set()),
        ({"": "x"}, set()),
        ({"$.chapter": "09"}, set()),
        ({"chapter": "09' OR '1'='1"}, set()),
        ({"chapter": {"08"}, "lang": "en"}, {LOSS}),
        ({"chapter": "08", "lang": "no"}, set()),
        ({"source": "gans.md", "heading": "Überblick", "chapter": "09"}, {OVERVIEW}),
        ({"file": "gans.md"}, {GAN, OVERVIEW}),
        ({"file": "GANS.md"}, {GAN, OVERVIEW}),
        ({"file": "./gans.md"}, {GAN, OVERVIEW}),
        ({"file": "plain.txt"}, {PLAIN}),
        ({"file": "sub/plain.txt"}, {PLAIN}),
        ({"file": "notes/gans.md"}, {GAN, OVERVIEW}),
        ({"file": "*.MD"}, {GAN, OVERVIEW, LOSS}),
        ({"file": "sub/*"}, {PLAIN}),
        ({"file": "notes/*"}, {GAN, OVERVIEW, LOSS}),
        ({"file": "g?n*"}, {GAN, OVERVIEW}),
        ({"file": ["vae.md", "p*.txt"]}, {LOSS, PLAIN}),
        ({"file": "*", "heading": "loss"}, {LOSS}),
        ({"file": "gans.md", "source": "vae.md"}, set()),
        ([], ALL),
        ([{"heading": "gans"}], {GAN, OVERVIEW}),
        ([{"heading": "gans"}, {"heading": "Überblick"}], {OVERVIEW}),
        ([{"file": "*.md"}, {"file": "g*", "heading": ["x", "gans"]}], {GAN, OVERVIEW}),
    ],
)
def test_chunks_that_pass_a_filter(library, where, texts):
    """Values are whole but for headings and files, a list means one of them, several keys or filters mean all."""
    rows = matching_chunks(library, where).tolist()
    ids = [library.query("SELECT chunk_id FROM chunks WHERE id = ?", [row])[0][0] for row in rows]
    assert {p.text for p in library.passages(ids).values()} == texts
    assert len(ids) == len(texts)


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ({"source": 5}, "where['source'] must be a string or a list of strings; got 5."),
        ({"source": None}, "where['source'] must be a string or a list of strings; got None."),
        ({"chapter": ["08", 9]}, "where['chapter'] must be a string or a list of strings; got ['08', 9]."),
        ({"source": []}, "where['source'] must be a string or a list of strings; got []."),
        ({"heading": b"GANs"}, "where['heading'] must be a string or a list of strings; got b'GANs'."),
        (
            {"source": {"$eq": "gans.md"}},
            "where['source'] must be a string or a list of strings; got {'$eq': 'gans.md'}.",
        ),
        ({9: "x"}, "where[9] must be a string or a list of strings; got 'x'."),
    ],
)
def test_values_of_another_type_are_refused(library, where, shown):
    """The message names the key, the rule and the value."""
    with pytest.raises(InvalidInputError, match=re.escape(shown)):
        matching_chunks(library, where)


@pytest.mark.parametrize("file", ["gan.md", "ans.md", "ub/plain.txt", "*.pdf", "", ".", "[", "%"])
def test_a_file_that_is_not_in_the_index_is_an_error_with_close_names(library, file):
    """A file that is asked for by its name and is not there was misspelt; half a name is no name."""
    message = f"There is no file in the index named {file!r}. "
    with pytest.raises(UnknownNameError, match=re.escape(message)) as caught:
        matching_chunks(library, {"file": ["gans.md", file]})
    hint = str(caught.value).removeprefix(message)
    close = {"gan.md": "gans.md", "ans.md": "gans.md", "ub/plain.txt": "sub/plain.txt"}.get(file)
    assert hint.startswith(f"Did you mean {close}") if close else hint == "Known: gans.md, sub/plain.txt, vae.md."


def test_a_whole_name_means_no_other_file(tmp_path, minilm):
    """With a.md and sub/a.md, the first is meant by its name; both by the end of a path that both have."""
    folder = tmp_path / "notes"
    for name in ("a.md", "sub/a.md", "[x] a.md", "other/b.md", "more/b.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n\nText of {name}.\n")
    index = Index(tmp_path / "data", minilm)
    index.ingest(folder)
    named = {p: sorted(matching_files(index.library, [p])) for p in ("a.md", "b.md", "[x] a.md", "sub/*", "A.MD")}
    index.close()
    assert named == {
        "a.md": ["a.md"],
        "b.md": ["more/b.md", "other/b.md"],
        "[x] a.md": ["[x] a.md"],
        "sub/*": ["sub/a.md"],
        "A.MD": ["a.md"],
    }
