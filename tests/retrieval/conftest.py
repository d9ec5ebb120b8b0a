"""An empty index of a test's own."""

from __future__ import annotations

import pytest
from support.indexes import Index


@pytest.fixture
def index(tmp_path, minilm):
    """An index in a folder that does not exist yet; written to by the test."""
    made = Index(tmp_path / "data", minilm)
    yield made
    made.close()
