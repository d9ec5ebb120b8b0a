"""Files written anew hold what is there, and not what was deleted."""

from __future__ import annotations

from rag_app import build
from rag_app.index.history import last_run
from rag_app.index.traces import search_files
from rag_app.ingestion.sync import silent


def test_compacting_shrinks_what_deletions_left(tmp_path):
    """After 9 of 10 files went, their text is still in the files; then it is not, and both stores are smaller."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for i in range(10):
        (notes / f"{i}.md").write_text("\n\n".join(f"# {i}.{j}\n\nText number {j} of the file {i}." for j in range(60)))
    app = build(data_dir=tmp_path / "data")
    app.ingest([notes])
    for i in range(9):
        (notes / f"{i}.md").unlink()
    app.ingest([notes])
    app.library.close()
    gone, kept = ["Text number 30 of the file 4."], ["Text number 30 of the file 9."]
    assert search_files(tmp_path / "data", gone, silent).found
    before, after = app.compact()
    assert search_files(tmp_path / "data", gone, silent).found == ()
    assert search_files(tmp_path / "data", kept, silent).found
    assert after.library < before.library / 2
    assert after.chroma < before.chroma / 2
    assert after.total == after.library + after.chroma
    assert app.verify().problems == ()
    assert last_run(app.library).command == "compact"
    app._vectors.reopen()


def test_compacting_repairs_chroma(notes_app):
    """Its rows come from the library: what was missing, strange or damaged is as it should be."""
    collection = notes_app._vectors._open()
    collection.delete(ids=notes_app._vectors.ids()[:1])
    collection.add(ids=["stray"], embeddings=[[1.0] + [0.0] * 383], documents=["x"])
    assert notes_app.verify().problems
    notes_app.compact()
    assert notes_app.verify().problems == ()


def test_compacting_an_empty_index(tmp_path):
    """Is no trouble."""
    (tmp_path / "empty").mkdir()
    app = build(data_dir=tmp_path / "data")
    app.ingest([tmp_path / "empty"])
    app.compact()
    assert app.verify().problems == ()
    app._vectors.reopen()
