"""``rag mcp``."""

from __future__ import annotations

import argparse


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Declare no arguments: an MCP client starts the command and speaks to it."""


def run(_: argparse.Namespace) -> int:
    """Answer an MCP client at standard input and output until it goes away."""
    from rag_app import build
    from rag_app.cli.first_use import ensure_index

    app = build()
    app.check_settings()
    ensure_index(app)
    import anyio

    from rag_app.service.engine import Engine
    from rag_app.service.mcp import Door
    from rag_app.service.options import ServiceOptions

    engine = Engine(app, ServiceOptions())
    try:
        anyio.run(Door(engine).serve_stdio)
    finally:
        engine.close()
    return 0
