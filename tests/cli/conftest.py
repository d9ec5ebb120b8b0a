"""The command line in folders of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.command_line import CommandLine

LIGHTHOUSE = """\
---
title: The lighthouse
keeper: Ann
---

# The lighthouse

The lighthouse stands on a rock in the sea.

## The lamp

The lamp was lit for the first time in 1861. It burns paraffin, and its light is seen twenty miles away.
Salt on the glass dims the lamp. The keeper avoids this by washing the glass every morning.

## The keeper

The keeper of the lighthouse is Ann. She lives in the tower with a cat.
"""
CAFE = "Das Café „Zur Möwe“ öffnet um sieben Uhr. Ein Kaffee ☕ kostet 3 €.\n"


@pytest.fixture
def rag(tmp_path: Path) -> CommandLine:
    """``rag`` in an empty folder, with a data folder that does not exist yet."""
    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(folder, tmp_path / "data")


@pytest.fixture
def rag_with_notes(rag: CommandLine) -> CommandLine:
    """``rag`` in a folder with two notes that are not ingested yet."""
    notes = rag.folder / "notes"
    notes.mkdir()
    (notes / "lighthouse.md").write_text(LIGHTHOUSE, encoding="utf-8")
    (notes / "café.txt").write_text(CAFE, encoding="utf-8")
    return rag


@pytest.fixture(scope="session")
def notes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the two notes ingested: to be copied, not written to."""
    from rag_app import build

    folder = tmp_path_factory.mktemp("notes")
    (folder / "lighthouse.md").write_text(LIGHTHOUSE, encoding="utf-8")
    (folder / "café.txt").write_text(CAFE, encoding="utf-8")
    build(data_dir=folder / "data").ingest([folder / "lighthouse.md", folder / "café.txt"])
    return folder / "data"


@pytest.fixture
def rag_on_notes(rag: CommandLine, notes_dir: Path) -> CommandLine:
    """``rag`` over an index of the two notes that the test may change."""
    shutil.copytree(notes_dir, rag.data_dir)
    return rag


@pytest.fixture
def rag_on_course(rag: CommandLine, course_dir: Path) -> CommandLine:
    """``rag`` over an index of two chapters that the test may change."""
    shutil.copytree(course_dir, rag.data_dir)
    return rag
