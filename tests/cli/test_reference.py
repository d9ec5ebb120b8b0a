"""The generated pages are those that the program writes today."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag_app.cli.reference import CATALOGUE, render_catalogue, render_commands, render_tools

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(("page", "render"), [("cli.md", render_commands), ("tools.md", render_tools)])
def test_generated_page_is_current(page, render):
    """A page that differs from the program is written anew with ``python -m rag_app.cli.reference``."""
    assert (DOCS / page).read_text(encoding="utf-8") == render()


def test_the_catalogue_names_the_tools_of_each_section():
    """They are those that the register joins to it; nothing else of the catalogue is touched."""
    assert CATALOGUE.read_text(encoding="utf-8") == render_catalogue()
