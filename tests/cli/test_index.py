"""``rag index``: what is in it, whether it is sound, and what can be done with it."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

from support.command_line import CommandLine, Transcript, status_json

from rag_app.ingestion import split

BUILT_BY = f"minilm (53aa51172d142c89, 384 dimensions, chunker {split.VERSION})"
SOURCES = "source         chunks  tokens\ncafé.txt       1       29\nlighthouse.md  3       88\n"


def damage(rag: CommandLine, sql: str) -> None:
    """Change the library behind the program's back."""
    with closing(sqlite3.connect(rag.data_dir / "library.sqlite")) as db, db:
        db.execute(sql)


def test_status_lists_the_sources(rag_on_notes: CommandLine) -> None:
    """Where the index is, what built it, its size, the threshold, the last run, and a line for each source."""
    done = rag_on_notes("index", "status")
    assert (done.code, done.err) == (0, "")
    head, counts, threshold, last, table = done.out.split("\n", 4)
    assert head == f"index in {rag_on_notes.data_dir}, built by {BUILT_BY}"
    assert re.fullmatch(r"sources 2, chunks 4, tokens 117; generation 1; library 0\.\d MB, chroma \d\.\d MB", counts)
    assert threshold == "no answer below an evidence of 0.5, the default"
    assert re.fullmatch(r"last run: ingest ended \S+\+00:00 after \d+\.\d s: new 2", last)
    assert table == SOURCES


def test_status_as_json(rag_on_notes: CommandLine) -> None:
    """With the path of each source."""
    printed = status_json(rag_on_notes)
    assert (printed["data_dir"], printed["built_by"]) == (str(rag_on_notes.data_dir), BUILT_BY)
    assert (printed["chunks"], printed["tokens"], printed["generation"], printed["unfinished"]) == (4, 117, 1, [])
    assert [(s["source"], s["chunks"], s["tokens"]) for s in printed["sources"]] == [
        ("café.txt", 1, 29),
        ("lighthouse.md", 3, 88),
    ]
    assert printed["sources"][1]["path"].endswith("/lighthouse.md")
    assert min(printed["bytes"].values()) > 10_000
    assert (printed["last_run"]["command"], printed["last_run"]["did"]["new"]) == ("ingest", 2)


def test_status_says_what_failed_and_what_is_unfinished(rag_on_notes: CommandLine) -> None:
    """The reason of each failed file, and the command that finishes what was interrupted."""
    (rag_on_notes.folder / "empty.md").write_text("")
    assert rag_on_notes.inside("ingest", "empty.md").code == 2
    for key in ("unfinished", "forgetting", "vectors_aside"):
        damage(rag_on_notes, f"INSERT INTO meta VALUES ('{key}', '')")
    (rag_on_notes.data_dir / "library_next.sqlite").touch()
    out = rag_on_notes.inside("index", "status").out
    assert "\nfailed empty.md: empty.md holds no text." in out
    for line in (
        "An ingestion was interrupted. Run the same rag ingest again.",
        "A change of the whole index was interrupted. Run: rag index compact",
        "The index was being built anew. Run: rag index reindex",
        "Sources were being forgotten. Run: rag index compact",
    ):
        assert f"\n{line}\n" in out
    assert rag_on_notes.inside("index", "compact").code == 0
    assert status_json(rag_on_notes)["unfinished"] == []


def test_status_of_an_index_without_a_source(rag: CommandLine) -> None:
    """An empty folder was ingested: no line, no error."""
    (rag.folder / "empty").mkdir()
    assert rag.inside("ingest", "empty").code == 0
    out = rag.inside("index", "status").out
    assert out.startswith(f"index in {rag.data_dir}, built by {BUILT_BY}\nsources 0, chunks 0, tokens 0; ")
    assert len(out.splitlines()) == 4
    assert out.endswith(" s: nothing\n")


def test_commands_before_there_is_an_index(rag: CommandLine) -> None:
    """The command that makes one is named, and no folder is made."""
    for command in (["status"], ["verify"], ["reindex"], ["compact"], ["forget", "a.md"], ["export", "x.zip"]):
        assert rag.inside("index", *command) == Transcript(
            2, "", f"rag: There is no index in {rag.data_dir}. Run: rag ingest\n"
        )
    assert not rag.data_dir.exists()
    assert not (rag.folder / "x.zip").exists()


def test_verify_shows_a_table_of_checks(rag_on_notes: CommandLine) -> None:
    """How many of each were looked at; progress is on the other stream."""
    done = rag_on_notes.inside("index", "verify")
    assert done.code == 0
    assert done.out == (
        "check    looked at  wrong\n"
        "file     1          0\n"
        "sources  2          0\n"
        "chunks   4          0\n"
        "vectors  4          0\n"
        "words    4          0\n"
        "Chroma   4          0\n"
        "search   4          0\n"
        "Everything agrees.\n"
    )
    assert "looking at Chroma" in done.err


def test_verify_says_what_is_wrong_and_what_to_do(rag_on_notes: CommandLine) -> None:
    """In one line each, at most ten of a kind; exit code 2."""
    rows = ",".join(f"({i}, 'x')" for i in range(900, 912))
    damage(rag_on_notes, f"INSERT INTO lexical (rowid, body) VALUES {rows}")
    done = rag_on_notes.inside("index", "verify")
    assert done.code == 2
    assert "words    4          12\n" in done.out
    assert done.out.endswith(
        "words: The words of row 909 belong to no chunk. Run: rag index reindex\nwords: and 2 more\n"
    )
    printed = json.loads(rag_on_notes.inside("index", "verify", "--json").out)
    assert (printed["ok"], len(printed["problems"])) == (False, 12)
    assert rag_on_notes.inside("index", "reindex").code == 0
    assert rag_on_notes.inside("index", "verify").code == 0


def test_reindex_and_compact_say_what_they_did(rag_on_notes: CommandLine) -> None:
    """In one line; as JSON too."""
    assert rag_on_notes.inside("index", "reindex").out == f"built anew by {BUILT_BY}: sources 2, chunks 4\n"
    done = json.loads(rag_on_notes.inside("index", "reindex", "--json").out)
    assert done == {"sources": 2, "chunks": 4, "embedded": 2}
    out = rag_on_notes.inside("index", "compact").out
    assert re.fullmatch(r"library \d\.\d MB → \d\.\d MB, chroma \d\.\d MB → \d\.\d MB\n", out)
    sizes = json.loads(rag_on_notes.inside("index", "compact", "--json").out)
    assert {name: sorted(both) for name, both in sizes.items()} == {
        "library": ["after", "before"],
        "chroma": ["after", "before"],
    }


def test_forget_shows_the_proof(rag_with_notes: CommandLine) -> None:
    """How many texts were looked for and where; and that the file, which is still there, would be read again."""
    assert rag_with_notes.inside("ingest", "notes").code == 0
    done = rag_with_notes.inside("index", "forget", "lighthouse.md")
    assert done.code == 0
    forgot, proof, there = done.out.splitlines()
    assert forgot == "forgot lighthouse.md"
    assert re.fullmatch(r"looked for \d+ texts in \d+ files \(\d\.\d MB\); none found", proof)
    path = rag_with_notes.folder / "notes" / "lighthouse.md"
    assert there == f"{path} is still there, and is read again when its folder is ingested. Delete it, or move it away."
    assert [s["source"] for s in status_json(rag_with_notes)["sources"]] == ["café.txt"]


def test_forget_fails_where_a_file_still_holds_the_text(rag_on_notes: CommandLine) -> None:
    """Here a question that was typed and quotes it: the file is named, and the exit code is 2."""
    history = rag_on_notes.data_dir / "chat_history"
    history.write_text("\n+Is it true that the lamp was lit for the first time in 1861. It burns paraffin?\n")
    done = rag_on_notes.inside("index", "forget", "lighthouse.md")
    assert done.code == 0  # other words around it: not the sentence
    history.write_text("\n+Das Café „Zur Möwe“ öffnet um sieben Uhr.\n", encoding="utf-8")
    done = rag_on_notes.inside("index", "forget", "café.txt")
    assert done.code == 2
    assert f"still holds some of the text: {history}. End the programs" in done.out
    assert "none found" not in done.out


def test_forget_as_json_and_of_an_unknown_source(rag_on_notes: CommandLine) -> None:
    """A close name is suggested."""
    done = rag_on_notes.inside("index", "forget", "cafe.txt")
    assert (done.code, done.err) == (2, "rag: There is no source named 'cafe.txt'. Did you mean café.txt?\n")
    printed = json.loads(rag_on_notes.inside("index", "forget", "café.txt", "--json").out)
    assert (printed["sources"], printed["found_in"], printed["still_there"]) == (
        ["café.txt"],
        [],
        printed["still_there"],
    )


def test_export_and_import(rag_on_notes: CommandLine) -> None:
    """Into an empty data folder the index goes as it was; into another one it does not go."""
    out = rag_on_notes.inside("index", "export", "index.zip").out
    assert re.fullmatch(r"wrote index\.zip: sources 2, chunks 4, \d\.\d MB\n", out)
    new = CommandLine(rag_on_notes.folder, rag_on_notes.data_dir.with_name("new"))
    done = new.inside("index", "import", "index.zip")
    assert (done.code, done.out) == (0, f"read index.zip: sources 2, chunks 4, built by {BUILT_BY}\n")
    assert new.inside("index", "verify").code == 0
    question = ("search", "When was the lamp lit?", "--json")
    assert new.inside(*question).out == rag_on_notes.inside(*question).out
    again = new.inside("index", "import", "index.zip")
    message = f"The index in {new.data_dir} must be empty; it holds 2 sources. Set RAG_DATA_DIR to a new folder"
    assert (again.code, again.err) == (2, f"rag: {message}, and import there.\n")


def test_an_action_is_needed(rag: CommandLine) -> None:
    """And those that exist are named."""
    done = rag.inside("index")
    assert done.code == 2
    assert "status|verify|reindex|forget|compact|export|publish|import" in done.err
