"""Where work is done: the arguments of commands that can do it on Ray."""

from __future__ import annotations

import argparse
from typing import NamedTuple

_LOCAL, _RAY = "local", "ray"


class Engine(NamedTuple):
    """What `rag_app.app.App.ingest` takes."""

    engine: str = _LOCAL
    address: str = ""


LOCAL = Engine()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the engine and where it is."""
    group = parser.add_argument_group(
        "engine", "the results are the same, for example with: --engine ray --address 10.0.0.1:6379"
    )
    group.add_argument(
        "--engine", choices=[_LOCAL, _RAY], default=_LOCAL, help="where the work is done (default: %(default)s)"
    )
    group.add_argument(
        "--address",
        default="",
        metavar="HOST:PORT",
        help="of a Ray cluster that this machine is a node of (default: this machine alone)",
    )


def read_arguments(arguments: argparse.Namespace) -> Engine:
    """Return the engine.

    Raises
    ------
    SettingsError
        If an address is given that nobody would use.
    """
    from rag_app.ingestion.engines import check_engine

    check_engine(arguments.engine, arguments.address)
    return Engine(arguments.engine, arguments.address)
