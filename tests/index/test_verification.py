"""Each kind of damage, done for real, is found and named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from rag_app.errors import StoreError
from rag_app.index.verification import CHECKS

LAMP = "SELECT chunk_id FROM chunks WHERE context LIKE '%lamp%' OR heading LIKE '%The lamp%'"


def _damage(app, *statements):
    """Change the library behind the program's back."""
    app.library.close()
    with closing(sqlite3.connect(app.library.path)) as db, db:
        for sql in statements:
            db.execute(sql)


def _problems(app):
    """Return the checks that fail, with what they say and advise."""
    app._vectors.reopen()
    return [(p.check, p.what, p.hint) for p in app.verify().problems]


def test_a_sound_index_has_no_problem(notes_app):
    """Every check looks at every chunk, and everything agrees."""
    found = notes_app.verify()
    n_chunks = notes_app.library.count_chunks()
    assert found.problems == ()
    counts = {**dict.fromkeys(CHECKS, n_chunks), "file": 1, "sources": 3}
    assert found.checked == counts
    assert found.to_json() == {"ok": True, "checked": counts, "missed": 0, "problems": []}


@pytest.mark.parametrize(
    ("sql", "check", "what", "hint"),
    [
        (
            "UPDATE sources SET text = replace(text, '1861', '1961')",
            "sources",
            "The text of lighthouse.md does not have the hash that was stored with it.",
            "rag index forget",
        ),
        ("UPDATE sources SET blocks = '[['", "sources", "cannot be read", "rag index forget"),
        ('UPDATE chunks SET "end" = 10000', "chunks", "is not within the source's text", "rag index reindex"),
        ("UPDATE chunks SET start = start + 1", "chunks", "is not named by what it holds", "rag index reindex"),
        ("UPDATE chunks SET context = 'Other'", "chunks", "is not named by what it holds", "rag index reindex"),
        ("UPDATE chunks SET chunk_id = '7' || chunk_id", "chunks", "is not named by", "rag index reindex"),
        ("UPDATE chunks SET vector_key = '0' || vector_key", "vectors", "is missing", "rag index reindex"),
        ("UPDATE vectors SET vector = zeroblob(1536)", "vectors", "length 1; it has 0", "rag index reindex"),
        ("UPDATE vectors SET vector = zeroblob(8)", "vectors", "must have 384 numbers; it has 2", "rag index reindex"),
        ("INSERT INTO vectors VALUES ('stray', zeroblob(1536))", "vectors", "to no chunk", "rag index compact"),
        ("UPDATE lexical SET body = 'other words'", "words", "are not those of its text", "rag index reindex"),
        ("UPDATE lexical SET context = 'other words'", "words", "are not those of its text", "rag index reindex"),
        ("DELETE FROM lexical", "words", "are not those of its text", "rag index reindex"),
        ("INSERT INTO lexical (rowid, body) VALUES (999, 'x')", "words", "row 999 belong", "rag index reindex"),
        ("UPDATE lexical_content SET c1 = 'other'", "words", "does not fit", "rag index compact"),
        ("INSERT INTO meta VALUES ('unfinished', '')", "file", "A run was interrupted", "rag ingest"),
    ],
)
def test_damage_to_the_library_is_found(notes_app, sql, check, what, hint):
    """The check that is named says what is wrong and what to do."""
    _damage(notes_app, sql)
    found = [(p, h) for c, p, h in _problems(notes_app) if c == check]
    assert found
    assert any(what in p and hint in h for p, h in found), found


def test_vectors_that_are_not_finite_are_found(notes_app):
    """And Chroma, which holds sound ones, disagrees."""
    bad = np.full(384, np.nan, np.float32).tobytes().hex()
    _damage(notes_app, f"UPDATE vectors SET vector = x'{bad}'")
    problems = _problems(notes_app)
    assert {p[0] for p in problems} == {"vectors", "Chroma"}
    assert "holds numbers that are not finite" in problems[0][1]


def test_a_damaged_page_is_found(notes_app):
    """SQLite's own check is reported; where the damage ends the reading, that is the last problem."""
    _damage(notes_app, "DROP INDEX chunks_source", "CREATE INDEX chunks_source ON chunks (source_id)")
    with closing(sqlite3.connect(notes_app.library.path)) as db, db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'chunks_source'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with notes_app.library.path.open("r+b") as file:  # one entry of the index on chunks becomes another
        file.seek(root * size - 1)
        last = file.read(1)
        file.seek(root * size - 1)
        file.write(bytes([last[0] ^ 3]))
    assert any(check == "file" and "SQLite reports damage" in what for check, what, _ in _problems(notes_app))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"documents": ["other"]}, "The text of chunk"),
        ({"metadatas": [{"source": "other.md"}]}, "The metadata of chunk"),
        ({"embeddings": [np.eye(384, dtype=np.float32)[0]]}, "The vector of chunk"),
    ],
)
def test_a_row_that_differs_in_chroma_is_found(notes_app, change, what):
    """Text, metadata and vector are those of the library; another vector is not found by the right one either."""
    (chunk_id,) = notes_app.library.query(LAMP + " LIMIT 1")[0]
    vector = notes_app._vectors.rows([chunk_id])[0].vector
    notes_app._vectors._open().update(ids=[chunk_id], **{"embeddings": [vector], **change})
    problems = _problems(notes_app)
    assert problems[0] == ("Chroma", f"{what} {chunk_id} in Chroma is another one.", "Run: rag index compact")
    assert len(problems) == 1


def test_what_chroma_lacks_and_what_it_has_too_much_is_found(notes_app):
    """By id."""
    (chunk_id,) = notes_app.library.query(LAMP + " LIMIT 1")[0]
    collection = notes_app._vectors._open()
    collection.delete(ids=[chunk_id])
    collection.add(ids=["stray"], embeddings=[[1.0] + [0.0] * 383], documents=["x"])
    assert [what for _, what, _ in _problems(notes_app)] == [
        "Chroma holds the chunk stray, which the library does not have.",
        f"The chunk {chunk_id} is missing in Chroma.",
    ]


def test_a_chroma_that_is_gone_or_of_another_dimension_is_one_problem(notes_app):
    """And not one for each chunk, nor an exception."""
    folder = notes_app._vectors.folder
    shutil.rmtree(folder)
    ((check, what, hint),) = _problems(notes_app)
    assert (check, hint) == ("Chroma", "Run: rag index compact")
    assert what == f"There are no vectors in {folder}."


def test_a_chunk_that_cannot_be_found_is_reported(notes_app):
    """Where its row in Chroma points the other way, and a hundred others are nearer."""
    lost = notes_app.library.query("SELECT chunk_id FROM chunks")[0][0]
    _lose(notes_app, lost)
    what = f"The chunk {lost} is not found by its own vector."
    assert ("search", what, "Run: rag index compact") in _problems(notes_app)


def test_a_large_index_may_miss_one_chunk(notes_app, tmp_path):
    """A search that is approximate does so beside many near-copies; when it misses more, the index is damaged."""
    cards = "".join(f"What is lamp {i}?,Lamp {i} is lit.\n" for i in range(250))
    (tmp_path / "cards.csv").write_text(f"question,answer\n{cards}", encoding="utf-8")
    notes_app.ingest([tmp_path / "cards.csv"])
    first, second = (row[0] for row in notes_app.library.query("SELECT chunk_id FROM chunks ORDER BY id LIMIT 2"))
    for lost, n_missed in ((first, 0), (second, 2)):
        _lose(notes_app, lost)
        assert [check for check, *_ in _problems(notes_app)].count("search") == n_missed
        assert notes_app.verify().n_missed == (0 if n_missed else 1)  # it is said, though it is no problem


def _lose(app, chunk_id):
    """Point a chunk's row in Chroma the other way, and put a hundred others in its place."""
    vector = app._vectors.rows([chunk_id])[0].vector
    crowd = vector + 0.01 * np.random.default_rng(0).normal(size=(150, 384)).astype(np.float32) / 384**0.5
    collection = app._vectors._open()
    ids = [f"{chunk_id[:8]}{i:024x}" for i in range(150)]
    collection.add(ids=ids, embeddings=crowd, documents=["x"] * 150)
    collection.update(ids=[chunk_id], embeddings=[-vector])


def test_identical_vectors_are_no_trouble(notes_app, tmp_path):
    """Two files of the same text have the same vectors: either is found first."""
    twin = tmp_path / "twin.txt"
    twin.write_text("Das Café „Zur Möwe“ öffnet um sieben Uhr. Ein Kaffee ☕ kostet drei Euro.\n\n", encoding="utf-8")
    assert notes_app.ingest([twin]).count("new") == 1
    assert _problems(notes_app) == []


def test_the_problems_as_json(notes_app):
    """For programs."""
    _damage(notes_app, "INSERT INTO vectors VALUES ('stray', zeroblob(1536))")
    printed = json.loads(json.dumps(notes_app.verify().to_json()))
    assert printed["ok"] is False
    assert printed["problems"] == [
        {"check": "vectors", "what": "The vector stray belongs to no chunk.", "hint": "Run: rag index compact"}
    ]


def test_without_an_index_nothing_is_made(tmp_path):
    """The folder is not even created."""
    from rag_app import build

    with pytest.raises(StoreError, match="There is no index in"):
        build(data_dir=tmp_path / "none").verify()
    assert not (tmp_path / "none").exists()
