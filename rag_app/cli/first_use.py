"""The first question on a fresh machine: the packaged course is ingested before it is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rag_app.cli.terminal import console, progress_bar

if TYPE_CHECKING:
    from rag_app.app import App


def ensure_index(app: App) -> None:
    """Ingest the packaged course if there is no index yet, or its first reading was interrupted; and say so."""
    if app.library.exists() and not _is_half_read(app):
        return
    out = console(stderr=True)
    out.print("There is no index yet: reading the packaged course, once.", style="dim")
    with progress_bar() as progress:
        receipt = app.ingest(progress=progress)
    out.print(
        f"Read {len(receipt.files)} files, {receipt.n_chunks} chunks in {receipt.duration_s:.0f} s.\n", style="dim"
    )


def _is_half_read(app: App) -> bool:
    from rag_app.content import content_dir

    paths = app.library.get_meta("first_paths") if app.library.generation == 0 else None
    return paths == json.dumps([str(content_dir("knowledge"))])
