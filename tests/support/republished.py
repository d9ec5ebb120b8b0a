"""A snapshot whose manifest was changed by somebody who can write there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def republish(shelf: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of the latest generation, hashes and pointer included."""
    pointer = json.loads((shelf / "latest.json").read_text())
    before = shelf / "generations" / pointer["id"]
    manifest = json.loads((before / "manifest.json").read_text())
    change(manifest)
    text = json.dumps(manifest).encode()
    new = hashlib.sha256(text).hexdigest()[:32]
    (before / "manifest.json").write_bytes(text)
    before.rename(before.with_name(new))
    (shelf / "latest.json").write_text(json.dumps({**pointer, "id": new, "generations": [new]}))
