"""An application over three notes, on a copy of its data folder that a test may damage."""

from __future__ import annotations

import shutil

import pytest

from rag_app import build

NOTES = {
    "lighthouse.md": "# The lighthouse\n\nThe lighthouse stands on a rock in the sea.\n\n## The lamp\n\n"
    "The lamp was lit for the first time in 1861. Salt on the glass dims the lamp.\n",
    "café.txt": "Das Café „Zur Möwe“ öffnet um sieben Uhr. Ein Kaffee ☕ kostet drei Euro.\n",
    "harbour.md": "# The harbour\n\nThe harbour lies east of the lighthouse. Salt on the glass dims the lamp.\n",
}


@pytest.fixture(scope="session")
def notes_data(tmp_path_factory):
    """The folder of three notes, and beside it a data folder: to be copied, not written to."""
    folder = tmp_path_factory.mktemp("notes_index")
    (folder / "notes").mkdir()
    for name, text in NOTES.items():
        (folder / "notes" / name).write_text(text, encoding="utf-8")
    made = build(data_dir=folder / "data")
    made.ingest([folder / "notes"])
    made._vectors.reopen()
    return folder


@pytest.fixture
def notes_app(tmp_path, notes_data):
    """The application over a copy."""
    shutil.copytree(notes_data / "data", tmp_path / "data")
    made = build(data_dir=tmp_path / "data")
    yield made
    made._vectors.reopen()
