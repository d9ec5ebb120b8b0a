"""``rag index``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, print_json, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="status", required=True)
    status = actions.add_parser("status", help="sources, chunks and the embedder that built the index")
    status.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Show the index."""
    from rag_app import build
    from rag_app.embeddings.fingerprint import Fingerprint

    app = build()
    sources = app.library.sources()
    stored = app.library.get_meta("fingerprint")
    built_by = str(Fingerprint.from_json(stored)) if stored else "nothing yet"
    if arguments.json:
        rows = [{"source": s.name, "path": s.uri, "chunks": s.n_chunks, "tokens": s.n_tokens} for s in sources]
        print_json({"data_dir": str(app.settings.data_dir), "built_by": built_by, "sources": rows})
        return 0
    out = console()
    out.print(f"index in {app.settings.data_dir}, built by {built_by}")
    table(out, [{"source": s.name, "chunks": str(s.n_chunks), "tokens": str(s.n_tokens)} for s in sources])
    return 0
