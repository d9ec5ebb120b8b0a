"""A copy of a network's folder with another configuration."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def changed(folder: str | Path, tmp_path: Path, **config: Any) -> Path:
    """Return a copy of a network with another configuration."""
    copy = tmp_path / "changed"
    shutil.copytree(folder, copy)
    path = copy / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return copy
