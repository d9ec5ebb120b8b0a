"""Applications over a few texts."""

from __future__ import annotations

from pathlib import Path

from rag_app import App, build


def app_over(folder: Path, *texts: str, n_copies: int = 1) -> App:
    """Return an application whose index holds each text as a file ``COPY-NUMBER.md`` with a title."""
    for number, text in enumerate(texts):
        for copy in range(n_copies):
            Path(folder, f"{copy}-{number}.md").write_text(f"# Part {copy} {number}\n\n{text}\n", encoding="utf-8")
    app = build(data_dir=folder / "index")
    app.ingest(sorted(folder.glob("*.md")))
    return app
