"""An application over three notes, on a copy of its data folder that a test may damage."""

from __future__ import annotations

import shutil

import pytest
from support.s3_server import environment, s3_server

from rag_app import build
from rag_app.index.library import Library

NOTES = {
    "lighthouse.md": "# The lighthouse\n\nThe lighthouse stands on a rock in the sea.\n\n## The lamp\n\n"
    "The lamp was lit for the first time in 1861. Salt on the glass dims the lamp.\n",
    "café.txt": "Das Café „Zur Möwe“ öffnet um sieben Uhr. Ein Kaffee ☕ kostet drei Euro.\n",
    "harbour.md": "# The harbour\n\nThe harbour lies east of the lighthouse. Salt on the glass dims the lamp.\n",
}


@pytest.fixture
def library(tmp_path):
    """An empty library."""
    made = Library(tmp_path / "library.sqlite")
    made.create()
    return made


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


@pytest.fixture(scope="session")
def bucket_url(tmp_path_factory):
    """The address of moto's server, and in it the bucket ``shelf``."""
    pytest.importorskip("s3fs", reason="the extra cloud is not installed")
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as url, pytest.MonkeyPatch.context() as own:
        for name, value in environment(url).items():
            own.setenv(name, value)
        import s3fs

        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("shelf")
        yield url
