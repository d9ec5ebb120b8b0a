"""The last run is remembered."""

from __future__ import annotations

from datetime import UTC, datetime

from rag_app.index.history import Run, last_run, record_run


def test_the_last_run_is_kept(notes_app):
    """What it did and when, what failed and why; only the last."""
    ingest = last_run(notes_app.library)
    assert (ingest.command, ingest.did["new"], ingest.failed) == ("ingest", 3, {})
    assert abs((datetime.now(UTC) - datetime.fromisoformat(ingest.ended)).total_seconds()) < 3600
    record_run(notes_app.library, "compact", 1.23456, {"chunks": 4}, {"a.pdf": "It is damaged."})
    run = last_run(notes_app.library)
    assert run == Run("compact", run.ended, 1.235, {"chunks": 4}, {"a.pdf": "It is damaged."})


def test_a_run_with_a_failed_file_says_why(notes_app, tmp_path):
    """The reason of the receipt."""
    (tmp_path / "empty.md").write_text("")
    receipt = notes_app.ingest([tmp_path / "empty.md"])
    assert last_run(notes_app.library).failed == {"empty.md": receipt.files[0].detail}


def test_before_any_run_there_is_none(tmp_path):
    """A library without a record has no last run."""
    from rag_app.index.library import Library

    library = Library(tmp_path / "library.sqlite")
    library.create()
    assert last_run(library) is None
