"""What ``rag index status`` shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rag_app.cli.terminal import table

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.app import App
    from rag_app.index.library import Library

_MEGABYTE = 1e6


def built_by(app: App) -> str:
    """Return what the index was built by, in words."""
    from rag_app.embeddings.fingerprint import Fingerprint

    stored = app.library.get_meta("fingerprint")
    return str(Fingerprint.from_json(stored)) if stored else "nothing yet"


def read_status(app: App) -> dict[str, Any]:
    """Return the state of the index: the JSON form that ``rag index status --json`` prints."""
    from rag_app.index.compaction import sizes
    from rag_app.index.history import last_run

    library = app.library
    sources, last, on_disk = library.sources(), last_run(library), sizes(app.settings.data_dir)
    return {
        "data_dir": str(app.settings.data_dir),
        "built_by": built_by(app),
        "chunks": library.count_chunks(),
        "tokens": library.count_tokens(),
        "threshold": app.threshold.to_json(),
        "generation": library.generation,
        "bytes": {"library": on_disk.library, "chroma": on_disk.chroma},
        "last_run": asdict(last) if last else None,
        "unfinished": unfinished(app.library),
        "sources": [{"source": s.name, "path": s.uri, "chunks": s.n_chunks, "tokens": s.n_tokens} for s in sources],
    }


def show_status(out: Console, status: dict[str, Any]) -> None:
    """Print the state of the index."""
    out.print(f"index in {status['data_dir']}, built by {status['built_by']}")
    counts = f"sources {len(status['sources'])}, chunks {status['chunks']}, tokens {status['tokens']}"
    size = ", ".join(f"{name} {n / _MEGABYTE:.1f} MB" for name, n in status["bytes"].items())
    out.print(f"{counts}; generation {status['generation']}; {size}")
    out.print(f"no answer below an evidence of {status['threshold']['description']}")
    if status["threshold"]["stale"]:
        out.print(status["threshold"]["stale"], style="yellow")
    if last := status["last_run"]:
        did = ", ".join(f"{name} {n}" for name, n in last["did"].items() if n) or "nothing"
        out.print(f"last run: {last['command']} ended {last['ended']} after {last['duration_s']:.1f} s: {did}")
        for name, reason in last["failed"].items():
            out.print(f"failed {name}: {reason}", style="red")
    for what in status["unfinished"]:
        out.print(what, style="yellow")
    table(
        out,
        [{"source": s["source"], "chunks": str(s["chunks"]), "tokens": str(s["tokens"])} for s in status["sources"]],
    )


def unfinished(library: Library) -> list[str]:
    """Return what an interrupted run left to be done, with the command that does it."""
    from rag_app.index.swap import library_aside

    states = {
        "An ingestion was interrupted. Run the same rag ingest again.": library.unfinished,
        "A change of the whole index was interrupted. Run: rag index compact": library.vectors_aside,
        "The index was being built anew. Run: rag index reindex": library_aside(library).path.exists(),
        "Sources were being forgotten. Run: rag index compact": library.get_meta("forgetting") is not None,
    }
    return [what for what, holds in states.items() if holds]
