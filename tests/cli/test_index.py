"""``rag index``: what is in it."""

from __future__ import annotations

from support.command_line import CommandLine, Transcript, status_json

BUILT_BY = "minilm (53aa51172d142c89, 384 dimensions, chunker 1)"


def test_status_lists_the_sources(rag_on_notes: CommandLine) -> None:
    """Where the index is, what built it, and a line for each source."""
    assert rag_on_notes("index", "status") == Transcript(
        0,
        f"index in {rag_on_notes.data_dir}, built by {BUILT_BY}\n"
        "source         chunks  tokens\n"
        "café.txt       1       30\n"
        "lighthouse.md  3       88\n",
        "",
    )


def test_status_as_json(rag_on_notes: CommandLine) -> None:
    """With the path of each source."""
    printed = status_json(rag_on_notes)
    assert (printed["data_dir"], printed["built_by"]) == (str(rag_on_notes.data_dir), BUILT_BY)
    assert [(s["source"], s["chunks"], s["tokens"]) for s in printed["sources"]] == [
        ("café.txt", 1, 30),
        ("lighthouse.md", 3, 88),
    ]
    assert printed["sources"][1]["path"].endswith("/lighthouse.md")


def test_status_of_an_index_without_a_source(rag: CommandLine) -> None:
    """An empty folder was ingested: no line, no error."""
    (rag.folder / "empty").mkdir()
    assert rag.inside("ingest", "empty").code == 0
    assert rag.inside("index", "status").out == f"index in {rag.data_dir}, built by {BUILT_BY}\n"


def test_status_before_there_is_an_index(rag: CommandLine) -> None:
    """The command that makes one is named."""
    assert rag.inside("index", "status") == Transcript(
        2, "", f"rag: There is no index in {rag.data_dir}. Run: rag ingest\n"
    )
